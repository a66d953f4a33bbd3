"""Counters of the kernel's perf_event: the one system call, and what it opens.

Source: perf_event_open(2); Linux, include/uapi/linux/perf_event.h (struct perf_event_attr, PERF_ATTR_SIZE_VER0).
"""

from __future__ import annotations

import errno
import os
import platform
import struct
from typing import Final, Protocol

from collectors._sysfs import Gone

ATTRIBUTES: Final = struct.Struct("=IIQQQQQIIQ")
"""perf_event_attr as it first was: type, size, config, then what is 0 here: period, flags, breakpoint."""
CALL: Final = {"x86_64": 298}
"""Number of perf_event_open, where there is RAPL. Source: Linux, arch/x86/entry/syscalls/syscall_64.tbl."""
ANY_PROCESS: Final = -1
NO_GROUP: Final = -1
CLOSE_ON_EXEC: Final = 8
"""PERF_FLAG_FD_CLOEXEC: no program that the daemon starts inherits the counter."""
COUNT: Final = struct.Struct("=Q")


class Event(Protocol):
    """One counter, open: it begins at 0."""

    def read(self) -> int:
        """Return the count. Raises Gone where it counts no more."""
        ...

    def close(self) -> None:
        """Stop counting."""
        ...


class Events(Protocol):
    """The kernel's counters, or a simulated host's."""

    def open(self, kind: int, config: int, cpu: int) -> Event:
        """Begin to count event *config* of the unit of type *kind*, on *cpu*, whatever process runs. Raises OSError."""
        ...


class KernelEvent:
    """A counter of the kernel's, behind a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self) -> int:
        """Return the count. Raises Gone: the kernel answers with nothing where the event is in error."""
        try:
            content = os.read(self._descriptor, COUNT.size)
        except OSError as error:
            raise Gone(f"the counter can't be read any more: {error.strerror}") from error
        if len(content) != COUNT.size:
            raise Gone("the counter counts no more: its processor went")
        (count,) = COUNT.unpack(content)
        return int(count)

    def close(self) -> None:
        """Close the descriptor: the kernel then stops counting."""
        os.close(self._descriptor)


class KernelEvents:
    """Opens counters of the kernel that we run on."""

    def open(self, kind: int, config: int, cpu: int) -> Event:
        """Begin to count. Raises OSError: PermissionError without the right, ENOSYS where the call isn't there."""
        import ctypes  # noqa: PLC0415 - it opens a library when it is imported, and few hosts need it

        number = CALL.get(platform.machine())
        if number is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        attributes = ctypes.create_string_buffer(attributes_of(kind, config))
        library = ctypes.CDLL(None, use_errno=True)
        descriptor = library.syscall(number, attributes, ANY_PROCESS, cpu, NO_GROUP, ctypes.c_ulong(CLOSE_ON_EXEC))
        if descriptor < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return KernelEvent(descriptor)


def attributes_of(kind: int, config: int) -> bytes:
    """Return what the kernel is told of the event: no sampling, nothing excluded, as RAPL asks for."""
    return ATTRIBUTES.pack(kind, ATTRIBUTES.size, config, 0, 0, 0, 0, 0, 0, 0)
