"""What the metrics of departments show of a snapshot: as those of services, by who was in them in each hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.groups import Group, Grouping
from monitor.core.impact import Indicator
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_JOULE, MICROLITERS_PER_LITER, MICROS_PER_EURO
from monitor.exposition import department_rows
from monitor.exposition.impacts import PHASES, SOURCES
from monitor.exposition.snapshot import emissions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.core.impact import Bounds
    from monitor.exposition.about import About
    from monitor.exposition.catalogue import Metric
    from monitor.exposition.snapshot import Snapshot

    Values = Mapping[tuple[str, ...], float]
    Filling = Callable[[Snapshot, About], Values]


def _energy(snapshot: Snapshot, _: About) -> Values:
    # as of services: of a period that was not measured at all, nothing booked means unknown
    return {
        (group.name, period): energy.microjoules / MICROJOULES_PER_JOULE
        for (group, period), energy in snapshot.groups.energy.items()
        if _is_department(group) and (energy.microjoules or snapshot.period_coverage.get(period))
    }


def _of_period(indicator: Indicator, units: int) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        return {
            (group.name, period): bounds.central / units
            for (group, found, period), bounds in snapshot.groups.impacts.items()
            if found is indicator and _is_department(group)
        }

    return filling


def _of_period_by(labels: Mapping[Indicator, str], units: int) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        return {
            (group.name, labels[found], period): bounds.central / units
            for (group, found, period), bounds in snapshot.groups.impacts.items()
            if found in labels and _is_department(group)
        }

    return filling


def _emissions_bound(bound: Callable[[Bounds], int]) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        told = emissions_of(snapshot.groups.impacts, snapshot.groups.meters)
        return {
            (group.name, period): bound(found) / MICROGRAMS_PER_GRAM
            for (group, period), found in told.items()
            if _is_department(group)
        }

    return filling


def _is_department(group: Group) -> bool:
    return group.by is Grouping.DEPARTMENT


FILLINGS: Final[Mapping[Metric, Filling]] = {
    department_rows.ENERGY: _energy,
    department_rows.FACILITY_ENERGY: _of_period(Indicator.FACILITY_ENERGY, MICROJOULES_PER_JOULE),
    department_rows.EMISSIONS: _of_period_by(PHASES, MICROGRAMS_PER_GRAM),
    department_rows.EMISSIONS_LOW: _emissions_bound(lambda bounds: bounds.low),
    department_rows.EMISSIONS_HIGH: _emissions_bound(lambda bounds: bounds.high),
    department_rows.WATER: _of_period_by(SOURCES, MICROLITERS_PER_LITER),
    department_rows.COST: _of_period(Indicator.COST, MICROS_PER_EURO),
}
"""In the order of the catalogue."""
