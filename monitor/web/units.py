"""The table of what a unit of work takes: a line for each service of which it is known what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.functional import Caution
from monitor.web.status import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor.core.functional import Functional, FunctionalUnits
    from monitor.web.quantities import Quantities
    from monitor.web.status import Consumer, Status

PERIODS: Final = ("month", "year")
"""A day is too short for a quotient that people compare."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one unit took in a period, as it is written."""

    energy: str
    emissions: str | None
    """None: unknown."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a unit of one service's work took. A period in which that is unknown is not among `cells`."""

    consumer: Consumer
    functional: Functional
    """The same in all periods."""
    cells: Mapping[str, Cell]
    idle: str
    """How much of its energy the service used to be ready; empty: unknown."""
    cautions: tuple[Caution, ...]


def lines_of(status: Status, write: Quantities) -> tuple[Line, ...]:
    """Return a line for each service of *status* that is known to have done anything, in their order."""
    return tuple(_lines(status, write))


def _lines(status: Status, write: Quantities) -> Iterator[Line]:
    for consumer in status.consumers:
        told = [consumer.units[period] for period in reversed(PERIODS) if period in consumer.units]
        main = next((one for one in told if one.first is not None), None)
        if consumer.role is not Role.SERVICE or main is None or main.first is None:
            continue
        functional = main.first.functional
        cells = {
            period: cell
            for period in PERIODS
            if period in consumer.units and (cell := _cell(consumer.units[period], functional, write)) is not None
        }
        idle = "" if main.idle_share is None else write.share(float(main.idle_share))
        # how much of the impacts is known stands beside those of the machine already
        cautions = tuple(one for one in main.cautions if one is not Caution.IMPACTS_PARTLY_KNOWN)
        yield Line(consumer, functional, cells, idle, cautions)


def _cell(units: FunctionalUnits, functional: Functional, write: Quantities) -> Cell | None:
    one = units.per_unit.get(functional)
    if one is None or one.watt_hours is None:
        return None
    return Cell(write.fine_energy(one.watt_hours), None if one.grams is None else write.fine_emissions(one.grams))
