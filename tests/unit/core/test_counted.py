"""What counts of an hour, and counters that never fall."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.core.books import Books
from monitor.core.counted import Counters, HourActivity, counted
from monitor.core.entries import Counted, OpenBooks
from monitor.core.interval import HOUR, Interval, Stamp

HR = HOUR.nanoseconds
MIN = 60 * 10**9
KEY = ("a", Unit.REQUESTS)


def act(authority: Authority = Authority.SERVER, unit: Unit = Unit.REQUESTS, consumer: str = "a") -> ActivitySeries:
    return ActivitySeries(consumer, authority, authority, "", unit)


def shown(books: Books) -> int:
    return books.counted()[KEY].shown


def test_a_counter_shows_what_was_done_at_once() -> None:
    books = Books(None, HOUR, now=0)
    books.act(Interval(0, MIN), {act(): 5})
    books.act(Interval(MIN, 2 * MIN), {act(): 3})
    assert books.counted() == {KEY: Counted(8)}


def test_whoever_is_believed_more_takes_over_without_the_counter_falling_or_counting_twice() -> None:
    books = Books(None, HOUR, now=0)
    books.act(Interval(0, MIN), {act(): 10})
    assert shown(books) == 10
    # the same ten calls, told by the gateway one by one: the counter is ahead by what the server's page had said
    for minute, expected in enumerate([10, 10, 10, 13], 1):
        books.act(Interval(minute * MIN, (minute + 1) * MIN), {act(Authority.GATEWAY): 4 if minute == 4 else 3})
        assert shown(books) == expected
    books.act(Interval(5 * MIN, 6 * MIN), {act(): 50})
    assert books.counted() == {KEY: Counted(13)}


def test_in_the_next_hour_the_server_is_believed_again_where_nobody_else_speaks() -> None:
    books = Books(None, HOUR, now=0)
    books.act(Interval(0, MIN), {act(Authority.EVENTS): 2})
    books.act(Interval(MIN, 2 * MIN), {act(): 3})
    books.act(Interval(HR, HR + MIN), {act(): 30})
    assert books.counted() == {KEY: Counted(32)}


def test_energy_counts_whoever_it_comes_with() -> None:
    hour = HourActivity()
    assert hour.add({act(unit=Unit.ENERGY): 7}) == {("a", Unit.ENERGY): 7}
    assert hour.add({act(): 1}) == {KEY: 1}
    assert hour.add({act(Authority.EVENTS): 5}) == {KEY: 4}
    assert hour.add({act(Authority.EVENTS, Unit.ENERGY): 2}) == {("a", Unit.ENERGY): 2}
    assert counted(hour.amounts) == {("a", Unit.ENERGY): 9, KEY: 5}


def test_a_unit_that_only_the_less_believed_tell_of_does_not_count_any_more() -> None:
    hour = HourActivity()
    assert hour.add({act(unit=Unit.OUTPUT_TOKENS): 9}) == {("a", Unit.OUTPUT_TOKENS): 9}
    assert hour.add({act(Authority.EVENTS): 1}) == {("a", Unit.OUTPUT_TOKENS): -9, KEY: 1}


def test_counters_go_on_after_a_restart_with_what_they_are_ahead_by() -> None:
    books = Books(None, HOUR, now=0)
    books.act(Interval(0, MIN), {act(): 10})
    books.act(Interval(MIN, 2 * MIN), {act(Authority.EVENTS): 4})
    assert books.counted() == {KEY: Counted(10, 6)}
    opening = OpenBooks(
        at=Stamp(2 * MIN, 1),
        boot_id="b",
        closed_through=books.closed_through,
        open=books.open(),
        activity=books.activity(),
        counted=books.counted(),
    )
    again = Books(opening, HOUR, now=2 * MIN)
    assert (again.counted(), again.activity(), again.open()) == (books.counted(), books.activity(), books.open())
    again.act(Interval(2 * MIN, 3 * MIN), {act(): 1})
    again.act(Interval(3 * MIN, 4 * MIN), {act(Authority.EVENTS): 8})
    assert again.counted() == {KEY: Counted(12)}


DEEDS = st.lists(
    st.tuples(
        st.integers(0, 170),
        st.sampled_from(list(Authority)),
        st.sampled_from([Unit.REQUESTS, Unit.OUTPUT_TOKENS, Unit.ENERGY]),
        st.sampled_from("ab"),
        st.integers(0, 10**9),
    ),
    max_size=40,
)


@given(DEEDS)
def test_a_counter_never_falls_and_is_ahead_by_exactly_what_does_not_count(
    deeds: list[tuple[int, Authority, Unit, str, int]],
) -> None:
    books = Books(None, HOUR, now=0)
    before: dict[tuple[str, Unit], int] = {}
    for minute, authority, unit, consumer, amount in deeds:
        books.act(Interval(minute * MIN, (minute + 7) * MIN), {act(authority, unit, consumer): amount})
        now = {key: one.shown for key, one in books.counted().items()}
        assert all(now[key] >= amount for key, amount in before.items())
        before = now
    counts: dict[tuple[str, Unit], int] = {}
    for bucket in books.open():
        for key, amount in counted(bucket.activity).items():
            counts[key] = counts.get(key, 0) + amount
    for key, one in books.counted().items():
        assert one.shown - one.ahead == counts.get(key, 0)
        assert one.ahead >= 0


def test_counters_begin_with_what_was_saved() -> None:
    counters = Counters({KEY: Counted(5, 2)})
    counters.change({KEY: 1})
    assert counters.shown() == {KEY: Counted(5, 1)}
    counters.change({KEY: 4})
    assert counters.shown() == {KEY: Counted(8)}
