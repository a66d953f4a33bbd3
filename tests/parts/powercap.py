"""An energy counter of this machine's own making: a powercap tree whose counter moves on in real time."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

STEP: Final = 0.02
"""Seconds between two steps of the counter."""
RANGE: Final = 262_143_328_850
"""Microjoules at which a real counter goes round: 2^32 - 1 steps of 61 uJ."""


class Powercap:
    """One package that draws a steady power. The thread that moves its counter ends with the context."""

    def __init__(self, root: Path, *, watts: int = 60, start: int = 1_000_000) -> None:
        self.sysfs = root / "sys"
        zone = self.sysfs / "class/powercap/intel-rapl:0"
        zone.mkdir(parents=True)
        (zone / "name").write_text("package-0\n")
        (zone / "max_energy_range_uj").write_text(f"{RANGE}\n")
        (zone / "constraint_0_max_power_uw").write_text(f"{2 * watts * 1_000_000}\n")
        self._descriptor = os.open(zone / "energy_uj", os.O_RDWR | os.O_CREAT)
        self._watts = watts
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
        then = time.monotonic_ns()
        while not self._stop.wait(STEP):
            now = time.monotonic_ns()
            self.microjoules += self._watts * (now - then) // 1000
            then = now
            self._write()

    def _write(self) -> None:
        # always as long, and in one write: no reader sees half a number
        os.pwrite(self._descriptor, b"%020d\n" % self.microjoules, 0)
