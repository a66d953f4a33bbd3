"""What counts of closed hours, whole: what a correction begins with, and the rows that it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, select

from monitor.core.corrections import HourBook
from monitor.core.entries import Grain, Meter
from monitor.core.interval import Interval
from monitor.core.readings import Method
from monitor.ledger import schema
from monitor.ledger.insertion import Insertion
from monitor.ledger.schema import AS_BOOKED
from monitor.ledger.stretches import Stretch, stretches
from monitor.ledger.writing import read_series

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Table

    from monitor.core.entries import Series
    from monitor.core.units import Duration

ENTRIES: Final = schema.entries[Grain.HOUR]
MEASURED: Final = schema.measured[Grain.HOUR]
COVERED: Final = schema.covered[Grain.HOUR]
STRUCK: Final = schema.hour_struck


class BookReader:
    """Reads the hours of one host within one transaction."""

    def __init__(self, connection: Connection, host: int, grain: Duration) -> None:
        self._connection = connection
        self._host = host
        self._grain = grain
        self.series = read_series(connection, host)

    def read(self, interval: Interval, below: int | None = None) -> list[HourBook]:
        """Return every hour of *interval*, whole hours, as it counts, or as it counted before generation *below*."""
        starts = range(interval.start, interval.end, self._grain.nanoseconds)
        entries: dict[int, dict[Series, int]] = {start: {} for start in starts}
        measured: dict[int, dict[Meter, int]] = {start: {} for start in starts}
        struck: dict[int, dict[str, int]] = {start: {} for start in starts}
        for stretch in stretches(
            interval, corrections_over(self._connection, self._host, interval, below), self._grain
        ):
            for row in self._of(ENTRIES, stretch):
                # what belongs to another host has no number here
                if row.series_id in self.series:
                    entries[row.bucket][self.series[row.series_id]] = row.energy
            for row in self._of(MEASURED, stretch):
                measured[row.bucket][Meter(row.resource, Method(row.method))] = row.energy
            for row in self._of(STRUCK, stretch):
                struck[row.bucket][row.resource] = row.struck
        covered = self._covered(interval)
        return [
            HourBook(start, entries[start], measured[start], covered.get(start, {}), struck[start]) for start in starts
        ]

    def _of(self, table: Table, stretch: Stretch) -> Iterable[Any]:
        own = (table.c.host_id == self._host,) if "host_id" in table.c else ()
        return self._connection.execute(select(table).where(in_stretch(table, stretch), *own))

    def _covered(self, interval: Interval) -> dict[int, dict[str, int]]:
        found: dict[int, dict[str, int]] = {}
        rows = self._connection.execute(
            select(COVERED).where(
                COVERED.c.bucket >= interval.start, COVERED.c.bucket < interval.end, COVERED.c.host_id == self._host
            )
        )
        for row in rows:
            found.setdefault(row.bucket, {})[row.resource] = row.covered
        return found


class BookWriter:
    """Writes hours of one host as one generation."""

    def __init__(self, host: int, generation: int) -> None:
        self._host = host
        self._generation = generation
        self._numbers: dict[Series, int] = {}

    def write(self, connection: Connection, hours: Sequence[HourBook]) -> None:
        """Write *hours* within a transaction that writes."""
        insertion = Insertion(connection)
        self._number(connection, insertion, {one for hour in hours for one in hour.entries})
        number, host = self._generation, self._host
        insertion.into(
            connection,
            ENTRIES,
            (
                (hour.start, self._numbers[one], number, energy)
                for hour in hours
                for one, energy in hour.entries.items()
            ),
        )
        insertion.into(
            connection,
            MEASURED,
            (
                (hour.start, host, one.resource, one.method.value, number, energy)
                for hour in hours
                for one, energy in hour.measured.items()
            ),
        )
        insertion.into(
            connection,
            STRUCK,
            ((hour.start, host, one, number, time) for hour in hours for one, time in hour.struck.items()),
        )

    def _number(self, connection: Connection, insertion: Insertion, wanted: set[Series]) -> None:
        """Give a number to every series in *wanted* that has none."""
        unknown = sorted(wanted - self._numbers.keys())
        if unknown:
            rows = [(self._host, one.consumer, one.resource, one.share.value, one.method.value) for one in unknown]
            insertion.into(connection, schema.series, rows)
            self._numbers = {one: number for number, one in read_series(connection, self._host).items()}


def corrections_over(connection: Connection, host: int, interval: Interval, below: int | None = None) -> list[Stretch]:
    """Return the corrections of energy in *interval* that count; with *below*, those with a lower number."""
    table = schema.generations
    rows = connection.execute(
        select(table.c.number, table.c.since, table.c.until).where(
            table.c.current,
            table.c.host_id == host,
            table.c.since < interval.end,
            table.c.until > interval.start,
            *(() if below is None else (table.c.number < below,)),
        )
    )
    return [Stretch(Interval(row.since, row.until), row.number) for row in rows]


def remove_hours(connection: Connection, host: int, generation: int, interval: Interval) -> None:
    """Remove what a *generation* of energy that never counted has in *interval*, in a transaction that writes."""
    own = select(schema.series.c.id).where(schema.series.c.host_id == host)
    conditions: dict[Table, ColumnElement[bool]] = {
        ENTRIES: ENTRIES.c.series_id.in_(own),
        MEASURED: MEASURED.c.host_id == host,
        STRUCK: STRUCK.c.host_id == host,
    }
    for table, is_own in conditions.items():
        connection.execute(delete(table).where(in_stretch(table, Stretch(interval, generation)), is_own))


def in_stretch(table: Table, stretch: Stretch) -> ColumnElement[bool]:
    """Return what is true of the rows of *table* that count in *stretch*."""
    return and_(
        table.c.bucket >= stretch.interval.start,
        table.c.bucket < stretch.interval.end,
        table.c.generation == stretch.generation,
    )


def next_generation(connection: Connection, host: int) -> int:
    """Return the number after all that corrections of *host* have."""
    numbers = [
        connection.execute(select(func.max(table.c.number)).where(table.c.host_id == host)).scalar() or AS_BOOKED
        for table in (schema.generations, schema.corrections)
    ]
    return max(numbers) + 1


def first_known(connection: Connection, host: int) -> int | None:
    """Return when the first hour, or gap, begins that is known of *host*, ns since the epoch; None: nothing is."""
    begins = [schema.gaps.c.since, COVERED.c.bucket, MEASURED.c.bucket, schema.hour_terms.c.bucket]
    found = (
        connection.execute(select(func.min(begin)).where(begin.table.c.host_id == host)).scalar() for begin in begins
    )
    return min((moment for moment in found if moment is not None), default=None)
