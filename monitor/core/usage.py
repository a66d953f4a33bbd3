"""What each consumer has used of the host, cumulative since the daemon began: CPU time, memory held, GPUs.

Readings come in; the use between two marks comes out. What the host used and no service did is `_other`'s; across a
stop of the daemon, when nobody watched, and where a service has just ended, it is `_unattributed`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.core.attribution import Use
from monitor.core.entries import OTHER, PSEUDO_SERVICES, UNATTRIBUTED, SavedUsage
from monitor.core.readings import GpuUsageReading, HostUsageReading, UsageReading
from monitor.core.units import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from monitor.core.interval import Stamp
    from monitor.core.readings import GpuUse, Reading

HOST_PART = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """One CPU-time counter as last read."""

    nanoseconds: int
    epoch: str


@dataclass(slots=True)
class Consumption:
    """Cumulative use of one device. `active` is CPU nanoseconds, or SM percent-nanoseconds; `held` is byte-nanoseconds.

    `seen` is the time, in ns, for which it is known who used the device; `room` is the memory there was for that time,
    in byte-nanoseconds, 0 where the device does not tell.
    """

    active: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    free: int = 0
    capacity: int = 0
    seen: int = 0
    room: int = 0

    def copy(self) -> Consumption:
        """Return the same figures, apart from this object's future."""
        return Consumption(dict(self.active), dict(self.held), self.free, self.capacity, self.seen, self.room)

    def since(self, mark: Consumption) -> Consumption:
        """Return what was used after *mark* was copied."""
        return Consumption(
            _difference(self.active, mark.active),
            _difference(self.held, mark.held),
            self.free - mark.free,
            self.capacity - mark.capacity,
            self.seen - mark.seen,
            self.room - mark.room,
        )

    @property
    def use(self) -> Use:
        """The weights by which the device's energy is shared."""
        return Use(self.active, self.held, self.free)


