"""The facts of closed hours, from which their impacts can be derived anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from monitor.core.entries import Grain, Holding
from monitor.core.interval import HOUR
from monitor.core.units import Duration, Energy
from monitor.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection, Table

    from monitor.core.entries import Series
    from monitor.core.interval import Interval
    from monitor.ledger.stretches import Stretch

AT_ONCE: Final = Duration(31 * 24 * HOUR.nanoseconds)
"""So much is held in memory."""


@dataclass(frozen=True, slots=True)
class HourFacts:
    """One closed hour, which begins at `start` (ns since the epoch), under the keys that it was booked with.

    `energies` is by consumer, in the generation of energy that counts; `reserved` is for how long the whole of a
    resource was held.
    """

    start: int
    energies: Mapping[str, Energy]
    reserved: Mapping[Holding, Duration]


def read_hours(
    connection: Connection, interval: Interval, over: Iterable[Stretch], series: Mapping[int, Series]
) -> list[HourFacts]:
    """Return the hours that begin in *interval*, of which anything is known, in order of time.

    *over* says which generation of energy counts, *series* are all of the host, by number.
    """
    energies: dict[int, dict[str, int]] = {start: {} for start in _known(connection, interval)}
    for stretch in over:
        for bucket, number, amount in _entries(connection, stretch):
            consumers = energies.setdefault(bucket, {})
            consumer = series[number].consumer
            consumers[consumer] = consumers.get(consumer, 0) + amount
    reserved = _reserved(connection, interval)
    return [
        HourFacts(start, {one: Energy(amount) for one, amount in energies[start].items()}, reserved.get(start, {}))
        for start in sorted(energies)
    ]


def _known(connection: Connection, interval: Interval) -> Iterator[int]:
    """Yield the hours that were covered, held, or reckoned with: one may have used no energy."""
    for table in (schema.covered[Grain.HOUR], schema.measured[Grain.HOUR], schema.hour_reserved, schema.hour_terms):
        yield from connection.execute(select(table.c.bucket).distinct().where(*_within(table, interval))).scalars()


def _entries(connection: Connection, stretch: Stretch) -> Iterable[tuple[int, int, int]]:
    table = schema.entries[Grain.HOUR]
    rows = connection.execute(
        select(table.c.bucket, table.c.series_id, table.c.energy).where(
            *_within(table, stretch.interval), table.c.generation == stretch.generation
        )
    )
    return (tuple(row) for row in rows)


def _reserved(connection: Connection, interval: Interval) -> dict[int, dict[Holding, Duration]]:
    table, held = schema.hour_reserved, dict[int, dict[Holding, Duration]]()
    rows = connection.execute(
        select(table.c.bucket, table.c.consumer, table.c.resource, table.c.reserved).where(*_within(table, interval))
    )
    for bucket, consumer, resource, time in rows:
        held.setdefault(bucket, {})[Holding(consumer, resource)] = Duration(time)
    return held


def _within(table: Table, interval: Interval) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.bucket >= interval.start, table.c.bucket < interval.end
