"""What this day, month, quarter and year have cost so far, and the ones before: the closed hours and the open ones.

The sums of closed hours are kept, and grow by the hour that closes, so that to ask at every tick costs little. Where
hours are restated, what that changes is added to the sums that hold them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final, TypeVar
from zoneinfo import ZoneInfo

from monitor.core.calendar import PERIODS, period_bounds
from monitor.core.entries import Grain, Meter
from monitor.core.figures import Figures, Grouped
from monitor.core.groups import Group
from monitor.core.impact import Bounds
from monitor.core.interval import HOUR, MINUTE, Interval, bucket_of
from monitor.core.units import Duration, Energy
from monitor.ledger.consulting import Corrections
from monitor.ledger.deeds import Deeds, Holders, idle_of, of_all_meters, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from monitor.core.activity import ActivitySeries
    from monitor.core.entries import Bucket, OpenBooks, Series
    from monitor.core.groups import Holder
    from monitor.core.impact import HourImpacts, ImpactSeries, Indicator
    from monitor.core.interval import Stamp
    from monitor.ledger.naming import Naming
    from monitor.ledger.reading import Sums
    from monitor.ledger.store import Ledger

AT_ONCE: Final = Duration(31 * 24 * HOUR.nanoseconds)
"""Most that is read in one go: a server has to answer within the time that a commit may take."""
_EVER: Final = 1 << 63
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class _Sum:
    """What was booked from `start` to `end`: microjoules by holder and meter, impacts, ns covered by resource.

    Holders are services, and groups of them beside: nothing of a group is to be added to what is of its services.
    `idle` is by consumer, in microjoules; `activity` is what counts, and `beside` are the cross-checks, of all meters.
    """

    start: int
    end: int
    meters: Mapping[tuple[Holder, Meter], int] = field(default_factory=dict)
    impacts: Mapping[tuple[Holder, Indicator], Bounds] = field(default_factory=dict)
    covered: Mapping[str, int] = field(default_factory=dict)
    idle: Mapping[str, int] = field(default_factory=dict)
    activity: Mapping[ActivitySeries, int] = field(default_factory=dict)
    beside: Mapping[ActivitySeries, int] = field(default_factory=dict)

    def plus(self, *others: _Sum) -> _Sum:
        """Return the sum of this and *others*, which go on where it ends."""
        return _Sum(
            self.start,
            max(self.end, *(one.end for one in others)) if others else self.end,
            _added(self.meters, *(one.meters for one in others)),
            _together(self.impacts, *(one.impacts for one in others)),
            _added(self.covered, *(one.covered for one in others)),
            _added(self.idle, *(one.idle for one in others)),
            _added(self.activity, *(one.activity for one in others)),
            _added(self.beside, *(one.beside for one in others)),
        )


class Periods:
    """Holds the sum of the closed hours of each period of one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._zone = ZoneInfo(ledger.timezone)
        self._sums: dict[str, _Sum] = {}
        self._earlier: tuple[_Sum, ...] = ()
        """The sums as they were: where a period has ended, its sum goes on under the name of the previous one."""
        self._corrections = Corrections(frozenset(), 0)
        self._closed = -1
        self._looked = 0
        self._shown = _Shown({})

    def of(self, books: OpenBooks, now: Stamp, open_impacts: Sequence[HourImpacts] = ()) -> Figures:
        """Return the figures at *now*, with the open hours of *books*, which have been committed.

        *open_impacts* are what the open hours have come to so far. A correction of closed hours shows within a minute.
        Raises LedgerError.
        """
        closed = bucket_of(books.closed_through, self._ledger.grain)
        self._notice_corrections(closed, now)
        bounds = {period: period_bounds(period, now.wall, self._zone) for period in PERIODS}
        self._earlier = tuple(self._sums.values()) or self._parts(bounds, closed)
        # shorter ones first: longer ones are made of them, so that no hour is read twice
        for period in sorted(PERIODS, key=lambda name: bounds[name].length):
            self._sums[period] = self._closed_sum(period, bounds[period], closed)
        if self._shown.sums != self._sums:
            self._shown = _Shown(dict(self._sums))
        hours = _open_hours(books.open, open_impacts, self._ledger.naming())
        return self._shown.with_open(hours, bounds)

    def _closed_sum(self, period: str, bounds: Interval, closed: int) -> _Sum:
        """Return the sum of the closed hours of *period*, made of what is known and of what is read."""
        span = self._span(period, bounds, closed)
        known = self._sums.get(period)
        if known is not None and (known.start, known.end) == (span.start, span.end):
            return known
        whole = _Sum(span.start, span.start)
        while whole.end < span.end:
            whole = whole.plus(self._next(whole.end, span.end))
        return whole

    def _span(self, period: str, bounds: Interval, closed: int) -> Interval:
        """Return the time of the closed hours of *period*."""
        end = bucket_of(min(_end_of(period, bounds), closed), self._ledger.grain)
        return Interval(bounds.start, max(bounds.start, end))

    def _parts(self, bounds: Mapping[str, Interval], closed: int) -> tuple[_Sum, ...]:
        """Return the sums of the parts that all periods are made of, read at the same time: nothing is known yet."""
        spans = [self._span(period, within, closed) for period, within in bounds.items()]
        edges = sorted({edge for one in spans if one.start < one.end for edge in (one.start, one.end)})
        parts = [part for first, last in pairwise(edges) for part in Interval(first, last).split(AT_ONCE)]
        read = self._ledger.sums_of(parts, self._corrections.impacts)
        return tuple(_sum_of(part, sums) for part, sums in zip(parts, read, strict=True))

    def _next(self, start: int, end: int) -> _Sum:
        """Return the longest known sum from *start* that does not go beyond *end*; else read up to the next known."""
        inside = [one for one in (*self._sums.values(), *self._earlier) if start <= one.start < one.end <= end]
        here = [one for one in inside if one.start == start]
        if here:
            return max(here, key=lambda one: one.end)
        known = (one.start for one in inside)
        interval = Interval(start, min(start + AT_ONCE.nanoseconds, end, *known))
        # as the restatements were that are known of: one that was made since is noticed later, and added then
        return _sum_of(interval, self._ledger.sums(interval, self._corrections.impacts))

    def _notice_corrections(self, closed: int, now: Stamp) -> None:
        """Bring what is known up to date with restatements; look for them when an hour has closed, or each minute."""
        if closed == self._closed and now.boot - self._looked < MINUTE.nanoseconds:
            return
        found, known = self._ledger.corrections(), self._corrections
        if found.energy != known.energy or found.impacts < known.impacts:
            self._sums.clear()
        elif found.impacts > known.impacts and self._sums:
            self._restate(known.impacts, found.impacts)
        self._closed, self._looked, self._corrections = closed, now.boot, found

    def _restate(self, before: int, after: int) -> None:
        """Add to each known sum what the restatements after the one numbered *before* have changed."""
        restated = self._ledger.restated(before, after)
        parts = {period: tuple(_within(restated, known)) for period, known in self._sums.items()}
        asked = {part: self._change(part, before, after) for part in {one for of_it in parts.values() for one in of_it}}
        changes = {part: change for part, change in asked.items() if change is not None}
        # all at once: nothing may be added twice because the ledger failed in between
        self._sums = {
            period: replace(known, impacts=_together(known.impacts, *(changes[part] for part in parts[period])))
            for period, known in self._sums.items()
            if changes.keys() >= set(parts[period])
        }

    def _change(self, part: Interval, before: int, after: int) -> dict[tuple[Holder, Indicator], Bounds] | None:
        """Return what the restatements have changed in *part*; None where something has become unknown."""
        old, new = (self._ledger.held(part, through) for through in (before, after))
        if old.keys() - new.keys():
            return None
        return {key: _less(amount, old.get(key, Bounds.ZERO)) for key, amount in new.items()}


