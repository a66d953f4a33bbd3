"""From one year to the next, step by step: what each effect added, and what it took away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.report.drawing.svg import (
    COLORS,
    INK,
    LEFT,
    QUIET,
    RIGHT,
    TOP,
    axis,
    drawing,
    level,
    rectangle,
    rule,
    scale_around,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.wording import Words

HEIGHT: Final = 200.0
WHOLE, MORE, LESS = "#51585f", COLORS[5], COLORS[2]


def waterfall(
    ends: tuple[tuple[str, float], tuple[str, float]],
    steps: Sequence[tuple[str, float]],
    written: tuple[str, int],
    said: Words,
) -> str:
    """Return the way from the first of *ends* (name, value) to the last by *steps* (name, difference).

    *written* is the unit and with how many decimals values are written.
    """
    levels = [ends[0][1]]
    for _, change in steps:
        levels.append(levels[-1] + change)
    ticks = scale_around(min(*levels, ends[1][1], 0), max(*levels, ends[1][1], 0))
    return drawing(
        TOP + HEIGHT + 40,
        [*axis(ticks, written[0], HEIGHT, said), *_bars(ends, steps, (levels, ticks, written[1]), said)],
    )


def _bars(
    ends: tuple[tuple[str, float], tuple[str, float]],
    steps: Sequence[tuple[str, float]],
    measure: tuple[Sequence[float], Sequence[float], int],
    said: Words,
) -> Iterator[str]:
    levels, ticks, decimals = measure
    spans = [
        (ends[0][0], 0.0, ends[0][1], WHOLE, _written(ends[0][1], decimals, said)),
        *(
            (name, before, before + change, MORE if change > 0 else LESS, _signed(change, decimals, said))
            for (name, change), before in zip(steps, levels, strict=False)
        ),
        (ends[1][0], 0.0, ends[1][1], WHOLE, _written(ends[1][1], decimals, said)),
    ]
    step = (RIGHT - LEFT) / len(spans)
    for place, (name, start, end, color, text) in enumerate(spans):
        x = LEFT + step * place
        high, low = (level(one, ticks, HEIGHT) for one in (max(start, end), min(start, end)))
        yield rectangle(x + step * 0.15, high, step * 0.7, low - high, color)
        yield words(x + step / 2, high - 5, text, anchor="middle", color=INK, room=step)
        yield words(x + step / 2, TOP + HEIGHT + 16, name, anchor="middle", color=QUIET, room=step)
        if place < len(spans) - 1:
            y = level(end, ticks, HEIGHT)
            yield rule(x + step * 0.85, y, x + step * 1.15, y, color=QUIET, dash="2 2")


def _written(value: float, decimals: int, said: Words) -> str:
    return said.number(value, decimals).replace("-", "\N{MINUS SIGN}")


def _signed(change: float, decimals: int, said: Words) -> str:
    return f"{'+' if change >= 0 else chr(0x2212)}{said.number(abs(change), decimals)}"
