"""A factor of a country that the set lacks, from CodeCarbon's table."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.core.factors import Accounting, Basis, Boundary, Cycle, Factor, Quantity

if TYPE_CHECKING:
    from monitor.adapters.codecarbon import EnergyMix

PROVIDER: Final = "codecarbon"
SPREAD: Final = Decimal("0.25")
"""Of a single source. Source: docs/factors.md, the rules of the ranges."""


def codecarbon_factor(mix: EnergyMix, retrieved: date) -> Factor:
    """Return the factor of a country's *mix*, in gCO2e/kWh, as looked up on the day *retrieved*."""
    value = mix.grams_per_kilowatt_hour
    return Factor(
        key=f"electricity/{mix.country}/{PROVIDER}/{mix.year}",
        quantity=Quantity.ELECTRICITY,
        subject=mix.country,
        provider=PROVIDER,
        value=value,
        low=value * (1 - SPREAD),
        high=value * (1 + SPREAD),
        unit="gCO2e/kWh",
        year=mix.year,
        valid_from=date(mix.year, 1, 1),
        valid_to=None,
        basis=Basis(Cycle.LIFE_CYCLE, Boundary.GENERATION, Accounting.LOCATION),
        source=f"CodeCarbon {mix.version}, energy mix of {mix.name} {mix.year}, from Our World in Data",
        address="https://ourworldindata.org/grapher/carbon-intensity-electricity",
        licence="CC BY 4.0 (Our World in Data)",
        retrieved=retrieved,
        note="range: +-25 %, a single source",
    )
