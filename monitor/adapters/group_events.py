"""Which control groups were made and removed, with the processes in them (inotify): units, containers.

Rights: none. What is started by hand, in a group that was there before, is not noticed.

Source: inotify(7); Linux, include/uapi/linux/inotify.h; Documentation/admin-guide/cgroup-v2.rst, Organizing Processes.
"""

from __future__ import annotations

import ctypes
import os
import re
import struct
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monitor.adapters.process_events import Changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

IN_CREATE: Final = 0x00000100
IN_DELETE: Final = 0x00000200
IN_Q_OVERFLOW: Final = 0x00004000
IN_IGNORED: Final = 0x00008000
IN_ONLYDIR: Final = 0x01000000
IN_ISDIR: Final = 0x40000000
EVENT: Final = struct.Struct("=iIII")
LONGEST: Final = 65_536
HIERARCHIES: Final = (("", "cgroup.controllers"), ("unified", "cgroup.controllers"), ("systemd", "cgroup.procs"))
"""Where a hierarchy with a group for each unit is mounted, and the file that shows it: version 2, hybrid, version 1."""
LEAF: Final = re.compile(r"(?!user@).*\.(service|scope|mount|automount|socket|swap)|(.*-)?[0-9a-f]{64}")
"""A group with processes, not with more groups of units and containers."""
MOST_DIRECTORIES: Final = 1000
MOST_PROCESSES: Final = 50
"""What is followed and looked at, at most. Our choice."""


class GroupEvents:
    """Follows the directories that hold the groups of units and containers."""

    def __init__(self, cgroupfs: Path, procfs: Path, members: Callable[[], Mapping[int, str]]) -> None:
        """Begin to follow. *members* are the processes of which it matters that they ended. Raises OSError."""
        self._procfs = procfs
        self._members = members
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = self._checked(self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))
        self._followed: dict[int, Path] = {}
        root = next((cgroupfs / below for below, file in HIERARCHIES if (cgroupfs / below / file).exists()), None)
        try:
            self._follow(root or cgroupfs / "cgroup.controllers")
        except OSError:
            os.close(self._inotify)
            raise

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._inotify

    def changes(self) -> Changes:
        """Return what happened since it was last asked; waits for nothing."""
        made: list[Path] = []
        removed = lost = False
        events = 0
        for mask, path in self._events():
            events += 1
            lost |= bool(mask & IN_Q_OVERFLOW)
            if mask & IN_DELETE and mask & IN_ISDIR:
                removed = True
                self._leave(path)
            if mask & IN_CREATE and mask & IN_ISDIR:
                made += self._made(path)
        ended = frozenset(pid for pid in self._members() if not self._lives(pid)) if removed else frozenset()
        return Changes(frozenset(pid for path in made for pid in _processes(path)), ended, lost=lost, events=events)

    def close(self) -> None:
        """Follow no more."""
        os.close(self._inotify)

    def _events(self) -> Iterator[tuple[int, Path]]:
        """Yield what happened to which path."""
        with suppress(BlockingIOError):
            while content := os.read(self._inotify, LONGEST):
                at = 0
                while at < len(content):
                    watch, mask, _, length = EVENT.unpack_from(content, at)
                    at += EVENT.size + length
                    name = os.fsdecode(content[at - length : at].rstrip(b"\0"))
                    directory = self._followed.get(watch, Path())
                    if mask & IN_IGNORED:
                        self._followed.pop(watch, None)
                    yield mask, directory / name

    def _made(self, path: Path) -> list[Path]:
        """Return the groups of processes that came with *path*, and follow it where it holds others."""
        if LEAF.fullmatch(path.name):
            return [path]
        with suppress(OSError):
            return self._follow(path)
        return []

    def _follow(self, directory: Path) -> list[Path]:
        """Follow *directory* and those below it; return the groups of processes found there. Raises OSError."""
        if len(self._followed) < MOST_DIRECTORIES:
            mask = IN_CREATE | IN_DELETE | IN_ONLYDIR
            watch = self._checked(self._libc.inotify_add_watch(self._inotify, os.fsencode(directory), mask))
            self._followed[watch] = directory
        leaves = [directory]
        for below in directory.iterdir():
            if below.is_dir():
                leaves += self._made(below)
        return leaves

    def _leave(self, removed: Path) -> None:
        """Follow *removed* no more: the kernel goes on watching a group that was removed, and doesn't say it went."""
        for watch in [watch for watch, directory in self._followed.items() if directory == removed]:
            del self._followed[watch]
            self._libc.inotify_rm_watch(self._inotify, watch)

    def _lives(self, pid: int) -> bool:
        return (self._procfs / str(pid)).exists()

    def _checked(self, outcome: int) -> int:
        if outcome < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return outcome


def _processes(group: Path) -> list[int]:
    """Return the first processes of *group* and of the groups in it."""
    pids: list[int] = []
    for file in (group / "cgroup.procs", *group.glob("*/cgroup.procs")):
        with suppress(OSError):
            pids += [int(line) for line in file.read_text().split()]
    return pids[:MOST_PROCESSES]
