"""A dashboard as a page, near enough to Grafana's to be looked at: its grid, its units, its colours, its tables.

What it stands for: stat, bargauge, timeseries, table, text, row; thresholds, value mappings, names and units of
overrides; the transformations joinByField, filterFieldsByName and organize. Below 768 pixels the panels are stacked.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.parts.board_curves import curves
from tests.parts.boards import Answering, Asked, Span, answer, asked
from tests.parts.grafana_units import written
from tests.parts.prometheus import Line, Sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CELL: Final = 30
"""Height of a row of Grafana's grid, and between two panels, in pixels."""
GAP: Final = 8
COLORS: Final = {"green": "#1a7f4b", "#EAB839": "#b07d00", "red": "#c4162a", "blue": "#1f60c4"}
"""Of Grafana's light theme."""
STYLE: Final = """
body { margin: 0; padding: 8px 16px; background: #f4f5f5; color: #24292e; font: 14px Inter, "DejaVu Sans", sans-serif }
h1 { font-size: 18px; font-weight: 500; margin: 6px 0 10px } h1 small { color: #6e7680; font-weight: 400 }
.grid { display: grid; grid-template-columns: repeat(24, 1fr); grid-auto-rows: 30px; gap: 8px }
.panel { background: #fff; border: 1px solid #e0e2e5; border-radius: 2px; overflow: hidden; display: flex;
  flex-direction: column; min-width: 0 }
.panel h2 { font-size: 13px; font-weight: 500; margin: 6px 8px 2px; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis }
.row { align-self: center; font-size: 16px; font-weight: 500 }
.body { flex: 1; min-height: 0; padding: 2px 8px 6px; display: flex; flex-direction: column; justify-content: center;
  overflow: hidden }
.stats { flex-direction: row; flex-wrap: wrap; gap: 4px 16px; align-items: center; justify-content: space-around }
.stat { text-align: center; font-size: 28px; font-weight: 500; white-space: nowrap }
.stat small { display: block; font-size: 14px; font-weight: 400; color: #24292e }
.bar { display: grid; grid-template-columns: 42% 1fr 100px; gap: 8px; align-items: center; margin: 2px 0;
  flex: 0 1 26px }
.bar span { white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
.bar i { display: block; height: 18px; background: #e9ebee } .bar b { display: block; height: 100% }
.bar em { font-style: normal; white-space: nowrap; min-width: 90px; text-align: right }
.table { display: block; overflow: hidden } table { border-collapse: collapse; width: 100%; font-size: 13px }
th { text-align: left; color: #1f60c4; font-weight: 500; padding: 4px 6px; border-bottom: 1px solid #e0e2e5 }
td { padding: 5px 6px; border-bottom: 1px solid #eef0f2; white-space: nowrap; overflow: hidden; max-width: 26em;
  text-overflow: ellipsis } .number { text-align: right }
.text { display: block; overflow: hidden; line-height: 1.45 } .text p { margin: 4px 0 8px }
.legend { font-size: 12px } .legend td { padding: 1px 6px; border: 0 } .legend th { padding: 1px 6px; font-size: 12px }
svg { display: block; width: 100%; flex: 1; min-height: 60px }
@media (max-width: 768px) { .grid { display: block } .grid > * { margin-bottom: 8px } body { padding: 8px } }
"""


@dataclass(frozen=True, slots=True)
class Look:
    """How a field is shown, of its defaults and its overrides."""

    settings: Mapping[str, Any]

    def text(self, value: float | str | None) -> str:
        """Return what people read instead of *value*."""
        if value is None:
            return str(self.settings.get("noValue", ""))
        mapped = self._mapped(value)
        if mapped:
            return str(mapped["text"])
        if isinstance(value, str):
            return value
        return written(value, self.settings["unit"], self.settings.get("decimals"))

    def color(self, value: float | str | None) -> str:
        """Return the colour of *value*, by its mapping, else by the thresholds."""
        mapped = self._mapped(value) if value is not None else None
        if mapped and "color" in mapped:
            return COLORS[mapped["color"]]
        if not isinstance(value, float):
            return "inherit"
        steps = self.settings["thresholds"]["steps"]
        return COLORS[[one["color"] for one in steps if one["value"] is None or value >= one["value"]][-1]]

    def _mapped(self, value: float | str) -> Mapping[str, Any] | None:
        key = value if isinstance(value, str) else f"{value:g}"
        for mapping in self.settings["mappings"]:
            if key in mapping["options"]:
                found: Mapping[str, Any] = mapping["options"][key]
                return found
        return None


