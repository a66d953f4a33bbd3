"""How much room the columns of a table get on paper: size of type, an upright page or one on its side, and widths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Letters = tuple[Sequence[float], Sequence[float], Sequence[float], Sequence[float]]
    """Of each column: how many letters it needs, its texts want, its heading wants, and its longest text has."""

UPRIGHT: Final = 481.0
"""Points between the margins of an A4 page: 210 mm less twice 20 mm, rounded down."""
ACROSS: Final = 728.0
"""The same of a page that lies on its side: 297 mm less twice 20 mm."""
SIZES: Final = (9.0, 8.0)
"""Sizes of type on an upright page, in points."""
SIZES_ACROSS: Final = (9.0, 8.0, 7.0, 6.0, 5.0)
LETTER: Final = 0.53
"""How wide a letter is, in sizes of its type: digits and most words of Libertinus Serif are narrower, bold ones too."""
BESIDE: Final = 7.0
"""Points that a cell leaves free at both sides together."""
BOLD: Final = 1
"""Letters more that a word of a heading takes, which is bold."""
BROAD: Final[Mapping[str, float]] = MappingProxyType(
    {"m": 0.7, "w": 0.5, "M": 0.8, "W": 0.9, "@": 0.9, "%": 0.7, "…": 0.8, "—": 0.8, "œ": 0.5}
)
CAPITAL: Final = 0.35
"""Letters more that broad ones take, and capitals: measured in Libertinus Serif, bold, and rounded up."""
WORD: Final = 17
"""Letters of a word that is not broken: more of one are, where there is no room."""
LINE: Final = 40
"""Letters of a text above which its column gets no wider: it has more lines then."""
LONGEST: Final = 4 * LINE
"""Letters of a text above which its column gets nothing of what the others leave."""
HEADING: Final = 20
"""Letters of a heading of numbers above which it has more lines."""
FLAT: Final = 1.25
"""Lines of a row, in the mean, for which smaller type is taken where it is enough: our choice."""
TALL: Final = 3.0
"""Lines of a row, in the mean, from which on a page on its side is read more easily: our choice."""
FEW: Final = 30
"""Lines of a table up to which no page is turned for it."""
LINE_HEIGHT: Final = 1.15
"""Of a line in a cell, in sizes of its type."""
ABOVE: Final = 6.0
"""Points that a row leaves free above and below its lines together."""
WHOLE: Final = (430.0, 270.0)
"""Points up to which a table is kept on one page, upright and on its side: three fifths of what there is."""


@dataclass(frozen=True, slots=True)
class Room:
    """A size of type and the widths of the columns, in points, and whether the page lies on its side."""

    size: float
    wide: bool
    widths: tuple[float, ...]
    whole: bool
    """Whether the table is so short that it is kept on one page."""


def room_of(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> Room:
    """Return the room for a table with these *headings* and *rows*, whose columns of numbers are set to the *right*.

    It is the largest type for which all words have room, on an upright page where its rows are not tall there.
    """
    letters = _letters(headings, rows, right)
    upright = [_tried(letters, rows, right, size, wide=False) for size in SIZES if _fits(letters[0], size, UPRIGHT)]
    for limit in (FLAT, TALL):
        for one, lines in upright:
            if lines <= max(FEW, limit * len(rows)):
                return one
    across = next((size for size in SIZES_ACROSS if _fits(letters[0], size, ACROSS)), SIZES_ACROSS[-1])
    one, lines = _tried(letters, rows, right, across, wide=True)
    # what is as tall on its side is as tall because of one word, or of little else
    return upright[0][0] if upright and 2 * lines > upright[0][1] else one


def _letters(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> Letters:
    needed, texts, names, longest = [], [], [], []
    for place, (name, number) in enumerate(zip(headings, right, strict=True)):
        cells = [row[place] for row in rows]
        needed.append(_needed(name, cells, whole=number))
        texts.append(max(needed[-1], 0 if number else min(LINE, max(map(len, cells), default=0))))
        names.append(max(texts[-1], min(HEADING if number else LINE, len(name))))
        longest.append(max(names[-1], 0 if number else min(LONGEST, max(map(len, cells), default=0))))
    return needed, texts, names, longest


def _needed(name: str, cells: Sequence[str], *, whole: bool) -> float:
    """Return how many letters the column needs at least: numbers stand in one line, texts are broken at spaces."""
    words = [_breadth(word) for text in (() if whole else cells) for word in text.split(" ")]
    above = [_breadth(word) + BOLD for word in name.split(" ")]
    return max([*words, *above, *(len(cell) for cell in cells if whole)])


def _breadth(word: str) -> float:
    """Return how many letters of the common breadth *word* takes; of a long one, that may be broken, so many."""
    short = word[:WORD]
    return len(short) + sum(BROAD.get(one, CAPITAL if one.isupper() else 0.0) for one in short)


def _fits(needed: Sequence[float], size: float, width: float) -> bool:
    return sum(letters * size * LETTER + BESIDE for letters in needed) <= width


def _tried(
    letters: Letters, rows: Sequence[Sequence[str]], right: Sequence[bool], size: float, *, wide: bool
) -> tuple[Room, int]:
    """Return the room in type of that *size*, and how many lines all *rows* have then, about."""
    widths = tuple(_widths(letters, right, ACROSS if wide else UPRIGHT, size))
    lines = sum(
        max((_lines(cell, width, size) for cell, width in zip(row, widths, strict=True)), default=1) for row in rows
    )
    height = lines * size * LINE_HEIGHT + len(rows) * ABOVE
    return Room(size, wide, widths, whole=height <= WHOLE[wide]), lines


def _lines(text: str, width: float, size: float) -> int:
    """Return in how many lines *text* is set, about."""
    return max(1, math.ceil(len(text) * size * LETTER / max(width - BESIDE, size)))


def _widths(letters: Letters, right: Sequence[bool], width: float, size: float) -> Iterator[float]:
    """Yield the widths, which sum to *width*: what is needed, then what is wanted, and the rest for the texts.

    Wanted is a line for each text, which there are many of, and after that one for each heading, which there is once.
    """
    least = [count * size * LETTER + BESIDE for count in letters[0]]
    own = [low * min(1.0, width / sum(least)) for low in least]
    for before, wanted in pairwise(letters):
        more = [(want - had) * size * LETTER for had, want in zip(before, wanted, strict=True)]
        free = width - sum(own)
        part = min(1.0, max(0.0, free) / sum(more)) if sum(more) else 0.0
        own = [one + part * extra for one, extra in zip(own, more, strict=True)]
    growing = [not number for number in right] if not all(right) else [True] * len(right)
    rest = max(0.0, width - sum(own)) / growing.count(True)
    yield from (round(one + rest * grows, 2) for one, grows in zip(own, growing, strict=True))
