"""Rounding of parts such that what is printed adds up: largest remainders.

Source: the method of Hamilton and Hare, as known from apportionment (Balinski and Young, Fair Representation, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass
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
    whole = _nearest(sum(parts) * 10**decimals, unit)
    counts = _counts(parts, unit, decimals, whole)
    return tuple(_decimal(count, decimals) for count in counts), _decimal(whole, decimals)


def _counts(parts: Sequence[int], unit: int, decimals: int, whole: int) -> list[int]:
    """Return how many of its last digit each of *parts* is printed as, so that they sum to *whole*."""
    scale = 10**decimals
    counts = [part * scale // unit for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda place: (-(parts[place] * scale % unit), place))
    for place in by_remainder[: whole - sum(counts)]:
        counts[place] += 1
    return counts


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two parts of each of several amounts, as printed: they add up along every row, and down every column."""

    first: tuple[Decimal, ...]
    second: tuple[Decimal, ...]
    both: tuple[Decimal, ...]
    whole: tuple[Decimal, Decimal, Decimal]
    """The sums of the three columns."""


def rounded_pairs(first: Sequence[int], second: Sequence[int], unit: int, decimals: int) -> Pairs:
    """Return *first* and *second*, as many of each, and their sums by row, rounded such that all of it adds up.

    The sum of all is rounded to the nearest. Each part is off by less than one of its last digit, and so may be the sum
    of a row by less than two: what adds up both ways can't be had closer in each case.
    """
    columns = (first, second)
    _, whole = rounded([sum(column) for column in columns], unit, decimals)
    sums = _counts([sum(column) for column in columns], unit, decimals, int(whole.scaleb(decimals)))
    one, other = (_counts(column, unit, decimals, total) for column, total in zip(columns, sums, strict=True))
    return Pairs(
        tuple(_decimal(count, decimals) for count in one),
        tuple(_decimal(count, decimals) for count in other),
        tuple(_decimal(sum(pair), decimals) for pair in zip(one, other, strict=True)),
        (_decimal(sums[0], decimals), _decimal(sums[1], decimals), whole),
    )


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