class _Shown:
    """The figures of the closed hours, made once for as long as none closes, and with the open ones at every tick."""

    def __init__(self, sums: Mapping[str, _Sum]) -> None:
        self.sums = sums
        self._energy: dict[tuple[Holder, str], Energy] = {}
        self._methods: dict[tuple[str, str], Energy] = {}
        self._impacts: dict[tuple[Holder, Indicator, str], Bounds] = {}
        self._meters: dict[tuple[Holder, str], dict[Meter, Energy]] = {}
        self._deeds = Deeds({}, {}, {}, {})
        for period, one in sums.items():
            _add_energy(_Used.of(one), period, self._energy, self._methods, self._meters)
            self._deeds.add(one.idle, one.activity, one.beside, period)
            self._impacts |= {(*key, period): amount for key, amount in one.impacts.items()}

    def with_open(self, hours: Sequence[_Sum], bounds: Mapping[str, Interval]) -> Figures:
        """Return the figures with the open *hours*, each in the periods whose *bounds* it begins in."""
        energy, methods, impacts = dict(self._energy), dict(self._methods), dict(self._impacts)
        meters, deeds = dict(self._meters), self._deeds.copy()
        coverage: dict[str, float | None] = {}
        used = {hour.start: _Used.of(hour) for hour in hours}
        for period, within in bounds.items():
            inside = [hour for hour in hours if within.start <= hour.start < _end_of(period, within)]
            for hour in inside:
                _add_energy(used[hour.start], period, energy, methods, meters)
                deeds.add(hour.idle, hour.activity, hour.beside, period)
                for (holder, indicator), amount in hour.impacts.items():
                    key = (holder, indicator, period)
                    impacts[key] = impacts[key] + amount if key in impacts else amount
            covered = _added(self.sums[period].covered, *(hour.covered for hour in inside))
            coverage[period] = _coverage(covered, within)
        return Figures(
            {(one, period): amount for (one, period), amount in energy.items() if isinstance(one, str)},
            coverage,
            methods,
            {(one, what, period): amount for (one, what, period), amount in impacts.items() if isinstance(one, str)},
            {(one, period): amount for (one, period), amount in meters.items() if isinstance(one, str)},
            deeds.idle,
            deeds.activity,
            deeds.unmeasured,
            deeds.said,
            Grouped(
                {(one, period): amount for (one, period), amount in energy.items() if isinstance(one, Group)},
                {
                    (one, what, period): amount
                    for (one, what, period), amount in impacts.items()
                    if isinstance(one, Group)
                },
                {(one, period): amount for (one, period), amount in meters.items() if isinstance(one, Group)},
            ),
        )


