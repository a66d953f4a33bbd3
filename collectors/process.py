"""CPU time and memory of each consumer's processes, and of the host.

Reads the CPU clock of every user process in one system call each (nanoseconds, no file, no privilege), `/proc/PID/stat`
of the services' processes (start time, time of reaped children), `/proc/PID/statm` of the same (resident memory, with
shared pages counted once for each process), `/proc/stat` and `/proc/meminfo`. Error: a process's time is exact; a
child that lived and died between two reads is known from its parent, to 10 ms.

Source: proc(5); clock_getcpuclockid(3); Linux, Documentation/filesystems/proc.rst, 1.7.
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from monitor.collector import Reason, Retry, Unavailable
from monitor.core.entries import OTHER
from monitor.core.readings import HostUsageReading, UsageReading
from monitor.core.units import NANOSECONDS_PER_SECOND, Duration, Memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from monitor.collector import Host, Source
    from monitor.core.readings import Reading

BUSY: Final = (0, 1, 2, 5, 6)
"""user, nice, system, irq, softirq: what the CPUs did for this machine. Guests are inside user; waiting for a disk is
not work; what is stolen another machine used. Source: Linux, Documentation/filesystems/proc.rst, 1.7."""
PAGE: Final = os.sysconf("SC_PAGE_SIZE")
TICK: Final = NANOSECONDS_PER_SECOND // os.sysconf("SC_CLK_TCK")
KIBIBYTE: Final = 1024
PART: Final = "processes"


@dataclass(slots=True)
class Seen:
    """A process as last read: its clock, and what it had reaped of its children's time, in ns."""

    consumer: str
    parent: int
    clock: int
    reaped: int


