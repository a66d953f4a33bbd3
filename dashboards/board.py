"""A dashboard put together: its panels in rows of 24 columns, its variables, its links."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dashboards.panels import Panel
    from dashboards.words import Words

SCHEMA: Final = 37
"""Of Grafana 9.4: later ones bring it up to date when they load it."""
WIDTH: Final = 24
REFRESH: Final = "5m"
TAG: Final = "empreinte"
CHOSEN: Final = "${datasource}"
"""The data source that whoever looks has chosen."""


@dataclass(frozen=True, slots=True)
class Place:
    """A panel, and how much room it takes: columns of 24, and rows of Grafana's grid."""

    panel: Panel
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Board:
    """What is to be a dashboard. `name` is the same in every language."""

    name: str
    places: Sequence[Place]
    variables: Sequence[dict[str, Any]] = ()
    since: str = "now-30d"
    links: Sequence[str] = field(default_factory=tuple)
    """Names of the boards that it leads to."""


def uid_of(name: str, language: str) -> str:
    """Return the identity of a dashboard, which never changes."""
    return f"empreinte-{name}-{language}"


def path_to(name: str, language: str, query: str = "") -> str:
    """Return the address of a dashboard within Grafana."""
    return f"/d/{uid_of(name, language)}" + (f"?{query}" if query else "")


def dashboard(board: Board, words: Words, source: str = CHOSEN) -> dict[str, Any]:
    """Return *board* as Grafana's classic JSON, with the data *source*: a uid, or the variable's."""
    variables = [_source_variable(words)] if source == CHOSEN else []
    return {
        "uid": uid_of(board.name, words.language),
        "title": words(f"{board.name}.title"),
        "description": words(f"{board.name}.description"),
        "tags": [TAG, words.language],
        "timezone": "browser",
        "editable": False,
        "graphTooltip": 1,
        "schemaVersion": SCHEMA,
        "refresh": REFRESH,
        "time": {"from": board.since, "to": "now"},
        "timepicker": {},
        # a public dashboard shows no marks of the organisation, and its texts are not for everybody
        "annotations": {"list": [_annotations(words)] if source == CHOSEN else []},
        "links": [_link(name, words) for name in board.links],
        "templating": {"list": [*variables, *board.variables]},
        "panels": list(_laid_out(board.places, source)),
    }


def variable(name: str, words: Words, query: str, *, several: bool) -> dict[str, Any]:
    """Return a variable whose values are those of a label, as *query* finds them; *several*: all, or some."""
    every = {"text": "All", "value": "$__all"}
    return {
        "name": name,
        "type": "query",
        "label": words(f"variables.{name}"),
        "datasource": {"type": "prometheus", "uid": CHOSEN},
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": several,
        "includeAll": several,
        "allValue": ".*" if several else None,
        "current": every if several else {},
        "hide": 0,
        "options": [],
        "regex": "",
        "skipUrlSync": False,
    }


def _source_variable(words: Words) -> dict[str, Any]:
    return {
        "name": "datasource",
        "type": "datasource",
        "label": words("variables.datasource"),
        "query": "prometheus",
        "current": {},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "regex": "",
        "skipUrlSync": False,
    }


def _annotations(words: Words) -> dict[str, Any]:
    return {
        "name": words("annotations.events"),
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": False,
        "iconColor": "purple",
        "type": "tags",
        "target": {"type": "tags", "tags": [TAG], "limit": 100, "matchAny": False},
    }


def _link(name: str, words: Words) -> dict[str, Any]:
    return {
        "title": words(f"{name}.title"),
        "type": "link",
        "url": path_to(name, words.language),
        "icon": "dashboard",
        "tooltip": words(f"{name}.description"),
        "asDropdown": False,
        "includeVars": False,
        "keepTime": False,
        "targetBlank": False,
        "tags": [],
    }


def _laid_out(places: Sequence[Place], source: str) -> Iterable[Panel]:
    """Yield the panels, each beside the one before while there is room, with ids in order."""
    column = row = depth = 0
    for number, place in enumerate(places, 1):
        if column + place.width > WIDTH:
            column, row, depth = 0, row + depth, 0
        panel = {name: value for name, value in place.panel.items() if name != "key"}
        if "targets" in panel:
            used = {"type": "prometheus", "uid": source}
            panel["datasource"] = used
            panel["targets"] = [target | {"datasource": used} for target in panel["targets"]]
        yield panel | {"id": number, "gridPos": {"x": column, "y": row, "w": place.width, "h": place.height}}
        column, depth = column + place.width, max(depth, place.height)
