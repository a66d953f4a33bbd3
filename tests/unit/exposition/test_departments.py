from collections import defaultdict

import pytest

from monitor.core.groups import Group, Grouping
from monitor.exposition import catalogue, department_rows
from monitor.exposition.catalogue import Metric
from monitor.exposition.departments import FILLINGS
from monitor.exposition.series import FILLINGS as ALL
from tests.fixtures.snapshots import ABOUT, at_work

Sums = defaultdict[tuple[str, ...], float]
PAIRS = (
    (department_rows.ENERGY, catalogue.PERIOD_ENERGY),
    (department_rows.FACILITY_ENERGY, catalogue.PERIOD_FACILITY_ENERGY),
    (department_rows.EMISSIONS, catalogue.PERIOD_EMISSIONS),
    (department_rows.WATER, catalogue.PERIOD_WATER),
    (department_rows.COST, catalogue.PERIOD_COST),
)


def shown(metric: Metric) -> dict[tuple[str, ...], float]:
    return dict(ALL[metric](at_work(), ABOUT))


@pytest.mark.parametrize(("departments", "services"), PAIRS, ids=lambda metric: metric.name)
def test_the_departments_sum_to_the_services(departments: Metric, services: Metric) -> None:
    sums: tuple[Sums, Sums] = (defaultdict(float), defaultdict(float))
    for metric, found in zip((departments, services), sums, strict=True):
        for (_, *rest), value in shown(metric).items():
            found[tuple(rest)] += value
    assert sums[0].keys() == sums[1].keys()
    assert all(sums[0][key] == pytest.approx(value, rel=1e-9) for key, value in sums[1].items())


def test_a_contract_is_no_department() -> None:
    contracts = {group.name for group, _ in at_work().groups.energy if group.by is Grouping.CONTRACT}
    departments = {group.name for group, _ in at_work().groups.energy if group.by is Grouping.DEPARTMENT}
    assert contracts
    assert Group(Grouping.DEPARTMENT, "_none").name in departments
    for metric in FILLINGS:
        assert {labels[0] for labels in shown(metric)} <= departments - contracts


def test_the_bounds_are_around_the_whole() -> None:
    low, high = (shown(one) for one in (department_rows.EMISSIONS_LOW, department_rows.EMISSIONS_HIGH))
    whole: Sums = defaultdict(float)
    for (department, _, period), grams in shown(department_rows.EMISSIONS).items():
        whole[department, period] += grams
    assert low.keys() == high.keys() == whole.keys()
    assert all(low[key] < grams < high[key] for key, grams in whole.items() if grams)
