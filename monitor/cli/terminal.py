"""Plain text for a terminal: aligned tables and wrapped sentences that fit its width, colours only where they show."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NARROWEST: Final = 40
WIDEST: Final = 100
"""Longer lines are hard to read."""
GAP: Final = "  "


class Tone(Enum):
    """What a colour says. Source: ECMA-48, 8.3.117 (SGR)."""

    PLAIN = ""
    GOOD = "32"
    WARNING = "33"
    BAD = "31"
    HEADING = "1"
    ASIDE = "2"


@dataclass(frozen=True, slots=True)
class Terminal:
    """How wide the output is, and whether it shows colours."""

    width: int
    colours: bool

    @classmethod
    def of_output(cls) -> Terminal:
        """Return that of standard output: no colours where it isn't a terminal, or NO_COLOR is set.

        Source: no-color.org.
        """
        columns = shutil.get_terminal_size((80, 24)).columns
        shows = is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return cls(min(max(columns, NARROWEST), WIDEST), shows)

    def paint(self, text: str, tone: Tone) -> str:
        """Return *text* in the colour of *tone*, where colours show."""
        return f"\x1b[{tone.value}m{text}\x1b[0m" if self.colours and tone.value else text

    def paragraph(self, text: str, indent: str = "", hanging: str = "") -> str:
        """Return *text* wrapped to the width, with *indent* before the first line and *hanging* before the others."""
        return textwrap.fill(
            text,
            self.width,
            initial_indent=indent,
            subsequent_indent=hanging or indent,
            break_on_hyphens=False,
            break_long_words=False,
        )

    def table(self, rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset(), indent: str = GAP) -> str:
        """Return *rows* in aligned columns; the last column is wrapped to what is left of the width.

        The columns in *right* are aligned to the right. Rows have equal lengths.
        """
        if not rows:
            return ""
        widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
        return "\n".join(line for row in rows for line in self._lines(row, widths, right, indent))

    def _lines(self, row: Sequence[str], widths: Sequence[int], right: frozenset[int], indent: str) -> Iterator[str]:
        cells = [
            _pad(cell, width, on_left=column in right)
            for column, (cell, width) in enumerate(zip(row[:-1], widths, strict=False))
        ]
        start = indent + "".join(f"{cell}{GAP}" for cell in cells)
        last = row[-1]
        if len(row) - 1 in right:
            yield start + _pad(last, widths[-1], on_left=True)
            return
        room = max(self.width - _width(start), NARROWEST // 2)
        pieces = textwrap.wrap(last, room, break_on_hyphens=False, break_long_words=False) or [""]
        yield f"{start}{pieces[0]}".rstrip()
        yield from (f"{' ' * _width(start)}{piece}" for piece in pieces[1:])


class Teller(Protocol):
    """What says how far something is."""

    def __call__(self, text: str, /) -> None:
        """Show *text* in the place of what was shown before."""


@contextmanager
def progress() -> Iterator[Teller]:
    """Give what says on a terminal, on standard error, how far it is; elsewhere it says nothing."""
    shows = sys.stderr is not None and sys.stderr.isatty()
    # carriage return, erase in line. Source: ECMA-48, 8.3.41
    clear = "\r\x1b[K"

    def tell(text: str) -> None:
        if shows:
            typer.echo(f"{clear}{text}", nl=False, err=True)

    try:
        yield tell
    finally:
        if shows:
            typer.echo(clear, nl=False, err=True)


def is_terminal() -> bool:
    """Return whether standard output is a terminal; it may be closed."""
    return sys.stdout is not None and sys.stdout.isatty()


def _pad(cell: str, width: int, *, on_left: bool) -> str:
    missing = " " * (width - _width(cell))
    return f"{missing}{cell}" if on_left else f"{cell}{missing}"


def _width(text: str) -> int:
    """Return how many columns *text* takes. Source: Unicode UAX 11 (wide characters), 3.6 D52 (combining marks)."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
