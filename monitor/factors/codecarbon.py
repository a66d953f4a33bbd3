"""A factor of a country that the set lacks, from CodeCarbon's table."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.adapters.codecarbon import energy_mix_of
from monitor.core.factors import Accounting, Basis, Boundary, Cycle, Factor, Quantity
from monitor.core.zones import COUNTRIES, canonical, parent_of

if TYPE_CHECKING:
    from monitor.adapters.codecarbon import EnergyMix
    from monitor.core.factors import Catalogue

PROVIDER: Final = "codecarbon"
LOOKED_UP: Final = date(2026, 11, 25)
"""When the table of the CodeCarbon that is pinned was looked at: it changes with that alone, not from day to day."""
SPREAD: Final = Decimal("0.25")
"""Of a single source. Source: docs/factors.md, the rules of the ranges."""


def completed(catalogue: Catalogue, zone: str) -> Catalogue:
    """Return *catalogue* with the factor of *zone*, or its country, where it has none of either.

    Raises CodeCarbonFailed where CodeCarbon has nothing of that country.
    """
    country = parent_of(canonical(zone)) or canonical(zone)
    if country not in COUNTRIES or {canonical(zone), country} & {*catalogue.zones()}:
        return catalogue
    mix = energy_mix_of(country)
    return catalogue.extended([codecarbon_factor(mix, LOOKED_UP)], f"codecarbon-{mix.version}")


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