@dataclass(frozen=True, slots=True)
class _Used:
    """The energy of a sum, put together once for all periods that it is added to."""

    energy: dict[Holder, Energy]
    methods: dict[str, Energy]
    meters: dict[Holder, dict[Meter, Energy]]
    """By holder, and resource and method."""

    @classmethod
    def of(cls, one: _Sum) -> _Used:
        """Return the energy of *one*."""
        energy: dict[Holder, int] = {}
        methods: dict[str, int] = {}
        meters: dict[Holder, dict[Meter, Energy]] = {}
        for (holder, meter), microjoules in one.meters.items():
            energy[holder] = energy.get(holder, 0) + microjoules
            meters.setdefault(holder, {})[meter] = Energy(microjoules)
            if isinstance(holder, str):
                methods[meter.method] = methods.get(meter.method, 0) + microjoules
        return cls(_energies(energy), _energies(methods), meters)


def _energies(amounts: Mapping[Key, int]) -> dict[Key, Energy]:
    return {key: Energy(microjoules) for key, microjoules in amounts.items()}


def _add_energy(
    one: _Used,
    period: str,
    energy: dict[tuple[Holder, str], Energy],
    methods: dict[tuple[str, str], Energy],
    meters: dict[tuple[Holder, str], dict[Meter, Energy]],
) -> None:
    """Add what was used in *one* to the figures of *period*."""
    for holder, amount in one.energy.items():
        key = (holder, period)
        energy[key] = energy[key] + amount if key in energy else amount
        # never changed in place: what was given before holds them too
        meters[key] = _both(meters[key], one.meters[holder]) if key in meters else one.meters[holder]
    for method, amount in one.methods.items():
        methods[period, method] = methods.get((period, method), Energy.ZERO) + amount


def _both(first: Mapping[Meter, Energy], second: Mapping[Meter, Energy]) -> dict[Meter, Energy]:
    whole = dict(first)
    for meter, amount in second.items():
        whole[meter] = whole[meter] + amount if meter in whole else amount
    return whole


