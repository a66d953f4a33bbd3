"""The only module that reads a clock. Everything else is told what time it is."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, Protocol

from monitor.core.interval import Stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLOCK_TOLERANCE: Final = 0.1
"""Tick accounting and the scheduler's clock differ by some percent. Source: docs of the process collector, measured."""


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
        """Return this moment; CLOCK_BOOTTIME goes on while the machine is suspended, CLOCK_MONOTONIC does not."""
        boot, awake = time.clock_gettime_ns(time.CLOCK_BOOTTIME), time.monotonic_ns()
        return Stamp(time.time_ns(), boot, max(0, boot - awake))


def process_clock(procfs: Path, own_pid: int) -> Callable[[int], int] | None:
    """Return the reader of other processes' CPU clocks (clock id -> ns), or None where it can't be trusted here.

    It reads the processes of our own pid namespace, so *procfs* must show that one: our own pid has to be there under
    the same number, and the clock of pid 1 has to agree with its stat file.

    Source: clock_getcpuclockid(3); Linux, include/linux/posix-timers.h (MAKE_PROCESS_CPUCLOCK).
    """
    try:
        if (procfs / "self").readlink().name != str(own_pid):
            return None
        ticks = sum(int(text) for text in (procfs / "1/stat").read_text().rpartition(")")[2].split()[11:13])
        seconds = time.clock_gettime_ns((~1 << 3) | 2) / 1e9
    except (OSError, ValueError):
        return None
    counted = ticks / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime_ns if abs(seconds - counted) <= max(1.0, CLOCK_TOLERANCE * counted) else None
