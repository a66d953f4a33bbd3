"""The products of an explanation as they are printed: who multiplies the printed numbers gets the printed result."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from monitor.cli.figures import UNITS, Product, Term, hours, plain, printed, rounded, shortest
from monitor.core.impact import Indicator, Role

if TYPE_CHECKING:
    from monitor.core.explanation import Bound, Step, WrittenOff
    from monitor.core.impact import Bounds

FEWEST: Final = 4
"""Decimals of a share in percent."""
MAKING: Final = {
    Indicator.GWP_EMBODIED: Term(Decimal(1000), "g/kg"),
    Indicator.ADPE_EMBODIED: Term(Decimal(1_000_000), "mg/kg"),
}
"""From the kilograms of the factors to what is printed."""


def product_of(step: Step, kilowatt_hours: Decimal, bound: Bound) -> Product:
    """Return the *step* as it is printed, from *kilowatt_hours* as they are printed."""
    terms = [Term(kilowatt_hours, "kWh")]
    for one, value in step.multipliers(bound):
        unit = "" if one.role is Role.PUE else one.factor.unit
        terms.append(Term(plain(value), unit, divides=one.role is Role.SHAPE_LEVEL))
    if step.indicator is Indicator.ADPE_USE:
        terms.append(MAKING[Indicator.ADPE_EMBODIED])
    return Product(tuple(terms), UNITS[step.indicator])


def making_of(written: WrittenOff, indicator: Indicator) -> Product | None:
    """Return what of the making of an asset is written off, as it is printed; None where that is unknown."""
    asset = written.asset
    factor = asset.gwp if indicator is Indicator.GWP_EMBODIED else asset.adpe
    if factor is None:
        return None
    share = [Term(plain(asset.share))] if asset.share != 1 else []
    return Product(
        (
            Term(plain(asset.amount)),
            Term(plain(factor.value), factor.unit),
            *share,
            MAKING[indicator],
            Term(hours(written.time.nanoseconds), "h"),
            Term(hours(asset.life.nanoseconds), "h", divides=True),
        ),
        UNITS[indicator],
    )


def share_of(indicator: Indicator, whole: Bounds, part: Bounds) -> Product:
    """Return the service's *part* of the *whole* as it is printed: its share has as many digits as that takes."""
    unit = UNITS[indicator]
    amount = printed(indicator, whole.central)
    digits = len(str(int(amount.scaleb(unit.decimals))))
    share = Fraction(100 * part.central, whole.central) if whole.central else Fraction(0)
    return Product((Term(amount, unit.name), Term(shortest(rounded(share, max(FEWEST, digits))), "%")), unit)
