"""Figures as they are printed where everything has to be done again by hand: exact decimals, and their products."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from monitor.core.impact import Indicator
from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_KILOWATT_HOUR,
    MICROLITERS_PER_LITER,
    MICROS_PER_EURO,
    NANOSECONDS_PER_SECOND,
    PICOGRAMS_PER_GRAM,
)

if TYPE_CHECKING:
    from datetime import tzinfo

    from monitor.cli.speech import Speech

MOST_DECIMALS: Final = 12
"""Of a factor: a mean price may have any number of them."""
TIMES: Final = "\N{MULTIPLICATION SIGN}"
DIVIDED_BY: Final = "\N{DIVISION SIGN}"


@dataclass(frozen=True, slots=True)
class Unit:
    """In what an indicator is printed: how many of its own units that is, and with how many decimals."""

    name: str
    size: int
    decimals: int


UNITS: Final = {
    Indicator.ENERGY: Unit("kWh", MICROJOULES_PER_KILOWATT_HOUR, 9),
    Indicator.FACILITY_ENERGY: Unit("kWh", MICROJOULES_PER_KILOWATT_HOUR, 6),
    Indicator.GWP_USE: Unit("gCO2e", MICROGRAMS_PER_GRAM, 3),
    Indicator.GWP_USE_MARKET: Unit("gCO2e", MICROGRAMS_PER_GRAM, 3),
    Indicator.GWP_EMBODIED: Unit("gCO2e", MICROGRAMS_PER_GRAM, 3),
    Indicator.WATER_SITE: Unit("L", MICROLITERS_PER_LITER, 3),
    Indicator.WATER_GRID: Unit("L", MICROLITERS_PER_LITER, 3),
    Indicator.PRIMARY_ENERGY: Unit("kWh", MICROJOULES_PER_KILOWATT_HOUR, 6),
    Indicator.ADPE_USE: Unit("mgSbe", PICOGRAMS_PER_GRAM // 1000, 6),
    Indicator.ADPE_EMBODIED: Unit("mgSbe", PICOGRAMS_PER_GRAM // 1000, 6),
    Indicator.COST: Unit("EUR", MICROS_PER_EURO, 4),
}
"""More decimals of energy than of what it is multiplied to: so its rounding does not show in the result."""


def rounded(value: Fraction, decimals: int) -> Decimal:
    """Return *value* with so many decimals, a half to the even one."""
    return Decimal(round(value * 10**decimals)).scaleb(-decimals)


def printed(indicator: Indicator, amount: int) -> Decimal:
    """Return *amount*, in the unit of *indicator*, as it is printed, in that of `UNITS`."""
    unit = UNITS[indicator]
    return rounded(Fraction(amount, unit.size), unit.decimals)


def plain(value: Decimal) -> Decimal:
    """Return *value* with no more decimals than are printed."""
    exponent = value.as_tuple().exponent
    few = isinstance(exponent, int) and exponent >= -MOST_DECIMALS
    return value if few else rounded(Fraction(value), MOST_DECIMALS)


@dataclass(frozen=True, slots=True)
class Term:
    """One number of a product, with its unit; it multiplies, or divides."""

    value: Decimal
    unit: str = ""
    divides: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """Numbers as they are printed, and what they come to: whoever multiplies them gets the same."""

    terms: tuple[Term, ...]
    unit: Unit

    @property
    def result(self) -> Decimal:
        """What they come to, as it is printed."""
        value = Fraction(1)
        for term in self.terms:
            number = Fraction(term.value) / 100 if term.unit == "%" else Fraction(term.value)
            value = value / number if term.divides else value * number
        return rounded(value, self.unit.decimals)


class Figures:
    """Writes figures in one language."""

    def __init__(self, speech: Speech, zone: tzinfo) -> None:
        self._speech = speech
        self._zone = zone

    def number(self, value: Decimal) -> str:
        """Return *value* with all its digits."""
        exponent = value.as_tuple().exponent
        return self._speech.number(value, max(0, -exponent) if isinstance(exponent, int) else 0)

    def amount(self, indicator: Indicator, amount: int) -> str:
        """Return *amount*, in the unit of *indicator*, with the unit that people use."""
        return f"{self.number(printed(indicator, amount))} {UNITS[indicator].name}"

    def product(self, product: Product) -> str:
        """Return *product* with its result, as one line."""
        first, *others = product.terms
        return "".join(
            (
                self._term(first),
                *(f" {DIVIDED_BY if one.divides else TIMES} {self._term(one)}" for one in others),
                f" = {self.number(product.result)} {product.unit.name}",
            )
        )

    def moment(self, wall: int) -> str:
        """Return the local date and time of *wall*, in ns since the epoch, to the minute."""
        local = datetime.fromtimestamp(wall // NANOSECONDS_PER_SECOND, self._zone)
        return local.strftime(self._speech.say("explain.moment"))

    def between(self, low: str, high: str) -> str:
        """Return a range."""
        return self._speech.say("factors.range", low=low, high=high)

    def _term(self, term: Term) -> str:
        return f"{self.number(term.value)} {term.unit}".rstrip()


def hours(nanoseconds: int) -> Decimal:
    """Return a time in hours, as it is printed."""
    return shortest(rounded(Fraction(nanoseconds, 3600 * 10**9), 6))


def shortest(value: Decimal) -> Decimal:
    """Return *value* without the zeros that end its decimals."""
    whole = value.to_integral_value()
    return whole if value == whole else value.normalize()
