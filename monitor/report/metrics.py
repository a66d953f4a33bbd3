"""How amounts of the metrics of clauses and commitments are told: by which name, in which unit, how exactly."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from monitor.core.contracts import Operator, Quantity
from monitor.core.units import GRAMS_PER_KILOGRAM
from monitor.report.rounding import alone

if TYPE_CHECKING:
    from decimal import Decimal

    from monitor.core.contracts import Metric
    from monitor.report.material import Material

DECIMALS: Final = 3
_JOULES_PER_WATT_HOUR: Final = 3600
SIGNS: Final = {Operator.AT_MOST: "≤", Operator.BELOW: "<", Operator.AT_LEAST: "≥", Operator.ABOVE: ">"}
_WHOLE: Final = {
    Quantity.ENERGY: ("kWh", Fraction(_JOULES_PER_WATT_HOUR * 1000)),
    Quantity.EMISSIONS: ("kgCO₂e", Fraction(GRAMS_PER_KILOGRAM)),
    Quantity.WATER: ("m³", Fraction(1000)),
    Quantity.SHARE: ("%", Fraction(1, 100)),
    Quantity.RATIO: ("", Fraction(1)),
    Quantity.INTENSITY: ("gCO₂e/kWh", Fraction(1)),
    Quantity.WATER_USE: ("L/kWh", Fraction(1)),
}
_PER_UNIT: Final = {
    Quantity.ENERGY: ("Wh", Fraction(_JOULES_PER_WATT_HOUR)),
    Quantity.EMISSIONS: ("gCO₂e", Fraction(1)),
}
"""In what figures are told, and how many of the quantity's units are one."""


def metric_name(material: Material, metric: Metric) -> str:
    """Return what *metric* is, in words."""
    name = material.say(f"indicator.{metric.measured.value}")
    if metric.functional is None:
        return name
    return material.say(
        "indicator.per_unit", indicator=name, unit=material.say(f"functional.{metric.functional.value}")
    )


def unit_of(metric: Metric) -> tuple[str, Fraction]:
    """Return in what figures of *metric* are told, and how many of its quantity's units are one."""
    return (_PER_UNIT if metric.functional is not None else _WHOLE)[metric.quantity]


def told(amount: Fraction | None, metric: Metric) -> Decimal | None:
    """Return an *amount* of *metric* in that unit, as it is printed; None: unknown."""
    return None if amount is None else _rounded(amount, metric)


def written(material: Material, amount: Fraction, metric: Metric) -> str:
    """Return the same as it is written in a sentence, with its unit."""
    number = material.words.number(_rounded(amount, metric), DECIMALS)
    return f"{number}\N{NO-BREAK SPACE}{unit_of(metric)[0]}".rstrip()


def _rounded(amount: Fraction, metric: Metric) -> Decimal:
    in_unit = amount / unit_of(metric)[1]
    return alone(in_unit.numerator, in_unit.denominator, DECIMALS)
