"""The kernel's own word on which processes began to run a program, and which ended (netlink proc connector).

Rights: none since Linux 6.6, before CAP_NET_ADMIN; in any case the first pid, user and network namespaces.

Source: Linux, include/uapi/linux/{netlink,connector,cn_proc,filter}.h, drivers/connector/cn_proc.c.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

NETLINK_CONNECTOR: Final = 11
CN_IDX_PROC: Final = 1
CN_VAL_PROC: Final = 1
NLMSG_DONE: Final = 3
PROC_CN_MCAST_LISTEN: Final = 1
PROC_CN_MCAST_IGNORE: Final = 2
ANSWER: Final = 0x00000000
EXEC: Final = 0x00000002
EXIT: Final = 0x80000000
NETLINK_HEADER: Final = struct.Struct("=IHHII")
CONNECTOR_HEADER: Final = struct.Struct("=IIIIHH")
EVENT: Final = struct.Struct("=IIQII")
"""What happened, CPU, time, then process and thread group; of an answer, the error in place of the process."""
EVENT_AT: Final = NETLINK_HEADER.size + CONNECTOR_HEADER.size
PROCESS_AT: Final = EVENT_AT + 16
LONGEST: Final = 4096
MOST: Final = 5000
"""Events taken at once: more are as good as lost."""
SO_ATTACH_FILTER: Final = 26
LOAD, EQUAL, EQUAL_X, TAKE, TO_X = 0x20, 0x15, 0x1D, 0x06, 0x07
"""BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JEQ|X, BPF_RET|K, BPF_MISC|TAX."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened since it was last asked. `lost`: not all is known; `events`: how many there were."""

    started: frozenset[int] = frozenset()
    """Processes that began to run a program."""
    ended: frozenset[int] = frozenset()
    lost: bool = False
    events: int = 0


class ProcessEvents:
    """A socket on which the kernel tells of processes."""

    def __init__(self) -> None:
        """Begin to listen. Raises OSError, with why in its `strerror`: the right or the namespace is missing."""
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, NETLINK_CONNECTOR
        )
        try:
            _let_through_what_matters(self._socket)
            self._socket.bind((0, CN_IDX_PROC))
            self._order(PROC_CN_MCAST_LISTEN)
            self._expect_answer()
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def changes(self) -> Changes:
        """Return what happened since it was last asked; waits for nothing."""
        started: set[int] = set()
        ended: set[int] = set()
        for events in range(MOST):
            try:
                event = parse(self._socket.recv(LONGEST))
            except BlockingIOError:
                return Changes(frozenset(started), frozenset(ended), events=events)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                break
            if event is not None:
                (started if event[0] == EXEC else ended).add(event[1])
        return Changes(frozenset(started), frozenset(ended), lost=True, events=MOST)

    def close(self) -> None:
        """Listen no more; the kernel is told, since older ones go on counting a listener that just went away."""
        with suppress(OSError):
            self._order(PROC_CN_MCAST_IGNORE)
        self._socket.close()

    def _order(self, operation: int) -> None:
        order = struct.pack("=I", operation)
        connector = CONNECTOR_HEADER.pack(CN_IDX_PROC, CN_VAL_PROC, 0, os.getpid(), len(order), 0)
        length = NETLINK_HEADER.size + len(connector) + len(order)
        self._socket.send(NETLINK_HEADER.pack(length, NLMSG_DONE, 0, 0, os.getpid()) + connector + order)

    def _expect_answer(self) -> None:
        """Take the kernel's answer, which is there as soon as the order was sent; it gives none to other namespaces."""
        with suppress(BlockingIOError):
            while True:
                message = self._socket.recv(LONGEST)
                what, _, _, error, _ = EVENT.unpack_from(message, EVENT_AT)
                # others may listen as well, and have their own answers
                if what == ANSWER and CONNECTOR_HEADER.unpack_from(message, NETLINK_HEADER.size)[3] == os.getpid() + 1:
                    if error:
                        raise OSError(error, os.strerror(error))
                    return
        raise OSError(errno.EOPNOTSUPP, "not in the first pid and user namespaces")


def parse(message: bytes) -> tuple[int, int] | None:
    """Return what happened (EXEC, EXIT) to which process; None for anything else, such as the end of a thread."""
    if len(message) < EVENT_AT + EVENT.size:
        return None
    what, _, _, thread, process = EVENT.unpack_from(message, EVENT_AT)
    if what not in {EXEC, EXIT} or thread != process:
        return None
    return what, process


def _let_through_what_matters(listening: socket.socket) -> None:
    """Have the kernel drop the rest (forks, ends of threads, changes of users), so that nobody is woken for it."""
    program = (
        (LOAD, 0, 0, EVENT_AT),
        (EQUAL, 6, 0, socket.htonl(ANSWER)),
        (EQUAL, 5, 0, socket.htonl(EXEC)),
        (EQUAL, 0, 5, socket.htonl(EXIT)),
        (LOAD, 0, 0, PROCESS_AT),
        (TO_X, 0, 0, 0),
        (LOAD, 0, 0, PROCESS_AT + 4),
        (EQUAL_X, 0, 1, 0),
        (TAKE, 0, 0, 0xFFFFFFFF),
        (TAKE, 0, 0, 0),
    )
    code = b"".join(struct.pack("=HBBI", *step) for step in program)
    held = ctypes.create_string_buffer(code)
    listening.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(program), ctypes.addressof(held)))
