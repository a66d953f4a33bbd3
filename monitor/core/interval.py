"""Half-open UTC intervals [start, end), in whole nanoseconds since the Unix epoch, and the buckets they fall in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.units import NANOSECONDS_PER_SECOND, Duration

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE: Final = Duration(60 * NANOSECONDS_PER_SECOND)
HALF_HOUR: Final = Duration(1800 * NANOSECONDS_PER_SECOND)
HOUR: Final = Duration(3600 * NANOSECONDS_PER_SECOND)


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """One moment, in ns: `wall` (UTC since the epoch, for dates), `boot` (CLOCK_BOOTTIME, for durations)."""

    wall: int
    boot: int
    slept: int = 0
    """For how long the machine had been suspended since it booted: nothing computes, and little is drawn, then."""

    def awake_since(self, earlier: Stamp) -> Duration:
        """Return for how long the machine was awake between *earlier*, in the same boot, and this."""
        return Duration((self.boot - self.slept) - (earlier.boot - earlier.slept))


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Half-open stretch of UTC time [start, end), in ns since the epoch."""

    start: int
    end: int

    @property
    def length(self) -> Duration:
        """How long it lasts."""
        return Duration(self.end - self.start)

    def split(self, grain: Duration) -> Iterator[Interval]:
        """Yield the pieces of this interval, cut at every multiple of *grain*, in order; an empty one is one piece."""
        start = self.start
        while (edge := bucket_of(start, grain) + grain.nanoseconds) < self.end:
            yield Interval(start, edge)
            start = edge
        yield Interval(start, self.end)


def bucket_of(wall: int, grain: Duration) -> int:
    """Return the start of the bucket of length *grain* that holds *wall*, both in ns since the epoch."""
    return wall - wall % grain.nanoseconds
