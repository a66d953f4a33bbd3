"""An event that is on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.intake.usage import UsageEvent


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that is on disk, and whose it is."""

    number: int
    """Its place among all events: it grows."""
    consumer: str
    """The key of its service; empty: of none."""
    event: UsageEvent
