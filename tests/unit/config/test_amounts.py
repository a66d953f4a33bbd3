from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import amounts
from monitor.config.amounts import DayHours, Exact
from monitor.config.quantities import WrongValueError

ALL = [
    amounts.intensity,
    amounts.water,
    amounts.price,
    amounts.emissions,
    amounts.antimony,
    amounts.lifetime,
    amounts.capacity,
]


def instead_of(read: object, value: object) -> str:
    assert callable(read)
    with pytest.raises(WrongValueError) as caught:
        read(value)
    return caught.value.instead


@pytest.mark.parametrize(
    ("read", "text", "number"),
    [
        (amounts.intensity, "12 g/kWh", "12"),
        (amounts.intensity, "0.0217 kg/kWh", "21.7"),
        (amounts.water, "0.4 L/kWh", "0.4"),
        (amounts.price, "0.2016 EUR/kWh", "0.2016"),
        (amounts.price, "201.6 EUR/MWh", "0.2016"),
        (amounts.price, "0 EUR/kWh", "0"),
        (amounts.emissions, "273kgCO2e", "273"),
        (amounts.antimony, "0.0089 kgSbe", "0.0089"),
        (amounts.antimony, "8.9e-3 kgSbe", "0.0089"),
        (amounts.lifetime, "5 years", "5"),
        (amounts.lifetime, "1 year", "1"),
        (amounts.capacity, "512 GB", "512"),
        (amounts.capacity, "1.92 TB", "1920"),
    ],
)
def test_an_amount_is_read_to_its_last_digit(read: Exact, text: str, number: str) -> None:
    assert read(text) == Decimal(number)


@pytest.mark.parametrize(
    ("read", "value", "instead"),
    [
        (amounts.intensity, 12, '"12 g/kWh"'),
        (amounts.intensity, Decimal("12.5"), '"12.5 g/kWh"'),
        (amounts.intensity, "12 gCO2e/kWh", '"12 g/kWh"'),
        (amounts.intensity, "12 g CO2e / kWh", '"12 g/kWh"'),
        (amounts.intensity, "0.012 kgCO2e/kWh", '"0.012 kg/kWh"'),
        (amounts.intensity, "12 kg/MWh", '"12 g/kWh"'),
        (amounts.intensity, "12 G/KWH", '"12 g/kWh"'),
        (amounts.intensity, "12 parsecs", '"12 g/kWh", for example'),
        (amounts.water, "0,4 L/kWh", '"0.4 L/kWh"'),
        (amounts.water, "0.4 m3/MWh", '"0.4 L/kWh"'),
        (amounts.price, "0.2016 €/kWh", '"0.2016 EUR/kWh"'),
        (amounts.price, "20.16 ct/kWh", '"0.2016 EUR/kWh"'),
        (amounts.price, "201.6 €/MWh", '"201.6 EUR/MWh"'),
        (amounts.emissions, "1.283 tCO2e", '"1283 kgCO2e"'),
        (amounts.emissions, "273 kg CO2 eq", '"273 kgCO2e"'),
        (amounts.emissions, "164-575 kgCO2e", '"273 kgCO2e"'),
        (amounts.emissions, "1 283 kgCO2e", '"273 kgCO2e"'),
        (amounts.antimony, "8.9 gSb", '"0.0089 kgSbe"'),
        (amounts.lifetime, "5 ans", '"5 years"'),
        (amounts.lifetime, 5, '"5 years"'),
        (amounts.capacity, "512 Go", '"512 GB"'),
        (amounts.capacity, "2 To", '"2 TB"'),
        (amounts.capacity, True, '"512 GB"'),
        (amounts.capacity, ["512 GB"], '"512 GB"'),
        (amounts.capacity, "", '"512 GB"'),
    ],
)
def test_what_is_not_an_amount_is_refused_with_what_to_write(read: Exact, value: object, instead: str) -> None:
    assert instead_of(read, value) == instead


@pytest.mark.parametrize("read", ALL)
def test_what_is_suggested_for_a_wrong_unit_is_taken(read: Exact) -> None:
    assert read.mistaken
    for word in read.mistaken:
        text = instead_of(read, f"1 {word}")
        assert read(text.strip('"')) > 0


@pytest.mark.parametrize("read", ALL)
@pytest.mark.parametrize("number", ["-1", "1e9", "nan", "inf"])
def test_neither_negative_nor_endless_amounts_are_taken(read: Exact, number: str) -> None:
    with pytest.raises(WrongValueError):
        read(f"{number} {read.base}")
    with pytest.raises(WrongValueError):
        read(Decimal(number))


def test_making_hardware_never_costs_nothing() -> None:
    for read in (amounts.emissions, amounts.antimony, amounts.lifetime, amounts.capacity):
        with pytest.raises(WrongValueError, match="can't be zero"):
            read(f"0 {read.base}")
    assert amounts.intensity("0 g/kWh") == 0


def test_a_unit_that_was_mistaken_is_noticed_by_the_size_of_the_number() -> None:
    with pytest.raises(WrongValueError, match="look at the unit"):
        amounts.price("201.6 EUR/kWh")


@given(st.decimals(min_value=Decimal("0.000001"), max_value=50, places=6), st.sampled_from(ALL))
def test_what_is_printed_is_read_back_the_same(number: Decimal, read: Exact) -> None:
    if number <= read.highest:
        assert read(read.written(number).strip('"')) == number


def test_hours_of_the_day_may_pass_midnight() -> None:
    assert amounts.day_hours(["22:30-06:30", "12:00-14:00"]) == (DayHours(1350, 390), DayHours(720, 840))
    assert amounts.day_hours(["22:00-24:00"]) == (DayHours(1320, 1440),)
    assert str(DayHours(1350, 390)) == "22:30-06:30"


@pytest.mark.parametrize(
    ("value", "instead"),
    [
        ("22:30-06:30", '["22:30-06:30"]'),
        ([], '["22:30-06:30"]'),
        (["22h30 - 6h30"], '"22:30-06:30"'),
        (["22h-6h"], '"22:00-06:00"'),
        (["22:30\N{EN DASH}06:30"], '"22:30-06:30"'),
        (["night"], '"22:30-06:30"'),
        (["22:60-06:30"], '"22:30-06:30"'),
        ([2230], '"22:30-06:30"'),
        (["25:00-06:30"], ""),
        (["24:00-06:30"], ""),
        (["06:30-06:30"], ""),
        (["22:00-24:30"], ""),
    ],
)
def test_what_are_no_hours_is_refused(value: object, instead: str) -> None:
    assert instead_of(amounts.day_hours, value) == instead


def test_a_day_is_a_date_without_quotes() -> None:
    assert amounts.day(date(2026, 1, 2)) == date(2026, 1, 2)
    assert instead_of(amounts.day, "2026-01-02") == "2026-01-02"
    assert instead_of(amounts.day, "02/01/2026") == "2026-01-02"
    assert instead_of(amounts.day, datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02"
    assert instead_of(amounts.day, 2026) == "2026-01-01, for example"
    assert instead_of(amounts.day, date(226, 1, 2)) == ""


def test_years_and_counts_are_whole_numbers() -> None:
    assert (amounts.year(2026), amounts.count(2)) == (2026, 2)
    assert instead_of(amounts.year, "2026") == "2026"
    assert instead_of(amounts.count, "2") == "2"
    for read, value in ((amounts.year, 226), (amounts.year, True), (amounts.count, 0), (amounts.count, Decimal("1.5"))):
        assert instead_of(read, value) == ""
