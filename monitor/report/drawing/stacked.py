"""Bars by month, each stacked of parts: which service used how much, when."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from monitor.report.drawing.svg import COLORS, LEFT, QUIET, RIGHT, TOP, axis, drawing, rectangle, scale, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.wording import Words

HEIGHT: Final = 220.0
LEGEND: Final = 20.0
ROOM: Final = 224.0
"""For one name of the legend: three in a line."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is stacked: its name, and its value in each column; None: unknown."""

    name: str
    values: Sequence[float | None]


def stacked(columns: Sequence[str], parts: Sequence[Part], unit: str, said: Words) -> str:
    """Return bars for *columns*, each of the values of *parts* one above the other. Unknown columns say so."""
    highest = max((sum(part.values[place] or 0 for part in parts) for place in range(len(columns))), default=0)
    ticks = scale(highest)
    bottom = TOP + HEIGHT
    lines = -(-len(parts) // 3)
    return drawing(
        bottom + 30 + LEGEND * lines,
        [*axis(ticks, unit, HEIGHT, said), *_bars(columns, parts, ticks[-1], said), *_legend(parts, bottom + 44)],
    )


def _bars(columns: Sequence[str], parts: Sequence[Part], top: float, said: Words) -> Iterator[str]:
    step = (RIGHT - LEFT) / max(1, len(columns))
    for place, column in enumerate(columns):
        x, y = LEFT + step * place + step * 0.15, TOP + HEIGHT
        yield words(x + step * 0.35, TOP + HEIGHT + 16, column, anchor="middle", color=QUIET, room=step)
        if _unknown(place, parts):
            continue
        for number, part in enumerate(parts):
            height = HEIGHT * (part.values[place] or 0) / top
            y -= height
            yield rectangle(x, y, step * 0.7, height, COLORS[number % len(COLORS)])
    for unknown, places in groupby(range(len(columns)), key=lambda place: _unknown(place, parts)):
        if unknown:
            # they say it once, however many are in a row: side by side the words would touch
            run = list(places)
            middle, room = LEFT + step * (run[0] + len(run) / 2), step * len(run)
            yield words(middle, TOP + HEIGHT - 6, said.say("drawing.unknown"), anchor="middle", color=QUIET, room=room)


def _unknown(place: int, parts: Sequence[Part]) -> bool:
    return all(part.values[place] is None for part in parts)


def _legend(parts: Sequence[Part], y: float) -> Iterator[str]:
    for number, part in enumerate(parts):
        x, line = LEFT + ROOM * (number % 3), y + LEGEND * (number // 3)
        yield rectangle(x, line - 10, 11, 11, COLORS[number % len(COLORS)])
        yield words(x + 16, line, part.name, room=ROOM - 24)
