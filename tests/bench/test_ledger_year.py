"""What a year costs to read: hours and nothing else, and little more than the database needs for it by itself."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from monitor.core.calendar import months_of, year_of
from monitor.core.entries import OpenBooks
from monitor.core.interval import HOUR, Stamp
from monitor.core.units import Energy
from monitor.ledger.periods import Periods
from monitor.ledger.store import Ledger
from tests.contract.bookkeeping import PARIS, series
from tests.fixtures.ledgers import empty_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

YEAR = 2026
SERIES = 100
ZONE = ZoneInfo(PARIS)
MOST = 1.3
"""Of the time that the bare sums take, for which SQLite sorts all rows. Measured: 0.84 to 0.86."""
BARE = """
SELECT series_id, sum(energy / 1000000), sum(energy % 1000000) FROM hour_entries
WHERE bucket >= ? AND bucket < ? AND generation = 0 GROUP BY series_id
"""
FILL = """
INSERT INTO hour_entries WITH RECURSIVE hour(start) AS (
  SELECT :start UNION ALL SELECT start + :hour FROM hour WHERE start + :hour < :end
) SELECT start, series.id, 0, 1000000 + abs(start * series.id) % 99999999999 FROM hour, series
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of a ledger with a year of hours."""
    found = empty_ledger(tmp_path_factory.mktemp("year") / "ledger.db")
    year = year_of(YEAR, ZONE)
    consumers = {series(f"service-{number}"): Energy(0) for number in range(SERIES)}
    with Ledger.open(found, host="h", timezone=PARIS, now=Stamp(year.end, 0)) as ledger:
        ledger.commit(OpenBooks(Stamp(year.end, 0), "", year.end, consumers), [], [], [])
    connection = sqlite3.connect(found.removeprefix("sqlite:///"))
    connection.execute(FILL, {"start": year.start, "end": year.end, "hour": HOUR.nanoseconds})
    connection.commit()
    connection.close()
    return found


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.read(url) as opened:
        yield opened


def least(work: Callable[[], object], times: int = 5) -> float:
    """Return the CPU time of *work*, the least of several *times*: the others were disturbed."""
    spent = []
    for _ in range(times):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)


def statements(connection: Connection) -> list[tuple[str, tuple[object, ...]]]:
    """Return the list in which what *connection* executes from now on is noted, with its parameters."""
    said: list[tuple[str, tuple[object, ...]]] = []
    event.listen(
        connection,
        "before_cursor_execute",
        lambda *arguments: said.append((" ".join(arguments[2].split()), arguments[3])),
    )
    return said


def test_a_year_by_months_costs_little_more_than_the_bare_sums(url: str, ledger: Ledger) -> None:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))

    def bare() -> list[object]:
        return [connection.execute(BARE, (month.start, month.end)).fetchall() for month in months_of(YEAR, ZONE)]

    floor = least(bare)
    assert least(lambda: ledger.monthly(YEAR)) < MOST * floor
    assert len(ledger.monthly(YEAR).rows) == 12 * SERIES
    connection.close()


def test_a_month_is_read_from_its_hours_by_their_key(ledger: Ledger) -> None:
    with ledger.transaction() as connection:
        said = statements(connection)
    ledger.month(YEAR, 6)
    assert not any("minute_" in statement for statement, _ in said)
    reads = [one for one in said if "FROM hour_entries" in one[0]]
    assert len(reads) == 1
    statement, parameters = reads[0]
    with ledger.transaction() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    assert any("SEARCH hour_entries USING PRIMARY KEY (bucket>? AND bucket<?)" in row[-1] for row in plan)


def test_the_periods_at_a_tick_cost_a_hundredth_of_the_first_time(ledger: Ledger) -> None:
    year = year_of(YEAR, ZONE)
    now = Stamp(year.end - 1, 0)
    books = OpenBooks(now, "", year.end - HOUR.nanoseconds)
    first = least(lambda: Periods(ledger).of(books, now), times=3)
    periods = Periods(ledger)
    periods.of(books, now)
    assert least(lambda: periods.of(books, now), times=50) < first / 100
