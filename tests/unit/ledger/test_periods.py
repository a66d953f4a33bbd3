"""How little is read: what the figures are is in tests/contract/test_ledger_figures.py."""

from collections.abc import Iterator

import pytest

from monitor.core.calendar import PERIODS
from monitor.core.entries import Bucket, Grain, Meter, OpenBooks, Series, Share
from monitor.core.interval import HOUR, Interval, Stamp
from monitor.core.readings import Method
from monitor.core.units import Energy
from monitor.ledger.periods import AT_ONCE, Periods
from monitor.ledger.schema import entries, generations, measured
from monitor.ledger.store import Ledger, Sums
from tests.contract.bookkeeping import books_of, hour_bucket, ns, series

HR = HOUR.nanoseconds
NOW = ns("2026-11-24T10:00:00")
ASSISTANT = ("assistant", "day")


class Watched(Ledger):
    """A ledger that notes what it is asked for."""

    asked: list[Interval]

    def sums(self, interval: Interval) -> Sums:
        self.asked.append(interval)
        return super().sums(interval)

    def hours(self) -> int:
        """Return how many hours were asked for since the last call."""
        asked, self.asked = self.asked, []
        return sum(one.length.nanoseconds for one in asked) // HR


@pytest.fixture
def ledger(url: str) -> Iterator[Watched]:
    with Watched.open(url, host="h", timezone="Europe/Paris", now=Stamp(NOW, 0)) as opened:
        assert isinstance(opened, Watched)
        opened.asked = []
        yield opened


def commit(ledger: Ledger, closed: list[Bucket], through: int) -> OpenBooks:
    books = books_of(closed, through)
    ledger.commit(books, closed, [], [])
    return books


def test_at_the_start_no_hour_is_read_twice_within_a_year(ledger: Watched) -> None:
    books = commit(ledger, [hour_bucket(NOW - HR, {series("assistant"): 5})], NOW)
    Periods(ledger).of(books, Stamp(NOW, 0))
    longest = max(one.length.nanoseconds for one in ledger.asked)
    # two years, and what of the last quarter and month lies in this one
    assert 2 * 365 * 24 - 40 * 24 < ledger.hours() < 2 * 366 * 24 + (31 + 92 + 2) * 24
    assert longest <= AT_ONCE


def test_between_two_hours_nothing_is_read(ledger: Watched) -> None:
    books = commit(ledger, [hour_bucket(NOW - HR, {series("assistant"): 5})], NOW)
    periods = Periods(ledger)
    first = periods.of(books, Stamp(NOW, 0))
    ledger.hours()
    assert periods.of(books, Stamp(NOW + 5 * 10**9, 0)).energy == first.energy
    assert ledger.asked == []


def test_an_hour_that_closes_costs_an_hour_of_each_period_that_grows(ledger: Watched) -> None:
    periods = Periods(ledger)
    closed = [hour_bucket(NOW - HR, {series("assistant"): 5})]
    periods.of(commit(ledger, closed, NOW), Stamp(NOW, 0))
    ledger.hours()
    closed.append(hour_bucket(NOW, {series("assistant"): 7}))
    figures = periods.of(commit(ledger, closed, NOW + HR), Stamp(NOW + HR, 0))
    assert figures.energy[ASSISTANT] == Energy(12)
    assert ledger.hours() <= len(PERIODS)


@pytest.mark.parametrize(
    ("before", "after", "most"),
    [
        ("2026-11-24T22:30:00", "2026-11-24T23:30:00", 1 * 24),
        ("2026-11-30T22:30:00", "2026-11-30T23:30:00", 1 * 24),
        ("2026-12-31T22:30:00", "2026-12-31T23:30:00", 2 * 24),
    ],
    ids=["day", "month", "year"],
)
def test_a_period_that_ends_is_not_read_again(ledger: Watched, before: str, after: str, most: int) -> None:
    periods = Periods(ledger)
    first, second = ns(before), ns(after)
    closed = [hour_bucket(first - 90 * 60 * 10**9, {series("assistant"): 5})]
    periods.of(commit(ledger, closed, first), Stamp(first, 0))
    ledger.hours()
    figures = periods.of(commit(ledger, closed, second), Stamp(second, 0))
    assert figures.energy["assistant", "previous_day"] == Energy(5)
    assert ledger.hours() <= most


def test_a_correction_shows_when_the_next_hour_closes(ledger: Watched) -> None:
    periods = Periods(ledger)
    closed = [hour_bucket(NOW - HR, {series("assistant"): 5})]
    books = commit(ledger, closed, NOW)
    assert periods.of(books, Stamp(NOW, 0)).energy[ASSISTANT] == Energy(5)
    with ledger.transaction(writes=True) as connection:
        correction = {"number": 1, "host_id": 1, "since": NOW - HR, "until": NOW, "current": True, "made": NOW}
        connection.execute(generations.insert().values(**correction, reason="a wrong meter"))
        key = {"bucket": NOW - HR, "generation": 1, "energy": 9}
        connection.execute(entries[Grain.HOUR].insert().values(series_id=1, **key))
        connection.execute(measured[Grain.HOUR].insert().values(host_id=1, resource="package", method="counter", **key))
    assert periods.of(books, Stamp(NOW + 1, 0)).energy[ASSISTANT] == Energy(5)
    closed.append(hour_bucket(NOW, {series("assistant"): 1}))
    assert periods.of(commit(ledger, closed, NOW + HR), Stamp(NOW + HR, 0)).energy[ASSISTANT] == Energy(10)


def test_after_the_clock_was_set_back_nothing_of_today_disappears(ledger: Watched) -> None:
    ahead = Bucket(
        Grain.HOUR,
        NOW,
        {Series("assistant", "package", Share.ACTIVE, Method.COUNTER): Energy(7)},
        {Meter("package", Method.COUNTER): Energy(7)},
        {"package": HOUR},
    )
    closed = [hour_bucket(NOW - HR, {series("assistant"): 5})]
    plain = commit(ledger, closed, NOW)
    books = OpenBooks(plain.at, plain.boot_id, plain.closed_through, open=(ahead,))
    figures = Periods(ledger).of(books, Stamp(NOW - 2 * HR, 0))
    assert figures.energy[ASSISTANT] == Energy(12)
    assert figures.coverage["day"] is not None
    assert 0 < figures.coverage["day"] <= 1


def test_the_minutes_of_the_open_hour_are_not_counted_beside_it(ledger: Watched) -> None:
    plain = commit(ledger, [], NOW)
    one = hour_bucket(NOW, {series("assistant"): 7})
    minute = Bucket(Grain.MINUTE, NOW, one.entries, one.measured, one.covered)
    books = OpenBooks(plain.at, plain.boot_id, plain.closed_through, open=(minute, one))
    assert Periods(ledger).of(books, Stamp(NOW + HR // 2, 0)).energy[ASSISTANT] == Energy(7)
