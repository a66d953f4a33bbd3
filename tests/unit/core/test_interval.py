from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.interval import HALF_HOUR, HOUR, MINUTE, Interval, bucket_of
from monitor.core.units import Duration


def test_an_interval_is_cut_at_every_edge_it_spans() -> None:
    minute = MINUTE.nanoseconds
    pieces = list(Interval(minute // 2, 2 * minute + 1).split(MINUTE))
    assert pieces == [
        Interval(minute // 2, minute),
        Interval(minute, 2 * minute),
        Interval(2 * minute, 2 * minute + 1),
    ]


def test_an_interval_that_ends_on_an_edge_has_no_empty_last_piece() -> None:
    assert list(Interval(0, MINUTE.nanoseconds).split(MINUTE)) == [Interval(0, MINUTE.nanoseconds)]


def test_an_empty_interval_is_one_piece() -> None:
    assert list(Interval(7, 7).split(HOUR)) == [Interval(7, 7)]


def test_a_bucket_starts_at_a_multiple_of_its_grain() -> None:
    assert bucket_of(HALF_HOUR.nanoseconds + 1, HALF_HOUR) == HALF_HOUR.nanoseconds
    assert bucket_of(HALF_HOUR.nanoseconds, HALF_HOUR) == HALF_HOUR.nanoseconds


@given(st.integers(0, 10**15), st.integers(0, 10**13), st.sampled_from([MINUTE, HALF_HOUR, HOUR]))
def test_the_pieces_join_to_the_whole_and_stay_in_one_bucket_each(start: int, length: int, grain: Duration) -> None:
    whole = Interval(start, start + length)
    pieces = list(whole.split(grain))
    assert pieces[0].start == whole.start
    assert pieces[-1].end == whole.end
    assert all(left.end == right.start for left, right in pairwise(pieces))
    assert all(piece.end <= bucket_of(piece.start, grain) + grain.nanoseconds for piece in pieces)
