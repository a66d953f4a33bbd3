"""What something came to in sum: its impacts, and its emissions with the error of the measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.impact import Bounds, Indicator
from monitor.core.uncertainty import emissions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.entries import Meter
    from monitor.core.units import Energy


@dataclass(frozen=True, slots=True)
class Impacts:
    """What something came to. `amounts` are in units of their indicator, with the range of the factors."""

    amounts: Mapping[Indicator, Bounds]
    emissions: Bounds | None
    """Use and embodied together, in micrograms CO2e, with the error of the measure; None: both are unknown."""

    @classmethod
    def of(cls, amounts: Mapping[Indicator, Bounds], meters: Mapping[Meter, Energy]) -> Impacts:
        """Return *amounts* with the emissions among them; *meters* measured the energy that they are of."""
        use, made = amounts.get(Indicator.GWP_USE), amounts.get(Indicator.GWP_EMBODIED)
        return cls(amounts, emissions(use, made, meters))

    def together(self, indicators: Iterable[Indicator]) -> Bounds | None:
        """Return the sum of those *indicators* that are known; None where none is."""
        found = [self.amounts[one] for one in indicators if one in self.amounts]
        return sum(found, Bounds.ZERO) if found else None


UNKNOWN: Final = Impacts({}, None)
