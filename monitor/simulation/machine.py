"""A simulated machine at work: programs start, compute, hold memory and end; power, counters and truth follow."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from monitor.core.entries import OTHER
from monitor.core.units import Memory
from monitor.simulation.line import Line
from monitor.simulation.processes import FIRST_PID, INIT, KERNEL, PID_MAX, SAMPLES_KEPT, Cgroup, Process
from monitor.simulation.spec import Program
from monitor.simulation.supply import THOUSAND, Supply

if TYPE_CHECKING:
    from random import Random

    from monitor.simulation.spec import MachineSpec
    from monitor.simulation.supply import Gpu
    from monitor.simulation.timeline import Timeline

CPUCLOCK_SCHED: Final = 2
"""Lowest bits of a clock id that asks for the CPU time of a whole process. Source: Linux, posix-timers.h."""
KERNEL_MEMORY: Final = Memory.from_gibibytes(2)
"""What the kernel itself holds; it counts among the other processes."""
SYSTEMD: Final = Program(("/sbin/init",), Memory.from_gibibytes(0.015), busy=(1, 6), comm="systemd")
KTHREADD: Final = Program(("kthreadd",), Memory(0), busy=(0, 1))


class Consumers:
    """What each consumer uses, as lines: a new one begins with the first use of it."""

    def __init__(self, *, remembers: int) -> None:
        self._remembers = remembers
        self.lines: dict[str, Line] = {}

    def add(self, time: int, consumer: str, more: int) -> None:
        """Let *consumer* use *more* of it from *time* on; less, where that is negative."""
        if more:
            line = self.lines.get(consumer)
            if line is None:
                line = self.lines[consumer] = Line(time, remembers=self._remembers)
            line.turn(time, line.rate + more)


class Machine:
    """The running host. Every change happens at the timeline's `now`."""

    def __init__(self, spec: MachineSpec, timeline: Timeline, random: Random, *, remembers: int) -> None:
        self.spec = spec
        self.timeline = timeline
        self.supply = Supply(spec, random, remembers=remembers)
        self.cpu = Consumers(remembers=remembers)
        self.held = Consumers(remembers=remembers)
        self.free = Line(remembers=remembers)
        self.sm = [Consumers(remembers=remembers) for _ in spec.gpus]
        self.gpu_held = [Consumers(remembers=remembers) for _ in spec.gpus]
        self.driver_loaded = True
        self.driver_loads = 1
        """How often the GPU driver was loaded: a session opened before the last time is of no use."""
        self.free.turn(0, spec.memory.bytes)
        self._hold(OTHER, KERNEL_MEMORY.bytes)
        self.supply.switch_on(0)
        self._boot()

    @property
    def now(self) -> int:
        """Running time, in ns."""
        return self.timeline.now

    def start(
        self,
        program: Program,
        consumer: str,
        path: str,
        *,
        parent: Process | None = None,
        pid: int | None = None,
        kernel: bool = False,
    ) -> Process:
        """Start *program* in the control group *path* and return its process, which does not compute yet."""
        group = self.group(path)
        number = self._free_pid() if pid is None else pid
        lineage = group.lineage()
        process = Process(
            pid=number,
            parent=parent or self.processes.get(KERNEL if kernel else INIT),
            program=program,
            consumer=consumer,
            cgroup=group,
            lineage=lineage,
            socket=number % self.spec.sockets,
            started=self.timeline.boot,
            cpu=Line(self.now),
            memory=0,
            kernel=kernel,
            gpu_load=Line(self.now, remembers=SAMPLES_KEPT),
        )
        self.processes[number] = process
        self.forks += 1
        group.processes[number] = process
        if process.parent is not None:
            process.parent.children.add(number)
        for ancestor in lineage:
            ancestor.alive += 1
        self.hold(process, program.memory.bytes)
        return process

    def end(self, process: Process) -> None:
        """End *process*; its parent reaps it at once, and init adopts its children. Does nothing where it is gone."""
        if not self.lives(process):
            return
        self.load(process, 0)
        self.hold(process, 0)
        self.compute(process, 0)
        self.hold_gpu(process, 0)
        del self.processes[process.pid]
        del process.cgroup.processes[process.pid]
        for ancestor in process.lineage:
            ancestor.alive -= 1
        self._bury(process)

    def lives(self, process: Process) -> bool:
        """Return whether *process* has not ended."""
        return self.processes.get(process.pid) is process

    def load(self, process: Process, thousandths: int) -> None:
        """Let *process* use *thousandths* of a logical CPU from now on. Here and below: nothing, where it has ended."""
        more = thousandths - process.cpu.rate
        if not more or not self.lives(process):
            return
        now = self.now
        process.cpu.turn(now, thousandths)
        for group in process.lineage:
            group.cpu.turn(now, group.cpu.rate + more)
        self.cpu.add(now, process.consumer, more)
        self.socket_load[process.socket] += more
        self.supply.load(now, process.socket, self.socket_load[process.socket])

    def hold(self, process: Process, memory: int) -> None:
        """Let *process* hold *memory* bytes from now on."""
        if not self.lives(process):
            return
        more = memory - process.memory
        process.memory = memory
        for group in process.lineage:
            group.memory += more
        self._hold(process.consumer, more)

    def hold_gpu(self, process: Process, memory: int) -> None:
        """Let *process* hold *memory* bytes on the GPU of its program; zero closes its context."""
        index = process.program.gpu
        if index is None or memory == process.gpu_memory or not self.lives(process):
            return
        gpu = self.supply.gpus[index]
        gpu.contexts += bool(memory) - bool(process.gpu_memory)
        self.gpu_held[index].add(self.now, process.consumer, memory - process.gpu_memory)
        process.gpu_memory = memory
        self._update(gpu)

    def compute(self, process: Process, thousandths: int) -> None:
        """Let *process* use *thousandths* of the SMs of its GPU, as far as it has a context and there is room."""
        index = process.program.gpu
        if index is None or not self.lives(process):
            return
        gpu = self.supply.gpus[index]
        room = THOUSAND - gpu.load + process.gpu_load.rate
        granted = min(thousandths, room) if process.gpu_memory else 0
        more = granted - process.gpu_load.rate
        gpu.load += more
        process.gpu_load.turn(self.now, granted)
        self.sm[index].add(self.now, process.consumer, more)
        self._update(gpu)

    def group(self, path: str) -> Cgroup:
        """Return the control group *path*, made where it isn't there, with those that contain it."""
        known = self.cgroups.get(path)
        if known is not None:
            return known
        parent = self.group(path.rpartition("/")[0] or "/")
        parent.children += 1
        made = self.cgroups[path] = Cgroup(path, parent, Line(self.now))
        return made

    def remove_group(self, path: str) -> None:
        """Remove the control group *path*, where nobody lives in it or below it."""
        group = self.cgroups[path]
        if group.alive or group.children:
            return
        del self.cgroups[path]
        if group.parent is not None:
            group.parent.children -= 1

    def lose_gpu(self, index: int) -> None:
        """Let the GPU fall off the bus: it draws nothing, and who held it is killed."""
        gpu = self.supply.gpus[index]
        for process in self.users_of(index):
            self.end(process)
        gpu.present = False
        self._update(gpu)

    def regain_gpu(self, index: int) -> None:
        """Bring the GPU back, its counter at zero."""
        gpu = self.supply.gpus[index]
        gpu.present = True
        gpu.reset(self.now)
        self._update(gpu)

    def users_of(self, index: int) -> list[Process]:
        """Return the processes with a context open on GPU *index*, by pid."""
        return [
            process
            for _, process in sorted(self.processes.items())
            if process.program.gpu == index and process.gpu_memory
        ]

    def unload_driver(self) -> None:
        """Unload the GPU driver: who held a GPU is killed."""
        self.driver_loaded = False
        for index in range(len(self.supply.gpus)):
            for process in self.users_of(index):
                self.end(process)

    def reload_driver(self) -> None:
        """Load the GPU driver anew: every counter of it starts from zero."""
        self.driver_loaded = True
        self.driver_loads += 1
        for gpu in self.supply.gpus:
            gpu.reset(self.now)

    def end_all(self) -> None:
        """End every process."""
        for process in list(self.processes.values()):
            self.end(process)

    def restart(self) -> None:
        """Boot again, once every process has ended: every counter begins at zero."""
        self._boot()
        self.supply.reset_counters(self.now)
        self.reload_driver()

    def busy(self, time: int) -> int:
        """Return the CPU time used since boot, in thousandths of a CPU x ns."""
        return self.cgroups["/"].cpu.at(time)

    @property
    def memory_available(self) -> int:
        """Bytes that nobody holds."""
        return self.free.rate

    def read_clock(self, clock_id: int) -> int:
        """Return the CPU time in ns of the process that *clock_id* names. Raises OSError (EINVAL) where there is none.

        Source: Linux, kernel/time/posix-cpu-timers.c: a clock of a process that is gone is no valid clock.
        """
        if clock_id & 7 != CPUCLOCK_SCHED or clock_id >= 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        process = self.processes.get(~(clock_id >> 3))
        if process is None:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return process.nanoseconds(self.now)

    def _boot(self) -> None:
        self.processes: dict[int, Process] = {}
        self.cgroups: dict[str, Cgroup] = {"/": Cgroup("/", None, Line(self.now))}
        self.socket_load = [0] * self.spec.sockets
        self.forks = 0
        self._last_pid = FIRST_PID
        self.start(SYSTEMD, OTHER, "/init.scope", pid=INIT)
        self.start(KTHREADD, OTHER, "/", pid=KERNEL, kernel=True)

    def _free_pid(self) -> int:
        while True:
            self._last_pid = self._last_pid + 1 if self._last_pid + 1 < PID_MAX else FIRST_PID
            if self._last_pid not in self.processes:
                return self._last_pid

    def _bury(self, process: Process) -> None:
        parent = process.parent
        if parent is not None:
            parent.children.discard(process.pid)
            parent.reaped += process.cpu.at(self.now) + process.reaped
        init = self.processes.get(INIT)
        for number in process.children:
            orphan = self.processes[number]
            orphan.parent = init
            if init is not None:
                init.children.add(number)
        process.children.clear()

    def _hold(self, consumer: str, more: int) -> None:
        self.held.add(self.now, consumer, more)
        self.free.turn(self.now, self.free.rate - more)

    def _update(self, gpu: Gpu) -> None:
        gpu.update(self.now)
        self.supply.sum_up(self.now)
