"""What indicators are called for programs, with the unit in the name, and how many of their own units make that one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.impact import Indicator
from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_JOULE,
    MICROLITERS_PER_LITER,
    MICROS_PER_EURO,
    PICOGRAMS_PER_GRAM,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.impact import Bounds

NAMES: Final = {
    Indicator.ENERGY: ("energy_joules", MICROJOULES_PER_JOULE),
    Indicator.FACILITY_ENERGY: ("facility_energy_joules", MICROJOULES_PER_JOULE),
    Indicator.GWP_USE: ("emissions_use_grams", MICROGRAMS_PER_GRAM),
    Indicator.GWP_EMBODIED: ("emissions_embodied_grams", MICROGRAMS_PER_GRAM),
    Indicator.GWP_USE_MARKET: ("emissions_market_grams", MICROGRAMS_PER_GRAM),
    Indicator.WATER_GRID: ("water_grid_liters", MICROLITERS_PER_LITER),
    Indicator.WATER_SITE: ("water_site_liters", MICROLITERS_PER_LITER),
    Indicator.PRIMARY_ENERGY: ("primary_energy_joules", MICROJOULES_PER_JOULE),
    Indicator.ADPE_USE: ("abiotic_resources_use_grams", PICOGRAMS_PER_GRAM),
    Indicator.ADPE_EMBODIED: ("abiotic_resources_embodied_grams", PICOGRAMS_PER_GRAM),
    Indicator.COST: ("cost_euros", MICROS_PER_EURO),
}
"""Name, and units in its base unit, of each indicator."""


def ranges(amounts: Mapping[Indicator, Bounds]) -> dict[str, dict[str, float]]:
    """Return *amounts* by name, each as its `low`, `central` and `high`; an indicator that is not there is unknown."""
    return {
        name: range_in(amounts[indicator], units) for indicator, (name, units) in NAMES.items() if indicator in amounts
    }


def range_in(bounds: Bounds, units: int) -> dict[str, float]:
    """Return *bounds* in a unit that has so many *units*."""
    return {"low": bounds.low / units, "central": bounds.central / units, "high": bounds.high / units}
