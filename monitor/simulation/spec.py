"""What a simulated host is made of: plain data, in whole units, so that its energy is exact.

CPU is in thousandths of a logical CPU, use of a GPU in thousandths of its streaming multiprocessors.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from monitor.core.units import Memory, Power

if TYPE_CHECKING:
    from monitor.core.units import Duration
    from monitor.simulation.work import WorkSpec

NO_MEMORY: Final = Memory(0)
Range = tuple[int, int]
"""From the lowest to the highest, both included."""


@dataclass(frozen=True, slots=True)
class GpuSpec:
    """A GPU: what it draws idle, what an open context adds, and what full use adds to that."""

    name: str
    memory: Memory
    floor: Power
    residency: Power
    active: Power
    """Added at full use of the SMs; a multiple of 1 mW, so that every thousandth is whole."""
    limit: Power
    """The power limit that the driver states."""
    unsupported: frozenset[str] = frozenset()
    """Functions of NVML that this GPU answers with NotSupported."""
    mig: bool | None = None
    """Whether it is cut in instances; None where it can't be."""


class Platform(StrEnum):
    """Where the power of the whole machine can be read."""

    NONE = "none"
    PSYS = "psys"
    """A RAPL domain beside the packages."""
    HWMON = "hwmon"
    """A power meter of the board, in microwatts."""


class Rapl(StrEnum):
    """How the energy that the processors count can be read."""

    POWERCAP = "powercap"
    """As files."""
    PERF = "perf"
    """As events of perf_event alone."""
    BOTH = "both"


DRIVER_VERSION: Final = "550.163.01"
"""Version of the GPUs' driver."""


class Layout(StrEnum):
    """How control groups are mounted."""

    V2 = "v2"
    V1 = "v1"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """The hardware. Powers are for each socket, or for each busy logical CPU (a multiple of 1 mW)."""

    sockets: int
    cpus: int
    """Logical CPUs, over all sockets."""
    memory: Memory
    package_floor: Power
    cpu: Power
    dram_floor: Power
    dram_cpu: Power
    tdp: Power
    """Thermal design power of one socket."""
    rest: Power
    """Fans, disks, network: what no component meter sees."""
    model_name: str
    gpus: tuple[GpuSpec, ...] = ()
    counter_bits: int = 32
    """Width of the RAPL counters. Fewer wrap sooner."""
    platform: Platform = Platform.NONE
    mirrored_dies: bool = False
    """Whether each package shows a second zone that mirrors its counter, as some AMD processors do."""
    layout: Layout = Layout.V2
    rapl: Rapl = Rapl.POWERCAP


@dataclass(frozen=True, slots=True)
class Program:
    """A program that a service runs."""

    argv: tuple[str, ...]
    memory: Memory
    idle: Range = (2, 20)
    """Thousandths of a CPU while nobody asks."""
    busy: Range = (2, 20)
    """Thousandths of a CPU while it works."""
    comm: str = ""
    """The kernel's name for it; by default the first 15 bytes of the file's name."""
    threads: int = 1
    port: int | None = None
    """Where it listens, on every address."""
    gpu: int | None = None
    """Index of the GPU that it holds a context on, once it has loaded its model."""
    gpu_memory: Memory = NO_MEMORY
    gpu_busy: Range = (0, 0)
    """Thousandths of the GPU while it works."""

    @property
    def name(self) -> str:
        """The kernel's name for the process."""
        return self.comm or self.argv[0].rpartition("/")[2][:15]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a service lives, in seconds. A busy phase follows an idle one; one of no length is left out."""

    idle: Range
    busy: Range
    spell: Range = (4, 15)
    """How long the load stays the same within a busy phase."""
    spawns: Range | None = None
    """Time between two short-lived children of the main program while it is busy; None: there are none."""
    child_lives: Range = (200, 2500)
    """How long such a child lives, in milliseconds."""


STEADY: Final = Rhythm(idle=(0, 0), busy=(60, 120))
"""Never idle, its load changing now and then."""
UNUSED: Final = Rhythm(idle=(3600, 3600), busy=(0, 0))
"""Never busy: its model is loaded, and nobody asks."""


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A service, or some of the other processes: who its energy belongs to, where it runs, what it runs and how."""

    consumer: str
    cgroup: str
    """Path below the root of the hierarchy."""
    main: Program
    workers: tuple[Program, ...] = ()
    """Children of the main program, started with it."""
    rhythm: Rhythm = STEADY
    child: Program | None = None
    """What the short-lived children run, where the rhythm has any."""
    appears: Duration | None = None
    """When it is first started; None: it is there from the beginning."""
    disappears: Duration | None = None
    """When it is stopped for good; None: never."""
    stays_down: Duration | None = None
    """How long it stays down after `disappears`, where it is started again then."""
    name: str = ""
    """For people."""
    department: str = ""
    contract: str = ""
    work: WorkSpec | None = None
    """What it does; None: it does not tell."""
    match: tuple[str, str] | None = None
    """How the configuration recognises it: a kind of match and its value. None: it is no service."""
    kernel: bool = False
    """Whether these are threads of the kernel, with no program and no memory."""

    @property
    def port(self) -> int | None:
        """Where it listens, if one of its programs does."""
        return next((program.port for program in (self.main, *self.workers) if program.port is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that happens to the host, `at` this time after the world began."""

    at: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspend(Incident):
    """The machine sleeps for `length`: nothing runs, nothing is drawn, the boot clock goes on."""

    length: Duration
    resets_counters: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterReset(Incident):
    """The energy counters of the processors start from zero again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WallStep(Incident):
    """The wall clock is set: forward, or back where `by` is negative."""

    by: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable(Incident):
    """For `length`, the files of the kind *what* hold no number: `energy`, or `usage`."""

    length: Duration
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuLost(Incident):
    """A GPU falls off the bus and comes back after `length`, its counter at zero. Who computed on it is killed."""

    length: Duration
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverReload(Incident):
    """The GPU driver is unloaded for `length`: every GPU's counter starts anew."""

    length: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class PidReuse(Incident):
    """A busy child of `consumer` ends, and at once a program of another consumer gets its pid."""

    consumer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reboot(Incident):
    """The machine is down for `length`, then boots: new boot id, new counters, new processes."""

    length: Duration


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """A whole world. Equal specs make equal worlds."""

    seed: int
    machine: MachineSpec
    services: tuple[ServiceSpec, ...]
    incidents: tuple[Incident, ...] = ()
    day: Duration | None = None
    """How long a day takes, with its busy and quiet hours; None: it is always the busiest hour."""
    remembers: bool = True
    """Whether the past is kept, so that the truth can be asked for. One that runs for days does not."""
