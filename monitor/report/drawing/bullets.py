"""A line for each clause: what was found with its range, against the threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.report.drawing.svg import COLORS, INK, LINE, QUIET, RIGHT, drawing, rectangle, rule, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STEP: Final = 44.0
NAMES: Final = 210.0
LEFT: Final = 220.0
ROOM: Final = 150.0
"""For the verdict, right of the line."""
BEYOND: Final = 1.15
"""A scale ends so much beyond the largest that is on it."""


@dataclass(frozen=True, slots=True)
class Bullet:
    """One clause: the value with its range (None: unknown), the threshold, and the verdict in words."""

    name: str
    threshold: float
    bounds: tuple[float, float, float] | None
    """The lowest, the central and the highest that it may be."""
    verdict: str
    text: str
    """Value and threshold, written."""


def bullets(clauses: Sequence[Bullet]) -> str:
    """Return the drawing of *clauses*, each on a scale of its own."""
    return drawing(
        STEP * max(1, len(clauses)), (part for place, one in enumerate(clauses) for part in _row(place, one))
    )


def _row(place: int, one: Bullet) -> Iterator[str]:
    y, right = STEP * place + 8, RIGHT - ROOM
    top = max(one.threshold, one.bounds[2] if one.bounds else 0) * BEYOND or 1.0

    def at(value: float) -> float:
        return LEFT + (right - LEFT) * value / top

    yield words(NAMES, y + 12, one.name, anchor="end", room=NAMES)
    yield words(NAMES, y + 27, one.text, anchor="end", color=QUIET, room=NAMES)
    yield rule(LEFT, y + 10, right, y + 10, color=LINE, width=8)
    if one.bounds is not None:
        low, central, high = one.bounds
        yield rectangle(at(low), y + 6, at(high) - at(low), 8, COLORS[4])
        yield rectangle(at(central) - 2, y + 2, 4, 16, INK)
    yield rule(at(one.threshold), y, at(one.threshold), y + 20, color=COLORS[5], width=3)
    yield words(right + 10, y + 14, one.verdict, room=ROOM)
