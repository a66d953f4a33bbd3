"""How the counters stood at the end of each closed hour: what a new time-series database is given.

It is what was booked first, under the keys of then, since that is what the counters showed: no correction and no
rename moves them. One series is in memory at a time, and the database sorts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from monitor.core.calendar import local_time, months_of
from monitor.core.entries import PSEUDO_SERVICES, Grain
from monitor.core.interval import Interval, bucket_of
from monitor.core.past import Course, Totals
from monitor.ledger import schema
from monitor.ledger.exactness import summed
from monitor.ledger.schema import AS_BOOKED
from monitor.ledger.stretches import merged, next_hour
from monitor.ledger.writing import read_series

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection, Row, Select, Table

    from monitor.core.entries import OpenBooks
    from monitor.core.past import Point
    from monitor.ledger.store import Ledger

Key = tuple[str, ...]
AT_ONCE: Final = 5_000
"""Rows fetched together."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where the hours of one kind of total are kept: by which columns a series is told, what is added up, what counts.

    `numbered` is the table of its series, None where an hour has the key itself.
    """

    hours: Table
    numbered: Table | None
    key: tuple[str, ...]
    amount: str
    counts: ColumnElement[bool]

    def asked(
        self, connection: Connection, host: int, within: Interval, found: Collection[str]
    ) -> tuple[list[ColumnElement[Any]], Select[Any]]:
        """Return the columns of the key, and what asks for it of the hours of *within*.

        Only keys whose last part is in *found* are asked for, or all.
        """
        hours, told = self.hours, self.hours if self.numbered is None else self.numbered
        key: list[ColumnElement[Any]] = [told.c[name] for name in self.key]
        ours = [told.c.host_id == host, *([key[-1].in_(found)] if found else [])]
        asked = select(*key).where(hours.c.bucket >= within.start, hours.c.bucket < within.end, self.counts)
        if self.numbered is None:
            return key, asked.where(*ours)
        numbers = connection.execute(select(told.c.id).where(*ours)).scalars().all()
        # an outer join: else SQLite goes through all hours once for each series
        joined = hours.outerjoin(told, hours.c.series_id == told.c.id)
        return key, asked.select_from(joined).where(hours.c.series_id.in_(numbers))


_MEASURED: Final = schema.measured[Grain.HOUR]
_ENTRIES: Final = schema.entries[Grain.HOUR]
_KEPT: Final[Mapping[Totals, _Kept]] = {
    Totals.MEASURED: _Kept(_MEASURED, None, ("resource", "method"), "energy", _MEASURED.c.generation == AS_BOOKED),
    Totals.ENERGY: _Kept(
        _ENTRIES, schema.series, ("consumer", "resource", "share"), "energy", _ENTRIES.c.generation == AS_BOOKED
    ),
    Totals.IMPACTS: _Kept(
        schema.hour_impacts,
        schema.impact_series,
        ("consumer", "indicator"),
        "central",
        schema.hour_impacts.c.generation == AS_BOOKED,
    ),
    Totals.ACTIVITY: _Kept(
        schema.hour_activity, schema.activity_series, ("consumer", "unit"), "amount", schema.hour_activity.c.counted
    ),
}


class Past:
    """The past of one ledger's counters over a time. All its hours are closed: nothing changes while it is read."""

    def __init__(self, ledger: Ledger, host: int, interval: Interval) -> None:
        """Look at what the counters show now, and when they can be told. Raises LedgerError."""
        self._ledger = ledger
        self._host = host
        self._grain = ledger.grain
        with ledger.transaction() as connection:
            books = ledger.books(connection)
            closed = bucket_of(books.closed_through, self._grain) if books is not None else 0
            start = max(next_hour(interval.start, self._grain), _first(connection) if closed else 0)
            self.interval = Interval(start, max(start, min(bucket_of(interval.end, self._grain), closed)))
            self._known = _Hours(connection, host, self.interval)
            self._shown = self._shown_months(connection)
        self._closed = closed
        self._now = _Shown(books)
        self._offset = _Shown(offset := ledger.exposure_offset())
        self._restored = bucket_of(offset.closed_through, self._grain)

    def courses(self, totals: Totals, found: Collection[str] = ()) -> Generator[Course]:
        """Yield how each counter of the kind *totals* stood, of those whose key ends with one of *found*, or of all.

        The moments are the ends of hours. An hour of which it is not known has no point; one in which nothing was
        added has one for as long as the daemon shows the counter. No value is above what the counter shows now. That of
        a ledger that was put back from a backup began again from zero, and so does its past, in the first hour that was
        not closed then. Raises LedgerError.
        """
        asked = _Asked(totals, frozenset(found))
        with self._ledger.transaction() as connection:
            before = self._sums(connection, asked, Interval(0, self.interval.start))
            within = self._sums(connection, asked, Interval(self.interval.start, self._closed))
            whole = Counter(before) + Counter(within)
            for key, rows in self._rows_and_none(connection, asked, before):
                # what the daemon does not show has no past either
                known = key in self._now.totals[totals]
                if known and (points := self._points(totals, key, rows, before.get(key), whole[key])):
                    yield Course(key, points)

    def _points(self, totals: Totals, key: Key, rows: Mapping[int, int], before: int | None, whole: int) -> list[Point]:
        """Return the points of one counter; *before* is what it had come to by then, None where it had not begun."""
        first = min(rows) if before is None else self.interval.start
        hours = set(rows)
        for shown in self._shown_times(totals, key):
            hours |= self._known.of(totals, key, Interval(max(shown.start, first), shown.end))
        # it is reckoned before an hour closes, and so may have come to less than the hours
        too_much = max(0, whole - self._now.totals[totals][key])
        taken = self._offset.totals[totals][key] + too_much
        points, sum_ = [], before or 0
        for hour in sorted(hours):
            sum_ += rows.get(hour, 0)
            amount = sum_ - taken if hour >= self._restored else sum_
            points.append((hour + self._grain.nanoseconds, max(0, amount)))
        return points

    def _rows_and_none(
        self, connection: Connection, asked: _Asked, before: Mapping[Key, int]
    ) -> Iterator[tuple[Key, Mapping[int, int]]]:
        """Yield what each hour of each series came to, and after them the series that stand still all the time."""
        told = set[Key]()
        for key, rows in self._rows(connection, asked):
            told.add(key)
            yield key, rows
        yield from ((key, {}) for key in before if key not in told)

    def _sums(self, connection: Connection, asked: _Asked, interval: Interval) -> dict[Key, int]:
        kept = _KEPT[asked.totals]
        key, select_ = kept.asked(connection, self._host, interval, asked.found)
        rows = summed(connection, select_.group_by(*key), kept.hours.c[kept.amount])
        return {tuple(parts): amount for *parts, amount in rows}

    def _rows(self, connection: Connection, asked: _Asked) -> Iterator[tuple[Key, dict[int, int]]]:
        """Yield what each hour of each series came to."""
        kept = _KEPT[asked.totals]
        key, select_ = kept.asked(connection, self._host, self.interval, asked.found)
        order = (*key, kept.hours.c.bucket)
        statement = select_.add_columns(kept.hours.c.bucket, func.sum(kept.hours.c[kept.amount]))
        statement = statement.group_by(*order).order_by(*order).execution_options(yield_per=AT_ONCE)
        rows = connection.execute(statement)
        for parts, same in groupby(rows, _key):
            yield parts, {row[-2]: int(row[-1]) for row in same}

    def _shown_times(self, totals: Totals, key: Key) -> Iterable[Interval]:
        if totals is Totals.MEASURED or key[0] in PSEUDO_SERVICES:
            return (self.interval,)
        return self._shown.get(key[0], ())

    def _shown_months(self, connection: Connection) -> dict[str, tuple[Interval, ...]]:
        """Return when each service is shown: in the months in which it used energy, and in the one after each."""
        zone, time = ZoneInfo(self._ledger.timezone), self.interval
        series = read_series(connection, self._host)
        years = range(local_time(time.start, zone).year - 1, local_time(time.end, zone).year + 2)
        months = [month for year in years for month in months_of(year, zone)]
        shown: dict[str, list[Interval]] = {}
        for month, following in pairwise(months):
            if month.start < time.end and time.start < following.end:
                whole = Interval(month.start, following.end)
                for consumer in {series[number].consumer for number in _users(connection, month) if number in series}:
                    shown.setdefault(consumer, []).append(whole)
        return {consumer: merged(times) for consumer, times in shown.items()}


