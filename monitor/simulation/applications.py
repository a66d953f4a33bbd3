"""The applications of a simulated town hall that tell of each call by an event: of services here, and of one bought."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.intake.spool import SpoolError
from monitor.intake.usage import OTHER, UsageEvent, hashed
from monitor.simulation.deeds import source_of
from monitor.simulation.townhall import BOUGHT, BUYS, PROVIDER
from monitor.simulation.work import Telling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.simulation.life import Life, Run
    from monitor.simulation.work import WorkSpec
    from monitor.simulation.world import World

Submit = Callable[[tuple[UsageEvent, ...]], None]
"""Takes events in. Raises SpoolError where it can't now: they are sent again."""


class Applications:
    """Sends an event for each call that was answered. One thread uses it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._submit: Submit | None = None
        self._told: dict[str, tuple[Run, int]] = {}
        self._bought = 0
        """What was asked of the bought service, in nanoseconds of the busiest hour."""
        self._bought_through = world.now
        self._number = 0
        self._waiting: tuple[UsageEvent, ...] = ()

    def send_to(self, submit: Submit) -> None:
        """Send what happens from now on to *submit*."""
        self._submit = submit

    def look(self) -> None:
        """Send what happened since the last look."""
        calls = [*self._answered_here(), *self._answered_elsewhere()]
        if self._submit is None:
            return
        self._waiting += tuple(calls)
        if self._waiting:
            try:
                self._submit(self._waiting)
            except SpoolError:
                return
            self._waiting = ()

    def _answered_here(self) -> Iterator[UsageEvent]:
        for life in self._world.lives:
            work, run = life.spec.work, life.run
            if work is not None and run is not None and work.telling is Telling.EVENTS:
                yield from self._calls_of(life, work, run)

    def _calls_of(self, life: Life, work: WorkSpec, run: Run) -> Iterator[UsageEvent]:
        consumer, answered = life.spec.consumer, work.answered(run.worked)
        before, told = self._told.get(consumer, (run, 0))
        self._told[consumer] = run, answered
        for _ in range(answered - (told if before is run else 0)):
            yield self._event(work, consumer, source_of(life.spec))

    def _answered_elsewhere(self) -> Iterator[UsageEvent]:
        before, now = self._bought, self._world.now
        self._bought += round((now - self._bought_through) * self._world.demand())
        self._bought_through = now
        for _ in range(BUYS.answered(self._bought) - BUYS.answered(before)):
            yield self._event(BUYS, BOUGHT, "redaction-app", PROVIDER)

    def _event(self, work: WorkSpec, service: str, source: str, provider: str = "") -> UsageEvent:
        self._number += 1
        return UsageEvent(
            id_hash=hashed("simulated", self._world.clock.boot_id, str(self._number)),
            time=self._world.timeline.wall,
            provider=provider,
            model=work.model,
            service=service,
            operation=OTHER,
            counts=work.done(1),
            source=source,
        )
