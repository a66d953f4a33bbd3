"""What the daemon goes through, and that its books still balance after it."""

import random
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.parts.daemon import Daemon, Tables
from tests.parts.powercap import Powercap

BURNER = """
import time
while True:
    t = time.monotonic() + 0.05
    while time.monotonic() < t:
        pass
    time.sleep(0.05)
"""
BURNER_IS = {"key": "burner", "match": {"process": "t = time.monotonic"}}


def _tables(sysfs: Path, every: str) -> Tables:
    return {"paths": {"sysfs": sysfs}, "sampling": {"every": every}, "host": {"zone": "FR", "pue": 1.4}}


def _total(daemon: Daemon) -> float:
    return daemon.scrape().value("empreinte_host_energy_joules_total", resource="package")


def _wait_for(daemon: Daemon, microjoules: int = 1) -> None:
    daemon.child.wait_until(lambda: round(_total(daemon) * 1e6) >= microjoules, what=f"{microjoules} uJ are booked")


def _killed(tmp_path: Path, times: int) -> None:
    """Kill the daemon *times* at random moments under load; nothing is missing, nothing is twice, nothing falls."""
    moments = random.SystemRandom()
    with Powercap(tmp_path) as powercap, subprocess.Popen([sys.executable, "-c", BURNER]) as burner:
        daemon = Daemon(tmp_path, _tables(powercap.sysfs, "200ms") | {"service": [BURNER_IS]})
        try:
            daemon.start()
            first = powercap.microjoules
            powercap.move()
            highest = daemon.scrape().counters()
            for _ in range(times):
                _wait_for(daemon)
                _sleep(moments.uniform(0.0, 1.0))
                highest = _never_falling(highest, daemon.scrape().counters())
                daemon.child.kill()
                _sleep(moments.uniform(0.0, 0.5))
                daemon.start()
                highest = _never_falling(highest, daemon.scrape().counters())
            _all_there(daemon, powercap.stand() - first)
        finally:
            burner.kill()
            daemon.child.close()


def _all_there(daemon: Daemon, microjoules: int) -> None:
    """The counter's own difference is booked, to the microjoule, and the books balance."""
    _wait_for(daemon, microjoules)
    scrape = daemon.scrape()
    assert round(_total(daemon) * 1e6) == microjoules
    assert scrape.value("empreinte_conservation_error_joules") == 0
    assert scrape.value("empreinte_service_energy_joules_total", service="_unattributed") > 0
    assert scrape.value("empreinte_service_energy_joules_total", service="burner") > 0
    _verified(daemon)


def _sleep(seconds: float) -> None:
    threading.Event().wait(seconds)


def _never_falling(before: dict[object, float], now: dict[object, float]) -> dict[object, float]:
    fallen = {key: (value, now[key]) for key, value in before.items() if key in now and now[key] < value}
    assert not fallen
    assert before.keys() <= now.keys()
    return now


def _verified(daemon: Daemon) -> None:
    program = Path(sys.executable).parent / "empreinte"
    done = subprocess.run(
        [program, "ledger", "verify", "--config", daemon.configuration], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_daemon_killed_at_any_moment_loses_no_energy(tmp_path: Path) -> None:
    _killed(tmp_path, 5)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_daemon_killed_fifty_times_loses_no_energy(tmp_path: Path) -> None:
    _killed(tmp_path, 50)


def test_a_stop_and_a_start_go_on_where_they_were(tmp_path: Path) -> None:
    with Powercap(tmp_path) as powercap:
        daemon = Daemon(tmp_path, _tables(powercap.sysfs, "300ms"))
        try:
            daemon.start()
            first = powercap.microjoules
            powercap.move()
            _wait_for(daemon)
            assert daemon.child.terminate() == 0
            stopped = daemon.child.said()
            daemon.start()
            last = powercap.stand()
            _wait_for(daemon, last - first)
            assert round(_total(daemon) * 1e6) == last - first
        finally:
            daemon.child.close()
    assert "Traceback" not in stopped


def test_a_second_daemon_on_the_same_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    with Daemon(tmp_path) as daemon:
        second = Daemon(tmp_path / "second", {"ledger": {"url": f"sqlite:///{daemon.state}/ledger.db"}})
        with second.child as child:
            assert child.process.wait(60) == 3
        said = second.child.said().strip().splitlines()
    assert len(said) == 1
    assert str(daemon.child.pid) in said[0]


def test_a_port_that_is_taken_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    with Daemon(tmp_path) as daemon:
        second = Daemon(tmp_path / "second", port=daemon.port)
        with second.child as child:
            assert child.process.wait(60) == 3
        said = second.child.said().strip().splitlines()
    assert len(said) == 1
    assert str(daemon.port) in said[0]


def test_a_locked_ledger_stops_no_measuring_and_loses_nothing(tmp_path: Path) -> None:
    tables = _tables(tmp_path / "sys", "300ms")
    with Powercap(tmp_path) as powercap, Daemon(tmp_path, tables) as daemon:
        first = powercap.microjoules
        powercap.move()
        _wait_for(daemon)
        with closing(sqlite3.connect(daemon.state / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            daemon.child.wait_until(
                lambda: daemon.scrape().value("empreinte_ledger_commit_success") == 0,
                what="the ledger can't be written",
            )
            stood = _total(daemon)
            _sleep(1)
            assert _total(daemon) == stood
            other.execute("ROLLBACK")
        last = powercap.stand()
        _wait_for(daemon, last - first)
        assert round(_total(daemon) * 1e6) == last - first


def test_with_no_counter_and_no_permission_it_runs_and_says_what_it_does_not_know(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "sys").mkdir()
    (tmp_path / "cg").mkdir()
    tables: Tables = {"paths": {"sysfs": tmp_path / "sys", "cgroupfs": tmp_path / "cg"}}
    with Daemon(tmp_path, tables) as daemon:
        scrape = daemon.scrape()
        assert scrape.value("empreinte_collector_success", collector="rapl") == 0
        assert scrape.value("empreinte_collector_success", collector="cgroup") == 0
        assert scrape.value("empreinte_collector_success", collector="process") == 1
        assert "emissions" not in scrape.page
        known = {one["name"]: one for one in daemon.status()["collectors"]}
        _, page = daemon.get("/?lang=en")
    for name in ("rapl", "nvidia", "cgroup"):
        assert known[name]["reason"] in {"absent", "unsupported"}
        assert known[name]["cure"]
    assert "RAPL" in page
