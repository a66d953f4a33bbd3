from dataclasses import replace

import pytest

from monitor.config import Language
from monitor.core.entries import PSEUDO_SERVICES, UNATTRIBUTED, Meter
from monitor.core.impact import Bounds, Indicator, Role
from monitor.core.readings import PACKAGE, Method
from monitor.core.summary import UNKNOWN, Impacts
from monitor.core.units import Energy
from monitor.exposition.snapshot import Snapshot
from monitor.web.impact_api import impacts_told, totals
from monitor.web.impacts import ABIOTIC, WATER, unknowns
from monitor.web.indicators import lines_of
from monitor.web.status import FORMER, Consumer, status_of
from monitor.wording import words
from tests.fixtures.impacts import TERMS, YEARLY
from tests.fixtures.snapshots import at_work, just_started, without_a_zone

USE = Bounds(60_000_000, 100_000_000, 130_000_000)
MADE = Bounds(8_000_000, 20_000_000, 36_000_000)
COUNTED = Meter(PACKAGE, Method.COUNTER)


def consumers(snapshot: Snapshot) -> dict[str, Consumer]:
    return {consumer.key: consumer for consumer in status_of(snapshot).consumers}


def two(amounts: dict[tuple[str, Indicator, str], Bounds], energy: dict[tuple[str, str], Energy]) -> Snapshot:
    return replace(
        at_work(),
        services={key: at_work().services[key] for key in ("assistant", "ocr")},
        period_impacts=amounts,
        period_energy=energy,
        period_meters={key: {COUNTED: one} for key, one in energy.items()},
    )


def test_the_rows_sum_to_the_whole_in_every_indicator() -> None:
    status = status_of(at_work())
    for period in ("day", "month", "quarter", "year"):
        whole = status.periods[period].impacts
        assert set(whole.amounts) == set(Indicator)
        for indicator, bounds in whole.amounts.items():
            parts = [one.impacts[period].amounts.get(indicator, Bounds.ZERO) for one in status.consumers]
            assert sum(parts, Bounds.ZERO) == bounds
        assert whole.emissions is not None
        told = [one.impacts[period].emissions for one in status.consumers]
        assert sum(one.central for one in told if one) == whole.emissions.central


def test_emissions_together_have_the_error_of_meters_that_all_share() -> None:
    # one counter for both: 10 % of their sum, not the root of two squares; ranges of the factors add up linearly
    amounts = {(key, Indicator.GWP_USE, "day"): USE for key in ("assistant", "ocr")}
    energy = {(key, "day"): Energy(10**9) for key in ("assistant", "ocr")}
    found = status_of(two(amounts, energy)).periods["day"].impacts.emissions
    assert found is not None
    assert found.central == 200_000_000
    assert found.low == pytest.approx(200_000_000 - (80_000_000**2 + 20_000_000**2) ** 0.5, abs=1)
    assert found.high == pytest.approx(200_000_000 + (60_000_000**2 + 20_000_000**2) ** 0.5, abs=1)


def test_what_used_nothing_came_to_nothing_and_what_used_something_before_the_zone_is_unknown() -> None:
    amounts = {("assistant", Indicator.GWP_USE, "day"): USE, ("assistant", Indicator.GWP_USE, "month"): USE}
    energy = {
        ("assistant", "day"): Energy(1),
        ("assistant", "month"): Energy(1),
        ("ocr", "month"): Energy(1),
    }
    snapshot = replace(two(amounts, energy), period_coverage={"day": 1.0, "month": 1.0, "year": 0.0})
    ocr = consumers(snapshot)["ocr"].impacts
    assert ocr["day"] == Impacts({Indicator.GWP_USE: Bounds.ZERO}, Bounds.ZERO)
    assert ocr["month"].emissions is None
    assert ocr["year"].emissions is None
    assert consumers(snapshot)["assistant"].impacts["year"].emissions is None


def test_an_indicator_that_is_unknown_is_not_added_as_nothing() -> None:
    impacts = Impacts({Indicator.WATER_GRID: Bounds(1, 2, 3)}, None)
    assert impacts.together(WATER) == Bounds(1, 2, 3)
    assert impacts.together(ABIOTIC) is None
    both = Impacts({Indicator.WATER_GRID: Bounds(1, 2, 3), Indicator.WATER_SITE: Bounds(4, 5, 6)}, None)
    assert both.together(WATER) == Bounds(5, 7, 9)


