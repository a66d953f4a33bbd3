"""The register as a document and as files."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest

from monitor.config import Language
from monitor.core.register import Entry, Risk, Status
from monitor.report.document import Notice
from monitor.report.material import Material
from monitor.report.register import (
    ETALAB,
    FIELDS,
    FIGURES,
    Registered,
    register_document,
    register_files,
    registered,
    schema,
    told,
)
from monitor.report.rendering.html import page
from monitor.wording import words
from tests.fixtures.documents import HOSTILE
from tests.unit.report.test_composing import ABOUT, rich

ENTRY = Entry(
    key="assistant",
    name="Assistant",
    status=Status.IN_USE,
    models=("small", "large"),
    personal_data=True,
    risk=Risk.HIGH,
    department="Communication",
)
ABSENT = Entry(key="api", name="API", status=Status.TRIED)


def material(language: Language = Language.ENGLISH) -> Material:
    return Material(rich(), words("monitor.report", language), ABOUT)


def made(*entries: Entry) -> tuple[Registered, ...]:
    return registered(entries, material())


def lines(name: str, *entries: Entry) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(register_files(made(*entries), material())[name].decode())))


def test_an_entry_has_its_figures_of_the_year() -> None:
    (line,) = lines("register.csv", ENTRY)
    assert list(line) == [*FIELDS, *FIGURES]
    assert (line["models"], line["risk"], line["personal_data"]) == ("small|large", "high", "true")
    assert (line["year"], line["energy_kwh"], line["emissions_kgco2e"]) == ("2026", "3.000", "7.000")
    assert (line["water_l"], line["measured_percent"]) == ("", "100.0")


def test_what_the_ledger_does_not_know_is_unknown_and_said_to_be() -> None:
    (line,) = lines("register.csv", ABSENT)
    assert [line[name] for name in FIGURES[1:]] == [""] * 4
    document = register_document(made(ABSENT), material())
    assert any(isinstance(block, Notice) and "API" in block.text for block in document.sections[0].blocks)


def test_the_inventory_has_the_columns_of_etalab() -> None:
    (line,) = lines("inventaire-algorithmes.csv", ENTRY)
    assert list(line) == [name for name, _ in ETALAB]
    assert (line["administration"], line["direction"], line["nom"]) == (
        ABOUT["organisation"],
        "Communication",
        "Assistant",
    )


def test_the_schema_describes_every_column() -> None:
    content = schema(words("monitor.report", Language.FRENCH))
    assert [field["name"] for field in content["fields"]] == [*FIELDS, *FIGURES]
    assert {field["type"] for field in content["fields"]} <= {"string", "date", "year", "integer", "boolean", "number"}
    assert content["primaryKey"] == ["key", "year"]


def test_programs_are_told_what_is_missing() -> None:
    content: dict[str, Any] = json.loads(register_files(made(ENTRY), material())["register.json"])
    (service,) = content["services"]
    assert {"rule": "gdpr", "field": "data_protection"} in service["missing"]
    assert service["energy_kwh"] == "3.000"
    assert jsonschema_rs.is_valid({"type": "object", "required": ["format", "version", "services"]}, content)


@pytest.mark.parametrize("language", Language)
def test_everybody_can_read_it(language: Language) -> None:
    said = material(language)
    text = page(register_document(registered((ENTRY, ABSENT), said), said), said.words).decode()
    assert {Language.FRENCH: "Registre des services", Language.ENGLISH: "Register of AI services"}[language] in text
    assert told(ENTRY, "personal_data", said.words) == {Language.FRENCH: "oui", Language.ENGLISH: "yes"}[language]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_from_outside_does_no_harm(name: str) -> None:
    entry = replace(ENTRY, name=name, purpose=name, models=(name,))
    text = page(register_document(made(entry), material()), material().words).decode()
    assert "<script" not in text
    (line,) = lines("register.csv", entry)
    assert not line["name"].startswith(("=", "@"))


def test_the_same_ledger_gives_the_same_files() -> None:
    assert register_files(made(ENTRY), material()) == register_files(made(ENTRY), material())
