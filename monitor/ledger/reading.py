"""What the closed hours say: exact sums over any time, in the current generation, with history under its last names."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import and_, func, select

from monitor.core.entries import Gap, Grain, Meter, Series
from monitor.core.groups import Group
from monitor.core.interval import Interval, bucket_of
from monitor.core.readings import Method
from monitor.core.units import Duration, Energy
from monitor.ledger import schema
from monitor.ledger.exactness import summed, summed_by_number
from monitor.ledger.hours import read_hours
from monitor.ledger.impacts import of_services
from monitor.ledger.schema import AS_BOOKED
from monitor.ledger.stretches import Stretch, cut, next_hour, stretches, whole_hours
from monitor.ledger.struck import struck_gaps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Table

    from monitor.core.activity import ActivitySeries
    from monitor.core.entries import ServiceFacts
    from monitor.core.impact import Bounds, ImpactSeries, Indicator
    from monitor.core.spread import UnitHours
    from monitor.ledger.activity import ActivityReader, ActivityRow
    from monitor.ledger.hours import HourFacts
    from monitor.ledger.impacts import ImpactReader, ImpactRow
    from monitor.ledger.naming import Naming
    from monitor.ledger.unit_hours import Slot


@dataclass(frozen=True, slots=True)
class Sums:
    """Exact sums over the closed hours of a time: by series, by meter, and for how long each resource was measured.

    An impact that is not there is unknown. `activity` is what services did, by who was believed; `cross_checks` is what
    others say of the same: never added.
    """

    energy: Mapping[Series, Energy]
    measured: Mapping[Meter, Energy]
    covered: Mapping[str, Duration]
    impacts: Mapping[ImpactSeries, Bounds] = field(default_factory=dict)
    activity: Mapping[ActivitySeries, int] = field(default_factory=dict)
    cross_checks: Mapping[ActivitySeries, int] = field(default_factory=dict)
    grouped: Mapping[tuple[Group, Meter], Energy] = field(default_factory=dict)
    """The energy again, by the groups that each service was in, in each hour."""
    grouped_impacts: Mapping[tuple[Group, Indicator], Bounds] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MonthRow:
    """The energy of one series in one month, 1 to 12, by the facts about its service that held then."""

    month: int
    series: Series
    facts: ServiceFacts
    energy: Energy


@dataclass(frozen=True, slots=True)
class Monthly:
    """One local year by months, 1 to 12, as far as it is closed: through `closed_through`, ns since the epoch.

    What is not there was not measured: unknown, not zero.
    """

    year: int
    closed_through: int
    rows: tuple[MonthRow, ...]
    measured: Mapping[tuple[int, Meter], Energy]
    covered: Mapping[tuple[int, str], Duration]
    impacts: tuple[ImpactRow, ...] = ()
    activity: tuple[ActivityRow, ...] = ()
    cross_checks: tuple[ActivityRow, ...] = ()
    """What others say of the same: never added."""
    unit_hours: Mapping[Slot, UnitHours] = field(default_factory=dict)
    """What each service did in each hour of all the months, and what that took; empty where it was not asked for."""

    @classmethod
    def of(cls, year: int, closed_through: int, parts: Sequence[Monthly]) -> Monthly:
        """Return the *year* of the *parts*, of which each has months of its own, in order of time."""
        return cls(
            year,
            closed_through,
            tuple(row for part in parts for row in part.rows),
            {key: energy for part in parts for key, energy in part.measured.items()},
            {key: time for part in parts for key, time in part.covered.items()},
            tuple(row for part in parts for row in part.impacts),
            tuple(row for part in parts for row in part.activity),
            tuple(row for part in parts for row in part.cross_checks),
            {slot: hours for part in parts for slot, hours in part.unit_hours.items()},
        )


class Reader:
    """Reads within one transaction: all that it says is of one moment."""

    def __init__(
        self,
        connection: Connection,
        series: Mapping[int, Series],
        naming: Naming,
        grain: Duration,
        *,
        impacts: ImpactReader,
        activity: ActivityReader,
    ) -> None:
        self._connection = connection
        self.impacts = impacts
        self.activity = activity
        self._series = series
        self._naming = naming
        self._grain = grain

    def sums(self, interval: Interval, through: int | None = None) -> Sums:
        """Return the sums over the hours that lie whole in *interval*.

        With *through*, impacts are as they were when the restatement of that number was the last.
        """
        energy: Counter[Series] = Counter()
        measured: Counter[Meter] = Counter()
        grouped: Counter[tuple[Group, Meter]] = Counter()
        for stretch in self._stretches(interval, ()):
            for one, amount in self._entries(stretch):
                key, *groups = self._naming.holders(one.consumer, stretch.interval.start)
                energy[_under(one, key)] += amount
                for group in groups:
                    grouped[group, Meter(one.resource, one.method)] += amount
            measured.update(self._measured(stretch))
        covered = _durations(self._covered(interval))
        held, told = self.impacts.held(interval, through), self.activity.sums(interval)
        return Sums(
            _energies(energy),
            _energies(measured),
            covered,
            of_services(held),
            told.counted,
            told.cross_checks,
            _energies(grouped),
            {(one, indicator): amount for (one, indicator), amount in held.items() if isinstance(one, Group)},
        )

    def monthly(self, year: int, months: Sequence[Interval], closed_through: int, first: int = 1) -> Monthly:
        """Return the *year* by its *months*, which join; they are numbered from *first* on."""
        starts = [month.start for month in months]
        rows: Counter[tuple[int, Series, ServiceFacts]] = Counter()
        measured: Counter[tuple[int, Meter]] = Counter()
        for stretch in self._stretches(Interval(starts[0], months[-1].end), starts):
            month = first - 1 + bisect_right(starts, stretch.interval.start)
            for one, amount in self._entries(stretch):
                facts = self._naming.facts(one.consumer, stretch.interval.start)
                rows[month, self._renamed(one, stretch), facts] += amount
            for meter, amount in self._measured(stretch).items():
                measured[month, meter] += amount
        covered = {
            (number, resource): time
            for number, month in enumerate(months, first)
            for resource, time in self._covered(month).items()
        }
        return Monthly(
            year,
            closed_through,
            tuple(MonthRow(*key, Energy(amount)) for key, amount in rows.items()),
            _energies(measured),
            _durations(covered),
            self.impacts.monthly(months, first),
            *self.activity.monthly(months, first),
        )

    def hours(self, interval: Interval) -> list[HourFacts]:
        """Return the facts of the hours that lie whole in *interval*, in order of time."""
        whole = whole_hours(interval, self._grain)
        over = stretches(whole, self._corrections(whole), self._grain)
        return read_hours(self._connection, whole, over, self._series)

    def hourly(self, interval: Interval) -> dict[int, Energy]:
        """Return what the host used in each hour that lies whole in *interval* and was measured, by its start."""
        table = schema.measured[Grain.HOUR]
        hours: dict[int, Energy] = {}
        for stretch in self._stretches(interval, ()):
            for bucket, amount in self._totals(table, stretch, table.c.bucket):
                hours[bucket] = Energy(amount)
        return dict(sorted(hours.items()))

    def entries_of(self, interval: Interval, consumer: str) -> Iterator[tuple[int, Series, int]]:
        """Yield what *consumer* used, hour by hour, in microjoules: also under keys that it carries on."""
        table = schema.entries[Grain.HOUR]
        for stretch in self._stretches(interval, ()):
            series = {
                number: renamed
                for number, one in self._series.items()
                if (renamed := self._renamed(one, stretch)).consumer == consumer
            }
            rows = self._connection.execute(
                select(table.c.bucket, table.c.series_id, table.c.energy).where(
                    _is_in(table, stretch), table.c.series_id.in_(series)
                )
            )
            for bucket, number, microjoules in rows:
                yield bucket, series[number], microjoules

    def minutes(self, since: int) -> list[tuple[int, float]]:
        """Return the host's mean power in each closed minute from *since* on: (start in ns since the epoch, watts).

        It is that of the time for which the minute was measured; one that was not is not there.
        """
        measured, covered = schema.measured[Grain.MINUTE], schema.covered[Grain.MINUTE]
        energy = (
            select(measured.c.bucket, func.sum(measured.c.energy).label("energy"))
            .where(measured.c.bucket >= since, measured.c.generation == AS_BOOKED)
            .group_by(measured.c.bucket)
            .subquery()
        )
        time = (
            select(covered.c.bucket, func.max(covered.c.covered).label("time"))
            .where(covered.c.bucket >= since)
            .group_by(covered.c.bucket)
            .subquery()
        )
        rows = self._connection.execute(
            select(energy.c.bucket, energy.c.energy, time.c.time)
            .join(time, time.c.bucket == energy.c.bucket)
            .order_by(energy.c.bucket)
        )
        return [(bucket, Energy(int(amount)).over(Duration(length)).watts) for bucket, amount, length in rows]

    def gaps(self, interval: Interval) -> tuple[Gap, ...]:
        """Return the gaps in *interval*, cut to it; those that touch one another are one.

        What a correction struck out is one too, as far as the time was not one before.
        """
        table = schema.gaps
        rows = self._connection.execute(
            select(table.c.resource, table.c.cause, table.c.since, table.c.until)
            .where(table.c.since < interval.end, table.c.until > interval.start)
            .order_by(table.c.resource, table.c.cause, table.c.since, table.c.until)
        )
        merged: list[Gap] = []
        for row in rows:
            cut = Interval(max(row.since, interval.start), min(row.until, interval.end))
            last = merged[-1] if merged else None
            if last and (last.resource, last.cause) == (row.resource, row.cause) and last.interval.end >= cut.start:
                whole = Interval(last.interval.start, max(last.interval.end, cut.end))
                merged[-1] = Gap(row.resource, whole, row.cause)
            else:
                merged.append(Gap(row.resource, cut, row.cause))
        merged += struck_gaps(merged, self._struck(interval), interval, self._grain)
        return tuple(sorted(merged, key=lambda gap: (gap.interval, gap.resource, gap.cause)))

    def _stretches(self, interval: Interval, edges: Iterable[int]) -> Iterator[Stretch]:
        """Yield the parts of *interval* over which nothing changes: neither generation nor name nor facts."""
        corrections = self._corrections(interval)
        for piece in cut(interval, {*edges, *self._naming.changes()}, self._grain):
            yield from stretches(piece, corrections, self._grain)

    def _corrections(self, interval: Interval) -> list[Stretch]:
        table = schema.generations
        rows = self._connection.execute(
            select(table.c.number, table.c.since, table.c.until).where(
                table.c.current, table.c.since < interval.end, table.c.until > interval.start
            )
        )
        return [Stretch(Interval(row.since, row.until), row.number) for row in rows]

    def _entries(self, stretch: Stretch) -> Iterator[tuple[Series, int]]:
        table = schema.entries[Grain.HOUR]
        rows = select(table.c.series_id, table.c.energy).where(_is_in(table, stretch))
        for number, amount in summed_by_number(self._connection, rows):
            yield self._series[number], amount

    def _measured(self, stretch: Stretch) -> dict[Meter, int]:
        table = schema.measured[Grain.HOUR]
        rows = self._totals(table, stretch, table.c.resource, table.c.method)
        return {Meter(resource, Method(method)): amount for resource, method, amount in rows}

    def _totals(
        self, table: Table, stretch: Stretch, *by: ColumnElement[int] | ColumnElement[str]
    ) -> list[tuple[Any, ...]]:
        return summed(self._connection, select(*by).where(_is_in(table, stretch)).group_by(*by), table.c.energy)

    def _covered(self, interval: Interval) -> dict[str, int]:
        table = schema.covered[Grain.HOUR]
        rows = self._connection.execute(
            select(table.c.resource, func.sum(table.c.covered))
            .where(
                table.c.bucket >= next_hour(interval.start, self._grain),
                table.c.bucket < bucket_of(interval.end, self._grain),
            )
            .group_by(table.c.resource)
        )
        found = {resource: int(time) for resource, time in rows}
        for _, resource, time in self._struck(whole_hours(interval, self._grain)):
            found[resource] -= time
        return found

    def _struck(self, interval: Interval) -> list[tuple[int, str, int]]:
        """Return for how long of each hour that begins in *interval* what was measured does not count: (hour, of, ns).

        It was measured wrongly, by the correction that counts there.
        """
        table = schema.hour_struck
        whole = Interval(bucket_of(interval.start, self._grain), next_hour(interval.end, self._grain))
        return [
            (row.bucket, row.resource, row.struck)
            for stretch in stretches(whole, self._corrections(whole), self._grain)
            if stretch.generation != AS_BOOKED
            for row in self._connection.execute(select(table).where(_is_in(table, stretch)))
        ]

    def _renamed(self, one: Series, stretch: Stretch) -> Series:
        return _under(one, self._naming.current_key(one.consumer, stretch.interval.start))


def _under(one: Series, key: str) -> Series:
    return one if key == one.consumer else replace(one, consumer=key)


def _is_in(table: Table, stretch: Stretch) -> ColumnElement[bool]:
    return and_(
        table.c.bucket >= stretch.interval.start,
        table.c.bucket < stretch.interval.end,
        table.c.generation == stretch.generation,
    )


Key = TypeVar("Key")


def _energies(amounts: Mapping[Key, int]) -> dict[Key, Energy]:
    return {key: Energy(amount) for key, amount in amounts.items()}


def _durations(times: Mapping[Key, int]) -> dict[Key, Duration]:
    return {key: Duration(time) for key, time in times.items()}
