"""From what was observed to what is booked: the energy of each resource, shared among its consumers.

It knows neither clock nor disk. Observations come in, in order; events and closed buckets come out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from monitor.core.activity import ActivityBook, Unit, resource_of
from monitor.core.attribution import (
    FloorRule,
    Parts,
    merge,
    share_accelerator,
    share_like,
    share_memory,
    share_processor,
    unattributed,
)
from monitor.core.books import Books
from monitor.core.counters import SETTLING
from monitor.core.entries import Cause, Gap, Meter, OpenBooks
from monitor.core.events import (
    ActivityObserved,
    CollectionSucceeded,
    CollectorBecameUnavailable,
    EnergyMeasured,
    GapFound,
)
from monitor.core.floors import LOW_LOAD, RESIDENCY, Floors
from monitor.core.interval import HOUR, Interval, Stamp
from monitor.core.meters import Meters
from monitor.core.platform import Platform
from monitor.core.readings import DRAM, PACKAGE, PLATFORM, REST, ActivityReading, Method
from monitor.core.reconciliation import Agreement, Outcome, Reconciliation
from monitor.core.reservation import accelerator, memory, processors
from monitor.core.tellers import Tellers
from monitor.core.units import Duration, Energy, Power
from monitor.core.usage import Consumption, UsageBook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from monitor.core.activity import Done, Taken
    from monitor.core.entries import Bucket, Holding
    from monitor.core.events import Event, Observed
    from monitor.core.meters import Booking
    from monitor.core.readings import Reading

JUMP: Final = Duration.from_seconds(60)
"""A wall clock that moves this much more, or less, than the boot clock was set: the jump is noted as a gap."""
PATIENCE: Final = Duration.from_seconds(60)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the organisation chose: how to share, how long to wait."""

    floor: FloorRule = FloorRule.BY_USE
    floor_powers: Mapping[str, Power] | None = None
    """Idle power by resource, where configured; what is not is learnt."""
    patience: Duration = PATIENCE
    """How long a better source that is missing is waited for, and how long an ended bucket waits for late readings."""
    hour: Duration = HOUR
    """The ledger's closed grain."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What one resource drew over its last booking."""

    at: Stamp
    meter: Meter
    length: Duration
    energy: Energy
    by_consumer: Mapping[str, int]
    """Microjoules."""


