"""What one commit writes, and how: everything in one transaction, by natural keys, so that it may be given again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, select, update

from monitor.core.entries import Grain, Series, ServiceFacts, Share
from monitor.core.readings import Method
from monitor.ledger import schema
from monitor.ledger.activity import ActivityWriter
from monitor.ledger.codec import encode
from monitor.ledger.derived import ImpactWriter
from monitor.ledger.insertion import Insertion
from monitor.ledger.intensities import write_intensities
from monitor.ledger.naming import Naming
from monitor.ledger.schema import AS_BOOKED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from monitor.core.activity import ActivitySeries
    from monitor.core.entries import Bucket, Gap, OpenBooks
    from monitor.core.impact import HourImpacts
    from monitor.core.readings import IntensityReading
    from monitor.core.units import Energy

MINUTES_AT_ONCE: Final = 180
"""Most minutes that are deleted with one commit: enough to catch up, too few to delay a tick."""


class Pen:
    """Writes for one host. Holds what is in the tables of series and of facts, so that they are read once.

    After a failure it must be thrown away: what it holds may not have been committed.
    """

    def __init__(self, connection: Connection, host: int) -> None:
        self._host = host
        self._insertion = Insertion(connection)
        self._impacts = ImpactWriter(connection, host, self._insertion)
        self._activity = ActivityWriter(connection, host, self._insertion)
        self.numbers = dict(_series(connection, host))
        self.naming = read_naming(connection, host)

    def write_closed(self, connection: Connection, closed: Sequence[Bucket]) -> None:
        """Write the rows of the *closed* buckets; what is there already stays as it is."""
        self._number(connection, (one for page in _entries(closed) for one in page))
        for grain in Grain:
            buckets = [bucket for bucket in closed if bucket.grain is grain]
            self._insertion.into(connection, schema.entries[grain], self._entry_rows(buckets))
            self._insertion.into(connection, schema.measured[grain], self._measured_rows(buckets))
            self._insertion.into(connection, schema.covered[grain], self._covered_rows(buckets))
        self._insertion.into(connection, schema.hour_reserved, self._reserved_rows(closed))
        self._activity.write(connection, closed)

    def write_impacts(self, connection: Connection, hours: Sequence[HourImpacts]) -> None:
        """Write what closed *hours* came to, as it was derived first."""
        if hours:
            self._impacts.write(connection, hours, AS_BOOKED)

    def write_intensities(self, connection: Connection, told: Iterable[tuple[int, IntensityReading]]) -> None:
        """Write the live intensities that were *told*, with when they were received."""
        write_intensities(connection, self._host, told, self._insertion)

    def write_gaps(self, connection: Connection, gaps: Iterable[Gap]) -> None:
        """Write the *gaps*."""
        rows = ((gap.interval.start, self._host, gap.resource, gap.cause, gap.interval.end) for gap in gaps)
        self._insertion.into(connection, schema.gaps, rows)

    def write_services(self, connection: Connection, services: Iterable[ServiceFacts], moment: int) -> None:
        """Write the facts that differ from the last ones known: they hold from *moment* on."""
        changed = [facts for facts in services if self.naming.last_of(facts.key) != facts]
        if not changed:
            return
        table = schema.services
        self._insertion.into(connection, table, [(self._host, facts.key) for facts in changed])
        rows = connection.execute(select(table.c.key, table.c.id).where(table.c.host_id == self._host))
        ids = {row.key: row.id for row in rows}
        self._insertion.into(
            connection,
            schema.service_attributes,
            [(ids[facts.key], moment, *_described(facts)) for facts in changed],
        )
        self.naming = read_naming(connection, self._host)

    def write_books(self, connection: Connection, books: OpenBooks, number: int, writer: str, before: int) -> bool:
        """Write the open books as commit *number*; return False where *writer* no longer keeps this ledger.

        It keeps it while no other has claimed it, and while its last commit, *before*, is in it.
        """
        table = schema.open_books
        done = connection.execute(
            update(table)
            .where(table.c.host_id == self._host, table.c.writer == writer, table.c.commit_number >= before)
            .values(commit_number=number, closed_through=books.closed_through, body=self._encoded(connection, books))
        )
        return done.rowcount == 1

    def delete_minutes(self, connection: Connection, before: int) -> None:
        """Delete the oldest minutes before the moment *before*, only so many at once."""
        buckets = schema.measured[Grain.MINUTE].c.bucket
        oldest = select(buckets).where(buckets < before).distinct().order_by(buckets).limit(MINUTES_AT_ONCE)
        ended = connection.execute(oldest).scalars().all()
        for kind in (schema.entries, schema.measured, schema.covered) if ended else ():
            table = kind[Grain.MINUTE]
            connection.execute(delete(table).where(table.c.bucket <= ended[-1]))

    def _encoded(self, connection: Connection, books: OpenBooks) -> bytes:
        try:
            return encode(books, self.numbers, self._impacts.numbers, self._activity.numbers)
        except KeyError:
            # a new series is rare, and to look for one at every commit costs as much as all the rest
            self._number(connection, (one for page in (books.energy, *_entries(books.open)) for one in page))
            self._impacts.number(connection, books.impacts)
            self._activity.number(connection, _activity(books))
            return encode(books, self.numbers, self._impacts.numbers, self._activity.numbers)

    def _number(self, connection: Connection, wanted: Iterable[Series]) -> None:
        """Give a number to every series in *wanted* that has none."""
        unknown = sorted({one for one in wanted if one not in self.numbers})
        if unknown:
            rows = [(self._host, one.consumer, one.resource, one.share.value, one.method.value) for one in unknown]
            self._insertion.into(connection, schema.series, rows)
            self.numbers = dict(_series(connection, self._host))

    def _entry_rows(self, buckets: Iterable[Bucket]) -> Iterator[tuple[object, ...]]:
        for bucket in buckets:
            for one, energy in bucket.entries.items():
                yield bucket.start, self.numbers[one], AS_BOOKED, energy.microjoules

    def _measured_rows(self, buckets: Iterable[Bucket]) -> Iterator[tuple[object, ...]]:
        for bucket in buckets:
            for meter, energy in bucket.measured.items():
                yield bucket.start, self._host, meter.resource, meter.method.value, AS_BOOKED, energy.microjoules

    def _covered_rows(self, buckets: Iterable[Bucket]) -> Iterator[tuple[object, ...]]:
        for bucket in buckets:
            for resource, time in bucket.covered.items():
                yield bucket.start, self._host, resource, time.nanoseconds

    def _reserved_rows(self, buckets: Iterable[Bucket]) -> Iterator[tuple[object, ...]]:
        for bucket in buckets:
            for key, time in bucket.reserved.items():
                yield bucket.start, self._host, key.consumer, key.resource, time.nanoseconds


def read_series(connection: Connection, host: int) -> dict[int, Series]:
    """Return every series of *host*, by number."""
    return {number: one for one, number in _series(connection, host)}


def read_naming(connection: Connection, host: int) -> Naming:
    """Return the facts of every service of *host*, by date."""
    services, attributes = schema.services, schema.service_attributes
    rows = connection.execute(
        select(services.c.key, attributes)
        .join(attributes, attributes.c.service_id == services.c.id)
        .where(services.c.host_id == host)
    )
    return Naming(
        (
            row.valid_from,
            ServiceFacts(
                row.key, row.name, row.department, row.contract, row.kind, row.found_by, tuple(json.loads(row.was))
            ),
        )
        for row in rows
    )


def claim(connection: Connection, host: int, writer: str) -> None:
    """Note that *writer* keeps the ledger from now on: any other that thinks it does will be refused."""
    table = schema.open_books
    claimed = connection.execute(update(table).where(table.c.host_id == host).values(writer=writer))
    if claimed.rowcount == 0:
        connection.execute(insert(table).values(host_id=host, commit_number=0, writer=writer, closed_through=0))


def _entries(buckets: Iterable[Bucket]) -> Iterator[Mapping[Series, Energy]]:
    return (bucket.entries for bucket in buckets)


def _activity(books: OpenBooks) -> Iterator[ActivitySeries]:
    yield from books.activity
    yield from (one.series for one in books.activity_counters)
    yield from (one for bucket in books.open for one in bucket.activity)


def _series(connection: Connection, host: int) -> Iterator[tuple[Series, int]]:
    table = schema.series
    for row in connection.execute(select(table).where(table.c.host_id == host)):
        yield Series(row.consumer, row.resource, Share(row.share), Method(row.method)), row.id


def _described(facts: ServiceFacts) -> tuple[str, ...]:
    was = json.dumps(facts.was, ensure_ascii=False)
    return facts.name, facts.department, facts.contract, facts.kind, facts.found_by, was
