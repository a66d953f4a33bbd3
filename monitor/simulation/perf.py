"""A stand-in for the kernel's perf_event that counts the energy of a simulated world."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.simulation.supply import FEMTOJOULES_PER_MICROJOULE

if TYPE_CHECKING:
    from monitor.simulation.line import Line
    from monitor.simulation.world import World

KIND: Final = 16
"""Number that the kernel gave the unit. Our choice: it differs from machine to machine."""
EVENTS: Final = {"energy-pkg": 2, "energy-ram": 3, "energy-psys": 5}
"""Source: Linux, arch/x86/events/rapl.c."""
STEPS: Final = 1 << 32
"""Counts in a joule. Source: as above."""
FEMTOJOULES_PER_JOULE: Final = 1_000_000 * FEMTOJOULES_PER_MICROJOULE


@dataclass(slots=True)
class SimulatedEvent:
    """A counter over a line of energy, from when it was opened."""

    world: World
    line: Line
    begun: int

    def read(self) -> int:
        """Return the count."""
        return _steps(self.line, self.world.now) - self.begun

    def close(self) -> None:
        """Stop counting: nothing is held."""


class SimulatedPerf:
    """Opens counters of the world's processors, one a socket."""

    def __init__(self, world: World) -> None:
        self._world = world

    def open(self, kind: int, config: int, cpu: int) -> SimulatedEvent:
        """Begin to count event *config* on *cpu*. Raises OSError where there is no such event."""
        world = self._world
        supply = world.machine.supply
        if kind != KIND or cpu not in cpus(world):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        socket = cpus(world).index(cpu)
        lines = {2: supply.packages[socket], 3: supply.drams[socket], 5: supply.platform}
        if config not in lines:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        return SimulatedEvent(world, lines[config], _steps(lines[config], world.now))


def cpus(world: World) -> list[int]:
    """Return the first CPU of each socket: those that the kernel counts on."""
    machine = world.spec.machine
    return [socket * machine.cpus // machine.sockets for socket in range(machine.sockets)]


def _steps(line: Line, time: int) -> int:
    return line.at(time) * STEPS // FEMTOJOULES_PER_JOULE
