"""When each collector is read. Reads what is due, stamps it, and puts it in the inbox; computes nothing.

All fast collectors are read in one go, in one job, so that energy and use are read together; each slow one has a job of
its own in a small pool. APScheduler looks at the wall clock: `rearm` puts every job back on time after a jump of it.
"""

from __future__ import annotations

import logging
import queue
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Final, Self, cast

from apscheduler.executors.pool import BasePoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from monitor.collector import Retry, Unavailable
from monitor.core.events import (
    CollectionFailed,
    CollectionSucceeded,
    CollectorBecameUnavailable,
    Observed,
    Outcome,
)
from monitor.core.readings import IntensityReading
from monitor.core.units import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from monitor.clock import Clock
    from monitor.collector import Collector, Source
    from monitor.core.interval import Stamp

log = logging.getLogger(__name__)

ROOM: Final = 64
"""How many observations the inbox holds; beyond that a newer one takes the place of an older one of the same source."""
LONGEST_END: Final = Duration.from_seconds(10)
"""How long a read in hand is waited for at the end. Our choice: more than any limit of a read over the network."""
STUCK: Final = Duration.from_seconds(60)
"""How long a read may take before it is told to hang. Our choice: beyond the limit of any that has one."""
EXTRA_GAP: Final = timedelta(seconds=1)
"""Readings asked for between two ticks come at most once a second; what is asked for meanwhile is one reading."""


class Inbox:
    """What was observed and not yet accounted for. Any thread puts; one takes."""

    def __init__(self, room: int = ROOM) -> None:
        self._queue: queue.SimpleQueue[Observed | None] = queue.SimpleQueue()
        self._room = room

    def offer(self, observed: Observed) -> bool:
        """Take *observed* and return True; or return False where there is no room."""
        if self._queue.qsize() >= self._room:
            return False
        self._queue.put(observed)
        return True

    def take(self, timeout: Duration) -> Observed | None:
        """Return the oldest observation. Returns None when woken. Raises queue.Empty when none came in time."""
        return self._queue.get(timeout=timeout.seconds)

    def wake(self) -> None:
        """Make a waiting `take` return None. May be called from a signal handler."""
        self._queue.put(None)

    def drain(self) -> Iterator[Observed]:
        """Yield what is left, oldest first."""
        while not self._queue.empty():
            observed = self._queue.get()
            if observed is not None:
                yield observed


@dataclass(slots=True)
class Charge:
    """One collector in the sampler's care: open, or to be opened when it is `due` (boot clock, ns)."""

    name: str
    open: Callable[[], Collector]
    slow: bool
    collector: Collector | None = None
    due: int = 0
    sources: tuple[Source, ...] = ()
    """What it reads, as of the last read; another thread may look at it."""
    every: Duration | None = None
    """How often a slow one is read; None: at every tick."""


