"""Words that several parts of the ledger speak with."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.core.units import NANOSECONDS_PER_SECOND


def utc(moment: int) -> str:
    """Return *moment*, in ns since the epoch, as a date and time of day in UTC."""
    return f"{datetime.fromtimestamp(moment // NANOSECONDS_PER_SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"
