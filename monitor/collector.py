"""All that the author of a collector must read.

A collector is one file in `collectors/`, one entry point in `pyproject.toml` (group `monitor.collectors`) and one test
with a recorded host. It says what it sees as readings (`monitor.core.readings`). It does not subtract, convert to other
units of time, log, keep time, or start threads: the framework does, and stamps each read around the call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from monitor.core.readings import Reading
    from monitor.core.services import Page
    from monitor.core.units import Duration, Memory, Power


class Reason(StrEnum):
    """Why a source can't be read."""

    ABSENT = "absent"
    """This machine does not have it."""
    FORBIDDEN = "forbidden"
    """It is there, and the daemon may not read it."""
    UNSUPPORTED = "unsupported"
    """It is there, and does not answer what is asked (old driver, missing library, virtual machine)."""


class Unavailable(Exception):  # noqa: N818 - a state of the host, not a fault of the program
    """The source can't be read here, for a reason that will not pass by itself. `cure` says what a person can do."""

    def __init__(self, reason: Reason, what: str, cure: str = "") -> None:
        super().__init__(what)
        self.reason = reason
        self.what = what
        self.cure = cure


class Retry(Exception):  # noqa: N818 - not an error yet
    """The source did not answer this time, and may the next: a device that is busy, a file caught in the middle."""


@dataclass(frozen=True, slots=True)
class Source:
    """One meter that a collector reads, for `doctor` and the status page."""

    resource: str
    meter: str
    method: str
    description: str
    """Where it is read, for a person: a path, a device."""
    accuracy: str
    """The error to expect, for a person: `+-5 % (vendor)`, `+-50 %`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRead:
    """How a page on which a service tells what it does stood when it was last read, for `doctor`."""

    address: str
    """It holds no secret."""
    consumer: str
    kinds: tuple[str, ...] = ()
    """What kinds of servers it is of; empty: it has not answered yet."""
    counts: tuple[str, ...] = ()
    """What its server counts, by the names of units, be there none of it yet."""
    asleep: bool = False
    """Its server sleeps, and was not woken."""
    trouble: str = ""
    """Why it could not be read, in one sentence; empty where it was."""
    cure: str = ""
    """What a person can do; empty where the sentence says it already."""


class Workloads(Protocol):
    """Who is who on this host, as of the moment when a reading began, so that all collectors see the same.

    Shared by every collector that sees processes or cgroups.
    """

    def consumer_of(self, pid: int) -> str:
        """Return the consumer of process *pid*, living or just ended: a service's key, `_monitor` or `_other`.

        Of all that is here, this and `pages` alone may be asked by a slow collector: it is read in another thread.
        """
        ...

    def living(self) -> frozenset[int]:
        """Return the pids of all processes that lived when the reading began, kernel threads included."""
        ...

    def one_by_one(self) -> Mapping[int, str]:
        """Return the processes to be read one by one: pid -> consumer.

        Left out are kernel threads, and the processes in a group that `cgroups()` names: its counter has their time.
        """
        ...

    def started(self, pid: int) -> int | None:
        """Return when *pid* was started, in clock ticks after boot, as first seen; None where it is not known."""
        ...

    def forget(self, pid: int) -> None:
        """Take *pid* for a new process: it turned out to be another than the one that was known."""
        ...

    def use_groups(self, *, on: bool) -> None:
        """Say whether somebody reads the groups that `cgroups()` names; until then it names none."""
        ...

    def cgroups(self) -> Mapping[str, str]:
        """Return the cgroups that belong to one consumer whole: path below the root of the hierarchy -> consumer."""
        ...

    def newborn(self, path: str) -> bool:
        """Whether the group *path* came to be under our eyes, so that its counter holds nothing but its consumer's."""
        ...

    def disown(self, path: str) -> None:
        """Say that the group *path* has no counter to read: its processes are read one by one."""
        ...

    def pages(self) -> tuple[Page, ...]:
        """Return the metrics pages on which services tell what they do, as of now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """How servers elsewhere are reached: through which proxy, and whose certificates are trusted."""

    proxy: str = ""
    """Its address, `http://host:port`; empty: other machines are called directly."""
    user: str = ""
    """Name by which the proxy knows this machine; empty: none is given."""
    password_file: Path | None = None
    """File with the password that goes with it."""
    direct: tuple[str, ...] = ()
    """What is called without the proxy: hosts, domains with all that is in them, ranges of addresses, in lower case."""
    certificates: Path | None = None
    """File of authorities (PEM) to trust beside the system's; None: the system's alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What a collector of grid intensity needs: which zone, from where, and from when on."""

    zone: str
    """Of the electricity grid: `FR`."""
    address: str = ""
    """Of the provider, where it is reached through a gateway; empty: its own."""
    token: str = field(default="", repr=False)
    """The provider's key; empty: none is configured. It must be in no message."""
    since: int = 0
    """What is known already ends here (ns since the epoch): what follows is asked for, in windows, oldest first."""
    certificates: Path | None = None
    """A file of certificates to trust there, beside the system's and those of the network; None: no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A meter that is reached at an address, as `[[meter]]` has it: which, how, and within what its figures are right.

    It measures the whole of this machine, be it by several `points` that are added up. What is declared as this
    machine's share of it is no affair of the collector's.
    """

    name: str
    """Short and stable: the collector that is opened for it is called `shelly:name`."""
    address: str = ""
    """Where it answers; empty where its kind needs none."""
    points: tuple[str, ...] = ()
    """Which of its measuring points feed this machine: channels, outlets, entities, a question; empty: all it has."""
    user: str = ""
    secret: str = field(default="", repr=False)
    """The password or token; empty: none is configured. It must be in no message."""
    insecure: bool = False
    """Whether the secret may leave this machine with no encryption."""
    certificates: Path | None = None
    """File of certificates to trust there, beside the system's and those of the network; None: no others."""
    fingerprint: str = ""
    """SHA-256 of the one certificate to trust there, in hexadecimal digits; empty: it is checked by who signed it."""
    hold: Duration
    """How long a power that it shows stands."""
    plausible: Power
    """The most that it can truly show, at all its points together."""


