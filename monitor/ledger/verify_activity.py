"""Proves what the ledger promises of activity: what counts is said by who is believed first, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from monitor.core.activity import ActivitySeries, Unit, authoritative
from monitor.core.calendar import utc
from monitor.core.entries import Grain
from monitor.core.functional import over
from monitor.ledger import schema
from monitor.ledger.activity import series_of
from monitor.ledger.deeds import units_told
from monitor.ledger.exactness import exact, split_sum
from monitor.ledger.schema import AS_BOOKED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection

    from monitor.core.entries import OpenBooks
    from monitor.core.interval import Interval
    from monitor.core.units import Duration


class ActivityExamination:
    """Looks for faults of activity, kind by kind, in the hours of a *span* and in the totals of *books*."""

    def __init__(self, connection: Connection, span: Interval, books: OpenBooks | None, at_once: Duration) -> None:
        self._connection = connection
        self._span = span
        self._books = books
        self._at_once = at_once
        self._series = {row.id: series_of(row) for row in connection.execute(select(schema.activity_series))}

    def kinds(self) -> Iterator[Iterator[str]]:
        """Yield the faults of each kind, in sentences."""
        yield self._negative()
        yield self._wrongly_counted()
        if self._books is not None:
            closed = self._closed()
            yield self._broken_totals(self._books, closed)
            yield self._beyond_energy(self._books, closed)

    def _negative(self) -> Iterator[str]:
        table = schema.hour_activity
        rows = self._connection.execute(select(table).where(self._within(self._span), table.c.amount < 0))
        for row in rows:
            yield f"in the hour of {utc(row.bucket)}, {_spoken(self._series[row.series_id])} is {row.amount}"

    def _wrongly_counted(self) -> Iterator[str]:
        """Hours in which others count than those who are believed first."""
        table = schema.hour_activity
        for span in self._span.split(self._at_once):
            rows = self._connection.execute(select(table).where(self._within(span)).order_by(table.c.bucket))
            hours: dict[int, dict[ActivitySeries, bool]] = {}
            for row in rows:
                hours.setdefault(row.bucket, {})[self._series[row.series_id]] = row.counted
            for bucket, told in hours.items():
                counts = authoritative(dict.fromkeys(told, 0))
                yield from _wrongly_named(bucket, counts)
                for one in sorted(told):
                    if told[one] != (one in counts):
                        what = "counts, and is" if told[one] else "does not count, and is not"
                        yield f"in the hour of {utc(bucket)}, {_spoken(one)} {what} a cross-check"

    def _broken_totals(self, books: OpenBooks, closed: Mapping[ActivitySeries, int]) -> Iterator[str]:
        """Totals that are not the closed hours and the open ones."""
        hours = Counter(closed)
        for bucket in books.open:
            hours.update(bucket.activity)
        for one in sorted(hours.keys() | books.activity.keys()):
            if hours[one] != books.activity.get(one, 0):
                yield (
                    f"{_spoken(one)} is {hours[one]} in all hours, closed and open,"
                    f" and {books.activity.get(one, 0)} by the totals"
                )

    def _beyond_energy(self, books: OpenBooks, closed: Mapping[ActivitySeries, int]) -> Iterator[str]:
        """Services that are said to have worked with more energy than they used.

        Only all hours together show it: what comes in late is booked in a later hour than the energy that it took.
        """
        used = self._used(books)
        worked: Counter[str] = Counter()
        for part in (closed, *(bucket.activity for bucket in books.open)):
            for one, amount in part.items():
                worked[one.consumer] += amount if one.unit is Unit.ENERGY else 0
        for consumer in sorted(worked):
            if worked[consumer] > used[consumer]:
                yield f"{consumer} used {used[consumer]} uJ, and it is known what it did with {worked[consumer]} uJ"

    def _closed(self) -> dict[ActivitySeries, int]:
        table = schema.hour_activity
        rows = self._connection.execute(
            select(table.c.series_id, *split_sum(table.c.amount)).group_by(table.c.series_id)
        )
        sums: Counter[ActivitySeries] = Counter()
        for number, millions, rest in rows:
            one = self._series[number]
            # the totals don't tell energy apart by what was told meanwhile
            sums[replace(one, model="") if one.unit is Unit.ENERGY else one] += exact(millions, rest)
        return dict(sums)

    def _used(self, books: OpenBooks) -> Counter[str]:
        """Return the energy of each consumer in all hours, closed and open."""
        table, series = schema.entries[Grain.HOUR], schema.series
        rows = self._connection.execute(
            select(series.c.consumer, *split_sum(table.c.energy))
            .join(series, series.c.id == table.c.series_id)
            .where(table.c.generation == AS_BOOKED)
            .group_by(series.c.consumer)
        )
        used = Counter({consumer: exact(millions, rest) for consumer, millions, rest in rows})
        for bucket in books.open:
            for one, energy in bucket.entries.items() if bucket.grain is Grain.HOUR else ():
                used[one.consumer] += energy.microjoules
        return used

    def _within(self, span: Interval) -> ColumnElement[bool]:
        table = schema.hour_activity
        return and_(table.c.bucket >= span.start, table.c.bucket < span.end)


def _wrongly_named(bucket: int, counts: Collection[ActivitySeries]) -> Iterator[str]:
    """Yield the energy of an hour that is not by what was told in it."""
    units = units_told(counts)
    for one in counts:
        if one.unit is Unit.ENERGY and one.model not in {"", over(units.get(one.consumer, ()))}:
            yield f"in the hour of {utc(bucket)}, {_spoken(one)} is not by what was told then"


def _spoken(one: ActivitySeries) -> str:
    model = f" of {one.model}" if one.model and one.unit is not Unit.ENERGY else ""
    by = f"{one.authority}, {one.meter}" if one.meter else one.authority
    return f"{one.unit}{model} of {one.consumer} (by {by})"
