"""Energy of CPU packages, memory and platform from RAPL, through the kernel's powercap files.

Reads `class/powercap/intel-rapl*/energy_uj` (Intel and AMD): microjoules, in steps of 15 or 61 uJ (servers' psys: 1 J),
moved on about every millisecond, wrapping at `max_energy_range_uj`. Error: some percent, see docs/collectors.md.
Privilege: `energy_uj` is readable by root only (0400) since CVE-2020-8694.

Traps: psys contains the packages; dram is outside its package, core and uncore are inside; `intel-rapl-mmio` counts
what `intel-rapl` counts; AMD's processors of several dies show one counter once for each die.

In a virtual machine the same zones may be a directory that its host shares (`paths.powercap`): what the host measured
and counts as this machine's. See docs/virtual-machines.md.

Source: Linux, Documentation/power/powercap/powercap.rst; drivers/powercap/intel_rapl_common.c.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from collectors import _handoff
from collectors._handoff import Handed
from collectors._rapl import ACCURACY, BOUNDS, SMALL_PLATFORM_BOUND, SMALL_RANGE
from collectors._sysfs import Gone, NumberFile, energy_in, entries, name_in, number_of, read_again, text_of, whole
from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.core.readings import DRAM, PACKAGE, PLATFORM, CounterReading, Method, Reach
from monitor.core.units import Energy, Power

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from monitor.collector import Host
    from monitor.core.readings import Reading

DIRECTORY: Final = re.compile(r"(intel-rapl(?:-mmio)?):(\d+)(?::(\d+))?")
"""A zone's, in the class directory: that of a package, or of a part of one."""
PACKAGE_NAME: Final = re.compile(r"package-(\d+)(?:-die-(\d+))?")
PLATFORM_NAME: Final = re.compile(r"psys(?:-\d+)?")
"""Only packages that see the whole platform show one. Source: Linux, "powercap/intel_rapl: enumerate Psys RAPL domain
together with package RAPL domain", 2020."""

SHORT_TERM: Final = "short_term"
"""The constraint whose highest power is the electrical limit; that of the others is the thermal one, which the package
exceeds for as long as it is cool. Source: Intel SDM, vol. 3B, MSR_PKG_POWER_INFO."""
CONSTRAINTS: Final = range(3)
ALIKE: Final = Energy.from_joules(1)
"""Two dies that show one counter may differ by one step of time: a kilowatt for a millisecond."""
CURE: Final = (
    "let the daemon's group read them: `z /sys/class/powercap/intel-rapl*:*/energy_uj 0440 root empreinte - -` in "
    "a file of /etc/tmpfiles.d; or give the daemon CAP_DAC_READ_SEARCH"
)
HIDDEN_CURE: Final = "in a container mount the host's /sys elsewhere, as /host/sys, and set `[paths] sysfs`"
SHARE_CURE: Final = "have its host share it: `[handoff]` in the host's configuration, and a mount of it here"
LOAD_CURE: Final = (
    "on a physical Intel or AMD machine load the module intel_rapl_msr; a virtual machine has none, but its host can "
    "hand over its share: docs/virtual-machines.md"
)


@dataclass(frozen=True, slots=True)
class Zone:
    """What a zone's directory says of it."""

    directory: Path
    name: str
    resource: str
    package: str
    """The package it counts, or the platform."""
    die: int | None

    @property
    def is_mmio(self) -> bool:
        """Whether it is the second way to the same registers."""
        return self.directory.name.startswith("intel-rapl-mmio")


@dataclass(slots=True)
class Counter:
    """A zone's counter, open. `twin` is another die's that seems to be the same one; then this one is not counted."""

    zone: Zone
    file: NumberFile
    wraps_after: Energy | None
    plausible: Power
    twin: Counter | None = None

    @property
    def meter(self) -> str:
        """Its name among the meters."""
        return self.zone.directory.name

    def reading(self) -> CounterReading:
        """Return the counter now. Raises Retry, Gone."""
        energy = energy_in(self.file, self.wraps_after)
        return CounterReading(
            self.zone.resource, self.meter, energy, self.plausible, self.wraps_after, reach=Reach.BOARD
        )

    def mirrors(self, other: Counter) -> bool:
        """Return whether this shows the same counter as *other*. Raises Retry, Gone.

        Read between two readings of the other, it then lies between them. Two counters of their own are as near to
        each other in one case of thirty thousand, and not for long, as they never draw the same.
        """
        if self.wraps_after != other.wraps_after:
            return False
        first, between, last = other.file.read(), self.file.read(), other.file.read()
        ahead, grown = between - first + ALIKE.microjoules, last - first
        if self.wraps_after is not None:
            ahead %= self.wraps_after.microjoules
            grown %= self.wraps_after.microjoules
        return 0 <= ahead <= grown + 2 * ALIKE.microjoules


