"""What procfs says of a process: what it is, where it is accounted, on which ports it listens.

A process may end while it is read, and may call itself whatever it likes: nothing here fails because of that.

Source: proc(5); cgroups(7); Linux, Documentation/filesystems/proc.rst.
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, Final

from monitor.core.services import ProcessFacts, own_group

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

KERNEL_THREAD: Final = 0x00200000
"""PF_KTHREAD in a process's flags. Source: Linux, include/linux/sched.h."""
SOCKET: Final = re.compile(r"socket:\[(\d+)\]")
LISTEN: Final = "0A"
"""State TCP_LISTEN in /proc/net/tcp. Source: Linux, include/net/tcp_states.h."""
STATE: Final = 3
INODE: Final = 9
"""Fields of a row of that table."""
REMOVED: Final = " (deleted)"
"""What the kernel adds to the path of a control group that is no more."""
LONGEST_COMMAND: Final = 32_768
LONGEST_TABLE: Final = 16 * 1024 * 1024
"""Bytes read of a file at most: a command line may be 2 MiB long, a table of sockets grows with the connections."""


def read_facts(procfs: Path, pid: int) -> ProcessFacts | None:
    """Return what process *pid* is, but for its ports; None where it is gone. Raises PermissionError (it is hidden)."""
    directory = f"{procfs}/{pid}"
    try:
        head, _, tail = _read(f"{directory}/stat").rpartition(")")
        fields = tail.split()
        kernel = bool(int(fields[6]) & KERNEL_THREAD)
        command = "" if kernel else _read(f"{directory}/cmdline")
        groups = "" if kernel else _read(f"{directory}/cgroup")
        return ProcessFacts(
            pid=pid,
            parent=int(fields[1]),
            started=int(fields[19]),
            comm=head.partition("(")[2],
            argv=tuple(command.rstrip("\0").split("\0")) if command else (),
            cgroup=group_of(groups),
            kernel=kernel,
        )
    except PermissionError:
        raise
    except (OSError, ValueError, IndexError):
        return None


def group_of(text: str) -> str:
    """Return the control group that accounts for the CPU of a process, from its `/proc/PID/cgroup`.

    Of version 2's path, that of version 1's cpuacct, and that of systemd's own hierarchy, it is the first that some
    service can have to itself, else the first below the root: beside version 1, not every container is in version 2's.
    In a control-group namespace the kernel tells the groups of others by way of `..`: those are taken from the root.
    """
    paths = {}
    # not splitlines: a name may hold any of the other characters that it takes for the end of a line
    for line in text.split("\n"):
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        for controller in controllers.split(",") if path else ():
            paths[controller] = posixpath.normpath(path.removesuffix(REMOVED))
    known = [paths[name] for name in ("", "cpuacct", "name=systemd") if paths.get(name, "/") != "/"]
    return next((path for path in known if own_group(path)), known[0] if known else "/")


def listening_sockets(procfs: Path, ports: frozenset[int]) -> Iterator[tuple[str, int]]:
    """Yield (socket's inode, port) of each of *ports* on which something listens in our network namespace."""
    for table in ("tcp", "tcp6"):
        try:
            rows = _read(f"{procfs}/net/{table}", LONGEST_TABLE).splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, rows):
            # the last row may be cut
            if len(fields) > INODE and fields[STATE] == LISTEN:
                port = int(fields[1].rpartition(":")[2], 16)
                if port in ports:
                    yield fields[INODE], port


def sockets_of(procfs: Path, pid: int) -> Iterable[str]:
    """Yield the inodes of the sockets that *pid* holds, as far as its descriptors may be seen."""
    try:
        for entry in (procfs / str(pid) / "fd").iterdir():
            link = SOCKET.fullmatch(str(entry.readlink()))
            if link is not None:
                yield link[1]
    except OSError:
        return


def _read(path: str, longest: int = LONGEST_COMMAND) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        chunks = []
        while longest > 0 and (chunk := os.read(descriptor, longest)):
            chunks.append(chunk)
            longest -= len(chunk)
        return b"".join(chunks).decode(errors="replace")
    finally:
        os.close(descriptor)