class Sampler:
    """Reads collectors one after the other and puts what they saw in the inbox, as one observation."""

    every: Duration | None = None
    """How often it is to be asked: as often as the one of its collectors that wants it most; None: at every tick."""
    _began: Stamp | None = None
    """When the read in hand began."""

    def __init__(
        self,
        charges: Sequence[Charge],
        clock: Clock,
        inbox: Inbox,
        retry_every: Duration,
        before_read: Callable[[], None] = lambda: None,
        *,
        slow: bool = False,
    ) -> None:
        """*before_read* is called before each sample: who is there is looked up then, for all collectors alike."""
        self._charges = charges
        wanted = [charge.every for charge in charges]
        self.every = min((each for each in wanted if each is not None), default=None) if None not in wanted else None
        self._clock = clock
        self._inbox = inbox
        self._retry_every = retry_every
        self._before_read = before_read
        self._slow = slow
        self._held: Observed | None = None
        self._trouble = ""

    def sample(self) -> None:
        """Read every collector and put the outcomes in the inbox; where it is full they are held, and join the next."""
        self._began = self._clock.stamp()
        try:
            observed = self.observe()
            if self._held is not None:
                observed = newest(self._held, observed)
            self._held = None if self._inbox.offer(observed) else observed
        finally:
            self._began = None

    def tell_if_stuck(self) -> None:
        """Say that what is read does not answer, where a read has gone on for too long. Another thread may call it."""
        began = self._began
        if began is None:
            return
        at = self._clock.stamp()
        took = Duration(at.boot - began.boot)
        if took < STUCK:
            return
        why = f"it does not answer: it has been read for {took.seconds:.0f} s"
        failed = [CollectionFailed(at=at, collector=one.name, why=why, took=took) for one in self._charges]
        self._inbox.offer(Observed(at=at, outcomes=tuple(failed), slow=self._slow))

    def observe(self) -> Observed:
        """Read every collector now; return what happened."""
        not_read = [outcome for charge in self._charges if (outcome := self._open(charge)) is not None]
        not_read += self._prepare()
        at = self._clock.stamp()
        read = [self._read(charge, at) for charge in self._charges if charge.collector is not None]
        return Observed(at=at, outcomes=(*(replace(outcome, at=at) for outcome in not_read), *read), slow=self._slow)

    def sources(self) -> dict[str, tuple[Source, ...]]:
        """Return what each collector reads, by its name; nothing for one that could not be read yet."""
        return {charge.name: charge.sources for charge in self._charges}

    def close(self) -> None:
        """Close every collector; none where one hangs in a read: to close it might hang as well."""
        if self._began is not None:
            log.warning("%s does not answer, and is left as it is", ", ".join(one.name for one in self._charges))
            return
        for charge in self._charges:
            self._shut(charge)

    def _prepare(self) -> list[Outcome]:
        """Do what comes before reading. If that has a defect, what can be read is read all the same."""
        try:
            self._before_read()
        except Exception as error:  # a defect here must not keep the meters from being read
            why = f"{type(error).__name__}: {error}"
            if why != self._trouble:
                log.exception("looking who is there failed")
            self._trouble = why
            at = self._clock.stamp()
            return [CollectionFailed(at=at, collector="workloads", why=why, took=Duration.ZERO, defect=True)]
        self._trouble = ""
        return []

    def _open(self, charge: Charge) -> Outcome | None:
        """Open a collector that is due; return why it could not be, None where there is nothing to say."""
        at = self._clock.stamp()
        if charge.collector is not None or at.boot < charge.due:
            return None
        try:
            charge.collector = charge.open()
        except Exception as error:  # noqa: BLE001 - told as an outcome
            return self._failed(charge, at, error)
        return None

    def _read(self, charge: Charge, at: Stamp) -> Outcome:
        """Read one open collector."""
        collector = cast("Collector", charge.collector)
        try:
            readings = tuple(collector.collect())
            charge.sources = tuple(collector.sources())
        except Exception as error:  # noqa: BLE001 - told as an outcome
            return self._failed(charge, at, error)
        return CollectionSucceeded(at=at, collector=charge.name, readings=readings, took=self._since(at))

    def _failed(self, charge: Charge, at: Stamp, error: Exception) -> Outcome:
        """Return what *error* means: a fact of the host, or a defect of the collector that must not stop the others."""
        if isinstance(error, Retry):
            return CollectionFailed(at=at, collector=charge.name, why=str(error), took=self._since(at))
        self._shut(charge)
        charge.due = at.boot + self._retry_every.nanoseconds
        if isinstance(error, Unavailable):
            return CollectorBecameUnavailable(
                at=at, collector=charge.name, reason=error.reason.value, what=error.what, cure=error.cure
            )
        log.error("collector %s failed", charge.name, exc_info=error)
        why = f"{type(error).__name__}: {error}"
        return CollectionFailed(at=at, collector=charge.name, why=why, took=self._since(at), defect=True)

    def _shut(self, charge: Charge) -> None:
        collector, charge.collector = charge.collector, None
        if collector is None:
            return
        try:
            collector.close()
        except Exception:  # a defect here must not keep the others from being read, or closed
            log.exception("collector %s could not be closed", charge.name)

    def _since(self, at: Stamp) -> Duration:
        return Duration(self._clock.stamp().boot - at.boot)


def newest(older: Observed, newer: Observed) -> Observed:
    """Return both as one observation at the later time: of each collector, the newer outcome.

    A grid intensity is told once, so that those of the older outcome stay, but for the ones that were told anew.
    """
    outcomes = {outcome.collector: outcome for outcome in older.outcomes}
    for outcome in newer.outcomes:
        outcomes[outcome.collector] = _joined(outcomes.get(outcome.collector), outcome)
    return Observed(at=newer.at, outcomes=tuple(outcomes.values()), slow=newer.slow)


def _joined(older: Outcome | None, newer: Outcome) -> Outcome:
    """Return *newer* with the intensities that only *older* tells; *older* where *newer* has no room for them."""
    told = older.readings if isinstance(older, CollectionSucceeded) else ()
    kept = {_time_of(reading): reading for reading in told if isinstance(reading, IntensityReading)}
    if not kept:
        return newer
    if not isinstance(newer, CollectionSucceeded):
        return cast("Outcome", older)  # that it fails by now is told at its next read
    for reading in newer.readings:
        if isinstance(reading, IntensityReading):
            kept.pop(_time_of(reading), None)
    return replace(newer, readings=(*kept.values(), *newer.readings))


