import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from collectors._figures import LONGEST, NoFigureError, figure, iso, moment_of, number_of, rows_in, text_of

ELEVEN = 1_781_089_200_000_000_000
"""2026-06-10 11:00 UTC."""


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (0, "0"),
        (17, "17"),
        ("17", "17"),
        (" 17 ", "17"),
        (17.5, "17.5"),
        ("17.25", "17.25"),
        (1e3, "1000"),
        (2000, "2000"),
    ],
)
def test_a_number_of_any_type_is_one(sent: object, told: str) -> None:
    assert number_of(sent) == Decimal(told)


NO_NUMBERS: tuple[object, ...] = (
    *(None, True, [], {}, "a lot", "", "0x11", "1e3", "1_7", "\u0661", "1 7", "17,5", "+17", ".5"),
    *(-1, "-1", 2001, "2000.1", 1e308, 1e-9, float("nan"), float("inf"), "NaN", "9" * 5000, 10**400),
)


@pytest.mark.parametrize("sent", NO_NUMBERS, ids=lambda sent: repr(sent)[:12])
def test_what_is_no_number_or_beyond_all_bounds_is_refused(sent: object) -> None:
    with pytest.raises(NoFigureError):
        number_of(sent)


@pytest.mark.parametrize(
    "sent",
    ["2026-06-10T11:00:00+00:00", "2026-06-10T11:00:00Z", "2026-06-10T13:00:00+02:00", "2026-06-10T11:00:00.000Z"],
)
def test_a_moment_is_read_with_its_offset(sent: str) -> None:
    assert moment_of(sent) == ELEVEN
    assert iso(ELEVEN) == "2026-06-10T11:00:00+00:00"


def test_a_moment_is_exact_to_the_microsecond() -> None:
    assert moment_of("2026-06-10T11:00:00.000001Z") == ELEVEN + 1000


NO_MOMENTS: tuple[object, ...] = (
    *(None, 5, "", "yesterday", "2026-06-10", "2026-06-10T11:00:00", "2026-02-30T00:00:00Z", [], {}),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1999-12-31T23:00:00Z"),
)


@pytest.mark.parametrize("sent", NO_MOMENTS, ids=repr)
def test_what_is_no_moment_with_an_offset_is_refused(sent: object) -> None:
    with pytest.raises(NoFigureError):
        moment_of(sent)


def test_a_row_says_when_and_how_much_and_is_its_own_evidence() -> None:
    row = {"at": "2026-06-10T11:00:00Z", "g": 17, "note": "é \ud800"}
    one = figure(row, "at", "g")
    assert one is not None
    assert (one.start, one.grams) == (ELEVEN, Decimal(17))
    assert one.row is row
    assert json.loads(one.raw) == row
    assert one.raw.isascii(), "a lone surrogate can't be written to a database"


@pytest.mark.parametrize("nothing", [None, "", "ND"])
def test_a_row_may_say_that_there_is_nothing_yet(nothing: object) -> None:
    assert figure({"at": "2026-06-10T11:00:00Z", "g": nothing}, "at", "g") is None


@pytest.mark.parametrize("row", [None, 5, "row", [], {}, {"at": "2026-06-10T11:00:00Z"}, {"g": 17}])
def test_a_row_without_its_fields_is_refused(row: object) -> None:
    with pytest.raises(NoFigureError):
        figure(row, "at", "g")


def test_a_row_that_no_json_can_say_or_that_is_far_too_long_is_refused() -> None:
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]
    for value in (float("nan"), "x" * LONGEST, deep):
        with pytest.raises(NoFigureError):
            text_of({"x": value})


def test_rows_are_found_under_the_first_name_that_has_a_list() -> None:
    assert rows_in({"history": 5, "data": [1]}, "history", "data") == [1]
    assert rows_in({"history": [], "data": [1]}, "history", "data") == []
    nothing: tuple[object, ...] = (None, [], 5, {}, {"history": {}})
    assert [rows_in(content, "history", "data") for content in nothing] == [None] * 5


def test_the_year_2000_is_the_first() -> None:
    assert moment_of("2000-01-01T00:00:00Z") == int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 10**9