class Accounting:
    """Holds the last reading of each subject and the open books. One thread uses it."""

    def __init__(self, rules: Rules, opening: OpenBooks | None, *, boot_id: str, run_id: str, now: Stamp) -> None:
        """Go on where *opening* left off (None: begin). Counters are compared only within the boot *boot_id*."""
        self._rules = rules
        self._boot_id = boot_id
        # a boot clock that is behind: a machine put back as it was, memory and all, but not its ledger
        same_boot = opening is not None and opening.boot_id == boot_id and opening.at.boot <= now.boot
        before = opening if opening is not None and same_boot else None
        self._books = Books(opening, rules.hour, now.wall)
        self._floors = Floors(opening.floors if opening else {}, rules.floor_powers or {})
        self._meters = Meters(
            rules.patience,
            before.counters if before else (),
            {PLATFORM if resource == REST else resource: before.at for resource in before.covered} if before else {},
        )
        self._usage = UsageBook(run_id, before.usage if before else (), before.at if before else None, rules.patience)
        self._held_marks: dict[str, Consumption] = {}
        self._marks = {resource: Consumption() for resource in self._meters.booked_at}
        self._activity = ActivityBook(
            opening.activity_counters if opening else (),
            same_boot=same_boot,
            now=now,
            patience=rules.patience,
            told={consumer: opening.at for consumer, _, _ in opening.told} if opening else {},
        )
        self._tellers = Tellers(opening.told if opening else {})
        self.cursor = opening.cursor if opening else ""
        """Up to where events from outside are in the books."""
        self._gap_time = {cause: time.nanoseconds for cause, time in opening.gaps.items()} if opening else {}
        self._gaps: list[Gap] = []
        self._last = before.at if before else None
        kept = opening.agreement if opening is not None else Agreement()
        self._platform = Platform(Reconciliation(kept.learnt, kept.finding))
        self.draws: dict[str, Draw] = {}
        """What each resource drew last, for the live figures."""
        self._found = self._note_reboot(opening, now) if opening is not None and not same_boot else []

    def take(self, observed: Observed, taken: Taken | None = None) -> list[Event]:
        """Account for what was observed together and what events told; return what happened, in order of resource."""
        outcomes = {one.collector: one.readings for one in observed.outcomes if isinstance(one, CollectionSucceeded)}
        for one in observed.outcomes:
            if isinstance(one, CollectorBecameUnavailable):
                self._meters.forget(one.collector)
                self._usage.forget(one.collector)
        events, self._found = [*self._found, *self._note_jump(observed.at)], []
        events += self._act(observed.at, self._done(observed.at, outcomes, taken))
        self._meters.take(observed.at, outcomes)
        known = self._usage.take(observed.at, outcomes)
        self._hold(observed.at)
        for resource in self._meters.booked_at.keys() - self._marks.keys():
            self._marks[resource] = self._device(resource).copy()
        if known or self._nobody_to_ask(observed.at):
            events += self._book(observed.at)
        if self._last is None or observed.at.boot > self._last.boot:
            self._last = observed.at
        return events

    def close(self, at: Stamp) -> list[Bucket]:
        """Return the buckets that close at *at*: every source has a reading past their end, or is late for good.

        None does while a counter has still to say what was drawn across a stop of the daemon: that spans them.
        """
        if self._meters.catches_up(at):
            return []
        latest = at.wall - self._rules.patience.nanoseconds - _MARGIN
        heard = [self._wall(stamp, at) for stamp in self._meters.booked_at.values()]
        current = [wall for wall in heard if wall > latest]
        return self._books.close(min(current, default=latest))

    def take_gaps(self) -> list[Gap]:
        """Return the gaps found since the last call."""
        gaps, self._gaps = self._gaps, []
        return gaps

    def books(self, at: Stamp) -> OpenBooks:
        """Return all that a restart needs, as of *at*."""
        energy, measured, covered = self._books.totals()
        return OpenBooks(
            at=at,
            boot_id=self._boot_id,
            closed_through=self._books.closed_through,
            energy=energy,
            measured=measured,
            covered=covered,
            gaps={cause: Duration(time) for cause, time in self._gap_time.items()},
            open=self._books.open(),
            counters=self._meters.saved(),
            usage=self._usage.saved(at),
            floors=self._floors.learnt(),
            activity=self._books.activity(),
            activity_counters=self._activity.saved(),
            counted=self._books.counted(),
            cursor=self.cursor,
            told=self._tellers.saved(),
            agreement=self.reconciliation.agreement,
        )

    def reserved(self) -> Mapping[Holding, Duration]:
        """Return for how long each consumer held the whole of each resource, since the daemon began."""
        return self._books.reserved()

    @property
    def conservation_error(self) -> Energy:
        """What was measured less what was attributed since the ledger began."""
        return self._books.conservation_error()

    @property
    def reconciliation(self) -> Reconciliation:
        """How the platform's meter stands to those of its components."""
        return self._platform.reconciliation

    @property
    def outcome(self) -> Outcome | None:
        """How the platform's meter stands to those of its components, as it is shown; None: none is booked."""
        booked = any(resource == PLATFORM for _, resource in self._meters.used())
        return self.reconciliation.outcome if booked else None

    def used_sources(self) -> frozenset[tuple[str, str]]:
        """Return the (collector, resource) pairs whose energy is booked."""
        return self._meters.used()

    def _done(self, at: Stamp, outcomes: Mapping[str, Sequence[Reading]], taken: Taken | None) -> list[Done]:
        """Return what services did since their meters were read before, and by the events that were taken in."""
        told = [one for readings in outcomes.values() for one in readings if isinstance(one, ActivityReading)]
        done = self._activity.take(at, told)
        if taken is None:
            return done
        self.cursor = taken.cursor
        self._tellers.hear(taken.sums, at.wall)
        return done + self._activity.tell(at, taken.sums, self._tellers.silent())

    def _act(self, at: Stamp, told: Iterable[Done]) -> list[Event]:
        """Book what services did; what was lost with a counter is a gap."""
        events: list[Event] = []
        lost: dict[str, Interval] = {}
        for done in told:
            interval = Interval(self._wall(done.since, at), self._wall(done.until, at))
            self._books.act(interval, {done.series: done.amount})
            if done.lost:
                lost[done.series.consumer] = interval
            if done.amount and done.series.unit is not Unit.ENERGY:
                events.append(ActivityObserved(at=at, series=done.series, interval=interval, amount=done.amount))
        for consumer, interval in lost.items():
            events += self._note(resource_of(consumer), interval, Cause.COUNTER_RESET, at, counts=False)
        return events

    def _hold(self, at: Stamp) -> None:
        """Book who held the hardware since this was last done."""
        host = self._since_held("", self._usage.host)
        held = [(host.seen, processors(host) | memory(host))]
        for resource, device in self._usage.gpus.items():
            used = self._since_held(resource, device)
            held.append((used.seen, accelerator(resource, used)))
        for length, times in held:
            if times:
                self._books.hold(Interval(at.wall - length, at.wall), times)

    def _since_held(self, name: str, device: Consumption) -> Consumption:
        mark = self._held_marks.get(name, Consumption())
        self._held_marks[name] = device.copy()
        return device.since(mark)

    def _nobody_to_ask(self, at: Stamp) -> bool:
        """Whether it has been unknown for too long who uses the host, so that energy is booked without a user."""
        # the margin: where ticks are as long as the patience, a slow meter may be read just before the use is
        return self._usage.silent_since(at) > self._rules.patience + Duration(_MARGIN)

    def _book(self, at: Stamp) -> list[Event]:
        events: list[Event] = []
        pattern: Parts = {}
        bookings = self._meters.book(at)
        for booking in bookings:
            if booking.resource != PLATFORM:
                parts = self._share(booking)
                pattern = merge(pattern, parts)
                if booking.method is Method.MODELLED and self._platform_is_measured(booking.end):
                    continue  # what a model makes of it is in what was measured, as it tells how to share that
                events += self._post(booking, parts)
                if PLATFORM in self._meters.booked_at:
                    self._platform.component(booking)
        for booking in bookings:
            if booking.resource == PLATFORM:
                rest = self._platform.rest(booking)
                events += self._platform.news(booking)
                # shared by its own use even where that is not needed now, so that its mark moves on
                alone = self._share(replace(rest, resource=PLATFORM))
                events += self._post(rest, share_like(rest.energy, pattern) if pattern else alone)
        return events

    def _platform_is_measured(self, at: Stamp) -> bool:
        """Whether a meter of the whole machine answers: what a model says of a part could exceed the whole."""
        booked = self._meters.booked_at.get(PLATFORM)
        return booked is not None and at.boot - booked.boot <= 2 * self._rules.patience.nanoseconds

    def _share(self, booking: Booking) -> Parts:
        length = Duration(booking.end.boot - booking.start.boot)
        used = self._used(booking.resource)
        if used.seen == 0:
            return unattributed(booking.energy)
        self._learn(booking, used, length)
        length = booking.measured_time
        floor = self._floor_energy(booking.resource, booking.method, length)
        if booking.resource == DRAM:
            return share_memory(booking.energy, floor, used.use, self._rules.floor)
        if booking.resource.startswith("gpu"):
            residency = self._floor_energy(booking.resource + RESIDENCY, booking.method, length)
            return share_accelerator(booking.energy, floor, residency, used.use, self._rules.floor)
        return share_processor(booking.energy, floor, used.use, self._rules.floor)

    def _used(self, resource: str) -> Consumption:
        """Return what was used of *resource* since its last booking, and mark this moment."""
        device = self._device(resource)
        used = device.since(self._marks[resource])
        self._marks[resource] = device.copy()
        return used

    def _device(self, resource: str) -> Consumption:
        return self._usage.gpus.get(resource, Consumption()) if resource.startswith("gpu") else self._usage.host

    def _learn(self, booking: Booking, used: Consumption, length: Duration) -> None:
        """Learn the idle power; a GPU's only while no context is open, so that a loaded model teaches no floor."""
        resource, method, energy = booking.resource, booking.method, booking.energy
        slept = length - booking.end.awake_since(booking.start)
        known = not booking.missed and used.seen >= length.nanoseconds and slept < SETTLING
        busy = sum(used.active.values())
        if resource.startswith("gpu"):
            held = any(used.held.values())
            self._floors.see(resource, method, energy, length, idle=known and not busy and not held)
            floor = self._floor_energy(resource, method, length)
            if floor is not None:
                above = Energy(max(0, (energy - floor).microjoules))
                self._floors.see(resource + RESIDENCY, method, above, length, idle=known and not busy and held)
        elif resource in {PACKAGE, DRAM}:
            low = known and busy < LOW_LOAD * used.capacity
            self._floors.see(resource, method, energy, length, idle=low)

    def _floor_energy(self, key: str, method: Method, length: Duration) -> Energy | None:
        power = self._floors.of(key, method)
        return power.during(length) if power is not None else None

    def _post(self, booking: Booking, parts: Parts) -> list[Event]:
        interval = self._interval(booking.start, booking.end)
        meter = Meter(booking.resource, booking.method)
        events: list[Event] = []
        for missed in booking.missed:
            events += self._note(booking.resource, self._interval(missed.start, missed.end), missed.cause, booking.end)
        lost = sum(missed.end.boot - missed.start.boot for missed in booking.missed)
        covered = Duration(max(0, booking.end.boot - booking.start.boot - lost))
        self._activity.measure(booking.resource, covered, Duration(lost), booking.end)
        if booking.energy > Energy.ZERO or covered > Duration.ZERO:
            self._books.post(interval, meter, booking.energy, parts, covered)
            self._draw(booking, parts, meter)
            events.append(
                EnergyMeasured(at=booking.end, meter=meter, interval=interval, energy=booking.energy),
            )
        return events

    def _draw(self, booking: Booking, parts: Parts, meter: Meter) -> None:
        by_consumer: dict[str, int] = {}
        for (consumer, _), part in parts.items():
            by_consumer[consumer] = by_consumer.get(consumer, 0) + part
            self._activity.use(consumer, part)
        length = booking.measured_time
        self.draws[booking.resource] = Draw(booking.end, meter, length, booking.energy, by_consumer)

    def _interval(self, start: Stamp, end: Stamp) -> Interval:
        """Return the wall time from *start* to *end*: it ends as the clock says, and is as long as it really was."""
        return Interval(end.wall - (end.boot - start.boot), end.wall)

    def _wall(self, stamp: Stamp, at: Stamp) -> int:
        """Return the wall time of *stamp* on the clock as it is set at *at*."""
        return at.wall - (at.boot - stamp.boot)

    def _note_jump(self, at: Stamp) -> list[Event]:
        """A clock set forward leaves wall time that never was: a gap, so that its absence is explained."""
        if self._last is None:
            return []
        jump = (at.wall - self._last.wall) - (at.boot - self._last.boot)
        if jump < JUMP.nanoseconds:
            return []
        interval = Interval(self._last.wall, self._last.wall + jump)
        return self._note("", interval, Cause.CLOCK_STEP, at, counts=False)

    def _note_reboot(self, opening: OpenBooks, now: Stamp) -> list[Event]:
        interval = Interval(opening.at.wall, max(opening.at.wall, now.wall))
        return [event for resource in opening.covered for event in self._note(resource, interval, Cause.REBOOT, now)]

    def _note(self, resource: str, interval: Interval, cause: str, at: Stamp, *, counts: bool = True) -> list[Event]:
        self._gaps.append(Gap(resource, interval, cause))
        if counts:
            self._gap_time[cause] = self._gap_time.get(cause, 0) + interval.length.nanoseconds
        return [GapFound(at=at, resource=resource, interval=interval, cause=cause)]


_MARGIN: Final = 1_000_000_000
"""A second beyond the patience, so that what was waited for to its end is still in time."""
