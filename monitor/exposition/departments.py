"""What the metrics of departments show of a snapshot: as those of services, by who was in them in each hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.groups import Grouping
from monitor.core.impact import Indicator
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_JOULE, MICROLITERS_PER_LITER, MICROS_PER_EURO
from monitor.exposition import department_rows as rows
from monitor.exposition.groups import emissions_bound_of, energy_of, impact_of, impacts_of
from monitor.exposition.impacts import PHASES, SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.exposition.groups import Filling
    from monitor.exposition.metric import Metric

FILLINGS: Final[Mapping[Metric, Filling]] = {
    rows.ENERGY: energy_of(Grouping.DEPARTMENT),
    rows.FACILITY_ENERGY: impact_of(Grouping.DEPARTMENT, Indicator.FACILITY_ENERGY, MICROJOULES_PER_JOULE),
    rows.EMISSIONS: impacts_of(Grouping.DEPARTMENT, PHASES, MICROGRAMS_PER_GRAM),
    rows.EMISSIONS_LOW: emissions_bound_of(Grouping.DEPARTMENT, lambda bounds: bounds.low),
    rows.EMISSIONS_HIGH: emissions_bound_of(Grouping.DEPARTMENT, lambda bounds: bounds.high),
    rows.WATER: impacts_of(Grouping.DEPARTMENT, SOURCES, MICROLITERS_PER_LITER),
    rows.COST: impact_of(Grouping.DEPARTMENT, Indicator.COST, MICROS_PER_EURO),
}
"""In the order of the catalogue."""
