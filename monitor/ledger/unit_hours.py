"""What each unit of a service's work took, hour by hour: for the percentiles of a report, read in one go."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final

from sqlalchemy import Text, cast, func, select

from monitor.core.activity import Unit
from monitor.core.functional import SEPARATOR
from monitor.core.spread import UnitHours
from monitor.ledger import schema
from monitor.ledger.hours import AT_ONCE
from monitor.ledger.stretches import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from sqlalchemy import Connection

    from monitor.core.activity import ActivitySeries
    from monitor.core.entries import ServiceFacts
    from monitor.core.interval import Interval
    from monitor.core.units import Duration
    from monitor.ledger.naming import Naming

Slot = tuple["ServiceFacts", Unit]
"""What is told apart: a service under the same facts, and a unit of its work."""
_Told = tuple["ActivitySeries", "Mapping[int, int]"]
"""A series, and what it came to by the number of the hour."""
_BETWEEN: Final = ","


@dataclass(slots=True)
class _Found:
    """The hours of one slot, so far."""

    amounts: array[int] = field(default_factory=lambda: array("q"))
    energies: array[int] = field(default_factory=lambda: array("q"))
    waiting: int = 0
    unknown: int = 0

    def add(self, done: Mapping[int, int], took: Mapping[int, int], unmeasured: AbstractSet[int]) -> None:
        """Add hours in which so much was *done*, and *took* so much; *unmeasured*: and in which some was besides."""
        asked = {hour for hour, amount in done.items() if amount}
        known = [hour for hour in sorted(asked) if took.get(hour)]
        self.amounts.extend([done[hour] for hour in known])
        self.energies.extend([took[hour] for hour in known])
        self.unknown += len((asked | unmeasured).difference(known))
        self.waiting += len({hour for hour, energy in took.items() if energy} - asked - unmeasured)


def read_unit_hours(
    connection: Connection, series: Mapping[int, ActivitySeries], naming: Naming, grain: Duration, interval: Interval
) -> dict[Slot, UnitHours]:
    """Return what was done in each closed hour that lies whole in *interval*, and what that took.

    *series* are all of the host, by number.
    """
    found = defaultdict[Slot, _Found](_Found)
    months = {month.start for month in interval.split(AT_ONCE)}
    for piece in cut(interval, {*months, *naming.changes()}, grain):
        hours, told = _hours(connection, piece, grain), defaultdict["ServiceFacts", list[_Told]](list)
        for number, one in series.items():
            told[naming.facts(one.consumer, piece.start)].append((one, hours.get(number, {})))
        for service, of_service in told.items():
            _add(found, service, of_service)
    known = {slot: UnitHours(one.amounts, one.energies, one.waiting, one.unknown) for slot, one in found.items()}
    return {slot: one for slot, one in known.items() if one.amounts or one.unknown}


def _hours(connection: Connection, piece: Interval, grain: Duration) -> dict[int, dict[int, int]]:
    """Return what each series came to in each hour of *piece*, by its number and that of the hour."""
    table = schema.hour_activity
    # a line of numbers for each series: hundreds of thousands of rows take twice as long
    columns = (table.c.bucket // grain.nanoseconds, table.c.amount)
    lines = connection.execute(
        select(table.c.series_id, *(func.aggregate_strings(cast(column, Text), _BETWEEN) for column in columns))
        .where(table.c.bucket >= piece.start, table.c.bucket < piece.end, table.c.counted)
        .group_by(table.c.series_id)
    )
    return {number: dict(zip(*map(_numbers, both), strict=True)) for number, *both in lines}


def _numbers(line: str) -> Iterator[int]:
    return map(int, line.split(_BETWEEN))


def _add(found: Mapping[Slot, _Found], service: ServiceFacts, told: Sequence[_Told]) -> None:
    """Add what is *told* of the *service* in hours in which its facts don't change to what was *found*."""
    for unit in dict.fromkeys(one.unit for one, _ in told if one.unit is not Unit.ENERGY):
        work = [(one.measured, hours) for one, hours in told if one.unit is unit]
        found[service, unit].add(
            _sum([hours for measured, hours in work if measured]),
            _sum([hours for one, hours in told if one.unit is Unit.ENERGY and _is_of(one, unit)]),
            {hour for measured, hours in work if not measured for hour, amount in hours.items() if amount},
        )


def _is_of(energy: ActivitySeries, unit: Unit) -> bool:
    """Return whether *energy* is that of hours in which *unit* was told: where it is not said which, of all."""
    return not energy.model or unit.value in energy.model.split(SEPARATOR)


def _sum(parts: Sequence[Mapping[int, int]]) -> Mapping[int, int]:
    if len(parts) == 1:
        return parts[0]
    whole: Counter[int] = Counter()
    for hour, amount in chain.from_iterable(part.items() for part in parts):
        whole[hour] += amount
    return whole
