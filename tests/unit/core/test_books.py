from hypothesis import given
from hypothesis import strategies as st

from monitor.core.attribution import Parts
from monitor.core.books import Books
from monitor.core.entries import IDLE, Bucket, Grain, Holding, Meter, OpenBooks, Series, Share
from monitor.core.interval import HALF_HOUR, HOUR, MINUTE, Interval, Stamp
from monitor.core.readings import Method
from monitor.core.units import Duration, Energy

PACKAGE = Meter("package", Method.COUNTER)
MIN, HR = MINUTE.nanoseconds, HOUR.nanoseconds
A, B = ("a", Share.ACTIVE), ("b", Share.FLOOR)


def _books() -> Books:
    return Books(None, HOUR, now=0)


def _open(books: Books) -> dict[tuple[Grain, int], Bucket]:
    return {(bucket.grain, bucket.start): bucket for bucket in books.open()}


def test_what_spans_a_minute_is_split_by_time() -> None:
    books = _books()
    books.post(Interval(MIN // 2, 2 * MIN), PACKAGE, Energy(30_000), {A: 20_000, B: 10_000}, Duration(3 * MIN // 2))
    first, second = _open(books)[Grain.MINUTE, 0], _open(books)[Grain.MINUTE, MIN]
    assert first.measured == {PACKAGE: Energy(10_000)}
    assert second.measured == {PACKAGE: Energy(20_000)}
    assert second.entries[Series("a", "package", Share.ACTIVE, Method.COUNTER)] in {Energy(13_333), Energy(13_334)}
    assert first.covered == {"package": Duration(MIN // 2)}


def test_an_hour_closes_with_its_last_minute_and_then_changes_no_more() -> None:
    books = _books()
    books.post(Interval(HR - MIN, HR), PACKAGE, Energy(1000), {A: 1000}, MINUTE)
    assert books.close(HR - 1) == []
    closed = books.close(HR + 5)
    assert [(bucket.grain, bucket.start) for bucket in closed] == [(Grain.HOUR, 0), (Grain.MINUTE, HR - MIN)]
    books.post(Interval(HR - MIN, HR - 1), PACKAGE, Energy(500), {A: 500}, MINUTE)
    assert (Grain.HOUR, HR) in _open(books)
    assert books.close(HR - 1) == []


def test_two_hours_may_be_open_around_an_edge() -> None:
    books = _books()
    books.post(Interval(HR, HR + 1), PACKAGE, Energy(7), {A: 7}, Duration(1))
    books.post(Interval(HR - 2, HR - 1), PACKAGE, Energy(5), {A: 5}, Duration(1))
    assert _open(books)[Grain.HOUR, 0].measured == {PACKAGE: Energy(5)}
    assert _open(books)[Grain.HOUR, HR].measured == {PACKAGE: Energy(7)}


def test_the_watermark_never_goes_back() -> None:
    books = _books()
    books.close(HR)
    books.close(MIN)
    assert books.closed_through == HR


def test_a_zone_at_half_an_hour_has_buckets_of_half_an_hour() -> None:
    books = Books(None, HALF_HOUR, now=0)
    books.post(Interval(HR - 1, HR), PACKAGE, Energy(1), {A: 1}, Duration(1))
    assert (Grain.HOUR, HR // 2) in _open(books)


def test_parts_that_do_not_sum_to_the_measured_energy_show() -> None:
    books = _books()
    books.post(Interval(0, 1), PACKAGE, Energy(10), {A: 9}, Duration(1))
    assert books.conservation_error() == Energy(1)


def test_books_go_on_where_they_were() -> None:
    books = _books()
    books.post(Interval(0, MIN), PACKAGE, Energy(9000), {A: 4000, B: 5000}, MINUTE)
    energy, measured, covered = books.totals()
    opening = OpenBooks(
        at=Stamp(MIN, MIN),
        boot_id="b",
        closed_through=books.closed_through,
        energy=energy,
        measured=measured,
        covered=covered,
        open=books.open(),
    )
    again = Books(opening, HOUR, now=5 * HR)
    assert again.totals() == books.totals()
    assert again.open() == books.open()
    assert again.closed_through == books.closed_through


HELD_A, HELD_IDLE = Holding("a", "gpu0"), Holding(IDLE, "gpu0")


def _held(books: Books) -> dict[int, dict[str, int]]:
    """Return for how long each consumer held the hardware, by hour."""
    assert all(not bucket.reserved for bucket in books.open() if bucket.grain is Grain.MINUTE)
    return {
        bucket.start: {key.consumer: time.nanoseconds for key, time in bucket.reserved.items()}
        for bucket in books.open()
        if bucket.grain is Grain.HOUR
    }


def test_what_is_held_over_the_end_of_an_hour_is_split_by_time() -> None:
    books = _books()
    books.hold(Interval(HR - 10 * MIN, HR + 30 * MIN), {HELD_A: 10 * MIN, HELD_IDLE: 30 * MIN})
    assert _held(books) == {
        0: {"a": 5 * MIN // 2, IDLE: 15 * MIN // 2},
        HR: {"a": 15 * MIN // 2, IDLE: 45 * MIN // 2},
    }


def test_no_nanosecond_of_what_is_held_is_lost_at_the_edges() -> None:
    books = _books()
    books.hold(Interval(HR - 7, 3 * HR + 5), {HELD_A: 1_000_003, HELD_IDLE: 1})
    held = _held(books)
    assert list(held) == [0, HR, 2 * HR, 3 * HR]
    assert sum(times.get("a", 0) for times in held.values()) == 1_000_003
    assert sum(times.get(IDLE, 0) for times in held.values()) == 1
    assert held[HR]["a"] in {500_000, 500_001}


def test_what_is_held_adds_up_within_the_hour() -> None:
    books = _books()
    for start in range(0, HR, MIN):
        books.hold(Interval(start, start + MIN), {HELD_A: MIN // 4, HELD_IDLE: 3 * MIN // 4})
    assert _held(books) == {0: {"a": HR // 4, IDLE: 3 * HR // 4}}


def test_what_is_held_in_an_hour_that_is_closed_is_nobody_s_in_another() -> None:
    """A card that answers again after hours, a clock set back: the open hour has no more time than it lasts."""
    books = _books()
    books.close(2 * HR + 30 * MIN)
    books.hold(Interval(0, 2 * HR), {HELD_A: HR})
    assert _held(books) == {}
    books.hold(Interval(HR, 3 * HR), {HELD_A: 2 * MIN})
    assert _held(books) == {2 * HR: {"a": MIN}}
    assert books.reserved() == {HELD_A: Duration(HR + 2 * MIN)}


def test_what_is_held_leaves_the_books_with_its_hour() -> None:
    books = _books()
    books.hold(Interval(0, HR + MIN), {HELD_A: HR + MIN})
    (closed,) = books.close(HR)
    assert (closed.grain, closed.start, closed.reserved) == (Grain.HOUR, 0, {HELD_A: HOUR})
    assert _held(books) == {HR: {"a": MIN}}
    assert books.reserved() == {HELD_A: Duration(HR + MIN)}


def test_after_a_restart_the_hour_goes_on_and_the_time_since_the_start_begins_anew() -> None:
    books = _books()
    books.hold(Interval(0, 20 * MIN), {HELD_A: 5 * MIN, HELD_IDLE: 15 * MIN})
    opening = OpenBooks(at=Stamp(20 * MIN, 1), boot_id="b", closed_through=books.closed_through, open=books.open())
    again = Books(opening, HOUR, now=20 * MIN)
    assert again.reserved() == {}
    again.hold(Interval(30 * MIN, HR), {HELD_A: 30 * MIN})
    assert _held(again) == {0: {"a": 35 * MIN, IDLE: 15 * MIN}}
    assert again.reserved() == {HELD_A: Duration(30 * MIN)}


def test_holding_hardware_books_no_energy() -> None:
    books = _books()
    books.hold(Interval(0, MIN), {HELD_A: MIN})
    assert books.totals() == ({}, {}, {})
    assert books.conservation_error() == Energy.ZERO


@given(st.lists(st.tuples(st.integers(0, 4 * HR), st.integers(1, 3 * HR), st.integers(0, HR), st.integers(0, 5 * HR))))
def test_no_hour_has_more_than_was_held_in_it(holdings: list[tuple[int, int, int, int]]) -> None:
    books = _books()
    late = 0
    hours: list[Bucket] = []
    for start, length, time, watermark in holdings:
        closed = books.closed_through // HR * HR
        late += time * max(0, min(closed, start + length) - start) // length
        books.hold(Interval(start, start + length), {HELD_A: time})
        hours += [bucket for bucket in books.close(watermark) if bucket.grain is Grain.HOUR]
    hours += [bucket for bucket in books.open() if bucket.grain is Grain.HOUR]
    whole = sum(bucket.reserved.get(HELD_A, Duration.ZERO).nanoseconds for bucket in hours)
    assert whole == sum(time for _, _, time, _ in holdings) - late
    assert len({bucket.start for bucket in hours}) == len(hours)


parts_of = st.dictionaries(st.sampled_from([A, B, ("c", Share.RESIDENCY)]), st.integers(1, 10**12), min_size=1)


@given(
    st.lists(st.tuples(st.integers(0, 4 * HR), st.integers(0, 3 * HR), parts_of, st.integers(0, 5 * HR)), max_size=8)
)
def test_every_bucket_conserves_and_buckets_sum_to_the_totals(
    postings: list[tuple[int, int, Parts, int]],
) -> None:
    books = _books()
    hours: list[Bucket] = []
    for start, length, parts, watermark in postings:
        books.post(Interval(start, start + length), PACKAGE, Energy(sum(parts.values())), parts, Duration(length))
        hours += [bucket for bucket in books.close(watermark) if bucket.grain is Grain.HOUR]
    hours += [bucket for bucket in books.open() if bucket.grain is Grain.HOUR]
    for bucket in hours:
        assert sum(e.microjoules for e in bucket.entries.values()) == sum(
            e.microjoules for e in bucket.measured.values()
        )
        assert all(entry > Energy.ZERO for entry in bucket.entries.values())
    energy, measured, covered = books.totals()
    for series, total in energy.items():
        assert sum(bucket.entries.get(series, Energy.ZERO).microjoules for bucket in hours) == total.microjoules
    assert sum(bucket.measured.get(PACKAGE, Energy.ZERO).microjoules for bucket in hours) == sum(
        e.microjoules for e in measured.values()
    )
    assert sum(bucket.covered.get("package", Duration.ZERO).nanoseconds for bucket in hours) == sum(
        time.nanoseconds for time in covered.values()
    )
    assert books.conservation_error() == Energy.ZERO
