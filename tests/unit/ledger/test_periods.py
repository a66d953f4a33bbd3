"""How little is read: what the figures are is in tests/contract/test_ledger_figures.py."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from monitor.core.calendar import PERIODS
from monitor.core.entries import Bucket, Grain, Meter, OpenBooks, Series, ServiceFacts, Share
from monitor.core.groups import Holder
from monitor.core.impact import Bounds, HourImpacts, Indicator
from monitor.core.interval import HOUR, MINUTE, Interval, Stamp
from monitor.core.readings import Method
from monitor.core.units import Energy
from monitor.ledger.errors import LedgerBusy
from monitor.ledger.periods import AT_ONCE, Periods
from monitor.ledger.schema import entries, generations, impact_generations, measured
from monitor.ledger.store import Ledger, Sums
from tests.contract.bookkeeping import books_of, hour_bucket, ns, series
from tests.contract.reckoned import came_to

HR, MIN = HOUR.nanoseconds, MINUTE.nanoseconds
NOW = ns("2026-11-24T10:00:00")
ASSISTANT = ("assistant", "day")


class Watched(Ledger):
    """A ledger that notes what it is asked for."""

    asked: list[Interval]
    broken: bool = False

    def sums(self, interval: Interval, through: int | None = None) -> Sums:
        self.asked.append(interval)
        return super().sums(interval, through)

    def sums_of(self, intervals: Sequence[Interval], through: int | None = None) -> list[Sums]:
        self.asked += intervals
        return super().sums_of(intervals, through)

    def held(self, interval: Interval, through: int | None = None) -> Mapping[tuple[Holder, Indicator], Bounds]:
        self.asked.append(interval)
        if self.broken and len(self.asked) > 1:
            raise LedgerBusy("another program writes", "wait")
        return super().held(interval, through)

    def hours_asked(self) -> int:
        """Return how many hours were asked for since the last call."""
        asked, self.asked = self.asked, []
        return sum(one.length.nanoseconds for one in asked) // HR


@pytest.fixture
def ledger(url: str) -> Iterator[Watched]:
    with Watched.open(url, host="h", timezone="Europe/Paris", now=Stamp(NOW, 0)) as opened:
        assert isinstance(opened, Watched)
        opened.asked = []
        yield opened


def commit(ledger: Ledger, closed: list[Bucket], through: int, impacts: Sequence[HourImpacts] = ()) -> OpenBooks:
    books = books_of(closed, through)
    ledger.commit(books, closed, [], [], impacts=impacts)
    return books


def restate(ledger: Ledger, *hours: HourImpacts) -> None:
    interval = Interval(hours[0].start, hours[-1].start + HR)
    assert ledger.restate(hours, interval, made=0, author="anna", reason="a new factor", factor_set="2026.2")


def test_at_the_start_no_hour_is_read_twice(ledger: Watched) -> None:
    books = commit(ledger, [hour_bucket(NOW - HR, {series("assistant"): 5})], NOW)
    Periods(ledger).of(books, Stamp(NOW, 0))
    longest = max(one.length.nanoseconds for one in ledger.asked)
    whole = Interval(ns("2025-01-01T00:00:00", "Europe/Paris"), NOW)
    assert ledger.hours_asked() == whole.length.nanoseconds // HR
    assert longest <= AT_ONCE.nanoseconds


def test_between_two_hours_nothing_is_read(ledger: Watched) -> None:
    books = commit(ledger, [hour_bucket(NOW - HR, {series("assistant"): 5})], NOW)
    periods = Periods(ledger)
    first = periods.of(books, Stamp(NOW, 0))
    ledger.hours_asked()
    assert periods.of(books, Stamp(NOW + 5 * 10**9, 0)).energy == first.energy
    assert ledger.asked == []


def test_an_hour_that_closes_costs_an_hour_of_each_period_that_grows(ledger: Watched) -> None:
    periods = Periods(ledger)
    closed = [hour_bucket(NOW - HR, {series("assistant"): 5})]
    periods.of(commit(ledger, closed, NOW), Stamp(NOW, 0))
    ledger.hours_asked()
    closed.append(hour_bucket(NOW, {series("assistant"): 7}))
    figures = periods.of(commit(ledger, closed, NOW + HR), Stamp(NOW + HR, 0))
    assert figures.energy[ASSISTANT] == Energy(12)
    assert ledger.hours_asked() <= len(PERIODS)


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
    ledger.hours_asked()
    figures = periods.of(commit(ledger, closed, second), Stamp(second, 0))
    assert figures.energy["assistant", "previous_day"] == Energy(5)
    assert ledger.hours_asked() <= most


def test_a_correction_shows_within_a_minute(ledger: Watched) -> None:
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
    assert periods.of(books, Stamp(NOW + MIN - 1, MIN - 1)).energy[ASSISTANT] == Energy(5)
    assert periods.of(books, Stamp(NOW + MIN, MIN)).energy[ASSISTANT] == Energy(9)


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


# --- impacts ---------------------------------------------------------------------------------------------------------

GASES = Indicator.GWP_USE
DAY = ("assistant", GASES, "day")


def came(start: int, grams: int, of: str = "assistant") -> HourImpacts:
    return came_to(start, {(of, GASES): (grams - 1, grams, grams + 1)})


def around(grams: int, hours: int = 1) -> Bounds:
    return Bounds(grams - hours, grams, grams + hours)


def test_impacts_are_those_of_the_closed_hours_and_of_the_open_one(ledger: Watched) -> None:
    hours = [came(NOW - number * HR, 10**digits) for digits, number in enumerate((1, 2, 24, 24 * 40), 1)]
    plain = commit(ledger, [], NOW, hours)
    books = replace(plain, open=(hour_bucket(NOW, {series("assistant"): 1}),))
    figures = Periods(ledger).of(books, Stamp(NOW + 60 * MIN // 2, 0), [came(NOW, 7)])
    assert {key[2]: amount for key, amount in figures.impacts.items()} == {
        "day": around(10 + 100 + 7, 3),
        "previous_day": around(10**3),
        "month": around(10 + 100 + 10**3 + 7, 4),
        "previous_month": around(10**4),
        "quarter": around(10 + 100 + 10**3 + 10**4 + 7, 5),
        "year": around(10 + 100 + 10**3 + 10**4 + 7, 5),
    }


def test_what_is_not_reckoned_is_unknown(ledger: Watched) -> None:
    books = commit(ledger, [hour_bucket(NOW - HR, {series("assistant"): 5})], NOW)
    assert Periods(ledger).of(books, Stamp(NOW, 0)).impacts == {}


def test_the_energy_is_told_by_meter(ledger: Watched) -> None:
    floor = series("assistant", share=Share.FLOOR)
    modelled = Series("assistant", "dram", Share.ACTIVE, Method.MODELLED)
    closed = hour_bucket(NOW - HR, {series("assistant"): 5, floor: 2, modelled: 3, series("_idle"): 1})
    plain = commit(ledger, [closed], NOW)
    opened = replace(plain, open=(hour_bucket(NOW, {series("assistant"): 10, series("assistant", "gpu0"): 4}),))
    periods = Periods(ledger)
    first = periods.of(plain, Stamp(NOW, 0)).meters["assistant", "day"]
    package, memory, card = (
        Meter("package", Method.COUNTER),
        Meter("dram", Method.MODELLED),
        Meter("gpu0", Method.COUNTER),
    )
    assert first == {package: Energy(7), memory: Energy(3)}
    figures = periods.of(opened, Stamp(NOW + MIN, MIN))
    assert figures.meters["assistant", "day"] == {package: Energy(17), memory: Energy(3), card: Energy(4)}
    # what was given before stays as it was
    assert first == {package: Energy(7), memory: Energy(3)}
    for key, meters in figures.meters.items():
        assert figures.energy[key] == Energy(sum(one.microjoules for one in meters.values()))


def test_a_restatement_shows_within_a_minute_and_only_what_it_changes_is_read(ledger: Watched) -> None:
    hours = [came(NOW - number * HR, 10) for number in range(48, 0, -1)]
    books = commit(ledger, [], NOW, hours)
    periods = Periods(ledger)
    assert periods.of(books, Stamp(NOW, 0)).impacts[DAY] == around(110, 11)
    restate(ledger, came(NOW - 2 * HR, 1000), came(NOW - HR, 3))
    restate(ledger, came(NOW - 2 * HR, 500))
    ledger.hours_asked()
    assert periods.of(books, Stamp(NOW + 1, MIN - 1)).impacts[DAY] == around(110, 11)
    assert ledger.asked == []
    figures = periods.of(books, Stamp(NOW + MIN, MIN))
    assert figures.impacts[DAY] == around(90 + 500 + 3, 11)
    assert figures.impacts["assistant", GASES, "year"] == around(460 + 503, 48)
    assert ledger.hours_asked() <= 4
    assert Periods(ledger).of(books, Stamp(NOW + MIN, MIN)) == figures


def test_a_restatement_of_hours_in_several_periods_changes_each(ledger: Watched) -> None:
    hours = [came(NOW - number * HR, 10) for number in range(24 * 60, 0, -1)]
    books = commit(ledger, [], NOW, hours)
    periods = Periods(ledger)
    periods.of(books, Stamp(NOW, 0))
    restate(ledger, *(came(one.start, 11) for one in hours[:-5]))
    restate(ledger, *(came(one.start, 13) for one in hours[100:-30]))
    assert periods.of(books, Stamp(NOW, MIN)) == Periods(ledger).of(books, Stamp(NOW, MIN))


def test_what_a_restatement_makes_unknown_is_no_longer_shown(ledger: Watched) -> None:
    books = commit(ledger, [], NOW, [came(NOW - 2 * HR, 10), came(NOW - HR, 10, "search")])
    periods = Periods(ledger)
    assert DAY in periods.of(books, Stamp(NOW, 0)).impacts
    restate(ledger, came(NOW - 2 * HR, 5, "search"))
    figures = periods.of(books, Stamp(NOW, MIN))
    assert DAY not in figures.impacts
    assert figures.impacts["search", GASES, "day"] == around(15, 2)
    assert figures == Periods(ledger).of(books, Stamp(NOW, MIN))


def test_a_restatement_is_added_once_also_where_the_ledger_failed_in_between(ledger: Watched) -> None:
    books = commit(ledger, [], NOW, [came(NOW - number * HR, 10) for number in range(24 * 60, 0, -1)])
    periods = Periods(ledger)
    periods.of(books, Stamp(NOW, 0))
    restate(ledger, *(came(NOW - number * HR, 20) for number in range(24 * 40, 0, -1)))
    ledger.asked, ledger.broken = [], True
    with pytest.raises(LedgerBusy):
        periods.of(books, Stamp(NOW, MIN))
    ledger.broken = False
    assert periods.of(books, Stamp(NOW, MIN)) == Periods(ledger).of(books, Stamp(NOW, MIN))


def test_a_restatement_that_ends_between_two_questions_is_added_once(ledger: Watched) -> None:
    books = commit(ledger, [], NOW, [came(NOW - number * HR, 10) for number in (2, 1)])
    periods = Periods(ledger)
    periods.of(books, Stamp(NOW, 0))
    restate(ledger, came(NOW - 2 * HR, 50))
    # the day turns, and its sum is read anew, before the restatement is noticed
    later = ns("2026-11-25T10:00:00")
    periods.of(books, Stamp(later, MIN - 1))
    figures = periods.of(books, Stamp(later, MIN))
    assert figures.impacts["assistant", GASES, "previous_day"] == around(60, 2)
    assert figures == Periods(ledger).of(books, Stamp(later, MIN))


def test_a_restatement_that_was_withdrawn_counts_no_more(ledger: Watched) -> None:
    books = commit(ledger, [], NOW, [came(NOW - HR, 10)])
    periods = Periods(ledger)
    restate(ledger, came(NOW - HR, 50))
    assert periods.of(books, Stamp(NOW, 0)).impacts[DAY] == around(50)
    with ledger.transaction(writes=True) as connection:
        connection.execute(impact_generations.update().values(current=False))
    assert periods.of(books, Stamp(NOW, MIN)).impacts[DAY] == around(10)


def test_the_open_hour_is_shown_under_the_name_that_goes_on(ledger: Watched) -> None:
    plain = commit(ledger, [], NOW)
    old, new = ServiceFacts("assistant", "A"), ServiceFacts("redaction", "A", was=("assistant",))
    ledger.commit(plain, [], [], [old])
    ledger.commit(replace(plain, at=Stamp(NOW + MIN, 10**15)), [], [], [new])
    hour = hour_bucket(NOW, {series("assistant"): 5, series("redaction"): 1})
    both = came_to(NOW, {("assistant", GASES): (1, 2, 3), ("redaction", GASES): (10, 20, 30)})
    figures = Periods(ledger).of(replace(plain, open=(hour,)), Stamp(NOW + 2 * MIN, 0), [both])
    assert figures.impacts["redaction", GASES, "day"] == Bounds(11, 22, 33)
    assert figures.energy["redaction", "day"] == Energy(6)
    assert DAY not in figures.impacts
