"""How budgets are looked after, over a real ledger: what is told, once, and what is remembered."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.budgets import KEY, Budgets
from monitor.core.budgets import Budget, Measure, Period, State
from monitor.core.calendar import whole_period
from monitor.core.entries import Series, ServiceFacts
from monitor.core.groups import Group, Grouping
from monitor.core.interval import HOUR, Interval, Stamp
from monitor.ledger.periods import Periods
from monitor.ledger.store import Ledger
from tests.contract.bookkeeping import PARIS, Bookkeeping, ns
from tests.fixtures.ledgers import empty_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.core.budgets import Standing
    from monitor.core.events import BudgetCrossed
    from monitor.ledger.reading import Sums

ZONE = ZoneInfo(PARIS)
START = ns("2026-03-01T00:00:00", PARIS)
DAY = 24 * 3600
CULTURE = Group(Grouping.DEPARTMENT, "Culture")
WARN = Fraction(4, 5)
ASSISTANT = ServiceFacts("assistant", "assistant", "Culture", "", "", "configured")
SEARCH = ServiceFacts("search", "search", "", "", "", "configured")


class Failing:
    """An archive that can fail, over a ledger; it counts what it is asked."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.fails = False
        self.days: list[Interval] = []

    def sums(self, interval: Interval) -> Sums:
        self.days.append(interval)
        return self.ledger.sums(interval)

    def remembered(self, key: str) -> str | None:
        return self.ledger.remembered(key)

    def remember(self, key: str, value: str) -> None:
        if self.fails:
            message = "the disk is full"
            raise OSError(message)
        self.ledger.remember(key, value)


class Town:
    """A ledger that grows by the hour, and the budgets over it."""

    def __init__(self, ledger: Ledger, budgets: tuple[Budget, ...], start: int = START) -> None:
        self.ledger = ledger
        self.keeping = Bookkeeping(("assistant", "search", "_other"), start=start)
        self.archive = Failing(ledger)
        self.periods = Periods(ledger)
        self.budgets = budgets
        self.restart()

    def restart(self) -> None:
        self.looking = Budgets(self.budgets, self.archive, ZONE)

    def work(self, hours: int) -> tuple[tuple[Standing, ...], tuple[BudgetCrossed, ...]]:
        """Measure for so many *hours*, commit, and look."""
        for _ in range(hours):
            commit = self.keeping.tick(3600)
            commit.services.extend([ASSISTANT, SEARCH])
            commit.to(self.ledger)
        return self.look()

    def look(self) -> tuple[tuple[Standing, ...], tuple[BudgetCrossed, ...]]:
        books = self.keeping.open_books()
        now = Stamp(self.keeping.now, self.keeping.now)
        return self.looking.look(self.periods.of(books, now), books, now)

    def used(self, key: str | None, start: int = 0, end: int = 1 << 62) -> int:
        """Return what was booked to *key*, or to all, in the hours from *start* to *end*."""
        return sum(
            amount
            for hour, booked in self.keeping.hours.items()
            for series, amount in booked.items()
            if start <= hour < end and (key is None or _consumer(series) == key)
        )


def _consumer(series: Series) -> str:
    return series.consumer


def of(holder: str | Group | None, limit: int, period: Period = Period.MONTH, key: str = "ia") -> Budget:
    return Budget(key, "IA", holder, Measure.ENERGY, period, limit, WARN, f"{limit} uJ")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    url = empty_ledger(tmp_path / "ledger.db")
    now = Stamp(START, 77 * 10**9)
    with Ledger.open(url, host="ia-01", timezone=PARIS, now=now, holder="a test") as opened:
        yield opened


def test_what_is_used_is_what_was_booked_of_services_groups_and_all(ledger: Ledger) -> None:
    budgets = (of("assistant", 10**15, key="a"), of(CULTURE, 10**15, key="b"), of(None, 10**15, key="c"))
    town = Town(ledger, budgets)
    standings, crossed = town.work(3)
    assert crossed == ()
    central = [one.used.central for one in standings if one.used]
    assert central == [town.used("assistant"), town.used("assistant"), town.used(None)]
    assert {one.interval for one in standings} == {whole_period("month", START, ZONE)}


def test_the_forecast_goes_on_as_the_whole_local_days_that_were_measured_did(ledger: Ledger) -> None:
    town = Town(ledger, (of("assistant", 10**15),))
    standings, _ = town.work(48)
    assert standings[0].forecast is None
    standings, _ = town.work(25)
    days = [
        town.used("assistant", START + n * 24 * HOUR.nanoseconds, START + (n + 1) * 24 * HOUR.nanoseconds)
        for n in range(3)
    ]
    coming = standings[0].forecast
    assert coming is not None
    left = Fraction(standings[0].interval.end - town.keeping.now, 24 * HOUR.nanoseconds)
    assert coming.amount.central == town.used("assistant") + int(Fraction(sum(days), 3) * left)


