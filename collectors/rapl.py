"""CPU, memory and platform energy from RAPL, through the kernel's powercap files.

Reads `class/powercap/intel-rapl:*/energy_uj` (Intel and AMD): microjoules, in steps of 15 to 61 uJ, moved on about
every millisecond, wrapping at `max_energy_range_uj`. Error: some percent for packages (vendor's model or measurement,
by generation). Privilege: `energy_uj` is readable by root only (0400) since CVE-2020-8694.

Traps: psys contains the packages; dram is outside its package, core and uncore are inside; some AMD processors show
each package's counter once per die.

Source: Linux, Documentation/power/powercap/powercap.rst; drivers/powercap/intel_rapl_common.c.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from collectors._sysfs import NumberFile, read_number, read_text
from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.core.readings import DRAM, PACKAGE, PLATFORM, CounterReading, Method
from monitor.core.units import Energy, Power

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from monitor.collector import Host
    from monitor.core.readings import Reading

HIGHEST: Final = {PACKAGE: Power.from_watts(1000), DRAM: Power.from_watts(250), PLATFORM: Power.from_watts(10_000)}
"""The most that one zone may draw where the driver states no limit. Our choice: twice the largest server processors
(500 W), the modules of a large socket, and a server with eight GPUs."""
LEAST_LIMIT: Final = Power.from_watts(5)
"""A stated limit below this is a firmware's blank, not a limit. Our choice."""
SAME_COUNTER: Final = Energy.from_joules(1)
"""Two dies whose counters are this near mirror one counter: by chance that is one case in a hundred thousand."""
PACKAGE_NAME: Final = re.compile(r"package-(\d+)(?:-die-(\d+))?")
CURE: Final = "give the daemon's group the right to read it (deploy/systemd/empreinte.tmpfiles), or CAP_DAC_READ_SEARCH"


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone to be read."""

    meter: str
    name: str
    resource: str
    file: NumberFile
    wraps_after: Energy | None
    plausible: Power

    def reading(self) -> CounterReading:
        """Return the counter now. Raises Retry, Unavailable."""
        energy = Energy(self.file.read())
        return CounterReading(self.resource, self.meter, energy, self.plausible, self.wraps_after)


class RaplCollector:
    """Reads every zone that is nobody else's part."""

    name: ClassVar[str] = "rapl"
    slow: ClassVar[bool] = False

    def __init__(self, zones: Sequence[Zone], files: ExitStack) -> None:
        """Read *zones*; close what is in *files* at the end."""
        self._zones = tuple(zones)
        self._files = files

    @classmethod
    def open(cls, host: Host) -> RaplCollector:
        """Return a collector of every zone that can be read.

        Raises Unavailable: ABSENT without powercap zones, FORBIDDEN where none may be read. Of a resource either all
        zones are read or none: half a machine would pass for a whole one.
        """
        root = host.sysfs / "class/powercap"
        directories = _zone_directories(root)
        if not directories:
            raise Unavailable(
                Reason.ABSENT,
                f"no RAPL zone in {root}",
                "on a physical Intel or AMD machine load the module intel_rapl_common; a virtual machine has none",
            )
        with ExitStack() as opened:
            kept = _without_mirrors(_open_zones(directories, opened))
            files = opened.pop_all()
        return cls(kept, files)

    def sources(self) -> Sequence[Source]:
        """Return the zones that are read."""
        return [
            Source(zone.resource, zone.meter, Method.COUNTER, f"{zone.name} ({zone.file.path})", "some percent")
            for zone in self._zones
        ]

    def collect(self) -> Sequence[Reading]:
        """Return the counters. A zone that can't be read now is left out. Raises Retry where none can."""
        readings: list[Reading] = []
        failure: Retry | None = None
        for zone in self._zones:
            try:
                readings.append(zone.reading())
            except Retry as retry:
                failure = retry
        if failure is not None and not readings:
            raise failure
        return readings

    def close(self) -> None:
        """Close the counters' files."""
        self._files.close()


def _zone_directories(root: Path) -> list[Path]:
    """Return the zones' directories; those of the MMIO interface count the same, so only where no other is there."""
    zones = sorted(root.glob("intel-rapl:*")) or sorted(root.glob("intel-rapl-mmio:*"))
    return [zone for zone in zones if (zone / "energy_uj").exists() or read_text(zone / "name")]


def _open_zones(directories: Iterable[Path], opened: ExitStack) -> list[Zone]:
    """Return the zones of the resources of which every zone may be read. Raises Unavailable where there is none."""
    zones: list[Zone] = []
    forbidden: dict[str, Unavailable] = {}
    for directory in directories:
        resource = _resource(read_text(directory / "name"))
        if resource is None:
            continue
        try:
            zone = _open_zone(directory, resource)
        except Unavailable as fact:
            forbidden[resource] = fact
            continue
        opened.callback(zone.file.close)
        zones.append(zone)
    readable = [zone for zone in zones if zone.resource not in forbidden]
    if not readable:
        raise _why(forbidden)
    return readable


def _why(forbidden: dict[str, Unavailable]) -> Unavailable:
    for fact in forbidden.values():
        return Unavailable(fact.reason, fact.what, CURE if fact.reason is Reason.FORBIDDEN else "")
    return Unavailable(Reason.ABSENT, "no RAPL zone counts a package, the memory or the platform")


def _open_zone(directory: Path, resource: str) -> Zone:
    highest = read_number(directory / "max_energy_range_uj")
    return Zone(
        directory.name,
        read_text(directory / "name"),
        resource,
        NumberFile(directory / "energy_uj"),
        Energy(highest) if highest else None,
        _plausible(directory, resource),
    )


def _resource(name: str) -> str | None:
    if PACKAGE_NAME.fullmatch(name):
        return PACKAGE
    return {"dram": DRAM, "psys": PLATFORM}.get(name)


def _plausible(directory: Path, resource: str) -> Power:
    """Return the most that the zone may draw: the largest limit that its driver states as possible, if any does."""
    limits = [read_number(path) or 0 for path in directory.glob("constraint_*_max_power_uw")]
    stated = Power(max(limits, default=0))
    return stated if stated >= LEAST_LIMIT else HIGHEST[resource]


def _without_mirrors(zones: Sequence[Zone]) -> list[Zone]:
    """Return *zones* without the dies whose counter is another die's of the same package, nor what lies below them."""
    first_dies: dict[str, list[Energy]] = {}
    mirrors: set[str] = set()
    for zone in zones:
        match = PACKAGE_NAME.fullmatch(zone.name)
        if match is None or match[2] is None:
            continue
        energy = zone.reading().energy
        known = first_dies.setdefault(match[1], [])
        if any(abs((energy - other).microjoules) <= SAME_COUNTER.microjoules for other in known):
            mirrors.add(zone.meter)
        known.append(energy)
    return [zone for zone in zones if zone.meter not in mirrors and zone.meter.rpartition(":")[0] not in mirrors]
