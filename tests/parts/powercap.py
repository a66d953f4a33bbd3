"""An energy counter of this machine's own making: a powercap tree whose counter moves on in real time."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

STEP: Final = 0.02
"""Seconds between two steps of the counter."""
CPUS: Final = os.sysconf("SC_NPROCESSORS_ONLN")
TICK: Final = 10**9 // os.sysconf("SC_CLK_TCK")
"""Nanoseconds of one tick of processor time."""
RANGE: Final = 262_143_328_850
"""Microjoules at which a real counter goes round: 2^32 - 1 steps of 61 uJ."""


class Powercap:
    """One package that draws a steady power, and some more for each processor of this machine that is busy.

    The thread that moves its counter ends with the context.
    """

    def __init__(self, root: Path, *, watts: int = 60, watts_per_busy: int = 0, start: int = 1_000_000) -> None:
        self.sysfs = root / "sys"
        zone = self.sysfs / "class/powercap/intel-rapl:0"
        zone.mkdir(parents=True)
        (zone / "name").write_text("package-0\n")
        (zone / "max_energy_range_uj").write_text(f"{RANGE}\n")
        (zone / "constraint_0_max_power_uw").write_text(f"{2 * (watts + watts_per_busy * CPUS) * 1_000_000}\n")
        self._descriptor = os.open(zone / "energy_uj", os.O_RDWR | os.O_CREAT)
        self._watts = watts
        self._watts_per_busy = watts_per_busy
        self.microjoules = start
        self._write()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stand()
        os.close(self._descriptor)

    def move(self) -> None:
        """Let the counter move on, from now on."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="powercap", daemon=True)
        self._thread.start()

    def stand(self) -> int:
        """Let the counter stand still; return where it stands, in microjoules."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        return self.microjoules

    def _run(self) -> None:
        then, busy_then = time.monotonic_ns(), _busy()
        while not self._stop.wait(STEP):
            now, busy_now = time.monotonic_ns(), _busy()
            self.microjoules += self._watts * (now - then) // 1000
            self.microjoules += self._watts_per_busy * (busy_now - busy_then) // 1000
            then, busy_then = now, busy_now
            self._write()

    def _write(self) -> None:
        # always as long, and in one write: no reader sees half a number
        os.pwrite(self._descriptor, b"%020d\n" % self.microjoules, 0)


def _busy() -> int:
    """Return the processor time that this machine has used since it started, in ns.

    Source: proc_stat(5): user, nice and system, irq, softirq; idle and iowait (4th and 5th) are no use.
    """
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]]
    return (sum(ticks) - ticks[3] - ticks[4]) * TICK
