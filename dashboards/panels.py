"""Panels of Grafana's classic dashboards, as plain values: what 9.4 to 13 understand, and nothing else.

Each has a title and a description from the catalogue of strings, a unit that people read, and its queries.
Source: Grafana's dashboard schema, version 37 (9.4), which later versions bring up to date when they load it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboards.words import Words

Panel = dict[str, Any]

KWH: Final = "suffix:kWh"
"""Grafana's own become megawatt-hours from a thousand on: two rows of a table can't be compared, and one decimal is a
hundred kilowatt-hours. The same holds of its watts, litres and euros."""
WATTS: Final = "suffix:W"
RATIO: Final = "percentunit"
LITERS: Final = "suffix:L"
EUROS: Final = "suffix:€"
SECONDS: Final = "s"
COUNT: Final = "short"
KILOGRAMS: Final = "suffix:kgCO₂e"
"""Grafana's own kilograms become megagrams, which people read as milligrams."""
GRAMS: Final = "suffix:gCO₂e"
WATT_HOURS: Final = "suffix:Wh"
ANY_WATT_HOURS: Final = "watth"
"""With a prefix: where one column has a few of them and another thousands."""
GRAMS_PER_KWH: Final = "suffix:gCO₂e/kWh"
DAY: Final = "time:YYYY-MM-DD"
"""Of a moment in ms since the epoch."""

GREEN: Final = "green"
AMBER: Final = "#EAB839"
RED: Final = "red"
NEUTRAL: Final = "blue"


@dataclass(frozen=True, slots=True)
class Query:
    """One query of PromQL. `legend` names its series; `instant` asks for now alone, `table` for columns of labels."""

    expression: str
    legend: str = ""
    instant: bool = True
    table: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """How values are shown: unit, decimals, and from which value on in which colour."""

    unit: str
    decimals: int | None = None
    steps: Sequence[tuple[float | None, str]] = ((None, NEUTRAL),)
    least: float | None = None
    most: float | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """What people read instead of the name of a series."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """What people read instead of a value."""
    colors: Mapping[str, str] = field(default_factory=dict)
    """In which colour some of these values are shown."""
    none: str = "—"
    """What stands where there is no value: unknown is no zero."""


def stat(key: str, words: Words, look: Look, *queries: Query, link: str = "") -> Panel:
    """Return one large figure, or one for each series."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "orientation": "auto",
        "textMode": "auto" if len(queries) == 1 and not queries[0].legend else "value_and_name",
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
    }
    return _panel("stat", key, words, _Content(look, queries, options, link))


def bars(key: str, words: Words, look: Look, *queries: Query, link: str = "") -> Panel:
    """Return horizontal bars, one for each series."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "orientation": "horizontal",
        "displayMode": "basic",
        "showUnfilled": True,
        "minVizWidth": 0,
        "minVizHeight": 10,
    }
    return _panel("bargauge", key, words, _Content(look, queries, options, link))


def lines(key: str, words: Words, look: Look, *queries: Query, stacked: bool = False, link: str = "") -> Panel:
    """Return a curve for each series; *stacked* ones add up to the whole."""
    custom = {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "fillOpacity": 30 if stacked else 8,
        "spanNulls": False,
        "showPoints": "never",
        "axisPlacement": "auto",
        "scaleDistribution": {"type": "linear"},
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "thresholdsStyle": {"mode": "off"},
    }
    options = {
        "legend": {"showLegend": True, "displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    panel = _panel("timeseries", key, words, _Content(look, queries, options, link))
    panel["fieldConfig"]["defaults"]["custom"] = custom
    panel["fieldConfig"]["defaults"]["color"] = {"mode": "palette-classic"}
    return panel


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its query, whose labels the first column has, its heading and its look."""

    heading: str
    query: Query
    look: Look


@dataclass(frozen=True, slots=True)
class Rows:
    """What the rows of a table are: the `labels` that are columns, and what the queries are joined `by`.

    `by` is a label that all queries have; it is the first column where nothing else is said. `facts` is a query whose
    labels alone are shown.
    """

    labels: Sequence[str]
    by: str = ""
    facts: str = ""
    looks: Mapping[str, Look] = field(default_factory=dict)
    """How some of the labels are shown."""


