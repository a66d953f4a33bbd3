"""How sure a figure is: the error of the meters and the range of the factors, put together.

Meters that are independent of one another add up by the root of the sum of their squares; a factor is shared by all
that it is applied to, and its range adds up linearly. Rules: docs/method.md, section 6; worked example: section 7.
Source: IPCC 2006 Guidelines, volume 1, chapter 3, equations 3.1 and 3.2; JCGM 100:2008 (GUM), 5.1.2 and 5.2.2.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING, Final

from monitor.core.impact import Bounds
from monitor.core.readings import Method

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.entries import Meter
    from monitor.core.units import Energy

METHOD_ERROR: Final = {
    Method.COUNTER: Fraction(10, 100),
    Method.INTEGRATED: Fraction(25, 100),
    Method.DECLARED: Fraction(25, 100),
    Method.MODELLED: Fraction(50, 100),
}
"""Relative error of an energy, by how it was obtained. Source: the classes high (+-10 %), medium (+-25 %) and low
(+-50 %) of BoAmps (Boavizta); which method is in which class is our choice (docs/method.md, section 6)."""


def measure_error(energies: Mapping[Meter, Energy]) -> Fraction:
    """Return the relative error of the sum of *energies*, each resource and method being a meter of its own.

    0 where there is no energy.
    """
    total = sum(energy.microjoules for energy in energies.values())
    if not total:
        return Fraction(0)
    errors = (METHOD_ERROR[meter.method] * energy.microjoules for meter, energy in energies.items())
    squares = sum((error**2 for error in errors), Fraction(0))
    return Fraction(root(squares), total)


def with_measure(amount: Bounds, error: Fraction) -> Bounds:
    """Return *amount* with the relative *error* of what was measured added to the range of its factors."""
    measured = amount.central * error
    return Bounds(
        max(0, amount.central - root((amount.central - amount.low) ** 2 + measured**2)),
        amount.central,
        amount.central + root((amount.high - amount.central) ** 2 + measured**2),
    )


def together(amounts: Iterable[Bounds]) -> Bounds:
    """Return the sum of *amounts* that are independent of one another: use and embodied, say."""
    parts = tuple(amounts)
    central = sum(part.central for part in parts)
    return Bounds(
        max(0, central - root(Fraction(sum((part.central - part.low) ** 2 for part in parts)))),
        central,
        central + root(Fraction(sum((part.high - part.central) ** 2 for part in parts))),
    )


def emissions(use: Bounds | None, made: Bounds | None, energies: Mapping[Meter, Energy]) -> Bounds | None:
    """Return the emissions of *use* (of the *energies*) and of what was *made*, together; None where both are unknown.

    The error of the measure is in it: what comes out is what a reader is told.
    """
    parts = [with_measure(use, measure_error(energies))] if use is not None else []
    parts += [made] if made is not None else []
    return together(parts) if parts else None


def root(square: Fraction) -> int:
    """Return the square root of *square*, rounded up: an error is not made smaller than it is."""
    whole = -(-square.numerator // square.denominator)
    root = isqrt(whole)
    return root + (root * root < whole)
