"""Impacts in the units that people use, as exact decimal texts: for CSV and JSON alike."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.core.impact import Indicator
from monitor.core.interval import HOUR
from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_KILOWATT_HOUR,
    MICROLITERS_PER_LITER,
    MICROS_PER_EURO,
    PICOGRAMS_PER_GRAM,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.core.impact import Bounds
    from monitor.core.summary import Impacts
    from monitor.core.units import Duration

EMISSIONS: Final = "emissions"
"""Use and making together, whose range has the error of the measure in it."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """Under which name, and in what, an indicator is told: so many of its units are one, told with so many decimals."""

    name: str
    unit: str
    units: int
    decimals: int
    meaning: str
    ranged: bool = True
    """Whether a lower and an upper bound stand beside it."""

    def text(self, amount: int) -> str:
        """Return *amount*, in units of the indicator, without the detour through a float."""
        return f"{Decimal(amount) / self.units:.{self.decimals}f}"


def _kilograms(name: str, meaning: str) -> Quantity:
    return Quantity(name, "kilograms", 1000 * MICROGRAMS_PER_GRAM, 9, meaning)


def _liters(name: str, meaning: str) -> Quantity:
    return Quantity(name, "liters", MICROLITERS_PER_LITER, 6, meaning)


def _milligrams(name: str, meaning: str) -> Quantity:
    return Quantity(name, "milligrams", PICOGRAMS_PER_GRAM // 1000, 9, meaning)


def _kilowatt_hours(name: str, meaning: str, *, ranged: bool = True) -> Quantity:
    return Quantity(name, "kilowatt_hours", MICROJOULES_PER_KILOWATT_HOUR, 6, meaning, ranged)


TOGETHER: Final = _kilograms(
    EMISSIONS, "Greenhouse gases of use and making together, CO2e, with the error of the meters."
)
QUANTITIES: Final = {
    Indicator.ENERGY: _kilowatt_hours("known_energy", "The energy whose impacts are known.", ranged=False),
    Indicator.FACILITY_ENERGY: _kilowatt_hours("facility_energy", "That energy with what the room needs (times PUE)."),
    Indicator.GWP_USE: _kilograms("emissions_use", "Greenhouse gases of the electricity, CO2e, by place."),
    Indicator.GWP_EMBODIED: _kilograms("emissions_embodied", "Greenhouse gases of making the hardware, CO2e."),
    Indicator.GWP_USE_MARKET: _kilograms(
        "emissions_market", "Those of the electricity by contract, for information: part of no sum."
    ),
    Indicator.WATER_SITE: _liters("water_site", "Water that the site used up."),
    Indicator.WATER_GRID: _liters("water_grid", "Water that was used up to generate the electricity."),
    Indicator.PRIMARY_ENERGY: _kilowatt_hours("primary_energy", "Primary energy of the electricity."),
    Indicator.ADPE_USE: _milligrams("abiotic_resources_use", "Minerals and metals of the electricity, Sb equivalent."),
    Indicator.ADPE_EMBODIED: _milligrams(
        "abiotic_resources_embodied", "Minerals and metals of making the hardware, Sb equivalent."
    ),
    Indicator.COST: Quantity("cost", "euros", MICROS_PER_EURO, 6, "What the electricity cost.", ranged=False),
}
"""In the order in which they are told. All but kilowatt-hours are exact to the ledger's last digit."""


def hours(time: Duration) -> str:
    """Return *time* in hours, to the second at least, without zeros at the end."""
    text = f"{Decimal(time.nanoseconds) / HOUR.nanoseconds:.4f}"
    return text.rstrip("0").rstrip(".")


def told(impacts: Impacts) -> Iterator[tuple[Quantity, Bounds | None]]:
    """Yield every quantity with what *impacts* have of it; None: unknown."""
    yield TOGETHER, impacts.emissions
    for indicator, quantity in QUANTITIES.items():
        yield quantity, impacts.amounts.get(indicator)
