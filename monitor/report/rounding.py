"""Rounding of parts such that what is printed adds up: largest remainders.

Source: the method of Hamilton and Hare, as known from apportionment (Balinski and Young, Fair Representation, 1982).
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence


def rounded(parts: Sequence[int], unit: int, decimals: int) -> tuple[tuple[Decimal, ...], Decimal]:
    """Return *parts* and their sum in *unit* with so many *decimals*: the parts as printed add up to the printed sum.

    *parts* and *unit* are in the ledger's whole units. The sum is rounded to the nearest, halves to even; each part is
    off by less than one of its last digit. Those with the largest remainders are rounded up, the first of equal ones
    first, so that the same parts are always printed alike.
    """
    scale = 10**decimals
    whole = _nearest(sum(parts) * scale, unit)
    floors = [part * scale // unit for part in parts]
    missing = whole - sum(floors)
    by_remainder = sorted(range(len(parts)), key=lambda place: (-(parts[place] * scale % unit), place))
    for place in by_remainder[:missing]:
        floors[place] += 1
    return tuple(_decimal(count, decimals) for count in floors), _decimal(whole, decimals)


def alone(amount: int, unit: int, decimals: int) -> Decimal:
    """Return one *amount* that is no part of a sum, in *unit*, rounded to the nearest, halves to even."""
    return _decimal(_nearest(amount * 10**decimals, unit), decimals)


def _nearest(numerator: int, denominator: int) -> int:
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return quotient + (twice > denominator or (twice == denominator and quotient % 2 == 1))


_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)


def _decimal(count: int, decimals: int) -> Decimal:
    return Decimal(count).scaleb(-decimals, _CONTEXT)
