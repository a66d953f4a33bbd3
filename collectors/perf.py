"""Energy of CPU packages, memory and platform from RAPL, through the kernel's perf_event.

The registers are those that collectors/rapl.py reads through powercap, so only one of the two is ever booked:
powercap's, where its files may be read. This is for where they may not, and the right to count events is given instead.
The kernel adds up what the registers show, in 64 bits and in steps of 2^-32 J: there is no wrap. It counts from when
the event is opened, so what is drawn while the daemon is stopped is not known this way. Error: RAPL's, see
docs/collectors.md. Privilege: CAP_PERFMON, or `kernel.perf_event_paranoid` of 0 or less.

Traps: cores and gpu are inside pkg; on AMD, older kernels count the package once for each of its dies; each package
shows a psys, and not all of them see the platform; a virtual machine has no such unit; a processor that goes offline
hands its count over to another.

Source: Linux, arch/x86/events/rapl.c; Documentation/admin-guide/perf-security.rst.
"""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, Final, cast

from collectors._perf import KernelEvents
from collectors._rapl import ACCURACY, BOUNDS
from collectors._sysfs import number_of, read_again, text_of, whole
from monitor.collector import Reason, Source, Unavailable
from monitor.core.readings import DRAM, PACKAGE, PLATFORM, CounterReading, Method, Reach
from monitor.core.units import Energy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from collectors._perf import Event, Events
    from monitor.collector import Host
    from monitor.core.readings import Reading

UNIT: Final = "bus/event_source/devices/power"
EVENTS: Final = {"energy-pkg": PACKAGE, "energy-ram": DRAM, "energy-psys": PLATFORM}
"""Those that are nobody else's part."""
CONFIG: Final = re.compile(r"event=0x([0-9a-f]{1,2})")
SPAN: Final = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")
"""CPUs in a list of the kernel's, `0,18` or `0-1`."""
MOST_CPUS: Final = 8192
"""As many as Linux can be built for. Source: Linux, arch/x86/Kconfig (NR_CPUS)."""
JOULES: Final = "Joules"
ONE_A_PACKAGE: Final = ("AuthenticAMD", "HygonGenuine")
"""Whose register is the whole package's, on whichever die it is read. Source: Linux, "perf/x86/rapl: Fix the energy-pkg
event for AMD CPUs", 2024."""
CURE: Final = (
    "give the daemon CAP_PERFMON and the call: in its unit `AmbientCapabilities=CAP_PERFMON`, "
    "`CapabilityBoundingSet=CAP_PERFMON` and `SystemCallFilter=perf_event_open`; in a container the like"
)
LOAD_CURE: Final = "on a physical Intel or AMD machine load the module rapl; a virtual machine has none"


@dataclass(frozen=True, slots=True)
class Described:
    """What the kernel says of one of its events."""

    name: str
    resource: str
    config: int
    scale: Fraction
    """Joules for each count."""


