"""What the metrics of activity show: numerators and denominators, and nothing of what is unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.activity import Unit
from monitor.core.impact import Bounds, Indicator
from monitor.core.units import Energy
from monitor.exposition import catalogue
from monitor.exposition.activity import FILLINGS as OF_ACTIVITY
from monitor.exposition.series import FILLINGS
from tests.fixtures.snapshots import ABOUT, at_work, just_started, without_a_zone

if TYPE_CHECKING:
    from monitor.exposition.catalogue import Metric
    from monitor.exposition.snapshot import Snapshot

JOULE = 1_000_000


def shown(metric: Metric, snapshot: Snapshot) -> dict[tuple[str, ...], float]:
    return dict(FILLINGS[metric](snapshot, ABOUT))


def whole(amount: int) -> Bounds:
    return Bounds(amount, amount, amount)


WORKED = replace(
    just_started(),
    activity={
        ("a", Unit.REQUESTS): 3,
        ("a", Unit.INPUT_TOKENS): 70,
        ("a", Unit.COMPUTED_INPUT_TOKENS): 30,
        ("a", Unit.OUTPUT_TOKENS): 500,
        ("a", Unit.ENERGY): 9 * JOULE,
        ("b", Unit.AUDIO_MILLISECONDS): 90_500,
        ("b", Unit.PAGES): 2,
    },
    period_activity={
        ("a", "m", Unit.OUTPUT_TOKENS, "day"): 400,
        ("a", "n", Unit.OUTPUT_TOKENS, "day"): 100,
        ("a", "", Unit.ENERGY, "day"): 8 * JOULE,
        ("b", "", Unit.AUDIO_MILLISECONDS, "day"): 500,
    },
    period_unmeasured={("a", "n", Unit.OUTPUT_TOKENS, "day"): 60},
    period_energy={("a", "day"): Energy(16 * JOULE), ("b", "day"): Energy(3), ("c", "day"): Energy(5)},
    period_idle={("a", "day"): Energy(4 * JOULE), ("c", "day"): Energy(5)},
    period_impacts={
        ("a", Indicator.ENERGY, "day"): whole(16 * JOULE),
        ("a", Indicator.GWP_USE, "day"): whole(6_000_000),
        ("b", Indicator.ENERGY, "day"): whole(3),
        ("b", Indicator.GWP_USE, "day"): whole(1),
    },
)


def test_counters_are_by_unit_and_the_tokens_that_were_computed_stand_by_themselves() -> None:
    assert shown(catalogue.SERVICE_REQUESTS, WORKED) == {("a",): 3}
    assert shown(catalogue.SERVICE_TOKENS, WORKED) == {("a", "input"): 70, ("a", "output"): 500}
    assert shown(catalogue.SERVICE_COMPUTED_TOKENS, WORKED) == {("a",): 30}
    assert shown(catalogue.SERVICE_ACTIVITY, WORKED) == {("b", "audio_seconds"): 90.5, ("b", "pages"): 2}
    assert shown(catalogue.SERVICE_ACTIVITY_ENERGY, WORKED) == {("a",): 9}


def test_periods_show_all_models_together_with_the_energy_while_it_is_known_what_was_done() -> None:
    assert shown(catalogue.PERIOD_ACTIVITY, WORKED) == {
        ("a", "output_tokens", "day"): 500,
        ("b", "audio_seconds", "day"): 0.5,
    }
    assert shown(catalogue.PERIOD_ACTIVITY_MEASURED, WORKED) == {
        ("a", "output_tokens", "day"): 440,
        ("b", "audio_seconds", "day"): 0.5,
    }
    assert shown(catalogue.PERIOD_ACTIVITY_ENERGY, WORKED) == {("a", "output_tokens", "day"): 8}
    assert shown(catalogue.PERIOD_ACTIVITY_EMISSIONS, WORKED) == {("a", "output_tokens", "use", "day"): 3}
    assert shown(catalogue.PERIOD_IDLE_ENERGY, WORKED) == {("a", "day"): 4}


@pytest.mark.parametrize("metric", OF_ACTIVITY, ids=lambda metric: metric.name)
def test_of_services_that_tell_nothing_nothing_is_shown(metric: Metric) -> None:
    assert shown(metric, just_started()) == {}


def test_without_a_zone_the_work_is_shown_and_its_emissions_are_not() -> None:
    assert shown(catalogue.PERIOD_ACTIVITY_ENERGY, without_a_zone())
    assert shown(catalogue.PERIOD_ACTIVITY_EMISSIONS, without_a_zone()) == {}


def test_what_dashboards_divide_is_what_a_unit_took() -> None:
    snapshot = at_work()
    energy = shown(catalogue.PERIOD_ACTIVITY_ENERGY, snapshot)["assistant", "output_tokens", "year"]
    tokens = shown(catalogue.PERIOD_ACTIVITY_MEASURED, snapshot)["assistant", "output_tokens", "year"]
    told = snapshot.functional_units["assistant", "year"].first
    assert told is not None
    assert told.watt_hours is not None
    assert energy / 3.6 / tokens == pytest.approx(float(told.watt_hours), rel=1e-12)
