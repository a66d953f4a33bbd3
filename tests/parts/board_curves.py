"""The curves of a dashboard's panel: lines or stacked areas, two axes, and a legend with mean and maximum."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.parts.boards import Span

PALETTE: Final = ("#56A64B", "#E0B400", "#3274D9", "#FF780A", "#E02F44", "#8F3BB8", "#37872D", "#19A2B8", "#A352CC")
COLUMN: Final = 64
ROW: Final = 38
"""Width and height of a cell of Grafana's grid, in pixels, on a window that is 1,600 wide."""
LETTER: Final = 7
BOTTOM: Final = 24
TICKS: Final = 4
LEAST: Final = 80
"""The height that is left for curves under however long a legend."""


class Look(Protocol):
    """How a value is written."""

    def text(self, value: float | str | None) -> str:
        """Return what people read."""
        ...


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is drawn on: its size in pixels, the room for the numbers, the time, and the largest value."""

    width: int
    height: int
    left: int
    span: Span
    most: float

    def at(self, moment: float, value: float) -> str:
        """Return where a point comes."""
        part = (moment - self.span.start) / (self.span.end - self.span.start)
        x = self.left + part * (self.width - self.left)
        return f"{x:.1f},{(self.height - BOTTOM) * (1 - value / self.most):.1f}"


def curves(panel: Mapping[str, Any], lines: Sequence[tuple[Look, str, Any]], span: Span) -> str:
    """Return the picture and the legend of *lines*: how each is shown, its name, its points."""
    if not lines:
        return '<div class="stat">No data</div>'
    stacked = panel["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"] == "normal"
    tops = _tops([points for _, _, points in lines], stacked=stacked)
    most = max(value for top in tops for value in top.values()) * 1.05 or 1.0
    box, look = panel["gridPos"], lines[0][0]
    height = max(LEAST, box["h"] * ROW - 70 - 19 * len(lines))
    sheet = Sheet(box["w"] * COLUMN, height, LETTER * len(look.text(most)) + 12, span, most)
    parts = [_axes(look, sheet)]
    for number in reversed(range(len(lines))):
        parts += _curve(sheet, tops[number], PALETTE[number % len(PALETTE)], stacked=stacked)
    picture = f'<svg viewBox="0 0 {sheet.width} {height}" preserveAspectRatio="none">{"".join(parts)}</svg>'
    return picture + _legend(lines)


def _curve(sheet: Sheet, top: Mapping[float, float], color: str, *, stacked: bool) -> Iterator[str]:
    """Yield the parts of a curve: a gap stays one."""
    for piece in _pieces(sorted(top.items()), 1.5 * sheet.span.step):
        points = " ".join(sheet.at(*point) for point in piece)
        if stacked:
            ends = f"{sheet.at(piece[-1][0], 0)} {sheet.at(piece[0][0], 0)}"
            yield f'<polygon points="{points} {ends}" fill="{color}" stroke="none"/>'
        yield f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>'


def _pieces(points: Sequence[tuple[float, float]], longest: float) -> list[list[tuple[float, float]]]:
    """Return *points* parted where two of them lie further apart than *longest* seconds."""
    pieces: list[list[tuple[float, float]]] = []
    for point in points:
        if pieces and point[0] - pieces[-1][-1][0] <= longest:
            pieces[-1].append(point)
        else:
            pieces.append([point])
    return pieces


def _tops(lines: Sequence[Any], *, stacked: bool) -> list[dict[float, float]]:
    """Return how high each curve is at each moment: on top of the ones before it where they are *stacked*."""
    tops: list[dict[float, float]] = []
    below: dict[float, float] = {}
    for points in lines:
        top = {moment: value + below.get(moment, 0.0) for moment, value in points}
        if stacked:
            below = below | top
        tops.append(top)
    return tops


def _axes(look: Look, sheet: Sheet) -> str:
    parts = []
    for tick in range(TICKS + 1):
        y = (sheet.height - BOTTOM) * (1 - tick / TICKS)
        parts.append(f'<line x1="{sheet.left}" x2="{sheet.width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e9ebee"/>')
        text = html.escape(look.text(sheet.most * tick / TICKS))
        parts.append(f'<text x="{sheet.left - 6}" y="{max(y, 10):.1f}" text-anchor="end" font-size="12">{text}</text>')
        if tick < TICKS:
            moment = sheet.span.start + (sheet.span.end - sheet.span.start) * (tick + 0.5) / TICKS
            x = sheet.left + (sheet.width - sheet.left) * (tick + 0.5) / TICKS
            clock = datetime.fromtimestamp(moment).astimezone().strftime("%H:%M")
            parts.append(f'<text x="{x:.0f}" y="{sheet.height - 6}" text-anchor="middle" font-size="12">{clock}</text>')
    return "".join(parts)


def _legend(lines: Sequence[tuple[Look, str, Any]]) -> str:
    rows = []
    for number, (look, name, points) in enumerate(lines):
        values = [value for _, value in points]
        color = PALETTE[number % len(PALETTE)]
        rows.append(
            f'<tr><td><b style="color: {color}">▬</b> {html.escape(name)}</td>'
            f'<td class="number">{look.text(sum(values) / len(values))}</td>'
            f'<td class="number">{look.text(max(values))}</td></tr>'
        )
    head = '<tr><th></th><th class="number">mean</th><th class="number">max</th></tr>'
    return f'<table class="legend">{head}{"".join(rows)}</table>'
