"""Events of the daemon as a process, to who listens and to who is told, killed amid it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.parts.daemon import PROGRAM, Daemon, Tables
from tests.parts.loopback import free_port, wait_until
from tests.parts.powercap import Powercap
from tests.parts.receiver import Receiver, Verdict

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_proxy")

SLEEPER = f"import time; time.sleep(600)  # of {uuid.uuid4().hex}, "
"""No other run of these tests has it."""


def _service(number: int) -> dict[str, object]:
    return {"key": f"sleeper-{number}", "match": {"process": f"{SLEEPER[-34:]}{number}$"}}


def _run(number: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", f"{SLEEPER}{number}"])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _tables(powercap: Powercap, services: int, **further: object) -> Tables:
    return {
        "paths": {"sysfs": powercap.sysfs},
        "sampling": {"every": "200ms", "discovery": False},
        "service": [_service(number) for number in range(services)],
        **further,
    }


def test_events_are_followed_across_a_restart(tmp_path: Path) -> None:
    sleeper = None
    with Powercap(tmp_path) as powercap, Daemon(tmp_path, _tables(powercap, 1)) as daemon:
        command = [PROGRAM, "events", "tail", "--json", "--type", "service_*", "--config", daemon.configuration]
        tail = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            assert tail.stdout is not None
            assert tail.stderr is not None
            assert "listening at" in tail.stderr.readline()
            sleeper = _run(0)
            first = json.loads(tail.stdout.readline())
            daemon.stop()
            assert "does not answer any more" in tail.stderr.readline()
            daemon.start()
            assert "listening at" in tail.stderr.readline()
            sleeper.kill()
            sleeper.wait()
            lines = iter(tail.stdout.readline, "")
            second = next(one for line in lines if (one := json.loads(line))["type"].endswith("disappeared.v1"))
            tail.send_signal(signal.SIGINT)
            assert tail.wait(20) == 0
            assert tail.stderr.read() == ""
        finally:
            tail.kill()
            tail.communicate()
            if sleeper is not None:
                _end(sleeper)
    assert (first["type"], first["subject"]) == ("eu.empreinte.service_appeared.v1", "sleeper-0")
    assert second["data"] == {"service": "sleeper-0"}


def test_nothing_that_is_in_the_queue_is_lost_by_a_kill_or_by_a_receiver_that_is_away(tmp_path: Path) -> None:
    port, count = free_port(), 4
    secret = tmp_path / "secret"
    secret.write_text("a secret that is long enough")
    hook = {"url": f"http://127.0.0.1:{port}/hook", "events": ["service_*"], "secret_file": secret}
    with Powercap(tmp_path) as powercap:
        daemon = Daemon(tmp_path, _tables(powercap, count, notify=[hook]))
        sleepers = []
        try:
            daemon.start()
            for number in range(count):  # nobody is there to be told
                sleepers.append(_run(number))
                wait_until(lambda due=number + 1: _waiting(daemon) == due, what=f"event {number} in the queue")  # type: ignore[misc] # mypy does not see the default
            daemon.kill()
            with Receiver(lambda number: Verdict(500 if number == 1 else 204), port=port) as receiver:
                daemon.start()
                wait_until(lambda: len(set(receiver.ids)) >= count, what="all events", seconds=60)
                wait_until(lambda: _waiting(daemon) == 0, what="an empty queue")
                told = [one.event for one in receiver.taken]
                assert all(one.headers["webhook-signature"].startswith("v1,") for one in receiver.asked)
            daemon.stop()
        finally:
            for sleeper in sleepers:
                _end(sleeper)
            daemon.child.close()
    seen = [one["subject"] for one in told if one["type"] == "eu.empreinte.service_appeared.v1"]
    assert seen[:count] == [f"sleeper-{number}" for number in range(count)]


def test_what_was_under_way_when_the_daemon_was_killed_is_told_again_under_its_id(tmp_path: Path) -> None:
    sleeper = None
    with Powercap(tmp_path) as powercap, Receiver(lambda number: Verdict(silent=number == 0)) as receiver:
        hook = {"url": receiver.url, "events": ["service_appeared"]}
        daemon = Daemon(tmp_path, _tables(powercap, 1, notify=[hook]))
        try:
            daemon.start()
            sleeper = _run(0)
            wait_until(lambda: len(receiver.asked) == 1, what="an event under way")
            daemon.kill()
            daemon.start()
            wait_until(lambda: bool(receiver.ids), what="the event, again", seconds=60)
            daemon.stop()
        finally:
            if sleeper is not None:
                _end(sleeper)
            daemon.child.close()
    assert receiver.asked[0].id == receiver.ids[0]
    assert receiver.asked[0].body == receiver.asked[1].body


def _waiting(daemon: Daemon) -> int:
    (standing,) = daemon.status()["webhooks"]
    return int(standing["waiting"])
