"""Power of a machine without meters, from its load. Never better than +-50 %: every figure made here says `modelled`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.core.units import Power

if TYPE_CHECKING:
    from monitor.core.units import Duration, Energy


@dataclass(frozen=True, slots=True)
class LoadModel:
    """Power as a function of load: `full x (idle + slope x load^exponent)`.

    Source: docs/modelled-host.md, fitted on published RAPL profiles of server CPUs.
    """

    full: Power
    """Thermal design power of all sockets."""
    idle: float
    slope: float
    exponent: float

    def power(self, load: float) -> Power:
        """Return the power at *load*, a ratio from 0 to 1 (what lies outside is taken as the nearest end)."""
        bounded = min(max(load, 0.0), 1.0)
        return Power.from_watts(self.full.watts * (self.idle + self.slope * bounded**self.exponent))

    def energy(self, busy: Duration, cpus: int, elapsed: Duration) -> Energy:
        """Return the energy drawn over *elapsed* by *cpus* logical CPUs that were busy for *busy* in sum."""
        load = busy.nanoseconds / (elapsed.nanoseconds * cpus)
        return self.power(load).during(elapsed)
