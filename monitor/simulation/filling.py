"""A simulated year as the commits that a daemon would have made of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from monitor.core.counted import Counters, counted
from monitor.core.entries import OpenBooks, Tallied
from monitor.core.impact import Indicator
from monitor.core.interval import Stamp
from monitor.core.tally import COUNTED
from monitor.core.units import Duration, Energy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from monitor.core.entries import Bucket, Gap
    from monitor.core.impact import HourImpacts
    from monitor.simulation.history import SimulatedYear

Key = TypeVar("Key")

HOURS_A_COMMIT: Final = 240
SHOWN: Final = frozenset({*COUNTED, Indicator.GWP_EMBODIED})
"""What has a counter."""
BOOT: Final = "a simulated year"
"""No boot has this identity: a daemon that goes on with the ledger compares none of its counters with the year's."""


def commits(
    year: SimulatedYear, at: Stamp, opening: OpenBooks | None = None
) -> Iterator[tuple[OpenBooks, tuple[Bucket, ...]]]:
    """Yield the closed hours of *year*, oldest first, in lots, each with the books as they stood after it.

    The books say that they were written when the last hour of the lot ended; *at* gives the boot clock. They go on from
    those of the *opening*, and hours before its end are left out. There are none where a daemon went on with the
    ledger: its books hold what it has to remember.
    """
    if opening is not None and opening.boot_id != BOOT:
        return
    totals = _Totals(opening)
    since = opening.closed_through if opening is not None else year.interval.start
    totals.miss(year.gaps, since)
    for lot in _lots(year, since):
        for bucket in lot:
            totals.add(bucket)
        yield totals.books(lot[-1].start + year.hour.nanoseconds, at), lot


def _lots(year: SimulatedYear, since: int) -> Iterator[tuple[Bucket, ...]]:
    """Yield the hours of *year* from *since* on; a lot ends where a service changes its department."""
    lot: list[Bucket] = []
    for bucket in year.buckets():
        if bucket.start < since:
            continue
        if lot and (len(lot) == HOURS_A_COMMIT or lot[-1].start < year.moved <= bucket.start):
            yield tuple(lot)
            lot.clear()
        lot.append(bucket)
    if lot:
        yield tuple(lot)


class _Totals:
    """The sums of all hours."""

    def __init__(self, opening: OpenBooks | None) -> None:
        before = opening or OpenBooks(Stamp(0, 0), BOOT, 0)
        self._energy = {series: amount.microjoules for series, amount in before.energy.items()}
        self._measured = {meter: amount.microjoules for meter, amount in before.measured.items()}
        self._covered = {resource: time.nanoseconds for resource, time in before.covered.items()}
        self._gaps = {cause: time.nanoseconds for cause, time in before.gaps.items()}
        self._activity = dict(before.activity)
        self._counters = Counters(before.counted)

    def miss(self, gaps: Iterable[Gap], since: int) -> None:
        """Count what was missed *since* then."""
        for gap in gaps:
            _add(self._gaps, [(gap.cause, max(0, gap.interval.end - max(gap.interval.start, since)))])

    def add(self, bucket: Bucket) -> None:
        """Count an hour."""
        _add(self._energy, ((series, amount.microjoules) for series, amount in bucket.entries.items()))
        _add(self._measured, ((meter, amount.microjoules) for meter, amount in bucket.measured.items()))
        _add(self._covered, ((resource, time.nanoseconds) for resource, time in bucket.covered.items()))
        _add(self._activity, bucket.activity.items())
        self._counters.change(counted(bucket.activity))

    def books(self, through: int, at: Stamp) -> OpenBooks:
        """Return the books as they stood when all before *through* was closed."""
        return OpenBooks(
            at=Stamp(through, at.boot),
            boot_id=BOOT,
            closed_through=through,
            energy={key: Energy(amount) for key, amount in self._energy.items()},
            measured={key: Energy(amount) for key, amount in self._measured.items()},
            covered={key: Duration(time) for key, time in self._covered.items()},
            gaps={cause: Duration(time) for cause, time in self._gaps.items() if time},
            activity=dict(self._activity),
            counted=self._counters.shown(),
        )


class ImpactCounters:
    """What the counters of impacts would have come to: that of the hours."""

    def __init__(self, opening: OpenBooks | None = None) -> None:
        """Go on from those of the *opening*."""
        self._units = {key: tallied.units for key, tallied in opening.impacts.items()} if opening is not None else {}

    def into(self, books: OpenBooks, hours: Iterable[HourImpacts]) -> OpenBooks:
        """Count what *hours* came to as well; return *books* with the counters."""
        for hour in hours:
            _add(self._units, ((key, one.central) for key, one in hour.amounts.items() if key.indicator in SHOWN))
        return replace(books, impacts={key: Tallied(units, 0) for key, units in self._units.items()})


def _add(total: dict[Key, int], more: Iterable[tuple[Key, int]]) -> None:
    for key, amount in more:
        total[key] = total.get(key, 0) + amount