class RaplCollector:
    """Reads every zone that is nobody else's part, and follows zones that come and go."""

    name: ClassVar[str] = "rapl"
    slow: ClassVar[bool] = False

    def __init__(self, root: Path, *, shared: bool = False) -> None:
        """Read the zones below *root*, which may be *shared* by the host of this machine. Raises Unavailable, Retry."""
        self._root = root
        self._shared = shared
        self._handed: list[Handed] = []
        self._silent = 0
        self._files = ExitStack()
        self._entries: tuple[str, ...] = ()
        self._counters: list[Counter] = []
        self._refused: tuple[str, ...] = ()
        self._apart: set[str] = set()
        self._scan()

    @classmethod
    def slow_on(cls, host: Host) -> bool:
        """Return whether the zones of *host* are a share of another machine's, which may hang with it."""
        return host.powercap is not None

    @classmethod
    def open(cls, host: Host) -> RaplCollector:
        """Return a collector of the zones that can be read.

        Raises Unavailable: ABSENT without zones, FORBIDDEN where none may be read. Of each resource all zones are read
        or none: half a machine would pass for a whole one. Raises Retry where what is handed over can't be told.
        """
        if host.powercap is not None:
            return cls(host.powercap, shared=True)
        return cls(host.sysfs / "class/powercap")

    def sources(self) -> Sequence[Source]:
        """Return the zones that are counted, and for a person those that may not be read."""
        missing = f"; not read, for want of the right: {', '.join(self._refused)}" if self._refused else ""
        return [
            Source(
                counter.zone.resource,
                counter.meter,
                Method.COUNTER,
                f"{counter.zone.name}, {counter.file.path}{missing}",
                ACCURACY[counter.zone.resource],
            )
            for counter in self._counters
            if counter.twin is None
        ] + [
            Source(
                handed.told.resource,
                handed.meter,
                handed.told.method,
                f"{handed.path.parent}, handed over by the host of this virtual machine{missing}",
                _handoff.ACCURACY,
            )
            for handed in self._handed
        ]

    def collect(self) -> Sequence[Reading]:
        """Return the counters. A resource of which a zone can't be read now is left out.

        Raises Retry where none is left, Unavailable where the zones have gone or may not be read any more. Of what is
        handed over only what is new is returned; Retry where nothing was for long.
        """
        if entries(self._root) != self._entries:
            self._scan()
        found = read_again(self._read, self._scan)
        self._silent = 0 if found or not self._handed else self._silent + 1
        if self._silent >= _handoff.SILENT:
            raise Retry(f"the host of this virtual machine has told nothing since {self._handed[0].told.moment}")
        return found

    def close(self) -> None:
        """Close the counters' files."""
        self._files.close()

    def _read(self) -> Sequence[Reading]:
        counted = [(counter.zone.resource, partial(self._reading, counter)) for counter in self._counters]
        return whole([*counted, *((handed.told.resource, handed.reading) for handed in self._handed)])

    def _reading(self, counter: Counter) -> CounterReading | None:
        """Return the counter now; None where it is another die's. What once was found to be of its own stays so."""
        if counter.twin is not None:
            if counter.mirrors(counter.twin):
                return None
            counter.twin = None
            self._apart.add(counter.meter)
        return counter.reading()

    def _scan(self) -> None:
        """Find the zones and open them anew. Raises Unavailable."""
        self._files.close()
        self._entries = entries(self._root)
        zones = _without_doubles(_zones(self._root, self._entries))
        refused: dict[str, str] = {}
        counters: list[Counter] = []
        self._handed = []
        for zone in zones:
            try:
                detail = zone.directory / _handoff.DETAIL
                if self._shared and detail.exists():
                    self._handed.append(Handed(detail, zone.directory.name))
                else:
                    counters.append(self._open(zone))
            except PermissionError:
                refused[zone.directory.name] = zone.resource
            except Retry:
                self._entries = ("",)  # looked at again, and not taken for all that there is
                raise
            except OSError:
                continue  # went as it was found, or counts nothing
        self._counters = [one for one in counters if one.zone.resource not in refused.values()]
        self._refused = tuple(refused)
        self._handed = [one for one in self._handed if one.told.resource not in refused.values()]
        if not self._counters and not self._handed:
            self._files.close()
            raise self._nothing()
        for counter in self._counters:
            self._find_twin(counter)

    def _open(self, zone: Zone) -> Counter:
        file = NumberFile(zone.directory / "energy_uj")
        self._files.callback(file.close)
        highest = number_of(zone.directory / "max_energy_range_uj")
        wraps_after = Energy(highest) if highest else None
        return Counter(zone, file, wraps_after, _plausible(zone, wraps_after))

    def _find_twin(self, counter: Counter) -> None:
        if counter.zone.die is None or counter.meter in self._apart:
            return
        for other in self._counters:
            if other is counter:
                return
            if other.twin is None and _one_package(other.zone, counter.zone) and _may_mirror(counter, other):
                counter.twin = other
                return

    def _nothing(self) -> Unavailable:
        zones = [name for name in self._entries if DIRECTORY.fullmatch(name)]
        if self._refused:
            what = f"{', '.join(self._refused)} in {self._root} may not be read"
            return Unavailable(Reason.FORBIDDEN, what, CURE)
        if any(not (self._root / name).exists() for name in zones):
            return Unavailable(Reason.FORBIDDEN, f"what {self._root} points to is hidden", HIDDEN_CURE)
        cure = SHARE_CURE if self._shared else LOAD_CURE
        return Unavailable(Reason.ABSENT, f"there is no RAPL counter in {self._root}", cure)


