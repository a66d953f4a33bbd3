"""The only module that reads a clock. Everything else is told what time it is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from monitor.core.interval import Stamp

if TYPE_CHECKING:
    from pathlib import Path


class Clock(Protocol):
    """Something that knows what time it is."""

    def stamp(self) -> Stamp:
        """Return this moment on the wall clock and on the boot clock, both in ns."""
        ...

    @property
    def boot_id(self) -> str:
        """Identity of the running boot: counters of the hardware are comparable only within one."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def __init__(self, procfs: Path) -> None:
        self.boot_id = (procfs / "sys/kernel/random/boot_id").read_text().strip()

    def stamp(self) -> Stamp:
        """Return this moment; CLOCK_BOOTTIME goes on while the machine is suspended."""
        return Stamp(time.time_ns(), time.clock_gettime_ns(time.CLOCK_BOOTTIME))
