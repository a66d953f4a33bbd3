"""The chart of the last hour: where its lines run, and what it says to those who can't see it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.interval import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH: Final = 600
"""Of the drawing, in its own units: ten a minute."""
HEIGHT: Final = 100
STEPS: Final = (1, 2, 3, 4, 6, 8, 10)
"""A scale ends at one of these times a power of ten: its half is a round number too."""
LEAST: Final = 1e-6
"""Where the scale of less ends, in watts: powers are whole microwatts."""
TICKS: Final = 4
"""Into so many parts the hour is cut by the times that are written below it."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of power over the last hour. Powers are in watts, times in ns since the epoch."""

    line: str
    """Path of the line, broken where minutes are missing."""
    area: str
    """Path of what is below it."""
    top: float
    """Where the scale ends; it begins at zero."""
    start: int
    end: int
    times: tuple[int, ...]
    lowest: float
    highest: float
    mean: float
    missing: int
    """Minutes of the hour that were not measured."""


def chart_of(points: Sequence[tuple[int, float]]) -> Chart | None:
    """Return the chart of *points* (the start of a minute, its mean power), in order; None where there is none.

    The hour ends with the last point's minute.
    """
    if not points:
        return None
    end = points[-1][0] + MINUTE.nanoseconds
    start = end - HOUR.nanoseconds
    shown = [(at, watts) for at, watts in points if at >= start]
    powers = [watts for _, watts in shown]
    top = _end_of_scale(max(powers))
    runs = [[_place(at, watts, start, top) for at, watts in run] for run in _runs(shown)]
    return Chart(
        line=" ".join(_line(run) for run in runs),
        area=" ".join(f"{_line(run)} V{HEIGHT} H{run[0][0]:.1f} Z" for run in runs),
        top=top,
        start=start,
        end=end,
        times=tuple(start + part * HOUR.nanoseconds // TICKS for part in range(TICKS + 1)),
        lowest=min(powers),
        highest=max(powers),
        mean=sum(powers) / len(powers),
        missing=HOUR.nanoseconds // MINUTE.nanoseconds - len(shown),
    )


def _runs(points: Sequence[tuple[int, float]]) -> Iterator[list[tuple[int, float]]]:
    """Yield the stretches in which no minute is missing."""
    run: list[tuple[int, float]] = []
    for point in points:
        if run and point[0] - run[-1][0] > MINUTE.nanoseconds:
            yield run
            run = []
        run.append(point)
    yield run


def _place(at: int, watts: float, start: int, top: float) -> tuple[float, float]:
    return (at - start) * WIDTH / HOUR.nanoseconds, HEIGHT - watts / top * HEIGHT


def _line(run: Sequence[tuple[float, float]]) -> str:
    """Return the path of a run: each minute is a step, level for as long as it lasts."""
    minute = WIDTH * MINUTE.nanoseconds / HOUR.nanoseconds
    steps = [f"V{y:.1f} H{x + minute:.1f}" for x, y in run[1:]]
    (x, y), *_ = run
    return " ".join((f"M{x:.1f},{y:.1f} H{x + minute:.1f}", *steps))


def _end_of_scale(highest: float) -> float:
    if highest <= 0:
        return 1.0
    end = max(highest, LEAST)
    decade = 10.0 ** math.floor(math.log10(end))
    return next(step * decade for step in STEPS if step * decade >= end)
