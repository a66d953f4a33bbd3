"""What services did in closed hours, as rows: what counts, and beside it the cross-checks, which are never added."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from sqlalchemy import select

from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.core.interval import Interval
from monitor.ledger import schema
from monitor.ledger.deeds import told
from monitor.ledger.exactness import summed
from monitor.ledger.stretches import cut
from monitor.ledger.unit_hours import read_unit_hours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from monitor.core.entries import Bucket, ServiceFacts
    from monitor.core.spread import UnitHours
    from monitor.core.units import Duration
    from monitor.ledger.insertion import Insertion
    from monitor.ledger.naming import Naming
    from monitor.ledger.unit_hours import Slot


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """What one series of activity came to in one month, 1 to 12, by the facts about its service that held then."""

    month: int
    series: ActivitySeries
    facts: ServiceFacts
    amount: int


_Hour = tuple[int, dict[ActivitySeries, int], dict[ActivitySeries, int]]
"""When it begins, what counts, and what is beside."""
Amounts = TypeVar("Amounts")


class Told(NamedTuple, Generic[Amounts]):
    """What was done, by who was believed; and what the others say of it."""

    counted: Amounts
    cross_checks: Amounts


class ActivityWriter:
    """Writes for one host. It holds numbers that it has given: after a failure it must be thrown away."""

    def __init__(self, connection: Connection, host: int, insertion: Insertion) -> None:
        self._host = host
        self._insertion = insertion
        self.numbers = {one: number for number, one in read_activity_series(connection, host).items()}

    def write(self, connection: Connection, closed: Sequence[Bucket]) -> None:
        """Write what services did in the *closed* buckets; what is there already stays as it is.

        Energy is written by `over` what was told in its hour.
        """
        hours = [(bucket.start, *told(bucket.activity)) for bucket in closed]
        self.number(connection, (one for _, counts, beside in hours for one in (*counts, *beside)))
        self._insertion.into(connection, schema.hour_activity, self._rows(hours))

    def number(self, connection: Connection, wanted: Iterable[ActivitySeries]) -> None:
        """Give a number to every series in *wanted* that has none."""
        unknown = {one for one in wanted if one not in self.numbers}
        if unknown:
            rows = (
                (self._host, one.consumer, one.authority.value, one.meter, one.model, one.unit.value, one.measured)
                for one in unknown
            )
            self._insertion.into(connection, schema.activity_series, rows)
            self.numbers = {one: number for number, one in read_activity_series(connection, self._host).items()}

    def _rows(self, hours: Iterable[_Hour]) -> Iterator[tuple[object, ...]]:
        for start, counts, beside in hours:
            for amounts, counted in ((counts, True), (beside, False)):
                for one, amount in amounts.items():
                    yield start, self.numbers[one], amount, counted


class ActivityReader:
    """Reads what services of one host did, within one transaction, under the keys that go on."""

    def __init__(self, connection: Connection, host: int, naming: Naming, grain: Duration) -> None:
        self._connection = connection
        self._host = host
        self._naming = naming
        self._grain = grain
        self._known: Mapping[int, ActivitySeries] | None = None

    def sums(self, interval: Interval) -> Told[Mapping[ActivitySeries, int]]:
        """Return the sums over the hours that lie whole in *interval*."""
        sums = Told(Counter[ActivitySeries](), Counter[ActivitySeries]())
        for piece in cut(interval, self._naming.changes(), self._grain):
            for one, amount, counted in self._totals(piece):
                (sums.counted if counted else sums.cross_checks)[self._renamed(one, piece)] += amount
        return Told(dict(sums.counted), dict(sums.cross_checks))

    def monthly(self, months: Sequence[Interval], first: int = 1) -> Told[tuple[ActivityRow, ...]]:
        """Return what was done in each of the *months*, which join; they are numbered from *first* on."""
        starts = [month.start for month in months]
        whole = Interval(starts[0], months[-1].end)
        rows = Told(Counter[_Key](), Counter[_Key]())
        for piece in cut(whole, {*starts, *self._naming.changes()}, self._grain):
            month = first - 1 + bisect_right(starts, piece.start)
            for one, amount, counted in self._totals(piece):
                key = _Key(month, self._renamed(one, piece), self._naming.facts(one.consumer, piece.start))
                (rows.counted if counted else rows.cross_checks)[key] += amount
        return Told(*(tuple(ActivityRow(*key, amount) for key, amount in kind.items()) for kind in rows))

    def unit_hours(self, interval: Interval) -> dict[Slot, UnitHours]:
        """Return what was done in each hour that lies whole in *interval*, and what that took."""
        return read_unit_hours(self._connection, self._series(), self._naming, self._grain, interval)

    def _totals(self, piece: Interval) -> Iterator[tuple[ActivitySeries, int, bool]]:
        table, series = schema.hour_activity, self._series()
        by = (table.c.series_id, table.c.counted)
        asked = select(*by).where(table.c.bucket >= piece.start, table.c.bucket < piece.end).group_by(*by)
        for number, counted, amount in summed(self._connection, asked, table.c.amount):
            # what belongs to another host has no number here
            if number in series:
                yield series[number], amount, counted

    def _series(self) -> Mapping[int, ActivitySeries]:
        if self._known is None:
            self._known = read_activity_series(self._connection, self._host)
        return self._known

    def _renamed(self, one: ActivitySeries, piece: Interval) -> ActivitySeries:
        key = self._naming.current_key(one.consumer, piece.start)
        return one if key == one.consumer else replace(one, consumer=key)


def read_activity_series(connection: Connection, host: int) -> dict[int, ActivitySeries]:
    """Return every series of activity of *host*, by number."""
    table = schema.activity_series
    rows = connection.execute(select(table).where(table.c.host_id == host))
    return {row.id: series_of(row) for row in rows}


def series_of(row: Row[Any]) -> ActivitySeries:
    """Return the series that *row* of the table of series is."""
    authority, unit = Authority(row.authority), Unit(row.unit)
    return ActivitySeries(row.consumer, authority, row.meter, row.model, unit, row.measured)


class _Key(NamedTuple):
    month: int
    series: ActivitySeries
    facts: ServiceFacts
