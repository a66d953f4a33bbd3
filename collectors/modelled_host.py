"""A machine without meters: CPU power from its load, memory power from what is installed. All of it is `modelled`.

Where a counter knows a resource as well, accounting books the counter. How good the models are: docs/modelled-host.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from collectors._procfs import cpu_time, memory
from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.core.model import MEMORY_POWER_PER_GIBIBYTE, LoadModel
from monitor.core.readings import DRAM, PACKAGE, LoadReading, Method, PowerReading
from monitor.core.units import Duration, Memory, Power

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.collector import Host
    from monitor.core.readings import Reading

MEMORY_HOLD: Final = Duration.from_seconds(3600)
"""Installed memory draws as long as the machine is on, so a reading stays true for long; an hour bounds a mistake."""
MEMORY_ACCURACY: Final = "-70 % to +40 %"
"""The range of published figures around ours. Source: docs/modelled-host.md 4."""


class ModelledHostCollector:
    """Reads `/proc/stat`; knows the rest from the start."""

    name: ClassVar[str] = "modelled_host"
    slow: ClassVar[bool] = False

    def __init__(
        self, stat: Path, cpu: LoadModel | None, memory: PowerReading | None, sources: Sequence[Source]
    ) -> None:
        """Read the load in *stat* for the model *cpu*, and repeat *memory*; either may be unknown."""
        self._stat = stat
        self._cpu = cpu
        self._memory = memory
        self._sources = tuple(sources)

    @classmethod
    def open(cls, host: Host) -> ModelledHostCollector:
        """Return a collector of what can be modelled. Raises Unavailable where neither CPU nor memory is known."""
        cpu = LoadModel(host.cpu_power) if host.cpu_power is not None else None
        sources = [_cpu_source(host, cpu)] if cpu is not None else []
        memory, described = _memory(host)
        if memory is not None:
            sources.append(Source(DRAM, memory.meter, Method.MODELLED, described, MEMORY_ACCURACY))
        if not sources:
            raise Unavailable(
                Reason.UNSUPPORTED, "neither the CPUs' power nor the installed memory is known", "set `[host] cpu_tdp`"
            )
        collector = cls(host.procfs / "stat", cpu, memory, sources)
        collector.collect()
        return collector

    def sources(self) -> Sequence[Source]:
        """Return the CPUs and the memory, as far as they are known."""
        return self._sources

    def collect(self) -> Sequence[Reading]:
        """Return the CPU time used since boot with its model, and the memory's power, which never changes."""
        readings: list[Reading] = []
        if self._cpu is not None:
            readings.append(self._load(self._cpu))
        if self._memory is not None:
            readings.append(self._memory)
        return readings

    def close(self) -> None:
        """Release nothing: nothing is held."""

    def _load(self, model: LoadModel) -> LoadReading:
        try:
            stat = self._stat.read_text(encoding="ascii", errors="replace")
        except OSError as error:
            reason = Reason.FORBIDDEN if isinstance(error, PermissionError) else Reason.ABSENT
            raise Unavailable(
                reason, f"{self._stat} can't be read: {error.strerror}", "set `[paths] procfs`"
            ) from error
        try:
            busy, cpus = cpu_time(stat)
        except (LookupError, ValueError) as error:
            raise Retry(f"{self._stat} does not say for how long each CPU worked") from error
        return LoadReading(PACKAGE, "cpu", busy, cpus, model)


def _cpu_source(host: Host, model: LoadModel) -> Source:
    full, idle, busy = model.full.watts, model.power(0).watts, model.power(1).watts
    described = (
        f"load in {host.procfs / 'stat'}, from {idle:.4g} W idle to {busy:.4g} W at full load (TDP {full:.4g} W)"
    )
    return Source(PACKAGE, "cpu", Method.MODELLED, described, host.cpu_power_accuracy)


def _memory(host: Host) -> tuple[PowerReading | None, str]:
    """Return the power of the installed memory, and how it was found; None where nobody says how much there is."""
    installed, said_by = (host.memory, "configured") if host.memory is not None else _as_the_kernel_says(host)
    if installed is None:
        return None, ""
    each = MEMORY_POWER_PER_GIBIBYTE
    power = Power(round(each.microwatts * installed.gibibytes))
    described = f"{power.watts:.4g} W: {installed.gibibytes:.4g} GiB ({said_by}) x {each.watts:.4g} W"
    return PowerReading(DRAM, "memory", power, MEMORY_HOLD, Method.MODELLED), described


def _as_the_kernel_says(host: Host) -> tuple[Memory | None, str]:
    try:
        total = memory((host.procfs / "meminfo").read_text(encoding="ascii", errors="replace"), "MemTotal")
    except (OSError, LookupError):
        return None, ""
    return total, "MemTotal, a little below what is installed"
