"""Processes and control groups of a simulated host. CPU in thousandths of a logical CPU x ns; memory in bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from monitor.simulation.line import Line

if TYPE_CHECKING:
    from monitor.simulation.spec import Program

THOUSANDTHS: Final = 1_000
"""CPU lines count thousandths of a CPU: a nanosecond of CPU time is a thousand of their units."""
INIT: Final = 1
KERNEL: Final = 2
"""Parent of the kernel's threads."""
FIRST_PID: Final = 300
"""Where numbering begins after boot: what lower numbers are given to is gone by then."""
PID_MAX: Final = 4_194_304
"""Source: Linux, include/linux/threads.h (PID_MAX_LIMIT on 64 bits)."""

SAMPLES_KEPT: Final = 60_000_000_000
"""For how long the GPU's driver keeps what a process used, in ns. Our choice: some tens of seconds on real ones."""


@dataclass(slots=True, eq=False)
class Cgroup:
    """A control group: its CPU time is that of all its processes and those below it, the dead included."""

    path: str
    parent: Cgroup | None
    cpu: Line
    memory: int = 0
    processes: dict[int, Process] = field(default_factory=dict)
    """By pid: its own, not those below it."""
    children: int = 0
    alive: int = 0
    """How many processes live in it or below it."""

    def lineage(self) -> list[Cgroup]:
        """Return this group and those that contain it."""
        groups = [self]
        while (parent := groups[-1].parent) is not None:
            groups.append(parent)
        return groups


@dataclass(slots=True, eq=False)
class Process:
    """A process. Its clock counts its own time; what its dead children used is kept beside it."""

    pid: int
    parent: Process | None
    program: Program
    consumer: str
    cgroup: Cgroup
    lineage: list[Cgroup]
    socket: int
    started: int
    """CLOCK_BOOTTIME at its start, in ns."""
    cpu: Line
    memory: int
    kernel: bool = False
    reaped: int = 0
    """CPU of its children that ended, and of theirs."""
    children: set[int] = field(default_factory=set)
    gpu_memory: int = 0
    """Bytes held on the GPU of its program: zero where it has no context open."""
    gpu_load: Line = field(default_factory=Line)
    """Thousandths of that GPU's SMs x ns."""

    @property
    def ppid(self) -> int:
        """The parent's pid; zero for the first of all."""
        return self.parent.pid if self.parent is not None else 0

    def nanoseconds(self, time: int) -> int:
        """Return its CPU time, in ns: what its process clock shows."""
        return self.cpu.at(time) // THOUSANDTHS
