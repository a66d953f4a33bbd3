from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from monitor.core.factors import (
    Accounting,
    Basis,
    Boundary,
    Catalogue,
    Cycle,
    Factor,
    How,
    NoFactorError,
    Quantity,
)
from tests.fixtures.factors import ADEME, DIRECT, factor

RESIDUAL = Basis(Cycle.DIRECT, Boundary.GENERATION, Accounting.MARKET)
DAY = date(2026, 11, 25)


def electricity(zone: str, provider: str, year: int, value: str = "50", basis: Basis = ADEME) -> Factor:
    return factor(Quantity.ELECTRICITY, value, subject=zone, provider=provider, year=year, basis=basis)


def legal(value: str, begin: date, end: date | None) -> Factor:
    coefficient = factor(Quantity.PRIMARY_ENERGY, value, provider="legal", year=begin.year, until=end)
    return replace(coefficient, key=f"primary_energy/{begin}", valid_from=begin)


FRANCE = [electricity("FR", "ademe", year, value) for year, value in ((2023, "58.0"), (2024, "51.9"))]
OTHERS = [electricity("FR", "ember", 2026), electricity("DE", "ember", 2024), electricity("US", "ember", 2024)]
RTE = electricity("FR", "rte", 2024, "21.7", DIRECT)
REUNION = electricity("RE", "ember", 2022, "525")
CATALOGUE = Catalogue(
    "test", [*FRANCE, *OTHERS, RTE, REUNION], ["ember", "electricity_maps"], orders={"FR": ["ademe", "ember"]}
)


def chosen(zone: str, day: date, provider: str = "", catalogue: Catalogue = CATALOGUE) -> tuple[str, tuple[How, ...]]:
    answer = catalogue.as_of(Quantity.ELECTRICITY, zone, day, provider)
    return answer.factor.key, answer.how


def test_a_day_has_the_factor_of_its_year() -> None:
    assert chosen("FR", date(2023, 12, 31)) == ("electricity/FR/ademe/2023", (How.EXACT,))
    assert chosen("FR", date(2024, 1, 1)) == ("electricity/FR/ademe/2024", (How.EXACT,))


def test_a_year_without_a_figure_has_the_newest_before_and_says_so() -> None:
    assert chosen("FR", DAY) == ("electricity/FR/ademe/2024", (How.OLDER_YEAR,))


def test_the_provider_comes_before_the_year() -> None:
    assert chosen("FR", DAY)[0] != "electricity/FR/ember/2026"


def test_a_provider_that_is_named_is_taken() -> None:
    assert chosen("FR", DAY, "ember") == ("electricity/FR/ember/2026", (How.EXACT,))


def test_another_provider_stands_in_and_is_said_to() -> None:
    assert chosen("DE", date(2024, 5, 1), "ademe") == ("electricity/DE/ember/2024", (How.ALTERNATIVE_SOURCE,))
    before = Catalogue("test", [electricity("FR", "ember", 2020), *FRANCE], orders={"FR": ["ademe", "ember"]})
    assert chosen("FR", date(2020, 5, 1), catalogue=before) == (
        "electricity/FR/ember/2020",
        (How.ALTERNATIVE_SOURCE,),
    )


def test_who_has_nothing_of_a_quantity_at_all_is_not_missed() -> None:
    water = replace(electricity("FR", "wri", 2026), key="water/FR", quantity=Quantity.WATER, basis=Basis())
    catalogue = Catalogue("test", [*FRANCE, water], ["ademe", "ember"])
    assert catalogue.as_of(Quantity.WATER, "FR", DAY).how == (How.EXACT,)


def test_direct_emissions_are_never_chosen_unless_named() -> None:
    only = Catalogue("test", [RTE], ["rte"])
    with pytest.raises(NoFactorError):
        only.as_of(Quantity.ELECTRICITY, "FR", DAY)
    with pytest.raises(NoFactorError):
        only.as_of(Quantity.ELECTRICITY, "FR", DAY, "ademe")
    assert chosen("FR", DAY, "rte", only) == ("electricity/FR/rte/2024", (How.OLDER_YEAR,))


def test_market_based_figures_are_never_chosen_unless_their_provider_is_named() -> None:
    residual = electricity("FR", "aib", 2024, "40", RESIDUAL)
    catalogue = Catalogue("test", [*FRANCE, residual], ["aib", "ademe"])
    day = date(2024, 5, 1)
    assert chosen("FR", day, catalogue=catalogue)[0] == "electricity/FR/ademe/2024"
    assert chosen("FR", day, "aib", catalogue) == (residual.key, (How.EXACT,))


def test_a_part_of_a_country_has_the_countrys_and_says_so() -> None:
    assert chosen("US-CA", date(2024, 5, 1)) == ("electricity/US/ember/2024", (How.PARENT_ZONE,))
    assert chosen("US-CA", DAY)[1] == (How.OLDER_YEAR, How.PARENT_ZONE)


def test_its_own_factor_comes_before_the_countrys() -> None:
    catalogue = Catalogue("test", [*OTHERS, electricity("US-CA", "other", 2023)], ["ember"])
    assert chosen("US-CA", DAY, catalogue=catalogue)[0] == "electricity/US-CA/other/2023"


@pytest.mark.parametrize("zone", ["RE", "FR-974", "FR-RE"])
def test_reunion_has_its_own(zone: str) -> None:
    assert chosen(zone, DAY)[0] == "electricity/RE/ember/2022"


@pytest.mark.parametrize(
    "zone", ["FR-COR", "FR-2B", "FR-20R", "GP", "FR-971", "PM", "WF", "BL", "MF", "FR-988", "US-HI"]
)
def test_an_island_or_territory_never_has_the_mainlands(zone: str) -> None:
    with pytest.raises(NoFactorError, match=r"none stands in for a grid of its own: give one in a file of your own"):
        CATALOGUE.as_of(Quantity.ELECTRICITY, zone, DAY)