def look_of(panel: Mapping[str, Any], name: str) -> Look:
    """Return how the field called *name* is shown in a *panel*."""
    settings = dict(panel["fieldConfig"]["defaults"])
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == name:
            settings |= {one["id"]: one["value"] for one in override["properties"]}
    return Look(settings)


def drawn(board: Mapping[str, Any], prometheus: Answering, span: Span) -> str:
    """Return a page that shows *board* as *prometheus* fills it, in a language of its own: that of its tag."""
    asks: dict[int, list[Asked]] = {}
    for one in asked(board, prometheus, span):
        asks.setdefault(one.panel["id"], []).append(one)
    panels = []
    for panel in board["panels"]:
        answers = [(one, answer(one, prometheus, span)) for one in asks.get(panel["id"], [])]
        panels.append(_placed(panel, _body(panel, answers, span)))
    title = html.escape(board["title"])
    return (
        f'<!doctype html><html lang="{board["tags"][1]}"><meta charset="utf-8"><title>{title}</title>'
        f'<style>{STYLE}</style><h1><small>Empreinte /</small> {title}</h1><div class="grid">{"".join(panels)}</div>'
    )


def height_of(board: Mapping[str, Any], *, stacked: bool = False) -> int:
    """Return how high the page is, in pixels."""
    boxes = [panel["gridPos"] for panel in board["panels"]]
    rows = sum(box["h"] for box in boxes) if stacked else max(box["y"] + box["h"] for box in boxes)
    return int(rows * (CELL + GAP)) + 70


def _placed(panel: Mapping[str, Any], body: str) -> str:
    box = panel["gridPos"]
    place = (
        f"grid-column: {box['x'] + 1} / span {box['w']}; grid-row: {box['y'] + 1} / span {box['h']};"
        f" height: {box['h'] * (CELL + GAP) - GAP}px"
    )
    title = html.escape(panel["title"])
    if panel["type"] == "row":
        return f'<div class="row" style="{place}">⌄ {title}</div>'
    return f'<section class="panel" style="{place}"><h2>{title}</h2>{body}</section>'


Answers = list[tuple[Asked, "Sequence[Sample | Line]"]]


def _body(panel: Mapping[str, Any], answers: Answers, span: Span) -> str:
    match panel["type"]:
        case "row":
            return ""
        case "text":
            return f'<div class="body text">{_markdown(panel["options"]["content"])}</div>'
        case "timeseries":
            lines = [
                (_name(one, line), line.points) for one, lines in answers for line in lines if isinstance(line, Line)
            ]
            named = [(look_of(panel, name), _shown(panel, name), points) for name, points in lines]
            return f'<div class="body">{curves(panel, named, span)}</div>'
        case "table":
            return f'<div class="body table">{_table(panel, answers)}</div>'
    values = [
        (_name(one, sample), sample.value) for one, found in answers for sample in found if isinstance(sample, Sample)
    ]
    if panel["type"] == "stat":
        return f'<div class="body stats">{_stats(panel, values)}</div>'
    return f'<div class="body">{_bars(panel, values)}</div>'


