"""How cells are written for people, in all formats that are printed."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.report.document import Kind

if TYPE_CHECKING:
    from monitor.report.document import Cell, Column
    from monitor.wording import Words

UNKNOWN: Final = "—"
"""What is unknown is no zero."""
LONGEST: Final = 200
"""Characters of one cell: what is longer is a name that somebody made to harm, and is cut where it is printed."""


def printed(cell: Cell, column: Column, words: Words) -> str:
    """Return *cell* of *column* as the language writes it."""
    if cell is None:
        return UNKNOWN
    if isinstance(cell, Decimal):
        return words.number(cell, column.decimals).replace("-", "\N{MINUS SIGN}")
    return moment(cell) if column.kind is Kind.DATE else clean(cell)


def as_given(value: Decimal, words: Words) -> str:
    """Return *value* with the digits that its source gives it with, less noughts at its end."""
    exponent = value.normalize().as_tuple().exponent
    return words.number(value, max(0, -exponent) if isinstance(exponent, int) else 0)


def moment(text: str) -> str:
    """Return a day as it is, and a moment in UTC as people read it: `2026-03-04 15:00`; seconds where there are any."""
    return clean(_MOMENT.sub("\\1\N{NO-BREAK SPACE}\\2\\3", text))


_MOMENT: Final = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::00|(:\d\d))Z$")


def heading(column: Column) -> str:
    """Return what stands above *column*, with its unit."""
    return f"{column.heading} ({column.unit})" if column.unit else column.heading


def rightwards(column: Column) -> bool:
    """Return whether the cells of *column* are set to the right, so that their digits stand below each other."""
    return column.kind is Kind.NUMBER


def plain(text: str) -> str:
    """Return *text* in one line of printable characters.

    Marks that turn the direction of writing are left out: they would turn what stands beside as well.
    """
    return _SPACES.sub(" ", "".join(map(_shown, text))).strip(" ")


def clean(text: str) -> str:
    """Return *text* likewise, and no longer than fits."""
    line = plain(text)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


_KEPT: Final = frozenset("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}")
"""Spaces that stand between a number and its unit."""
_SPACES: Final = re.compile(" +")


def _shown(one: str) -> str:
    if one.isprintable() or one in _KEPT:
        return one
    return " " if one.isspace() else ""
