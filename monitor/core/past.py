"""How the counters stood in the past: of each series its points, in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from monitor.core.calendar import local_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo


class Totals(StrEnum):
    """What is counted since the ledger began. Each says what the key of its series is made of."""

    MEASURED = "measured"
    """Energy of the host: (resource, method), in microjoules."""
    ENERGY = "energy"
    """Energy of consumers: (consumer, resource, share), in microjoules."""
    IMPACTS = "impacts"
    """Impacts, as first booked: (consumer, indicator), in whole units of the indicator."""
    ACTIVITY = "activity"
    """What services did, by who is believed: (consumer, unit), in the ledger's units."""


Point = tuple[int, int]
"""When, in ns since the epoch, and the total that stood then, in the ledger's units."""


@dataclass(frozen=True, slots=True)
class Course:
    """How one counter stood at the end of each closed hour of which it is known, in order of time."""

    key: tuple[str, ...]
    points: Sequence[Point]


def by_day(points: Sequence[Point], zone: tzinfo, through: int) -> Iterator[Point]:
    """Yield the last of the *points* of each local day, at the end of that day, or at *through* where that is sooner.

    A day without a point has none.
    """
    end, last = 0, None
    for moment, amount in points:
        if moment > end:
            if last is not None:
                yield min(end, through), last
            # what stands at midnight is of the day that ends then
            end = local_day(moment - 1, zone).end
        last = amount
    if last is not None:
        yield min(end, through), last