@dataclass(frozen=True, slots=True)
class Counter:
    """An event that counts on one CPU for its package."""

    described: Described
    meter: str
    cpu: int
    event: Event
    epoch: str

    def reading(self) -> CounterReading:
        """Return the energy since the event was opened. Raises Gone."""
        counted = self.event.read() * self.described.scale * 1_000_000
        resource = self.described.resource
        energy = Energy(counted.numerator // counted.denominator)
        return CounterReading(resource, self.meter, energy, BOUNDS[resource], epoch=self.epoch, reach=Reach.BOARD)


class PerfCollector:
    """Counts the events that are nobody else's part, on one CPU of each package."""

    name: ClassVar[str] = "perf"
    slow: ClassVar[bool] = False

    def __init__(self, host: Host) -> None:
        """Open the events of *host*. Raises Unavailable."""
        self._host = host
        self._root = host.sysfs / UNIT
        self._kernel = cast("Events", host.perf) if host.perf is not None else _own_kernel(self._root)
        self._open = ExitStack()
        self._generation = 0
        self._cpus = ""
        self._counters: list[Counter] = []
        self._scan()

    @classmethod
    def open(cls, host: Host) -> PerfCollector:
        """Return a collector of the events that may be counted.

        Raises Unavailable: ABSENT without the unit, FORBIDDEN without the right, UNSUPPORTED where the kernel does not
        say what it counts. All events are counted on all packages or none: half a machine would pass for a whole one.
        """
        return cls(host)

    def sources(self) -> Sequence[Source]:
        """Return the events that are counted."""
        return [
            Source(
                counter.described.resource,
                counter.meter,
                Method.COUNTER,
                f"power/{counter.described.name}/ on CPU {counter.cpu}, counted while the daemon runs",
                ACCURACY[counter.described.resource],
            )
            for counter in self._counters
        ]

    def collect(self) -> Sequence[Reading]:
        """Return the counters. After a change of the CPUs they start anew.

        Raises Unavailable where the unit has gone or may not be read any more, Retry where a counter goes twice.
        """
        if self._said("cpumask") != self._cpus:
            self._scan()
        return read_again(self._read, self._scan)

    def close(self) -> None:
        """Stop counting."""
        self._open.close()

    def _read(self) -> Sequence[Reading]:
        return whole((counter.described.resource, counter.reading) for counter in self._counters)

    def _scan(self) -> None:
        """Find the events and open them anew. Raises Unavailable."""
        self._open.close()
        self._counters = []
        self._generation += 1
        self._cpus = self._said("cpumask")
        kind = self._said("type")
        if not kind.isdigit():
            raise Unavailable(Reason.ABSENT, f"the kernel counts no energy in {self._root}", LOAD_CURE)
        cpus = self._one_of_each(cpus_in(self._cpus))
        described = [found for name in EVENTS if (found := self._describe(name)) and (cpus[1:] == [] or name != PSYS)]
        if not described or not cpus:
            what = f"{self._root} does not say of which event it counts energy on which CPU"
            raise Unavailable(Reason.UNSUPPORTED, what, LOAD_CURE)
        try:
            for one in described:
                self._counters += [self._count(int(kind), one, place, cpu) for place, cpu in enumerate(cpus)]
        except OSError as error:
            self._open.close()
            raise self._refused(error) from error

    def _count(self, kind: int, described: Described, place: int, cpu: int) -> Counter:
        event = self._kernel.open(kind, described.config, cpu)
        self._open.callback(event.close)
        return Counter(described, f"{described.name}:{place}", cpu, event, f"{self._host.run_id}:{self._generation}")

    def _describe(self, name: str) -> Described | None:
        """Return what is said of event *name*; None where there is none, or not in joules."""
        config = CONFIG.fullmatch(self._said(f"events/{name}"))
        if config is None or self._said(f"events/{name}.unit") != JOULES:
            return None
        try:
            scale = Fraction(Decimal(self._said(f"events/{name}.scale")))
        except (InvalidOperation, ValueError, OverflowError):
            return None
        return Described(name, EVENTS[name], int(config[1], 16), scale) if 0 < scale <= 1 else None

    def _one_of_each(self, cpus: Sequence[int]) -> list[int]:
        """Return of *cpus* those of which each counts energy of its own."""
        if len(cpus) < 2 or _vendor(self._host.procfs / "cpuinfo") not in ONE_A_PACKAGE:  # noqa: PLR2004 - one is no choice
            return list(cpus)
        first: dict[int, int] = {}
        for cpu in cpus:
            package = number_of(self._host.sysfs / f"devices/system/cpu/cpu{cpu}/topology/physical_package_id")
            if package is None:
                what = f"of which package CPU {cpu} is can't be told, and its energy would be counted twice"
                raise Unavailable(Reason.UNSUPPORTED, what, "let the daemon read /sys/devices/system/cpu")
            first.setdefault(package, cpu)
        return list(first.values())

    def _said(self, name: str) -> str:
        """Return the content of the unit's file *name*; empty where it isn't there. Raises Unavailable."""
        try:
            return (self._root / name).read_text("utf-8", "replace").strip()
        except PermissionError as error:
            what = f"{self._root / name} may not be read"
            raise Unavailable(Reason.FORBIDDEN, what, "let the daemon's user read /sys") from error
        except OSError:
            return ""

    def _refused(self, error: OSError) -> Unavailable:
        if isinstance(error, PermissionError):
            return Unavailable(Reason.FORBIDDEN, "the events of energy in perf_event may not be counted", CURE)
        return Unavailable(Reason.UNSUPPORTED, f"the kernel does not count energy: {error.strerror}", LOAD_CURE)


PSYS: Final = "energy-psys"
"""Counted only where there is one package: of several not all see the platform, and nothing says which."""


def cpus_in(listed: str) -> list[int]:
    """Return the CPUs in a list of the kernel's; none where it is no such list."""
    spans = [SPAN.fullmatch(part) for part in listed.split(",")]
    cpus: list[int] = []
    for span in spans:
        if span is None or int(span[2] or span[1]) >= MOST_CPUS:
            return []
        cpus += range(int(span[1]), int(span[2] or span[1]) + 1)
    return cpus


def _own_kernel(unit: Path) -> Events:
    """Return the kernel that we run on. Raises Unavailable where *unit* is a copy: it has other events by its numbers.

    Source: Linux, fs/sysfs/file.c: every attribute says that it is as long as a page.
    """
    try:
        size = (unit / "type").stat().st_size
    except OSError:
        return KernelEvents()  # there is none, or it may not be read, as will be told
    if size != os.sysconf("SC_PAGESIZE"):
        what = f"{unit} is a copy, and the kernel that counts is another one"
        raise Unavailable(Reason.UNSUPPORTED, what, "leave out `[paths] sysfs`, or set it to where a kernel shows it")
    return KernelEvents()


def _vendor(cpuinfo: Path) -> str:
    found = re.search(r"^vendor_id\s*:\s*(\S+)", text_of(cpuinfo), re.MULTILINE)
    return found[1] if found else ""
