"""What the hardware draws, and the counters that show it. Powers in microwatts; energies in femtojoules (uW x ns)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.simulation.line import Line

if TYPE_CHECKING:
    from random import Random

    from monitor.simulation.spec import GpuSpec, MachineSpec

FEMTOJOULES_PER_MICROJOULE: Final = 1_000_000_000
FEMTOJOULES_PER_MILLIJOULE: Final = 1_000 * FEMTOJOULES_PER_MICROJOULE
FEMTOJOULES_PER_NANOJOULE: Final = 1_000_000
THOUSAND: Final = 1_000
PACKAGE_UNIT: Final = 61_035
"""Nanojoules in a step of a package's counter. Source: Linux, drivers/powercap/intel_rapl_common.c: 2^-14 J."""
DRAM_UNIT: Final = 15_258
"""Nanojoules in a step of the memory's counter on servers. Source: same file, dram_domain_energy_unit: 2^-16 J."""
PLATFORM_BITS: Final = 3
"""How many bits more the platform's counter has, where they are narrow: it draws several times what a package does."""


@dataclass(slots=True)
class RaplCounter:
    """A RAPL energy counter over a line of energy: steps of `unit` nanojoules, `bits` wide."""

    line: Line
    unit: int
    bits: int
    begun: int = 0
    """Steps that were counted when this counter stood at zero; below zero where it did not begin at zero."""

    def microjoules(self, time: int) -> int:
        """Return what the kernel shows at *time*."""
        return (self._steps(time) - self.begun) % (1 << self.bits) * self.unit // THOUSAND

    @property
    def highest(self) -> int:
        """The highest value it can show, in microjoules: the kernel's `max_energy_range_uj`."""
        return ((1 << self.bits) - 1) * self.unit // THOUSAND

    def reset(self, time: int) -> None:
        """Start from zero at *time*."""
        self.begun = self._steps(time)

    def _steps(self, time: int) -> int:
        return self.line.at(time) // (self.unit * FEMTOJOULES_PER_NANOJOULE)


class Gpu:
    """A GPU: its energy in the three parts that it is made of, and who holds contexts on it."""

    def __init__(self, spec: GpuSpec, index: int, *, remembers: int) -> None:
        self.spec = spec
        self.index = index
        self.present = True
        self.floor = Line(remembers=remembers)
        self.residency = Line(remembers=remembers)
        self.active = Line(remembers=remembers)
        self.contexts = 0
        self.load = 0
        """Thousandths of the SMs in use."""
        self._counted_from = 0

    def update(self, time: int) -> None:
        """Draw what its state asks for from *time* on."""
        self.floor.turn(time, self.spec.floor.microwatts if self.present else 0)
        self.residency.turn(time, self.spec.residency.microwatts if self.contexts else 0)
        self.active.turn(time, self.spec.active.microwatts // THOUSAND * self.load)

    @property
    def power(self) -> int:
        """Microwatts drawn now."""
        return self.floor.rate + self.residency.rate + self.active.rate

    def femtojoules(self, time: int) -> int:
        """Return the energy drawn since the world began."""
        return self.floor.at(time) + self.residency.at(time) + self.active.at(time)

    def millijoules(self, time: int) -> int:
        """Return what the driver's counter shows."""
        return (self.femtojoules(time) - self._counted_from) // FEMTOJOULES_PER_MILLIJOULE

    def reset(self, time: int) -> None:
        """Let the driver's counter start from zero at *time*."""
        self._counted_from = self.femtojoules(time)


class Supply:
    """The power of every component, and their counters."""

    def __init__(self, spec: MachineSpec, random: Random, *, remembers: int) -> None:
        self.spec = spec
        sockets = range(spec.sockets)
        self.packages = [Line(remembers=remembers) for _ in sockets]
        self.drams = [Line(remembers=remembers) for _ in sockets]
        self.gpus = [Gpu(gpu, index, remembers=remembers) for index, gpu in enumerate(spec.gpus)]
        self.rest = Line(remembers=remembers)
        self.platform = Line(remembers=remembers)
        self.package_floor = Line(remembers=remembers)
        self.dram_floor = Line(remembers=remembers)
        self.package_counters = [RaplCounter(line, PACKAGE_UNIT, spec.counter_bits) for line in self.packages]
        self.dram_counters = [RaplCounter(line, DRAM_UNIT, spec.counter_bits) for line in self.drams]
        self.platform_counter = RaplCounter(self.platform, PACKAGE_UNIT, min(32, spec.counter_bits + PLATFORM_BITS))
        for counter in self.counters:
            counter.begun = -random.randrange(1 << counter.bits)

    @property
    def counters(self) -> list[RaplCounter]:
        """Every RAPL counter."""
        return [*self.package_counters, *self.dram_counters, self.platform_counter]

    def switch_on(self, time: int) -> None:
        """Draw the power of an idle machine from *time* on."""
        spec = self.spec
        self.package_floor.turn(time, spec.package_floor.microwatts * spec.sockets)
        self.dram_floor.turn(time, spec.dram_floor.microwatts * spec.sockets)
        self.rest.turn(time, spec.rest.microwatts)
        for gpu in self.gpus:
            gpu.update(time)
        for socket in range(spec.sockets):
            self.load(time, socket, 0)

    def load(self, time: int, socket: int, thousandths: int) -> None:
        """Let *socket* run *thousandths* of a logical CPU from *time* on."""
        spec = self.spec
        self.packages[socket].turn(time, spec.package_floor.microwatts + spec.cpu.microwatts // THOUSAND * thousandths)
        self.drams[socket].turn(time, spec.dram_floor.microwatts + spec.dram_cpu.microwatts // THOUSAND * thousandths)
        self.sum_up(time)

    def sum_up(self, time: int) -> None:
        """Let the platform draw what its components and the rest of it do, from *time* on."""
        components = sum(line.rate for line in (*self.packages, *self.drams)) + sum(gpu.power for gpu in self.gpus)
        self.platform.turn(time, components + self.rest.rate)

    def reset_counters(self, time: int) -> None:
        """Let the counters of the processors start from zero at *time*."""
        for counter in self.counters:
            counter.reset(time)
