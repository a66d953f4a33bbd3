"""The description of all addresses says what is served, no more and no less."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import jsonschema_rs
import msgspec
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import Route

from monitor.config import Language
from monitor.core.external import ExternalFigures
from monitor.core.units import Duration
from monitor.exposition.prometheus import Exposition
from monitor.intake import spool
from monitor.intake.cloudevents import UsageData
from monitor.intake.usage import OPERATIONS
from monitor.web.api import as_json
from monitor.web.application import application
from monitor.web.health import Health
from monitor.web.protection import Protected
from monitor.web.status import status_of
from monitor.web.stream import Stream
from tests.fixtures.intake import NOW as CALLS_TIME
from tests.fixtures.intake.door import EVENT, sender
from tests.fixtures.snapshots import ABOUT, NOW, SECOND, WEBHOOKS, at_work, in_trouble, just_started, without_a_zone

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp

    from monitor.exposition.snapshot import Snapshot

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


def strict(schema: Any) -> Any:
    """Return *schema* such that it allows nothing that it does not describe."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(value) for name, value in schema.items()}
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed


def faults(path: str, answer: httpx.Response) -> list[str]:
    """Return what of *answer* the description does not say, or says otherwise."""
    described = DOCUMENT["paths"][path]["get"]["responses"][str(answer.status_code)]["content"]
    media = answer.headers["content-type"].partition(";")[0]
    schema = described[media]["schema"]
    if media != "application/json":
        return [] if schema == {"type": "string"} and answer.text else [f"{path} is no text"]
    whole = {**strict(schema), "components": strict(DOCUMENT["components"])}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [f"{'/'.join(map(str, one.instance_path))}: {one.message}" for one in validator.iter_errors(answer.json())]


UNMATCHED = {
    "specversion": "1.0",
    "id": "1",
    "source": "/chat",
    "type": "eu.empreinte.usage.v1",
    "data": {"model": "nobody-knows", "input_tokens": 3, "output_tokens": 5},
}
STATES = {
    "before": None,
    "start": just_started(),
    "work": at_work(),
    "trouble": in_trouble(),
    "no-zone": without_a_zone(),
}


@pytest.mark.parametrize("snapshot", STATES.values(), ids=STATES)
def test_each_answer_is_as_it_is_described_whole(tmp_path: Path, snapshot: Snapshot | None) -> None:
    with sender(tmp_path, snapshot=snapshot, webhooks=lambda: WEBHOOKS) as door:
        for path, item in DOCUMENT["paths"].items():
            if "get" in item and path != "/api/v1/events":
                assert faults(path, door.get(path)) == [], path


def test_events_of_no_service_are_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "TIDY_EVERY", 0.01)
    ticks = itertools.count(CALLS_TIME, SECOND // 10)
    with sender(tmp_path, now=lambda: next(ticks)) as door:
        while not door.spool.unmatched:
            assert door.post("/v1/events", json.dumps(UNMATCHED).encode(), EVENT).is_success
        answer = door.get("/api/v1/intake")
    assert len(answer.json()["newest_unmatched"]) == 1
    assert faults("/api/v1/intake", answer) == []


def test_answers_of_which_nothing_can_be_said_are_described_too(tmp_path: Path) -> None:
    with sender(tmp_path, snapshot=replace(at_work(), external=ExternalFigures()), webhooks=lambda: None) as door:
        assert [faults(path, door.get(path)) for path in ("/api/v1/status", "/api/v1/external")] == [[], []]


def test_what_is_not_described_would_be_found() -> None:
    told = {**just_told(), "surprise": 1, "host": 3}
    found = faults("/api/v1/status", httpx.Response(200, json=told))
    assert len(found) == 2
    assert any("surprise" in fault for fault in found)
    del told["surprise"], told["webhooks"]
    assert any("webhooks" in fault for fault in faults("/api/v1/status", httpx.Response(200, json=told)))


def just_told() -> dict[str, Any]:
    return {**as_json(status_of(just_started()), ABOUT, stale=False), "webhooks": []}


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
