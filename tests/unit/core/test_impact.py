import pytest

from monitor.core.impact import (
    Applied,
    Bounds,
    ImpactSeries,
    Indicator,
    Rate,
    Role,
    Terms,
    nearest,
    operational,
    rates_of,
)
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Energy
from tests.fixtures.factors import applied

KWH = MICROJOULES_PER_KILOWATT_HOUR
GRAM = 1_000_000
LITRE = 1_000_000
ELECTRICITY = applied(Role.ELECTRICITY, "51.9", "31", "58")
PUE = applied(Role.PUE, "1.4", "1.3", "1.5")
WUE = applied(Role.WUE, "0.4")
WATER = applied(Role.WATER, "3.67", "1.835", "5.505")


def amounts(*roles: Applied, kilowatt_hours: int = 1000) -> dict[Indicator, Bounds]:
    terms = Terms("FR", roles)
    return {key.indicator: bounds for key, bounds in operational({"a": Energy(kilowatt_hours * KWH)}, terms).items()}


def test_a_thousand_kilowatt_hours_at_ademe_s_factor_and_a_pue_of_1_4_are_72_660_grams() -> None:
    assert amounts(ELECTRICITY, PUE)[Indicator.GWP_USE] == Bounds(40_300 * GRAM, 72_660 * GRAM, 87_000 * GRAM)


def test_water_is_the_site_s_of_the_machine_and_the_grid_s_of_all_the_electricity() -> None:
    found = amounts(WUE, WATER, PUE)
    assert found[Indicator.WATER_SITE] == Bounds(400 * LITRE, 400 * LITRE, 400 * LITRE)
    assert found[Indicator.WATER_GRID].central == 5_138 * LITRE
    both = found[Indicator.WATER_SITE].central + found[Indicator.WATER_GRID].central
    assert both == 5_538 * LITRE  # 1,000 kWh x (0.4 + 1.4 x 3.67) L/kWh


def test_primary_energy_is_that_of_all_the_electricity() -> None:
    found = amounts(applied(Role.PRIMARY_ENERGY, "1.9"), PUE)
    assert found[Indicator.PRIMARY_ENERGY] == Bounds(2470 * KWH, 2660 * KWH, 2850 * KWH)
    assert found[Indicator.FACILITY_ENERGY] == Bounds(1300 * KWH, 1400 * KWH, 1500 * KWH)
    assert found[Indicator.ENERGY] == Bounds(1000 * KWH, 1000 * KWH, 1000 * KWH)


def test_minerals_and_metals_are_in_picograms() -> None:
    found = amounts(applied(Role.ABIOTIC_RESOURCES, "0.00000004858", "0.00000002429", "0.00000007287"), PUE)
    assert found[Indicator.ADPE_USE] == Bounds(31_577_000_000, 68_012_000_000, 109_305_000_000)


def test_what_was_bought_stands_beside_and_changes_nothing_else() -> None:
    found = amounts(ELECTRICITY, applied(Role.MARKET, "6"), PUE)
    assert found[Indicator.GWP_USE_MARKET].central == 8_400 * GRAM
    assert found[Indicator.GWP_USE].central == 72_660 * GRAM


def test_the_cost_is_in_millionths_of_a_euro_and_that_of_all_the_electricity() -> None:
    assert amounts(applied(Role.PRICE, "0.2065"), PUE)[Indicator.COST] == Bounds(268_450_000, 289_100_000, 309_750_000)


def test_without_a_pue_the_figures_are_those_of_the_machine_and_the_room_s_energy_is_unknown() -> None:
    found = amounts(ELECTRICITY)
    assert found[Indicator.GWP_USE].central == 51_900 * GRAM
    assert set(found) == {Indicator.ENERGY, Indicator.GWP_USE}


