"""Proves what the ledger promises of bought services: counts are sound, told once, and reckoned by what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from monitor.core.activity import Unit
from monitor.core.calendar import utc
from monitor.core.external import EVENTS
from monitor.ledger import schema
from monitor.ledger.errors import LedgerCorrupt
from monitor.ledger.external import basis_in, series_of
from monitor.ledger.terms import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from monitor.core.external import ExternalSeries
    from monitor.core.interval import Interval


class ExternalExamination:
    """Looks for faults of bought services, kind by kind, in the times that begin in a *span*; None: in all."""

    def __init__(self, connection: Connection, span: Interval | None) -> None:
        self._connection = connection
        self._span = span
        self._series = {row.id: series_of(row) for row in connection.execute(select(schema.external_series))}

    def kinds(self) -> Iterator[Iterator[str]]:
        """Yield the faults of each kind, in sentences."""
        yield self._unsound()
        yield self._told_twice()
        yield self._changed_bases()

    def _unsound(self) -> Iterator[str]:
        """Amounts that can't be, and those that have no basis or one too many."""
        table = schema.external_amounts
        statement = select(table).order_by(table.c.since)
        if self._span is not None:
            statement = statement.where(table.c.since >= self._span.start, table.c.since < self._span.end)
        for row in self._connection.execute(statement):
            one = self._series[row.series_id]
            where = f"from {utc(row.since)} to {utc(row.until)}, {_spoken(one)}"
            if row.amount < 0:
                yield f"{where} is {row.amount}"
            if row.until <= row.since:
                yield f"{where} has no time"
            if (row.basis_id is not None) is not (one.unit is Unit.OUTPUT_TOKENS):
                yield f"{where} has {'a' if row.basis_id is not None else 'no'} basis"

    def _told_twice(self) -> Iterator[str]:
        """Times of which both events and a file count: one of the two is a cross-check."""
        events, files, series = schema.external_amounts, schema.external_amounts.alias(), schema.external_series
        other = series.alias()
        rows = self._connection.execute(
            select(events.c.since, events.c.series_id, files.c.source)
            .join(series, series.c.id == events.c.series_id)
            .join(
                other,
                (other.c.host_id == series.c.host_id)
                & (other.c.external == series.c.external)
                & (other.c.model == series.c.model),
            )
            .join(files, files.c.series_id == other.c.id)
            .where(
                events.c.source == EVENTS,
                files.c.source != EVENTS,
                events.c.counted,
                files.c.counted,
                files.c.since < events.c.until,
                files.c.until > events.c.since,
            )
            .distinct()
        )
        for since, number, source in rows:
            yield f"{_spoken(self._series[number])} of {utc(since)} counts by its events, and again by {source}"

    def _changed_bases(self) -> Iterator[str]:
        table = schema.external_bases
        for row in self._connection.execute(select(table).order_by(table.c.id)):
            if digest_of(row.body) != row.digest:
                yield f"basis {row.id} of bought services is not what was written"
                continue
            try:
                basis_in(row.body)
            except LedgerCorrupt as error:
                yield error.sentence


def _spoken(one: ExternalSeries) -> str:
    return f"{one.unit} of {one.model} of {one.external}"
