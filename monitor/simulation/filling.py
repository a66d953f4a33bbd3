"""A simulated year as the commits that a daemon would have made of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from monitor.core.entries import OpenBooks, Tallied
from monitor.core.impact import ImpactSeries, Indicator
from monitor.core.tally import COUNTED
from monitor.core.units import Duration, Energy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from monitor.core.entries import Bucket, Meter, Series
    from monitor.core.impact import HourImpacts
    from monitor.core.interval import Stamp
    from monitor.simulation.history import SimulatedYear

Key = TypeVar("Key")

HOURS_A_COMMIT: Final = 240
BOOT: Final = "a simulated year"
"""No boot has this identity: a daemon that goes on with the ledger compares none of its counters with the year's."""


def commits(year: SimulatedYear, at: Stamp) -> Iterator[tuple[OpenBooks, tuple[Bucket, ...]]]:
    """Yield the closed hours of *year*, oldest first, in lots, each with the books as they stood after it.

    The books say that they were written *at* this moment.
    """
    energy: dict[Series, int] = {}
    measured: dict[Meter, int] = {}
    covered: dict[str, int] = {}
    gaps: dict[str, int] = {}
    for gap in year.gaps:
        gaps[gap.cause] = gaps.get(gap.cause, 0) + gap.interval.length.nanoseconds
    hours = year.buckets()
    while lot := tuple(islice(hours, HOURS_A_COMMIT)):
        for bucket in lot:
            _add(energy, {series: amount.microjoules for series, amount in bucket.entries.items()})
            _add(measured, {meter: amount.microjoules for meter, amount in bucket.measured.items()})
            _add(covered, {resource: time.nanoseconds for resource, time in bucket.covered.items()})
        yield (
            OpenBooks(
                at=at,
                boot_id=BOOT,
                closed_through=lot[-1].start + year.hour.nanoseconds,
                energy={key: Energy(amount) for key, amount in energy.items()},
                measured={key: Energy(amount) for key, amount in measured.items()},
                covered={key: Duration(time) for key, time in covered.items()},
                gaps={cause: Duration(time) for cause, time in gaps.items()},
            ),
            lot,
        )


class ImpactCounters:
    """What the counters of impacts would have come to: that of the hours."""

    def __init__(self) -> None:
        self._units: dict[ImpactSeries, int] = {}

    def into(self, books: OpenBooks, hours: Iterable[HourImpacts]) -> OpenBooks:
        """Count what *hours* came to as well; return *books* with the counters."""
        for hour in hours:
            counted = (key for key in hour.amounts if key.indicator in (*COUNTED, Indicator.GWP_EMBODIED))
            _add(self._units, {key: hour.amounts[key].central for key in counted})
        return replace(books, impacts={key: Tallied(units, 0) for key, units in self._units.items()})


def _add(total: dict[Key, int], more: Mapping[Key, int]) -> None:
    for key, amount in more.items():
        total[key] = total.get(key, 0) + amount
