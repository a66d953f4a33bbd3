"""The metrics of departments: their rows in the catalogue. What they show of a snapshot is in `departments`."""

from __future__ import annotations

from typing import Final

from monitor.exposition.metric import Kind, metric

ENERGY: Final = metric(
    "period_department_energy_joules",
    Kind.GAUGE,
    "joules",
    "department period",
    "Energy of the services that each department had in each hour of a calendar period; _none: of those without one.",
)
FACILITY_ENERGY: Final = metric(
    "period_department_facility_energy_joules",
    Kind.GAUGE,
    "joules",
    "department period",
    "The same with what the room needs for it (PUE); absent where no PUE is known.",
)
EMISSIONS: Final = metric(
    "period_department_emissions_grams",
    Kind.GAUGE,
    "grams",
    "department phase period",
    "Greenhouse gases of each department's services in CO2e, location-based, by the ledger's current factors.",
)
EMISSIONS_LOW: Final = metric(
    "period_department_emissions_low_grams",
    Kind.GAUGE,
    "grams",
    "department period",
    "Lower bound of the use and the making together, as of services.",
)
EMISSIONS_HIGH: Final = metric(
    "period_department_emissions_high_grams",
    Kind.GAUGE,
    "grams",
    "department period",
    "Upper bound of the use and the making together, as of services.",
)
WATER: Final = metric(
    "period_department_water_liters",
    Kind.GAUGE,
    "liters",
    "department source period",
    "Water that each department's services used up in a calendar period.",
)
COST: Final = metric(
    "period_department_cost_euros",
    Kind.GAUGE,
    "euros",
    "department period",
    "What the electricity of each department's services cost in a calendar period, by the configured tariff.",
)
METRICS: Final = (ENERGY, FACILITY_ENERGY, EMISSIONS, EMISSIONS_LOW, EMISSIONS_HIGH, WATER, COST)
"""In the order in which they are exposed."""
