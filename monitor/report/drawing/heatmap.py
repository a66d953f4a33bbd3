"""A field with its number for each hour of each weekday, from bright where there is least to dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.report.drawing.svg import LEFT, QUIET, RIGHT, drawing, rectangle, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.wording import Words

HOURS: Final = 24
STEP: Final = 24.0
DARKEST: Final = (11, 61, 92)
BRIGHT: Final = "#ffffff"
DARK: Final = "#000000"
TURN: Final = 0.67
"""From here on a field is so dark that its number is written bright: on each side of it contrast is 4.5 and more.

Source: Web Content Accessibility Guidelines 2.1, criterion 1.4.3.
"""
NAMES: Final = 30.0


def heatmap(
    days: Sequence[str], values: Sequence[Sequence[float | None]], decimals: int, said: Words, unit: str = ""
) -> str:
    """Return fields for *days*, a row each, by the hours of the day; None: unknown, a field with a cross.

    The *unit* of the *values* stands in the corner.
    """
    known = [value for row in values for value in row if value is not None]
    span = (min(known, default=0), max(known, default=0))
    corner = words(LEFT + NAMES - 6, 14, unit, anchor="end", color=QUIET)
    return drawing(24 + STEP * len(days), [corner, *_fields(days, values, (span, decimals), said)])


def _fields(
    days: Sequence[str], values: Sequence[Sequence[float | None]], measure: tuple[tuple[float, float], int], said: Words
) -> Iterator[str]:
    width, ((lowest, highest), decimals) = (RIGHT - LEFT - NAMES) / HOURS, measure
    left = LEFT + NAMES
    for hour in range(0, HOURS, 2):
        yield words(left + width * (hour + 0.5), 14, f"{hour}", anchor="middle", color=QUIET)
    for row, day in enumerate(days):
        y = 20 + STEP * row
        yield words(left - 6, y + 16, day, anchor="end", room=left)
        for hour, value in enumerate(values[row]):
            part = 0.0 if value is None or highest == lowest else (value - lowest) / (highest - lowest)
            yield rectangle(left + width * hour, y, width, STEP, _shade(part) if value is not None else BRIGHT)
            text = "\N{MULTIPLICATION SIGN}" if value is None else said.number(value, decimals)
            middle = left + width * (hour + 0.5)
            yield words(middle, y + 16, text, anchor="middle", color=BRIGHT if part > TURN else DARK, room=width + 6)


def _shade(part: float) -> str:
    """Return the colour of *part*, 0 to 1: from nearly white to the darkest."""
    return "#" + "".join(f"{round(245 + (dark - 245) * part):02x}" for dark in DARKEST)
