"""What metrics show of groups of services: what is alike for departments and for contracts.

Each function returns the filling of one metric: of the groups of one kind, by what was true in each hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_JOULE
from monitor.exposition.snapshot import emissions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.core.groups import Grouping
    from monitor.core.impact import Bounds, Indicator
    from monitor.exposition.about import About
    from monitor.exposition.snapshot import Snapshot

    Values = Mapping[tuple[str, ...], float]
    Filling = Callable[[Snapshot, About], Values]


def energy_of(by: Grouping) -> Filling:
    """Return what shows the energy of each group in joules, by (group, period)."""

    def filling(snapshot: Snapshot, _: About) -> Values:
        # as of services: of a period that was not measured at all, nothing booked means unknown
        return {
            (group.name, period): energy.microjoules / MICROJOULES_PER_JOULE
            for (group, period), energy in snapshot.groups.energy.items()
            if group.by is by and (energy.microjoules or snapshot.period_coverage.get(period))
        }

    return filling


def impact_of(by: Grouping, indicator: Indicator, per: int) -> Filling:
    """Return what shows one impact of each group, by (group, period): *per* of the ledger's units make one shown."""
    return _impacts(by, {indicator: ()}, per)


def impacts_of(by: Grouping, labels: Mapping[Indicator, str], per: int) -> Filling:
    """Return what shows several impacts of each group, by (group, label, period), likewise."""
    return _impacts(by, {indicator: (label,) for indicator, label in labels.items()}, per)


def emissions_bound_of(by: Grouping, bound: Callable[[Bounds], int]) -> Filling:
    """Return what shows one *bound* of the emissions of use and making together in grams CO2e, by (group, period)."""

    def filling(snapshot: Snapshot, _: About) -> Values:
        told = emissions_of(snapshot.groups.impacts, snapshot.groups.meters)
        return {
            (group.name, period): bound(found) / MICROGRAMS_PER_GRAM
            for (group, period), found in told.items()
            if group.by is by
        }

    return filling


def _impacts(by: Grouping, labels: Mapping[Indicator, tuple[str, ...]], per: int) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        return {
            (group.name, *labels[found], period): bounds.central / per
            for (group, found, period), bounds in snapshot.groups.impacts.items()
            if found in labels and group.by is by
        }

    return filling
