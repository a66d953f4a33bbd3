"""A simulated host over time: pure and seeded. Equal specs, let run as far, are equal however the time is cut."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from monitor.core.attribution import FloorRule
from monitor.core.entries import MONITOR
from monitor.core.floors import RESIDENCY
from monitor.core.readings import DRAM, PACKAGE, gpu
from monitor.core.units import Power
from monitor.simulation.demand import demand
from monitor.simulation.incidents import happen
from monitor.simulation.life import Life
from monitor.simulation.line import FOREVER
from monitor.simulation.machine import Machine
from monitor.simulation.timeline import NEW_YEAR_2026, Timeline, WorldClock
from monitor.simulation.truth import truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.interval import Stamp
    from monitor.simulation.life import Script
    from monitor.simulation.spec import Incident, WorldSpec
    from monitor.simulation.truth import Truth


class World:
    """A host, its services and what happens to them. Nothing moves but by `advance`."""

    def __init__(self, spec: WorldSpec, begun: Stamp = NEW_YEAR_2026) -> None:
        self.spec = spec
        self.timeline = Timeline(spec.seed, begun)
        self.clock = WorldClock(self.timeline)
        """What the daemon is given for a clock."""
        self.machine = Machine(
            spec.machine, self.timeline, _random(spec, "machine"), remembers=FOREVER if spec.remembers else 0
        )
        self.unreadable: set[str] = set()
        """The kinds of files that can't be read now: `energy`, `usage`."""
        self._agenda: list[tuple[int, int, Script]] = []
        self._order = count()
        self.lives = [
            Life(service, self.machine, _random(spec, f"{index}/{service.consumer}"), self.schedule, self.demand)
            for index, service in enumerate(spec.services)
        ]
        for life in self.lives:
            self.schedule(_career(life))
        for incident in spec.incidents:
            self.schedule(self._await(incident))

    @property
    def now(self) -> int:
        """Running time since the world began, in ns. The edges of `truth` are such times."""
        return self.timeline.now

    @property
    def own_pid(self) -> int:
        """The pid of the monitor's own process in this world."""
        return next(life.run.processes[0].pid for life in self.lives if life.spec.consumer == MONITOR and life.run)

    def advance(self, to: int) -> None:
        """Let the world run until its running time is *to*, in ns."""
        while self._agenda and self._agenda[0][0] <= to:
            time, _, script = heappop(self._agenda)
            self.timeline.now = time
            self.schedule(script)
        self.timeline.now = to

    def schedule(self, script: Script) -> None:
        """Let *script* take its next step now, and the one after it when it says."""
        wait = next(script, None)
        if wait is not None:
            heappush(self._agenda, (self.now + wait, next(self._order), script))

    def read_clock(self, clock_id: int) -> int:
        """Return the CPU time in ns of the process that *clock_id* names. Raises OSError (EINVAL) where it is gone."""
        return self.machine.read_clock(clock_id)

    def truth(self, edges: Iterable[int], rule: FloorRule = FloorRule.BY_USE) -> Truth:
        """Return who drew how much over the slots between each two of *edges*. Raises LookupError without memory."""
        return truth(self.machine, edges, rule)

    def floor_powers(self) -> Mapping[str, Power]:
        """Return the true idle power of each resource, and the residency power of each GPU, as they are configured."""
        spec = self.spec.machine
        powers = {
            PACKAGE: Power(spec.package_floor.microwatts * spec.sockets),
            DRAM: Power(spec.dram_floor.microwatts * spec.sockets),
        }
        for index, device in enumerate(spec.gpus):
            powers[gpu(index)] = device.floor
            powers[gpu(index) + RESIDENCY] = device.residency
        return powers

    def reboot(self, length: int) -> None:
        """Let the machine be off for *length* ns; what ran before is started again."""
        self.machine.end_all()
        self.timeline.reboot(length)
        self.machine.restart()
        for life in self.lives:
            if life.run is not None:
                life.begin()

    def demand(self) -> float:
        """Return how much the services are asked for now: 1 at the busiest."""
        return demand(self.timeline.wall, self.spec.day)

    def _await(self, incident: Incident) -> Script:
        yield incident.at.nanoseconds
        yield from happen(incident, self)


def _career(life: Life) -> Script:
    """Start a service when it appears, stop it when it disappears, and start it again where it comes back."""
    spec = life.spec
    begun = spec.appears.nanoseconds if spec.appears is not None else 0
    if begun:
        yield begun
    life.begin()
    if spec.disappears is None:
        return
    yield spec.disappears.nanoseconds - begun
    life.stop()
    if spec.stays_down is not None:
        yield spec.stays_down.nanoseconds
        life.begin()


def _random(spec: WorldSpec, name: str) -> Random:
    """Return a generator of its own for each part, so that one part does not change what happens in another."""
    return Random(f"{spec.seed}/{name}")  # noqa: S311 - a simulation has to be repeatable, not secret
