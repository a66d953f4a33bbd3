"""The metrics of services that are bought as an API: their rows in the catalogue. `external` has what they show.

They are a scope of their own, and were never measured: nothing of them is in the metrics of services or of the host.
"""

from __future__ import annotations

from typing import Final

from monitor.exposition.metric import Kind, metric

REQUESTS: Final = metric(
    "external_requests_total",
    Kind.COUNTER,
    "requests",
    "external",
    "Requests to each bought service, by its events and by lists that were imported. None of them is this machine's.",
)
TOKENS: Final = metric(
    "external_tokens_total",
    Kind.COUNTER,
    "tokens",
    "external direction",
    "Tokens of each bought service, by its events and by lists that were imported.",
)
EMISSIONS: Final = metric(
    "period_external_emissions_grams",
    Kind.GAUGE,
    "grams",
    "external period",
    "Greenhouse gases of each bought service in a calendar period in CO2e: modelled or declared, never measured.",
)
EMISSIONS_LOW: Final = metric(
    "period_external_emissions_low_grams",
    Kind.GAUGE,
    "grams",
    "external period",
    "Lower bound of these greenhouse gases: an estimate may be several times too high.",
)
EMISSIONS_HIGH: Final = metric(
    "period_external_emissions_high_grams",
    Kind.GAUGE,
    "grams",
    "external period",
    "Upper bound of these greenhouse gases: an estimate may be 25 times too low.",
)
ENERGY: Final = metric(
    "period_external_energy_joules",
    Kind.GAUGE,
    "joules",
    "external period",
    "Energy of each bought service at its provider's site in a calendar period: modelled or declared, never measured.",
)
UNKNOWN: Final = metric(
    "period_external_unknown_tokens",
    Kind.GAUGE,
    "tokens",
    "external period",
    "Output tokens whose greenhouse gases nobody tells: they are in no figure of these.",
)
INFO: Final = metric(
    "external_info",
    Kind.INFO,
    "",
    "external name department contract provider",
    "What each bought service is, as configured.",
)
METRICS: Final = (REQUESTS, TOKENS, EMISSIONS, EMISSIONS_LOW, EMISSIONS_HIGH, ENERGY, UNKNOWN, INFO)
"""In the order in which they are exposed."""
