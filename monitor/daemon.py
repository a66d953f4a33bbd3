"""The main thread: takes observations one by one, accounts for them, commits, and only then shows and tells.

Durable before visible: what is exposed as a counter, or told as an event, is in the ledger. A failed commit drops
nothing: the books go on in memory, counters stand still, live figures go on.
"""

from __future__ import annotations

import logging
import queue
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from monitor.core.entries import PSEUDO_SERVICES, Counted, Grain, Meter, Series, Tallied
from monitor.core.events import (
    CollectionFailed,
    CollectionSucceeded,
    CollectorBecameUnavailable,
    CollectorRecovered,
    ImpactAccounted,
    IntensityObserved,
    ServiceAppeared,
    ServiceDisappeared,
)
from monitor.core.external import ExternalFigures
from monitor.core.figures import Figures
from monitor.core.limits import Limits
from monitor.core.readings import DRAM, PACKAGE, REST
from monitor.core.units import Duration, Energy, Power
from monitor.exposition.snapshot import CollectorHealth, Snapshot
from monitor.pending import Pending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from monitor.accounting import Accounting
    from monitor.bus import Bus
    from monitor.collector import Source
    from monitor.core.activity import Taken, Unit
    from monitor.core.entries import Bucket, Gap, OpenBooks, ServiceFacts
    from monitor.core.events import EntryCorrected, Event, Observed
    from monitor.core.impact import HourImpacts, ImpactSeries
    from monitor.core.interval import Stamp
    from monitor.core.readings import IntensityReading
    from monitor.impact_accounting import ImpactAccounting
    from monitor.schedule import Inbox, Schedule

log = logging.getLogger(__name__)

CHART_POINTS: Final = 60
COMMON_RESOURCES: Final = (PACKAGE, DRAM, REST)
"""What every host has, so that the page can say which of them nothing is known of."""
NOTHING: Final = Tallied(0, 0)


class Keeper(Protocol):
    """Where the books are kept."""

    def commit(
        self,
        books: OpenBooks,
        closed: Sequence[Bucket],
        gaps: Sequence[Gap],
        services: Sequence[ServiceFacts],
        *,
        impacts: Sequence[HourImpacts] = (),
        intensities: Sequence[tuple[int, IntensityReading]] = (),
    ) -> int:
        """Write all in one transaction; return its number. Raises KeeperError (of `failures`): nothing was written.

        Each intensity comes with when it was received (ns since the epoch).
        """
        ...


class Feed(Protocol):
    """Where events from outside wait for the books."""

    def take(self, cursor: str) -> Taken:
        """Return what is new after *cursor*, which comes from the books; raises nothing."""
        ...

    def committed(self, cursor: str) -> None:
        """Take notice that the books are committed up to *cursor*. Raises KeeperError (of `failures`)."""
        ...


class People(Protocol):
    """Who is on the host: the part of the workloads that the daemon looks at."""

    def services(self) -> Mapping[str, ServiceFacts]:
        """Return the facts of every service seen."""
        ...

    def present(self) -> frozenset[str]:
        """Return the keys of those that run now."""
        ...


