"""CPU time and memory of each consumer's processes, and of the host.

Reads the CPU clock of every user process in one system call each (nanoseconds, no file, no privilege), `/proc/PID/stat`
of the services' processes (start time, time of reaped children), `/proc/PID/statm` of the same (resident memory, with
shared pages counted once for each process), `/proc/stat` and `/proc/meminfo`. Error: a process's time is exact; a
child that lived and died between two reads is known from its parent, to 10 ms.

Source: proc(5); clock_getcpuclockid(3); Linux, Documentation/filesystems/proc.rst, 1.7.
"""

from __future__ import annotations

import errno
import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from collectors._procfs import TICK, cpu_time, memory
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.entries import OTHER
from monitor.core.readings import HostUsageReading, UsageReading
from monitor.core.units import Duration, Memory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from monitor.collector import Host, Source
    from monitor.core.readings import Reading

PAGE: Final = os.sysconf("SC_PAGE_SIZE")
PART: Final = "processes"
DEEPEST: Final = 100
"""Generations looked through for a living ancestor at most: a damaged procfs may show a loop."""
ENDED: Final = frozenset({errno.ENOENT, errno.ESRCH, errno.EINVAL})
"""What the files of a process, and its clock, answer once it has ended."""
LONGEST_STAT: Final = 1 << 20
"""Bytes read of a file at most: `/proc/stat` has a line for each CPU, and one that numbers each interrupt."""


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
        self._others: dict[int, int] = {}
        self._owed: dict[int, int] = {}
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
        except (OSError, ValueError, LookupError) as error:
            raise Retry(f"{self._procfs} can't be read now: {error}") from error
        to_read, listed = self._workloads.one_by_one(), self._workloads.living()
        others = self._read_others(to_read)
        living = self._read_services(to_read.keys() - others.keys(), to_read)
        self._bury(living, gone=(self._seen.keys() - living.keys()) - (listed - to_read.keys()))
        self._seen, self._others = living, others
        # a number that turned out to be another process's is not known yet: that process counts from its birth
        self._listed = listed - (to_read.keys() - living.keys() - others.keys())
        present = {seen.consumer for seen in living.values()} | ({OTHER} if others else set())
        # one that has no process any more starts from zero should it come back
        self._used = {consumer: used for consumer, used in self._used.items() if consumer in present}
        return [host, *self._usage(living)]

    def close(self) -> None:
        """Release nothing: nothing is held."""

    def _read_others(self, to_read: Mapping[int, str]) -> dict[int, int]:
        """Return the clocks of all processes that belong to nobody, and book what they used: one call for each."""
        clocks: dict[int, int] = {}
        if self._read_clock is None:
            return clocks
        read, last, used = self._read_clock, self._others, 0
        for pid, consumer in to_read.items():
            if consumer == OTHER:
                try:
                    clock = clocks[pid] = read((~pid << 3) | 2)
                except OSError:
                    continue
                before = last[pid] if pid in last else self._base(pid, clock)
                # a clock that went back is that of another process, all of whose time is new
                if clock < before:
                    self._workloads.forget(pid)
                    before = 0
                used += max(0, clock - before)
        self._book(OTHER, used)
        return clocks

    def _read_services(self, pids: Collection[int], consumers: Mapping[int, str]) -> dict[int, Seen]:
        """Return the processes of *pids* that live, parents before children, and book what they used."""
        living: dict[int, Seen] = {}
        for pid in sorted(pids, key=lambda pid: self._workloads.started(pid) or 0):
            now = self._look(pid, consumers[pid])
            if now is not None:
                living[pid] = now
                past = self._seen.get(pid)
                before = past.clock if past is not None else self._others.get(pid, self._base(pid, now.clock))
                self._book(now.consumer, max(0, now.clock - before))
        return living

    def _look(self, pid: int, consumer: str) -> Seen | None:
        """Return *pid* as it is now; None where it is gone, or is another process than the one that was known.

        Where it is there and can't be read, it is as it was: what it uses meanwhile is told by the next read.
        """
        try:
            fields = self._stat(pid)
            if self._workloads.started(pid) != int(fields[19]):
                self._workloads.forget(pid)
                return None
            clock = (int(fields[11]) + int(fields[12])) * TICK
            if self._read_clock is not None:
                clock = self._read_clock((~pid << 3) | 2)
            return Seen(consumer, int(fields[1]), clock, (int(fields[13]) + int(fields[14])) * TICK)
        except (ValueError, IndexError):
            return None
        except OSError as error:
            return None if error.errno in ENDED else self._seen.get(pid)

    def _base(self, pid: int, now: int) -> int:
        """Return the time from which a process counts that was not read before: zero only for one born since."""
        return 0 if self._listed is not None and pid not in self._listed else now

    def _bury(self, living: Mapping[int, Seen], gone: Iterable[int]) -> None:
        """Book what parents reaped of children that ended since, beyond what was read of those.

        What was read of a child is kept for one more time where its parent has not reaped it yet: the parent is read
        before the child, and may reap it in between.
        """
        owed, ended = self._owed, _sums((self._heir(pid, living), self._seen[pid]) for pid in gone)
        self._owed = {}
        for pid, now in living.items():
            reaped = self._reaped_since(pid, now)
            unknown = max(0, reaped - owed.get(pid, 0))
            self._book(now.consumer, max(0, unknown - ended.get(pid, 0)))
            if ended.get(pid, 0) > unknown:
                self._owed[pid] = ended[pid] - unknown

    def _reaped_since(self, pid: int, now: Seen) -> int:
        """Return what *pid* has reaped since it was last read; none where it was not, or was nobody's."""
        past = self._seen.get(pid)
        return now.reaped - (past.reaped if past is not None else self._base(pid, now.reaped))

    def _heir(self, pid: int, living: Mapping[int, Seen]) -> int:
        """Return the nearest ancestor of *pid* that lives: it may have reaped those in between, and with them *pid*."""
        for _ in range(DEEPEST):
            if pid in living or pid not in self._seen:
                break
            pid = self._seen[pid].parent
        return pid

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
        busy, cpus = cpu_time(_read(f"{self._procfs}/stat", LONGEST_STAT))
        meminfo = _read(f"{self._procfs}/meminfo")
        return HostUsageReading(busy, cpus, memory(meminfo, "MemTotal"), memory(meminfo, "MemAvailable"))


def _sums(ended: Iterable[tuple[int, Seen]]) -> dict[int, int]:
    """Return, by heir, what was read of the processes that ended."""
    sums: dict[int, int] = {}
    for heir, seen in ended:
        sums[heir] = sums.get(heir, 0) + seen.clock + seen.reaped
    return sums


def _read(path: str, longest: int = 4096) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, longest).decode(errors="replace")
    finally:
        os.close(descriptor)
