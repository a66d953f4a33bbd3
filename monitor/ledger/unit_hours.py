"""What each unit of a service's work took, hour by hour: for the percentiles of a report, read in one go."""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from sqlalchemy import select

from monitor.core.activity import Unit
from monitor.core.functional import SEPARATOR
from monitor.core.spread import UnitHours
from monitor.ledger import schema
from monitor.ledger.activity import read_activity_series
from monitor.ledger.stretches import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from monitor.core.activity import ActivitySeries
    from monitor.core.entries import ServiceFacts
    from monitor.core.interval import Interval
    from monitor.core.units import Duration
    from monitor.ledger.naming import Naming

Slot = tuple["ServiceFacts", Unit]
"""What is told apart: a service under the same facts, and a unit of its work."""


@dataclass(slots=True)
class _Found:
    """The hours of one slot, so far."""

    amounts: array[int] = field(default_factory=lambda: array("q"))
    energies: array[int] = field(default_factory=lambda: array("q"))
    waiting: int = 0
    unknown: int = 0

    def add(self, amount: int, energy: int, *, unmeasured: bool) -> None:
        """Add an hour in which *amount* was done with *energy*, and some of it while that was not measured."""
        if amount and energy:
            self.amounts.append(amount)
            self.energies.append(energy)
        elif amount or unmeasured:
            self.unknown += 1
        elif energy:
            self.waiting += 1


def read_unit_hours(
    connection: Connection, host: int, naming: Naming, grain: Duration, interval: Interval
) -> dict[Slot, UnitHours]:
    """Return what services of *host* did in each closed hour that lies whole in *interval*, and what that took."""
    series, found = read_activity_series(connection, host), dict[Slot, _Found]()
    for piece in cut(interval, naming.changes(), grain):
        facts = {one.consumer: naming.facts(one.consumer, piece.start) for one in series.values()}
        _add(_Piece(series, facts, found), _rows(connection, piece))
    hours = {slot: UnitHours(one.amounts, one.energies, one.waiting, one.unknown) for slot, one in found.items()}
    return {slot: one for slot, one in hours.items() if one.amounts or one.unknown}


def _rows(connection: Connection, piece: Interval) -> Iterable[tuple[int, int, int]]:
    table = schema.hour_activity
    return connection.execute(
        select(table.c.bucket, table.c.series_id, table.c.amount)
        .where(table.c.bucket >= piece.start, table.c.bucket < piece.end, table.c.counted)
        .order_by(table.c.bucket)
    )


class _Piece:
    """What each series means for the slots, which have numbers, while no name and no facts change."""

    def __init__(
        self, series: Mapping[int, ActivitySeries], facts: Mapping[str, ServiceFacts], found: dict[Slot, _Found]
    ) -> None:
        work = {number: one for number, one in series.items() if one.unit is not Unit.ENERGY}
        slots = list(dict.fromkeys((facts[one.consumer], one.unit) for one in work.values()))
        places = {slot: place for place, slot in enumerate(slots)}
        self.found = [found.setdefault(slot, _Found()) for slot in slots]
        self.done: dict[int, int] = {}
        """By the number of a series: what it counts, while what that took was measured."""
        self.unmeasured: dict[int, int] = {}
        """Likewise, while it was not."""
        for number, one in work.items():
            (self.done if one.measured else self.unmeasured)[number] = places[facts[one.consumer], one.unit]
        self.took = {
            number: [places[slot] for slot in slots if slot[0] == facts[one.consumer] and _is_of(one, slot[1])]
            for number, one in series.items()
            if one.unit is Unit.ENERGY
        }
        """By the number of a series of energy: which work it was used for."""


def _is_of(energy: ActivitySeries, unit: Unit) -> bool:
    """Return whether *energy* is that of hours in which *unit* was told: where it is not said which, of all."""
    return not energy.model or unit.value in energy.model.split(SEPARATOR)


def _add(piece: _Piece, rows: Iterable[tuple[int, int, int]]) -> None:
    """Add the hours of *rows*, which come in order of time, to what was found."""
    for _, hour in groupby(rows, key=itemgetter(0)):
        done, took, unmeasured = defaultdict[int, int](int), defaultdict[int, int](int), set[int]()
        for _, number, amount in hour:
            if number in piece.done:
                done[piece.done[number]] += amount
            elif number in piece.took:
                for slot in piece.took[number]:
                    took[slot] += amount
            elif amount and number in piece.unmeasured:
                unmeasured.add(piece.unmeasured[number])
        for slot in {*done, *took, *unmeasured}:
            piece.found[slot].add(done[slot], took[slot], unmeasured=slot in unmeasured)
