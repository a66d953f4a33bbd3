"""What consumers came to in a period, alone and together. What is unknown is absent, never zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.impact import Bounds, Indicator, Role
from monitor.core.summary import Impacts
from monitor.core.units import Energy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.core.entries import Meter
    from monitor.core.impact import Terms

WATER: Final = (Indicator.WATER_GRID, Indicator.WATER_SITE)
ABIOTIC: Final = (Indicator.ADPE_USE, Indicator.ADPE_EMBODIED)


class Table:
    """Impacts by consumer and period."""

    def __init__(
        self,
        impacts: Mapping[tuple[str, Indicator, str], Bounds],
        meters: Mapping[tuple[str, str], Mapping[Meter, Energy]],
        told: Mapping[tuple[str, str], Bounds],
    ) -> None:
        """*impacts*, *meters* and what of them is *told* as emissions are a snapshot's, or made as a snapshot does."""
        self._meters = meters
        self._told = told
        self._amounts: dict[tuple[str, str], dict[Indicator, Bounds]] = {}
        self._totals: dict[str, Impacts] = {}
        for (consumer, indicator, period), bounds in impacts.items():
            self._amounts.setdefault((consumer, period), {})[indicator] = bounds

    def total(self, period: str) -> Impacts:
        """Return what everybody came to together in *period*."""
        if period not in self._totals:
            self._totals[period] = self._sum([consumer for consumer, of in self._amounts if of == period], period)
        return self._totals[period]

    def of(self, consumers: Sequence[str], period: str, energy: Energy | None) -> Impacts:
        """Return what *consumers* came to together in *period*, in which they used *energy*: of nothing, nothing."""
        found, whole = self._sum(consumers, period), self.total(period)
        if found.amounts or energy is None or energy > Energy.ZERO or not whole.amounts:
            return found
        return Impacts(dict.fromkeys(whole.amounts, Bounds.ZERO), Bounds.ZERO if whole.emissions else None)

    def _sum(self, consumers: Sequence[str], period: str) -> Impacts:
        if len(consumers) == 1:
            key = (consumers[0], period)
            return Impacts(self._amounts.get(key, {}), self._told.get(key))
        amounts: dict[Indicator, Bounds] = {}
        meters: dict[Meter, Energy] = {}
        for consumer in consumers:
            for indicator, bounds in self._amounts.get((consumer, period), {}).items():
                amounts[indicator] = amounts.get(indicator, Bounds.ZERO) + bounds
            for meter, energy in self._meters.get((consumer, period), {}).items():
                meters[meter] = meters.get(meter, Energy.ZERO) + energy
        # factors and meters are shared: what one consumer is told too much, the others are too
        return Impacts.of(amounts, meters)


def unknowns(terms: Terms | None, fault: str = "") -> tuple[str, ...]:
    """Return what is not reckoned under *terms* because somebody did not say it: names of roles, `zone`, `hardware`.

    Where there is a *fault*, all of it is unknown for want of a `factor`.
    """
    if terms is None:
        return ("factor",) if fault else ("zone",)
    known = {one.role for one in terms.applied}
    missing = [role.value for role in _WANTED if role not in known]
    return tuple(missing if terms.assets else ["hardware", *missing])


_WANTED: Final = (
    Role.PUE,
    Role.WATER,
    Role.WUE,
    Role.PRIMARY_ENERGY,
    Role.ABIOTIC_RESOURCES,
    Role.PRICE,
    Role.MARKET,
)
"""What makes each indicator known."""
