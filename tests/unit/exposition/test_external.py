"""What the metrics of bought services show: a scope of its own, and nothing of what is unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.core.activity import Unit
from monitor.core.external import Claim, ExternalFigures, ExternalRule, ExternalUse, Impact, Origin
from monitor.core.impact import Bounds
from monitor.exposition import external_rows
from monitor.exposition.catalogue import METRICS
from monitor.exposition.external import FILLINGS as OF_ITS_OWN
from monitor.exposition.external_rows import METRICS as OF_EXTERNAL
from monitor.exposition.series import FILLINGS
from tests.fixtures.snapshots import ABOUT, just_started

if TYPE_CHECKING:
    from monitor.exposition.catalogue import Metric
    from monitor.exposition.snapshot import Snapshot

KNOWN = ExternalUse(
    counts={Unit.REQUESTS: 3, Unit.INPUT_TOKENS: 900, Unit.OUTPUT_TOKENS: 400},
    impacts={Impact.GWP: Bounds(500_000, 1_000_000, 25_000_000), Impact.ENERGY: Bounds(1, 7_000_000, 10**9)},
    claims=frozenset({Claim(Origin.ESTIMATED, "EcoLogits 0.11.3", 2026)}),
)
UNKNOWN = ExternalUse(counts={Unit.OUTPUT_TOKENS: 70}, unknown=dict.fromkeys(Impact, 70))
RULE = ExternalRule(
    key="api", name="API de Mistral", department="Communication", contract="42", provider="mistralai", models=("*",)
)
BOUGHT = replace(
    just_started(),
    external=ExternalFigures(
        {"api": RULE},
        {"api": KNOWN, "new": UNKNOWN},
        {("api", "day"): KNOWN, ("new", "day"): UNKNOWN},
    ),
)


def shown(metric: Metric, snapshot: Snapshot = BOUGHT) -> dict[tuple[str, ...], float]:
    return dict(FILLINGS[metric](snapshot, ABOUT))


def test_counts_are_shown_and_what_was_not_counted_is_absent() -> None:
    assert shown(external_rows.REQUESTS) == {("api",): 3}
    assert shown(external_rows.TOKENS) == {("api", "input"): 900, ("api", "output"): 400, ("new", "output"): 70}


def test_what_an_unknown_model_cost_is_absent_and_its_tokens_are_told() -> None:
    assert shown(external_rows.EMISSIONS) == {("api", "day"): 1.0}
    assert shown(external_rows.EMISSIONS_LOW) == {("api", "day"): 0.5}
    assert shown(external_rows.EMISSIONS_HIGH) == {("api", "day"): 25.0}
    assert shown(external_rows.ENERGY) == {("api", "day"): 7.0}
    assert shown(external_rows.UNKNOWN) == {("new", "day"): 70}


def test_a_bought_service_is_told_as_it_is_configured() -> None:
    assert shown(external_rows.INFO) == {("api", "API de Mistral", "Communication", "42", "mistralai"): 1.0}


def test_nothing_of_it_is_in_any_other_metric() -> None:
    others = [metric for metric in METRICS if metric not in OF_EXTERNAL]
    assert [shown(metric) for metric in others] == [shown(metric, just_started()) for metric in others]
    assert all(not shown(metric, just_started()) for metric in OF_EXTERNAL)


def test_each_of_its_rows_is_filled_in_the_order_of_the_catalogue() -> None:
    assert tuple(OF_ITS_OWN) == OF_EXTERNAL
