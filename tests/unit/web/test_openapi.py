"""The description of all addresses says what is served, no more and no less."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import Route

from monitor.config import Language
from monitor.core.units import Duration
from monitor.exposition.prometheus import Exposition
from monitor.intake.cloudevents import UsageData
from monitor.intake.usage import OPERATIONS
from monitor.web.application import application
from monitor.web.health import Health
from monitor.web.protection import Protected
from monitor.web.stream import Stream
from tests.fixtures.intake.door import sender
from tests.fixtures.snapshots import ABOUT, NOW, SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp

DOCUMENT: dict[str, Any] = json.loads((files("monitor.web") / "static" / "openapi.json").read_text())
ASSETS = {"/style.css", "/icon.svg"}


def served(app: ASGIApp) -> dict[str, set[str]]:
    assert isinstance(app, Protected)
    assert isinstance(app._app, Starlette)
    routes = [route for route in app._app.routes if isinstance(route, Route)]
    return {route.path: {method.lower() for method in route.methods or ()} - {"head"} for route in routes}


def test_each_address_is_described_and_no_other(tmp_path: Path) -> None:
    shown = Exposition(ABOUT, CollectorRegistry())
    health = Health(shown, lambda: NOW, Duration(30 * SECOND))
    with sender(tmp_path) as door:
        app = application(shown, health, Language.ENGLISH, ZoneInfo("UTC"), intake=door.intake, stream=Stream("/ia-01"))
        found = served(app)
    described = {path: set(item) for path, item in DOCUMENT["paths"].items()}
    assert described == {path: methods for path, methods in found.items() if path not in ASSETS}


def test_the_schema_of_our_events_is_the_one_that_is_read() -> None:
    schema = DOCUMENT["components"]["schemas"]["UsageData"]
    assert set(schema["properties"]) == {field.name for field in msgspec.structs.fields(UsageData)}
    assert schema["additionalProperties"] is False
    operations = schema["properties"]["operation"]["description"].rstrip(".").split(", ")
    assert sorted(operations) == sorted(set(OPERATIONS.values()))


def test_all_that_is_referred_to_is_there() -> None:
    def references(content: Any) -> list[str]:
        if isinstance(content, dict):
            found = [content["$ref"]] if "$ref" in content else []
            return found + [one for value in content.values() for one in references(value)]
        return [one for value in content for one in references(value)] if isinstance(content, list) else []

    used = set(references(DOCUMENT))
    components = DOCUMENT["components"]
    assert used == {f"#/components/{kind}/{name}" for kind in ("responses", "schemas") for name in components[kind]}
