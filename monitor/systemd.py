"""Tell the service manager how the daemon is: ready, alive, stopping.

Source: sd_notify(3), systemd 252: datagrams of `VARIABLE=value` lines to the socket that $NOTIFY_SOCKET names.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """The service manager's socket; an empty address where there is no service manager: then nothing is said."""

    address: str

    def ready(self, status: str) -> None:
        """Say that the daemon serves. *status* is one sentence for `systemctl status`."""
        self._say(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """Say that the daemon is alive, for the watchdog."""
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the daemon is on its way out."""
        self._say("STOPPING=1")

    def _say(self, message: str) -> None:
        if not self.address:
            return
        # a leading @ stands for the null byte of an abstract socket's name; nobody listening is nobody's fault
        name = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as outlet:
            outlet.sendto(message.encode(), name)