def table(key: str, words: Words, rows: Rows, *columns: Column, link: str = "") -> Panel:
    """Return a table: each of the labels of its rows is a column, and so is each query."""
    queries = [*([Query(rows.facts, table=True)] if rows.facts else []), *(one.query for one in columns)]
    first = len(queries) - len(columns)
    names = {
        **{name: words(f"columns.{name}") for name in rows.labels},
        **{_value(first + number, queries): column.heading for number, column in enumerate(columns)},
    }
    panel = _panel("table", key, words, _Content(Look(COUNT), queries, {"showHeader": True}, link))
    panel["transformations"] = [
        {"id": "joinByField", "options": {"byField": rows.by or rows.labels[0], "mode": "outer"}},
        {"id": "filterFieldsByName", "options": {"include": {"names": list(names)}}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "indexByName": {name: place for place, name in enumerate(names)},
                "renameByName": names,
            },
        },
    ]
    panel["options"]["sortBy"] = [{"displayName": columns[0].heading, "desc": True}]
    panel["fieldConfig"]["defaults"]["custom"] = {"align": "auto", "displayMode": "auto", "filterable": False}
    plain = Look(COUNT, texts=words.mapping("names"), none="")
    panel["fieldConfig"]["overrides"] = [
        *(_override(words(f"columns.{name}"), rows.looks.get(name, plain)) for name in rows.labels),
        *(_override(column.heading, column.look) for column in columns),
    ]
    return panel


def text(key: str, words: Words) -> Panel:
    """Return a text to read, in Markdown."""
    return {
        "type": "text",
        "title": words(f"{key}.title"),
        "description": words(f"{key}.description"),
        "options": {"mode": "markdown", "content": words(f"{key}.content")},
        "key": key,
    }


def heading(key: str, words: Words) -> Panel:
    """Return the heading of the panels that follow."""
    return {"type": "row", "title": words(f"{key}.title"), "collapsed": False, "panels": [], "key": key}


@dataclass(frozen=True, slots=True)
class _Content:
    """What is in a panel."""

    look: Look
    queries: Sequence[Query]
    options: dict[str, Any]
    link: str


def _panel(kind: str, key: str, words: Words, content: _Content) -> Panel:
    look, link = content.look, content.link
    panel: Panel = {
        "type": kind,
        "title": words(f"{key}.title"),
        "description": words(f"{key}.description"),
        "targets": [_target(number, query) for number, query in enumerate(content.queries)],
        "fieldConfig": {"defaults": _defaults(look), "overrides": [_named(*pair) for pair in look.names.items()]},
        "options": content.options,
        "key": key,
    }
    if link:
        panel["links"] = [{"title": words("links.further"), "url": link, "targetBlank": False}]
    return panel


def _ref(number: int) -> str:
    return chr(ord("A") + number)


def _value(number: int, queries: Sequence[Query]) -> str:
    """Return how Grafana calls the values of a query: by its letter where there are several."""
    return f"Value #{_ref(number)}" if len(queries) > 1 else "Value"


def _target(number: int, query: Query) -> dict[str, Any]:
    return {
        "refId": _ref(number),
        "expr": query.expression,
        "legendFormat": query.legend or "__auto",
        "instant": query.instant,
        "range": not query.instant,
        "format": "table" if query.table else "time_series",
        "editorMode": "code",
    }


def _defaults(look: Look) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "unit": look.unit,
        "noValue": look.none,
        "color": {"mode": "thresholds"},
        "thresholds": {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in look.steps]},
        "mappings": _mappings(look.texts, look.colors),
    }
    bounds = {"decimals": look.decimals, "min": look.least, "max": look.most}
    return defaults | {name: value for name, value in bounds.items() if value is not None}


def _named(series: str, text: str) -> dict[str, Any]:
    return {"matcher": {"id": "byName", "options": series}, "properties": [{"id": "displayName", "value": text}]}


def _mappings(names: Mapping[str, str], colors: Mapping[str, str]) -> list[dict[str, Any]]:
    if not names:
        return []
    options = {
        value: {"text": text, "index": place} | ({"color": colors[value]} if value in colors else {})
        for place, (value, text) in enumerate(names.items())
    }
    return [{"type": "value", "options": options}]


def _override(heading: str, look: Look) -> dict[str, Any]:
    shown = _defaults(look)
    properties = [{"id": name, "value": value} for name, value in shown.items() if name != "color"]
    if look.colors or len(look.steps) > 1:
        properties.append({"id": "custom.displayMode", "value": "color-text"})
    return {"matcher": {"id": "byName", "options": heading}, "properties": properties}
