"""The JSON of a report and of its tables is as the published schemas say."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema_rs
import pytest

from monitor.config import Language
from monitor.report.model import Report, make
from monitor.report.opendata import figures
from monitor.report.rendering.tables import tables_json, tables_told
from monitor.report.schema import SCHEMAS, schema_files
from monitor.wording import words
from tests.fixtures.documents import document, hostile
from tests.unit.report.test_activity import worked
from tests.unit.report.test_composing import document as composed
from tests.unit.report.test_composing import rich
from tests.unit.report.test_external import BOOKS
from tests.unit.report.test_model import books

ENGLISH = words("monitor.report", Language.ENGLISH)
REPORTS = {"rich": rich(), "worked": worked(), "empty": make(books()), "bought": make(BOOKS)}


def schema(name: str) -> Any:
    return json.loads((files("monitor.report.schema") / name).read_text(encoding="utf-8"))


def closed(node: Any) -> Any:
    """Return a schema that allows nothing that it does not name: what is written has to be described."""
    if isinstance(node, dict):
        inner = {name: closed(value) for name, value in node.items()}
        return inner | {"additionalProperties": False} if isinstance(node.get("properties"), dict) else inner
    return [closed(one) for one in node] if isinstance(node, list) else node


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_a_report_is_as_its_schema_says_and_has_nothing_else(report: Report) -> None:
    told = figures(report, {"organisation": "Ville"}, ENGLISH)
    jsonschema_rs.validator_for(closed(schema("report-1.json"))).validate(json.loads(json.dumps(told)))


@pytest.mark.parametrize("made", [document(), hostile(), composed(rich()), composed(worked())])
def test_tables_are_as_their_schema_says_and_have_nothing_else(made: Any) -> None:
    jsonschema_rs.validator_for(closed(schema("report-tables-1.json"))).validate(json.loads(tables_json(made)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: told.pop("impacts"),
        lambda told: told.update(version=2),
        lambda told: told["services"][0].update(energy=1.5),
        lambda told: told["months"][0].update(month=13),
    ],
)
def test_what_is_not_as_it_says_is_found(spoil: Any) -> None:
    told = copy.deepcopy(figures(rich(), {}, ENGLISH))
    spoil(told)
    assert not jsonschema_rs.validator_for(schema("report-1.json")).is_valid(told)


def test_new_fields_are_allowed() -> None:
    told = figures(rich(), {}, ENGLISH) | {"new": 1}
    assert jsonschema_rs.validator_for(schema("report-1.json")).is_valid(told)


def test_tables_tell_numbers_exactly_and_what_is_unknown_as_null() -> None:
    first = tables_told(document())["tables"][0]
    assert first["rows"] == [["Assistant rédactionnel", "1234.5", "64.07"], ["Transcription", "0.5", None]]
    assert first["total"] == ["Ensemble", "1235.0", "64.07"]
    assert tables_told(replace(document(), sections=()))["tables"] == []


def test_the_schemas_are_written_beside_the_files() -> None:
    written = schema_files()
    assert set(written) == {f"empreinte-{name}.schema.json" for name in SCHEMAS}
    assert json.loads(written["empreinte-report-1.schema.json"])["$id"].endswith("/report-1.json")