@dataclass(frozen=True, slots=True)
class Host:
    """What a collector is given when it is opened: where to read, and nothing global."""

    sysfs: Path
    procfs: Path
    cgroupfs: Path
    workloads: Workloads
    read_clock: Callable[[int], int] | None
    """CPU time of a process, in ns, from its clock id (`time.clock_gettime_ns((~pid << 3) | 2)`); None where procfs is
    not this machine's own, in our own pid namespace: then `/proc/PID/stat` is read."""
    run_id: str
    """Identity of this run of the daemon: the epoch of what is counted only while it runs."""
    own_pid: int
    cpu_power: Power | None = None
    """Thermal design power of all sockets (a virtual machine's: of its share of them), where configured or looked up;
    None where unknown."""
    cpu_power_accuracy: str = ""
    """The error to expect of what is modelled from `cpu_power`, for a person: wider where that was guessed."""
    memory: Memory | None = None
    """Installed memory, where configured; None: as the kernel says."""
    nvml: object | None = None
    """A stand-in for the `pynvml` module, for a simulated or recorded host; None: the real library."""
    amdsmi: object | None = None
    """A stand-in for the `amdsmi` module, likewise; None: the real library."""
    perf: object | None = None
    """A stand-in for the kernel's perf_event, likewise; None: the kernel's own."""
    powercap: Path | None = None
    """Directory that the host of this virtual machine shares with it, in the shape of powercap; None: the kernel's."""
    ipmi: object | None = None
    """A stand-in for the kernel's devices of the BMC and the programs that ask it; None: this machine's own."""
    grid: Grid | None = None
    """Where a live grid intensity is configured; None: nothing is asked of the network."""
    outgoing: Outgoing = field(default_factory=Outgoing)
    """How servers elsewhere are reached, for a collector that asks some."""
    meter: Meter | None = None
    """The configured meter that it is opened for, for a collector of meters; None for every other."""


class Collector(Protocol):
    """Something that can be asked, at a given moment, what it sees."""

    name: ClassVar[str]
    slow: ClassVar[bool]
    """True where a read may take longer than some milliseconds: it then has a job of its own, and delays nobody.

    Four more may be there. `every: ClassVar[Duration]`: how often a slow one is read; without it, at every tick.
    `slow_on: Callable[[Host], bool]`, a class method: whether it is slow on this host, though not on others.
    `on_request: ClassVar[bool]`: True where it is opened only if `factors.live` names it.
    `for_meters: ClassVar[bool]`: True where it is opened for each `[[meter]]` whose kind is its name, and for nothing
    else. It is slow, and read as often as the meter says.

    One that reads pages on which services tell what they do has a method more, which `doctor` asks after `collect`,
    also where that raised: `pages() -> Sequence[PageRead]`, how each page stands."""

    @classmethod
    def open(cls, host: Host) -> Collector:
        """Return a collector ready to read, holding what it opened. Raises Unavailable (reason, cure), Retry."""
        ...

    def sources(self) -> Sequence[Source]:
        """Return the meters it reads, in a stable order; empty for one that measures use, not energy."""
        ...

    def collect(self) -> Sequence[Reading]:
        """Return what is seen now. Raises Unavailable when the source has gone, Retry when it may come back."""
        ...

    def close(self) -> None:
        """Release what was opened. Called once."""
        ...


def is_slow(kind: type[Collector], host: Host) -> bool:
    """Return whether a read of *kind* may take long on *host*."""
    return kind.slow or (hasattr(kind, "slow_on") and kind.slow_on(host))
