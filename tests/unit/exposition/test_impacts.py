from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from monitor.core.entries import UNATTRIBUTED, Meter
from monitor.core.factors import Basis, How, Quantity
from monitor.core.impact import Applied, Bounds, ImpactSeries, Indicator, Role, Terms
from monitor.core.readings import PACKAGE, Method
from monitor.core.units import Duration, Energy
from monitor.exposition import catalogue, department_rows
from monitor.exposition.catalogue import Metric
from monitor.exposition.impacts import applied_intensity, coverage
from monitor.exposition.series import FILLINGS
from monitor.exposition.snapshot import Snapshot
from tests.fixtures.factors import applied, factor
from tests.fixtures.impacts import AVERAGE_MIX, CONTRACT, LEVEL, TERMS, YEARLY
from tests.fixtures.snapshots import ABOUT, NOW, at_work, just_started, without_a_zone

KILOWATT_HOUR = Energy(3_600_000_000_000)
COUNTED = Meter(PACKAGE, Method.COUNTER)
IMPACTS = (
    catalogue.SERVICE_EMISSIONS,
    catalogue.SERVICE_WATER,
    catalogue.PERIOD_FACILITY_ENERGY,
    catalogue.PERIOD_EMISSIONS,
    catalogue.PERIOD_EMISSIONS_LOW,
    catalogue.PERIOD_EMISSIONS_HIGH,
    catalogue.PERIOD_EMISSIONS_MARKET,
    catalogue.PERIOD_WATER,
    catalogue.PERIOD_PRIMARY_ENERGY,
    catalogue.PERIOD_ABIOTIC_RESOURCES,
    catalogue.PERIOD_COST,
    department_rows.FACILITY_ENERGY,
    department_rows.EMISSIONS,
    department_rows.EMISSIONS_LOW,
    department_rows.EMISSIONS_HIGH,
    department_rows.WATER,
    department_rows.COST,
    catalogue.GRID_INTENSITY,
    catalogue.GRID_INTENSITY_TIME,
    catalogue.IMPACT_FACTOR,
)


def shown(metric: Metric, snapshot: Snapshot) -> dict[tuple[str, ...], float]:
    return dict(FILLINGS[metric](snapshot, ABOUT))


def of_a_day(amounts: Mapping[Indicator, int | Bounds], energy: Energy = KILOWATT_HOUR) -> Snapshot:
    """Return what service `a` came to today: whole numbers have no range."""
    bounds = {key: one if isinstance(one, Bounds) else Bounds(one, one, one) for key, one in amounts.items()}
    return replace(
        at_work(),
        period_impacts={("a", indicator, "day"): one for indicator, one in bounds.items()},
        period_energy={("a", "day"): energy},
        period_meters={("a", "day"): {COUNTED: energy}},
    )


@pytest.mark.parametrize("metric", IMPACTS, ids=lambda metric: metric.name)
def test_without_a_zone_nothing_is_shown_of_impacts_and_never_a_zero(metric: Metric) -> None:
    assert shown(metric, without_a_zone()) == {}
    assert shown(metric, just_started()) == {}


def test_counters_are_in_grams_and_litres_by_what_they_come_from() -> None:
    counted = {
        ImpactSeries("a", Indicator.GWP_USE): 72_660_000_001,
        ImpactSeries("a", Indicator.GWP_EMBODIED): 1_500_000,
        ImpactSeries(UNATTRIBUTED, Indicator.GWP_EMBODIED): 1,
        ImpactSeries("a", Indicator.WATER_GRID): 3_000_000,
        ImpactSeries("a", Indicator.WATER_SITE): 250_000,
        ImpactSeries("a", Indicator.ADPE_USE): 10**12,
    }
    snapshot = replace(at_work(), impacts=counted)
    assert shown(catalogue.SERVICE_EMISSIONS, snapshot) == {
        ("a", "use"): 72_660.000001,
        ("a", "embodied"): 1.5,
        ("_unattributed", "embodied"): 1e-6,
    }
    assert shown(catalogue.SERVICE_WATER, snapshot) == {("a", "grid"): 3.0, ("a", "site"): 0.25}


