"""What counts of what services did: in each hour what those say who are believed first, and counters that never fall.

Which of an hour's meters counts is certain only when the hour closes: events may come in after the server's page was
read. A counter shows each amount when it is booked; what turns out not to count comes off what it would grow by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.activity import RANKS, Unit, authoritative
from monitor.core.entries import Counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.activity import ActivitySeries

Counter = tuple[str, Unit]
"""Consumer and unit."""


class HourActivity:
    """What services did in one hour, by whoever says so."""

    def __init__(self) -> None:
        self.amounts: dict[ActivitySeries, int] = {}
        """That a service did nothing is known, and kept."""
        self._believed: dict[str, int] = {}

    def add(self, amounts: Mapping[ActivitySeries, int]) -> dict[Counter, int]:
        """Add *amounts*; return by how much that changes what counts."""
        changes: dict[Counter, int] = {}
        for series, amount in amounts.items():
            for key, change in self._add(series, amount).items():
                changes[key] = changes.get(key, 0) + change
        return changes

    def _add(self, series: ActivitySeries, amount: int) -> dict[Counter, int]:
        consumer, rank = series.consumer, RANKS[series.authority]
        believed = self._believed.get(consumer, len(RANKS))
        changes: dict[Counter, int] = {}
        if series.unit is not Unit.ENERGY and rank < believed:
            changes = {key: -counts for key, counts in self._counts_of(consumer).items() if key[1] is not Unit.ENERGY}
            self._believed[consumer] = believed = rank
        self.amounts[series] = self.amounts.get(series, 0) + amount
        if series.unit is Unit.ENERGY or rank == believed:
            key = (consumer, series.unit)
            changes[key] = changes.get(key, 0) + amount
        return changes

    def _counts_of(self, consumer: str) -> dict[Counter, int]:
        return counted({one: amount for one, amount in self.amounts.items() if one.consumer == consumer})


class Counters:
    """The counters of what services did."""

    def __init__(self, saved: Mapping[Counter, Counted]) -> None:
        """Go on with those *saved*."""
        self._counters = dict(saved)

    def change(self, changes: Mapping[Counter, int]) -> None:
        """Take over by how much what counts has changed."""
        for key, change in changes.items():
            before = self._counters.get(key, Counted(0))
            behind = change - before.ahead
            self._counters[key] = Counted(before.shown + max(0, behind), max(0, -behind))

    def shown(self) -> dict[Counter, Counted]:
        """Return the counters."""
        return dict(self._counters)


def counted(amounts: Mapping[ActivitySeries, int]) -> dict[Counter, int]:
    """Return what counts of the *amounts* of one hour, by consumer and unit: the meters of one authority together."""
    counts: dict[Counter, int] = {}
    for one in authoritative(amounts):
        key = (one.consumer, one.unit)
        counts[key] = counts.get(key, 0) + amounts[one]
    return counts
