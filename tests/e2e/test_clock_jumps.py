"""The wall clock is set while the daemon works: sampling goes on, closed buckets stay, no counter falls."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.parts.daemon import Daemon, Scrape
from tests.parts.faketime import WallClock
from tests.parts.powercap import Powercap

pytestmark = pytest.mark.real("faketime")

HOUR, DAY = 3600, 86_400
Rows = set[tuple[int, ...]]


def _closed(daemon: Daemon) -> Rows:
    """Return every closed minute and hour as the ledger has them."""
    with closing(sqlite3.connect(f"file:{daemon.state}/ledger.db?mode=ro", uri=True)) as ledger:
        rows: Rows = set()
        for table in ("minute_entries", "hour_entries", "minute_measured", "hour_measured"):
            rows |= {(hash(table), *map(hash, row)) for row in ledger.execute(f"SELECT * FROM {table}")}  # noqa: S608 - our own table names
        return rows


def _package(scrape: Scrape) -> int:
    return round(scrape.value("empreinte_host_energy_joules_total", resource="package") * 1e6)


@pytest.mark.parametrize("jump", [-HOUR, DAY])
def test_a_clock_that_is_set_stops_nothing_and_changes_nothing_that_is_closed(tmp_path: Path, jump: int) -> None:
    clock = WallClock(tmp_path)
    with Powercap(tmp_path) as powercap:
        tables = {"paths": {"sysfs": powercap.sysfs}, "sampling": {"every": "300ms", "patience": "1s"}}
        with Daemon(tmp_path, tables):
            # the ledger is made on a true clock: a child process is waited for then, with a sleep
            pass
        with Daemon(tmp_path, tables, environment=clock.environment) as daemon:
            first = powercap.microjoules
            powercap.move()
            daemon.wait_for_energy()
            # into the next minutes, so that something is closed
            clock.shift(70)
            daemon.child.wait_until(lambda: bool(_closed(daemon)), what="a minute is closed")
            before, closed = daemon.scrape().counters(), _closed(daemon)
            clock.shift(70 + jump)
            daemon.wait_for_tick(10)
            after = daemon.scrape().counters()
            assert all(after[key] >= value for key, value in before.items())
            assert closed <= _closed(daemon)
            booked = powercap.stand() - first
            daemon.child.wait_until(lambda: _package(daemon.scrape()) >= booked, what="all is booked")
            scrape = daemon.scrape()
    assert _package(scrape) == booked
    assert scrape.value("empreinte_conservation_error_joules") == 0
