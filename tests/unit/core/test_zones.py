import pytest

from monitor.core.zones import canonical, is_known, parent_of, stands_alone


@pytest.mark.parametrize(("code", "expected"), [("FR-974", "RE"), ("FR-RE", "RE"), ("FR-2A", "FR-COR"), ("UK", "GB")])
def test_a_zone_has_one_code(code: str, expected: str) -> None:
    assert canonical(code) == expected


def test_a_part_of_a_country_has_the_country_above_it() -> None:
    assert parent_of("US-CA") == "US"
    assert parent_of("FR-IDF") == "FR"


@pytest.mark.parametrize("zone", ["FR", "WORLD", "RE", "FR-COR", "US-HI", "ES-CN", "PT-20", "ES-CN-TF"])
def test_a_country_and_a_grid_of_its_own_have_none(zone: str) -> None:
    assert parent_of(zone) == ""


def test_every_overseas_territory_and_corsica_stand_alone() -> None:
    for code in ("GP", "MQ", "GF", "RE", "PM", "YT", "BL", "MF", "WF", "PF", "NC", "FR-COR"):
        assert stands_alone(code), code
    assert not stands_alone("FR")


@pytest.mark.parametrize("zone", ["FR", "FR-974", "US-CA", "WORLD", "FR-COR"])
def test_known_zones(zone: str) -> None:
    assert is_known(zone)


@pytest.mark.parametrize("zone", ["XX", "FRA", "fr", "France", "", "FR-", "world"])
def test_unknown_zones(zone: str) -> None:
    assert not is_known(zone)
