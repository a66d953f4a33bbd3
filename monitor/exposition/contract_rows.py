"""The metrics of contracts: their rows in the catalogue. What they show of a snapshot is in `contracts`."""

from __future__ import annotations

from typing import Final

from monitor.exposition.metric import Kind, metric

_CLAUSE: Final = "contract clause period unit"

VERDICT: Final = metric(
    "contract_clause_verdict",
    Kind.GAUGE,
    "",
    "contract clause period verdict",
    "What is shown of each clause: 1 for its verdict, 0 for the other ones of met, breached, undecided and waived.",
)
VALUE: Final = metric(
    "contract_clause_value",
    Kind.GAUGE,
    "",
    _CLAUSE,
    "What each clause is about came to in a window, in the unit of the label; absent where unknown.",
)
VALUE_LOW: Final = metric(
    "contract_clause_value_low",
    Kind.GAUGE,
    "",
    _CLAUSE,
    "Lower bound of that value: the error of the meters and the range of the factors.",
)
VALUE_HIGH: Final = metric(
    "contract_clause_value_high",
    Kind.GAUGE,
    "",
    _CLAUSE,
    "Upper bound of that value; of a total, what was not measured is in it.",
)
THRESHOLD: Final = metric(
    "contract_clause_threshold",
    Kind.GAUGE,
    "",
    _CLAUSE,
    "What the value is compared with, its tolerance in it, in the unit of the label.",
)
COVERAGE: Final = metric(
    "contract_clause_coverage_ratio",
    Kind.GAUGE,
    "ratio",
    "contract clause period",
    "For how much of the window, or of what was done in it, the value is known; absent where it is unknown.",
)
MEASURED: Final = metric(
    "contract_clause_measured_ratio",
    Kind.GAUGE,
    "ratio",
    "contract clause period",
    "Share of the energy behind the value that was measured, and not declared or modelled.",
)
CLAUSE_INFO: Final = metric(
    "contract_clause_info",
    Kind.INFO,
    "",
    "contract clause text metric operator threshold window",
    "What each clause says, as configured. window is month, quarter, year or contract.",
)
INFO: Final = metric(
    "contract_info",
    Kind.INFO,
    "",
    "contract title supplier starts ends",
    "What each contract is, as configured; starts and ends are its first and its last day.",
)
ENERGY: Final = metric(
    "period_contract_energy_joules",
    Kind.GAUGE,
    "joules",
    "contract period",
    "Energy of the services that were under each contract in each hour of a calendar period.",
)
EMISSIONS: Final = metric(
    "period_contract_emissions_grams",
    Kind.GAUGE,
    "grams",
    "contract phase period",
    "Greenhouse gases of each contract's services in CO2e, location-based, by the ledger's current factors.",
)
EMISSIONS_LOW: Final = metric(
    "period_contract_emissions_low_grams",
    Kind.GAUGE,
    "grams",
    "contract period",
    "Lower bound of the use and the making together, as of services.",
)
EMISSIONS_HIGH: Final = metric(
    "period_contract_emissions_high_grams",
    Kind.GAUGE,
    "grams",
    "contract period",
    "Upper bound of the use and the making together, as of services.",
)
WATER: Final = metric(
    "period_contract_water_liters",
    Kind.GAUGE,
    "liters",
    "contract source period",
    "Water that each contract's services used up in a calendar period.",
)
COST: Final = metric(
    "period_contract_cost_euros",
    Kind.GAUGE,
    "euros",
    "contract period",
    "What the electricity of each contract's services cost in a calendar period, by the configured tariff.",
)
METRICS: Final = (
    VERDICT,
    VALUE,
    VALUE_LOW,
    VALUE_HIGH,
    THRESHOLD,
    COVERAGE,
    MEASURED,
    CLAUSE_INFO,
    INFO,
    ENERGY,
    EMISSIONS,
    EMISSIONS_LOW,
    EMISSIONS_HIGH,
    WATER,
    COST,
)
"""In the order in which they are exposed."""
