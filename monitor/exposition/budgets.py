"""The metrics of budgets: their rows in the catalogue, and what they show of a snapshot.

They are shares of the limit, so that budgets of different measures stand beside one another; times `budget_limit` they
are amounts.
"""

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
from monitor.exposition.metric import Kind, metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.exposition.about import About
    from monitor.exposition.metric import Metric
    from monitor.exposition.snapshot import Snapshot

    Values = Mapping[tuple[str, ...], float]
    Filling = Callable[[Snapshot, About], Values]

USED: Final = metric(
    "budget_used_ratio",
    Kind.GAUGE,
    "ratio",
    "budget",
    "Share of each budget that is used in its period so far, by the ledger's current figures; absent where unknown.",
)
WARN: Final = metric(
    "budget_warn_ratio",
    Kind.GAUGE,
    "ratio",
    "budget",
    "The share of each budget at which it warns, as configured.",
)
LIMIT: Final = metric(
    "budget_limit",
    Kind.GAUGE,
    "",
    "budget unit",
    "What each budget may come to in its period, in the unit of the label: joules, grams, liters or euros.",
)
FORECAST: Final = metric(
    "budget_forecast_ratio",
    Kind.GAUGE,
    "ratio",
    "budget",
    "Share of each budget that will be used at the end of its period, if it goes on so; absent where unknown.",
)
FORECAST_LOW: Final = metric(
    "budget_forecast_low_ratio",
    Kind.GAUGE,
    "ratio",
    "budget",
    "Lower bound of that forecast: 80 % of such periods end between the bounds, which have the figures' error in them.",
)
FORECAST_HIGH: Final = metric(
    "budget_forecast_high_ratio",
    Kind.GAUGE,
    "ratio",
    "budget",
    "Upper bound of that forecast.",
)
EXHAUSTED: Final = metric(
    "budget_exhausted_timestamp_seconds",
    Kind.GAUGE,
    "seconds",
    "budget",
    "When a budget was or will be used up, since the Unix epoch; absent where that is not within its period.",
)
INFO: Final = metric(
    "budget_info",
    Kind.INFO,
    "",
    "budget name scope holder measure period limit",
    "What each budget is, as configured. scope is service, department, contract or all, holder whose it is.",
)
METRICS: Final = (USED, WARN, LIMIT, FORECAST, FORECAST_LOW, FORECAST_HIGH, EXHAUSTED, INFO)
"""In the order in which they are exposed."""
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
    USED: _used,
    WARN: _warn,
    LIMIT: _limit,
    FORECAST: _forecast(1),
    FORECAST_LOW: _forecast(0),
    FORECAST_HIGH: _forecast(2),
    EXHAUSTED: _exhausted,
    INFO: _info,
}
"""In the order of the catalogue."""
