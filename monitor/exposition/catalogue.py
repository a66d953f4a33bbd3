"""Every metric of the daemon, once: name, type, unit, labels, help. Dashboards, rules and documentation are made of it.

To add one, write a row here and its line in `monitor.exposition.series`. Those of bought services are in
`monitor.exposition.external_rows`, those of departments in `department_rows`, those of budgets in `budget_rows`, those
of contracts in `contract_rows`, those of how meters go together in `agreement`, those of who is told of events in
`webhooks`.
"""

from __future__ import annotations

from typing import Final

from monitor.exposition import agreement, budget_rows, contract_rows, department_rows, external_rows, webhooks
from monitor.exposition.metric import PREFIX, Kind, Metric
from monitor.exposition.metric import metric as _metric

__all__ = ["METRICS", "PREFIX", "Kind", "Metric"]

HOST_ENERGY: Final = _metric(
    "host_energy_joules_total",
    Kind.COUNTER,
    "joules",
    "resource method",
    "Energy of the host by resource and by how it was obtained. Resources never overlap: their sum is the host's.",
)
SERVICE_ENERGY: Final = _metric(
    "service_energy_joules_total",
    Kind.COUNTER,
    "joules",
    "service resource share",
    "Energy of each service. The sum over all services, _other, _monitor, _idle and _unattributed is the host's.",
)
HOST_POWER: Final = _metric(
    "host_power_watts",
    Kind.GAUGE,
    "watts",
    "resource method",
    "Mean power of the host since the reading before, by resource.",
)
SERVICE_POWER: Final = _metric(
    "service_power_watts",
    Kind.GAUGE,
    "watts",
    "service",
    "Mean power of each service since the reading before.",
)
PERIOD_ENERGY: Final = _metric(
    "period_energy_joules",
    Kind.GAUGE,
    "joules",
    "service period",
    "Energy of each service in a calendar period, the open hour included, as the ledger has it now.",
)
PERIOD_METHOD_ENERGY: Final = _metric(
    "period_method_energy_joules",
    Kind.GAUGE,
    "joules",
    "method period",
    "Energy of the host in a calendar period by how it was obtained: counter and integrated are measured.",
)
SERVICE_EMISSIONS: Final = _metric(
    "service_emissions_grams_total",
    Kind.COUNTER,
    "grams",
    "service phase",
    "Greenhouse gases of each service in CO2e, location-based, as first booked with the factors then known.",
)
SERVICE_WATER: Final = _metric(
    "service_water_liters_total",
    Kind.COUNTER,
    "liters",
    "service source",
    "Water that each service used up, as first booked: on the site, and where its electricity was generated.",
)
PERIOD_FACILITY_ENERGY: Final = _metric(
    "period_facility_energy_joules",
    Kind.GAUGE,
    "joules",
    "service period",
    "Energy of each service in a calendar period with what the room needs for it (PUE); absent where no PUE is known.",
)
PERIOD_EMISSIONS: Final = _metric(
    "period_emissions_grams",
    Kind.GAUGE,
    "grams",
    "service phase period",
    "Greenhouse gases of each service in a calendar period in CO2e, location-based, by the ledger's current factors.",
)
PERIOD_EMISSIONS_LOW: Final = _metric(
    "period_emissions_low_grams",
    Kind.GAUGE,
    "grams",
    "service period",
    "Lower bound of the use and the making together: the error of the meters and the range of the factors.",
)
PERIOD_EMISSIONS_HIGH: Final = _metric(
    "period_emissions_high_grams",
    Kind.GAUGE,
    "grams",
    "service period",
    "Upper bound of the use and the making together: the error of the meters and the range of the factors.",
)
PERIOD_EMISSIONS_MARKET: Final = _metric(
    "period_emissions_market_grams",
    Kind.GAUGE,
    "grams",
    "service period",
    "Greenhouse gases of the electricity by what was bought (market-based), for information, beside the location's.",
)
PERIOD_WATER: Final = _metric(
    "period_water_liters",
    Kind.GAUGE,
    "liters",
    "service source period",
    "Water that each service used up in a calendar period: on the site, and where its electricity was generated.",
)
PERIOD_PRIMARY_ENERGY: Final = _metric(
    "period_primary_energy_joules",
    Kind.GAUGE,
    "joules",
    "service period",
    "Primary energy of each service's electricity in a calendar period, by the legal coefficient.",
)
PERIOD_ABIOTIC_RESOURCES: Final = _metric(
    "period_abiotic_resources_grams",
    Kind.GAUGE,
    "grams",
    "service phase period",
    "Minerals and metals of each service in a calendar period, in antimony equivalent (ADPe).",
)
PERIOD_COST: Final = _metric(
    "period_cost_euros",
    Kind.GAUGE,
    "euros",
    "service period",
    "What the electricity of each service cost in a calendar period, by the configured tariff.",
)
IMPACT_COVERAGE: Final = _metric(
    "impact_coverage_ratio",
    Kind.GAUGE,
    "ratio",
    "period",
    "Share of the energy of a period whose impacts are known: that of hours before a zone was set has none yet.",
)
GRID_INTENSITY: Final = _metric(
    "grid_carbon_intensity_grams_per_kilowatt_hour",
    Kind.GAUGE,
    "grams_per_kilowatt_hour",
    "zone provider basis",
    "Carbon intensity of the electricity: what is applied now, the yearly level, and the live one as it was told.",
)
GRID_INTENSITY_TIME: Final = _metric(
    "grid_carbon_intensity_timestamp_seconds",
    Kind.GAUGE,
    "seconds",
    "zone provider",
    "Until when the newest live intensity holds, since the Unix epoch; absent where none is configured, or known yet.",
)
IMPACT_FACTOR: Final = _metric(
    "impact_factor_info",
    Kind.INFO,
    "",
    "role factor provider year how",
    "A factor by which what is used now is reckoned, and how it was chosen.",
)
SERVICE_REQUESTS: Final = _metric(
    "service_requests_total",
    Kind.COUNTER,
    "requests",
    "service",
    "Requests that each service answered, by who is believed, as first booked.",
)
SERVICE_TOKENS: Final = _metric(
    "service_tokens_total",
    Kind.COUNTER,
    "tokens",
    "service direction",
    "Tokens of each service, as first booked. Those of a prompt that a cache had are among the input.",
)
SERVICE_COMPUTED_TOKENS: Final = _metric(
    "service_computed_input_tokens_total",
    Kind.COUNTER,
    "tokens",
    "service",
    "Tokens of prompts that were computed, and not had from a cache: energy follows these. Part of no sum with input.",
)
SERVICE_ACTIVITY: Final = _metric(
    "service_activity_total",
    Kind.COUNTER,
    "",
    "service unit",
    "What else each service did, by unit, as first booked: classic inferences, images, pages, seconds of audio.",
)
SERVICE_ACTIVITY_ENERGY: Final = _metric(
    "service_activity_energy_joules_total",
    Kind.COUNTER,
    "joules",
    "service",
    "Energy of each service while it is known what it did: what is to be divided by tokens or requests.",
)
PERIOD_ACTIVITY: Final = _metric(
    "period_activity",
    Kind.GAUGE,
    "",
    "service unit period",
    "What each service did in a calendar period, by unit, the open hour included, as the ledger has it now.",
)
PERIOD_ACTIVITY_MEASURED: Final = _metric(
    "period_activity_measured",
    Kind.GAUGE,
    "",
    "service unit period",
    "What of that was done while it was measured what it took: divide the energy and the gases of the work by this.",
)
PERIOD_ACTIVITY_ENERGY: Final = _metric(
    "period_activity_energy_joules",
    Kind.GAUGE,
    "joules",
    "service unit period",
    "Energy of each service while this unit was told: add services up, then divide by period_activity_measured of it.",
)
PERIOD_ACTIVITY_EMISSIONS: Final = _metric(
    "period_activity_emissions_grams",
    Kind.GAUGE,
    "grams",
    "service unit phase period",
    "Greenhouse gases of that energy in CO2e, and its part of making the hardware. Never add up those of two units.",
)
PERIOD_IDLE_ENERGY: Final = _metric(
    "period_idle_energy_joules",
    Kind.GAUGE,
    "joules",
    "service period",
    "Energy that a service of known activity used to be ready in a calendar period: residency, its part of the floor.",
)
COVERAGE: Final = _metric(
    "coverage_ratio",
    Kind.GAUGE,
    "ratio",
    "period",
    "Share of the elapsed time of a period for which the host was measured; absent where no time has elapsed.",
)
GAP: Final = _metric(
    "gap_seconds_total",
    Kind.COUNTER,
    "seconds",
    "cause",
    "Time for which a resource was not measured, by cause, each resource counted apart.",
)
CONSERVATION_ERROR: Final = _metric(
    "conservation_error_joules",
    Kind.GAUGE,
    "joules",
    "",
    "What was measured less what was given to somebody, in the ledger's integers. Anything but 0 is a defect.",
)
COLLECTOR_SUCCESS: Final = _metric(
    "collector_success",
    Kind.GAUGE,
    "",
    "collector",
    "Whether the last read of a collector succeeded: 1, or 0.",
)
COLLECTOR_DURATION: Final = _metric(
    "collector_duration_seconds",
    Kind.GAUGE,
    "seconds",
    "collector",
    "How long the last read of a collector took.",
)
COLLECTOR_LAST_SUCCESS: Final = _metric(
    "collector_last_success_timestamp_seconds",
    Kind.GAUGE,
    "seconds",
    "collector",
    "When a collector was last read with success, since the Unix epoch; absent where it never was.",
)
ENERGY_SOURCE: Final = _metric(
    "energy_source_info",
    Kind.INFO,
    "",
    "collector resource meter method used",
    "A meter that can be read. used says whether its energy is booked (true) or kept in reserve (false).",
)
LEDGER_COMMIT_SUCCESS: Final = _metric(
    "ledger_commit_success",
    Kind.GAUGE,
    "",
    "",
    "Whether the ledger could be written the last time it was tried: 1, or 0. While it is 0, counters stand still.",
)
LEDGER_LAST_COMMIT: Final = _metric(
    "ledger_last_commit_timestamp_seconds",
    Kind.GAUGE,
    "seconds",
    "",
    "When the ledger was last written, since the Unix epoch; absent where this run has not written it yet.",
)
SERVICE_INFO: Final = _metric(
    "service_info",
    Kind.INFO,
    "",
    "service name department contract kind",
    "What describes a service now: its name for people, department, contract, and kind of software.",
)
BUILD_INFO: Final = _metric("build_info", Kind.INFO, "", "version python", "Version of Empreinte and of Python.")
HOST_INFO: Final = _metric(
    "host_info",
    Kind.INFO,
    "",
    "host kernel architecture site simulated",
    "The machine that is measured. simulated is true where its figures are made up.",
)

