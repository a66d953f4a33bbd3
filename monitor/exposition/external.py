"""What the metrics of services that are bought as an API show of a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.activity import Unit
from monitor.core.external import Impact
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_JOULE
from monitor.exposition import external_rows as rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.core.impact import Bounds
    from monitor.exposition.about import About
    from monitor.exposition.metric import Metric
    from monitor.exposition.snapshot import Snapshot

    Values = Mapping[tuple[str, ...], float]
    Filling = Callable[[Snapshot, About], Values]

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
    rows.REQUESTS: _requests,
    rows.TOKENS: _tokens,
    rows.EMISSIONS: _of_periods(Impact.GWP, lambda bounds: bounds.central, MICROGRAMS_PER_GRAM),
    rows.EMISSIONS_LOW: _of_periods(Impact.GWP, lambda bounds: bounds.low, MICROGRAMS_PER_GRAM),
    rows.EMISSIONS_HIGH: _of_periods(Impact.GWP, lambda bounds: bounds.high, MICROGRAMS_PER_GRAM),
    rows.ENERGY: _of_periods(Impact.ENERGY, lambda bounds: bounds.central, MICROJOULES_PER_JOULE),
    rows.UNKNOWN: _unknown,
    rows.INFO: _info,
}
"""In the order of the catalogue."""
