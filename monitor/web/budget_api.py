"""How budgets stand as JSON, for programs. Its reference: docs/http.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from monitor.core.budgets import Measure
from monitor.core.calendar import utc
from monitor.core.indicator_names import range_in
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_JOULE, MICROLITERS_PER_LITER, MICROS_PER_EURO
from monitor.web.origin import origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.budgets import Standing
    from monitor.exposition.about import About
    from monitor.web.status import Status

UNITS: Final[Mapping[Measure, tuple[str, int]]] = {
    Measure.ENERGY: ("joules", MICROJOULES_PER_JOULE),
    Measure.EMISSIONS: ("grams", MICROGRAMS_PER_GRAM),
    Measure.WATER: ("liters", MICROLITERS_PER_LITER),
    Measure.COST: ("euros", MICROS_PER_EURO),
}
"""In which base unit each measure is told, and how many of its own units make one."""


def budgets_as_json(status: Status, about: About, *, stale: bool) -> dict[str, Any]:
    """Return how each budget stands. What is unknown is None."""
    snapshot = status.snapshot
    return {**origin(snapshot, about, stale=stale), "budgets": [budget_told(one) for one in snapshot.budgets]}


def budget_told(standing: Standing) -> dict[str, Any]:
    """Return *standing* as plain values: amounts in `unit`, ratios as shares of the limit. What is unknown is None."""
    budget, coming, ratios = standing.budget, standing.forecast, standing.forecast_ratios
    unit, per = UNITS[budget.measure]
    return {
        "key": budget.key,
        "name": budget.name,
        "scope": budget.scope,
        "holder": budget.held_by,
        "measure": budget.measure.value,
        "unit": unit,
        "period": budget.period.value,
        "starts_at": utc(standing.interval.start),
        "ends_at": utc(standing.interval.end),
        "limit": budget.written,
        "limit_amount": budget.limit / per,
        "warn_ratio": float(budget.warn_at),
        "state": standing.state.value,
        "used": None if standing.used is None else range_in(standing.used, per),
        "used_ratio": None if standing.used_ratio is None else float(standing.used_ratio),
        "forecast": None if coming is None else range_in(coming.amount, per),
        "forecast_ratio": None if ratios is None else float(ratios[1]),
        "exhausted_at": None if standing.exhausted_at is None else utc(standing.exhausted_at),
    }
