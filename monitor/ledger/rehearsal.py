"""What a restatement would change, found out without writing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from monitor.core.entries import Grain
from monitor.core.interval import Interval
from monitor.ledger import schema
from monitor.ledger.restatement import Comparison, lots
from monitor.ledger.stretches import whole_hours

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.core.impact import HourImpacts
    from monitor.ledger.store import Ledger


def rehearse(ledger: Ledger, hours: Iterable[HourImpacts], interval: Interval) -> Comparison:
    """Return how *hours*, in order of time, differ from what the hours of *interval* come to so far.

    Raises LedgerError; ValueError where *hours* are out of order, or outside of the interval.
    """
    whole, compared = whole_hours(interval, ledger.grain), Comparison()
    start = whole.start
    for lot, end in lots(hours, whole, ledger.grain.nanoseconds):
        with ledger.reader() as reader:
            old = reader.impacts.hours(Interval(start, end))
        compared.take({one.start: one for one in old}, {one.start: one for one in lot})
        start = end
    return compared


def closed_hours(ledger: Ledger, interval: Interval) -> Interval | None:
    """Return the closed hours of *interval*, from the first of which the ledger knows anything; None where none is.

    Raises LedgerError.
    """
    known = (schema.covered[Grain.HOUR], schema.measured[Grain.HOUR], schema.hour_reserved, schema.hour_terms)
    with ledger.transaction() as connection:
        found = [connection.execute(select(func.min(table.c.bucket))).scalar() for table in known]
    first = min((start for start in found if start is not None), default=None)
    if first is None:
        return None
    whole = whole_hours(Interval(max(interval.start, first), min(interval.end, ledger.closed_through())), ledger.grain)
    return whole if whole.start < whole.end else None
