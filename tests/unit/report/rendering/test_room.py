"""How much room the columns of a table get on paper."""

from __future__ import annotations

import pytest

from monitor.report.rendering.room import ACROSS, UPRIGHT, room_of


def test_a_few_columns_stand_upright_in_the_largest_type_and_fill_the_width() -> None:
    room = room_of(["Service", "Energy (kWh)"], [["Assistant", "1,234.5"]], [False, True])
    assert (room.size, room.wide) == (9.0, False)
    assert sum(room.widths) == pytest.approx(UPRIGHT, abs=0.1)
    assert room.widths[0] > room.widths[1]


def test_many_columns_lie_on_their_side_and_none_is_narrower_than_its_numbers() -> None:
    row = ["Assistant", *["1 234 567,89"] * 11]
    room = room_of(["Service", *["Energy (kWh)"] * 11], [row] * 3, [False, *[True] * 11])
    assert room.wide
    assert sum(room.widths) == pytest.approx(ACROSS, abs=0.2)
    assert min(room.widths[1:]) >= 12 * room.size * 0.5


def test_a_table_without_rows_has_room_for_its_headings() -> None:
    assert sum(room_of(["Service", "Energy"], [], [False, True]).widths) == pytest.approx(UPRIGHT, abs=0.1)


def test_a_table_that_can_not_fit_still_fills_the_width_and_no_more() -> None:
    room = room_of(["N"] * 60, [["1 234 567,89"] * 60], [True] * 60)
    assert sum(room.widths) == pytest.approx(ACROSS, abs=1)


def test_rows_that_would_be_tall_lie_on_their_side() -> None:
    said = "Too little of it is known: fill the gaps, or accept a lower coverage in the clause. " * 4
    rows = [["2026-DSI-042", "1 234,5", "1 234,5", "1 234,5", "1 234,5", said]] * 9
    headings = ["Contract", "Value", "Low", "High", "Coverage (%)", "Reason"]
    right = [False, True, True, True, True, False]
    assert room_of(headings, rows, right).wide
    assert not room_of(headings, [[*row[:-1], "not over"] for row in rows], right).wide
    assert not room_of(headings, rows[:2], right).wide, "a page is turned for a few lines"


def test_one_endless_name_turns_no_page() -> None:
    rows = [["x" * 200, "1 234,5"], *[["Assistant", "1 234,5"]] * 9]
    assert not room_of(["Service", "Energy (kWh)"], rows, [False, True]).wide


def test_a_table_is_whole_as_long_as_it_fits_a_page_whatever_its_names() -> None:
    short, long = ["Assistant", "1 234,5"], ["x" * 200, "1 234,5"]
    assert room_of(["Service", "Energy (kWh)"], [short] * 24, [False, True]).whole
    assert not room_of(["Service", "Energy (kWh)"], [short] * 50, [False, True]).whole
    assert not room_of(["Service", "Energy (kWh)"], [long] * 16, [False, True]).whole


def test_broad_letters_and_capitals_take_more_room() -> None:
    narrow, broad = (room_of([name, "Text"], [["1", "x" * 200]], [True, False]).widths[0] for name in ("illi", "MMWW"))
    assert broad > narrow + 10


def test_smaller_type_is_taken_where_names_of_a_long_table_have_a_line_then() -> None:
    headings = ["Service", *["Energy, at least (Wh)"] * 9]
    right = [False, *[True] * 9]
    row = ["Service n° 178", *["0.5291"] * 9]
    assert [room_of(headings, [row] * count, right).size for count in (3, 60)] == [9.0, 8.0]
