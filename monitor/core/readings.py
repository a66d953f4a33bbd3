"""What a collector may say: one frozen record for each kind of observation.

A reading is what was seen, never what was computed: no difference, no conversion, no time.
The framework stamps the moment of reading around the call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from decimal import Decimal

    from monitor.core.activity import ActivitySeries
    from monitor.core.factors import Cycle
    from monitor.core.model import LoadModel
    from monitor.core.units import Duration, Energy, Memory, Power

PACKAGE: Final = "package"
"""CPU packages, all sockets together."""
DRAM: Final = "dram"
"""Memory modules, all sockets together."""
PLATFORM: Final = "platform"
"""The whole machine (psys, BMC, wall meter): contains every other resource; the ledger keeps it as `rest`."""
REST: Final = "rest"
"""What the platform meter sees and no component meter does: fans, disks, losses of the power supply."""


GPU: Final = "gpu"
"""What the name of every GPU begins with, and of nothing else."""
GPUS: Final = re.compile(rf"{GPU}(?:_(?P<maker>amd|intel))?(?P<number>\d+)")
"""The names of GPUs. NVIDIA's have their number alone; those of another maker have its name in theirs, so that which
other drivers are loaded changes no name."""
MAKERS: Final = {"amd": "AMD", "intel": "Intel"}


def gpu(index: int, maker: str = "") -> str:
    """Return the name of the resource that is GPU number *index* of a *maker*: `gpu0`, `gpu_amd0`, `gpu_intel1`."""
    return f"{GPU}_{maker}{index}" if maker else f"{GPU}{index}"


def gpu_title(resource: str) -> str | None:
    """Return how people tell the GPU *resource* from others: `0`, `AMD 0`, `Intel 1`; None where it is no GPU."""
    if (found := GPUS.fullmatch(resource)) is None:
        return None
    return f"{MAKERS[found['maker']]} {found['number']}" if found["maker"] else found["number"]


class Method(StrEnum):
    """How an energy was obtained, best first."""

    COUNTER = "counter"
    """A hardware energy counter."""
    INTEGRATED = "integrated"
    """Power readings, integrated over time."""
    MODELLED = "modelled"
    """A model of the hardware, driven by its load."""
    DECLARED = "declared"
    """A figure somebody stated."""


class Reach(IntEnum):
    """How much of the machine a meter of the platform takes in, most first."""

    SUPPLY = 0
    """What the machine takes from the mains, the losses of its power supplies included: a plug, a PDU, a BMC."""
    BOARD = 1
    """What comes out of its supplies, and what of that is the manufacturer's choice: psys."""


@dataclass(frozen=True, slots=True)
class CounterReading:
    """A cumulative energy counter.

    `meter` identifies the counter within its collector (`intel-rapl:0`, a GPU's uuid); several meters may feed one
    resource. `epoch` changes when the counter is known to start anew (a driver reload): empty where only a boot does
    that. `wraps_after` is the counter's range; None where it can't wrap. `plausible` is the highest power its hardware
    can draw. `reach` says how much of the machine it takes in, where it is a meter of the platform. `settling` is for
    how long it may hold back what is drawn, to show it at once: a coarse counter, or one that is brought up to date
    now and then. None: for no longer than a second.
    """

    resource: str
    meter: str
    energy: Energy
    plausible: Power
    wraps_after: Energy | None = None
    epoch: str = ""
    method: Method = Method.COUNTER
    reach: Reach = Reach.SUPPLY
    settling: Duration | None = None


@dataclass(frozen=True, slots=True)
class PowerReading:
    """A power now. It stands for no longer than `hold`: beyond that the time is a gap. `reach` as of a counter."""

    resource: str
    meter: str
    power: Power
    hold: Duration
    method: Method = Method.INTEGRATED
    reach: Reach = Reach.SUPPLY


@dataclass(frozen=True, slots=True)
class LoadReading:
    """How much CPU time the host has used since boot, and the model that turns load into power.

    `busy` is cumulative over all logical CPUs, of which there are `cpus`.
    """

    resource: str
    meter: str
    busy: Duration
    cpus: int
    model: LoadModel


@dataclass(frozen=True, slots=True)
class UsageReading:
    """CPU time that one part of a consumer has used, cumulative, and the memory it holds now.

    `part` identifies the counter: `cgroup:/system.slice/vllm.service`, or `processes`. `epoch` changes when the
    counter starts anew (a cgroup made again, another run of the daemon for `processes`). `fresh` says that all of
    `cpu` was used under our eyes, so that it counts in full even where there is no reading before.
    """

    consumer: str
    part: str
    cpu: Duration
    memory: Memory
    epoch: str = ""
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class HostUsageReading:
    """CPU time that the whole host has used since boot, cumulative over its `cpus` logical CPUs, and its memory."""

    busy: Duration
    cpus: int
    memory_total: Memory
    memory_available: Memory


@dataclass(frozen=True, slots=True)
class GpuUse:
    """What one process does on a GPU now."""

    consumer: str
    pid: int
    sm_percent: int
    """Share of the streaming multiprocessors' time since the last reading, 0 to 100."""
    memory: Memory
    busy: Duration | None = None
    """How long the card's engines worked for it since the last reading, all together; None where the driver tells
    their share instead."""
    reserved: int = 0
    """Thousandths of the card's compute units that are set aside for it, where the card is cut in parts (MIG)."""


@dataclass(frozen=True, slots=True)
class GpuUsageReading:
    """Every process with a context open on one GPU. No process at all means: nobody has a context open.

    `utilisation_known` is False where the driver can't say who computes (MIG, old drivers): then what is set aside for
    each decides; where nothing is, the memory held.
    """

    resource: str
    uses: tuple[GpuUse, ...]
    utilisation_known: bool = True
    memory_total: Memory | None = None
    """All the memory of the card; None where the driver does not say."""


@dataclass(frozen=True, slots=True)
class IntensityReading:
    """Carbon intensity of a zone's electricity over a time, as a provider tells it.

    It begins at `start` (ns since the epoch, UTC) and holds for `length`. Figures come late and are revised: the same
    time may be told again. `raw` is what the provider sent of it, as JSON text: it is kept as evidence.
    """

    provider: str
    zone: str
    start: int
    length: Duration
    grams_per_kilowatt_hour: Decimal
    cycle: Cycle
    estimated: bool
    """The provider says that it is not measured yet."""
    raw: str


@dataclass(frozen=True, slots=True)
class ActivityReading:
    """How much of one unit a service has done since its meter began, for one model.

    `epoch` changes when the counter starts anew, where the meter tells (the start time of the server's process); empty
    where it does not. `fresh` says that the meter began under our eyes, so that all of `count` is counted even where
    there is no reading before: it goes on saying so. `began` is when the server says that it began (ns since the
    epoch), by this machine's clock; None where it does not tell, or by another clock.
    """

    series: ActivitySeries
    count: int
    epoch: str = ""
    fresh: bool = False
    began: int | None = None


Reading = (
    CounterReading
    | PowerReading
    | LoadReading
    | UsageReading
    | HostUsageReading
    | GpuUsageReading
    | IntensityReading
    | ActivityReading
)
