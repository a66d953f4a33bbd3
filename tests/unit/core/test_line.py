"""Text that others wrote, on one line."""

import pytest

from monitor.core.line import on_one_line


@pytest.mark.parametrize("between", ["\n", "\r", "\t", "\x00", "\x1b", "\x85", "\u2028", "\u202e"])
def test_nothing_that_ends_a_line_or_is_not_shown_stays(between: str) -> None:
    assert on_one_line(f"chat{between}Bcc: x@example.org") == "chat Bcc: x@example.org"


def test_no_space_is_left_at_the_ends() -> None:
    assert on_one_line("\n chat \r\n") == "chat"


@pytest.mark.parametrize("space", ["\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"])
def test_what_parts_a_number_from_its_unit_stays(space: str) -> None:
    assert on_one_line(f"12{space}kWh") == f"12{space}kWh"
