"""What all drawings are made of: rectangles, lines and words, and scales that end at round numbers."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

from monitor.report.printing import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from monitor.wording import Words

WIDTH: Final = 720.0
LEFT: Final = 62.0
"""Where a drawing with a scale begins, and where it ends."""
RIGHT: Final = WIDTH - 8
TOP: Final = 26.0
INK: Final = "#1b1f23"
QUIET: Final = "#51585f"
LINE: Final = "#c8ced3"
COLORS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999")
"""Told apart by eyes that see colours otherwise too. Source: Okabe and Ito, Color Universal Design (2008)."""
LETTER: Final = 6.6
"""How wide a letter is at the size of small words, about: so that labels can be cut where there is no room."""
STEPS: Final = (1, 2, 2.5, 5, 10)
NOTHING: Final = 1e-12
"""What is less than this is drawn as nothing."""


def drawing(height: float, parts: Iterable[str]) -> str:
    """Return the SVG of *parts*, of the common width and that *height*."""
    size = f'viewBox="0 0 {WIDTH:g} {height:g}" width="{WIDTH:g}" height="{height:g}"'
    fonts = 'font-family="system-ui, \'Liberation Sans\', Arial, sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {fonts} aria-hidden="true">{"".join(parts)}</svg>'


def rectangle(x: float, y: float, width: float, height: float, color: str, *, edge: str = "#ffffff") -> str:
    """Return a filled rectangle with a thin *edge*, by which neighbours are told apart without their colours."""
    box = f'x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{max(0.0, height):.1f}"'
    return f'<rect {box} fill="{color}" stroke="{edge}" stroke-width="0.7"/>'


def rule(x1: float, y1: float, x2: float, y2: float, *, color: str = LINE, width: float = 1, dash: str = "") -> str:
    """Return a straight line."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{color}" stroke-width="{width:g}"{dashes}/>'


def polyline(points: Sequence[tuple[float, float]], color: str) -> str:
    """Return a line through *points*."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="2"/>'


def words(x: float, y: float, text: str, *, anchor: str = "start", color: str = INK, room: float = WIDTH) -> str:
    """Return *text* at a place, cut to the *room* there is."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}">{escape(cut(text, room))}</text>'


def cut(text: str, room: float) -> str:
    """Return *text* in one line, cut to what fits into *room*."""
    line, letters = plain(text), max(2, int(room / LETTER))
    return line if len(line) <= letters else f"{line[: letters - 1]}…"


def scale(highest: float, parts: int = 4) -> tuple[float, ...]:
    """Return round numbers from 0 to at least *highest*, about so many *parts* of them."""
    if highest <= NOTHING:
        return (0.0, 1.0)
    rough = highest / parts
    decade = 10.0 ** math.floor(math.log10(rough))
    step = next(step * decade for step in STEPS if step * decade >= rough * (1 - 1e-9))
    count = math.ceil(highest / step - 1e-9)
    return tuple(step * number for number in range(count + 1))


def scale_around(lowest: float, highest: float) -> tuple[float, ...]:
    """Return round numbers from at most *lowest*, which may be below zero, to at least *highest*, zero among them."""
    if lowest >= -NOTHING:
        return scale(highest)
    above = scale(max(highest, -lowest))
    step = above[1]
    first, last = math.floor(lowest / step + 1e-9), max(0, math.ceil(highest / step - 1e-9))
    return tuple(step * number for number in range(first, last + 1))


def decimals_of(ticks: Sequence[float]) -> int:
    """Return with how many decimals the *ticks* of a scale are written."""
    step = ticks[1] - ticks[0]
    return next((count for count in range(7) if abs(round(step, count) - step) < step * 1e-6), 7)


def axis(ticks: Sequence[float], unit: str, height: float, said: Words) -> Iterator[str]:
    """Yield the lines of a scale, with its *ticks* and its *unit*; where it goes below zero, zero is a line in ink."""
    decimals = decimals_of(ticks)
    yield words(LEFT, 14, unit, color=QUIET)
    for tick in ticks:
        y = level(tick, ticks, height)
        yield rule(LEFT, y, RIGHT, y, color=INK if not tick and ticks[0] < 0 else LINE)
        written = said.number(tick, decimals).replace("-", "\N{MINUS SIGN}")
        yield words(LEFT - 6, y + 4, written, anchor="end", color=QUIET)


def level(value: float, ticks: Sequence[float], height: float) -> float:
    """Return how far down *value* stands in a drawing of that *height* whose scale has these *ticks*."""
    return TOP + height * (1 - (value - ticks[0]) / (ticks[-1] - ticks[0]))
