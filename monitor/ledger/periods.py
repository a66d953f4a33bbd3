"""What this day, month, quarter and year have cost so far, and the ones before: the closed hours and the open ones.

The sums of closed hours are kept, and grow by the hour that closes, so that to ask at every tick costs little.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor.core.calendar import PERIODS, period_bounds
from monitor.core.entries import Grain
from monitor.core.interval import HOUR, Interval, bucket_of
from monitor.core.units import Energy
from monitor.ledger.consulting import Corrections

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.core.entries import OpenBooks, Series
    from monitor.core.interval import Stamp
    from monitor.core.units import Duration
    from monitor.ledger.naming import Naming
    from monitor.ledger.store import Ledger

AT_ONCE: Final = 31 * 24 * HOUR.nanoseconds
"""Most that is read in one go: a server has to answer within the time that a commit may take."""
_EVER: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """The figures of each of `monitor.core.calendar.PERIODS`, exact, up to the moment of the books.

    `energy` is by (consumer, period), under the key that goes on; `methods` by (period, method). `coverage` is, by
    period, the share of its elapsed time for which the host was measured, 0 to 1: by the resource that was measured
    for longest, because one that this host has no meter for would make it nothing. None where no time has elapsed.
    """

    energy: Mapping[tuple[str, str], Energy]
    coverage: Mapping[str, float | None]
    methods: Mapping[tuple[str, str], Energy]


@dataclass(slots=True)
class _Sum:
    """What was booked from `start` to `end`: microjoules by consumer and by method, ns covered by resource."""

    start: int
    end: int
    consumers: dict[str, int] = field(default_factory=dict)
    methods: dict[str, int] = field(default_factory=dict)
    covered: dict[str, int] = field(default_factory=dict)

    def plus(self, *others: _Sum) -> _Sum:
        """Return the sum of this and *others*, which go on where it ends."""
        return _Sum(
            self.start,
            max(self.end, *(one.end for one in others)) if others else self.end,
            _added(self.consumers, *(one.consumers for one in others)),
            _added(self.methods, *(one.methods for one in others)),
            _added(self.covered, *(one.covered for one in others)),
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

    def of(self, books: OpenBooks, now: Stamp) -> PeriodFigures:
        """Return the figures at *now*, with the open hours of *books*, which have been committed.

        A correction of closed hours shows when the next hour closes. Raises LedgerError.
        """
        closed = bucket_of(books.closed_through, self._ledger.grain)
        self._notice_corrections(closed)
        naming = self._ledger.naming()
        hours = [
            _sum(Interval(bucket.start, bucket.start), bucket.entries, bucket.covered, naming)
            for bucket in books.open
            if bucket.grain is Grain.HOUR
        ]
        bounds = {period: period_bounds(period, now.wall, self._zone) for period in PERIODS}
        self._earlier = tuple(self._sums.values())
        figures = {
            period: self._figure(period, bounds[period], closed, hours)
            # shorter ones first: longer ones are made of them, so that no hour is read twice
            for period in sorted(PERIODS, key=lambda name: bounds[name].length)
        }
        return PeriodFigures(
            {
                (consumer, period): Energy(amount)
                for period in PERIODS
                for consumer, amount in figures[period].consumers.items()
            },
            {period: _coverage(figures[period], bounds[period]) for period in PERIODS},
            {
                (period, method): Energy(amount)
                for period in PERIODS
                for method, amount in figures[period].methods.items()
            },
        )

    def _figure(self, period: str, bounds: Interval, closed: int, hours: Sequence[_Sum]) -> _Sum:
        # after the clock was set back, what was booked lies ahead of now: it is of this day all the same
        end = bounds.end if period.startswith("previous_") else _EVER
        return self._closed_sum(period, bounds.start, min(end, closed)).plus(
            *(hour for hour in hours if bounds.start <= hour.start < end)
        )

    def _closed_sum(self, period: str, start: int, end: int) -> _Sum:
        """Return the sum of the closed hours from *start* to *end*, made of what is known and of what is read."""
        end = bucket_of(end, self._ledger.grain)
        known = self._sums.get(period)
        if known is not None and (known.start, known.end) == (start, end):
            return known
        whole = _Sum(start, start)
        while whole.end < end:
            whole = whole.plus(self._next(whole.end, end))
        self._sums[period] = whole
        return whole

    def _next(self, start: int, end: int) -> _Sum:
        """Return the longest known sum from *start* that does not go beyond *end*; else read up to the next known."""
        inside = [one for one in (*self._sums.values(), *self._earlier) if start <= one.start < one.end <= end]
        here = [one for one in inside if one.start == start]
        if here:
            return max(here, key=lambda one: one.end)
        known = (one.start for one in inside)
        interval = Interval(start, min(start + AT_ONCE, end, *known))
        read = self._ledger.sums(interval)
        return _sum(interval, read.energy, read.covered)

    def _notice_corrections(self, closed: int) -> None:
        """Forget what is known when the ledger was restated; look for that only when an hour has closed."""
        if closed == self._closed:
            return
        corrections = self._ledger.corrections()
        if corrections != self._corrections:
            self._sums.clear()
        self._closed, self._corrections = closed, corrections


def _sum(
    interval: Interval, energy: Mapping[Series, Energy], covered: Mapping[str, Duration], naming: Naming | None = None
) -> _Sum:
    """Return *energy* summed; with *naming*, under the keys that go on with what was booked when *interval* began."""
    found = _Sum(interval.start, interval.end, covered={name: time.nanoseconds for name, time in covered.items()})
    consumers: dict[str, int] = {}
    for series, amount in energy.items():
        consumers[series.consumer] = consumers.get(series.consumer, 0) + amount.microjoules
        found.methods[series.method] = found.methods.get(series.method, 0) + amount.microjoules
    for consumer, microjoules in consumers.items():
        key = naming.current_key(consumer, interval.start) if naming is not None else consumer
        found.consumers[key] = found.consumers.get(key, 0) + microjoules
    return found


def _added(first: dict[str, int], *others: dict[str, int]) -> dict[str, int]:
    whole = dict(first)
    for other in others:
        for key, amount in other.items():
            whole[key] = whole.get(key, 0) + amount
    return whole


def _coverage(figure: _Sum, bounds: Interval) -> float | None:
    elapsed = bounds.length.nanoseconds
    if not elapsed:
        return None
    # bookings beyond the edge of a period that is still open, and a clock that was set back, can make it more than all
    return min(1.0, max(figure.covered.values(), default=0) / elapsed)