def _time_of(reading: IntensityReading) -> tuple[str, str, int]:
    return reading.provider, reading.zone, reading.start


class _Grid(BaseTrigger):  # type: ignore[misc] # APScheduler has no types
    """Moments at equal intervals. Those that were missed are passed over in one step, however many they are.

    APScheduler's own goes through them one by one, which takes hours where a clock that began in 1970 was set.
    """

    def __init__(self, interval: timedelta) -> None:
        self.interval = interval

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        if previous_fire_time is None:
            return now
        missed = max(timedelta(0), now - previous_fire_time) // self.interval
        return previous_fire_time + (missed + 1) * self.interval

    def __str__(self) -> str:
        return f"every {self.interval}"


class _Alone(BasePoolExecutor):  # type: ignore[misc] # APScheduler has no types
    """Does what is due in one thread, one after the other."""

    def __init__(self) -> None:
        super().__init__(ThreadPoolExecutor(1))


class _Apart(BasePoolExecutor):  # type: ignore[misc] # as above
    """Does each thing that is due in a thread of its own. One that hangs does not keep the program from ending."""

    def __init__(self) -> None:
        super().__init__(self)
        self.running: set[Future[object]] = set()

    def submit(self, work: Callable[..., object], *arguments: object) -> Future[object]:
        """Begin *work*; return what tells that it is done."""
        future: Future[object] = Future()
        future.set_running_or_notify_cancel()
        self.running.add(future)
        future.add_done_callback(self.running.discard)
        Thread(target=_carry_out, args=(future, partial(work, *arguments)), daemon=True).start()
        return future

    def shutdown(self, wait: bool = True) -> None:
        """Release nothing: whoever waits for what is running looks at that."""


def _carry_out(future: Future[object], work: Callable[[], object]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - told to whoever asked for it
        future.set_exception(error)


class Schedule:
    """Runs the samplers on time, until it is closed. A context manager: it owns the scheduler's threads.

    At its end it waits for the reads in hand, but for a slow one that hangs, so that what was measured is kept.
    """

    def __init__(
        self, fast: Sampler, slow: Sequence[Sampler], every: Duration, *, patience: Duration = LONGEST_END
    ) -> None:
        """Read *fast*, and each of *slow* in a thread of its own; at the end, wait for *patience* at most."""
        self._patience = patience
        self._fast = fast
        self._slow = slow
        self._every = every
        self._last_extra = datetime.fromtimestamp(0, UTC)
        # any of the slow ones may hang, and none is to wait for another
        self._apart = _Apart()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": _Alone(), "slow": self._apart},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def __enter__(self) -> Self:
        self._arm(datetime.now(UTC))  # noqa: TID251 - APScheduler's own clock, and no other, decides when a job is due
        self._scheduler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scheduler.shutdown(wait=True)
        wait(tuple(self._apart.running), self._patience.seconds)

    def rearm(self) -> None:
        """Make every job due now and on its grid again: after the wall clock was set back none would be for as long."""
        self._arm(datetime.now(UTC))  # noqa: TID251 - as above

    def wake(self) -> None:
        """Have the fast collectors read now, between two ticks; at most once a second. Any thread may call it."""
        now = datetime.now(UTC)  # noqa: TID251 - as above
        if now < self._last_extra <= now + EXTRA_GAP:
            return  # the reading that is due takes this in: put off again and again, it would never be taken
        # min: a clock that was set back must not put the next reading off
        due = max(now, min(self._last_extra, now) + EXTRA_GAP)
        self._last_extra = due
        self._scheduler.add_job(self._fast.sample, "date", run_date=due, id="extra", replace_existing=True)

    def _read_fast(self) -> None:
        self._fast.sample()
        for sampler in self._slow:
            sampler.tell_if_stuck()

    def _arm(self, now: datetime) -> None:
        self._scheduler.add_job(
            self._read_fast,
            _Grid(timedelta(seconds=self._every.seconds)),
            next_run_time=now,
            id="fast",
            replace_existing=True,
        )
        for number, sampler in enumerate(self._slow):
            self._scheduler.add_job(
                sampler.sample,
                _Grid(timedelta(seconds=(sampler.every or self._every).seconds)),
                next_run_time=now,
                id=f"slow{number}",
                executor="slow",
                replace_existing=True,
            )
