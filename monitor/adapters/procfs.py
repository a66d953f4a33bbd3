"""What procfs says of a process: what it is, where it is accounted, on which ports it listens.

A process may end while it is read, and may call itself whatever it likes: nothing here fails because of that.

Source: proc(5); cgroups(7); Linux, Documentation/filesystems/proc.rst.
"""

from __future__ import annotations

import ipaddress
import os
import posixpath
import re
import sys
from dataclasses import dataclass
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
ADDRESS: Final = 1
STATE: Final = 3
OWNER: Final = 7
INODE: Final = 9
"""Fields of a row of that table."""
REMOVED: Final = " (deleted)"
"""What the kernel adds to the path of a control group that is no more."""
LONGEST_COMMAND: Final = 32_768
LONGEST_TABLE: Final = 16 * 1024 * 1024
"""Bytes read of a file at most: a command line may be 2 MiB long, a table of sockets grows with the connections."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket on which something listens in our network namespace."""

    inode: str
    port: int
    host: str
    """How this machine reaches it by itself, as in an address of the web; empty where only others can."""
    owner: int
    """The user who made it."""


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
    for fields in _listening(procfs):
        port = int(fields[ADDRESS].rpartition(":")[2], 16)
        if port in ports:
            yield fields[INODE], port


def listeners(procfs: Path) -> Iterator[Listener]:
    """Yield every socket on which something listens in our network namespace."""
    for fields in _listening(procfs):
        try:
            address, _, port = fields[ADDRESS].rpartition(":")
            yield Listener(fields[INODE], int(port, 16), _reached_at(address), int(fields[OWNER]))
        except ValueError:
            continue


def sockets_of(procfs: Path, pid: int) -> Iterable[str]:
    """Yield the inodes of the sockets that *pid* holds, as far as its descriptors may be seen."""
    try:
        yield from sockets_seen(procfs, pid)
    except OSError:
        return


def sockets_seen(procfs: Path, pid: int) -> Iterable[str]:
    """Yield the inodes of the sockets that *pid* holds. Raises OSError (they may not be seen; it is gone)."""
    for entry in (procfs / str(pid) / "fd").iterdir():
        link = SOCKET.fullmatch(str(entry.readlink()))
        if link is not None:
            yield link[1]


def _listening(procfs: Path) -> Iterator[list[str]]:
    """Yield the fields of each row of the tables of sockets on which something listens."""
    for table in ("tcp", "tcp6"):
        try:
            rows = _read(f"{procfs}/net/{table}", LONGEST_TABLE).splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, rows):
            # the last row may be cut
            if len(fields) > INODE and fields[STATE] == LISTEN:
                yield fields


def _reached_at(text: str) -> str:
    """Return how this machine reaches a socket bound to the address *text*, words in the machine's own byte order.

    Raises ValueError where it is no address. One that is bound to all of IPv6's has IPv4's as well, unless the system
    is set up otherwise (net.ipv6.bindv6only).
    """
    words = (int(text[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(text), 8))
    address = ipaddress.ip_address(b"".join(words))
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_unspecified:
        return "127.0.0.1"
    if not address.is_loopback:
        return ""
    return str(address) if isinstance(address, ipaddress.IPv4Address) else f"[{address}]"


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
