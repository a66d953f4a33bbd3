"""The metrics of services that are bought as an API: their rows in the catalogue, and what they show of a snapshot.

They are a scope of their own, and were never measured: nothing of them is in the metrics of services or of the host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.activity import Unit
from monitor.core.external import Impact
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_JOULE
from monitor.exposition.metric import Kind, metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.core.impact import Bounds
    from monitor.exposition.about import About
    from monitor.exposition.metric import Metric
    from monitor.exposition.snapshot import Snapshot

    Values = Mapping[tuple[str, ...], float]
    Filling = Callable[[Snapshot, About], Values]

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
DIRECTIONS: Final = {Unit.INPUT_TOKENS: "input", Unit.OUTPUT_TOKENS: "output"}


def _requests(snapshot: Snapshot, _: About) -> Values:
    total = snapshot.external.total
    return {(key,): float(use.counts[Unit.REQUESTS]) for key, use in total.items() if Unit.REQUESTS in use.counts}


def _tokens(snapshot: Snapshot, _: About) -> Values:
    return {
        (key, direction): float(use.counts[unit])
        for key, use in snapshot.external.total.items()
        for unit, direction in DIRECTIONS.items()
        if unit in use.counts
    }


def _of_periods(impact: Impact, bound: Callable[[Bounds], int], per: int) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        return {
            key: bound(use.impacts[impact]) / per
            for key, use in snapshot.external.periods.items()
            if impact in use.impacts
        }

    return filling


def _unknown(snapshot: Snapshot, _: About) -> Values:
    periods = snapshot.external.periods
    return {key: float(use.unknown[Impact.GWP]) for key, use in periods.items() if Impact.GWP in use.unknown}


def _info(snapshot: Snapshot, _: About) -> Values:
    return {
        (rule.key, rule.name, rule.department, rule.contract, rule.provider): 1.0
        for rule in snapshot.external.services.values()
    }


FILLINGS: Final[Mapping[Metric, Filling]] = {
    REQUESTS: _requests,
    TOKENS: _tokens,
    EMISSIONS: _of_periods(Impact.GWP, lambda bounds: bounds.central, MICROGRAMS_PER_GRAM),
    EMISSIONS_LOW: _of_periods(Impact.GWP, lambda bounds: bounds.low, MICROGRAMS_PER_GRAM),
    EMISSIONS_HIGH: _of_periods(Impact.GWP, lambda bounds: bounds.high, MICROGRAMS_PER_GRAM),
    ENERGY: _of_periods(Impact.ENERGY, lambda bounds: bounds.central, MICROJOULES_PER_JOULE),
    UNKNOWN: _unknown,
    INFO: _info,
}
"""In the order of the catalogue."""