class Daemon:
    """One main loop over one inbox."""

    def __init__(
        self,
        *,
        accounting: Accounting,
        keeper: Keeper,
        failures: type[Exception],
        people: People,
        periods: Callable[[OpenBooks, Stamp, Sequence[HourImpacts]], Figures],
        external: Callable[[Stamp], ExternalFigures],
        limits: Callable[[Figures, OpenBooks, Stamp], tuple[Limits, Sequence[Event]]],
        impacts: ImpactAccounting,
        restate_late: Callable[[Stamp, Sequence[IntensityReading]], Sequence[EntryCorrected]],
        offset: OpenBooks,
        bus: Bus,
        publish: Callable[[Snapshot], None],
        sources: Callable[[], Mapping[str, tuple[Source, ...]]],
        alive: Callable[[], None],
        commit_every: Duration,
        live_for: Duration,
        feed: Feed | None = None,
        hand_over: Callable[[OpenBooks, Sequence[Gap]], None] = lambda _, __: None,
        recent_power: Iterable[tuple[int, float]] = (),
        present: Iterable[str] = (),
    ) -> None:
        """*offset* is what exposed totals are reduced by; *failures* is what the keeper raises when it can't write.

        *restate_late* is given the live intensities of each commit, and restates the closed hours that they tell of. It
        raises nothing: where it can't be done now, it does it at a later call.

        *limits* is given the figures after each commit, and says how budgets and contracts stand and what is to be told
        with the next commit; at its next call that was told.

        From *feed* come the events that are taken in; None: none are. *hand_over* is given what was committed, books
        and gaps, and raises nothing.

        A power is shown for as long as *live_for* after the booking it comes from. *recent_power* is what the ledger
        knows of the last hour: (start of a minute, watts). *present* are the services that were there when the run
        before it last committed: they do not appear anew.
        """
        self._accounting = accounting
        self._keeper = keeper
        self._failures = failures
        self._people = people
        self._periods = periods
        self._external = external
        self._bought = ExternalFigures()
        self._limits = limits
        self._held = Limits()
        self._impacts = impacts
        self._restate_late = restate_late
        self._offset = offset
        self._bus = bus
        self._publish = publish
        self._sources = sources
        self._alive = alive
        self._commit_every = commit_every
        self._live_for = live_for
        self._feed, self._hand_over = feed, hand_over
        self._pending = Pending()
        self._health: dict[str, CollectorHealth] = {}
        self._present = frozenset(present)
        self._known: dict[str, ServiceFacts] = {}
        self._committed: OpenBooks | None = None
        self._commit_number = 0
        self._error = ""
        self._figures, self._recent = Figures(), frozenset[str]()
        self._chart: deque[tuple[int, float]] = deque(recent_power, maxlen=CHART_POINTS)
        self._stopping = False

    def stop(self, inbox: Inbox) -> None:
        """Have the loop end after what is in the inbox. May be called from a signal handler."""
        self._stopping = True
        inbox.wake()

    def run(self, inbox: Inbox, schedule: Schedule, stall: Duration) -> None:
        """Work until told to stop. When nothing is observed for *stall*, the schedule is put on time again."""
        while not self._stopping:
            try:
                observed = inbox.take(stall)
            except queue.Empty:
                log.warning("nothing was read for %.0f s; the clock may have been set back: reading now", stall.seconds)
                schedule.rearm()
                continue
            if observed is not None:
                self.tick(observed)

    def finish(self, inbox: Inbox, last: Observed) -> None:
        """Account for what is left in the inbox and for a *last* observation, and commit: the open tick is not lost."""
        for observed in inbox.drain():
            self.tick(observed)
        self.tick(last, last=True)

    def tick(self, observed: Observed, *, last: bool = False) -> None:
        """Account for *observed*; commit when it is time (and always the *last*); show; tell."""
        at = observed.at
        self._pending.events += self._note_health(observed)
        taken = self._feed.take(self._accounting.cursor) if self._feed and not observed.slow else None
        self._pending.events += self._accounting.take(observed, taken)
        if not observed.slow:  # who is there is looked up for the fast ones: before the first of them nobody knows
            self._pending.events += self._note_people(at)
        closed = self._accounting.close(at)
        self._pending.closed += closed
        self._note_impacts(observed, closed)
        self._pending.gaps += self._accounting.take_gaps()
        self._draw_chart(closed)
        if last or self._is_time(at):
            self._commit(at)
        self._publish(self._snapshot(at))
        if not observed.slow:
            self._alive()

    def _is_time(self, at: Stamp) -> bool:
        if self._committed is None or self._error:
            return True
        # half a tick early is on time: ticks come a little late and a little early
        return at.boot - self._committed.at.boot >= self._commit_every.nanoseconds * 9 // 10

    def _commit(self, at: Stamp) -> None:
        books = self._impacts.book(self._accounting.books(at), self._accounting.reserved())
        pending = self._pending
        self._bus.hold(pending.events, books.at)
        try:
            self._commit_number = self._keeper.commit(
                books,
                pending.closed,
                pending.gaps,
                tuple(pending.services.values()),
                impacts=pending.impacts,
                intensities=pending.intensities,
            )
        except self._failures as error:
            if not self._error:
                log.error("%s; what is measured is kept in memory until the ledger can be written", error)  # noqa: TRY400 - the sentence is the cure; a trace is not
            self._error = f"{error}"
            pending.bound()
            return
        self._committed, self._pending = books, Pending()
        self._hand_over(books, pending.gaps)
        corrected = self._restate_late(at, [reading for _, reading in pending.intensities])
        self._bus.publish([*pending.events, *corrected])
        self._sum_up(books, at)

    def _sum_up(self, books: OpenBooks, at: Stamp) -> None:
        """Ask the ledger for the figures of the periods; where it does not answer, those of before stay."""
        try:
            if self._feed:
                self._feed.committed(books.cursor)
            self._figures = self._periods(books, at, self._impacts.open(books.open, at.wall))
            self._recent = self._figures.told_of(("month", "previous_month"))
            self._bought = self._external(at)
            held, news = self._limits(self._figures, books, at)
        except self._failures as error:
            if not self._error:
                log.error("%s; what is shown of days, months and years is from before", error)  # noqa: TRY400 - as above
            self._error = f"{error}"
            return
        self._held = held
        self._pending.events += news
        if self._error:
            log.warning("the ledger can be used again; nothing was lost")
        self._error = ""

    def _note_impacts(self, observed: Observed, closed: Sequence[Bucket]) -> None:
        at, pending = observed.at, self._pending
        told = self._impacts.take(observed)
        reckoned = self._impacts.close(closed)
        pending.intensities += [(at.wall, reading) for reading in told]
        pending.impacts += reckoned
        pending.events += [IntensityObserved(at=at, reading=reading) for reading in told]
        pending.events += [ImpactAccounted(at=at, impacts=impacts) for impacts in reckoned]

    def _note_health(self, observed: Observed) -> list[Event]:
        events: list[Event] = []
        for outcome in observed.outcomes:
            before = self._health.get(outcome.collector)
            now = _health(outcome, before)
            self._health[outcome.collector] = now
            if isinstance(outcome, CollectionSucceeded) and before is not None and not before.success:
                log.info("%s can be read again", outcome.collector)
                events.append(CollectorRecovered(at=observed.at, collector=outcome.collector))
            elif not now.success and (before is None or before.success or before.what != now.what):
                log.info("%s can't be read: %s", now.name, now.what)
                events.append(outcome)
        return events

    def _note_people(self, at: Stamp) -> list[Event]:
        # in this order: another thread may add a service in between, and each that is present has to have its facts
        present = self._people.present()
        services = self._people.services()
        for key, facts in services.items():
            if self._known.get(key) != facts:
                self._pending.services[key] = self._known[key] = facts
        appeared = [ServiceAppeared(at=at, service=services[key]) for key in sorted(present - self._present)]
        gone = [ServiceDisappeared(at=at, service=key) for key in sorted(self._present - present)]
        self._present = present
        return [*appeared, *gone]

    def _draw_chart(self, closed: Sequence[Bucket]) -> None:
        for bucket in closed:
            longest = max((time.nanoseconds for time in bucket.covered.values()), default=0)
            if bucket.grain is Grain.MINUTE and longest:
                energy = Energy(sum(amount.microjoules for amount in bucket.measured.values()))
                self._chart.append((bucket.start, energy.over(Duration(longest)).watts))

    def _snapshot(self, at: Stamp) -> Snapshot:
        energy, measured, gaps, impacts = self._exposed()
        services = {key: facts for key, facts in self._known.items() if self._is_of_interest(key)}
        sources = self._sources()
        return Snapshot(
            at=at,
            host_energy=measured,
            service_energy={series: amount for series, amount in energy.items() if self._is_shown(series.consumer)},
            service_power=self._service_power(at),
            host_power={
                draw.meter: draw.energy.over(draw.length)
                for draw in self._accounting.draws.values()
                if self._is_live(draw.at, at)
            },
            services=services,
            present=self._present,
            collectors=tuple(
                replace(health, sources=sources.get(name, ())) for name, health in sorted(self._health.items())
            ),
            used_sources=self._accounting.used_sources(),
            gaps=gaps,
            conservation_error=self._accounting.conservation_error,
            period_energy=self._figures.energy,
            period_coverage=self._figures.coverage,
            period_methods=self._figures.methods,
            recent_power=tuple(self._chart),
            unknown=tuple(name for name in COMMON_RESOURCES if not any(meter.resource == name for meter in measured)),
            ledger_commit=self._commit_number,
            ledger_error=self._error,
            ledger_committed_at=self._committed.at.wall if self._committed is not None else None,
            impacts={key: units for key, units in impacts.items() if self._is_shown(key.consumer)},
            period_impacts=self._figures.impacts,
            period_meters=self._figures.meters,
            terms=self._impacts.terms_now(at.wall),
            terms_fault=self._impacts.fault,
            intensity=self._impacts.newest(at.wall),
            activity={key: count for key, count in self._activity().items() if self._is_shown(key[0])},
            period_activity=self._figures.activity,
            period_unmeasured=self._figures.unmeasured,
            period_said=self._figures.said,
            period_idle=self._figures.idle,
            groups=self._figures.groups,
            external=self._bought,
            budgets=self._held.budgets,
            contracts=self._held.contracts,
            platform=self._accounting.outcome,
        )

    def _activity(self) -> dict[tuple[str, Unit], int]:
        """Return the counters of what services did, less what a restored ledger had already when it came back."""
        books, offset = self._committed, self._offset
        if books is None:
            return {}
        return {key: one.shown - offset.counted.get(key, Counted(0)).shown for key, one in books.counted.items()}

    def _exposed(
        self,
    ) -> tuple[dict[Series, Energy], dict[Meter, Energy], dict[str, Duration], dict[ImpactSeries, int]]:
        """Return the committed totals, less what a restored ledger had already when it came back."""
        books, offset = self._committed, self._offset
        if books is None:
            return {}, {}, {}, {}
        return (
            {series: amount - offset.energy.get(series, Energy.ZERO) for series, amount in books.energy.items()},
            {meter: amount - offset.measured.get(meter, Energy.ZERO) for meter, amount in books.measured.items()},
            {cause: time - offset.gaps.get(cause, Duration.ZERO) for cause, time in books.gaps.items()},
            {key: one.units - offset.impacts.get(key, NOTHING).units for key, one in books.impacts.items()},
        )

    def _is_shown(self, consumer: str) -> bool:
        return consumer in PSEUDO_SERVICES or self._is_of_interest(consumer)

    def _is_of_interest(self, consumer: str) -> bool:
        """A service is shown while it runs, and for the rest of the month after the one in which it last did."""
        return consumer in self._present or consumer in self._recent

    def _service_power(self, at: Stamp) -> dict[str, Power]:
        power: dict[str, Power] = dict.fromkeys(self._present, Power.ZERO)
        for draw in self._accounting.draws.values():
            if self._is_live(draw.at, at):
                for consumer, microjoules in draw.by_consumer.items():
                    mean = Energy(microjoules).over(draw.length)
                    power[consumer] = power.get(consumer, Power.ZERO) + mean
        return power

    def _is_live(self, drawn: Stamp, at: Stamp) -> bool:
        return at.boot - drawn.boot <= self._live_for.nanoseconds


def _health(
    outcome: CollectionSucceeded | CollectionFailed | CollectorBecameUnavailable, before: CollectorHealth | None
) -> CollectorHealth:
    last = before.last_success if before is not None else None
    if isinstance(outcome, CollectionSucceeded):
        return CollectorHealth(outcome.collector, success=True, took=outcome.took, last_success=outcome.at.wall)
    if isinstance(outcome, CollectionFailed):
        reason = "defect" if outcome.defect else "retry"
        return CollectorHealth(outcome.collector, False, outcome.took, last, reason, outcome.why)
    return CollectorHealth(outcome.collector, False, Duration.ZERO, last, outcome.reason, outcome.what, outcome.cure)