def _zones(root: Path, names: Iterable[str]) -> Iterator[Zone]:
    """Yield the zones of our resources, packages before their parts. Raises Unavailable where they don't tell."""
    said: dict[str, str] = {}
    for name in names:
        if DIRECTORY.fullmatch(name):
            try:
                said[name] = name_in(root / name)
            except PermissionError as error:
                raise Unavailable(Reason.FORBIDDEN, f"{root / name / 'name'} may not be read", CURE) from error
    for name in sorted(said, key=_number):
        resource = _resource(said[name])
        if resource is not None:
            kind, top, _ = _number(name)
            package = PACKAGE_NAME.fullmatch(said.get(f"{kind}:{top}", ""))
            die = int(package[2]) if package and package[2] else None
            yield Zone(root / name, said[name], resource, package[1] if package else said[name], die)


def _number(directory: str) -> tuple[str, int, int]:
    """Return the parts of a zone's directory name; -1 for that of a package itself."""
    match = DIRECTORY.fullmatch(directory)
    if match is None:
        raise ValueError(directory)
    return match[1], int(match[2]), int(match[3] or -1)


def _resource(name: str) -> str | None:
    if PACKAGE_NAME.fullmatch(name):
        return PACKAGE
    if PLATFORM_NAME.fullmatch(name):
        return PLATFORM
    return DRAM if name == "dram" else None


def _without_doubles(zones: Iterable[Zone]) -> list[Zone]:
    """Return *zones* without those of the MMIO interface that the other one counts as well."""
    found = list(zones)
    counted = {(zone.resource, zone.package) for zone in found if not zone.is_mmio}
    return [zone for zone in found if not zone.is_mmio or (zone.resource, zone.package) not in counted]


def _one_package(one: Zone, other: Zone) -> bool:
    return (one.resource, one.package, one.is_mmio) == (other.resource, other.package, other.is_mmio)


def _may_mirror(counter: Counter, other: Counter) -> bool:
    """Return whether *counter* shows the counter of *other*, or can't be read now: then the next reading decides."""
    try:
        return counter.mirrors(other)
    except (Retry, Gone):
        return True


def _plausible(zone: Zone, wraps_after: Energy | None) -> Power:
    """Return the most that the zone can draw over a second: the electrical limit, where it states one to believe.

    A bound too low would take real energy for a fault, so all stated limits are heeded, and 0, the firmware's blank,
    is none. One too high only shortens the pause over which a wrap can be ruled out.
    """
    bound = BOUNDS[zone.resource]
    if zone.resource == PLATFORM and wraps_after is not None and wraps_after < SMALL_RANGE:
        bound = SMALL_PLATFORM_BOUND
    electrical, limits = 0, [0]
    for index in CONSTRAINTS:
        stem = zone.directory / f"constraint_{index}"
        highest = number_of(stem.with_name(f"{stem.name}_max_power_uw")) or 0
        limits += [highest, number_of(stem.with_name(f"{stem.name}_power_limit_uw")) or 0]
        if text_of(stem.with_name(f"{stem.name}_name")) == SHORT_TERM:
            electrical = highest
    stated = Power(max(limits))
    return stated if electrical > 0 and stated <= bound else bound
