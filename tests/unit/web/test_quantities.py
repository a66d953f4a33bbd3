from zoneinfo import ZoneInfo

import pytest

from monitor.config import Language
from monitor.core.units import Duration, Energy, Power
from monitor.web.quantities import Quantities, utc
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


def test_times_are_those_of_the_organisation() -> None:
    assert write(Language.ENGLISH).moment(NOW.wall) == "on 2026-11-24 at 23:00:05"
    assert write(Language.FRENCH).moment(NOW.wall) == "le 24/11/2026 à 23:00:05"
    assert write(Language.FRENCH).time(NOW.wall) == "23:00"


def test_programs_are_told_the_time_in_utc() -> None:
    assert utc(NOW.wall + 999_999_999) == write(Language.FRENCH).machine_time(NOW.wall) == "2026-11-24T22:00:05Z"
