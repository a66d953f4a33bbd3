"""Proves what the ledger promises of impacts: each is explained by terms, and is of the energy that was booked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, func, or_, select

from monitor.core.calendar import utc
from monitor.core.embodied import written_off
from monitor.core.entries import Grain
from monitor.core.impact import Indicator
from monitor.core.interval import Interval
from monitor.ledger import schema
from monitor.ledger.errors import LedgerCorrupt
from monitor.ledger.exactness import exact, split_sum
from monitor.ledger.schema import AS_BOOKED
from monitor.ledger.terms import digest_of, read_terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Table

    from monitor.core.impact import Terms
    from monitor.core.units import Duration

EMBODIED: Final = (Indicator.GWP_EMBODIED, Indicator.ADPE_EMBODIED)
BOUNDS: Final = ("low", "central", "high")

_Hour = tuple[int, int]
"""Its beginning, and the generation."""
_ByConsumer = dict[str, int]


class ImpactExamination:
    """Looks for faults of impacts, kind by kind, in the hours of a *span*."""

    def __init__(self, connection: Connection, span: Interval, grain: Duration, at_once: Duration) -> None:
        self._connection = connection
        self._span = span
        self._grain = grain
        self._at_once = at_once

    def kinds(self) -> Iterator[Iterator[str]]:
        """Yield the faults of each kind, in sentences."""
        yield self._out_of_order()
        yield self._unexplained()
        yield self._of_other_energy()
        yield self._of_other_hardware()
        yield self._unknown_generations()
        yield self._changed_generations()
        yield self._altered(schema.factors, "a factor")
        yield self._altered(schema.terms, "the terms")
        yield self._unreadable()

    def _out_of_order(self) -> Iterator[str]:
        """Amounts whose bounds are not around them."""
        table, series = schema.hour_impacts, schema.impact_series
        rows = self._connection.execute(
            select(table, series.c.consumer, series.c.indicator)
            .join(series, series.c.id == table.c.series_id)
            .where(
                *self._within(table, self._span),
                or_(table.c.low > table.c.central, table.c.central > table.c.high, table.c.low < 0),
            )
            .order_by(table.c.bucket)
        )
        for row in rows:
            yield (
                f"in the hour of {utc(row.bucket)}, generation {row.generation}, the {row.indicator} of {row.consumer}"
                f" is {row.central}, and not between {row.low} and {row.high}"
            )

    def _unexplained(self) -> Iterator[str]:
        """Hours that have impacts, and no terms."""
        table, terms = schema.hour_impacts, schema.hour_terms
        rows = self._connection.execute(
            select(table.c.bucket, table.c.generation)
            .distinct()
            .outerjoin(terms, and_(terms.c.bucket == table.c.bucket, terms.c.generation == table.c.generation))
            .where(*self._within(table, self._span), terms.c.terms_id.is_(None))
            .order_by(table.c.bucket)
        )
        for row in rows:
            yield f"nothing says by which terms the hour of {utc(row.bucket)} was reckoned, generation {row.generation}"

    def _of_other_energy(self) -> Iterator[str]:
        """Hours whose impacts are of another energy than was booked, or corrected, in them."""
        for span in self._span.split(self._at_once):
            booked, reckoned = self._booked(span), self._amounts(span, Indicator.ENERGY)
            for hour in self._hours(span):
                found, start = reckoned.get(hour, {}), hour[0]
                if found not in ({AS_BOOKED: {}} | booked.get(start, {})).values():
                    yield (
                        f"the impacts of the hour of {utc(start)}, generation {hour[1]}, are of"
                        f" {sum(found.values())} uJ, shared in a way in which none were booked in it"
                    )

    def _booked(self, span: Interval) -> dict[int, dict[int, _ByConsumer]]:
        """Return the energy of each hour of *span*, by generation and consumer."""
        table, series = schema.entries[Grain.HOUR], schema.series
        key = (table.c.bucket, table.c.generation, series.c.consumer)
        rows = self._connection.execute(
            select(*key, *split_sum(table.c.energy))
            .join(series, series.c.id == table.c.series_id)
            .where(*self._within(table, span))
            .group_by(*key)
        )
        booked: dict[int, dict[int, _ByConsumer]] = {}
        for bucket, generation, consumer, millions, rest in rows:
            if amount := exact(millions, rest):
                booked.setdefault(bucket, {}).setdefault(generation, {})[consumer] = amount
        struck = schema.hour_struck
        for row in self._connection.execute(select(struck).where(*self._within(struck, span))):
            # all that was measured in the hour may be struck out
            booked.setdefault(row.bucket, {}).setdefault(row.generation, {})
        return booked

    def _amounts(self, span: Interval, indicator: Indicator) -> dict[_Hour, _ByConsumer]:
        """Return what each hour of *span* came to, by consumer, as far as that is not nothing."""
        table, series = schema.hour_impacts, schema.impact_series
        rows = self._connection.execute(
            select(table.c.bucket, table.c.generation, series.c.consumer, table.c.central)
            .join(series, series.c.id == table.c.series_id)
            .where(*self._within(table, span), series.c.indicator == indicator.value, table.c.central != 0)
        )
        found: dict[_Hour, _ByConsumer] = {}
        for bucket, generation, consumer, amount in rows:
            found.setdefault((bucket, generation), {})[consumer] = amount
        return found

    def _hours(self, span: Interval) -> dict[_Hour, int]:
        """Return the hours of *span* that were reckoned, with the number of their terms, in order of time."""
        table = schema.hour_terms
        rows = self._connection.execute(
            select(table.c.bucket, table.c.generation, table.c.terms_id)
            .where(*self._within(table, span))
            .order_by(table.c.bucket, table.c.generation)
        )
        return {(bucket, generation): terms for bucket, generation, terms in rows}

    def _of_other_hardware(self) -> Iterator[str]:
        """Hours whose shares of the hardware are not together what is written off of it."""
        for span in self._span.split(self._at_once):
            hours = self._hours(span)
            try:
                terms = read_terms(self._connection, set(hours.values()))
            except LedgerCorrupt:
                # told below
                continue
            for indicator in EMBODIED:
                shares = self._amounts(span, indicator)
                for hour, number in hours.items():
                    whole = self._written_off(hour[0], terms[number], indicator)
                    if (told := sum(shares.get(hour, {}).values())) != whole:
                        yield (
                            f"in the hour of {utc(hour[0])}, generation {hour[1]}, {told} of {indicator} were shared,"
                            f" and {whole} written off"
                        )

    def _written_off(self, start: int, terms: Terms, indicator: Indicator) -> int:
        hour = Interval(start, start + self._grain.nanoseconds)
        return sum(whole.central for whole in written_off(terms.assets, indicator, hour).values())

    def _unknown_generations(self) -> Iterator[str]:
        """Hours of restatements that nothing is known of."""
        known = set(self._connection.execute(select(schema.impact_generations.c.number)).scalars())
        table = schema.hour_terms
        stored = self._connection.execute(select(table.c.generation).distinct().where(*self._within(table, self._span)))
        for number in sorted(set(stored.scalars()) - known - {AS_BOOKED}):
            yield f"there are impacts of generation {number}, which nothing is known of"

    def _changed_generations(self) -> Iterator[str]:
        """Restatements that don't have the hours, or don't come to the sums, that they were made with."""
        table = schema.impact_generations
        rows = self._connection.execute(select(table).where(table.c.differences.is_not(None)).order_by(table.c.number))
        made = {row.number: json.loads(row.differences) for row in rows}
        hours, sums = self._hours_by_generation(), self._sums_by_generation() if made else {}
        for number, told in made.items():
            if (found := hours.get(number, 0)) != told["reckoned"]:
                yield f"generation {number} of impacts was made of {told['reckoned']} hours, and has {found}"
            after = {name: tuple(new) for name, (_, new) in told["indicators"].items() if new is not None}
            for name in sorted(after.keys() | sums.get(number, {}).keys()):
                now = sums.get(number, {}).get(name)
                if now != after.get(name):
                    yield f"generation {number} came to {after.get(name)} of {name} when it was made, and to {now} now"

    def _hours_by_generation(self) -> dict[int, int]:
        table = schema.hour_terms
        rows = self._connection.execute(select(table.c.generation, func.count()).group_by(table.c.generation))
        return dict(tuple(row) for row in rows)

    def _sums_by_generation(self) -> dict[int, dict[str, tuple[int, ...]]]:
        table, series = schema.hour_impacts, schema.impact_series
        sums = [part for name in BOUNDS for part in split_sum(table.c[name])]
        rows = self._connection.execute(
            select(table.c.generation, series.c.indicator, *sums)
            .join(series, series.c.id == table.c.series_id)
            .where(table.c.generation != AS_BOOKED)
            .group_by(table.c.generation, series.c.indicator)
        )
        found: dict[int, dict[str, tuple[int, ...]]] = {}
        for generation, indicator, *parts in rows:
            bounds: list[Any] = parts
            found.setdefault(generation, {})[indicator] = tuple(exact(*bounds[at : at + 2]) for at in (0, 2, 4))
        return found

    def _altered(self, table: Table, what: str) -> Iterator[str]:
        """Factors and terms that do not say any more what they are known by."""
        for row in self._connection.execute(select(table).order_by(table.c.id)):
            if digest_of(row.body) != row.digest:
                yield f"{what} of number {row.id} was altered: {row.body[:80]}"

    def _unreadable(self) -> Iterator[str]:
        """Terms that can't be read, or whose factors are not there."""
        for number in self._connection.execute(select(schema.terms.c.id).order_by(schema.terms.c.id)).scalars().all():
            try:
                read_terms(self._connection, {number})
            except LedgerCorrupt as error:
                yield f"of terms number {number}, {error.sentence}"

    def _within(self, table: Table, span: Interval) -> tuple[Any, Any]:
        return table.c.bucket >= span.start, table.c.bucket < span.end
