"""The percentiles of hours are those of a naive reference: each unit by itself, sorted by what it took."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.spread import UnitHours, spread

LARGE = 2**63 - 1
hours = st.tuples(st.integers(1, 40), st.integers(1, 400) | st.integers(LARGE - 50, LARGE))
parts = st.lists(
    st.tuples(st.lists(hours, max_size=12), st.integers(0, 9), st.integers(0, 9)).map(
        lambda part: UnitHours([one[0] for one in part[0]], [one[1] for one in part[0]], part[1], part[2])
    ),
    max_size=4,
)


def naive(found: list[UnitHours], per_cent: int) -> Fraction | None:
    """Return what the unit took that comes last of the first *per_cent* of all."""
    each = sorted(
        Fraction(energy, amount)
        for part in found
        for amount, energy in zip(part.amounts, part.energies, strict=True)
        for _ in range(amount)
    )
    return each[-(-per_cent * len(each) // 100) - 1] if each else None


@given(parts)
def test_each_unit_has_the_same_weight(found: list[UnitHours]) -> None:
    told = spread(found)
    assert told.median == naive(found, 50)
    assert told.p95 == naive(found, 95)
    assert told.hours == sum(len(part.amounts) for part in found)
    assert told.waiting == sum(part.waiting for part in found)
    assert told.unknown == sum(part.unknown for part in found)


@given(st.lists(st.tuples(st.integers(LARGE - 9, LARGE), st.integers(LARGE - 9, LARGE)), min_size=1, max_size=9))
def test_quotients_that_a_float_can_not_tell_apart_are_told_apart(found: list[tuple[int, int]]) -> None:
    told = spread([UnitHours([one[0] for one in found], [one[1] for one in found])])
    assert told.median is not None
    assert told.p95 is not None
    below = sum(amount for amount, energy in found if Fraction(energy, amount) < told.median)
    up_to = sum(amount for amount, energy in found if Fraction(energy, amount) <= told.median)
    assert 2 * below < sum(amount for amount, _ in found) <= 2 * up_to
    assert told.p95 >= told.median


def test_of_no_hours_nothing_is_known() -> None:
    told = spread([UnitHours([], [], 5, 2)])
    assert (told.median, told.p95, told.waiting, told.unknown) == (None, None, 5, 2)
