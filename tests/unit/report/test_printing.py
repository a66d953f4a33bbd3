"""How cells are written for people."""

from __future__ import annotations

from decimal import Decimal

from monitor.config import Language
from monitor.report.document import Column, Kind
from monitor.report.printing import LONGEST, UNKNOWN, as_given, clean, heading, moment, plain, printed
from monitor.wording import words
from tests.fixtures.documents import COLUMNS

FRENCH = words("monitor.report", Language.FRENCH)


def test_a_number_has_the_decimals_of_its_column() -> None:
    assert printed(Decimal("1234.5"), COLUMNS[2], FRENCH) == "1\u202f234,50"


def test_less_than_nothing_has_the_sign_of_minus() -> None:
    assert printed(Decimal("-1234.5"), COLUMNS[1], FRENCH) == "\N{MINUS SIGN}1\u202f234,5"


def test_a_factor_keeps_the_digits_of_its_source_without_noughts_at_their_end() -> None:
    told = [as_given(Decimal(value), FRENCH) for value in ("0.0520", "1200", "1.2E+3", "0")]
    assert told == ["0,052", "1\u202f200", "1\u202f200", "0"]


def test_a_moment_is_told_without_the_signs_of_programs_and_a_day_as_it_is() -> None:
    assert moment("2026-03-04T15:00:00Z") == "2026-03-04\u00a015:00"
    assert moment("2026-03-04T15:00:07Z") == "2026-03-04\u00a015:00:07"
    day = Column("day", "Day", "A day.", Kind.DATE)
    assert [printed(cell, day, FRENCH) for cell in ("2026-03-04", "<b>", None)] == ["2026-03-04", "<b>", UNKNOWN]


def test_what_is_unknown_is_no_zero() -> None:
    assert printed(None, COLUMNS[1], FRENCH) == UNKNOWN


def test_a_heading_has_its_unit() -> None:
    assert [heading(column) for column in COLUMNS[:2]] == ["Service", "Énergie (kWh)"]


def test_lines_and_marks_of_direction_go_and_the_space_before_a_unit_stays() -> None:
    assert plain(" two\nlines\u202e and\u200b 1\u202f235\u00a0kWh\t\x00") == "two lines and 1\u202f235\u00a0kWh"


def test_what_is_too_long_is_cut_and_says_so() -> None:
    assert clean("x" * 10_000) == "x" * (LONGEST - 1) + "…"
    assert clean("x" * LONGEST) == "x" * LONGEST
