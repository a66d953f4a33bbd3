"""From energy to impacts: indicators, the rates that a kilowatt-hour costs, and what an hour comes to.

Every amount is a whole number of its indicator's unit, with a lower and an upper bound by the range of the factors.
What an hour comes to depends on that hour alone, so that any hour can be restated by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final

from monitor.core.units import (
    GRAMS_PER_KILOGRAM,
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_KILOWATT_HOUR,
    MICROLITERS_PER_LITER,
    MICROS_PER_EURO,
    PICOGRAMS_PER_GRAM,
    Energy,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.embodied import Asset
    from monitor.core.factors import Factor, How


class Indicator(StrEnum):
    """What is added up, in the unit that is given. The names are the ledger's."""

    ENERGY = "energy"
    """Energy of the machine whose impacts these are, in microjoules: what else was measured has unknown impacts."""
    FACILITY_ENERGY = "facility_energy"
    """That energy with what the room needs for it (times PUE), in microjoules. Unknown where the PUE is."""
    GWP_USE = "gwp_use"
    """Greenhouse gases of the electricity, location-based, in micrograms CO2e."""
    GWP_USE_MARKET = "gwp_use_market"
    """The same by what was bought (market-based), for information, in micrograms CO2e."""
    GWP_EMBODIED = "gwp_embodied"
    """Greenhouse gases of making the hardware, over its lifetime, in micrograms CO2e."""
    WATER_SITE = "water_site"
    """Water that the site used up (times WUE), in microlitres."""
    WATER_GRID = "water_grid"
    """Water that was used up to generate the electricity, in microlitres."""
    PRIMARY_ENERGY = "primary_energy"
    """Primary energy of the electricity, in microjoules."""
    ADPE_USE = "adpe_use"
    """Minerals and metals of the electricity, in picograms of antimony equivalent."""
    ADPE_EMBODIED = "adpe_embodied"
    """Minerals and metals of making the hardware, over its lifetime, in picograms of antimony equivalent."""
    COST = "cost"
    """What the electricity cost, in millionths of a euro."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """An amount with the range that its factors leave it: `low <= central <= high`."""

    low: int
    central: int
    high: int

    ZERO: ClassVar[Bounds]

    def __add__(self, other: Bounds) -> Bounds:
        """Add each to each: factors are shared, so that their errors add up linearly."""
        return Bounds(self.low + other.low, self.central + other.central, self.high + other.high)


Bounds.ZERO = Bounds(0, 0, 0)

RATE_STEPS: Final = 1_000_000
"""A rate is kept in millionths of the indicator's unit, so that what a factor says to the sixth decimal is exact."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one kilowatt-hour of the machine comes to, in millionths of the indicator's unit."""

    low: int
    central: int
    high: int

    def of(self, energy: Energy) -> Bounds:
        """Return what *energy* comes to, each bound to the nearest unit (half: to the even one)."""
        rates = (self.low, self.central, self.high)
        return Bounds(*(nearest(energy.microjoules * rate, ENERGY_STEPS) for rate in rates))


ENERGY_STEPS: Final = MICROJOULES_PER_KILOWATT_HOUR * RATE_STEPS
"""How many microjoules times a rate make one of the indicator's unit."""


class Role(StrEnum):
    """What a factor does in the calculation."""

    ELECTRICITY = "electricity"
    MARKET = "market"
    SHAPE = "shape"
    """The live intensity of the hour, by which the yearly level is scaled: level x shape / shape_level."""
    SHAPE_LEVEL = "shape_level"
    """The yearly mean of the provider of the shape."""
    WATER = "water"
    PRIMARY_ENERGY = "primary_energy"
    ABIOTIC_RESOURCES = "abiotic_resources"
    PUE = "pue"
    WUE = "wue"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Applied:
    """A factor at work, and how it was chosen."""

    role: Role
    factor: Factor
    how: tuple[How, ...]


@dataclass(frozen=True)
class Terms:
    """Everything that an hour is reckoned with."""

    zone: str
    applied: tuple[Applied, ...]
    """At most one for each role."""
    assets: tuple[Asset, ...] = ()
    filled: bool = False
    """A live intensity is configured and did not tell of all of the hour: the yearly level stands in for what is not
    told at all, the mean of what is told for the rest, until the data arrive."""

    @cached_property
    def rates(self) -> Mapping[Indicator, Rate]:
        """What a kilowatt-hour comes to; an indicator that is not there is unknown."""
        return rates_of(self.applied)


