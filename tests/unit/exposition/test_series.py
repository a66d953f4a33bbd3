from dataclasses import replace

import pytest

from monitor.core.entries import Series, Share
from monitor.core.readings import PACKAGE, Method
from monitor.core.units import Energy, Power
from monitor.exposition import catalogue
from monitor.exposition.catalogue import METRICS, Metric
from monitor.exposition.series import FILLINGS
from monitor.exposition.snapshot import Snapshot
from tests.fixtures.snapshots import ABOUT, at_work, in_trouble, just_started


def shown(metric: Metric, snapshot: Snapshot) -> dict[tuple[str, ...], float]:
    return dict(FILLINGS[metric](snapshot, ABOUT))


def test_every_metric_of_the_catalogue_is_filled_in_its_order() -> None:
    assert tuple(FILLINGS) == METRICS


@pytest.mark.parametrize("snapshot", [at_work(), just_started(), in_trouble()], ids=["work", "start", "trouble"])
def test_every_series_has_a_value_for_each_label(snapshot: Snapshot) -> None:
    for metric in METRICS:
        assert all(len(labels) == len(metric.labels) for labels in shown(metric, snapshot)), metric.name


def test_every_metric_has_a_series_on_a_server_at_work() -> None:
    assert [metric.name for metric in METRICS if not shown(metric, at_work())] == []


def test_what_was_obtained_by_two_methods_is_one_series_of_the_service() -> None:
    counted, modelled = (Series("a", PACKAGE, Share.ACTIVE, method) for method in (Method.COUNTER, Method.MODELLED))
    snapshot = replace(at_work(), service_energy={counted: Energy(1_500_000), modelled: Energy(250_001)})
    assert shown(catalogue.SERVICE_ENERGY, snapshot) == {("a", "package", "active"): 1.750001}


def test_the_services_energies_sum_to_the_hosts() -> None:
    snapshot = at_work()
    services = sum(energy.microjoules for energy in snapshot.service_energy.values())
    assert sum(shown(catalogue.HOST_ENERGY, snapshot).values()) == pytest.approx(services / 1e6, rel=1e-12)
    assert sum(shown(catalogue.SERVICE_ENERGY, snapshot).values()) == pytest.approx(services / 1e6, rel=1e-12)


def test_the_methods_are_told_by_period_and_of_nothing_there_is_none() -> None:
    energy = {("day", Method.COUNTER): Energy(2_500_000), ("day", Method.MODELLED): Energy.ZERO}
    snapshot = replace(at_work(), period_methods=energy)
    assert shown(catalogue.PERIOD_METHOD_ENERGY, snapshot) == {("counter", "day"): 2.5}


def test_before_the_first_commit_no_counter_is_shown() -> None:
    snapshot = just_started()
    counters = [metric for metric in METRICS if metric.kind is catalogue.Kind.COUNTER]
    assert counters
    assert all(not shown(metric, snapshot) for metric in counters)
    assert shown(catalogue.LEDGER_COMMIT_SUCCESS, snapshot) == {}
    assert shown(catalogue.LEDGER_LAST_COMMIT, snapshot) == {}


def test_nobody_draws_nothing_while_the_hosts_power_is_unknown() -> None:
    snapshot = just_started()
    assert snapshot.service_power == {"ollama": Power.ZERO}
    assert shown(catalogue.SERVICE_POWER, snapshot) == {}


def test_nothing_booked_in_a_period_that_was_not_measured_is_unknown() -> None:
    coverage = {"day": 0.5, "month": 0.0, "quarter": None}
    booked = {("a", period): Energy.ZERO for period in coverage} | {("b", "month"): Energy(7_000_000)}
    snapshot = replace(at_work(), period_energy=booked, period_coverage=coverage)
    assert shown(catalogue.PERIOD_ENERGY, snapshot) == {("a", "day"): 0.0, ("b", "month"): 7.0}
    assert shown(catalogue.COVERAGE, snapshot) == {("day",): 0.5, ("month",): 0.0}


def test_a_source_in_reserve_is_told_from_one_whose_energy_is_booked() -> None:
    used = {labels[:3]: labels[4] for labels in shown(catalogue.ENERGY_SOURCE, at_work())}
    assert used["rapl", "package", "intel-rapl:1"] == "true"
    assert used["modelled_host", "package", "cpu"] == "false"


def test_a_collector_that_never_succeeded_has_no_time_of_success() -> None:
    assert ("hwmon",) not in shown(catalogue.COLLECTOR_LAST_SUCCESS, at_work())
    assert shown(catalogue.COLLECTOR_SUCCESS, at_work())["hwmon",] == 0.0


def test_a_ledger_that_cannot_be_written_is_told() -> None:
    assert shown(catalogue.LEDGER_COMMIT_SUCCESS, at_work()) == {(): 1.0}
    assert shown(catalogue.LEDGER_COMMIT_SUCCESS, in_trouble()) == {(): 0.0}


def test_a_simulated_host_says_so() -> None:
    real, simulated = (FILLINGS[catalogue.HOST_INFO](at_work(), replace(ABOUT, simulated=yes)) for yes in (False, True))
    assert [labels[-1] for labels in (*real, *simulated)] == ["false", "true"]
