"""The program as it is installed, in processes of its own, beside a daemon that runs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.parts.daemon import PROGRAM, Daemon
from tests.parts.loopback import LOOPBACK, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONG_ENOUGH = 240


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    status: int
    out: str
    err: str


def empreinte(*arguments: object, home: Path) -> Ended:
    """Run a command of the program to its end."""
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG_ENOUGH,
        env=environment(home),
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def environment(home: Path) -> dict[str, str]:
    """Return an environment in which nothing but *home* is known."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "COLUMNS": "80"}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon that has measured some energy."""
    with Daemon(tmp_path_factory.mktemp("daemon"), {"organisation": {"language": "en"}}) as running:
        running.wait_for_energy()
        yield running


def test_status_shows_what_the_daemon_shows(daemon: Daemon, tmp_path: Path) -> None:
    said = empreinte("status", "--json", "--config", daemon.configuration, home=tmp_path)
    status = json.loads(said.out)
    assert (said.status, said.err, status["source"]) == (0, "", "daemon")
    assert {one["key"] for one in status["consumers"]} >= {"_other", "_monitor"}
    page = empreinte("status", "--config", daemon.configuration, home=tmp_path)
    assert page.out.startswith(f"{status['host']}, on ")
    assert "Empreinte itself" in page.out


def test_doctor_knows_that_a_daemon_runs_and_disturbs_nothing(daemon: Daemon, tmp_path: Path) -> None:
    said = empreinte("doctor", "--json", "--config", daemon.configuration, home=tmp_path)
    found = json.loads(said.out)
    assert said.status == 0
    assert (found["ledger"]["state"], found["page"]["state"]) == ("running", "running")
    assert f"pid {daemon.pid}" in found["ledger"]["what"]
    assert found["verdict"] == "measures"
    daemon.wait_for_tick()


def test_the_ledger_is_checked_and_copied_while_the_daemon_writes(daemon: Daemon, tmp_path: Path) -> None:
    checked = empreinte("ledger", "verify", "--config", daemon.configuration, home=tmp_path)
    assert (checked.status, checked.err) == (0, "")
    assert "every joule has one owner" in checked.out
    copied = empreinte("ledger", "backup", tmp_path / "copy.db", "--config", daemon.configuration, home=tmp_path)
    assert copied.status == 0
    (tmp_path / "copy.toml").write_text(f'[ledger]\nurl = "sqlite:///{tmp_path}/copy.db"\n', encoding="utf-8")
    assert empreinte("ledger", "verify", "--config", tmp_path / "copy.toml", home=tmp_path).status == 0


def test_a_second_daemon_is_refused_in_one_sentence(daemon: Daemon, tmp_path: Path) -> None:
    said = empreinte("run", "--config", daemon.configuration, home=tmp_path)
    assert said.status == 3
    assert "is kept by another daemon" in said.err
    assert "Traceback" not in said.err
    assert empreinte("ledger", "migrate", "--config", daemon.configuration, home=tmp_path).status == 3


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        config = tmp_path / "taken.toml"
        config.write_text(
            f'[host]\ncpu_tdp = "1 W"\n[paths]\nstate = "{tmp_path}"\n'
            f'[web]\nlisten = "{LOOPBACK}:{taken.getsockname()[1]}"\n',
            encoding="utf-8",
        )
        said = empreinte("run", "--config", config, home=tmp_path)
    assert said.status == 3
    assert said.err.splitlines()[-1].startswith("empreinte: ")
    assert "Traceback" not in said.err


def test_a_reader_that_stops_early_is_no_failure(daemon: Daemon, tmp_path: Path) -> None:
    watch = f"{PROGRAM} status --watch --config {daemon.configuration} | head -1"
    example = f"{PROGRAM} config example | head -1"
    for command, first in ((watch, ", on 20"), (example, "# Empreinte")):
        done = subprocess.run(
            ["bash", "-c", f'set -o pipefail; {command}; echo "${{PIPESTATUS[0]}}"'],
            capture_output=True,
            text=True,
            check=False,
            timeout=LONG_ENOUGH,
            env=environment(tmp_path),
        )
        shown, status = done.stdout.splitlines()
        assert first in shown
        assert (status, done.stderr) == ("0", "")


def test_a_terminal_that_lacks_letters_or_is_closed_or_full_is_no_defect(daemon: Daemon, tmp_path: Path) -> None:
    status = f"{PROGRAM} status --lang fr --config {daemon.configuration}"
    for command, ended, said in (
        (f"PYTHONIOENCODING=ascii {status} >/dev/null", 0, ""),
        (f"{status} >&-", 0, ""),
        (f"{status} >/dev/full", 3, "empreinte: No space left on device: free some space on its disk\n"),
    ):
        done = subprocess.run(
            ["bash", "-c", command],
            capture_output=True,
            text=True,
            check=False,
            timeout=LONG_ENOUGH,
            env=environment(tmp_path),
        )
        assert (done.returncode, done.stderr) == (ended, said), command


def test_a_watch_ends_at_ctrl_c(daemon: Daemon, tmp_path: Path) -> None:
    log = tmp_path / "watch.txt"
    with (
        log.open("w") as out,
        subprocess.Popen(
            [PROGRAM, "status", "--watch", "--config", daemon.configuration],
            stdout=out,
            stderr=out,
            env=environment(tmp_path),
        ) as watch,
    ):
        try:
            wait_until(lambda: log.read_text().count(", on 20") >= 2, what="two views of the watch")
            watch.send_signal(signal.SIGINT)
            assert watch.wait(LONG_ENOUGH) == 0
        finally:
            watch.kill()
    assert "Traceback" not in log.read_text()


def test_without_the_daemon_the_ledger_tells_what_it_told_last(tmp_path: Path) -> None:
    running = Daemon(tmp_path)
    with running:
        running.wait_for_energy()
        running.stop()
        ledger = empreinte("status", "--json", "--config", running.configuration, home=tmp_path)
    said = json.loads(ledger.out)
    assert (ledger.status, said["source"]) == (0, "ledger")
    assert said["periods"]["year"]["energy_joules"] > 0
    shown = empreinte("status", "--config", running.configuration, home=tmp_path)
    assert f"No daemon answers at http://{LOOPBACK}:{running.port}/" in shown.out


def test_it_says_what_it_needs_where_there_is_nothing_at_all(tmp_path: Path) -> None:
    (tmp_path / "none.toml").write_text(
        f'[host]\ncpu_tdp = "1 W"\n[paths]\nstate = "{tmp_path}/state"\nprocfs = "{tmp_path}/proc"\n'
        f'sysfs = "{tmp_path}/sys"\ncgroupfs = "{tmp_path}/cgroup"\n[web]\nlisten = "{LOOPBACK}:{free_port()}"\n',
        encoding="utf-8",
    )
    for command in (("run",), ("doctor",), ("status",), ("record", tmp_path / "out"), ("ledger", "migrate")):
        said = empreinte(*command, "--config", tmp_path / "none.toml", home=tmp_path)
        assert said.status in {1, 3}, command
        assert said.err.count("\n") <= 1, command
        assert "defect" not in said.err, command
