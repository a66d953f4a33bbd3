"""What bought services came to in each period: this day, month, quarter and year so far, and the ones before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor.core.calendar import PERIODS, period_bounds
from monitor.core.external import ExternalFigures, by_service
from monitor.core.interval import MINUTE, Interval, bucket_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.core.external import ExternalRule
    from monitor.core.interval import Stamp
    from monitor.ledger.store import Ledger

_EVER: Final = Interval(0, 1 << 62)
OPEN: Final = frozenset({"day", "month", "quarter", "year"})
"""Periods that go up to now: their last hour is open."""


class ExternalPeriods:
    """Reads them once a minute at most: bought services change by the call, and nobody looks more often."""

    def __init__(self, ledger: Ledger, rules: Sequence[ExternalRule]) -> None:
        self._ledger = ledger
        self._zone = ZoneInfo(ledger.timezone)
        self._services = {rule.key: rule for rule in rules}
        self._found = ExternalFigures(self._services)
        self._looked: int | None = None

    def of(self, now: Stamp) -> ExternalFigures:
        """Return the figures at *now*, a minute old at most. Raises LedgerError."""
        if self._looked is None or now.boot - self._looked >= MINUTE.nanoseconds:
            self._found = ExternalFigures(
                self._services,
                by_service(self._ledger.external(_EVER)),
                {
                    (key, period): use
                    for period in PERIODS
                    for key, use in by_service(self._ledger.external(self._bounds(period, now.wall))).items()
                },
            )
            self._looked = now.boot
        return self._found

    def _bounds(self, period: str, now: int) -> Interval:
        found = period_bounds(period, now, self._zone)
        if period not in OPEN:
            return found
        # its events are booked under an hour that has not ended
        return Interval(found.start, bucket_of(now, self._ledger.grain) + self._ledger.grain.nanoseconds)
