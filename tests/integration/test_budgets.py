"""Budgets over a simulated year: what is used is the ledger's figure, and the forecast is near what it came to."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.budgets import Budgets
from monitor.core.budgets import Budget, Measure, Period, State
from monitor.core.calendar import whole_period
from monitor.core.groups import Group, Grouping
from monitor.core.interval import Stamp
from monitor.ledger.periods import Periods
from monitor.ledger.store import Ledger
from monitor.simulation.filling import commits
from monitor.simulation.history import SimulatedYear
from tests.contract.bookkeeping import PARIS, ns
from tests.fixtures.ledgers import empty_ledger

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.core.interval import Interval

ZONE = ZoneInfo(PARIS)
NOW = ns("2025-05-24T00:00:00", PARIS)
YEAR = 2025


def came_to(until: int, within: Interval, keys: frozenset[str] | None) -> int:
    """Return what the simulated world used up to *until*, apart from any ledger."""
    return sum(
        amount.microjoules
        for bucket in SimulatedYear(YEAR, ZONE, until=until).buckets()
        if within.start <= bucket.start < within.end
        for series, amount in bucket.entries.items()
        if keys is None or series.consumer in keys
    )


def test_a_quarter_of_a_simulated_year_ends_about_as_it_was_foreseen(tmp_path: Path) -> None:
    world = SimulatedYear(YEAR, ZONE, until=NOW)
    department = next(one.department for one in world.services if one.department)
    members = frozenset(one.key for one in world.services if one.department == department)
    quarter = whole_period("quarter", NOW, ZONE)
    held = (
        (None, None),
        (world.services[0].key, frozenset({world.services[0].key})),
        (Group(Grouping.DEPARTMENT, department), members),
    )
    truth = [came_to(quarter.end, quarter, keys) for _, keys in held]
    budgets = [
        Budget(f"b{n}", "B", holder, Measure.ENERGY, Period.QUARTER, truth[n] * 19 // 20, Fraction(1, 2), "as it came")
        for n, (holder, _) in enumerate(held)
    ]
    now = Stamp(NOW, NOW)
    with Ledger.open(
        empty_ledger(tmp_path / "ledger.db"), host="ia-01", timezone=PARIS, now=now, holder="a test", simulated=True
    ) as ledger:
        for books, lot in commits(world, now):
            ledger.commit(books, lot, world.gaps, world.services)
        standings, crossed = Budgets(budgets, ledger, ZONE).look(Periods(ledger).of(books, now), books, now)
    for standing, (_, keys), whole in zip(standings, held, truth, strict=True):
        assert standing.used is not None
        assert standing.used.central == came_to(NOW, quarter, keys)
        assert standing.forecast is not None
        amount = standing.forecast.amount
        assert amount.central == pytest.approx(whole, rel=0.1)
        assert amount.low < whole < amount.high
        # 95 % of what it comes to is reached some days before the end, if it goes on so
        assert standing.forecast.crosses_at is None or NOW < standing.forecast.crosses_at < quarter.end
        assert standing.state is State.WARNED
    assert {(event.budget, event.threshold) for event in crossed} == {(one.key, Fraction(1, 2)) for one in budgets}
