"""The records of the ledger: who used how much, what was measured, what was missed, and the state of the open books.

Every joule that was measured belongs to exactly one `Series`, and for each `Meter` and bucket the series' energies sum
exactly to what was measured.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from monitor.core.reconciliation import Agreement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.activity import ActivitySeries, Unit
    from monitor.core.impact import ImpactSeries
    from monitor.core.interval import Interval, Stamp
    from monitor.core.readings import Method
    from monitor.core.tellers import Teller
    from monitor.core.units import Duration, Energy, Power

OTHER: Final = "_other"
"""Every process that belongs to no service."""
MONITOR: Final = "_monitor"
"""The monitor itself."""
IDLE: Final = "_idle"
"""What is drawn while nobody uses it, and is not assigned to anybody."""
UNATTRIBUTED: Final = "_unattributed"
"""Known energy of an unknown user: used across a restart of the daemon, say."""
PSEUDO_SERVICES: Final = (OTHER, MONITOR, IDLE, UNATTRIBUTED)


class Share(StrEnum):
    """Which part of a consumer's energy."""

    ACTIVE = "active"
    """Drawn because it computed."""
    RESIDENCY = "residency"
    """Drawn because it held memory: what a loaded model costs while nobody asks."""
    FLOOR = "floor"
    """Drawn by the idle machine, assigned by the floor rule."""


class Grain(StrEnum):
    """How long a bucket of the ledger is."""

    MINUTE = "minute"
    HOUR = "hour"


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """The key of an entry, beside its bucket."""

    consumer: str
    resource: str
    share: Share
    method: Method


@dataclass(frozen=True, slots=True, order=True)
class Meter:
    """What was measured of one resource by one method."""

    resource: str
    method: Method


@dataclass(frozen=True, slots=True, order=True)
class Holding:
    """Who held which resource (`_idle`: nobody did)."""

    consumer: str
    resource: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was booked in one minute or hour, which starts at `start` (ns since the epoch).

    Once closed it does not change any more: a correction is a new generation. `entries` and `measured` leave out what
    is zero; for each meter the entries of its resource and method sum exactly to `measured`. `covered` is, by
    resource, for how long of the bucket it was measured.
    """

    grain: Grain
    start: int
    entries: Mapping[Series, Energy]
    measured: Mapping[Meter, Energy]
    covered: Mapping[str, Duration]
    reserved: Mapping[Holding, Duration] = field(default_factory=dict)
    """For how long the whole of a resource was held: half a GPU for an hour is half an hour. Minutes have none."""
    activity: Mapping[ActivitySeries, int] = field(default_factory=dict)
    """What services did, by whoever says so. Minutes have none."""


@dataclass(frozen=True, slots=True)
class Tallied:
    """A counter of impacts: whole units of its indicator, and what is left of one, in parts of a rate's step."""

    units: int
    rest: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A counter of what a service did: what it shows, and how much of that has turned out not to count.

    It does not fall, so it stands still until as much more was done as it is `ahead`.
    """

    shown: int
    ahead: int = 0


class Cause(StrEnum):
    """Why something was not measured."""

    DAEMON_DOWN = "daemon_down"
    REBOOT = "reboot"
    COUNTER_RESET = "counter_reset"
    MAY_HAVE_WRAPPED = "may_have_wrapped"
    """So long went by between two readings that the counter may have gone past its range unseen."""
    UNREADABLE = "unreadable"
    HOLD_EXCEEDED = "hold_exceeded"
    """A power stood for longer than it may."""
    CLOCK_STEP = "clock_step"
    """The clock was set forward: time that never was, and nothing was missed."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time over which a resource was not measured. Never zero: unknown."""

    resource: str
    interval: Interval
    cause: str
    """One of `Cause`, or one that another version knows."""


@dataclass(frozen=True, slots=True)
class SavedCounter:
    """The last reading of one cumulative energy meter, as it is needed after a restart."""

    collector: str
    resource: str
    meter: str
    microjoules: int
    epoch: str
    at: Stamp


@dataclass(frozen=True, slots=True)
class SavedUsage:
    """The last reading of one cumulative CPU-time counter. `part` is empty for the host as a whole."""

    consumer: str
    part: str
    nanoseconds: int
    epoch: str
    at: Stamp


@dataclass(frozen=True, slots=True)
class SavedActivity:
    """The last reading of one counter of activity."""

    series: ActivitySeries
    count: int
    epoch: str
    at: Stamp


@dataclass(frozen=True, slots=True)
class OpenBooks:
    """All that a restart needs: totals since the ledger began, the open buckets, and the last raw readings.

    It is written whole at each commit, in one row. `closed_through` is in ns since the epoch: no bucket before it
    changes.
    """

    at: Stamp
    boot_id: str
    closed_through: int
    energy: Mapping[Series, Energy] = field(default_factory=dict)
    measured: Mapping[Meter, Energy] = field(default_factory=dict)
    covered: Mapping[str, Duration] = field(default_factory=dict)
    gaps: Mapping[str, Duration] = field(default_factory=dict)
    """Time missed since the ledger began, by cause, each resource's counted apart."""
    open: tuple[Bucket, ...] = ()
    """The minutes and hours that may still receive entries: one of each, two around an edge. Part of the totals."""
    counters: tuple[SavedCounter, ...] = ()
    usage: tuple[SavedUsage, ...] = ()
    floors: Mapping[str, Power] = field(default_factory=dict)
    """The idle power learnt for each resource."""
    impacts: Mapping[ImpactSeries, Tallied] = field(default_factory=dict)
    """What was booked as it was used, with the factors then known: what the counters show. It never falls."""
    activity: Mapping[ActivitySeries, int] = field(default_factory=dict)
    """What services did since the ledger began, by whoever says so."""
    activity_counters: tuple[SavedActivity, ...] = ()
    counted: Mapping[tuple[str, Unit], Counted] = field(default_factory=dict)
    """What counts of it, by consumer and unit, as the counters show it: as first booked. None of them ever falls."""
    cursor: str = ""
    """Up to where the events that were taken in are in these books."""
    told: Mapping[Teller, int] = field(default_factory=dict)
    """Of what events tell, and when the last one did (ns since the epoch)."""
    agreement: Agreement = field(default_factory=Agreement)
    """How the platform's meter stands to those of its components."""


def were_present(books: OpenBooks | None, boot_id: str) -> frozenset[str]:
    """Return the services whose use was counted when *books* were committed; none where that was before a reboot."""
    if books is None or books.boot_id != boot_id:
        return frozenset()
    return frozenset(one.consumer for one in books.usage if one.consumer) - frozenset(PSEUDO_SERVICES)


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What describes a service from some moment on. `key` never changes; the rest is dated in the ledger."""

    key: str
    name: str
    department: str = ""
    contract: str = ""
    kind: str = ""
    """What software it is, from the catalogue of AI servers: `vllm`, `llama.cpp`; empty where unknown."""
    found_by: str = ""
    """How it was found: `configured`, `discovered`."""
    was: tuple[str, ...] = ()
    """Keys it had before, whose history it carries on."""