def test_hardware_that_nobody_held_is_of_an_unknown_user_without_any_energy() -> None:
    snapshot = two({(UNATTRIBUTED, Indicator.GWP_EMBODIED, "day"): MADE}, {})
    row = consumers(snapshot)[UNATTRIBUTED]
    assert row.impacts["day"].emissions == MADE
    assert status_of(snapshot).periods["day"].impacts.emissions == MADE


def test_services_that_are_no_longer_followed_are_one_row_of_impacts_too() -> None:
    amounts = {(key, Indicator.GWP_USE, "year"): USE for key in ("before", "long-before")}
    energy = {(key, "year"): Energy(10**9) for key in ("before", "long-before")}
    row = consumers(two(amounts, energy))[FORMER].impacts
    assert row["year"].amounts[Indicator.GWP_USE] == USE + USE
    assert row["year"].emissions == status_of(two(amounts, energy)).periods["year"].impacts.emissions
    assert row["day"] == UNKNOWN


def test_without_a_zone_everything_is_unknown_and_the_zone_is_what_is_missing() -> None:
    status = status_of(without_a_zone())
    assert status.unknowns == ("zone",)
    assert all(period.impacts.emissions is None and not period.impacts.amounts for period in status.periods.values())
    assert all(one.impacts["year"].emissions is None for one in status.consumers)
    assert [one.key for one in status.consumers][-4:] == list(PSEUDO_SERVICES)
    assert status.periods["year"].impact_coverage == 0.0
    assert status_of(just_started()).periods["year"].impact_coverage is None


def test_where_a_factor_is_missing_the_zone_is_not_what_is_asked_for() -> None:
    fault = "there is no electricity factor of PL: give one"
    status = status_of(replace(without_a_zone(), terms_fault=fault))
    assert status.unknowns == ("factor",)
    for language in Language:
        sentences = words("monitor.web", language).sentences
        assert {"unknown_of.factor", "cure.factor"} <= sentences.keys()


def test_what_nobody_has_said_is_named() -> None:
    assert unknowns(TERMS) == unknowns(YEARLY) == ()
    bare = replace(TERMS, applied=tuple(one for one in TERMS.applied if one.role is Role.ELECTRICITY), assets=())
    assert unknowns(bare) == (
        "hardware",
        "pue",
        "water",
        "wue",
        "primary_energy",
        "abiotic_resources",
        "price",
        "market",
    )


def test_every_missing_thing_has_a_name_and_a_cure_in_both_languages() -> None:
    bare = replace(TERMS, applied=(), assets=())
    for language in Language:
        sentences = words("monitor.web", language).sentences
        assert all(f"unknown_of.{one}" in sentences and f"cure.{one}" in sentences for one in unknowns(bare))
        assert all(f"cure.{one}" in sentences for one in unknowns(None))


def test_every_line_of_the_table_has_a_name_in_both_languages() -> None:
    lines = lines_of(status_of(at_work()), ("day", "month", "year"))
    for language in Language:
        assert all(f"indicator.{line.name}" in words("monitor.web", language).sentences for line in lines)
    shown = {indicator for line in lines for indicator in [line.indicator]} | set(ABIOTIC)
    assert shown == set(Indicator) - {Indicator.ENERGY}
    assert [line.name for line in lines if line.is_part] == ["gwp_use", "gwp_embodied"]


def test_a_line_has_the_periods_in_which_it_is_known() -> None:
    snapshot = two({("assistant", Indicator.COST, "month"): USE}, {("assistant", "month"): Energy(1)})
    (line,) = lines_of(status_of(snapshot), ("day", "month", "year"))
    assert (line.name, line.amounts) == ("cost", {"month": USE})
    assert lines_of(status_of(without_a_zone()), ("day", "month", "year")) == ()


def test_what_is_told_of_impacts_is_understood() -> None:
    whole = status_of(at_work()).periods["year"].impacts
    understood = impacts_told(totals(whole))
    assert understood.emissions == whole.emissions
    for indicator in (Indicator.WATER_GRID, Indicator.WATER_SITE, Indicator.COST, Indicator.PRIMARY_ENERGY):
        assert understood.amounts[indicator].central == whole.amounts[indicator].central
    assert impacts_told(totals(UNKNOWN)) == impacts_told({}) == UNKNOWN
