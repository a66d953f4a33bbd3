from dataclasses import replace

import pytest

from monitor.core.calendar import PERIODS
from monitor.core.entries import MONITOR, OTHER, PSEUDO_SERVICES
from monitor.core.units import Energy, Power
from monitor.exposition.snapshot import Snapshot
from monitor.web.status import FORMER, Consumer, Role, status_of
from tests.fixtures.snapshots import SERVICES, at_work, in_trouble, just_started


def consumers(snapshot: Snapshot) -> dict[str, Consumer]:
    return {consumer.key: consumer for consumer in status_of(snapshot).consumers}


@pytest.mark.parametrize("snapshot", [at_work(), in_trouble()], ids=["work", "trouble"])
def test_the_rows_sum_to_the_whole(snapshot: Snapshot) -> None:
    status = status_of(snapshot)
    for period in ("day", "month", "year"):
        booked = sum(energy.microjoules for (_, of), energy in snapshot.period_energy.items() if of == period)
        assert booked > 0
        assert status.periods[period].energy == Energy(booked)
        assert sum(consumer.energy[period].microjoules for consumer in status.consumers) == booked


def test_services_come_first_the_greatest_of_the_year_before_the_others() -> None:
    keys = [consumer.key for consumer in status_of(at_work()).consumers]
    assert keys == ["assistant", "transcription", "recherche", "ollama", "ocr", *PSEUDO_SERVICES]


def test_power_is_the_sum_over_what_is_measured_and_says_what_is_not() -> None:
    status = status_of(at_work())
    assert status.power == Power.from_watts(460.08)
    assert status.missing == ("dram", "rest")
    assert status_of(in_trouble()).missing == ("dram", "rest", "gpu0", "gpu1")


def test_what_was_measured_once_and_is_not_now_is_missing() -> None:
    snapshot = at_work()
    live = {meter: power for meter, power in snapshot.host_power.items() if meter.resource != "gpu1"}
    assert status_of(replace(snapshot, host_power=live)).missing == ("dram", "rest", "gpu1")


def test_before_anything_is_measured_nothing_is_zero() -> None:
    status = status_of(just_started())
    assert status.power is None
    assert set(status.periods) == set(PERIODS)
    assert all(period.energy is None for period in status.periods.values())
    assert [consumer.power for consumer in status.consumers] == [None] * 5
    assert all(consumer.energy == {} for consumer in status.consumers)


def test_a_service_that_does_not_run_has_no_power() -> None:
    assert consumers(at_work())["ocr"].power is None
    assert not consumers(at_work())["ocr"].present
    assert consumers(at_work())["assistant"].power == Power.from_watts(231.4)


def test_a_pseudo_service_without_any_draw_draws_nothing_while_the_hosts_power_is_known() -> None:
    power = {key: watts for key, watts in at_work().service_power.items() if key != OTHER}
    assert consumers(replace(at_work(), service_power=power))[OTHER].power == Power.ZERO
    assert consumers(replace(at_work(), host_power={}))[MONITOR].power is None


def test_a_service_for_which_nothing_is_booked_in_a_measured_period_used_nothing() -> None:
    snapshot = at_work()
    booked = {key: energy for key, energy in snapshot.period_energy.items() if key != ("ocr", "day")}
    assert consumers(replace(snapshot, period_energy=booked))["ocr"].energy["day"] == Energy.ZERO


def test_nothing_booked_in_a_period_that_was_not_measured_is_unknown() -> None:
    coverage = {**at_work().period_coverage, "day": 0.0}
    nothing = {key: energy for key, energy in at_work().period_energy.items() if key[1] != "day"}
    status = status_of(replace(at_work(), period_coverage=coverage, period_energy=nothing))
    assert status.periods["day"].energy is None
    assert all("day" not in consumer.energy for consumer in status.consumers)
    assert status.periods["month"].energy is not None


def test_services_that_are_no_longer_followed_are_one_row() -> None:
    snapshot = at_work()
    gone = {("before", "year"): Energy(5), ("long-before", "year"): Energy(7)}
    row = consumers(replace(snapshot, period_energy={**snapshot.period_energy, **gone}))[FORMER]
    assert row.role is Role.FORMER
    assert row.energy["year"] == Energy(12)
    assert row.energy["day"] == Energy.ZERO
    assert FORMER not in consumers(snapshot)


def test_facts_of_a_service_are_shown_and_a_nameless_one_goes_by_its_key() -> None:
    row = consumers(at_work())["assistant"]
    assert (row.name, row.department, row.contract) == ("Assistant rédactionnel", "Communication", "2026-DSI-042")
    nameless = {"ocr": replace(SERVICES["ocr"], name="")}
    assert consumers(replace(at_work(), services=nameless))["ocr"].name == "ocr"


def test_sources_are_told_from_what_cannot_be_read() -> None:
    status = status_of(in_trouble())
    assert [(meter.collector, meter.used) for meter in status.meters] == [("modelled_host", True)]
    assert [health.name for health in status.unreadable] == ["hwmon", "nvidia", "rapl"]