@pytest.mark.parametrize(
    ("metric", "indicator", "units", "labels", "value"),
    [
        (catalogue.PERIOD_FACILITY_ENERGY, Indicator.FACILITY_ENERGY, 5_040_000_000_000, ("a", "day"), 5_040_000.0),
        (catalogue.PERIOD_EMISSIONS, Indicator.GWP_USE, 72_660_000, ("a", "use", "day"), 72.66),
        (catalogue.PERIOD_EMISSIONS, Indicator.GWP_EMBODIED, 2_500_000, ("a", "embodied", "day"), 2.5),
        (catalogue.PERIOD_EMISSIONS_MARKET, Indicator.GWP_USE_MARKET, 16_800_000, ("a", "day"), 16.8),
        (catalogue.PERIOD_WATER, Indicator.WATER_GRID, 5_143_180, ("a", "grid", "day"), 5.14318),
        (catalogue.PERIOD_WATER, Indicator.WATER_SITE, 400_000, ("a", "site", "day"), 0.4),
        (catalogue.PERIOD_PRIMARY_ENERGY, Indicator.PRIMARY_ENERGY, 9_576_000_000_000, ("a", "day"), 9_576_000.0),
        (catalogue.PERIOD_ABIOTIC_RESOURCES, Indicator.ADPE_USE, 68_012_000, ("a", "use", "day"), 6.8012e-5),
        (catalogue.PERIOD_ABIOTIC_RESOURCES, Indicator.ADPE_EMBODIED, 5, ("a", "embodied", "day"), 5e-12),
        (catalogue.PERIOD_COST, Indicator.COST, 282_240, ("a", "day"), 0.28224),
    ],
    ids=lambda value: value.name if isinstance(value, Metric) else str(value),
)
def test_a_period_shows_each_indicator_in_its_base_unit_and_nothing_that_is_unknown(
    metric: Metric, indicator: Indicator, units: int, labels: tuple[str, ...], value: float
) -> None:
    snapshot = of_a_day({indicator: Bounds(0, units, 2 * units)})
    assert shown(metric, snapshot) == {labels: value}
    others = {one for one in IMPACTS[2:11] if one is not metric and shown(one, snapshot)}
    bounded = {catalogue.PERIOD_EMISSIONS_LOW, catalogue.PERIOD_EMISSIONS_HIGH}
    assert others == (bounded if metric is catalogue.PERIOD_EMISSIONS else set())


def test_bounds_of_emissions_have_the_error_of_the_meter_and_the_range_of_the_factors() -> None:
    # use: 40 below and 30 above by its factors, 10 % of 100 by a counter; embodied: 12 and 16 around 20
    snapshot = of_a_day({Indicator.GWP_USE: Bounds(60_000_000, 100_000_000, 130_000_000)})
    assert shown(catalogue.PERIOD_EMISSIONS_LOW, snapshot)["a", "day"] == pytest.approx(100 - (40**2 + 10**2) ** 0.5)
    assert shown(catalogue.PERIOD_EMISSIONS_HIGH, snapshot)["a", "day"] == pytest.approx(100 + (30**2 + 10**2) ** 0.5)
    both = {
        Indicator.GWP_USE: Bounds(60_000_000, 100_000_000, 130_000_000),
        Indicator.GWP_EMBODIED: Bounds(8_000_000, 20_000_000, 36_000_000),
    }
    low, high = 120 - (40**2 + 10**2 + 12**2) ** 0.5, 120 + (30**2 + 10**2 + 16**2) ** 0.5
    assert shown(catalogue.PERIOD_EMISSIONS_LOW, of_a_day(both))["a", "day"] == pytest.approx(low, abs=2e-6)
    assert shown(catalogue.PERIOD_EMISSIONS_HIGH, of_a_day(both))["a", "day"] == pytest.approx(high, abs=2e-6)


def test_hardware_that_nobody_used_has_the_range_of_its_own_factors_alone() -> None:
    snapshot = of_a_day({Indicator.GWP_EMBODIED: Bounds(8_000_000, 20_000_000, 36_000_000)})
    assert shown(catalogue.PERIOD_EMISSIONS_LOW, snapshot) == {("a", "day"): 8.0}
    assert shown(catalogue.PERIOD_EMISSIONS_HIGH, snapshot) == {("a", "day"): 36.0}


def test_every_emission_lies_between_its_bounds() -> None:
    snapshot = at_work()
    low, high = shown(catalogue.PERIOD_EMISSIONS_LOW, snapshot), shown(catalogue.PERIOD_EMISSIONS_HIGH, snapshot)
    central: dict[tuple[str, str], float] = {}
    for (service, _, period), grams in shown(catalogue.PERIOD_EMISSIONS, snapshot).items():
        central[service, period] = central.get((service, period), 0.0) + grams
    assert low.keys() == high.keys() == central.keys()
    assert all(low[key] < grams < high[key] for key, grams in central.items())


