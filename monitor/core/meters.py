"""From readings of energy meters to the energy of each resource: which source is booked, for which stretch of time.

Several sources may know one resource: a counter, power readings, a model. One is booked at a time, the best that can be
read. Each source is a `Track`: the energy it has seen since the resource was last booked. Cumulative counters lose
nothing while they can't be read; so a better source that is missing is waited for, up to the patience.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from monitor.core.counters import SETTLING, Advanced, CounterState, Reset, Wrapped, step
from monitor.core.entries import Cause, SavedCounter
from monitor.core.interval import Stamp
from monitor.core.readings import PLATFORM, CounterReading, LoadReading, Method, PowerReading, Reach
from monitor.core.units import Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from monitor.core.readings import Reading

EnergyReading = CounterReading | PowerReading | LoadReading

PREFERRED: Final = ("rapl", "perf", "nvidia")
"""Between two sources of one method: the collector nearest to the hardware first, the others by name."""
PUNCTUALITY: Final = Duration.from_seconds(1)
"""How much later than a tick a reading may come and not be late, where ticks are as long as the patience."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A stretch of time over which a meter's energy is unknown, and why."""

    start: Stamp
    end: Stamp
    cause: str


@dataclass(frozen=True, slots=True)
class Booking:
    """The energy of one resource from one moment to another, as its best source saw it; what that source missed."""

    resource: str
    method: Method
    collector: str
    start: Stamp
    end: Stamp
    energy: Energy
    missed: tuple[Missed, ...]
    """In order of time, none overlapping another."""

    @property
    def measured_time(self) -> Duration:
        """Over how long the energy was drawn: what was missed is not in it. All, if all was missed."""
        whole = self.end.boot - self.start.boot
        lost = sum(missed.end.boot - missed.start.boot for missed in self.missed)
        return Duration(whole - lost if lost < whole else whole)


