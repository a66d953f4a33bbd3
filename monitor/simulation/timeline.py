"""The clocks of a simulated host. Its world runs in running time: ns since it began, less what it slept or was off."""

from __future__ import annotations

import uuid
from typing import Final

from monitor.core.interval import Stamp
from monitor.core.units import NANOSECONDS_PER_SECOND

NEW_YEAR_2026: Final = Stamp(wall=1_767_225_600 * NANOSECONDS_PER_SECOND, boot=86_400 * NANOSECONDS_PER_SECOND)
"""2026-01-01T00:00:00Z, a day after the boot: when a world begins by default."""
BOOT_TAKES: Final = 20 * NANOSECONDS_PER_SECOND
"""The boot clock when the services of a machine that starts again are up."""


class Timeline:
    """Running time, and what the clocks of the host show then."""

    def __init__(self, seed: int, begun: Stamp) -> None:
        self.now = 0
        self.boots = 0
        self.slept = 0
        """For how long the host slept since it booted."""
        self.booted = -begun.boot
        """Running time at which the boot clock was zero, had the machine never slept since."""
        self.up_since = -begun.boot
        """Running time at which the processors began to count their time."""
        self._seed = seed
        self._begun = begun
        self._wall_offset = begun.wall

    @property
    def boot(self) -> int:
        """CLOCK_BOOTTIME, in ns."""
        return self.now - self.booted

    @property
    def wall(self) -> int:
        """The wall clock, in ns since the epoch."""
        return self.now + self._wall_offset

    @property
    def boot_id(self) -> str:
        """Identity of this boot: another one for each world, beginning and boot."""
        name = f"{self._seed}/{self._begun.wall}/{self._begun.boot}/{self.boots}"
        return str(uuid.uuid5(uuid.NAMESPACE_OID, name))

    def sleep(self, length: int) -> None:
        """Let *length* ns pass in which nothing runs."""
        self.booted -= length
        self.slept += length
        self._wall_offset += length

    def step(self, by: int) -> None:
        """Set the wall clock forward by *by* ns, or back."""
        self._wall_offset += by

    def reboot(self, length: int) -> None:
        """Let the machine be off for *length* ns, and boot."""
        self.boots += 1
        self.slept = 0
        self._wall_offset += length
        self.booted = self.now - BOOT_TAKES
        self.up_since = self.now


class WorldClock:
    """The clock of a simulated host: stands still while nobody lets its time pass."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def stamp(self) -> Stamp:
        """Return the moment that the world has reached."""
        return Stamp(self._timeline.wall, self._timeline.boot, self._timeline.slept)

    @property
    def boot_id(self) -> str:
        """Identity of the running boot."""
        return self._timeline.boot_id
