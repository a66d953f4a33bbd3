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