def test_bounds_are_reckoned_once_for_both_metrics() -> None:
    snapshot = at_work()
    assert snapshot.emissions is snapshot.emissions


def test_coverage_is_the_share_of_the_energy_whose_impacts_are_known() -> None:
    energy = KILOWATT_HOUR.microjoules
    snapshot = replace(
        of_a_day({Indicator.ENERGY: energy}),
        period_energy={("a", "day"): KILOWATT_HOUR, ("b", "day"): Energy(3 * energy), ("a", "month"): Energy.ZERO},
    )
    assert shown(catalogue.IMPACT_COVERAGE, snapshot) == {("day",): 0.25}
    whole = at_work()
    assert coverage(whole.period_impacts, whole.period_energy) == pytest.approx(
        {"day": 1.0, "month": 1.0, "quarter": 1.0, "year": 0.94}
    )


def test_without_a_zone_nothing_of_what_was_measured_is_covered() -> None:
    assert set(shown(catalogue.IMPACT_COVERAGE, without_a_zone()).values()) == {0.0}
    assert shown(catalogue.IMPACT_COVERAGE, just_started()) == {}


def test_the_intensity_is_told_as_a_yearly_level_as_it_is_applied_and_as_it_came() -> None:
    assert shown(catalogue.GRID_INTENSITY, at_work()) == {
        ("FR", "ademe", "yearly_life_cycle_consumption_location"): 51.9,
        ("FR", "configured", "yearly_market"): 12.0,
        ("FR", "rte", "yearly_direct_generation_location"): 21.7,
        ("FR", "ademe", "applied"): pytest.approx(51.9 * 18 / 21.7),
        ("FR", "rte", "live_direct"): 18.0,
    }


def test_without_a_live_source_the_yearly_level_is_applied() -> None:
    snapshot = replace(at_work(), terms=YEARLY, intensity=None)
    found = shown(catalogue.GRID_INTENSITY, snapshot)
    assert found["FR", "ademe", "applied"] == found["FR", "ademe", "yearly_life_cycle_consumption_location"] == 51.9
    assert not [labels for labels in found if labels[2].startswith("live")]
    assert shown(catalogue.GRID_INTENSITY_TIME, snapshot) == {}


def test_a_live_intensity_is_told_before_anything_is_reckoned_by_it() -> None:
    assert set(shown(catalogue.GRID_INTENSITY, replace(at_work(), terms=None))) == {("FR", "rte", "live_direct")}


def test_a_level_whose_basis_nobody_said_is_a_yearly_one() -> None:
    bare = Applied(Role.ELECTRICITY, factor(Quantity.ELECTRICITY, "40", provider="own", basis=Basis()), (How.EXACT,))
    assert set(shown(catalogue.GRID_INTENSITY, replace(at_work(), terms=Terms("RE", (bare,)), intensity=None))) == {
        ("RE", "own", "yearly"),
        ("RE", "own", "applied"),
    }


def test_terms_without_electricity_have_no_intensity() -> None:
    assert applied_intensity(Terms("FR", (applied(Role.PUE, "1.4"),))) is None
    assert applied_intensity(TERMS) == pytest.approx(float(AVERAGE_MIX.value * Decimal(18) / LEVEL.value))


def test_the_time_of_the_live_intensity_is_the_end_of_what_it_tells_of() -> None:
    live = at_work().intensity
    assert live is not None
    snapshot = replace(at_work(), intensity=replace(live, start=NOW.wall, length=Duration(900 * 10**9)))
    assert shown(catalogue.GRID_INTENSITY_TIME, snapshot) == {("FR", "rte"): NOW.wall / 1e9 + 900}


def test_each_factor_at_work_is_told_but_for_the_shape_that_changes_with_every_reading() -> None:
    told = {labels[0]: labels for labels in shown(catalogue.IMPACT_FACTOR, at_work())}
    assert told.keys() == {role.value for role in Role} - {"shape"}
    assert told["electricity"] == ("electricity", AVERAGE_MIX.key, "ademe", "2024", "older_year")
    assert told["abiotic_resources"][-1] == "older_year alternative_source"
    assert told["market"][1] == CONTRACT.key
    assert told["pue"] == ("pue", "configured/host.pue", "configured", "", "exact"), "it is of no year"
