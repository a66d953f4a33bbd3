from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from monitor.config import Language
from monitor.core.calendar import utc
from monitor.core.factors import UNITS
from monitor.core.impact import Indicator
from monitor.core.units import Duration, Energy, Power
from monitor.web.quantities import Quantities
from monitor.wording import words
from tests.fixtures.snapshots import NOW

PARIS = ZoneInfo("Europe/Paris")
NARROW, FIXED = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"


def write(language: Language) -> Quantities:
    return Quantities(words("monitor.web", language), PARIS)


@pytest.mark.parametrize(
    ("watt_hours", "text"),
    [
        (0, "0_Wh"),
        (0.000001, "<_0.01_Wh"),
        (0.01, "0.01_Wh"),
        (1.234, "1.23_Wh"),
        (9.996, "10.0_Wh"),
        (12.34, "12.3_Wh"),
        (99.96, "100_Wh"),
        (999.4, "999_Wh"),
        (999.6, "1.00_kWh"),
        (1520, "1.52_kWh"),
        (523_400, "523_kWh"),
        (1_920_000, "1.92_MWh"),
        (4.2e9, "4.20_GWh"),
        (1.2e15, "1,200_TWh"),
    ],
)
def test_an_energy_has_three_digits_and_the_unit_that_suits(watt_hours: float, text: str) -> None:
    energy = Energy.from_joules(watt_hours * 3600)
    assert write(Language.ENGLISH).energy(energy) == text.replace("_", FIXED)
    french = text.replace("_", NARROW).replace(",", NARROW).replace(".", ",")
    assert write(Language.FRENCH).energy(energy) == french


def test_a_power_is_in_watts_or_a_multiple() -> None:
    powers = [write(Language.ENGLISH).power(Power.from_watts(watts)) for watts in (0, 0.03, 243.4, 1500)]
    assert powers == [text.replace("_", FIXED) for text in ("0_W", "0.03_W", "243_W", "1.50_kW")]
    assert write(Language.ENGLISH).watts(243.4) == f"243{FIXED}W"


@pytest.mark.parametrize(
    ("share", "english", "french"),
    [
        (0, "0%", "0_%"),
        (0.0002, "<_0.1%", "<_0,1_%"),
        (0.5, "50.0%", "50,0_%"),
        (0.9964, "99.6%", "99,6_%"),
        (0.9996, ">_99.9%", ">_99,9_%"),
        (1, "100%", "100_%"),
    ],
)
def test_a_share_that_is_not_quite_all_or_nothing_is_not_rounded_to_it(share: float, english: str, french: str) -> None:
    assert write(Language.ENGLISH).share(share) == english.replace("_", FIXED)
    assert write(Language.FRENCH).share(share) == french.replace("_", NARROW)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0_s"),
        (59.4, "59_s"),
        (60, "1_min"),
        (95, "1_min 35_s"),
        (7380, "2_h 3_min"),
        (86400, "1_d"),
        (86400 * 3 + 7260, "3_d 2_h"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert write(Language.ENGLISH).duration(Duration.from_seconds(seconds)) == text.replace("_", FIXED)
    assert write(Language.FRENCH).duration(Duration.from_seconds(86400)) == f"1{NARROW}j"


@pytest.mark.parametrize(
    ("indicator", "units", "text"),
    [
        (Indicator.GWP_USE, 0, "0_g_CO₂e"),
        (Indicator.GWP_EMBODIED, 1, "<_0.01_g_CO₂e"),
        (Indicator.GWP_USE, 825_000_000, "825_g_CO₂e"),
        (Indicator.GWP_USE_MARKET, 999_600_000, "1.00_kg_CO₂e"),
        (Indicator.GWP_USE, 72_660_000_000, "72.7_kg_CO₂e"),
        (Indicator.GWP_USE, 4_200_000_000_000, "4.20_t_CO₂e"),
        (Indicator.GWP_USE, 1_234_000_000_000_000, "1,234_t_CO₂e"),
        (Indicator.WATER_GRID, 3_100, "3.10_mL"),
        (Indicator.WATER_SITE, 82_700_000, "82.7_L"),
        (Indicator.WATER_GRID, 9_280_000_000, "9.28_m³"),
        (Indicator.ADPE_USE, 2_500_000, "2.50_µg_Sb eq"),
        (Indicator.ADPE_EMBODIED, 242_000_000_000, "242_mg_Sb eq"),
        (Indicator.ADPE_USE, 2_110_000_000_000, "2.11_g_Sb eq"),
        (Indicator.PRIMARY_ENERGY, 4_800 * 3_600_000_000_000, "4.80_MWh"),
        (Indicator.FACILITY_ENERGY, 10_900 * 3_600_000_000, "10.9_kWh"),
    ],
)
def test_an_impact_has_three_digits_and_the_unit_that_suits(indicator: Indicator, units: int, text: str) -> None:
    assert write(Language.ENGLISH).amount(indicator, units) == text.replace("_", FIXED)
    french = text.replace("_", NARROW).replace(",", NARROW).replace(".", ",").replace("Sb eq", "Sb éq.")
    assert write(Language.FRENCH).amount(indicator, units) == french
    bare = text.removesuffix("_CO₂e").removesuffix("_Sb eq")
    assert write(Language.ENGLISH).bare(indicator, units) == bare.replace("_", FIXED)


@pytest.mark.parametrize(
    ("micros", "english", "french"),
    [
        (0, "€0.00", "0,00_€"),
        (4, "<_€0.01", "<_0,01_€"),
        (2_194_000, "€2.19", "2,19_€"),
        (509_430_000, "€509.43", "509,43_€"),
        (1_234_560_000, "€1,235", "1 235_€"),
    ],
)
def test_money_is_written_as_the_language_writes_it(micros: int, english: str, french: str) -> None:
    assert write(Language.ENGLISH).amount(Indicator.COST, micros) == english.replace("_", FIXED)
    assert write(Language.FRENCH).amount(Indicator.COST, micros) == french.replace("_", NARROW).replace(" ", NARROW)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("51.9", "gCO2e/kWh", "51,9_g_CO₂e/kWh"),
        ("58.0", "gCO2e/kWh", "58_g_CO₂e/kWh"),
        ("1000", "gCO2e/kWh", "1_000_g_CO₂e/kWh"),
        ("3.6737", "L/kWh", "3,6737_L/kWh"),
        ("0.00000004858", "kgSbe/kWh", "0,04858_mg_Sb_éq./kWh"),
        ("1.4", "kWh/kWh", "1,4"),
        ("0.2016", "EUR/kWh", "0,2016_€/kWh"),
        ("0.17123333333333333333", "EUR/kWh", "0,17123_€/kWh"),
        ("0.0089", "kgSbe/piece", "8_900_mg_Sb_éq."),
        ("5", "year", "5_ans"),
    ],
)
def test_a_factor_is_written_with_the_digits_of_its_source(value: str, unit: str, text: str) -> None:
    assert write(Language.FRENCH).factor(Decimal(value), unit) == text.replace("_", NARROW)


