from datetime import date
from decimal import Decimal

from monitor.adapters.codecarbon import EnergyMix
from monitor.core.factors import How, Quantity
from monitor.factors.codecarbon import codecarbon_factor
from tests.fixtures.factors import shipped_factors

DAY = date(2026, 11, 25)
JAPAN = codecarbon_factor(EnergyMix("JP", "Japan", 2023, Decimal("485.392"), "3.3.2"), DAY)


def test_a_country_that_the_set_lacks_gets_its_factor_marked_with_its_year() -> None:
    answer = shipped_factors().extended([JAPAN], "codecarbon-3.3.2").as_of(Quantity.ELECTRICITY, "JP", DAY)
    assert answer.factor is JAPAN
    assert answer.how == (How.OLDER_YEAR, How.ALTERNATIVE_SOURCE)
    assert answer.factor.year == 2023


def test_its_range_is_that_of_a_single_source() -> None:
    assert (JAPAN.low, JAPAN.value, JAPAN.high) == (Decimal("364.044"), Decimal("485.392"), Decimal("606.740"))
    assert "+-25 %" in JAPAN.note


def test_it_never_takes_the_place_of_a_factor_of_the_set() -> None:
    mix = EnergyMix("FR", "France", 2023, Decimal("56.039"), "3.3.2")
    catalogue = shipped_factors().extended([codecarbon_factor(mix, DAY)], "codecarbon-3.3.2")
    assert catalogue.as_of(Quantity.ELECTRICITY, "FR", DAY).factor.provider == "ademe"
