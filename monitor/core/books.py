"""The open books: totals since the ledger began, and the minutes and hours that may still receive entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.core.attribution import apportion
from monitor.core.counted import Counters, HourActivity
from monitor.core.entries import Bucket, Grain, Holding, Meter, Series
from monitor.core.interval import MINUTE, Interval, bucket_of
from monitor.core.units import Duration, Energy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor.core.activity import ActivitySeries, Unit
    from monitor.core.attribution import Parts
    from monitor.core.entries import Counted, OpenBooks


@dataclass(frozen=True, slots=True)
class _Posting:
    """Energy in microjoules, its parts, and the time it covers in nanoseconds."""

    meter: Meter
    energy: int
    parts: Parts
    covered: int

    def first(self, time: int, whole: int) -> _Posting:
        """Return what of this falls in the first *time* of *whole*. No part gets more than there is of it."""
        parts = apportion(sum(self.parts.values()) * time // whole, self.parts)
        return _Posting(self.meter, self.energy * time // whole, parts, self.covered * time // whole)

    def less(self, other: _Posting) -> _Posting:
        """Return this without *other*, which is a part of it."""
        parts = {key: part - other.parts.get(key, 0) for key, part in self.parts.items()}
        return _Posting(self.meter, self.energy - other.energy, parts, self.covered - other.covered)


@dataclass(slots=True)
class _Page:
    """One bucket in the writing, or the totals."""

    entries: dict[Series, int] = field(default_factory=dict)
    measured: dict[Meter, int] = field(default_factory=dict)
    covered: dict[str, int] = field(default_factory=dict)
    reserved: dict[Holding, int] = field(default_factory=dict)
    activity: HourActivity = field(default_factory=HourActivity)

    def post(self, posting: _Posting) -> None:
        """Add *posting*."""
        meter = posting.meter
        for (consumer, share), part in posting.parts.items():
            series = Series(consumer, meter.resource, share, meter.method)
            self.entries[series] = self.entries.get(series, 0) + part
        self.measured[meter] = self.measured.get(meter, 0) + posting.energy
        self.covered[meter.resource] = self.covered.get(meter.resource, 0) + posting.covered

    def hold(self, times: Mapping[Holding, int]) -> None:
        """Add for how long the hardware was held, in ns."""
        for key, time in times.items():
            self.reserved[key] = self.reserved.get(key, 0) + time


class Books:
    """Entries come in for stretches of time; buckets come out when they close."""

    def __init__(self, opening: OpenBooks | None, hour: Duration, now: int) -> None:
        """Go on where *opening* left off; None: begin at *now* (ns since the epoch). *hour* is the closed grain."""
        self._lengths = {Grain.MINUTE: MINUTE, Grain.HOUR: hour}
        self._totals = _Page()
        self._activity: dict[ActivitySeries, int] = {}
        self._counters = Counters(opening.counted if opening is not None else {})
        self.closed_through = bucket_of(now, MINUTE) if opening is None else opening.closed_through
        self._pages: dict[tuple[Grain, int], _Page] = {}
        if opening is not None:
            self._resume(opening)

    def post(self, interval: Interval, meter: Meter, energy: Energy, parts: Parts, covered: Duration) -> None:
        """Book the *energy* that *meter* measured over *interval*, its *parts*, and for how long it was *covered*.

        What spans an edge is split by time. What lies before `closed_through` goes to the first bucket still open.
        """
        posting = _Posting(meter, energy.microjoules, parts, covered.nanoseconds)
        for start, piece in _pieces(self._open_part(interval), posting):
            for grain, length in self._lengths.items():
                page = self._pages.setdefault((grain, bucket_of(start, length)), _Page())
                page.post(piece)
        self._totals.post(posting)

    def hold(self, interval: Interval, times: Mapping[Holding, int]) -> None:
        """Book for how long, in ns, hardware was held over *interval*: in its hours, and in the totals.

        An hour that is closed gets no more of it, and no other hour gets it instead: who held the hardware then is no
        one who holds it now.
        """
        hour = self._lengths[Grain.HOUR]
        for piece in interval.split(hour):
            start = bucket_of(piece.start, hour)
            if start + hour.nanoseconds > self.closed_through:
                share = {key: _part(time, piece, interval) for key, time in times.items()}
                self._pages.setdefault((Grain.HOUR, start), _Page()).hold(share)
        self._totals.hold(times)

    def act(self, interval: Interval, amounts: Mapping[ActivitySeries, int]) -> None:
        """Book what services did over *interval*: in the hours, each its part by time, and in the totals.

        What lies before `closed_through` goes to the first hour still open: nothing of it is lost.
        """
        hour, open_part = self._lengths[Grain.HOUR], self._open_part(interval)
        for piece in open_part.split(hour):
            share = {key: _part(amount, piece, open_part) for key, amount in amounts.items()}
            page = self._pages.setdefault((Grain.HOUR, bucket_of(piece.start, hour)), _Page())
            self._counters.change(page.activity.add(share))
        self._note(amounts)

    def activity(self) -> dict[ActivitySeries, int]:
        """Return what services did since the ledger began."""
        return dict(self._activity)

    def counted(self) -> dict[tuple[str, Unit], Counted]:
        """Return what counts of it, by consumer and unit, as counters: none of them ever falls."""
        return self._counters.shown()

    def reserved(self) -> dict[Holding, Duration]:
        """Return for how long hardware was held since the daemon began."""
        return {key: Duration(time) for key, time in self._totals.reserved.items()}

    def close(self, watermark: int) -> list[Bucket]:
        """Return the buckets that end at or before *watermark* (ns since the epoch), oldest first: they are closed now.

        The watermark never goes back: an earlier one closes nothing.
        """
        self.closed_through = max(self.closed_through, bucket_of(watermark, MINUTE))
        ended = sorted(
            (start + self._lengths[grain].nanoseconds, grain, start)
            for grain, start in self._pages
            if start + self._lengths[grain].nanoseconds <= self.closed_through
        )
        return [_bucket(grain, start, self._pages.pop((grain, start))) for _, grain, start in ended]

    def open(self) -> tuple[Bucket, ...]:
        """Return the buckets that may still change, as they are now."""
        return tuple(_bucket(grain, start, page) for (grain, start), page in sorted(self._pages.items()))

    def conservation_error(self) -> Energy:
        """Return what was measured less what was attributed, since the ledger began. Not zero: a defect."""
        return Energy(sum(self._totals.measured.values()) - sum(self._totals.entries.values()))

    def totals(self) -> tuple[dict[Series, Energy], dict[Meter, Energy], dict[str, Duration]]:
        """Return the totals since the ledger began: by series, by meter, and the time covered by resource."""
        return (
            {series: Energy(part) for series, part in self._totals.entries.items()},
            {meter: Energy(amount) for meter, amount in self._totals.measured.items()},
            {resource: Duration(time) for resource, time in self._totals.covered.items()},
        )

    def _open_part(self, interval: Interval) -> Interval:
        start = max(interval.start, self.closed_through)
        return Interval(start, max(start, interval.end))

    def _resume(self, opening: OpenBooks) -> None:
        self._totals = _page(opening.energy, opening.measured, opening.covered)
        self._note(opening.activity)
        for bucket in opening.open:
            page = _page(bucket.entries, bucket.measured, bucket.covered)
            page.hold({key: time.nanoseconds for key, time in bucket.reserved.items()})
            page.activity.add(bucket.activity)
            self._pages[bucket.grain, bucket.start] = page

    def _note(self, amounts: Mapping[ActivitySeries, int]) -> None:
        """Add what services did to the totals."""
        for key, amount in amounts.items():
            self._activity[key] = self._activity.get(key, 0) + amount


def _pieces(interval: Interval, posting: _Posting) -> Iterator[tuple[int, _Posting]]:
    """Yield the start of each minute's piece of *interval*, and what of *posting* falls in it."""
    for piece in interval.split(MINUTE):
        if piece.end == interval.end:
            yield piece.start, posting
            return
        first = posting.first(piece.end - piece.start, interval.end - piece.start)
        yield piece.start, first
        posting = posting.less(first)


def _part(time: int, piece: Interval, whole: Interval) -> int:
    """Return what of *time* falls in *piece*: the parts of pieces that join sum to it."""
    length = whole.length.nanoseconds
    if not length:
        return time
    return time * (piece.end - whole.start) // length - time * (piece.start - whole.start) // length


def _page(entries: Mapping[Series, Energy], measured: Mapping[Meter, Energy], covered: Mapping[str, Duration]) -> _Page:
    return _Page(
        {series: energy.microjoules for series, energy in entries.items()},
        {meter: energy.microjoules for meter, energy in measured.items()},
        {resource: time.nanoseconds for resource, time in covered.items()},
    )


def _bucket(grain: Grain, start: int, page: _Page) -> Bucket:
    return Bucket(
        grain,
        start,
        {series: Energy(part) for series, part in page.entries.items() if part},
        {meter: Energy(amount) for meter, amount in page.measured.items() if amount},
        {resource: Duration(time) for resource, time in page.covered.items() if time},
        {key: Duration(time) for key, time in page.reserved.items() if time},
        dict(page.activity.amounts),
    )