def test_the_world_stands_in_for_nobody() -> None:
    catalogue = Catalogue("test", [electricity("WORLD", "ember", 2024)])
    with pytest.raises(NoFactorError, match=r"no electricity factor of JP: give one in a file of your own"):
        catalogue.as_of(Quantity.ELECTRICITY, "JP", DAY)


def test_an_unknown_zone_is_told_what_was_probably_meant() -> None:
    with pytest.raises(NoFactorError, match=r"FRA is no zone: did you mean FR\?"):
        CATALOGUE.as_of(Quantity.ELECTRICITY, "FRA", DAY)


def test_a_day_before_all_factors_is_told_when_they_begin() -> None:
    with pytest.raises(NoFactorError, match="begins on 2023-01-01, not 2019-05-01") as error:
        CATALOGUE.as_of(Quantity.ELECTRICITY, "FR", date(2019, 5, 1))
    assert "[factors] files" in error.value.cure


def test_a_legal_coefficient_switches_on_its_day_and_does_not_age() -> None:
    change = [legal("2.3", date(2021, 7, 1), date(2025, 12, 31)), legal("1.9", date(2026, 1, 1), None)]
    catalogue = Catalogue("test", change)

    def on(day: date) -> tuple[Decimal, tuple[How, ...]]:
        answer = catalogue.as_of(Quantity.PRIMARY_ENERGY, "FR", day)
        return answer.factor.value, answer.how

    assert on(date(2025, 12, 31)) == (Decimal("2.3"), (How.EXACT,))
    assert on(date(2026, 1, 1)) == (Decimal("1.9"), (How.EXACT,))
    assert on(date(2029, 1, 1)) == (Decimal("1.9"), (How.EXACT,))


def test_a_legal_coefficient_that_has_ended_is_not_used() -> None:
    catalogue = Catalogue("test", [legal("2.3", date(2021, 7, 1), date(2025, 12, 31))])
    with pytest.raises(NoFactorError, match="ends on 2025-12-31, not 2026-11-25"):
        catalogue.as_of(Quantity.PRIMARY_ENERGY, "FR", DAY)


def test_ones_own_factor_wins_for_the_days_that_it_covers() -> None:
    mine = replace(electricity("FR", "mine", 2024, "9"), valid_to=date(2024, 6, 30))
    catalogue = Catalogue("test", FRANCE, ["ademe"], own=[mine])
    assert chosen("FR", date(2024, 6, 30), catalogue=catalogue) == (mine.key, (How.EXACT,))
    assert chosen("FR", date(2024, 7, 1), catalogue=catalogue)[0] == "electricity/FR/ademe/2024"
    assert chosen("FR", date(2023, 7, 1), catalogue=catalogue)[0] == "electricity/FR/ademe/2023"
    assert catalogue.is_own(mine)
    assert not catalogue.is_own(FRANCE[0])


def test_who_names_a_provider_gets_that_one_even_beside_ones_own() -> None:
    catalogue = Catalogue("test", FRANCE, own=[electricity("FR", "mine", 2024)])
    assert chosen("FR", DAY, "ademe", catalogue)[0] == "electricity/FR/ademe/2024"
    assert chosen("FR", DAY, "mine", catalogue)[0] == "electricity/FR/mine/2024"


def test_ones_own_factor_with_the_key_of_another_replaces_it() -> None:
    better = electricity("FR", "ademe", 2024, "52.5")
    catalogue = Catalogue("test", FRANCE, own=[better])
    assert [factor.value for factor in catalogue.factors if factor.key == better.key] == [Decimal("52.5")]


def test_find_has_the_preferred_first_and_of_each_the_newest() -> None:
    assert [factor.key for factor in CATALOGUE.find(Quantity.ELECTRICITY, "FR")] == [
        "electricity/FR/ademe/2024",
        "electricity/FR/ademe/2023",
        "electricity/FR/ember/2026",
        "electricity/FR/rte/2024",
    ]
    assert CATALOGUE.providers("FR") == ("ademe", "ember", "rte")
    assert CATALOGUE.zones() == ("DE", "FR", "RE", "US")


def test_a_key_that_there_is_not_is_told_the_closest() -> None:
    assert CATALOGUE.get("electricity/FR/rte/2024") is RTE
    with pytest.raises(NoFactorError, match=r"did you mean electricity/FR/rte/2024\?"):
        CATALOGUE.get("electricity/FR/rte/2025")


def test_an_unknown_model_is_told_the_closest() -> None:
    card = replace(electricity("nvidia-l4", "boavizta", 2026), key="card", quantity=Quantity.HARDWARE_GWP)
    with pytest.raises(NoFactorError, match=r"no hardware gwp factor of nvidia-l40: did you mean nvidia-l4\?"):
        Catalogue("test", [card]).as_of(Quantity.HARDWARE_GWP, "nvidia-l40", DAY)


def test_a_catalogue_can_be_extended_and_says_by_what() -> None:
    mine = electricity("FR", "mine", 2024)
    further = electricity("JP", "codecarbon", 2023)
    catalogue = Catalogue("test", FRANCE, ["ademe"], own=[mine]).extended([further], "codecarbon-3.3.2")
    assert catalogue.name == "test+codecarbon-3.3.2"
    assert chosen("JP", DAY, catalogue=catalogue) == (further.key, (How.OLDER_YEAR, How.ALTERNATIVE_SOURCE))
    assert chosen("FR", DAY, catalogue=catalogue)[0] == mine.key
    assert len(catalogue.factors) == len(FRANCE) + 2
