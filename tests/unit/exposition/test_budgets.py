"""The metrics of budgets."""

from __future__ import annotations

import pytest

from monitor.exposition.budget_rows import METRICS
from monitor.exposition.budgets import FILLINGS
from tests.fixtures.snapshots import ABOUT, NOW, at_work, just_started

Values = dict[tuple[str, ...], float]


def shown() -> dict[str, Values]:
    told = {metric.name: dict(filling(at_work(), ABOUT)) for metric, filling in FILLINGS.items()}
    return {name.removeprefix("empreinte_budget_"): values for name, values in told.items()}


def test_each_ratio_is_a_share_of_the_limit() -> None:
    snapshot, told = at_work(), shown()
    for one in snapshot.budgets:
        key = (one.budget.key,)
        assert (key in told["used_ratio"]) == (one.used is not None)
        if one.used is not None:
            assert told["used_ratio"][key] == pytest.approx(one.used.central / one.budget.limit, rel=1e-12)
        if one.forecast is not None:
            amount = one.forecast.amount
            names = ("forecast_low_ratio", "forecast_ratio", "forecast_high_ratio")
            assert [told[name][key] * one.budget.limit for name in names] == pytest.approx(
                [amount.low, amount.central, amount.high]
            )


def test_all_of_this_host_is_the_sum_of_all_its_consumers() -> None:
    year = sum(energy.microjoules for (_, period), energy in at_work().period_energy.items() if period == "year")
    assert shown()["used_ratio"]["ia",] == pytest.approx(year / (2600 * 3.6e12))


def test_when_a_budget_is_spent_is_told_only_where_that_is_within_its_period() -> None:
    told = shown()["exhausted_timestamp_seconds"]
    assert told.keys() == {("assistant",), ("com",)}
    assert told["assistant",] > NOW.wall / 1e9 > told["com",]


def test_what_nothing_is_known_of_has_what_is_configured_alone() -> None:
    told = shown()
    assert [name for name, values in told.items() if any(key[0] == "eau" for key in values)] == [
        "warn_ratio", "limit", "info",
    ]  # fmt: skip
    assert ("eau", "Eau", "service", "nobody", "water", "quarter", "1 m3") in told["info"]
    assert ("com", "Communication", "department", "Communication", "cost", "month", "28 EUR") in told["info"]
    assert told["warn_ratio"]["eau",] == 0.8


def test_a_limit_is_in_the_unit_that_its_label_says() -> None:
    limits = {("ia", "joules"): 2600 * 3.6e6, ("assistant", "grams"): 95_000.0, ("com", "euros"): 28.0}
    assert shown()["limit"] == limits | {("eau", "liters"): 1000.0}


def test_without_budgets_nothing_is_shown() -> None:
    assert [dict(filling(just_started(), ABOUT)) for filling in FILLINGS.values()] == [{}] * len(METRICS)
