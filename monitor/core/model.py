"""Power of a machine without meters, from its load. Never better than +-50 %: every figure made here says `modelled`.

The evidence for each constant, and what each is worth, is in docs/modelled-host.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitor.core.units import Duration, Energy, Power

IDLE: Final = 0.12
"""Share of the thermal design power that CPUs draw while nothing runs.

Source: fitted, docs/modelled-host.md 2, on CodeCarbon's RAPL profiles (4 CPUs) and Teads' turbostat profiles (6 CPUs).
"""
SLOPE: Final = 0.75
"""What full load adds, as a share of the thermal design power. Source: as IDLE."""
EXPONENT: Final = 0.6
"""Below 1, because the first busy cores wake what all share, and second threads add little. Source: as IDLE."""

THREAD_POWER: Final = Power.from_watts(4)
"""Thermal design power of one hardware thread of a CPU that nothing is known of; 1.4 to 5 W in server CPUs.

Source: CodeCarbon 3.3.2, DEFAULT_POWER_PER_CORE; range: docs/modelled-host.md 3.
"""
THREADS_PER_CORE: Final = 2
"""Of server CPUs that name their cores (AMD EPYC). Source: AMD EPYC 7001 to 9005 data sheets."""

MEMORY_POWER_PER_GIBIBYTE: Final = Power.from_watts(0.284)
"""Power of installed memory, idle or busy; published figures go from 0.08 (256 GiB modules) to 0.4 W.

Source: Boavizta, consumption profile of RAM, from Teads' measurements; range: docs/modelled-host.md 4.
"""


@dataclass(frozen=True, slots=True)
class LoadModel:
    """Power as a function of load: `full x (idle + slope x load^exponent)`.

    At full load that is 0.87 of `full`: few programs draw what the cooling is made for. Load is over logical CPUs.
    Source: docs/modelled-host.md 2, where other curves are compared on the same measurements.
    """

    full: Power
    """Thermal design power of all sockets; on a virtual machine, of its share of them."""
    idle: float = IDLE
    slope: float = SLOPE
    exponent: float = EXPONENT

    def power(self, load: float) -> Power:
        """Return the power at *load*, a ratio from 0 to 1 (what lies outside is taken as the nearest end)."""
        bounded = min(max(load, 0.0), 1.0)
        return Power.from_watts(self.full.watts * (self.idle + self.slope * bounded**self.exponent))

    def energy(self, busy: Duration, cpus: int, elapsed: Duration) -> Energy:
        """Return the energy drawn over *elapsed* by *cpus* logical CPUs that were busy for *busy* in sum.

        The curve is concave: a load that changes within *elapsed* is given too much, at worst (all CPUs busy for a
        tenth of the time, idle for the rest) 1.6 times as much.
        """
        if elapsed == Duration.ZERO:
            return Energy.ZERO
        load = busy.nanoseconds / (elapsed.nanoseconds * cpus)
        return self.power(load).during(elapsed)
