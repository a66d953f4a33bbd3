"""How what a unit of work took differs from hour to hour: the median and the 95th percentile.

Hours are weighed by what was done in them: half of all units were done in hours in which one took at most the median.
An hour in which nothing was done has no quotient; its energy is in the mean of the year, and in no percentile.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MEDIAN: Final = Fraction(1, 2)
MOST: Final = Fraction(95, 100)


@dataclass(frozen=True, slots=True)
class UnitHours:
    """What a service did of one unit in each hour in which it is known what that took, and how many hours are not."""

    amounts: Sequence[int]
    """How much was done in each of them; never 0."""
    energies: Sequence[int]
    """What each of them took, in microjoules, in the same order; never 0."""
    waiting: int = 0
    """Hours in which it used energy, and did none."""
    unknown: int = 0
    """Hours in which it did some, and it is not known what that took."""


@dataclass(frozen=True, slots=True)
class Spread:
    """What one unit took, over hours; unknown where there is none."""

    hours: int
    """How many hours it is known of."""
    waiting: int
    """Hours in which nothing was done: left out."""
    unknown: int
    """Hours in which something was done, and it is not known what that took: left out."""
    median: Fraction | None
    """Microjoules for each that was counted."""
    p95: Fraction | None
    """Likewise: 95 % of the units were done in hours in which one took at most that."""


def spread(parts: Iterable[UnitHours]) -> Spread:
    """Return how what a unit took differs over the hours of all *parts*."""
    found = list(parts)
    hours = [pair for one in found for pair in zip(one.energies, one.amounts, strict=True)]
    hours.sort(key=_order)
    return Spread(
        len(hours),
        sum(one.waiting for one in found),
        sum(one.unknown for one in found),
        *_percentiles(hours, MEDIAN, MOST),
    )


def _order(hour: tuple[int, int]) -> int:
    """Return a number in the order of the quotients: of amounts below 2**63, they differ by more than 2**-128."""
    energy, amount = hour
    return (energy << 128) // amount


def _percentiles(hours: Sequence[tuple[int, int]], *shares: Fraction) -> Iterator[Fraction | None]:
    """Yield the smallest quotient up to which at least each of *shares* of all that was done is.

    The *hours* are in the order of their quotients. Without any there is none.
    """
    done = list(accumulate(amount for _, amount in hours))
    for share in shares:
        yield Fraction(*hours[bisect_left(done, share * done[-1])]) if done else None