def test_a_live_hour_scales_the_yearly_level_and_its_range_by_the_live_provider_s_own_mean() -> None:
    shape = applied(Role.SHAPE, "18")
    level = applied(Role.SHAPE_LEVEL, "21.7", "16.275", "27.125")
    found = amounts(ELECTRICITY, shape, level)
    # 51.9 x 18 / 21.7 = 43.050691244...: the range of the level of the shape cancels out
    assert rates_of((ELECTRICITY, shape, level))[Indicator.GWP_USE] == Rate(
        25_714_285_714_286, 43_050_691_244_240, 48_110_599_078_341
    )
    assert found[Indicator.GWP_USE].central == 43_050_691_244


def test_the_market_based_figure_has_no_live_shape() -> None:
    roles = (
        ELECTRICITY,
        applied(Role.MARKET, "6"),
        applied(Role.SHAPE, "18"),
        applied(Role.SHAPE_LEVEL, "21.7"),
    )
    assert amounts(*roles)[Indicator.GWP_USE_MARKET].central == 6_000 * GRAM


def test_a_live_intensity_of_nothing_is_an_hour_of_nothing() -> None:
    found = amounts(ELECTRICITY, applied(Role.SHAPE, "0"), applied(Role.SHAPE_LEVEL, "21.7"))
    assert found[Indicator.GWP_USE] == Bounds.ZERO


def test_each_consumer_has_every_indicator_that_is_known() -> None:
    terms = Terms("FR", (ELECTRICITY,))
    found = operational({"a": Energy(KWH), "_idle": Energy(2 * KWH)}, terms)
    assert found == {
        ImpactSeries("a", Indicator.ENERGY): Bounds(KWH, KWH, KWH),
        ImpactSeries("a", Indicator.GWP_USE): Bounds(31 * GRAM, 51_900_000, 58 * GRAM),
        ImpactSeries("_idle", Indicator.ENERGY): Bounds(2 * KWH, 2 * KWH, 2 * KWH),
        ImpactSeries("_idle", Indicator.GWP_USE): Bounds(62 * GRAM, 103_800_000, 116 * GRAM),
    }


def test_an_hour_of_nobody_comes_to_nothing_and_no_energy_comes_to_zero() -> None:
    terms = Terms("FR", (ELECTRICITY, PUE))
    assert operational({}, terms) == {}
    assert operational({"a": Energy.ZERO}, terms)[ImpactSeries("a", Indicator.GWP_USE)] == Bounds.ZERO


def test_without_a_factor_nothing_but_the_energy_is_known() -> None:
    assert set(amounts()) == {Indicator.ENERGY}


@pytest.mark.parametrize(
    ("numerator", "whole"),
    [(0, 0), (4, 0), (5, 0), (6, 1), (14, 1), (15, 2), (16, 2), (25, 2), (35, 4), (10**30 + 5, 10**29)],
)
def test_half_a_unit_goes_to_the_even_one(numerator: int, whole: int) -> None:
    assert nearest(numerator, 10) == whole


def test_a_microjoule_more_or_less_than_half_a_microgram_decides() -> None:
    # 51.9 g/kWh are 51.9e6 ug over 3.6e12 uJ: half a microgram is 34,682.08 uJ
    rate = rates_of((ELECTRICITY,))[Indicator.GWP_USE]
    assert (rate.of(Energy(34_682)).central, rate.of(Energy(34_683)).central) == (0, 1)


def test_ten_years_of_ten_thousand_hosts_lose_no_unit() -> None:
    energy = Energy(10_000 * 10 * 8760 * 10 * KWH + 1)
    rate = rates_of((ELECTRICITY, PUE))[Indicator.GWP_USE]
    assert rate.of(energy).central == 10_000 * 10 * 8760 * 10 * 72_660_000
    assert rate.of(Energy(10**30)).central == 10**30 * 72_660_000 // KWH


def test_a_factor_of_six_decimals_is_kept_exactly() -> None:
    factor = applied(Role.WATER, "0.123457")
    assert rates_of((factor,))[Indicator.WATER_GRID].central == 123_457 * 10**6


def test_terms_are_reckoned_once() -> None:
    terms = Terms("FR", (ELECTRICITY,))
    assert terms.rates is terms.rates


def test_bounds_add_each_to_each() -> None:
    assert Bounds(1, 2, 3) + Bounds(10, 20, 30) == Bounds(11, 22, 33)