def test_days_are_read_once_a_day(ledger: Ledger) -> None:
    town = Town(ledger, (of("assistant", 10**15), of(None, 10**15, key="all")))
    town.work(30)
    read = len(town.archive.days)
    assert read == len(set(town.archive.days)) == 28
    town.work(5)
    town.look()
    assert len(town.archive.days) == read
    town.work(24)
    assert len(town.archive.days) == 2 * read


def test_each_threshold_is_told_once_and_not_again_after_a_restart(ledger: Ledger) -> None:
    town = Town(ledger, ())
    town.work(10)
    town.budgets = (of("assistant", town.used("assistant") * 10 // 9),)
    town.restart()
    _, crossed = town.look()
    assert [(event.budget, event.threshold) for event in crossed] == [("ia", WARN)]
    assert crossed[0].used_ratio == Fraction(town.used("assistant"), town.budgets[0].limit)
    standings, crossed = town.work(10)
    assert [event.threshold for event in crossed] == [Fraction(1)]
    at = town.keeping.now
    assert standings[0].state is State.EXCEEDED
    assert town.look()[1] == ()
    town.restart()
    standings, crossed = town.work(1)
    assert crossed == ()
    assert standings[0].exhausted_at == at


def test_what_was_not_committed_with_its_event_is_told_again(ledger: Ledger) -> None:
    """The look after the one that says what is to be told is after its commit; before it nothing is remembered."""
    town = Town(ledger, (of("assistant", 1),))
    _, crossed = town.work(1)
    assert len(crossed) == 2
    assert ledger.remembered(KEY) is None
    town.restart()
    assert len(town.look()[1]) == 2
    assert town.look()[1] == ()
    assert ledger.remembered(KEY) is not None


def test_while_the_ledger_can_not_be_written_nothing_is_told_twice_and_it_is_kept_later(ledger: Ledger) -> None:
    town = Town(ledger, (of("assistant", 1),))
    assert len(town.work(1)[1]) == 2
    town.archive.fails = True
    for _ in range(3):
        with pytest.raises(OSError, match="full"):
            town.look()
    town.archive.fails = False
    assert town.look()[1] == ()
    town.restart()
    assert town.look()[1] == ()


def test_a_limit_that_is_raised_starts_anew(ledger: Ledger) -> None:
    town = Town(ledger, (of("assistant", 1),))
    town.work(1)
    town.look()
    town.budgets = (of("assistant", town.used("assistant")),)
    town.restart()
    assert [event.threshold for event in town.look()[1]] == [WARN, 1]
    assert town.look()[1] == ()


def test_a_new_period_starts_anew(ledger: Ledger) -> None:
    town = Town(ledger, (of("assistant", 1),), ns("2026-03-31T20:00:00", PARIS))
    assert len(town.work(1)[1]) == 2
    assert town.work(2)[1] == ()
    _, crossed = town.work(3)
    assert {event.interval for event in crossed} == {whole_period("month", town.keeping.now, ZONE)}
    assert [event.threshold for event in crossed] == [WARN, 1]


@pytest.mark.parametrize(
    "kept", ["{", "[]", '{"ia": 1}', '{"ia": {"start": 1}}', '{"ia": {"told": {"1/0": 1}}}', "null"]
)
def test_what_another_version_remembered_is_nothing(ledger: Ledger, kept: str) -> None:
    ledger.remember(KEY, kept)
    town = Town(ledger, (of("assistant", 1),))
    assert len(town.work(1)[1]) == 2


def test_what_is_remembered_is_small_json_by_budget(ledger: Ledger) -> None:
    town = Town(ledger, (of("assistant", 1), of("search", 10**15, key="far")))
    town.work(1)
    town.look()
    kept = json.loads(ledger.remembered(KEY) or "")
    assert kept == {
        "ia": {
            "start": START,
            "terms": "service assistant: 1 energy a month",
            "told": {"4/5": town.keeping.now, "1": town.keeping.now},
        }
    }


def test_without_budgets_the_ledger_is_asked_nothing(ledger: Ledger) -> None:
    town = Town(ledger, ())
    assert town.work(1) == ((), ())
    assert town.archive.days == []


def test_what_is_unknown_is_told_of_to_nobody(ledger: Ledger) -> None:
    town = Town(ledger, (replace(of("assistant", 1), measure=Measure.COST), of("nobody", 1, key="no")))
    standings, crossed = town.work(1)
    assert crossed == ()
    assert [(one.state, one.used, one.forecast) for one in standings] == [(State.UNKNOWN, None, None)] * 2
