"""Proves what the ledger promises of bought services: counts are sound, told once, and reckoned by what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from monitor.core.activity import Unit
from monitor.core.calendar import utc
from monitor.core.interval import HOUR
from monitor.ledger import schema
from monitor.ledger.errors import LedgerCorrupt
from monitor.ledger.external import basis_in, of_file, series_of
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
        rows = connection.execute(select(schema.external_series)).all()
        self._series = {row.id: series_of(row) for row in rows}
        self._whose = {row.id: (row.host_id, row.external, row.model) for row in rows}

    def kinds(self) -> Iterator[Iterator[str]]:
        """Yield the faults of each kind, in sentences."""
        yield self._unsound()
        yield self._told_twice()
        yield self._told_by_files()
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
        """Hours of which two authorities count: one of the two is a cross-check."""
        one, another, series = schema.external_amounts, schema.external_amounts.alias(), schema.external_series
        other = series.alias()
        rows = self._connection.execute(
            select(one.c.since, one.c.series_id, one.c.source, another.c.source.label("another"))
            .join(series, series.c.id == one.c.series_id)
            .join(other, (other.c.host_id == series.c.host_id) & (other.c.external == series.c.external))
            .join(another, (another.c.series_id == other.c.id) & (another.c.since == one.c.since))
            .where(
                ~of_file(one),
                ~of_file(another),
                another.c.source > one.c.source,
                one.c.counted,
                another.c.counted,
            )
            .distinct()
        )
        for since, number, source, found in rows:
            yield f"{_spoken(self._series[number])} of {utc(since)} counts by {source}, and again by {found}"

    def _told_by_files(self) -> Iterator[str]:
        """Hours of which events count, and again a file, which tells by the day or by the month."""
        table = schema.external_amounts
        files: dict[tuple[int, int], dict[tuple[int, str, str], str]] = {}
        for row in self._connection.execute(select(table).where(of_file(table), table.c.counted)):
            files.setdefault((row.since, row.until), {})[self._whose[row.series_id]] = row.source
        for (since, until), told in sorted(files.items()):
            # an hour is looked for from its end: it may have begun before the day did
            within = and_(table.c.since > since - HOUR.nanoseconds, table.c.since < until, table.c.until > since)
            rows = self._connection.execute(
                select(table).where(within, ~of_file(table), table.c.counted).order_by(table.c.since)
            )
            for row in rows:
                if source := told.get(self._whose[row.series_id]):
                    one = _spoken(self._series[row.series_id])
                    yield f"{one} of {utc(row.since)} counts by {row.source}, and again by {source}"

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