@dataclass(frozen=True, slots=True, order=True)
class ImpactSeries:
    """The key of an impact, beside its bucket."""

    consumer: str
    indicator: Indicator


@dataclass(frozen=True, slots=True)
class HourImpacts:
    """What one closed hour, which begins at `start` (ns since the epoch), came to, and by which terms."""

    start: int
    amounts: Mapping[ImpactSeries, Bounds]
    terms: Terms


@dataclass(frozen=True, slots=True)
class Range:
    """Three exact numbers, low to high, that multiply each with each."""

    low: Fraction
    central: Fraction
    high: Fraction

    def __mul__(self, other: Range) -> Range:
        return Range(self.low * other.low, self.central * other.central, self.high * other.high)

    def times(self, number: Fraction | int) -> Range:
        """Return each of them times *number*."""
        return Range(self.low * number, self.central * number, self.high * number)


def range_of(factor: Factor) -> Range:
    """Return the value of *factor* with its range, in the factor's unit."""
    return Range(Fraction(factor.low), Fraction(factor.value), Fraction(factor.high))


def rates_of(applied: Iterable[Applied]) -> dict[Indicator, Rate]:
    """Return what a kilowatt-hour of the machine comes to under the *applied* factors; what they don't tell is unknown.

    Without a PUE the figures are those of the machine alone, and the energy of the facility is unknown. Formulas:
    docs/method.md, section 2. Source: Green Software Foundation, SCI 1.1 (ISO/IEC 21031:2024), E x I; The Green Grid,
    WUE (2011): W = E x (WUE + PUE x water of the grid).
    """
    factors = {one.role: one.factor for one in applied}
    of = {role: range_of(factor) for role, factor in factors.items()}
    pue = of.get(Role.PUE, _ONE)
    rates: dict[Indicator, Range] = {}
    for role, (indicator, units) in _ROLES.items():
        if role in of:
            rates[indicator] = of[role].times(units) * (_ONE if role is Role.WUE else pue)
    if Role.PUE in of:
        rates[Indicator.FACILITY_ENERGY] = pue.times(MICROJOULES_PER_KILOWATT_HOUR)
    if Role.SHAPE in of and Indicator.GWP_USE in rates:
        ratio = of[Role.SHAPE].central / of[Role.SHAPE_LEVEL].central
        rates[Indicator.GWP_USE] = rates[Indicator.GWP_USE].times(ratio)
    return {indicator: _rate(found) for indicator, found in rates.items()}


_ONE: Final = Range(Fraction(1), Fraction(1), Fraction(1))

_ROLES: Final = {
    Role.ELECTRICITY: (Indicator.GWP_USE, MICROGRAMS_PER_GRAM),
    Role.MARKET: (Indicator.GWP_USE_MARKET, MICROGRAMS_PER_GRAM),
    Role.WATER: (Indicator.WATER_GRID, MICROLITERS_PER_LITER),
    Role.WUE: (Indicator.WATER_SITE, MICROLITERS_PER_LITER),
    Role.PRIMARY_ENERGY: (Indicator.PRIMARY_ENERGY, MICROJOULES_PER_KILOWATT_HOUR),
    Role.ABIOTIC_RESOURCES: (Indicator.ADPE_USE, PICOGRAMS_PER_GRAM * GRAMS_PER_KILOGRAM),
    Role.PRICE: (Indicator.COST, MICROS_PER_EURO),
}
"""What each role tells, and how many of the indicator's units are in the unit of its factors (monitor.core.factors)."""


def _rate(found: Range) -> Rate:
    return Rate(*(round(number * RATE_STEPS) for number in (found.low, found.central, found.high)))


def nearest(numerator: int, denominator: int) -> int:
    """Return *numerator* / *denominator* to the nearest whole number, a half to the even one. Never negative input."""
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))


def operational(energies: Mapping[str, Energy], terms: Terms) -> dict[ImpactSeries, Bounds]:
    """Return what the *energies* of an hour, by consumer, come to under *terms*."""
    amounts: dict[ImpactSeries, Bounds] = {}
    for consumer, energy in energies.items():
        whole = energy.microjoules
        amounts[ImpactSeries(consumer, Indicator.ENERGY)] = Bounds(whole, whole, whole)
        for indicator, rate in terms.rates.items():
            amounts[ImpactSeries(consumer, indicator)] = rate.of(energy)
    return amounts
