"""How much room the columns of a table get on paper: size of type, an upright page or one on its side, and widths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
WORD: Final = 17
"""Letters of a word that is not broken: more of one are, where there is no room."""
LINE: Final = 40
"""Letters of a text above which its column gets no wider: it has more lines then."""
HEADING: Final = 20
"""Letters of a heading of numbers above which it has more lines."""


@dataclass(frozen=True, slots=True)
class Room:
    """A size of type and the widths of the columns, in points, and whether the page lies on its side."""

    size: float
    wide: bool
    widths: tuple[float, ...]


def room_of(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> Room:
    """Return the room for a table with these *headings* and *rows*, whose columns of numbers are set to the *right*."""
    needed, texts, names = [], [], []
    for place, (name, number) in enumerate(zip(headings, right, strict=True)):
        cells = [row[place] for row in rows]
        needed.append(_needed(name, cells, whole=number))
        texts.append(max(needed[-1], 0 if number else min(LINE, max(map(len, cells), default=0))))
        names.append(max(texts[-1], min(HEADING if number else LINE, len(name))))
    size, wide = _size(needed)
    width = ACROSS if wide else UPRIGHT
    return Room(size, wide, tuple(_widths((needed, texts, names), right, width, size)))


def _needed(name: str, cells: Sequence[str], *, whole: bool) -> int:
    """Return how many letters the column needs at least: numbers stand in one line, texts are broken at spaces."""
    words = [min(len(word), WORD) for text in (() if whole else cells) for word in text.split(" ")]
    above = [min(len(word), WORD) + BOLD for word in name.split(" ")]
    return max([*words, *above, *(len(cell) for cell in cells if whole)])


def _size(needed: Sequence[int]) -> tuple[float, bool]:
    for width, sizes, wide in ((UPRIGHT, SIZES, False), (ACROSS, SIZES_ACROSS, True)):
        for size in sizes:
            if sum(letters * size * LETTER + BESIDE for letters in needed) <= width:
                return size, wide
    return SIZES_ACROSS[-1], True


def _widths(
    letters: tuple[Sequence[int], Sequence[int], Sequence[int]], right: Sequence[bool], width: float, size: float
) -> Iterator[float]:
    """Yield the widths, which sum to *width*: what is needed, then what is wanted, and the rest for the texts.

    Wanted is a line for each text, which there are many of, and after that one for each heading, which there is once.
    """
    needed, texts, names = letters
    least = [count * size * LETTER + BESIDE for count in needed]
    own = [low * min(1.0, width / sum(least)) for low in least]
    for before, wanted in ((needed, texts), (texts, names)):
        more = [(want - had) * size * LETTER for had, want in zip(before, wanted, strict=True)]
        free = width - sum(own)
        part = min(1.0, max(0.0, free) / sum(more)) if sum(more) else 0.0
        own = [one + part * extra for one, extra in zip(own, more, strict=True)]
    growing = [not number for number in right] if not all(right) else [True] * len(right)
    rest = max(0.0, width - sum(own)) / growing.count(True)
    yield from (round(one + rest * grows, 2) for one, grows in zip(own, growing, strict=True))