class ProcessCollector:
    """Follows every user process from its birth, or from the first read, to its end."""

    name: ClassVar[str] = "process"
    slow: ClassVar[bool] = False

    def __init__(self, host: Host) -> None:
        self._procfs = host.procfs
        self._workloads = host.workloads
        self._read_clock = host.read_clock
        self._epoch = f"{host.run_id}/{uuid.uuid4().hex[:8]}"
        self._seen: dict[int, Seen] = {}
        self._listed: frozenset[int] | None = None
        self._used: dict[str, int] = {}

    @classmethod
    def open(cls, host: Host) -> ProcessCollector:
        """Return a collector of the processes below `host.procfs`. Raises Unavailable where it shows none."""
        try:
            (host.procfs / "stat").read_text()
        except PermissionError as error:
            raise Unavailable(
                Reason.FORBIDDEN, f"{error.filename} may not be read", "run the daemon where it may read /proc"
            ) from error
        except OSError as error:
            raise Unavailable(
                Reason.ABSENT, f"no procfs at {host.procfs}", "set `[paths] procfs` to where /proc is mounted"
            ) from error
        return cls(host)

    def sources(self) -> Sequence[Source]:
        """Return nothing: this measures use, not energy."""
        return ()

    def collect(self) -> Sequence[Reading]:
        """Return the host's use, and each consumer's since the first read. Raises Retry (/proc can't be read now)."""
        try:
            host = self._host()
        except (OSError, ValueError, IndexError) as error:
            raise Retry(f"{self._procfs} can't be read now: {error}") from error
        living = self._read(self._workloads.one_by_one())
        self._bury(living)
        self._listed = self._workloads.living()
        readings: list[Reading] = [host, *self._usage(living)]
        present = {seen.consumer for seen in self._seen.values()}
        # a consumer without a process is reported once more, and starts from zero should it come back
        self._used = {consumer: used for consumer, used in self._used.items() if consumer in present}
        return readings

    def close(self) -> None:
        """Release nothing: nothing is held."""

    def _read(self, to_read: Mapping[int, str]) -> dict[int, Seen]:
        """Read every process once; return those that live, and book what they used."""
        living: dict[int, Seen] = {}
        for pid, consumer in to_read.items():
            now = self._look(pid, consumer)
            if now is None:
                continue
            living[pid] = now
            before = self._seen.get(pid)
            if before is not None and now.clock < before.clock:
                self._workloads.forget(pid)
                before = None
                del self._seen[pid]
            base = before.clock if before is not None else self._base(pid, now)
            self._book(consumer, now.clock - base)
        return living

    def _look(self, pid: int, consumer: str) -> Seen | None:
        """Return *pid* as it is now; None where it is gone, or is another process than the one that was known."""
        try:
            if consumer == OTHER and self._read_clock is not None:
                return Seen(consumer, 0, self._read_clock((~pid << 3) | 2), 0)
            fields = self._stat(pid)
            if self._workloads.started(pid) != int(fields[19]):
                self._workloads.forget(pid)
                return None
            clock = (int(fields[11]) + int(fields[12])) * TICK
            if self._read_clock is not None:
                clock = self._read_clock((~pid << 3) | 2)
        except (OSError, IndexError):
            return None
        return Seen(consumer, int(fields[1]), clock, (int(fields[13]) + int(fields[14])) * TICK)

    def _base(self, pid: int, now: Seen) -> int:
        """Return the clock from which a process counts that was not read before: zero only for one born since."""
        return 0 if self._listed is not None and pid not in self._listed else now.clock

    def _bury(self, living: Mapping[int, Seen]) -> None:
        """Book what parents reaped of children that ended since, beyond what was read of those."""
        known: dict[int, int] = {}
        for pid, before in self._seen.items():
            if pid not in living:
                known[before.parent] = known.get(before.parent, 0) + before.clock + before.reaped
        for pid, now in living.items():
            past = self._seen.get(pid)
            reaped = now.reaped - (past.reaped if past is not None else self._reaped_before(pid, now))
            self._book(now.consumer, max(0, reaped - known.get(pid, 0)))
        self._seen = dict(living)

    def _reaped_before(self, pid: int, now: Seen) -> int:
        return 0 if self._listed is not None and pid not in self._listed else now.reaped

    def _book(self, consumer: str, used: int) -> None:
        self._used[consumer] = self._used.get(consumer, 0) + used

    def _usage(self, living: Mapping[int, Seen]) -> list[UsageReading]:
        memory: dict[str, int] = {}
        for pid, seen in living.items():
            if seen.consumer != OTHER:
                memory[seen.consumer] = memory.get(seen.consumer, 0) + self._resident(pid)
        return [
            UsageReading(consumer, PART, Duration(used), Memory(memory.get(consumer, 0)), self._epoch)
            for consumer, used in sorted(self._used.items())
        ]

    def _resident(self, pid: int) -> int:
        """Return the resident memory of *pid* in bytes; none for one that just ended."""
        try:
            return int(_read(f"{self._procfs}/{pid}/statm").split()[1]) * PAGE
        except (OSError, IndexError):
            return 0

    def _stat(self, pid: int) -> list[str]:
        """Return the fields of `/proc/PID/stat` after the name, which may hold anything."""
        return _read(f"{self._procfs}/{pid}/stat").rpartition(")")[2].split()

    def _host(self) -> HostUsageReading:
        lines = _read(f"{self._procfs}/stat").splitlines()
        fields = lines[0].split()[1:]
        memory = _meminfo(self._procfs)
        return HostUsageReading(
            busy=Duration(sum(int(fields[index]) for index in BUSY) * TICK),
            cpus=sum(1 for line in lines[1:] if line.startswith("cpu")),
            memory_total=memory["MemTotal"],
            memory_available=memory["MemAvailable"],
        )


def _meminfo(procfs: Path) -> dict[str, Memory]:
    rows = (line.split() for line in _read(f"{procfs}/meminfo").splitlines()[:4])
    return {row[0].rstrip(":"): Memory(int(row[1]) * KIBIBYTE) for row in rows}


def _read(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 65_536).decode(errors="replace")
    finally:
        os.close(descriptor)