@dataclass(frozen=True, slots=True)
class _Asked:
    totals: Totals
    found: frozenset[str]


class _Shown:
    """What *books* show, by kind of total and key."""

    def __init__(self, books: OpenBooks | None) -> None:
        self.totals: dict[Totals, Counter[Key]] = {totals: Counter() for totals in Totals}
        if books is None:
            return
        for meter, energy in books.measured.items():
            self.totals[Totals.MEASURED][meter.resource, meter.method.value] += energy.microjoules
        for series, energy in books.energy.items():
            self.totals[Totals.ENERGY][series.consumer, series.resource, series.share.value] += energy.microjoules
        for impact, tallied in books.impacts.items():
            self.totals[Totals.IMPACTS][impact.consumer, impact.indicator.value] += tallied.units
        for (consumer, unit), counted in books.counted.items():
            self.totals[Totals.ACTIVITY][consumer, unit.value] += counted.shown


class _Hours:
    """Of which hours anything is known: by resource, by terms, and of the host at all."""

    def __init__(self, connection: Connection, host: int, interval: Interval) -> None:
        covered, terms = schema.covered[Grain.HOUR], schema.hour_terms
        self._covered: dict[str, set[int]] = {}
        for bucket, resource in connection.execute(
            select(covered.c.bucket, covered.c.resource).where(
                covered.c.bucket >= interval.start,
                covered.c.bucket < interval.end,
                covered.c.host_id == host,
                covered.c.covered > 0,
            )
        ):
            self._covered.setdefault(resource, set()).add(bucket)
        self._any = set[int]().union(*self._covered.values())
        self._reckoned = set(
            connection.execute(
                select(terms.c.bucket).where(
                    terms.c.bucket >= interval.start,
                    terms.c.bucket < interval.end,
                    terms.c.host_id == host,
                    terms.c.generation == AS_BOOKED,
                )
            ).scalars()
        )

    def of(self, totals: Totals, key: Key, within: Interval) -> set[int]:
        """Return the hours of *within* of which a counter is known."""
        match totals:
            case Totals.MEASURED:
                known = self._covered.get(key[0], set())
            case Totals.ENERGY:
                known = self._covered.get(key[1], set())
            case Totals.IMPACTS:
                known = self._reckoned
            case Totals.ACTIVITY:
                known = self._any
        return {hour for hour in known if within.start <= hour < within.end}


def _key(row: Row[Any]) -> Key:
    return tuple(row[:-2])


def _first(connection: Connection) -> int:
    """Return when the first hour of all begins, ns since the epoch; 0 where there is none."""
    tables = (schema.covered[Grain.HOUR], _MEASURED, schema.hour_terms, schema.hour_activity)
    found = (connection.execute(select(func.min(table.c.bucket))).scalar() for table in tables)
    return min((bucket for bucket in found if bucket is not None), default=0)


def _users(connection: Connection, interval: Interval) -> Iterable[int]:
    """Return the numbers of the series that used energy in *interval*."""
    within = (_ENTRIES.c.bucket >= interval.start, _ENTRIES.c.bucket < interval.end)
    return connection.execute(select(_ENTRIES.c.series_id).distinct().where(*within)).scalars()
