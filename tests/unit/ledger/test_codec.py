import zlib
from dataclasses import replace

import msgspec
import pytest

from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.core.entries import (
    Bucket,
    Counted,
    Grain,
    Holding,
    Meter,
    OpenBooks,
    SavedActivity,
    SavedCounter,
    SavedUsage,
    Series,
    Share,
    Tallied,
)
from monitor.core.impact import ENERGY_STEPS, ImpactSeries, Indicator
from monitor.core.interval import Stamp
from monitor.core.readings import Method
from monitor.core.reconciliation import Agreement, Disagreement, Learnt
from monitor.core.units import Duration, Energy, Power
from monitor.ledger.codec import FORMAT, BrokenBooksError, decode, encode

ACTIVE = Series("assistant", "package", Share.ACTIVE, Method.COUNTER)
FLOOR = Series("_idle", "gpu0", Share.FLOOR, Method.MODELLED)
NUMBERS = {ACTIVE: 7, FLOOR: 300}
SERIES = {7: ACTIVE, 300: FLOOR}
GASES = ImpactSeries("assistant", Indicator.GWP_USE)
IMPACTS = {GASES: 9}
BY_NUMBER = {9: GASES}
TOKENS = ActivitySeries("assistant", Authority.SERVER, "http://127.0.0.1:8000/metrics", "", Unit.OUTPUT_TOKENS)
UNMEASURED = replace(TOKENS, measured=False)
ACTIVITY = {TOKENS: 11, UNMEASURED: 12}
ACTIVITIES = {11: TOKENS, 12: UNMEASURED}
EMPTY = OpenBooks(Stamp(0, 0), "", 0)
HELD = {Holding("assistant", "gpu0"): Duration(5), Holding("_idle", "gpu0"): Duration(2**42)}
BOOKS = OpenBooks(
    at=Stamp(1_790_000_000_123_456_789, 55),
    boot_id="5f6b7a0e",
    closed_through=1_790_000_000_000_000_000,
    energy={ACTIVE: Energy(2**63 + 5), FLOOR: Energy(0)},
    measured={Meter("package", Method.COUNTER): Energy(1), Meter("gpu0", Method.MODELLED): Energy(2)},
    covered={"package": Duration(3)},
    gaps={"reboot": Duration(4)},
    open=(
        Bucket(Grain.MINUTE, 60, {ACTIVE: Energy(5)}, {Meter("package", Method.COUNTER): Energy(5)}, {}),
        Bucket(Grain.HOUR, 0, {}, {}, {"package": Duration(9)}, HELD, {TOKENS: 2**40}),
    ),
    counters=(SavedCounter("rapl", "package", "intel-rapl:0", 2**62, "epoch", Stamp(1, 2)),),
    usage=(SavedUsage("assistant", "cgroup:/caf\udce9", 8, "", Stamp(3, 4)), SavedUsage("", "", 9, "r", Stamp(5, 6))),
    floors={"package": Power(33)},
    impacts={GASES: Tallied(2**62, ENERGY_STEPS - 1)},
    activity={TOKENS: 2**62, UNMEASURED: 6},
    activity_counters=(SavedActivity(TOKENS, 2**61, "1790000000", Stamp(7, 8)),),
    counted={("assistant", Unit.OUTPUT_TOKENS): Counted(2**62, 5)},
    agreement=Agreement(Learnt("shelly:prise|package", 9, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5), Disagreement.DRIFTED),
)


@pytest.mark.parametrize("books", [EMPTY, BOOKS], ids=["empty", "full"])
def test_what_is_written_is_what_is_read(books: OpenBooks) -> None:
    assert decode(encode(books, NUMBERS, IMPACTS, ACTIVITY), SERIES, BY_NUMBER, ACTIVITIES) == books


def test_a_control_group_whose_name_is_no_text_is_kept_as_it_is() -> None:
    assert (
        decode(encode(BOOKS, NUMBERS, IMPACTS, ACTIVITY), SERIES, BY_NUMBER, ACTIVITIES)
        .usage[0]
        .part.encode(errors="surrogateescape")
        == b"cgroup:/caf\xe9"
    )


def test_a_series_without_a_number_is_told_to_the_caller() -> None:
    with pytest.raises(KeyError):
        encode(BOOKS, {ACTIVE: 7}, IMPACTS, ACTIVITY)