def _name(one: Asked, found: Sample | Line) -> str:
    """Return how Grafana calls a series, by the legend."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: found.labels.get(match[1], ""), one.target["legendFormat"])


def _shown(panel: Mapping[str, Any], name: str) -> str:
    return str(look_of(panel, name).settings.get("displayName", name))


def _stats(panel: Mapping[str, Any], values: Sequence[tuple[str, float]]) -> str:
    if not values:
        return f'<div class="stat">{html.escape(look_of(panel, "").text(None))}</div>'
    named = panel["options"]["textMode"] == "value_and_name"
    parts = []
    for name, value in values:
        look = look_of(panel, name)
        over = f"<small>{html.escape(_shown(panel, name))}</small>" if named else ""
        parts.append(
            f'<div class="stat" style="color: {look.color(value)}">{over}{html.escape(look.text(value))}</div>'
        )
    return "".join(parts)


def _bars(panel: Mapping[str, Any], values: Sequence[tuple[str, float]]) -> str:
    if not values:
        return f'<div class="stat">{html.escape(look_of(panel, "").text(None))}</div>'
    defaults = panel["fieldConfig"]["defaults"]
    least = defaults.get("min", min(0.0, *(value for _, value in values), 0.0))
    most = defaults.get("max", max(value for _, value in values)) or 1
    parts = []
    for name, value in values:
        look = look_of(panel, name)
        width = max(0, min(100, round((value - least) / (most - least) * 100)))
        parts.append(
            f'<div class="bar"><span>{html.escape(_shown(panel, name))}</span><i><b style="width: {width}%;'
            f' background: {look.color(value)}"></b></i><em>{html.escape(look.text(value))}</em></div>'
        )
    return "".join(parts)


def _table(panel: Mapping[str, Any], answers: Answers) -> str:
    rows = _joined(panel, answers)
    order = panel["options"]["sortBy"][0]
    if rows:
        rows.sort(key=lambda row: _rank(row.get(order["displayName"])), reverse=order["desc"])
    headings = list(_transformation(panel, "organize")["renameByName"].values())
    numbers = {name for name in headings if any(isinstance(row.get(name), float) for row in rows)}
    head = "".join(f'<th class="{"number" * (name in numbers)}">{html.escape(name)}</th>' for name in headings)
    body = "".join(
        f"<tr>{''.join(_cell(panel, name, row.get(name), number=name in numbers) for name in headings)}</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _rank(value: float | str | None) -> tuple[int, float, str]:
    return (0, value, "") if isinstance(value, float) else (-1, 0.0, value or "")


def _cell(panel: Mapping[str, Any], heading: str, value: float | str | None, *, number: bool) -> str:
    look = look_of(panel, heading)
    color = look.color(value) if look.settings.get("custom.displayMode") == "color-text" else "inherit"
    return f'<td class="{"number" * number}" style="color: {color}">{html.escape(look.text(value))}</td>'


def _transformation(panel: Mapping[str, Any], name: str) -> Any:
    return next(one["options"] for one in panel["transformations"] if one["id"] == name)


def _joined(panel: Mapping[str, Any], answers: Answers) -> list[dict[str, float | str]]:
    """Return the rows of a table by its headings, joined, filtered and renamed as its transformations say."""
    by = _transformation(panel, "joinByField")["byField"]
    names = _transformation(panel, "organize")["renameByName"]
    kept = _transformation(panel, "filterFieldsByName")["include"]["names"]
    several = len(answers) > 1
    rows: dict[object, dict[str, float | str]] = {}
    for one, found in answers:
        for number, sample in enumerate(each for each in found if isinstance(each, Sample)):
            value = f"Value #{one.target['refId']}" if several else "Value"
            row = rows.setdefault(sample.labels.get(by, "") if several else number, {})
            fields: dict[str, float | str] = {**sample.labels, value: sample.value}
            for field, content in fields.items():
                if field in kept:
                    row.setdefault(names[field], content)
    return list(rows.values())


def _markdown(text: str) -> str:
    said = html.escape(text.strip(), quote=False)
    said = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", said)
    said = re.sub(r"\*(.+?)\*", r"<em>\1</em>", said)
    said = re.sub(r"`(.+?)`", r"<code>\1</code>", said)
    return "".join(f"<p>{one}</p>" for one in said.split("\n\n"))