METRICS: Final = (
    HOST_ENERGY,
    SERVICE_ENERGY,
    HOST_POWER,
    SERVICE_POWER,
    PERIOD_ENERGY,
    PERIOD_METHOD_ENERGY,
    SERVICE_EMISSIONS,
    SERVICE_WATER,
    PERIOD_FACILITY_ENERGY,
    PERIOD_EMISSIONS,
    PERIOD_EMISSIONS_LOW,
    PERIOD_EMISSIONS_HIGH,
    PERIOD_EMISSIONS_MARKET,
    PERIOD_WATER,
    PERIOD_PRIMARY_ENERGY,
    PERIOD_ABIOTIC_RESOURCES,
    PERIOD_COST,
    IMPACT_COVERAGE,
    GRID_INTENSITY,
    GRID_INTENSITY_TIME,
    IMPACT_FACTOR,
    *department_rows.METRICS,
    *budget_rows.METRICS,
    *contract_rows.METRICS,
    SERVICE_REQUESTS,
    SERVICE_TOKENS,
    SERVICE_COMPUTED_TOKENS,
    SERVICE_ACTIVITY,
    SERVICE_ACTIVITY_ENERGY,
    PERIOD_ACTIVITY,
    PERIOD_ACTIVITY_MEASURED,
    PERIOD_ACTIVITY_ENERGY,
    PERIOD_ACTIVITY_EMISSIONS,
    PERIOD_IDLE_ENERGY,
    *external_rows.METRICS,
    COVERAGE,
    GAP,
    CONSERVATION_ERROR,
    COLLECTOR_SUCCESS,
    COLLECTOR_DURATION,
    COLLECTOR_LAST_SUCCESS,
    ENERGY_SOURCE,
    *agreement.METRICS,
    LEDGER_COMMIT_SUCCESS,
    LEDGER_LAST_COMMIT,
    *webhooks.METRICS,
    SERVICE_INFO,
    BUILD_INFO,
    HOST_INFO,
)
"""In the order in which they are exposed."""