@pytest.mark.parametrize("cut", [0, 1, -1])
def test_a_row_that_was_cut_is_refused(cut: int) -> None:
    with pytest.raises(BrokenBooksError):
        decode(encode(BOOKS, NUMBERS, IMPACTS, ACTIVITY)[:cut], SERIES, BY_NUMBER, ACTIVITIES)


def test_one_flipped_bit_anywhere_is_noticed() -> None:
    body = encode(BOOKS, NUMBERS, IMPACTS, ACTIVITY)
    for place in range(len(body)):
        damaged = bytearray(body)
        damaged[place] ^= 0x10
        try:
            assert decode(bytes(damaged), SERIES, BY_NUMBER, ACTIVITIES) == BOOKS
        except BrokenBooksError:
            continue


@pytest.mark.parametrize("row", [[], {"format": 1}, [FORMAT + 1, *range(11)], "text"])
def test_a_row_of_another_layout_is_refused(row: object) -> None:
    with pytest.raises(BrokenBooksError):
        decode(zlib.compress(msgspec.msgpack.encode(row)), SERIES, BY_NUMBER, ACTIVITIES)


def test_another_format_is_refused_even_where_it_could_be_read() -> None:
    fields = msgspec.msgpack.decode(zlib.decompress(encode(EMPTY, {}, {}, {})), type=list)
    fields[0] = FORMAT + 1
    with pytest.raises(BrokenBooksError, match=f"layout {FORMAT + 1}"):
        decode(zlib.compress(msgspec.msgpack.encode(fields)), {}, {}, {})


def test_a_number_that_no_series_has_is_refused() -> None:
    with pytest.raises(BrokenBooksError, match="300"):
        decode(encode(BOOKS, NUMBERS, IMPACTS, ACTIVITY), {7: ACTIVE}, BY_NUMBER, ACTIVITIES)


def test_a_series_takes_few_bytes() -> None:
    many = {Series(f"s{n}", "package", Share.ACTIVE, Method.COUNTER): Energy(10**12 + n * 7919**2) for n in range(1000)}
    numbers = {one: number for number, one in enumerate(many)}
    assert len(encode(replace(EMPTY, energy=many), numbers, {}, {})) < 12 * len(many)


@pytest.mark.parametrize(("layout", "fields", "page"), [(1, 12, 5), (2, 13, 6)])
def test_books_of_the_layouts_before_are_read_as_what_they_are(layout: int, fields: int, page: int) -> None:
    row = msgspec.msgpack.decode(zlib.decompress(encode(BOOKS, NUMBERS, IMPACTS, ACTIVITY)), type=list)
    earlier = [layout, *row[1:fields]]
    earlier[8] = [one[:page] for one in earlier[8]]
    opened = [replace(bucket, activity={}) for bucket in BOOKS.open]
    plain = replace(BOOKS, activity={}, activity_counters=(), counted={}, open=tuple(opened), agreement=Agreement())
    if layout == 1:
        plain = replace(plain, impacts={}, open=tuple(replace(bucket, reserved={}) for bucket in opened))
    assert decode(zlib.compress(msgspec.msgpack.encode(earlier)), SERIES, BY_NUMBER, ACTIVITIES) == plain


def test_a_number_that_no_series_of_impacts_has_is_refused() -> None:
    with pytest.raises(BrokenBooksError, match="9"):
        decode(encode(BOOKS, NUMBERS, IMPACTS, ACTIVITY), SERIES, {}, ACTIVITIES)


def test_a_new_series_of_impacts_is_told_to_the_caller() -> None:
    with pytest.raises(KeyError):
        encode(BOOKS, NUMBERS, {}, ACTIVITY)


def test_a_series_of_activity_without_a_number_is_told_to_the_caller() -> None:
    for books in (
        replace(EMPTY, activity={TOKENS: 1}),
        replace(EMPTY, activity_counters=BOOKS.activity_counters),
        replace(EMPTY, open=(Bucket(Grain.HOUR, 0, {}, {}, {}, activity={TOKENS: 1}),)),
    ):
        with pytest.raises(KeyError):
            encode(books, NUMBERS, IMPACTS, {})


def test_a_number_that_no_series_of_activity_has_is_refused() -> None:
    with pytest.raises(BrokenBooksError, match="11"):
        decode(encode(BOOKS, NUMBERS, IMPACTS, ACTIVITY), SERIES, BY_NUMBER, {})
