"""What a dashboard may hold, stricter than Grafana: the keys that we use, as 9.4 (schema 37) to 13 know them.

Source: Grafana's documentation, "Dashboard JSON model", and the options of its panels stat, bargauge, timeseries, table
and text in version 9.4.
"""

from __future__ import annotations

from typing import Any, Final

UNITS: Final = (
    "suffix:kWh",
    "watth",
    "suffix:Wh",
    "suffix:W",
    "joule",
    "percentunit",
    "suffix:L",
    "suffix:€",
    "s",
    "short",
    "time:YYYY-MM-DD",
    "reqps",
    "suffix:kgCO₂e",
    "suffix:gCO₂e",
    "suffix:gCO₂e/kWh",
)


def strict(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    """Return the schema of an object that has all *properties*, but for the *optional* ones, and no other."""
    required = sorted(properties.keys() - set(optional))
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def one_of(*values: str) -> dict[str, Any]:
    """Return the schema of one of some texts."""
    return {"enum": list(values)}


TEXT: Final = {"type": "string", "minLength": 1}
TRUTH: Final = {"type": "boolean"}
SOURCE: Final = strict({"type": one_of("prometheus"), "uid": TEXT})
STEPS: Final = {"type": "array", "minItems": 1, "items": strict({"value": {"type": ["number", "null"]}, "color": TEXT})}
MAPPINGS: Final = {
    "type": "array",
    "items": strict(
        {
            "type": one_of("value"),
            "options": {
                "type": "object",
                "additionalProperties": strict({"text": TEXT, "index": {"type": "integer"}, "color": TEXT}, "color"),
            },
        }
    ),
}
CUSTOM: Final = {
    "type": "object",
    "propertyNames": one_of(
        "drawStyle",
        "lineInterpolation",
        "lineWidth",
        "fillOpacity",
        "spanNulls",
        "showPoints",
        "axisPlacement",
        "scaleDistribution",
        "stacking",
        "thresholdsStyle",
        "align",
        "displayMode",
        "filterable",
    ),
}
DEFAULTS: Final = strict(
    {
        "unit": one_of(*UNITS),
        "noValue": {"type": "string"},
        "color": strict({"mode": one_of("thresholds", "palette-classic")}),
        "thresholds": strict({"mode": one_of("absolute"), "steps": STEPS}),
        "mappings": MAPPINGS,
        "decimals": {"type": "integer"},
        "min": {"type": "number"},
        "max": {"type": "number"},
        "custom": CUSTOM,
    },
    "decimals",
    "min",
    "max",
    "custom",
)
OVERRIDES: Final = {
    "type": "array",
    "items": strict(
        {
            "matcher": strict({"id": one_of("byName"), "options": TEXT}),
            "properties": {"type": "array", "minItems": 1, "items": strict({"id": TEXT, "value": {}})},
        }
    ),
}
TARGET: Final = strict(
    {
        "refId": {"type": "string", "pattern": "^[A-Z]$"},
        "expr": TEXT,
        "legendFormat": TEXT,
        "instant": TRUTH,
        "range": TRUTH,
        "format": one_of("time_series", "table"),
        "editorMode": one_of("code"),
        "datasource": SOURCE,
    }
)
GRID: Final = strict(
    {name: {"type": "integer", "minimum": 0, "maximum": 1000} for name in ("x", "y", "w", "h")},
)
REDUCE: Final = strict({"calcs": {"type": "array", "items": TEXT}, "fields": {"type": "string"}, "values": TRUTH})
ANY: Final = {"type": "object"}
OPTIONS: Final = {
    "stat": strict(
        {
            "reduceOptions": REDUCE,
            "orientation": one_of("auto"),
            "textMode": one_of("auto", "value_and_name"),
            "colorMode": one_of("value"),
            "graphMode": one_of("none"),
            "justifyMode": one_of("auto"),
        }
    ),
    "bargauge": strict(
        {
            "reduceOptions": REDUCE,
            "orientation": one_of("horizontal"),
            "displayMode": one_of("basic"),
            "showUnfilled": TRUTH,
            "minVizWidth": {"type": "integer"},
            "minVizHeight": {"type": "integer"},
        }
    ),
    "timeseries": strict({"legend": ANY, "tooltip": ANY}),
    "table": strict({"showHeader": TRUTH, "sortBy": {"type": "array"}}),
    "text": strict({"mode": one_of("markdown"), "content": TEXT}),
}
PLACE: Final = {"id": {"type": "integer", "minimum": 1}, "gridPos": GRID, "title": TEXT}
LINKS: Final = {
    "type": "array",
    "items": strict({"title": TEXT, "url": {"type": "string", "pattern": "^/d/empreinte-"}, "targetBlank": TRUTH}),
}


def panel(kind: str) -> dict[str, Any]:
    """Return the schema of a panel of one *kind*."""
    if kind == "row":
        return strict({**PLACE, "type": one_of(kind), "collapsed": TRUTH, "panels": {"type": "array", "maxItems": 0}})
    told = {**PLACE, "type": one_of(kind), "description": TEXT, "options": OPTIONS[kind]}
    if kind == "text":
        return strict(told)
    shown = {
        "datasource": SOURCE,
        "targets": {"type": "array", "minItems": 1, "items": TARGET},
        "fieldConfig": strict({"defaults": DEFAULTS, "overrides": OVERRIDES}),
        "links": LINKS,
    }
    if kind == "table":
        return strict({**told, **shown, "transformations": {"type": "array", "minItems": 1}}, "links")
    return strict({**told, **shown}, "links")


PANELS: Final = {kind: panel(kind) for kind in ("row", *OPTIONS)}
DASHBOARD: Final = strict(
    {
        "uid": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,40}$"},
        "title": TEXT,
        "description": TEXT,
        "tags": {"type": "array", "items": TEXT, "minItems": 1},
        "timezone": one_of("browser"),
        "editable": {"const": False},
        "graphTooltip": {"type": "integer"},
        "schemaVersion": {"const": 37},
        "refresh": TEXT,
        "time": strict({"from": TEXT, "to": TEXT}),
        "timepicker": ANY,
        "annotations": strict({"list": {"type": "array"}}),
        "links": {"type": "array"},
        "templating": strict({"list": {"type": "array"}}),
        "panels": {"type": "array", "minItems": 1},
    }
)
