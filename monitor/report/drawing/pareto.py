"""Bars from the largest down, with what they come to together: how few services make most of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.report.drawing.svg import COLORS, INK, LEFT, QUIET, RIGHT, drawing, rectangle, rule, scale, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from monitor.wording import Words

NAMES: Final = 200.0
"""The room for names."""
STEP: Final = 22.0
SUMS: Final = 64.0
"""The room for what bars come to together."""


def pareto(bars: Sequence[tuple[str, Decimal]], whole: Decimal, unit: str, decimals: int, said: Words) -> str:
    """Return horizontal *bars* (name, value), the largest first, each with its value and the share up to it.

    The share is of the *whole*: more than the bars come to where they are not all.
    """
    return drawing(30 + STEP * len(bars), _rows(bars, float(whole), (unit, decimals), said))


def _rows(bars: Sequence[tuple[str, Decimal]], whole: float, written: tuple[str, int], said: Words) -> Iterator[str]:
    left, right = LEFT + NAMES - 54, RIGHT - SUMS
    top = scale(float(max((value for _, value in bars), default=0)))[-1]
    unit, decimals = written
    yield words(left, 12, unit, color=QUIET)
    yield words(RIGHT, 12, said.say("drawing.together"), anchor="end", color=QUIET)
    together = 0.0
    for place, (name, value) in enumerate(bars):
        y, together = 22 + STEP * place, together + float(value)
        width = (right - left - SUMS) * float(value) / top
        yield words(left - 6, y + 13, name, anchor="end", room=NAMES)
        yield rectangle(left, y, width, STEP - 6, COLORS[0])
        yield words(left + width + 5, y + 13, said.number(value, decimals), color=INK)
        share = 100 * together / whole if whole else 0
        yield words(RIGHT, y + 13, said.percent(share, 0), anchor="end", color=QUIET)
    yield rule(left, 20, left, 22 + STEP * len(bars), color=QUIET)
