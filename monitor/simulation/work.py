"""What simulated services do with the time that they are busy: so many calls, and what each of them comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitor.core.activity import Authority, Unit
from monitor.core.units import NANOSECONDS_PER_SECOND

COUNTED_OVER: Final = 1000 * NANOSECONDS_PER_SECOND
"""For so long a service is busy while it answers `calls`, in ns."""


class Telling(StrEnum):
    """How a service tells what it does."""

    VLLM = "vllm"
    """Its page has the counters of vLLM."""
    TEI = "tei"
    """Its page has those of Text Embeddings Inference."""
    EVENTS = "events"
    """An application sends an event for each call."""

    @property
    def authority(self) -> Authority:
        """Whose word it is."""
        return Authority.EVENTS if self is Telling.EVENTS else Authority.SERVER


@dataclass(frozen=True, slots=True)
class WorkSpec:
    """What a service does while it is busy, and how it tells."""

    telling: Telling
    model: str
    calls: int
    """Answered in 1,000 seconds for which it is busy."""
    each: tuple[tuple[Unit, int], ...]
    """What one call comes to."""

    def answered(self, worked: int) -> int:
        """Return how many calls are answered once it was busy for *worked* ns."""
        return worked * self.calls // COUNTED_OVER

    def done(self, calls: int) -> dict[Unit, int]:
        """Return what so many *calls* come to."""
        return {Unit.REQUESTS: calls, **{unit: calls * many for unit, many in self.each}}
