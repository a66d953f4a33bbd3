"""CPU time and memory of the control groups that belong to one consumer whole.

Reads `cpu.stat` (version 2, microseconds) or `cpuacct.usage` (version 1, nanoseconds), and `memory.current` or
`memory.usage_in_bytes`, which count the page cache that the group filled. The counters include processes that lived and
died between two reads, and go on while the daemon is away. Error: none to speak of. Privilege: none.

Source: Linux, Documentation/admin-guide/cgroup-v2.rst; Documentation/admin-guide/cgroup-v1/{cpuacct,memory}.rst.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Final

from monitor.collector import Reason, Retry, Unavailable
from monitor.core.readings import UsageReading
from monitor.core.units import Duration, Memory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.collector import Host, Source
    from monitor.core.readings import Reading

MICROSECOND: Final = 1000
"""In nanoseconds."""
REMEMBERED: Final = 1000
"""How many groups that are read no more are remembered."""
CPU_FILES: Final = (
    ("", "cpu.stat"),
    ("unified", "cpu.stat"),
    ("cpuacct", "cpuacct.usage"),
    ("cpu,cpuacct", "cpuacct.usage"),
)
MEMORY_FILES: Final = (("", "memory.current"), ("unified", "memory.current"), ("memory", "memory.usage_in_bytes"))
"""Where a hierarchy is mounted below the root, and the file: version 2 alone, beside version 1 (hybrid), version 1."""


class Group:
    """One control group, its files kept open."""

    def __init__(self, root: Path, path: str) -> None:
        """Open the files of *path*. Raises OSError: FileNotFoundError where no hierarchy accounts for it."""
        self.fresh = False
        """Whether all that it counts was used under our eyes."""
        self._memory: int | None = None
        self._cpu, directory = _first(root, path, CPU_FILES)
        # the directory's inode tells a group made again under the same path from the one before
        try:
            self.epoch = f"{directory.stat().st_ino}"
        except OSError:
            os.close(self._cpu)
            raise
        with suppress(OSError):
            self._memory, _ = _first(root, path, MEMORY_FILES)

    def reading(self, path: str, consumer: str) -> UsageReading:
        """Return what it shows now, as *consumer*'s. Raises OSError (gone), ValueError (shows no number)."""
        return UsageReading(consumer, f"cgroup:{path}", self.cpu(), self.memory(), self.epoch, self.fresh)

    def cpu(self) -> Duration:
        """Return the CPU time used since the group was made. Raises OSError (gone), ValueError (shows no number)."""
        text = os.pread(self._cpu, 512, 0)
        if not text:
            raise OSError(errno.ENODEV, "the group is gone")
        if text.startswith(b"usage_usec"):
            return Duration(int(text.split()[1]) * MICROSECOND)
        return Duration(int(text))

    def memory(self) -> Memory:
        """Return the memory charged to the group; none where no hierarchy accounts for it: it is `_other`'s then."""
        return Memory(int(os.pread(self._memory, 64, 0))) if self._memory is not None else Memory(0)

    def close(self) -> None:
        """Close the files."""
        os.close(self._cpu)
        if self._memory is not None:
            os.close(self._memory)


class CgroupCollector:
    """Reads the control groups that the workloads name, as they come and go."""

    name: ClassVar[str] = "cgroup"
    slow: ClassVar[bool] = False

    def __init__(self, host: Host) -> None:
        self._root = host.cgroupfs
        self._workloads = host.workloads
        self._groups: dict[str, Group] = {}
        self._left: dict[str, str] = {}
        self._workloads.use_groups(on=True)

    @classmethod
    def open(cls, host: Host) -> CgroupCollector:
        """Return a collector of the groups below `host.cgroupfs`. Raises Unavailable where none are mounted there."""
        try:
            mounted = any(_present(host.cgroupfs / below) for below, _ in CPU_FILES)
        except PermissionError as error:
            raise Unavailable(
                Reason.FORBIDDEN, f"{error.filename} may not be read", "run the daemon where it may read /sys/fs/cgroup"
            ) from error
        if not mounted:
            raise Unavailable(
                Reason.ABSENT,
                f"no control groups at {host.cgroupfs}",
                "set `[paths] cgroupfs` to where they are mounted; without them services are followed by process",
            )
        return cls(host)

    def sources(self) -> Sequence[Source]:
        """Return nothing: this measures use, not energy."""
        return ()

    def collect(self) -> Sequence[Reading]:
        """Return the use of each group. Raises Retry where one can't be read now: it must not pass for another's."""
        wanted = self._workloads.cgroups()
        for path in self._groups.keys() - wanted.keys():
            self._leave(path)
        return [reading for path, consumer in sorted(wanted.items()) for reading in self._read(path, consumer)]

    def close(self) -> None:
        """Close every group's files; their processes are read one by one from now on."""
        self._workloads.use_groups(on=False)
        for group in self._groups.values():
            group.close()
        self._groups.clear()

    def _read(self, path: str, consumer: str) -> list[UsageReading]:
        """Return the reading of one group; nothing for one that has gone, or has no counter."""
        try:
            return [self._reading(path, consumer)]
        except (ValueError, IndexError) as error:
            raise Retry(f"the control group {path} shows no number") from error
        except OSError:
            self._workloads.disown(path)
            if path in self._groups:
                self._leave(path)
            return []

    def _reading(self, path: str, consumer: str) -> UsageReading:
        """Return the reading of one group. Raises OSError (gone, or it has no counter), ValueError (no number)."""
        remade = False
        if path in self._groups:
            try:
                return self._groups[path].reading(path, consumer)
            except OSError:
                # a service that was started again has a new group under the old path
                remade = True
                self._leave(path)
        group = self._groups[path] = Group(self._root, path)
        # a group that outlived its processes counts on: what it holds was told before
        group.fresh = (remade or self._workloads.newborn(path)) and self._left.get(path) != group.epoch
        return group.reading(path, consumer)

    def _leave(self, path: str) -> None:
        """Read the group *path* no more; remember it, should it be wanted again."""
        group = self._groups.pop(path)
        group.close()
        self._left.pop(path, None)
        self._left[path] = group.epoch
        while len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]


def _first(root: Path, path: str, candidates: Sequence[tuple[str, str]]) -> tuple[int, Path]:
    """Return a descriptor of the first file that is there, and its directory. Raises OSError."""
    for below, name in candidates:
        directory = root / below / path.lstrip("/")
        with suppress(FileNotFoundError, NotADirectoryError):
            return os.open(directory / name, os.O_RDONLY | os.O_CLOEXEC), directory
    raise FileNotFoundError(path)


def _present(directory: Path) -> bool:
    """Whether a hierarchy is mounted at *directory*. Raises PermissionError where that can't be seen."""
    try:
        return "cgroup.procs" in os.listdir(directory)  # noqa: PTH208 - iterdir hides which error it was
    except (FileNotFoundError, NotADirectoryError):
        return False
