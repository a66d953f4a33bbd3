"""The way to a machine's own baseboard management controller (BMC): the kernel's device, and what it opens.

Source: Linux, include/uapi/linux/ipmi.h and ipmi_msgdefs.h; Documentation/driver-api/ipmi.rst.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import time
from array import array
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS: Final = struct.Struct("@ihB")
"""ipmi_system_interface_addr: type, channel, logical unit."""
SYSTEM_INTERFACE: Final = (0x0C, 0x0F, 0)
"""The controller of this machine itself."""
REQUEST: Final = struct.Struct("@PIlBBHP")
"""ipmi_req: address and its length, number, then the message: function, command, length and place of its data."""
RECEIVED: Final = struct.Struct("@iPIlBBHP")
"""ipmi_recv: what kind, then as in REQUEST."""
LONGEST_ADDRESS: Final = 40
LONGEST_MESSAGE: Final = 272
RESPONSE: Final = 1
"""Kind of a message that answers one of ours."""


def _number(direction: int, number: int, size: int) -> int:
    """Return the number of a call of the device. Source: Linux, include/uapi/asm-generic/ioctl.h."""
    return direction << 30 | size << 16 | ord("i") << 8 | number


SEND: Final = _number(2, 13, REQUEST.size)
"""IPMICTL_SEND_COMMAND."""
RECEIVE: Final = _number(3, 11, RECEIVED.size)
"""IPMICTL_RECEIVE_MSG_TRUNC."""


class Controller(Protocol):
    """A BMC that can be asked."""

    def ask(self, function: int, command: int, data: bytes, seconds: float) -> bytes:
        """Return the response to *command* of *function*, its completion code first.

        Raises OSError: TimeoutError where none comes within *seconds*.
        """
        ...

    def close(self) -> None:
        """Close the device."""
        ...


class Controllers(Protocol):
    """The BMCs of this machine, or those of a simulated host."""

    programs: str | None
    """Where programs are looked for, as PATH has it; None: where this process looks for them."""

    def open(self, name: str) -> Controller:
        """Return the BMC behind the device *name*. Raises OSError."""
        ...


class KernelController:
    """A BMC behind a device of the kernel's. An answer that comes too late is not taken for the next one's."""

    def __init__(self, descriptor: int, call: Callable[[int, int, bytearray], Any] = fcntl.ioctl) -> None:
        self._descriptor = descriptor
        self._call = call
        self._asked = 0

    def ask(self, function: int, command: int, data: bytes, seconds: float) -> bytes:
        """Return the response. Raises OSError."""
        self._asked += 1
        address = array("B", ADDRESS.pack(*SYSTEM_INTERFACE))
        body = array("B", data)
        place, length = body.buffer_info()
        request = REQUEST.pack(address.buffer_info()[0], ADDRESS.size, self._asked, function, command, length, place)
        self._call(self._descriptor, SEND, bytearray(request))
        until = time.monotonic() + seconds
        while True:
            self._await(until)
            kind, number, answer = self._receive()
            if (kind, number) == (RESPONSE, self._asked):
                return answer

    def close(self) -> None:
        """Close the device."""
        os.close(self._descriptor)

    def _await(self, until: float) -> None:
        """Wait for a message. Raises TimeoutError."""
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        left = max(0.0, until - time.monotonic())
        if not waiting.poll(left * 1000):
            raise TimeoutError("no answer in time")

    def _receive(self) -> tuple[int, int, bytes]:
        """Return what kind of message has come, the number of what it answers, and its data."""
        address = array("B", bytes(LONGEST_ADDRESS))
        body = array("B", bytes(LONGEST_MESSAGE))
        place, length = body.buffer_info()
        room = bytearray(RECEIVED.pack(0, address.buffer_info()[0], LONGEST_ADDRESS, 0, 0, 0, length, place))
        self._call(self._descriptor, RECEIVE, room)
        kind, _, _, number, _, _, size, _ = RECEIVED.unpack(room)
        return kind, number, body.tobytes()[:size]


class KernelControllers:
    """Opens the devices of the kernel that we run on."""

    programs: str | None = None

    def open(self, name: str) -> Controller:
        """Return the BMC behind `/dev/NAME`. Raises OSError: PermissionError where it may not be opened."""
        return KernelController(os.open(f"/dev/{name}", os.O_RDWR | os.O_CLOEXEC))
