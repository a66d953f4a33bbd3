"""The table of indicators: what is known of the machine's impacts, a line for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.impact import Indicator
from monitor.web.impacts import ABIOTIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.core.impact import Bounds
    from monitor.core.summary import Impacts
    from monitor.web.status import Status

EMISSIONS: Final = "emissions"
"""Use and embodied together, whose bounds have the error of the meters in them."""
_LINES: Final[Mapping[str, tuple[Indicator, ...]]] = {
    "facility_energy": (Indicator.FACILITY_ENERGY,),
    EMISSIONS: (Indicator.GWP_USE, Indicator.GWP_EMBODIED),
    "gwp_use": (Indicator.GWP_USE,),
    "gwp_embodied": (Indicator.GWP_EMBODIED,),
    "gwp_use_market": (Indicator.GWP_USE_MARKET,),
    "water_grid": (Indicator.WATER_GRID,),
    "water_site": (Indicator.WATER_SITE,),
    "primary_energy": (Indicator.PRIMARY_ENERGY,),
    "abiotic_resources": ABIOTIC,
    "cost": (Indicator.COST,),
}


@dataclass(frozen=True, slots=True)
class Line:
    """An indicator by period, for the periods in which it is known; in units of `indicator`."""

    name: str
    indicator: Indicator
    amounts: Mapping[str, Bounds]

    @property
    def is_part(self) -> bool:
        """Whether it is part of the emissions above it."""
        return self.name != EMISSIONS and self.indicator in _LINES[EMISSIONS]


def lines_of(status: Status, periods: Sequence[str]) -> tuple[Line, ...]:
    """Return a line for each indicator that is known in one of *periods*."""
    return tuple(_lines(status, periods))


def _lines(status: Status, periods: Sequence[str]) -> Iterator[Line]:
    for name, indicators in _LINES.items():
        found = {period: _amount(status.periods[period].impacts, name) for period in periods}
        if known := {period: bounds for period, bounds in found.items() if bounds is not None}:
            yield Line(name, indicators[0], known)


def _amount(impacts: Impacts, name: str) -> Bounds | None:
    return impacts.emissions if name == EMISSIONS else impacts.together(_LINES[name])
