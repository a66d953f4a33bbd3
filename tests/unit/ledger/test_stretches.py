"""How time is cut: what is made of the pieces is in tests/contract/test_ledger_restating.py."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.interval import HOUR, Interval
from monitor.ledger.stretches import Stretch, cut, merged, next_hour, runs, stretches, whole_hours

HR = HOUR.nanoseconds


def hours(first: float, last: float) -> Interval:
    return Interval(round(first * HR), round(last * HR))


def over(interval: Interval, *corrections: tuple[float, float, int]) -> list[tuple[float, float, int]]:
    found = stretches(interval, [Stretch(hours(first, last), number) for first, last, number in corrections], HOUR)
    return [(one.interval.start / HR, one.interval.end / HR, one.generation) for one in found]


@pytest.mark.parametrize(
    ("corrections", "expected"),
    [
        ([], [(0, 10, 0)]),
        ([(0, 10, 1)], [(0, 10, 1)]),
        ([(-5, 3, 1)], [(0, 3, 1), (3, 10, 0)]),
        ([(2, 4, 1), (4, 6, 1)], [(0, 2, 0), (2, 6, 1), (6, 10, 0)]),
        ([(2, 8, 1), (4, 6, 2)], [(0, 2, 0), (2, 4, 1), (4, 6, 2), (6, 8, 1), (8, 10, 0)]),
        ([(2, 8, 2), (4, 6, 1)], [(0, 2, 0), (2, 8, 2), (8, 10, 0)]),
        ([(20, 30, 1)], [(0, 10, 0)]),
        # hours that begin within it
        ([(2.5, 4.5, 1)], [(0, 3, 0), (3, 5, 1), (5, 10, 0)]),
        ([(2.5, 2.9, 1)], [(0, 10, 0)]),
    ],
)
def test_the_highest_correction_over_an_hour_counts(
    corrections: list[tuple[float, float, int]], expected: list[tuple[float, float, int]]
) -> None:
    assert over(hours(-0.5, 10.5), *corrections) == expected


@given(st.lists(st.tuples(st.integers(-3, 25), st.integers(-3, 25)), max_size=12))
def test_each_hour_is_in_one_stretch_with_its_highest_correction(pairs: list[tuple[int, int]]) -> None:
    corrections = [(min(pair), max(pair), number) for number, pair in enumerate(pairs, 1)]
    found = over(hours(0, 20), *corrections)
    assert [start for start, _, _ in found] == [0, *(end for _, end, _ in found)][: len(found)]
    assert found[-1][1] == 20
    assert all(one[2] != other[2] for one, other in pairwise(found))
    for hour in range(20):
        (generation,) = (number for start, end, number in found if start <= hour < end)
        assert generation == max((number for first, last, number in corrections if first <= hour < last), default=0)


def test_no_time_has_no_stretch() -> None:
    assert over(hours(0.25, 0.75), (0, 10, 1)) == []
    assert list(cut(hours(3, 3), [], HOUR)) == []


def test_time_is_cut_at_the_first_hour_that_begins_after_a_change() -> None:
    found = list(cut(hours(0.5, 5), [hours(1, 2.5).end, 0, 3 * HR, 9 * HR], HOUR))
    assert found == [hours(1, 3), hours(3, 5)]


def test_whole_hours_are_those_that_lie_within() -> None:
    assert whole_hours(hours(0.1, 2.9), HOUR) == hours(1, 2)
    assert whole_hours(hours(0.1, 0.9), HOUR) == hours(1, 1)
    assert next_hour(HR + 1, HOUR) == 2 * HR


def test_hours_that_join_are_one_run() -> None:
    assert runs([0, HR, 3 * HR], HOUR) == (hours(0, 2), hours(3, 4))
    assert merged([hours(0, 5), hours(1, 2), hours(5, 6), hours(7, 8)]) == (hours(0, 6), hours(7, 8))
    assert merged([]) == ()
