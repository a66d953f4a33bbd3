"""What the metrics of budgets show of a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.budgets import Measure
from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_JOULE,
    MICROLITERS_PER_LITER,
    MICROS_PER_EURO,
    NANOSECONDS_PER_SECOND,
)
from monitor.exposition import budget_rows as rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.exposition.about import About
    from monitor.exposition.metric import Metric
    from monitor.exposition.snapshot import Snapshot

    Values = Mapping[tuple[str, ...], float]
    Filling = Callable[[Snapshot, About], Values]

UNITS: Final = {
    Measure.ENERGY: ("joules", MICROJOULES_PER_JOULE),
    Measure.EMISSIONS: ("grams", MICROGRAMS_PER_GRAM),
    Measure.WATER: ("liters", MICROLITERS_PER_LITER),
    Measure.COST: ("euros", MICROS_PER_EURO),
}
"""In what unit each measure is shown, and how much of its own that is."""


def _used(snapshot: Snapshot, _: About) -> Values:
    ratios = {one.budget.key: one.used_ratio for one in snapshot.budgets}
    return {(key,): float(ratio) for key, ratio in ratios.items() if ratio is not None}


def _warn(snapshot: Snapshot, _: About) -> Values:
    return {(one.budget.key,): float(one.budget.warn_at) for one in snapshot.budgets}


def _limit(snapshot: Snapshot, _: About) -> Values:
    budgets = [(one.budget, *UNITS[one.budget.measure]) for one in snapshot.budgets]
    return {(budget.key, unit): budget.limit / per for budget, unit, per in budgets}


def _forecast(bound: int) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        coming = {one.budget.key: one.forecast_ratios for one in snapshot.budgets}
        return {(key,): float(ratios[bound]) for key, ratios in coming.items() if ratios is not None}

    return filling


def _exhausted(snapshot: Snapshot, _: About) -> Values:
    moments = {one.budget.key: one.exhausted_at for one in snapshot.budgets}
    return {(key,): moment / NANOSECONDS_PER_SECOND for key, moment in moments.items() if moment is not None}


def _info(snapshot: Snapshot, _: About) -> Values:
    return {
        (
            budget.key,
            budget.name,
            budget.scope,
            budget.held_by,
            budget.measure.value,
            budget.period.value,
            budget.written,
        ): 1.0
        for budget in (one.budget for one in snapshot.budgets)
    }


FILLINGS: Final[Mapping[Metric, Filling]] = {
    rows.USED: _used,
    rows.WARN: _warn,
    rows.LIMIT: _limit,
    rows.FORECAST: _forecast(1),
    rows.FORECAST_LOW: _forecast(0),
    rows.FORECAST_HIGH: _forecast(2),
    rows.EXHAUSTED: _exhausted,
    rows.INFO: _info,
}
"""In the order of the catalogue."""
