from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from monitor.core.factors import How, NoFactorError, Quantity
from monitor.factors.loading import NEWEST, FactorsError, load, names, shipped

OWN = """
[[factor]]
key = "electricity/FR/our-supplier/2026"
quantity = "electricity"
subject = "FR"
provider = "our-supplier"
value = 14.20
low = 11
high = 18.0
unit = "gCO2e/kWh"
year = 2026
valid_from = 2026-01-01
valid_to = 2026-12-31
cycle = "life_cycle"
boundary = "consumption"
accounting = "location"
source = "Contract 2026-ELEC-7, annex 2"
address = "https://www.example.org/contract"
licence = "ours"
retrieved = 2026-11-23
note = "guaranteed by the supplier"
"""
DAY = date(2026, 11, 25)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "own.toml"
    file.write_text(OWN, encoding="utf-8")
    return file


def faults_of(tmp_path: Path, content: str) -> list[str]:
    file = tmp_path / "own.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(FactorsError) as error:
        load("", [file])
    return [str(fault) for fault in error.value.faults]


def test_the_newest_set_is_the_one_that_is_shipped_last() -> None:
    assert names()[-1] == NEWEST
    assert shipped().name == NEWEST


def test_a_set_that_there_is_not_is_told_those_that_there_are() -> None:
    with pytest.raises(FactorsError, match=r"there is no set 1999-01 \(there are: 2026-11\)"):
        load("1999-01")


def test_a_number_is_exactly_what_is_written(own: Path) -> None:
    factor = load("", [own]).get("electricity/FR/our-supplier/2026")
    assert str(factor.value) == "14.20"
    assert (factor.low, factor.high) == (Decimal(11), Decimal(18))


def test_ones_own_file_wins_and_the_name_tells_its_content(own: Path, tmp_path: Path) -> None:
    catalogue = load(NEWEST, [own])
    answer = catalogue.as_of(Quantity.ELECTRICITY, "FR", DAY)
    assert (answer.factor.value, answer.how) == (Decimal("14.2"), (How.EXACT,))
    assert catalogue.as_of(Quantity.ELECTRICITY, "FR", date(2025, 7, 1)).factor.provider == "ademe"
    assert catalogue.name.startswith(f"{NEWEST}+")
    assert len(catalogue.name) == len(NEWEST) + 7
    other = tmp_path / "other.toml"
    other.write_text(OWN.replace("14.20", "14.30"), encoding="utf-8")
    assert load(NEWEST, [other]).name != catalogue.name


