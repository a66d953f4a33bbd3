"""Proves what the ledger promises: nothing is lost, nothing is booked twice, every joule has one owner."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import and_, func, select

from monitor.core.activity import ACTIVITY
from monitor.core.calendar import utc
from monitor.core.entries import Grain, Meter, Series, Share
from monitor.core.interval import MINUTE, Interval, bucket_of
from monitor.core.readings import Method
from monitor.core.units import NANOSECONDS_PER_SECOND, Duration
from monitor.ledger import schema
from monitor.ledger.exactness import exact, split_sum
from monitor.ledger.schema import AS_BOOKED
from monitor.ledger.verify_activity import ActivityExamination
from monitor.ledger.verify_corrections import CorrectionExamination
from monitor.ledger.verify_external import ExternalExamination
from monitor.ledger.verify_impacts import ImpactExamination
from monitor.ledger.verify_imported import ImportedExamination

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Table

    from monitor.core.entries import OpenBooks
    from monitor.ledger.store import Ledger

Key = TypeVar("Key")

AT_ONCE: Final = {Grain.MINUTE: Duration(86_400 * NANOSECONDS_PER_SECOND), Grain.HOUR: Duration(30 * 86_400 * 10**9)}
"""So much is summed at once, so that memory does not grow with the ledger."""
MOST: Final = 100
"""Faults told of one kind: more say nothing new."""


_DERIVED: Final = {Grain.MINUTE: (), Grain.HOUR: (schema.hour_terms, schema.hour_activity)}
"""What else there is of a bucket: an hour of which nothing was measured has its part of the hardware, its activity."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One promise that the ledger does not keep, in one sentence."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Verification:
    """How many buckets were looked at, and what is wrong with them: nothing, in a sound ledger."""

    minutes: int
    hours: int
    faults: tuple[Fault, ...]


def verify(ledger: Ledger, interval: Interval | None = None) -> Verification:
    """Return what is wrong with the hours that begin in *interval* (None: all), their minutes, and all totals.

    It reads everything, within one transaction, while a daemon may write. Raises LedgerError.
    """
    with ledger.transaction() as connection:
        examination = _Examination(connection, ledger.grain, interval, ledger.books(connection))
        faults = [Fault(sentence) for kind in examination.kinds() for sentence in islice(kind, MOST)]
        return Verification(examination.count(Grain.MINUTE), examination.count(Grain.HOUR), tuple(faults))


