"""A curve by month, broken where a month is unknown."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from monitor.report.drawing.svg import COLORS, LEFT, QUIET, RIGHT, TOP, axis, drawing, polyline, rectangle, scale, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.wording import Words

HEIGHT: Final = 170.0
DOT: Final = 6.0


def curve(columns: Sequence[str], values: Sequence[float | None], unit: str, said: Words) -> str:
    """Return the curve of *values*, one for each of *columns*; None: unknown, and no point of it."""
    ticks = scale(max((value for value in values if value is not None), default=0))
    return drawing(TOP + HEIGHT + 30, [*axis(ticks, unit, HEIGHT, said), *_line(columns, values, ticks[-1])])


def _line(columns: Sequence[str], values: Sequence[float | None], top: float) -> Iterator[str]:
    step = (RIGHT - LEFT) / max(1, len(columns))
    for place, column in enumerate(columns):
        yield words(LEFT + step * (place + 0.5), TOP + HEIGHT + 16, column, anchor="middle", color=QUIET, room=step)
    for known, run in groupby(enumerate(values), key=lambda pair: pair[1] is not None):
        if known:
            points = [(LEFT + step * (place + 0.5), TOP + HEIGHT * (1 - (value or 0) / top)) for place, value in run]
            yield polyline(points, COLORS[0])
            yield from (rectangle(x - DOT / 2, y - DOT / 2, DOT, DOT, COLORS[0]) for x, y in points)
