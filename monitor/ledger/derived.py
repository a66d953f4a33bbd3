"""Writes what is derived of closed hours: their impacts, and by which terms, as rows of one generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from monitor.core.impact import ImpactSeries, Indicator
from monitor.ledger import schema
from monitor.ledger.terms import TermsWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from monitor.core.impact import HourImpacts
    from monitor.ledger.insertion import Insertion


class ImpactWriter:
    """Writes for one host. It holds numbers that it has given: after a failure it must be thrown away."""

    def __init__(self, connection: Connection, host: int, insertion: Insertion) -> None:
        self._host = host
        self._insertion = insertion
        self._terms = TermsWriter(insertion)
        self.numbers = {one: number for number, one in read_impact_series(connection, host).items()}

    def write(self, connection: Connection, hours: Sequence[HourImpacts], generation: int) -> None:
        """Write the rows of *hours*; what is there already stays as it is."""
        self.number(connection, (series for hour in hours for series in hour.amounts))
        terms = self._terms.numbers(connection, {hour.terms for hour in hours})
        self._insertion.into(
            connection,
            schema.hour_terms,
            ((hour.start, self._host, generation, terms[hour.terms], hour.terms.filled) for hour in hours),
        )
        self._insertion.into(connection, schema.hour_impacts, self._rows(hours, generation))

    def number(self, connection: Connection, wanted: Iterable[ImpactSeries]) -> None:
        """Give a number to every series in *wanted* that has none."""
        unknown = {one for one in wanted if one not in self.numbers}
        if unknown:
            rows = ((self._host, one.consumer, one.indicator.value) for one in unknown)
            self._insertion.into(connection, schema.impact_series, rows)
            self.numbers = {one: number for number, one in read_impact_series(connection, self._host).items()}

    def _rows(self, hours: Iterable[HourImpacts], generation: int) -> Iterator[tuple[int, ...]]:
        for hour in hours:
            for one, amount in hour.amounts.items():
                yield hour.start, generation, self.numbers[one], amount.low, amount.central, amount.high


def read_impact_series(connection: Connection, host: int) -> dict[int, ImpactSeries]:
    """Return every series of impacts of *host*, by number."""
    table = schema.impact_series
    rows = connection.execute(select(table).where(table.c.host_id == host))
    return {row.id: ImpactSeries(row.consumer, Indicator(row.indicator)) for row in rows}
