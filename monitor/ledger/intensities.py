"""Live intensities of the grid as they came in: every revision is kept, and the newest of each start counts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, select

from monitor.core.factors import Cycle
from monitor.core.readings import IntensityReading
from monitor.core.units import NANOSECONDS_PER_SECOND, Duration
from monitor.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Connection, Row

    from monitor.core.interval import Interval
    from monitor.ledger.insertion import Insertion

LONGEST: Final = 31 * 86_400 * NANOSECONDS_PER_SECOND
"""No provider tells of a longer time in one figure."""
MICROGRAMS: Final = 10**6
"""In a gram."""

_Values = tuple[int, int, str, bool, str]
"""Length, micrograms per kilowatt-hour, cycle, estimated, raw: all that a revision says."""


def write_intensities(
    connection: Connection, host: int, told: Iterable[tuple[int, IntensityReading]], insertion: Insertion
) -> None:
    """Write what was *told*, each with when it was received; what says the same as the newest of its time is left out.

    Of two that were received at the same moment for the same time, the later in *told* counts.
    """
    newest: dict[tuple[str, str, int], _Values | None] = {}
    rows = {}
    for received, reading in sorted(told, key=lambda pair: pair[0]):
        key, values = (reading.provider, reading.zone, reading.start), _values(reading)
        before = newest[key] if key in newest else _newest(connection, host, key)
        newest[key] = values
        if values != before:
            rows[reading.start, host, reading.provider, reading.zone, received] = values
    insertion.into(connection, schema.intensities, ((*key, *values) for key, values in rows.items()))


def read_intensities(
    connection: Connection, host: int, provider: str, zone: str, interval: Interval
) -> tuple[IntensityReading, ...]:
    """Return the newest revision of each reading that tells of a part of *interval*, in order of time."""
    table = schema.intensities
    rows = connection.execute(
        select(table)
        .where(
            _of(host, provider, zone),
            table.c.start < interval.end,
            table.c.start > interval.start - LONGEST,
        )
        .order_by(table.c.start, table.c.received)
    )
    newest = {row.start: _reading(row) for row in rows}
    return tuple(one for one in newest.values() if one.start + one.length.nanoseconds > interval.start)


def end_of_intensities(connection: Connection, host: int, provider: str, zone: str) -> int:
    """Return the end of the last time that *provider* has told of, ns since the epoch; 0 where there is none."""
    table = schema.intensities
    row = connection.execute(
        select(table.c.start, table.c.length)
        .where(_of(host, provider, zone))
        .order_by(table.c.start.desc(), table.c.received.desc())
        .limit(1)
    ).first()
    return 0 if row is None else row.start + row.length


def _newest(connection: Connection, host: int, key: tuple[str, str, int]) -> _Values | None:
    """Return what was received last for *key*: provider, zone, start."""
    table, (provider, zone, start) = schema.intensities, key
    row = connection.execute(
        select(table)
        .where(_of(host, provider, zone), table.c.start == start)
        .order_by(table.c.received.desc())
        .limit(1)
    ).first()
    return None if row is None else (row.length, row.micrograms, row.cycle, row.estimated, row.raw)


def _values(reading: IntensityReading) -> _Values:
    micrograms = round(reading.grams_per_kilowatt_hour * MICROGRAMS)
    return reading.length.nanoseconds, micrograms, reading.cycle.value, reading.estimated, reading.raw


def _reading(row: Row[Any]) -> IntensityReading:
    return IntensityReading(
        provider=row.provider,
        zone=row.zone,
        start=row.start,
        length=Duration(row.length),
        grams_per_kilowatt_hour=Decimal(row.micrograms) / MICROGRAMS,
        cycle=Cycle(row.cycle),
        estimated=row.estimated,
        raw=row.raw,
    )


def _of(host: int, provider: str, zone: str) -> ColumnElement[bool]:
    table = schema.intensities
    return and_(table.c.host_id == host, table.c.provider == provider, table.c.zone == zone)