class _Examination:
    """Looks for faults, kind by kind."""

    def __init__(
        self, connection: Connection, grain: Duration, interval: Interval | None, books: OpenBooks | None
    ) -> None:
        self._connection = connection
        self._lengths = {Grain.MINUTE: MINUTE.nanoseconds, Grain.HOUR: grain.nanoseconds}
        self._books = books
        self._closed = bucket_of(books.closed_through, grain) if books is not None else 0
        self._asked = interval
        everything = self._everything()
        self._span = everything if interval is None else _cut(_from_whole_hour(interval, grain), everything, grain)

    def kinds(self) -> Iterator[Iterator[str]]:
        """Yield the faults of each kind, in sentences."""
        if self._connection.dialect.name == "sqlite":
            yield self._damage()
        for grain in Grain:
            yield self._misplaced(grain)
            yield self._unbalanced(grain)
        yield self._missing()
        yield self._minutes_beyond_hours()
        yield self._lost_generations()
        hour = Duration(self._lengths[Grain.HOUR])
        yield from ImpactExamination(self._connection, self._span, hour, AT_ONCE[Grain.HOUR]).kinds()
        yield from ActivityExamination(self._connection, self._span, self._books, AT_ONCE[Grain.HOUR]).kinds()
        yield from ExternalExamination(self._connection, self._asked).kinds()
        yield from ImportedExamination(self._connection).kinds()
        yield from CorrectionExamination(self._connection, hour).kinds()
        if self._books is not None:
            yield self._broken_totals(self._books)

    def count(self, grain: Grain) -> int:
        """Return how many buckets were looked at."""
        table = schema.measured[grain]
        found = self._connection.execute(select(func.count(table.c.bucket.distinct())).where(self._within(table)))
        return int(found.scalar_one())

    def _damage(self) -> Iterator[str]:
        for (line,) in self._connection.exec_driver_sql(f"PRAGMA integrity_check({MOST})"):
            if line != "ok":
                yield f"the file is damaged: {line}"
        for row in self._connection.exec_driver_sql("PRAGMA foreign_key_check"):
            yield f"a row of {row[0]} speaks of a row of {row[2]} that is not there"

    def _misplaced(self, grain: Grain) -> Iterator[str]:
        """Buckets that begin where none can, and so overlap another."""
        table, length = schema.measured[grain], self._lengths[grain]
        odd = select(table.c.bucket).distinct().where(self._within(table), table.c.bucket % length != 0)
        for bucket in self._connection.execute(odd.order_by(table.c.bucket)).scalars():
            yield f"the {grain} of {utc(bucket)} does not begin with a whole {grain}: it overlaps its neighbours"

    def _unbalanced(self, grain: Grain) -> Iterator[str]:
        """Buckets whose entries do not sum to what was measured."""
        for span in self._span.split(AT_ONCE[grain]):
            attributed, measured = self._attributed(grain, span), self._measured(grain, span)
            for key in sorted(attributed.keys() | measured.keys()):
                if attributed[key] != measured[key]:
                    bucket, resource, method, generation = key
                    yield (
                        f"in the {grain} of {utc(bucket)}, generation {generation}, {measured[key]} uJ of {resource}"
                        f" were measured ({method}), and {attributed[key]} uJ attributed"
                    )

    def _attributed(self, grain: Grain, span: Interval) -> Counter[tuple[int, str, str, int]]:
        table, series = schema.entries[grain], schema.series
        key = (table.c.bucket, series.c.resource, series.c.method, table.c.generation)
        rows = self._connection.execute(
            select(*key, *split_sum(table.c.energy))
            .join(series, series.c.id == table.c.series_id)
            .where(table.c.bucket >= span.start, table.c.bucket < span.end)
            .group_by(*key)
        )
        return Counter(
            {
                (bucket, resource, method, generation): exact(joules, left)
                for bucket, resource, method, generation, joules, left in rows
            }
        )

    def _measured(self, grain: Grain, span: Interval) -> Counter[tuple[int, str, str, int]]:
        table = schema.measured[grain]
        rows = self._connection.execute(
            select(table.c.bucket, table.c.resource, table.c.method, table.c.generation, table.c.energy).where(
                table.c.bucket >= span.start, table.c.bucket < span.end
            )
        )
        return Counter(
            {(bucket, resource, method, generation): energy for bucket, resource, method, generation, energy in rows}
        )

    def _missing(self) -> Iterator[str]:
        """Hours of which nothing is known, not even why."""
        hour = self._lengths[Grain.HOUR]
        known = sorted(self._known_hours())
        if known and self._span.end > self._closed > known[-1]:
            known.append(self._closed)
        gaps = self._gaps()
        for before, after in pairwise(known):
            for start in range(before + hour, after, hour):
                if not _is_covered(Interval(start, start + hour), gaps):
                    yield f"nothing is known of the hour of {utc(start)}, and no gap says why"

    def _known_hours(self) -> set[int]:
        tables = (schema.covered[Grain.HOUR], schema.measured[Grain.HOUR])
        buckets = (select(table.c.bucket).distinct().where(self._within(table)) for table in tables)
        return {bucket for one in buckets for bucket in self._connection.execute(one).scalars()}

    def _gaps(self) -> list[Interval]:
        """Return the gaps of all resources together, merged, in order. That of an activity says nothing of the host."""
        table = schema.gaps
        of_resources = ~table.c.resource.startswith(ACTIVITY, autoescape=True)
        asked = select(table.c.since, table.c.until).where(of_resources).order_by(table.c.since)
        merged: list[Interval] = []
        for since, until in self._connection.execute(asked):
            if merged and since <= merged[-1].end:
                merged[-1] = Interval(merged[-1].start, max(merged[-1].end, until))
            else:
                merged.append(Interval(since, until))
        return merged

    def _minutes_beyond_hours(self) -> Iterator[str]:
        """Hours that hold less than their minutes. They may hold more: minutes are let go sooner."""
        for span in self._span.split(AT_ONCE[Grain.MINUTE]):
            by_minutes = self._hourly(Grain.MINUTE, span)
            by_hours = self._hourly(Grain.HOUR, span) if by_minutes else by_minutes
            for (hour, series), amount in sorted(by_minutes.items()):
                if hour < self._closed and amount > by_hours[hour, series]:
                    yield (
                        f"the hour of {utc(hour)} holds {by_hours[hour, series]} uJ of series {series}, and its"
                        f" minutes {amount} uJ"
                    )

    def _hourly(self, grain: Grain, span: Interval) -> Counter[tuple[int, int]]:
        table = schema.entries[grain]
        hour = (table.c.bucket - table.c.bucket % self._lengths[Grain.HOUR]).label("hour")
        rows = self._connection.execute(
            select(hour, table.c.series_id, *split_sum(table.c.energy))
            .where(table.c.bucket >= span.start, table.c.bucket < span.end, table.c.generation == AS_BOOKED)
            # by its name: PostgreSQL does not see that two expressions with parameters are one
            .group_by("hour", table.c.series_id)
        )
        return Counter({(start, series): exact(joules, left) for start, series, joules, left in rows})

    def _lost_generations(self) -> Iterator[str]:
        """Corrections that nothing knows of, and hours that a current correction leaves out."""
        table = schema.measured[Grain.HOUR]
        stored = self._connection.execute(
            select(table.c.bucket, table.c.generation).distinct().where(self._within(table))
        ).all()
        known = self._connection.execute(select(schema.generations)).all()
        numbers = {row.number for row in known}
        for number in sorted({row.generation for row in stored} - numbers - {AS_BOOKED}):
            yield f"there are hours of generation {number}, which nothing is known of"
        # an hour of which all was struck out is left out by nobody
        emptied = select(schema.hour_struck.c.bucket, schema.hour_struck.c.generation).distinct()
        has = {(row.bucket, row.generation) for row in (*stored, *self._connection.execute(emptied))}
        for row in known:
            for bucket, generation in sorted(has) if row.current else ():
                corrected = row.since <= bucket < row.until and generation == AS_BOOKED
                if corrected and (bucket, row.number) not in has:
                    yield f"generation {row.number} is current, and leaves out the hour of {utc(bucket)}"

    def _broken_totals(self, books: OpenBooks) -> Iterator[str]:
        """Totals that are not the closed hours and the open ones."""
        opened = [bucket for bucket in books.open if bucket.grain is Grain.HOUR]
        energy = {series: amount.microjoules for series, amount in books.energy.items()}
        measured = {meter: amount.microjoules for meter, amount in books.measured.items()}
        covered = {resource: time.nanoseconds for resource, time in books.covered.items()}
        for bucket in opened:
            _take(energy, {series: amount.microjoules for series, amount in bucket.entries.items()})
            _take(measured, {meter: amount.microjoules for meter, amount in bucket.measured.items()})
            _take(covered, {resource: time.nanoseconds for resource, time in bucket.covered.items()})
        yield from _differences("energy", self._closed_energy(), energy)
        yield from _differences("measured energy", self._closed_measured(), measured)
        yield from _differences("covered time", self._closed_covered(), covered)

    def _closed_energy(self) -> dict[Series, int]:
        table, series = schema.entries[Grain.HOUR], schema.series
        known = {
            row.id: Series(row.consumer, row.resource, Share(row.share), Method(row.method))
            for row in self._connection.execute(select(series))
        }
        # by its number alone, and named here: the database would sort every row by four texts
        rows = self._connection.execute(
            select(table.c.series_id, *split_sum(table.c.energy))
            .where(table.c.generation == AS_BOOKED)
            .group_by(table.c.series_id)
        )
        return {known[number]: exact(joules, left) for number, joules, left in rows}

    def _closed_measured(self) -> dict[Meter, int]:
        table = schema.measured[Grain.HOUR]
        key = (table.c.resource, table.c.method)
        rows = self._connection.execute(
            select(*key, *split_sum(table.c.energy)).where(table.c.generation == AS_BOOKED).group_by(*key)
        )
        return {Meter(resource, Method(method)): exact(joules, left) for resource, method, joules, left in rows}

    def _closed_covered(self) -> dict[str, int]:
        table = schema.covered[Grain.HOUR]
        rows = self._connection.execute(select(table.c.resource, func.sum(table.c.covered)).group_by(table.c.resource))
        return {resource: int(time) for resource, time in rows}

    def _within(self, table: Table) -> ColumnElement[bool]:
        return and_(table.c.bucket >= self._span.start, table.c.bucket < self._span.end)

    def _everything(self) -> Interval:
        """Return the time from the first bucket to the end of the last."""
        edges = [
            edge
            for grain, length in self._lengths.items()
            for table in (schema.entries[grain], schema.measured[grain], *_DERIVED[grain])
            for first, last in self._connection.execute(select(func.min(table.c.bucket), func.max(table.c.bucket)))
            if first is not None
            for edge in (first, last + length)
        ]
        return Interval(min(edges, default=0), max([*edges, self._closed] if edges else [0]))


