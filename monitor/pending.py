"""What is to be committed, and is kept while the ledger can't be written."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from monitor.core.entries import Grain

if TYPE_CHECKING:
    from monitor.core.entries import Bucket, Gap, ServiceFacts
    from monitor.core.events import Event
    from monitor.core.impact import HourImpacts
    from monitor.core.readings import IntensityReading

log = logging.getLogger(__name__)

MOST_PENDING: Final = 50_000
"""Buckets kept while the ledger can't be written, a month of minutes; then the oldest minutes go, never the hours.

As many gaps; then the oldest go, and only their time is kept."""
MOST_EVENTS: Final = 10_000
"""Events kept for subscribers while the ledger can't be written; then the oldest are never told."""


@dataclass(slots=True)
class Pending:
    """What is to be committed: kept until it is."""

    closed: list[Bucket] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    services: dict[str, ServiceFacts] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    impacts: list[HourImpacts] = field(default_factory=list)
    intensities: list[tuple[int, IntensityReading]] = field(default_factory=list)

    def bound(self) -> None:
        """Let the oldest minutes, gaps and events go where there are too many: the hours hold the minutes' sums."""
        del self.events[:-MOST_EVENTS]
        del self.gaps[:-MOST_PENDING]
        del self.intensities[:-MOST_PENDING]
        if len(self.closed) <= MOST_PENDING:
            return
        minutes = [number for number, bucket in enumerate(self.closed) if bucket.grain is Grain.MINUTE]
        gone = set(minutes[: MOST_PENDING // 10])
        self.closed = [bucket for number, bucket in enumerate(self.closed) if number not in gone]
        log.warning("the ledger could not be written for very long: %d minutes are kept only in their hours", len(gone))
