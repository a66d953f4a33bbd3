"""Reads from the ledger what services did under each contract: by the hour they were under it, month by month.

What was read of closed hours is kept, and grows by the hour that closes; where hours are restated it is read anew. At
most one month is read at a time, so that whoever asks at every tick is held up by little.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from monitor.core.calendar import whole_period
from monitor.core.clause_figures import Use, added
from monitor.core.entries import Meter, Share
from monitor.core.external import by_service
from monitor.core.functional import Work
from monitor.core.interval import Interval, bucket_of
from monitor.core.units import Duration, Energy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

    from monitor.core.activity import ActivitySeries, Unit
    from monitor.core.entries import Series, ServiceFacts
    from monitor.core.external import ExternalRule, ExternalSum, ExternalUse
    from monitor.core.impact import Bounds, ImpactSeries, Indicator


class HourSums(Protocol):
    """The exact sums over closed hours."""

    @property
    def energy(self) -> Mapping[Series, Energy]:
        """By series."""
        ...

    @property
    def covered(self) -> Mapping[str, Duration]:
        """For how long each resource was measured."""
        ...

    @property
    def impacts(self) -> Mapping[ImpactSeries, Bounds]:
        """As far as they are known."""
        ...

    @property
    def activity(self) -> Mapping[ActivitySeries, int]:
        """What services did, by who was believed."""
        ...


class Names(Protocol):
    """What services were called, and under which contract they were, by date."""

    def changes(self) -> set[int]:
        """Return every moment at which something of that changed, ns since the epoch."""
        ...

    def facts_then(self, current: str, at: int) -> ServiceFacts:
        """Return what was true of *current* in the hour that began *at*."""
        ...


class Generations(Protocol):
    """By which corrections closed hours are read."""

    @property
    def energy(self) -> frozenset[int]:
        """The generations of energy that are current."""
        ...

    @property
    def impacts(self) -> int:
        """The newest restatement."""
        ...


class Hours(Protocol):
    """Where closed hours are read. All of it raises what the keeper of the books does."""

    @property
    def grain(self) -> Duration:
        """How long its hours are."""
        ...

    def sums(self, interval: Interval) -> HourSums:
        """Return the sums over the closed hours that lie whole in *interval*."""
        ...

    def naming(self) -> Names:
        """Return what services were called, by date."""
        ...

    def external(self, interval: Interval) -> Sequence[ExternalSum]:
        """Return what bought services did in the times that lie whole in *interval*."""
        ...

    def corrections(self) -> Generations:
        """Return by which corrections closed hours are read."""
        ...

    def restated(self, after: int, through: int) -> Sequence[Interval]:
        """Return the time of the restatements whose numbers come after *after*, up to *through*."""
        ...


@dataclass(frozen=True, slots=True)
class _Part:
    """What was booked from `start` to `end`: work by (contract, service), ns covered by resource."""

    start: int
    end: int
    works: Mapping[tuple[str, str], Work] = field(default_factory=dict)
    covered: Mapping[str, int] = field(default_factory=dict)


class ContractUse:
    """What services did under each of some contracts, as far as it is closed."""

    def __init__(self, hours: Hours, rules: Sequence[ExternalRule], contracts: Iterable[str], zone: tzinfo) -> None:
        """*rules* are those of bought services, *contracts* the numbers of those that are asked for."""
        self._hours = hours
        self._rules = tuple(rules)
        self._contracts = frozenset(contracts)
        self._zone = zone
        self._parts: dict[int, _Part] = {}
        self._generations: Generations | None = None

    def read(self, edges: Iterable[int], since: int, closed: int, *, at_most: int = 0) -> bool:
        """Read what is not known yet of the closed hours from *since* to *closed*; return whether all is known now.

        It is read by the month, cut at *edges*. At most *at_most* pieces are read; 0: all of them. Raises what the
        hours raise: what was read by then stays known.
        """
        self._forget_restated()
        cuts = self._cuts(edges, since, bucket_of(closed, self._hours.grain))
        self._forget_uncut(cuts)
        left = at_most or -1
        for piece in (Interval(start, end) for start, end in pairwise(cuts)):
            known = self._parts.get(piece.start)
            if known is not None and known.end >= piece.end:
                continue
            if not left:
                return False
            begun = known.end if known is not None else piece.start
            read = _read(self._hours, Interval(begun, piece.end), self._contracts)
            self._parts[piece.start] = read if known is None else _joined((known, read))
            left -= 1
        return True

    def of(self, contract: str, window: Interval, closed: int) -> Use:
        """Return what was done under *contract* in the closed hours of *window*, which has been read.

        Bought services are read at once: what a list tells by the day or the month is of that day or month alone.
        """
        end = min(window.end, bucket_of(closed, self._hours.grain))
        whole = _joined([one for one in self._parts.values() if window.start <= one.start < end])
        elapsed, covered = max(0, end - window.start), max(whole.covered.values(), default=0)
        return Use(
            {service: work for (uid, service), work in whole.works.items() if uid == contract},
            self._bought(contract, Interval(window.start, max(window.start, end))),
            min(Fraction(1), Fraction(covered, elapsed)) if elapsed else Fraction(0),
        )

    def _bought(self, contract: str, interval: Interval) -> dict[str, ExternalUse]:
        keys = {rule.key for rule in self._rules if rule.contract == contract}
        found = by_service(self._hours.external(interval)) if keys else {}
        return {key: use for key, use in found.items() if key in keys}

    def _forget_restated(self) -> None:
        found, known = self._hours.corrections(), self._generations
        if known is not None and (found.energy != known.energy or found.impacts < known.impacts):
            self._parts.clear()
        elif known is not None and found.impacts > known.impacts:
            for interval in self._hours.restated(known.impacts, found.impacts):
                touched = [one for one in self._parts.values() if one.start < interval.end and interval.start < one.end]
                for one in touched:
                    del self._parts[one.start]
        self._generations = found

    def _forget_uncut(self, cuts: Iterable[int]) -> None:
        """Forget the parts that any of *cuts* lies in: their hours would be in what is read from there, too."""
        for cut in cuts:
            for one in [one for one in self._parts.values() if one.start < cut < one.end]:
                del self._parts[one.start]

    def _cuts(self, edges: Iterable[int], since: int, closed: int) -> list[int]:
        """Return where the months from *since* to *closed* are cut: at *edges*, and where parts that are known begin.

        An edge of before is no longer among the *edges* once its clause has ended, and its part goes on to be one.
        """
        cuts = {since, closed, *(edge for edge in (*edges, *self._parts) if since < edge < closed)}
        month = whole_period("month", since, self._zone)
        while month.end < closed:
            cuts.add(month.end)
            month = whole_period("month", month.end, self._zone)
        return sorted(cut for cut in cuts if since <= cut <= closed)


def _read(hours: Hours, interval: Interval, contracts: frozenset[str]) -> _Part:
    """Return what was done in *interval* under each of *contracts*, by what was true in each hour."""
    names, grain = hours.naming(), hours.grain.nanoseconds
    # a change takes effect with the first hour that begins after it
    changes = {-(-moment // grain) * grain for moment in names.changes()}
    cuts = sorted({interval.start, interval.end, *(one for one in changes if interval.start < one < interval.end)})
    return _joined([_part(hours, names, Interval(*piece), contracts) for piece in pairwise(cuts)])


def _part(hours: Hours, names: Names, piece: Interval, contracts: frozenset[str]) -> _Part:
    sums = hours.sums(piece)
    consumers = {series.consumer for series in sums.energy} | {series.consumer for series in sums.activity}
    under = {consumer: names.facts_then(consumer, piece.start).contract for consumer in consumers}
    return _Part(
        piece.start,
        piece.end,
        {(uid, consumer): _work(sums, consumer) for consumer, uid in under.items() if uid in contracts},
        {resource: time.nanoseconds for resource, time in sums.covered.items()},
    )


def _work(sums: HourSums, consumer: str) -> Work:
    energy = idle = Energy.ZERO
    meters: dict[Meter, Energy] = {}
    for series, amount in sums.energy.items():
        if series.consumer == consumer:
            meter = Meter(series.resource, series.method)
            meters[meter] = meters.get(meter, Energy.ZERO) + amount
            energy += amount
            idle += amount if series.share is not Share.ACTIVE else Energy.ZERO
    amounts: dict[tuple[str, Unit], int] = {}
    unmeasured: dict[tuple[str, Unit], int] = {}
    for one, count in sums.activity.items():
        if one.consumer == consumer:
            for sums_of in (amounts,) if one.measured else (amounts, unmeasured):
                sums_of[one.model, one.unit] = sums_of.get((one.model, one.unit), 0) + count
    impacts: dict[Indicator, Bounds] = {
        series.indicator: bounds for series, bounds in sums.impacts.items() if series.consumer == consumer
    }
    return Work(amounts, energy, idle, impacts, meters, unmeasured=unmeasured)


def _joined(parts: Sequence[_Part]) -> _Part:
    """Return *parts*, in order of time, as one."""
    works: dict[tuple[str, str], list[Work]] = {}
    covered: dict[str, int] = {}
    for part in parts:
        for key, work in part.works.items():
            works.setdefault(key, []).append(work)
        for resource, time in part.covered.items():
            covered[resource] = covered.get(resource, 0) + time
    start, end = min((one.start for one in parts), default=0), max((one.end for one in parts), default=0)
    return _Part(start, end, {key: added(all_of) for key, all_of in works.items()}, covered)
