"""What the metrics of activity show of a snapshot: numerators and denominators. What is unknown is absent, never 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.activity import Unit
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_JOULE
from monitor.exposition import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.core.functional import FunctionalUnits
    from monitor.exposition.about import About
    from monitor.exposition.catalogue import Metric
    from monitor.exposition.snapshot import Snapshot

    Values = Mapping[tuple[str, ...], float]
    Filling = Callable[[Snapshot, About], Values]

DIRECTIONS: Final = {Unit.INPUT_TOKENS: "input", Unit.OUTPUT_TOKENS: "output"}
UNITS: Final[Mapping[Unit, tuple[str, int]]] = {
    **{unit: (unit.value, 1) for unit in Unit if unit is not Unit.ENERGY},
    Unit.AUDIO_MILLISECONDS: ("audio_seconds", 1000),
}
"""How each unit is called in a label, and how many of the ledger's are one."""
OTHERS: Final = (Unit.ITEMS, Unit.IMAGES, Unit.PAGES, Unit.AUDIO_MILLISECONDS)
"""What has no counter of its own."""


def _counter(unit: Unit, per: int = 1) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        return {(service,): count / per for (service, found), count in snapshot.activity.items() if found is unit}

    return filling


def _tokens(snapshot: Snapshot, _: About) -> Values:
    return {
        (service, DIRECTIONS[unit]): float(count)
        for (service, unit), count in snapshot.activity.items()
        if unit in DIRECTIONS
    }


def _others(snapshot: Snapshot, _: About) -> Values:
    return {
        (service, UNITS[unit][0]): count / UNITS[unit][1]
        for (service, unit), count in snapshot.activity.items()
        if unit in OTHERS
    }


def _of_periods(amounts: Callable[[FunctionalUnits], Mapping[Unit, int]]) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        return {
            (service, UNITS[unit][0], period): amount / UNITS[unit][1]
            for (service, period), units in snapshot.functional_units.items()
            for unit, amount in amounts(units).items()
        }

    return filling


def _energy_of_periods(snapshot: Snapshot, _: About) -> Values:
    return {
        (service, UNITS[unit][0], period): taken.microjoules / MICROJOULES_PER_JOULE
        for (service, period), units in snapshot.functional_units.items()
        for unit, taken in units.taken_by.items()
    }


def _emissions_of_periods(snapshot: Snapshot, _: About) -> Values:
    return {
        (service, UNITS[unit][0], phase, period): amount.central / MICROGRAMS_PER_GRAM
        for (service, period), units in snapshot.functional_units.items()
        for unit, taken in units.taken_by.items()
        for phase, amount in (("use", taken.use), ("embodied", taken.embodied))
        if amount is not None
    }


def _idle_of_periods(snapshot: Snapshot, _: About) -> Values:
    return {
        key: snapshot.period_idle[key].microjoules / MICROJOULES_PER_JOULE
        for key in snapshot.functional_units
        if key in snapshot.period_idle
    }


FILLINGS: Final[Mapping[Metric, Filling]] = {
    catalogue.SERVICE_REQUESTS: _counter(Unit.REQUESTS),
    catalogue.SERVICE_TOKENS: _tokens,
    catalogue.SERVICE_COMPUTED_TOKENS: _counter(Unit.COMPUTED_INPUT_TOKENS),
    catalogue.SERVICE_ACTIVITY: _others,
    catalogue.SERVICE_ACTIVITY_ENERGY: _counter(Unit.ENERGY, MICROJOULES_PER_JOULE),
    catalogue.PERIOD_ACTIVITY: _of_periods(lambda units: units.amounts),
    catalogue.PERIOD_ACTIVITY_MEASURED: _of_periods(lambda units: units.measured),
    catalogue.PERIOD_ACTIVITY_ENERGY: _energy_of_periods,
    catalogue.PERIOD_ACTIVITY_EMISSIONS: _emissions_of_periods,
    catalogue.PERIOD_IDLE_ENERGY: _idle_of_periods,
}
"""In the order of the catalogue."""