class UsageBook:
    """Keeps the cumulative use of the host and of each GPU."""

    def __init__(self, run_id: str, saved: Iterable[SavedUsage], started: Stamp | None, patience: Duration) -> None:
        """Begin with the counters *saved* by the run before, in the same boot; none where there was no such run.

        Counters whose epoch is *run_id*, or begins with it and a slash, start from zero by definition. *started* is the
        moment of the saved counters. A collector that does not answer is waited for as long as *patience*.
        """
        self._run_id = run_id
        self._last = {(one.consumer, one.part): Counted(one.nanoseconds, one.epoch) for one in saved}
        self._part_owner: dict[str, set[tuple[str, str]]] = {}
        self._patience = patience
        self._heard: dict[str, Stamp] = {}
        self._at = started
        self._first: Stamp | None = None
        self._across_outage = bool(self._last)
        self._somebody_left = False
        self._gpu_at: dict[str, Stamp] = {}
        self.host = Consumption()
        self.gpus: dict[str, Consumption] = {}

    def forget(self, collector: str) -> None:
        """Stop waiting for *collector*, which can't be read any more. If it comes back, it begins afresh."""
        self._heard.pop(collector, None)
        for part in self._part_owner.pop(collector, set()):
            self._last.pop(part, None)

    def take(self, at: Stamp, outcomes: Mapping[str, Sequence[Reading]]) -> bool:
        """Add what the collectors saw at *at*; return whether the host's use is now known up to then.

        It is not where a collector that measures use did not answer: its consumers' use would go to `_other`.
        """
        for readings in outcomes.values():
            for reading in readings:
                if isinstance(reading, GpuUsageReading):
                    self._take_gpu(at, reading)
        usage = {name: rows for name, readings in outcomes.items() if (rows := _usage(readings))}
        self._heard |= dict.fromkeys(usage, at)
        for name in [name for name, then in self._heard.items() if at.boot - then.boot > self._patience.nanoseconds]:
            self.forget(name)
        whole = next((row for rows in usage.values() for row in rows if isinstance(row, HostUsageReading)), None)
        if whole is None or not self._heard.keys() <= usage.keys():
            return False
        self._take_host(at, usage, whole)
        return True

    def silent_since(self, at: Stamp) -> Duration:
        """Return for how long nobody has said who uses the host; since ever, where nobody has yet."""
        self._first = self._first or at
        since = self._at or self._first
        return Duration(at.boot - since.boot)

    def saved(self, at: Stamp) -> tuple[SavedUsage, ...]:
        """Return the last readings, for the run after this one."""
        return tuple(
            SavedUsage(consumer, part, counted.nanoseconds, counted.epoch, at)
            for (consumer, part), counted in sorted(self._last.items())
        )

    def _take_host(
        self, at: Stamp, usage: Mapping[str, Sequence[UsageReading | HostUsageReading]], whole: HostUsageReading
    ) -> None:
        elapsed = at.boot - self._at.boot if self._at is not None else 0
        used = self._cpu_used(usage)
        busy = self._advance(("", HOST_PART), whole.busy, epoch="", fresh=False)
        stranger = UNATTRIBUTED if self._across_outage or self._somebody_left else OTHER
        used[stranger] = used.get(stranger, 0) + max(0, busy - sum(used.values()))
        _add(self.host.active, used)
        self._hold([row for rows in usage.values() for row in rows], whole, elapsed)
        self.host.capacity += whole.cpus * elapsed
        self.host.seen += elapsed
        self._at = at
        if self._across_outage:
            seen = set().union(*self._part_owner.values(), {("", HOST_PART)})
            self._last = {key: counted for key, counted in self._last.items() if key in seen}
            self._across_outage = False

    def _cpu_used(self, usage: Mapping[str, Sequence[UsageReading | HostUsageReading]]) -> dict[str, int]:
        used: dict[str, int] = {}
        self._somebody_left = False
        for collector, readings in usage.items():
            parts: set[tuple[str, str]] = set()
            for row in readings:
                if isinstance(row, UsageReading):
                    key = (row.consumer, row.part)
                    parts.add(key)
                    spent = self._advance(key, row.cpu, epoch=row.epoch, fresh=row.fresh)
                    used[row.consumer] = used.get(row.consumer, 0) + spent
            for gone in self._part_owner.get(collector, set()) - parts:
                self._last.pop(gone, None)
                # what it used since the reading before is in nobody's counter any more
                self._somebody_left |= gone[0] not in PSEUDO_SERVICES
            self._part_owner[collector] = parts
        return used

    def _advance(self, key: tuple[str, str], cpu: Duration, *, epoch: str, fresh: bool) -> int:
        """Return the CPU nanoseconds since the last reading of this counter; none where it is a baseline."""
        previous = self._last.get(key)
        self._last[key] = Counted(cpu.nanoseconds, epoch)
        if previous is not None and previous.epoch == epoch:
            return max(0, cpu.nanoseconds - previous.nanoseconds)
        return cpu.nanoseconds if fresh or epoch.partition("/")[0] == self._run_id else 0

    def _hold(self, rows: Iterable[UsageReading | HostUsageReading], whole: HostUsageReading, elapsed: int) -> None:
        """Add the memory held; across a stop of the daemon it is not known by whom."""
        held: dict[str, int] = {}
        for row in rows:
            if isinstance(row, UsageReading) and row.consumer != OTHER:
                held[row.consumer] = held.get(row.consumer, 0) + row.memory.bytes
        taken = whole.memory_total.bytes - whole.memory_available.bytes
        held[OTHER] = max(0, taken - sum(held.values()))
        free = max(0, whole.memory_total.bytes - sum(held.values()))
        if self._across_outage:
            held = {UNATTRIBUTED: sum(held.values())}
        _add(self.host.held, {consumer: amount * elapsed for consumer, amount in held.items()})
        self.host.free += free * elapsed
        self.host.room += whole.memory_total.bytes * elapsed

    def _take_gpu(self, at: Stamp, reading: GpuUsageReading) -> None:
        device = self.gpus.setdefault(reading.resource, Consumption())
        since = self._gpu_at.get(reading.resource)
        self._gpu_at[reading.resource] = at
        if since is None:
            return
        elapsed = at.boot - since.boot
        weight = _weight_of(reading)
        for use in reading.uses:
            _add(device.held, {use.consumer: use.memory.bytes * elapsed})
            _add(device.active, {use.consumer: weight(use, elapsed)})
        device.seen += elapsed
        device.room += reading.memory_total.bytes * elapsed if reading.memory_total is not None else 0
        device.capacity += 100 * elapsed


def _weight_of(reading: GpuUsageReading) -> Callable[[GpuUse, int], int]:
    """Return what the energy of active use is shared by, given a use and a time in ns: the best that is known."""
    if reading.utilisation_known:
        return _computed
    return _set_aside if any(use.reserved for use in reading.uses) else _held


def _computed(use: GpuUse, elapsed: int) -> int:
    """Return how much *use* computed: per cent of the card times ns."""
    return 100 * use.busy.nanoseconds if use.busy is not None else use.sm_percent * elapsed


def _set_aside(use: GpuUse, elapsed: int) -> int:
    """Return how much of the card was set aside for *use*: thousandths of it times ns."""
    return use.reserved * elapsed


def _held(use: GpuUse, elapsed: int) -> int:
    """Return how much memory *use* held: bytes times ns."""
    return use.memory.bytes * elapsed


def _usage(readings: Sequence[Reading]) -> list[UsageReading | HostUsageReading]:
    return [reading for reading in readings if isinstance(reading, UsageReading | HostUsageReading)]


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for consumer, amount in more.items():
        total[consumer] = total.get(consumer, 0) + amount


def _difference(now: Mapping[str, int], then: Mapping[str, int]) -> dict[str, int]:
    return {key: rest for key, amount in now.items() if (rest := amount - then.get(key, 0))}