@dataclass(slots=True)
class Track:
    """One source of one resource: its meters' last readings, and the energy seen since the resource was last booked."""

    collector: str
    resource: str
    method: Method
    reach: Reach = Reach.SUPPLY
    last: dict[str, tuple[EnergyReading | CounterState, Stamp]] = field(default_factory=dict)
    anchor: dict[str, tuple[CounterState, Stamp]] = field(default_factory=dict)
    """Counters as they stood at the last booking: what is not booked yet is in the difference, also after a crash."""
    since: Stamp | None = None
    through: Stamp | None = None
    seen: int = 0
    missed: list[Missed] = field(default_factory=list)

    @property
    def rank(self) -> tuple[int, int, int, str]:
        """The order of preference, lowest first: of the platform what takes in more of it, then what is surer."""
        reach = self.reach if self.resource == PLATFORM else Reach.SUPPLY
        preferred = PREFERRED.index(self.collector) if self.collector in PREFERRED else len(PREFERRED)
        return reach, list(Method).index(self.method), preferred, self.collector

    @property
    def is_resumed(self) -> bool:
        """Whether it has counters of the run before, and was not read by this one."""
        return bool(self.last) and all(isinstance(reading, CounterState) for reading, _ in self.last.values())

    def take(self, at: Stamp, readings: Sequence[EnergyReading], patience: Duration) -> None:
        """Add what the meters have counted up to *at*.

        While one of the meters is missing the source is waited for; beyond the *patience* the others go on without it,
        with a gap. It is given up for good after ten times as long: until then what it counts is only late.
        """
        for reading in readings:
            known = self.last.get(reading.meter)
            if known is not None:
                self._add(reading, known[0], known[1], at)
            self.last[reading.meter] = (reading, at)
        late = {meter: then for meter, (_, then) in self.last.items() if then != at}
        if all(at.boot - then.boot > patience.nanoseconds for then in late.values()):
            self.missed += [Missed(self.since or then, at, Cause.UNREADABLE) for then in late.values()]
            self.through = at
            if self.since is None:
                self._begin(at)
        for meter, then in late.items():
            if at.boot - then.boot > 10 * patience.nanoseconds:
                del self.last[meter]

    def booked(self, end: Stamp) -> None:
        """Begin anew: the resource is booked up to *end*. A source that was last read before has to start afresh."""
        self.seen = 0
        self.missed = []
        if self.through is not None and self.through.boot >= end.boot:
            self._begin(self.through)
        else:
            self.last, self.anchor, self.since, self.through = {}, {}, None, None

    def _begin(self, at: Stamp) -> None:
        self.since = at
        self.anchor = {
            meter: (state, then)
            for meter, (reading, then) in self.last.items()
            if (state := counter_state(reading)) is not None
        }

    def _add(self, reading: EnergyReading, before: EnergyReading | CounterState, then: Stamp, at: Stamp) -> None:
        awake = at.awake_since(then)
        if isinstance(reading, CounterReading):
            self._count(reading, before, then, at)
        elif isinstance(reading, PowerReading) and isinstance(before, PowerReading):
            self._integrate(reading, before, then, at)
        elif isinstance(reading, LoadReading) and isinstance(before, LoadReading) and awake > Duration.ZERO:
            busy = reading.busy - before.busy
            if busy < Duration.ZERO:
                self.missed.append(Missed(then, at, Cause.COUNTER_RESET))
            else:
                self.seen += reading.model.energy(busy, reading.cpus, awake).microjoules

    def _count(self, reading: CounterReading, before: EnergyReading | CounterState, then: Stamp, at: Stamp) -> None:
        outcome = step(
            counter_state(before),
            CounterState(reading.energy, reading.epoch),
            wraps_after=reading.wraps_after,
            plausible=reading.plausible,
            awake=at.awake_since(then),
            settling=SETTLING if reading.settling is None else reading.settling,
        )
        if isinstance(outcome, Advanced | Wrapped):
            self.seen += outcome.energy.microjoules
        elif isinstance(outcome, Reset):
            self.missed.append(Missed(then, at, outcome.why))

    def _integrate(self, reading: PowerReading, before: PowerReading, then: Stamp, at: Stamp) -> None:
        elapsed = Duration(at.boot - then.boot)
        if elapsed <= reading.hold:
            mean = Power((before.power.microwatts + reading.power.microwatts) // 2)
            self.seen += mean.during(elapsed).microjoules
            return
        self.seen += before.power.during(reading.hold).microjoules
        hold = reading.hold.nanoseconds
        held_until = Stamp(then.wall + hold, then.boot + hold, then.slept)
        self.missed.append(Missed(held_until, at, Cause.HOLD_EXCEEDED))


class Meters:
    """All sources of all resources. Readings come in; bookings come out."""

    def __init__(
        self, patience: Duration, saved: Iterable[SavedCounter] = (), booked_at: Mapping[str, Stamp] | None = None
    ) -> None:
        """Begin with the counters *saved*, and the resources *booked_at*, by the run before within the same boot."""
        self._patience = patience
        self._tracks: dict[tuple[str, str], Track] = {}
        self._gone: set[str] = set()
        self.booked_at: dict[str, Stamp] = dict(booked_at or {})
        self._across_outage = set(self.booked_at)
        self._began: Stamp | None = None
        for one in saved:
            state = (CounterState(Energy(one.microjoules), one.epoch), one.at)
            track = self._tracks.setdefault(
                (one.collector, one.resource), Track(one.collector, one.resource, Method.COUNTER)
            )
            track.last[one.meter] = track.anchor[one.meter] = state
            # a meter that was late is older than the booking
            track.since = one.at if track.since is None else max(track.since, one.at, key=lambda stamp: stamp.boot)
        self._resume()

    def forget(self, collector: str) -> None:
        """Do not wait for *collector*, which can't be read for a reason that will not pass by itself."""
        self._gone.add(collector)

    def take(self, at: Stamp, outcomes: Mapping[str, Sequence[Reading]]) -> None:
        """Add what the collectors saw at *at*."""
        self._began = self._began or at
        for collector, readings in outcomes.items():
            self._gone.discard(collector)
            for (resource, method, reach), rows in _by_resource(readings).items():
                counts = all(isinstance(row, CounterReading) for row in rows)
                track = self._track(collector, resource, method, counts=counts)
                track.reach = reach
                track.take(at, rows, self._patience)
                self.booked_at.setdefault(resource, at)

    def book(self, at: Stamp) -> list[Booking]:
        """Return the energy of every resource whose best source was read since its last booking, in order of resource.

        A fast source is booked up to *at*, a slow one up to its last reading.
        """
        return [booking for resource in sorted(self.booked_at) if (booking := self._book(resource, at)) is not None]

    def catches_up(self, at: Stamp) -> bool:
        """Whether a counter has still to say what was drawn across a stop of the daemon, and is waited for."""
        return any(
            track.resource in self._across_outage
            and track.since is not None
            and track.since.boot <= self.booked_at[track.resource].boot
            and self._worth_waiting(track, at)
            for track in self._tracks.values()
        )

    def used(self) -> frozenset[tuple[str, str]]:
        """Return the (collector, resource) pairs that are booked now."""
        pairs = set()
        for resource in self.booked_at:
            tracks = [track for track in self._of(resource) if track.since is not None and track.through is not None]
            if tracks:
                pairs.add((min(tracks, key=lambda track: track.rank).collector, resource))
        return frozenset(pairs)

    def saved(self) -> tuple[SavedCounter, ...]:
        """Return the counters as last booked, for the run after this one."""
        return tuple(
            SavedCounter(track.collector, track.resource, meter, state.value.microjoules, state.epoch, then)
            for key, track in sorted(self._tracks.items())
            if track.since is not None
            for meter, (state, then) in sorted(track.anchor.items(), key=lambda item: item[0])
        )

    def _resume(self) -> None:
        """Take for the last booking of each resource the moment from which its counters go on: the best one's is it."""
        begun: dict[str, Stamp] = {}
        for track in self._tracks.values():
            if track.since is not None:
                known = begun.get(track.resource, track.since)
                begun[track.resource] = min(known, track.since, key=lambda stamp: stamp.boot)
        self.booked_at.update(begun)

    def _book(self, resource: str, at: Stamp) -> Booking | None:
        start = self.booked_at[resource]
        tracks = sorted(self._of(resource), key=lambda track: track.rank)
        newcomers: list[Track] = []
        for track in tracks:
            if track.since is None:
                continue
            if track.since.boot > start.boot:
                newcomers.append(track)
            elif track.through is not None and track.through.boot > start.boot:
                return self._unless_taken_over(track, track.through, newcomers, at)
            elif self._worth_waiting(track, at):
                return None
        return self._after_a_gap(tracks, start)

    def _unless_taken_over(self, track: Track, end: Stamp, better: Sequence[Track], at: Stamp) -> Booking | None:
        """Book *track* up to *end*, unless a *better* one has begun that is read at other moments: a slow one.

        To book beyond its first reading would leave nothing for it, time and again. So it is waited for, and booked
        from that reading on; what lies before is a gap, of less than a tick, once.
        """
        start = self.booked_at[track.resource]
        for each in better:
            if each.since is None or each.through is None or each.through.boot == end.boot:
                continue
            if each.since.boot < each.through.boot and each.since.boot < end.boot:
                return self._booking(each, start, each.through, (Missed(start, each.since, Cause.UNREADABLE),))
            if each.since.boot < end.boot and self._worth_waiting(each, at):
                return None
        return self._booking(track, start, end, ())

    def _after_a_gap(self, tracks: Sequence[Track], start: Stamp) -> Booking | None:
        """Where no source spans the time since the last booking, what the best one does not span is a gap."""
        for track in tracks:
            if track.since is not None and track.through is not None and track.through.boot > start.boot:
                cause = Cause.DAEMON_DOWN if track.resource in self._across_outage else Cause.UNREADABLE
                return self._booking(track, start, track.through, (Missed(start, track.since, cause),))
        return None

    def _booking(self, track: Track, start: Stamp, end: Stamp, missed: tuple[Missed, ...]) -> Booking:
        apart = tuple(_apart((*missed, *track.missed)))
        booking = Booking(track.resource, track.method, track.collector, start, end, Energy(track.seen), apart)
        self.booked_at[track.resource] = end
        self._across_outage.discard(track.resource)
        for each in self._of(track.resource):
            each.booked(end)
        return booking

    def _worth_waiting(self, track: Track, at: Stamp) -> bool:
        last = max((then.boot for _, then in track.last.values()), default=0)
        if track.through is None and self._began is not None:
            last = max(last, self._began.boot)  # not read yet since the daemon began
        patience = self._patience + PUNCTUALITY
        return track.collector not in self._gone and at.boot - last <= patience.nanoseconds

    def _of(self, resource: str) -> list[Track]:
        return [track for track in self._tracks.values() if track.resource == resource]

    def _track(self, collector: str, resource: str, method: Method, *, counts: bool) -> Track:
        """Return the track of a source, which is another one where what it reads is of another kind.

        Of a counter of the run before it isn't known yet by what method it is read.
        """
        key = (collector, resource)
        known = self._tracks.get(key)
        if known is not None and counts and known.is_resumed:
            known.method = method
        if known is None or known.method is not method:
            self._tracks[key] = known = Track(collector, resource, method)
        return known


def _apart(missed: Iterable[Missed]) -> list[Missed]:
    """Return *missed* without overlaps, in order of time: what two meters of a resource missed together counts once."""
    found: list[Missed] = []
    for each in sorted(missed, key=lambda one: (one.start.boot, one.end.boot)):
        last = found[-1] if found else None
        if last is None or each.start.boot > last.end.boot:
            found.append(each)
        elif each.end.boot > last.end.boot and each.cause == last.cause:
            found[-1] = Missed(last.start, each.end, each.cause)
        elif each.end.boot > last.end.boot:
            found.append(Missed(last.end, each.end, each.cause))
    return found


def counter_state(reading: EnergyReading | CounterState) -> CounterState | None:
    """Return the state of a counter as read; None for what is not a counter."""
    if isinstance(reading, CounterReading):
        return CounterState(reading.energy, reading.epoch)
    return reading if isinstance(reading, CounterState) else None


def _by_resource(readings: Sequence[Reading]) -> dict[tuple[str, Method, Reach], list[EnergyReading]]:
    grouped: dict[tuple[str, Method, Reach], list[EnergyReading]] = {}
    for reading in readings:
        if isinstance(reading, CounterReading | PowerReading):
            grouped.setdefault((reading.resource, reading.method, reading.reach), []).append(reading)
        elif isinstance(reading, LoadReading):
            grouped.setdefault((reading.resource, Method.MODELLED, Reach.SUPPLY), []).append(reading)
    return grouped
