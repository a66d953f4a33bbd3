"""What the metrics of contracts show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.contracts import ContractStanding, Reason, Verdict, evaluate
from monitor.core.figures import Grouped
from monitor.core.groups import Group, Grouping
from monitor.core.units import Energy
from monitor.exposition import contract_rows as rows
from monitor.exposition.contracts import FILLINGS
from tests.fixtures.contracts import CONTRACT
from tests.fixtures.snapshots import ABOUT, at_work, just_started, without_a_zone

if TYPE_CHECKING:
    from monitor.exposition.metric import Metric
    from monitor.exposition.snapshot import Snapshot

UID = CONTRACT.uid


def shown(metric: Metric, snapshot: Snapshot | None = None) -> dict[tuple[str, ...], float]:
    return dict(FILLINGS[metric](snapshot or at_work(), ABOUT))


def test_every_row_is_filled_in_its_order() -> None:
    assert tuple(FILLINGS) == rows.METRICS


def test_each_clause_has_one_verdict_and_the_other_ones_are_told_not_to_be_it() -> None:
    verdicts = shown(rows.VERDICT)
    said = {labels[1]: labels[3] for labels, value in verdicts.items() if value}
    assert said == {"energie": "met", "carbone": "breached", "repos": "undecided", "eau": "waived"}
    assert len(verdicts) == len(said) * len(Verdict)
    assert set(verdicts.values()) == {0.0, 1.0}


def test_value_bounds_and_threshold_stand_under_the_same_labels() -> None:
    labels = (UID, "energie", "month", "joules")
    told = [shown(metric)[labels] for metric in (rows.VALUE_LOW, rows.VALUE, rows.VALUE_HIGH, rows.THRESHOLD)]
    assert told == [3_960.0, 4_400.0, 4_840.0, 10_800.0]
    assert shown(rows.COVERAGE)[UID, "repos", "quarter"] == pytest.approx(0.991)
    assert shown(rows.MEASURED)[UID, "repos", "quarter"] == 1.0


def test_what_is_unknown_is_absent_and_what_was_agreed_is_not() -> None:
    figures = (rows.VALUE, rows.VALUE_LOW, rows.VALUE_HIGH, rows.COVERAGE, rows.MEASURED)
    assert not [labels for metric in figures for labels in shown(metric) if labels[1] == "eau"]
    assert shown(rows.THRESHOLD)[UID, "eau", "month", "liters"] == 900.0


def test_a_clause_in_another_window_is_another_series() -> None:
    now = at_work().contracts[0].evaluations[0]
    before = evaluate(CONTRACT, now.clause, replace(now.span, period="previous_month"), Reason.NO_DATA)
    both = replace(at_work(), contracts=(ContractStanding(CONTRACT, (now, before)),))
    assert {labels[2] for labels in shown(rows.VERDICT, both)} == {"month", "previous_month"}
    assert {labels[2] for labels in shown(rows.VALUE, both)} == {"month"}


def test_contract_and_clauses_are_told_as_they_are_configured() -> None:
    assert shown(rows.INFO) == {(UID, "Assistant rédactionnel", "Rédac SCOP", "2026-01-01", "2028-12-31"): 1.0}
    unknown = replace(CONTRACT, starts=None, ends=None)
    alone = replace(at_work(), contracts=(ContractStanding(unknown, ()),))
    assert next(iter(shown(rows.INFO, alone)))[3:] == ("", "")
    # also before anything was judged
    assert {labels[1] for labels in shown(rows.CLAUSE_INFO, alone)} == {"energie", "carbone", "repos", "eau"}


def test_a_contract_has_what_its_services_came_to_and_no_department_is_among_them() -> None:
    snapshot = at_work()
    whole = snapshot.groups.energy[Group(Grouping.CONTRACT, UID), "year"]
    assert shown(rows.ENERGY)[UID, "year"] == pytest.approx(whole.joules)
    for metric in rows.METRICS[rows.METRICS.index(rows.ENERGY) :]:
        assert {labels[0] for labels in shown(metric)} == {UID}, metric.name
    use, made = (shown(rows.EMISSIONS)[UID, phase, "year"] for phase in ("use", "embodied"))
    assert shown(rows.EMISSIONS_LOW)[UID, "year"] < use + made < shown(rows.EMISSIONS_HIGH)[UID, "year"]


def test_nothing_booked_in_a_period_that_was_not_measured_is_unknown() -> None:
    group = Group(Grouping.CONTRACT, UID)
    groups = Grouped(energy={(group, "day"): Energy.ZERO, (group, "month"): Energy.ZERO})
    bare = replace(at_work(), groups=groups, period_coverage={"day": 0.5, "month": 0.0})
    assert shown(rows.ENERGY, bare) == {(UID, "day"): 0.0}


def test_without_a_zone_only_the_energy_is_known_and_without_contracts_nothing_is_told() -> None:
    assert shown(rows.ENERGY, without_a_zone())
    assert shown(rows.EMISSIONS, without_a_zone()) == shown(rows.EMISSIONS_LOW, without_a_zone()) == {}
    assert [shown(metric, just_started()) for metric in rows.METRICS] == [{}] * len(rows.METRICS)