def test_every_unit_of_a_factor_can_be_written() -> None:
    for language in Language:
        assert all(write(language).factor(Decimal(1), unit) for units in UNITS.values() for unit in units)


def test_an_intensity_has_three_digits() -> None:
    assert write(Language.FRENCH).intensity(43.0506) == f"43,1{NARROW}g{NARROW}CO₂e/kWh"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1,92_MWh", ("1,92", "MWh")),
        ("71,2_kg_CO₂e", ("71,2", "kg_CO₂e")),
        ("1_234_t_CO₂e", ("1_234", "t_CO₂e")),
        ("<_0,01_g", ("<_0,01", "g")),
        ("€12.30", ("€12.30", "")),
        ("1,4", ("1,4", "")),
    ],
)
def test_a_number_can_be_set_apart_from_its_unit(text: str, parts: tuple[str, str]) -> None:
    number, unit = write(Language.FRENCH).parted(text.replace("_", NARROW))
    assert (number.replace(NARROW, "_"), unit.replace(NARROW, "_")) == parts


def test_times_are_those_of_the_organisation() -> None:
    assert write(Language.ENGLISH).moment(NOW.wall) == "on 2026-11-24 at 23:00:05"
    assert write(Language.FRENCH).moment(NOW.wall) == "le 24/11/2026 à 23:00:05"
    assert write(Language.FRENCH).time(NOW.wall) == "23:00"


def test_programs_are_told_the_time_in_utc() -> None:
    assert utc(NOW.wall + 999_999_999) == write(Language.FRENCH).machine_time(NOW.wall) == "2026-11-24T22:00:05Z"


@pytest.mark.parametrize(
    ("value", "energy", "emissions"),
    [
        (Fraction(185, 100), "1.85_Wh", "1.85_g_CO₂e"),
        (Fraction(1, 10), "0.10_Wh", "0.10_g_CO₂e"),
        (Fraction(99, 1000), "99.0_mWh", "99.0_mg_CO₂e"),
        (Fraction(1, 10**6), "<_0.01_mWh", "<_0.01_mg_CO₂e"),
        (Fraction(0), "0_Wh", "0_g_CO₂e"),
        (Fraction(2500), "2.50_kWh", "2.50_kg_CO₂e"),
    ],
)
def test_what_a_unit_of_work_took_keeps_its_digits(value: Fraction, energy: str, emissions: str) -> None:
    english = write(Language.ENGLISH)
    assert english.fine_energy(value) == energy.replace("_", FIXED)
    assert english.fine_emissions(value) == emissions.replace("_", FIXED)
