"""What metrics show of groups: those of one kind, although others have their names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.core.figures import Grouped
from monitor.core.groups import Group, Grouping
from monitor.core.impact import Bounds, Indicator
from monitor.core.units import Energy
from monitor.exposition.groups import emissions_bound_of, energy_of, impact_of, impacts_of
from tests.fixtures.snapshots import ABOUT, at_work

NAME = "DSI"
AMOUNTS = {Grouping.DEPARTMENT: 2, Grouping.CONTRACT: 30}
BOTH = replace(
    at_work(),
    groups=Grouped(
        energy={(Group(by, NAME), "day"): Energy(amount * 10**6) for by, amount in AMOUNTS.items()},
        impacts={
            (Group(by, NAME), indicator, "day"): Bounds(amount * 10**6, 2 * amount * 10**6, 3 * amount * 10**6)
            for by, amount in AMOUNTS.items()
            for indicator in (Indicator.GWP_USE, Indicator.COST)
        },
        meters={},
    ),
    period_coverage={"day": 1.0},
)


@pytest.mark.parametrize("by", AMOUNTS)
def test_of_two_groups_with_one_name_each_has_its_own_figures(by: Grouping) -> None:
    amount = float(AMOUNTS[by])
    assert energy_of(by)(BOTH, ABOUT) == {(NAME, "day"): amount}
    assert impact_of(by, Indicator.COST, 10**6)(BOTH, ABOUT) == {(NAME, "day"): 2 * amount}
    assert impacts_of(by, {Indicator.GWP_USE: "use"}, 10**6)(BOTH, ABOUT) == {(NAME, "use", "day"): 2 * amount}
    low, central, high = (
        emissions_bound_of(by, bound)(BOTH, ABOUT)[NAME, "day"]
        for bound in (lambda one: one.low, lambda one: one.central, lambda one: one.high)
    )
    assert low <= amount < central == 2 * amount < 3 * amount <= high


@pytest.mark.parametrize("by", AMOUNTS)
def test_an_impact_that_is_not_asked_for_is_not_shown(by: Grouping) -> None:
    assert impact_of(by, Indicator.WATER_SITE, 1)(BOTH, ABOUT) == {}
    assert impacts_of(by, {Indicator.WATER_SITE: "site", Indicator.WATER_GRID: "grid"}, 1)(BOTH, ABOUT) == {}
