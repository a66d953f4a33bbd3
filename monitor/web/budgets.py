"""The table of budgets: what was set, what is used, and how the period will end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.budgets import Measure, State
from monitor.core.impact import Indicator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.budgets import Standing
    from monitor.web.quantities import Quantities
    from monitor.web.status import Status
    from monitor.web.voice import Voice

INDICATORS: Final[Mapping[Measure, Indicator]] = {
    Measure.ENERGY: Indicator.ENERGY,
    Measure.EMISSIONS: Indicator.GWP_USE,
    Measure.WATER: Indicator.WATER_GRID,
    Measure.COST: Indicator.COST,
}
"""In whose unit each measure is written."""


@dataclass(frozen=True, slots=True)
class Line:
    """One budget, as it is written. What is unknown is empty."""

    name: str
    facts: str
    """Whose it is, and for which period."""
    limit: str
    state: State
    part: float
    """The share that is used, 1 at most, for a bar."""
    used: str
    """That share, in percent."""
    amount: str
    """What it comes to."""
    coming: str
    """The share at the end of the period, in percent."""
    between: str
    """Between which shares that lies, in words; empty where no range shows."""
    spent: str
    """When it was or will be used up, in words."""


def lines_of(status: Status, voice: Voice, write: Quantities) -> tuple[Line, ...]:
    """Return a line for each budget, in the order in which they are configured."""
    return tuple(_line(standing, voice, write) for standing in status.snapshot.budgets)


def _line(standing: Standing, voice: Voice, write: Quantities) -> Line:
    budget, ratio, ratios = standing.budget, standing.used_ratio, standing.forecast_ratios
    indicator = INDICATORS[budget.measure]
    low, coming, high = [write.share(float(bound)) for bound in ratios] if ratios else ("", "", "")
    holder = voice.say(f"budgets.scope.{budget.scope}", holder=budget.held_by)
    return Line(
        name=budget.name,
        facts=f"{holder} · {voice.say(f'budgets.period.{budget.period}')}",
        limit=write.amount(indicator, budget.limit),
        state=standing.state,
        part=min(1.0, float(ratio or 0)),
        used="" if ratio is None else write.share(float(ratio)),
        amount="" if standing.used is None else write.amount(indicator, standing.used.central),
        coming=coming,
        between=voice.say("impact.between", low=low, high=high) if low != high else "",
        spent=_spent(standing, voice, write),
    )


def _spent(standing: Standing, voice: Voice, write: Quantities) -> str:
    if standing.exhausted_at is not None:
        return write.day(standing.exhausted_at)
    return voice.say("budgets.lasts") if standing.forecast else ""
