"""How the services of a simulated host live. A script changes the machine, then yields for how many ns it waits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.units import NANOSECONDS_PER_SECOND, Memory
from monitor.simulation.spec import Program

if TYPE_CHECKING:
    from random import Random

    from monitor.simulation.machine import Machine
    from monitor.simulation.processes import Process
    from monitor.simulation.spec import Range, ServiceSpec

Script = Iterator[int]
"""Yields the time to wait, in ns, until its next step."""
Schedule = Callable[[Script], None]
"""Starts a script now."""
Demand = Callable[[], float]
"""How much the services are asked for at this time of the day: 1 at the busiest."""

MILLISECOND: Final = NANOSECONDS_PER_SECOND // 1000
MODEL_LOADS: Final = (2000, 6000)
"""How long a server takes to load its model, in milliseconds."""
RESTARTS_AFTER: Final = (3000, 8000)
"""How long until a service is started again when one of its programs was killed, in milliseconds."""
LOOKS_EVERY: Final = 20 * NANOSECONDS_PER_SECOND
"""How long an idle service takes the demand to stay the same."""
CHILD_LOAD: Final = (300, 950)
"""Thousandths of a CPU that a short-lived child uses."""
CHILD: Final = Program(("/bin/sh", "-c", "convert page.pdf"), Memory.from_gibibytes(0.02))


@dataclass(eq=False)
class Run:
    """The programs of one start of a service, the main one first."""

    processes: list[Process]
    begun: int
    """When it was started, in ns since the epoch."""
    busy: bool = False
    worked: int = 0
    """For how long it was busy in the spells that are over, in ns."""


class Life:
    """One service on the machine: started, idle, busy, restarted when it dies, stopped."""

    def __init__(self, spec: ServiceSpec, machine: Machine, random: Random, schedule: Schedule, demand: Demand) -> None:
        self.spec = spec
        self._machine = machine
        self._random = random
        self._schedule = schedule
        self._demand = demand
        self.run: Run | None = None

    def begin(self) -> None:
        """Start its programs."""
        spec = self.spec
        main = self._start(spec.main)
        workers = (self._start(program, main) for program in spec.workers)
        self.run = Run([main, *workers], self._machine.timeline.wall)
        self._schedule(self._live(self.run))

    def stop(self) -> None:
        """End its programs, the last one first, and remove its control group where nobody else lives there."""
        if self.run is None:
            return
        family = [*self.run.processes, *self._descendants(self.run.processes[0])]
        for process in reversed(family):
            self._machine.end(process)
        self.run = None
        if self.spec.cgroup in self._machine.cgroups and self.spec.cgroup != "/":
            self._machine.remove_group(self.spec.cgroup)

    def spawn(self, program: Program, run: Run) -> Process:
        """Start *program* as a child of the main program."""
        return self._start(program, run.processes[0])

    def _live(self, run: Run) -> Script:
        yield self._milliseconds(MODEL_LOADS)
        self._open_models(run)
        while self.run is run:
            if not all(self._machine.lives(process) for process in run.processes):
                yield self._milliseconds(RESTARTS_AFTER)
                self._restart(run)
                return
            yield from self._idle(run)
            yield from self._busy(run)

    def _idle(self, run: Run) -> Script:
        lowest, highest = self.spec.rhythm.idle
        if highest == 0:
            return
        for process in run.processes:
            self._machine.load(process, self._random.randint(*process.program.idle))
            self._machine.compute(process, 0)
        yield from self._until_asked(self._milliseconds((lowest * 1000, highest * 1000)))

    def _until_asked(self, left: int) -> Script:
        """Wait for *left* ns of the busiest hour; for longer, where less is asked for."""
        while left > 0:
            demand = self._demand()
            step = min(math.ceil(left / demand), LOOKS_EVERY)
            yield step
            left -= math.ceil(step * demand)

    def _busy(self, run: Run) -> Script:
        rhythm = self.spec.rhythm
        if rhythm.busy[1] == 0:
            return
        self._open_models(run)
        run.busy = True
        if rhythm.spawns is not None:
            self._schedule(self._spawn(run, rhythm.spawns))
        left = self._milliseconds((rhythm.busy[0] * 1000, rhythm.busy[1] * 1000))
        while left > 0:
            for process in run.processes:
                self._machine.load(process, self._random.randint(*process.program.busy))
                self._machine.compute(process, self._random.randint(*process.program.gpu_busy))
            spell = min(left, self._milliseconds((rhythm.spell[0] * 1000, rhythm.spell[1] * 1000)))
            yield spell
            left -= spell
            run.worked += spell if self.run is run else 0
        run.busy = False

    def _spawn(self, run: Run, between: Range) -> Script:
        program = self.spec.child or CHILD
        while run.busy and self.run is run:
            child = self.spawn(program, run)
            self._machine.load(child, self._random.randint(*CHILD_LOAD))
            self._schedule(self._end_after(child, self._milliseconds(self.spec.rhythm.child_lives)))
            yield self._milliseconds((between[0] * 1000, between[1] * 1000))

    def _end_after(self, child: Process, time: int) -> Script:
        yield time
        self._machine.end(child)

    def _restart(self, run: Run) -> None:
        if self.run is run:
            self.stop()
            self.begin()

    def _open_models(self, run: Run) -> None:
        for process in run.processes:
            if self._present(process.program.gpu):
                self._machine.hold_gpu(process, process.program.gpu_memory.bytes)

    def _present(self, gpu: int | None) -> bool:
        return gpu is not None and self._machine.supply.gpus[gpu].present and self._machine.driver_loaded

    def _start(self, program: Program, parent: Process | None = None) -> Process:
        spec = self.spec
        parent = None if spec.kernel else parent
        process = self._machine.start(program, spec.consumer, spec.cgroup, parent=parent, kernel=spec.kernel)
        self._machine.load(process, self._random.randint(*program.idle))
        return process

    def _descendants(self, process: Process) -> list[Process]:
        known = self._machine.processes
        return [child for number in sorted(process.children) if (child := known.get(number)) is not None]

    def _milliseconds(self, between: Range) -> int:
        return self._random.randint(*between) * MILLISECOND + self._random.randrange(MILLISECOND)
