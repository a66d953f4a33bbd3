"""What closed hours came to: exact sums of impacts, each hour in its current generation, under last names."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import BigInteger, Integer, and_, cast, literal, select, union_all

from monitor.core.impact import Bounds, HourImpacts, ImpactSeries
from monitor.core.interval import Interval
from monitor.ledger import schema
from monitor.ledger.derived import read_impact_series
from monitor.ledger.exactness import summed_by_number
from monitor.ledger.stretches import Stretch, cut, stretches
from monitor.ledger.terms import read_terms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import CTE, ColumnElement, Connection, Select, Table

    from monitor.core.entries import ServiceFacts
    from monitor.core.groups import Holder
    from monitor.core.impact import Indicator, Terms
    from monitor.core.units import Duration
    from monitor.ledger.naming import Naming

AT_ONCE: Final = 200
"""Stretches asked for in one statement: live intensities that come in late make one of each hour."""


class Reckoned(NamedTuple):
    """By which terms, by their number, the hour that begins at `start` was reckoned."""

    start: int
    generation: int
    terms: int


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """What one series of impacts came to in one month, 1 to 12, by the facts about its service that held then."""

    month: int
    series: ImpactSeries
    facts: ServiceFacts
    amount: Bounds


class ImpactReader:
    """Reads the impacts of one host within one transaction."""

    def __init__(self, connection: Connection, host: int, naming: Naming, grain: Duration) -> None:
        self._connection = connection
        self._host = host
        self._naming = naming
        self._grain = grain
        self._known: dict[int, ImpactSeries] | None = None

    def sums(self, interval: Interval, through: int | None = None) -> dict[ImpactSeries, Bounds]:
        """Return the sums over the hours that lie whole in *interval*; *through* as `pieces`."""
        return of_services(self.held(interval, through))

    def held(self, interval: Interval, through: int | None = None) -> dict[tuple[Holder, Indicator], Bounds]:
        """Return the sums, as `sums` does, of each service and of each group.

        Those of a service come under the key that goes on; those of a group are by who was in it in each hour.
        """
        sums: dict[tuple[Holder, Indicator], Bounds] = {}
        for piece, over in self.pieces(interval, (), through):
            for one, amount in self._totals(over):
                for holder in self._naming.holders(one.consumer, piece.start):
                    key = (holder, one.indicator)
                    sums[key] = sums.get(key, Bounds.ZERO) + amount
        return sums

    def monthly(self, months: Sequence[Interval], first: int = 1) -> tuple[ImpactRow, ...]:
        """Return what each of the *months*, which join, came to; they are numbered from *first* on."""
        starts = [month.start for month in months]
        rows: dict[tuple[int, ImpactSeries, ServiceFacts], Bounds] = {}
        for piece, over in self.pieces(Interval(starts[0], months[-1].end), starts):
            month = first - 1 + bisect_right(starts, piece.start)
            for one, amount in self._totals(over):
                key = (month, self.renamed(one, piece.start), self._naming.facts(one.consumer, piece.start))
                rows[key] = rows.get(key, Bounds.ZERO) + amount
        return tuple(ImpactRow(*key, amount) for key, amount in rows.items())

    def pieces(
        self, interval: Interval, edges: Iterable[int], through: int | None = None
    ) -> Iterator[tuple[Interval, list[Stretch]]]:
        """Yield the parts of *interval* over which no name and no fact changes, cut at *edges*, by generation.

        With *through*, as it was when the generation of that number was the newest.
        """
        corrections = self.corrections(interval, through)
        for piece in cut(interval, {*edges, *self._naming.changes()}, self._grain):
            yield piece, list(stretches(piece, corrections, self._grain))

    def corrections(self, interval: Interval, through: int | None = None) -> list[Stretch]:
        """Return the restatements in *interval* that are current, or were when that numbered *through* was the last."""
        table = schema.impact_generations
        rows = self._connection.execute(
            select(table.c.number, table.c.since, table.c.until).where(
                table.c.current,
                table.c.host_id == self._host,
                table.c.since < interval.end,
                table.c.until > interval.start,
                *(() if through is None else (table.c.number <= through,)),
            )
        )
        return [Stretch(Interval(row.since, row.until), row.number) for row in rows]

    def series(self) -> dict[int, ImpactSeries]:
        """Return every series by number."""
        if self._known is None:
            self._known = read_impact_series(self._connection, self._host)
        return self._known

    def renamed(self, one: ImpactSeries, at: int) -> ImpactSeries:
        """Return *one* under the key that goes on with what was booked in the hour that began *at*."""
        key = self._naming.current_key(one.consumer, at)
        return one if key == one.consumer else replace(one, consumer=key)

    def over(self, interval: Interval) -> list[Stretch]:
        """Return the whole hours of *interval* by the generation that counts."""
        return list(stretches(interval, self.corrections(interval), self._grain))

    def hours(self, interval: Interval) -> list[HourImpacts]:
        """Return what each hour of *interval* came to, as it counts, under the keys of then, in order of time."""
        over, series = self.over(interval), self.series()
        amounts: dict[int, dict[ImpactSeries, Bounds]] = {}
        for bucket, number, amount in self.rows(over):
            amounts.setdefault(bucket, {})[series[number]] = amount
        reckoned = self.reckoned(over)
        terms = self.terms({one.terms for one in reckoned})
        return [HourImpacts(one.start, amounts.get(one.start, {}), terms[one.terms]) for one in reckoned]

    def rows(self, over: Sequence[Stretch], among: Collection[int] | None = None) -> Iterator[tuple[int, int, Bounds]]:
        """Yield the amounts in the stretches *over*, of all series or *among* some: hour, number of series, amount."""
        table, known = schema.hour_impacts, self.series() if among is None else among
        asked = select(table.c.bucket, table.c.series_id, table.c.low, table.c.central, table.c.high)
        if among is not None:
            asked = asked.where(table.c.series_id.in_(among))
        for bucket, number, *amount in self._counting(table, asked, over):
            # what belongs to another host has no number here
            if number in known:
                yield bucket, number, Bounds(*amount)

    def rows_of(self, interval: Interval, consumer: str) -> Iterator[tuple[int, Indicator, Bounds]]:
        """Yield what *consumer* came to, hour by hour: also under keys that it carries on."""
        series = self.series()
        for piece, over in self.pieces(interval, ()):
            among = [number for number, one in series.items() if self.renamed(one, piece.start).consumer == consumer]
            for bucket, number, amount in self.rows(over, among):
                yield bucket, series[number].indicator, amount

    def reckoned(self, over: Sequence[Stretch], *, filled: bool = False) -> list[Reckoned]:
        """Return by which terms the hours in the stretches *over* were reckoned, in order of time; or only *filled*."""
        table = schema.hour_terms
        asked = select(table.c.bucket, table.c.generation, table.c.terms_id).where(table.c.host_id == self._host)
        if filled:
            asked = asked.where(table.c.filled)
        return sorted(Reckoned(*row) for row in self._counting(table, asked, over))

    def terms(self, numbers: Collection[int]) -> dict[int, Terms]:
        """Return the terms of the *numbers*. Raises LedgerCorrupt."""
        return read_terms(self._connection, numbers)

    def _totals(self, over: Sequence[Stretch]) -> Iterator[tuple[ImpactSeries, Bounds]]:
        series, table = self.series(), schema.hour_impacts
        of_series = select(table.c.series_id, table.c.low, table.c.central, table.c.high)
        for asked in _statements(table, of_series, over):
            for number, *bounds in summed_by_number(self._connection, asked):
                if number in series:
                    yield series[number], Bounds(*bounds)

    def _counting(self, table: Table, asked: Select[Any], over: Sequence[Stretch]) -> Iterator[Any]:
        """Yield what *asked* finds among the rows of *table* that count in the stretches *over*."""
        for statement in _statements(table, asked, over):
            yield from self._connection.execute(statement)


def of_services(held: Mapping[tuple[Holder, Indicator], Bounds]) -> dict[ImpactSeries, Bounds]:
    """Return what services came to, without groups."""
    return {
        ImpactSeries(holder, indicator): sum_ for (holder, indicator), sum_ in held.items() if isinstance(holder, str)
    }


def _statements(table: Table, asked: Select[Any], over: Sequence[Stretch]) -> Iterator[Select[Any]]:
    """Yield what asks *asked* of the rows of *table* that count in the stretches *over*, some of them at a time."""
    for first in range(0, len(over), AT_ONCE):
        some = over[first : first + AT_ONCE]
        if len(some) == 1:
            yield asked.where(_is_in(table, some[0]))
        else:
            stretch = _as_table(some)
            yield asked.join_from(stretch, table, _is_in_one_of(table, stretch))


def _is_in(table: Table, one: Stretch) -> ColumnElement[bool]:
    """Return what is true of the rows of *table* that count in the stretch *one*."""
    return and_(
        table.c.bucket >= one.interval.start,
        table.c.bucket < one.interval.end,
        table.c.generation == one.generation,
    )


def _as_table(over: Iterable[Stretch]) -> CTE:
    """Return the stretches *over* as a table to join with: one statement reads them all."""
    rows = (
        select(
            cast(literal(one.interval.start), BigInteger).label("since"),
            cast(literal(one.interval.end), BigInteger).label("until"),
            cast(literal(one.generation), Integer).label("number"),
        )
        for one in over
    )
    return union_all(*rows).cte("stretch")


def _is_in_one_of(table: Table, some: CTE) -> ColumnElement[bool]:
    """Return what is true of the rows of *table* that count in the stretches that are the rows of *some*."""
    return and_(table.c.bucket >= some.c.since, table.c.bucket < some.c.until, table.c.generation == some.c.number)