def _from_whole_hour(interval: Interval, grain: Duration) -> Interval:
    """Return *interval* from its first whole hour on: of a part of one, the minutes alone say nothing."""
    return Interval(interval.start + -interval.start % grain.nanoseconds, interval.end)


def _cut(interval: Interval, everything: Interval, grain: Duration) -> Interval:
    """Return *interval* as far as there can be anything in it: centuries would be looked through day by day."""
    start = max(interval.start, everything.start)
    return Interval(start, max(start, min(interval.end, everything.end + grain.nanoseconds)))


def _take(amounts: dict[Key, int], away: Mapping[Key, int]) -> None:
    for key, amount in away.items():
        amounts[key] = amounts.get(key, 0) - amount


def _differences(what: str, closed: Mapping[Key, int], totals: Mapping[Key, int]) -> Iterator[str]:
    for key in sorted(closed.keys() | totals.keys(), key=str):
        if closed.get(key, 0) != totals.get(key, 0):
            yield (
                f"the {what} of {_spoken(key)} is {closed.get(key, 0)} in all closed hours, and {totals.get(key, 0)} by"
                " the totals, without the open hours"
            )


def _spoken(key: object) -> str:
    match key:
        case Series():
            return f"{key.consumer} ({key.resource}, {key.share}, {key.method})"
        case Meter():
            return f"{key.resource} ({key.method})"
    return str(key)


def _is_covered(hour: Interval, gaps: Sequence[Interval]) -> bool:
    place = bisect_right(gaps, hour.start, key=lambda gap: gap.start)
    return place > 0 and gaps[place - 1].end >= hour.end
