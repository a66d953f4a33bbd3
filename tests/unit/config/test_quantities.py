import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.quantities import (
    WrongValueError,
    duration,
    duration_text,
    memory,
    memory_text,
    power,
    power_text,
)
from monitor.core.units import Duration, Memory, Power


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("5s", 5 * 10**9),
        (" 5 s ", 5 * 10**9),
        ("250ms", 250 * 10**6),
        ("1.5h", 5400 * 10**9),
        ("2min", 120 * 10**9),
        ("40d", 40 * 86400 * 10**9),
        ("0.1s", 10**8),
    ],
)
def test_a_duration_is_read_exactly(text: str, nanoseconds: int) -> None:
    assert duration(text) == Duration(nanoseconds)


def test_power_and_memory_are_read_in_their_units() -> None:
    assert power("280 W") == Power(280_000_000)
    assert power("1.2 kW") == Power(1_200_000_000)
    assert memory("16 GiB") == Memory(16 << 30)
    assert memory("16 GB") == Memory(16 * 10**9)


@pytest.mark.parametrize(
    ("value", "instead"),
    [
        (5, '"5s"'),
        (2.5, '"2.5s"'),
        ("5", '"5s"'),
        ("5 sec", '"5s"'),
        ("5 minutes", '"5min"'),
        ("5m", '"5min"'),
        ("3 jours", '"3d"'),
        ("5 S", '"5s"'),
        ("1,5 h", '"1.5h"'),
        (True, '"5s"'),
        (["5s"], '"5s"'),
        ("soon", '"5s"'),
        ("", '"5s"'),
    ],
)
def test_what_is_not_a_duration_is_refused_with_what_to_write(value: object, instead: str) -> None:
    with pytest.raises(WrongValueError) as caught:
        duration(value)
    assert caught.value.instead == instead


@pytest.mark.parametrize(("value", "instead"), [(280, '"280 W"'), ("280 watts", '"280 W"'), ("1 kw", '"1 kW"')])
def test_what_is_not_a_power_is_refused_with_what_to_write(value: object, instead: str) -> None:
    with pytest.raises(WrongValueError) as caught:
        power(value)
    assert caught.value.instead == instead


@pytest.mark.parametrize(("value", "instead"), [("16 Go", '"16 GB"'), ("16 gib", '"16 GiB"'), (16, '"16 GiB"')])
def test_what_is_not_an_amount_of_memory_is_refused_with_what_to_write(value: object, instead: str) -> None:
    with pytest.raises(WrongValueError) as caught:
        memory(value)
    assert caught.value.instead == instead


@pytest.mark.parametrize("value", ["-5s", -5, "inf s", float("nan"), float("inf")])
def test_neither_negative_nor_endless_quantities_are_taken(value: object) -> None:
    with pytest.raises(WrongValueError):
        duration(value)


@pytest.mark.parametrize("text", ["5s", "1.5min", "40d", "100ms", "61s", "1.5h"])
def test_a_duration_is_printed_as_a_person_writes_it(text: str) -> None:
    assert duration_text(duration(text)) == text


def test_power_and_memory_are_printed_as_a_person_writes_them() -> None:
    assert power_text(Power.from_watts(45.5)) == "45.5 W"
    assert power_text(Power.from_watts(1500)) == "1.5 kW"
    assert memory_text(Memory(16 << 30)) == "16 GiB"
    assert memory_text(Memory(64 * 10**9)) == "64 GB"


@given(st.integers(min_value=0, max_value=10**19))
def test_what_is_printed_is_read_back_the_same(amount: int) -> None:
    assert duration(duration_text(Duration(amount))) == Duration(amount)
    assert power(power_text(Power(amount))) == Power(amount)
    assert memory(memory_text(Memory(amount))) == Memory(amount)
