"""What is printed adds up."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from monitor.report.rounding import alone, rounded, rounded_pairs


def test_the_largest_remainder_is_rounded_up() -> None:
    parts, whole = rounded([333, 333, 334], 1000, 2)
    assert parts == (Decimal("0.33"), Decimal("0.33"), Decimal("0.34"))
    assert whole == Decimal("1.00")


def test_of_equal_remainders_the_first_is_rounded_up() -> None:
    parts, whole = rounded([15, 15], 10, 0)
    assert (parts, whole) == ((Decimal(2), Decimal(1)), Decimal(3))


def test_one_amount_alone_goes_to_the_nearest_and_halves_to_even() -> None:
    assert [alone(amount, 10, 0) for amount in (14, 15, 25, 26)] == [1, 2, 2, 3]


def test_nothing_sums_to_nothing() -> None:
    assert rounded([], 1000, 1) == ((), Decimal("0.0"))


@given(
    parts=st.lists(st.integers(0, 10**22), max_size=60),
    unit=st.sampled_from([1, 1000, 3_600_000_000_000]),
    decimals=st.integers(0, 9),
)
def test_parts_add_up_to_the_sum_and_are_off_by_less_than_a_digit(parts: list[int], unit: int, decimals: int) -> None:
    shown, whole = rounded(parts, unit, decimals)
    assert sum(shown, Decimal(0)) == whole == alone(sum(parts), unit, decimals)
    digit = Decimal(1).scaleb(-decimals)
    for part, one in zip(parts, shown, strict=True):
        assert abs(one * unit - part) < digit * unit


@given(parts=st.lists(st.integers(-(10**15), 10**15), max_size=20))
def test_differences_may_be_below_zero(parts: list[int]) -> None:
    shown, whole = rounded(parts, 1000, 1)
    assert sum(shown, Decimal(0)) == whole


@given(
    pairs=st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=40),
    unit=st.sampled_from([7, 1000, 10**6]),
    decimals=st.integers(0, 4),
)
def test_two_parts_add_up_along_rows_and_down_columns(pairs: list[tuple[int, int]], unit: int, decimals: int) -> None:
    first, second = [one for one, _ in pairs], [other for _, other in pairs]
    found = rounded_pairs(first, second, unit, decimals)
    digit = Decimal(1).scaleb(-decimals)
    nothing = Decimal(0)
    assert found.whole[2] == alone(sum(first) + sum(second), unit, decimals)
    assert tuple(sum(column, nothing) for column in (found.first, found.second, found.both)) == found.whole
    for row in zip(found.first, found.second, found.both, strict=True):
        assert row[0] + row[1] == row[2]
    for given_parts, shown in ((first, found.first), (second, found.second)):
        for part, one in zip(given_parts, shown, strict=True):
            assert abs(one * unit - part) < digit * unit