def test_the_name_does_not_depend_on_where_the_files_are_or_in_which_order(own: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.toml"
    second.write_text(OWN.replace('"FR"', '"JP"').replace("/FR/", "/JP/"), encoding="utf-8")
    assert load(NEWEST, [own, second]).name == load(NEWEST, [second, own]).name


@pytest.mark.parametrize(
    ("zone", "key"),
    [
        ("FR", "electricity/FR/ademe/2025"),
        ("DE", "electricity/DE/ember/2024"),
        ("FR-974", "electricity/RE/electricity_maps/2025"),
        ("FR-2A", "electricity/FR-COR/electricity_maps/2025"),
        ("YT", "electricity/YT/electricity_maps/2025"),
        ("WORLD", "electricity/WORLD/ember/2024"),
    ],
)
def test_what_a_zone_gets_today(zone: str, key: str) -> None:
    answer = shipped().as_of(Quantity.ELECTRICITY, zone, DAY)
    assert (answer.factor.key, answer.how) == (key, (How.OLDER_YEAR,))


def test_a_year_with_a_figure_has_it() -> None:
    answer = shipped().as_of(Quantity.ELECTRICITY, "FR", date(2023, 6, 1))
    assert (answer.factor.value, answer.how) == (Decimal("58.0"), (How.EXACT,))


@pytest.mark.parametrize("zone", ["WF", "BL", "MF"])
def test_a_territory_without_a_figure_is_an_error_with_the_cure(zone: str) -> None:
    with pytest.raises(NoFactorError, match="give one in a file of your own"):
        shipped().as_of(Quantity.ELECTRICITY, zone, DAY)


def test_the_legal_coefficient_of_france_changes_with_2026() -> None:
    catalogue = shipped()
    for zone in ("FR", "FR-COR"):
        values = [catalogue.as_of(Quantity.PRIMARY_ENERGY, zone, day).factor.value for day in (date(2025, 12, 31), DAY)]
        assert values == [Decimal("2.3"), Decimal("1.9")]


def test_every_zone_that_is_shipped_has_a_factor_for_its_newest_year() -> None:
    catalogue = shipped()
    for zone in catalogue.zones():
        assert catalogue.as_of(Quantity.ELECTRICITY, zone, DAY).how == (How.OLDER_YEAR,), zone


NEEDED = (
    "quantity subject provider value low high unit year valid_from cycle boundary accounting source address licence"
    " retrieved"
)


@pytest.mark.parametrize("key", NEEDED.split())
def test_a_factor_that_lacks_what_defends_it_is_refused(tmp_path: Path, key: str) -> None:
    content = "\n".join(line for line in OWN.splitlines() if not line.startswith(f"{key} ="))
    faults = faults_of(tmp_path, content)
    assert len(faults) == 1
    assert faults[0].startswith(f"own.toml: electricity/FR/our-supplier/2026.{key}: ")
    assert f"write {key} = " in faults[0]


WRONG = {
    "unknown key": (
        'note = "guaranteed by the supplier"',
        'notes = "x"',
        "notes: there is no such key: write note",
    ),
    "low above the value": ("low = 11", "low = 15", "value: it is not between low and high: 15, 14.20, 18.0"),
    "high below the value": ("high = 18.0", "high = 12", "value: it is not between low and high: 11, 14.20, 12"),
    "another unit": (
        "gCO2e/kWh",
        "kgCO2e/kWh",
        'unit: electricity is not given in kgCO2e/kWh: write "gCO2e/kWh"',
    ),
    "unknown word": ("life_cycle", "life-cycle", 'cycle: life-cycle is no word for it: write "life_cycle"'),
    "unknown quantity": ('quantity = "electricity"', 'quantity = "elec"', "quantity: elec is no word for it: write"),
    "unknown zone": ('subject = "FR"', 'subject = "FRA"', "subject: FRA is no zone: write"),
    "another code": ('subject = "FR"', 'subject = "FR-974"', 'subject: this zone has another code: write "RE"'),
    "a number in quotes": ("value = 14.20", 'value = "14.20"', "value: it is a number, without quotes"),
    "below zero": ("low = 11", "low = -1", "low: it is a number, zero or more"),
    "not a number": ("low = 11", "low = nan", "low: it is a number, zero or more"),
    "kilograms in place of grams": (
        "high = 18.0",
        "high = 18000",
        "high: electricity is not below 0 or above 3000 gCO2e",
    ),
    "more digits than can be counted with": ("low = 11", "low = 1e-99999", "low: it is a number of at most 40 digits"),
    "an exponent without end": ("high = 18.0", "high = 1e99999", "high: it is a number of at most 40 digits"),
    "no year": ("year = 2026", "year = 26", "year: it is a year between 1990 and 2100"),
    "a moment": ("valid_from = 2026-01-01", "valid_from = 2026-01-01T00:00:00Z", "valid_from: it is a day"),
    "the end before the beginning": (
        "valid_to = 2026-12-31",
        "valid_to = 2025-12-31",
        "valid_to: it is before valid_from, 2026-01-01",
    ),
    "no address": ("https://www.example.org/contract", "in the cupboard", "address: in the cupboard is not"),
    "a provider of two words": ('"our-supplier"\nvalue', '"Our supplier"\nvalue', "provider: Our supplier is not"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_told_with_its_place_and_the_cure(tmp_path: Path, wrong: str) -> None:
    old, new, expected = WRONG[wrong]
    assert old in OWN
    faults = faults_of(tmp_path, OWN.replace(old, new, 1))
    assert len(faults) == 1
    assert faults[0].startswith(f"own.toml: electricity/FR/our-supplier/2026.{expected}")


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    wrong = OWN.replace("low = 11", "low = -1").replace("year = 2026", "year = 26") + OWN.replace("ours", "")
    assert len(faults_of(tmp_path, wrong)) == 3


def test_a_basis_where_it_has_no_meaning_is_refused(tmp_path: Path) -> None:
    water = OWN.replace('"electricity"', '"water"').replace("gCO2e/kWh", "L/kWh")
    assert [fault.partition("2026.")[2] for fault in faults_of(tmp_path, water)] == [
        f"{name}: only an electricity factor has it: take it out" for name in ("cycle", "boundary", "accounting")
    ]


@pytest.mark.parametrize(
    ("quantity", "unit", "number"),
    [("pue", "kWh/kWh", "0.9"), ("pue", "kWh/kWh", "14"), ("hardware_lifetime", "year", "0"), ("wue", "L/kWh", "400")],
)
def test_a_figure_that_cannot_be_is_refused(quantity: str, unit: str, number: str, tmp_path: Path) -> None:
    table = (
        f'[[factor]]\nkey = "mine"\nquantity = "{quantity}"\nsubject = "server"\nprovider = "us"\nunit = "{unit}"\n'
        f"value = {number}\nlow = {number}\nhigh = {number}\nyear = 2026\nvalid_from = 2026-01-01\n"
        'source = "ours"\naddress = "file:ours"\nlicence = "ours"\nretrieved = 2026-01-01\n'
    )
    (fault,) = faults_of(tmp_path, table)
    assert "look at the unit" in fault


def test_a_device_is_no_file_of_factors() -> None:
    with pytest.raises(FactorsError, match="larger than a file of factors can be"):
        load("", [Path("/dev/zero")])


def test_tables_that_are_nested_without_end_are_refused(tmp_path: Path) -> None:
    assert faults_of(tmp_path, f"a = {'[' * 100_000}") == [
        f"{tmp_path}/own.toml: its tables are nested too deep: name the right file"
    ]


def test_a_key_that_is_taken_is_refused(tmp_path: Path) -> None:
    later = OWN.replace("2026-01-01", "2027-01-01").replace("2026-12-31", "2027-12-31")
    assert any("its key is taken, in own.toml" in fault for fault in faults_of(tmp_path, OWN + later))


def test_two_figures_of_one_provider_for_one_day_are_refused(tmp_path: Path) -> None:
    second = OWN.replace("our-supplier/2026", "our-supplier/2026b").replace("2026-01-01", "2026-12-31")
    assert faults_of(tmp_path, OWN + second) == [
        (
            "electricity/FR/our-supplier/2026b: it holds on days on which electricity/FR/our-supplier/2026 does:"
            " let one end before the other"
        )
    ]


def test_a_figure_without_end_ends_where_the_next_begins(tmp_path: Path) -> None:
    first = OWN.replace("valid_to = 2026-12-31\n", "")
    second = OWN.replace("our-supplier/2026", "our-supplier/2026b").replace("2026-01-01", "2026-07-01")
    file = tmp_path / "own.toml"
    file.write_text(first + second, encoding="utf-8")
    catalogue = load("", [file])
    assert [catalogue.is_own(factor) for factor in catalogue.factors].count(True) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "own.toml: it has no factor: write [[factor]]"),
        ('[factor]\nkey = "x"', "own.toml: it has no factor"),
        ("factor = [1]", "own.toml: factor 1: it is a table"),
        ("[[factors]]", "own.toml.factors: there is no such key: write factor"),
        ("not toml", "it is no TOML in UTF-8"),
    ],
)
def test_a_file_that_is_something_else(tmp_path: Path, content: str, expected: str) -> None:
    assert any(expected in fault for fault in faults_of(tmp_path, content))


def test_a_file_that_is_not_there_and_one_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FactorsError) as error:
        load(NEWEST, [tmp_path / "absent.toml", tmp_path])
    first, second = (str(fault) for fault in error.value.faults)
    assert first == f"{tmp_path}/absent.toml: it does not exist: name another"
    assert second.startswith(f"{tmp_path}: it can't be read")