def _sum_of(interval: Interval, read: Sums) -> _Sum:
    """Return what was *read* of *interval*."""
    return _Sum(
        interval.start,
        interval.end,
        _by_meter(read.energy) | {key: energy.microjoules for key, energy in read.grouped.items()},
        dict(chain(_of_series(read.impacts), read.grouped_impacts.items())),
        {resource: time.nanoseconds for resource, time in read.covered.items()},
        idle_of(read.energy),
        of_all_meters(read.activity),
        of_all_meters(read.cross_checks),
    )


def _open_hours(buckets: Iterable[Bucket], impacts: Iterable[HourImpacts], naming: Naming) -> list[_Sum]:
    """Return the hours among *buckets* with what they came to, under the keys that go on."""
    reckoned = {one.start: one.amounts for one in impacts}
    return [
        _Sum(
            bucket.start,
            bucket.start,
            _by_meter(bucket.entries, naming, bucket.start),
            _by_holder(reckoned.get(bucket.start, {}), naming, bucket.start),
            {resource: time.nanoseconds for resource, time in bucket.covered.items()},
            idle_of(bucket.entries, naming, bucket.start),
            *(of_all_meters(part, naming, bucket.start) for part in told(bucket.activity)),
        )
        for bucket in buckets
        if bucket.grain is Grain.HOUR
    ]


def _by_meter(
    energy: Mapping[Series, Energy], naming: Naming | None = None, at: int = 0
) -> dict[tuple[Holder, Meter], int]:
    """Return *energy* by holder and meter; with *naming*, under keys that go on with those of *at*, and by group."""
    sums: dict[tuple[Holder, Meter], int] = {}
    meters: dict[tuple[str, str], Meter] = {}
    holders = Holders(naming, at)
    for series, amount in energy.items():
        kind = (series.resource, series.method)
        if kind not in meters:
            meters[kind] = Meter(*kind)
        for holder in holders[series.consumer]:
            key = (holder, meters[kind])
            sums[key] = sums.get(key, 0) + amount.microjoules
    return sums


def _of_series(impacts: Mapping[ImpactSeries, Bounds]) -> Iterator[tuple[tuple[Holder, Indicator], Bounds]]:
    return (((one.consumer, one.indicator), amount) for one, amount in impacts.items())


def _by_holder(
    amounts: Mapping[ImpactSeries, Bounds], naming: Naming, at: int
) -> dict[tuple[Holder, Indicator], Bounds]:
    sums: dict[tuple[Holder, Indicator], Bounds] = {}
    holders = Holders(naming, at)
    for series, amount in amounts.items():
        for holder in holders[series.consumer]:
            key = (holder, series.indicator)
            sums[key] = sums[key] + amount if key in sums else amount
    return sums


def _within(changed: Iterable[Interval], known: _Sum) -> Iterator[Interval]:
    """Yield the parts of *changed* that *known* is a sum over, each no longer than is read in one go."""
    for one in changed:
        start, end = max(one.start, known.start), min(one.end, known.end)
        if start < end:
            yield from Interval(start, end).split(AT_ONCE)


def _end_of(period: str, bounds: Interval) -> int:
    """Return the end of what counts in *period*.

    After the clock was set back, what was booked lies ahead of now: it is of this day all the same.
    """
    return bounds.end if period.startswith("previous_") else _EVER


def _added(first: Mapping[Key, int], *others: Mapping[Key, int]) -> dict[Key, int]:
    whole = dict(first)
    for other in others:
        for key, amount in other.items():
            whole[key] = whole.get(key, 0) + amount
    return whole


def _together(first: Mapping[Key, Bounds], *others: Mapping[Key, Bounds]) -> dict[Key, Bounds]:
    whole = dict(first)
    for other in others:
        for key, amount in other.items():
            whole[key] = whole[key] + amount if key in whole else amount
    return whole


def _less(amount: Bounds, other: Bounds) -> Bounds:
    return Bounds(amount.low - other.low, amount.central - other.central, amount.high - other.high)


def _coverage(covered: Mapping[str, int], bounds: Interval) -> float | None:
    elapsed = bounds.length.nanoseconds
    if not elapsed:
        return None
    # bookings beyond the edge of a period that is still open, and a clock that was set back, can make it more than all
    return min(1.0, max(covered.values(), default=0) / elapsed)
