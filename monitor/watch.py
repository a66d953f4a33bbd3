"""Notice within a moment that a service was started or ended, so that a reading can be taken then.

Listens to the kernel's process events (netlink proc connector). It only ever asks for a reading: what it misses, the
next tick sees. Where it may not listen it says so, and does nothing.

Source: Linux, include/uapi/linux/{netlink,connector,cn_proc}.h.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

log = logging.getLogger(__name__)

NETLINK_CONNECTOR: Final = 11
CN_IDX_PROC: Final = 1
CN_VAL_PROC: Final = 1
NLMSG_DONE: Final = 3
PROC_CN_MCAST_LISTEN: Final = 1
PROC_EVENT_EXEC: Final = 0x00000002
PROC_EVENT_EXIT: Final = 0x80000000
FILTERS_SINCE: Final = (6, 6)
"""The kernel that first takes a mask of events (struct proc_input)."""
NETLINK_HEADER: Final = struct.Struct("=IHHII")
CONNECTOR_HEADER: Final = struct.Struct("=IIIIHH")
EVENT: Final = struct.Struct("=IIQII")
"""What happened, CPU, time, process, thread group: the head of every event of ours."""
EVENT_AT: Final = NETLINK_HEADER.size + CONNECTOR_HEADER.size
MOST_LOOKS: Final = 100
"""How many started programs are looked at in a second: each costs some reads of /proc."""
STORM: Final = 3000
"""Events in a second beyond which listening costs more than it brings."""
SHELTER: Final = 60.0
"""Seconds without listening after a storm."""


class ProcessWatch:
    """A thread that waits for process events. A context manager: it owns the thread."""

    def __init__(
        self,
        is_service: Callable[[int], bool],
        service_pids: Callable[[], Mapping[int, str]],
        wake: Callable[[], None],
    ) -> None:
        """*is_service* says whether a process just started is one; *wake* asks for a reading. Both from this thread."""
        self._is_service = is_service
        self._service_pids = service_pids
        self._wake = wake
        self._socket: socket.socket | None = None
        self._stop_read, self._stop_write = -1, -1
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self.unavailable = ""
        """Why it can't listen, in one sentence; empty while it can."""

    def __enter__(self) -> Self:
        try:
            self._socket = listen()
        except OSError as error:
            self.unavailable = f"the kernel's process events can't be heard ({error.strerror})"
            return self
        self._stop_read, self._stop_write = os.pipe()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stop_write < 0:
            return
        os.write(self._stop_write, b".")
        self._thread.join()
        for descriptor in (self._stop_read, self._stop_write):
            os.close(descriptor)
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        looks = events = 0
        second = 0
        while self._wait(None if self._socket is not None else SHELTER):
            if self._socket is None:
                self._socket = listen()
                continue
            now = time.monotonic_ns() // 10**9
            if now != second:
                second, looks, events = now, 0, 0
            for what, pid in self._receive(self._socket):
                events += 1
                looks += what == PROC_EVENT_EXEC
                if self._matters(what, pid, looks):
                    self._wake()
            if events > STORM:
                log.info("the host starts very many processes: services are looked for at each tick only, for a while")
                self._socket.close()
                self._socket = None

    def _wait(self, timeout: float | None) -> bool:
        """Wait for an event, or for the end of the shelter; return False when told to stop."""
        waited = [self._stop_read] + ([self._socket] if self._socket is not None else [])
        ready, _, _ = select.select(waited, [], [], timeout)
        return self._stop_read not in ready

    def _receive(self, listening: socket.socket) -> list[tuple[int, int]]:
        try:
            message = listening.recv(65_536)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            # events were lost: a reading finds what they would have told
            self._wake()
            return []
        event = parse(message)
        return [event] if event is not None else []

    def _matters(self, what: int, pid: int, looks: int) -> bool:
        if what == PROC_EVENT_EXIT:
            return pid in self._service_pids()
        return looks <= MOST_LOOKS and self._is_service(pid)


def listen() -> socket.socket:
    """Return a socket on which the kernel tells of processes that are started and ended.

    Raises OSError where it may not be had: older kernels want CAP_NET_ADMIN.
    """
    listening = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, NETLINK_CONNECTOR)
    try:
        listening.bind((0, CN_IDX_PROC))
        listening.send(_subscription())
    except OSError:
        listening.close()
        raise
    return listening


def parse(message: bytes) -> tuple[int, int] | None:
    """Return what happened to which process; None for what is not the start of a program or the end of a process."""
    if len(message) < EVENT_AT + EVENT.size:
        return None
    what, _, _, thread, process = EVENT.unpack_from(message, EVENT_AT)
    # the end of a thread is told like that of a process
    if what not in {PROC_EVENT_EXEC, PROC_EVENT_EXIT} or thread != process:
        return None
    return what, process


def _subscription() -> bytes:
    """Return the message that asks for events: since Linux 6.6 for ours alone, before for all that there are."""
    major, minor = (int(part) for part in os.uname().release.split(".")[:2])
    order = struct.pack("=I", PROC_CN_MCAST_LISTEN)
    if (major, minor) >= FILTERS_SINCE:
        order += struct.pack("=I", PROC_EVENT_EXEC | PROC_EVENT_EXIT)
    connector = CONNECTOR_HEADER.pack(CN_IDX_PROC, CN_VAL_PROC, 0, 0, len(order), 0)
    length = NETLINK_HEADER.size + len(connector) + len(order)
    return NETLINK_HEADER.pack(length, NLMSG_DONE, 0, 0, os.getpid()) + connector + order
