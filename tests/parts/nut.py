"""Debian's server of Network UPS Tools on loopback, with its dummy driver, which shows what is in a file."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Final

from tests.parts.child import Child, Server
from tests.parts.loopback import LOOPBACK, free_port, wait_until

if TYPE_CHECKING:
    from pathlib import Path

DRIVER: Final = "/lib/nut/dummy-ups"
SERVER: Final = "/lib/nut/upsd"
"""Source: Debian, nut-server, list of files."""


class Nut(Server):
    """A server of one UPS, `ups`, whose variables are those of `show`."""

    def __init__(self, directory: Path, **variables: str) -> None:
        self.port = free_port()
        self.url = f"nut://{LOOPBACK}:{self.port}"
        self._place = directory
        self.show(**variables)
        (directory / "ups.conf").write_text(
            f"[ups]\ndriver = dummy-ups\nport = {directory / 'ups.dev'}\npollinterval = 1\n"
        )
        (directory / "upsd.conf").write_text(f"LISTEN {LOOPBACK} {self.port}\nMAXAGE 2\nSTATEPATH {directory}\n")
        (directory / "upsd.users").write_text("")
        for file in ("upsd.conf", "upsd.users", "ups.conf"):
            (directory / file).chmod(0o640)
        places = {"NUT_CONFPATH": f"{directory}", "NUT_STATEPATH": f"{directory}", "NUT_ALTPIDPATH": f"{directory}"}
        user = ("-u", "root") if os.geteuid() == 0 else ()
        self.driver = Child([DRIVER, "-a", "ups", "-D", *user], directory / "driver.log", environment=places)
        self.child = Child([SERVER, "-D", *user], directory / "upsd.log", environment=places)

    def show(self, **variables: str) -> None:
        """Have the UPS show *variables*, whose names have underscores for points."""
        lines = "".join(f"{name.replace('_', '.')}: {value}\n" for name, value in variables.items())
        (self._place / "ups.dev").write_text(f"{lines}ups.status: OL\nTIMER 1\n")

    def start(self) -> None:
        """Start the driver, then the server."""
        self.driver.start()
        try:
            wait_until((self._place / "dummy-ups-ups").exists, what="the driver is there")
            super().start()
        except BaseException:
            self.driver.close()
            raise

    def is_ready(self) -> bool:
        """Whether it has data of its UPS."""
        return "ups.model" in self._asked()

    def _asked(self) -> str:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=2) as connection:
                connection.sendall(b"LIST VAR ups\n")
                return connection.recv(4096).decode()
        except OSError:
            return ""

    def __exit__(self, *error: object) -> None:
        """End both."""
        self.driver.close()
        self.child.close()
