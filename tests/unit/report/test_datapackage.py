"""The CSV files of a report as a data package: what is described is what is written."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from frictionless import Package, system

from monitor.config import Language
from monitor.report.datapackage import FLAGS, INTEGERS, MOMENTS, TEXTS, packaged
from monitor.report.document import Document, Kind
from monitor.report.sheets import DESCRIBED, sheets
from monitor.wording import words
from tests.fixtures.documents import HOSTILE, SERVICES, document, hostile
from tests.unit.report.test_composing import document as composed
from tests.unit.report.test_composing import rich
from tests.unit.report.test_external import BOUGHT

if TYPE_CHECKING:
    from pathlib import Path

ENGLISH = words("monitor.report", Language.ENGLISH)


def kept(files: dict[str, bytes], place: Path) -> Path:
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return place / "empreinte-2026-datapackage.json"


def faults(descriptor: Path) -> list[Any]:
    with system.use_context(trusted=True):
        report = Package(str(descriptor)).validate()
    return report.flatten(["name", "rowNumber", "fieldName", "type", "note"])


def everything(made: Document) -> dict[str, bytes]:
    exact = sheets(replace(rich(), bought=BOUGHT), ENGLISH)
    return exact | packaged(made, "empreinte-2026", exact)


@pytest.mark.parametrize("made", [document(), hostile(), composed(rich())], ids=["plain", "hostile", "rich"])
def test_frictionless_finds_nothing_wrong_with_it(made: Document, tmp_path: Path) -> None:
    assert faults(kept(everything(made), tmp_path)) == []


def test_frictionless_finds_what_was_changed(tmp_path: Path) -> None:
    descriptor = kept(everything(document()), tmp_path)
    path = tmp_path / "empreinte-2026-table-by_service.csv"
    path.write_bytes(path.read_bytes().replace(b"1234.5", b"a lot"))
    assert {fault[3] for fault in faults(descriptor)} & {"hash-count", "byte-count", "type-error"}


def test_all_files_are_described_and_no_other() -> None:
    files = everything(document())
    described = json.loads(files.pop("empreinte-2026-datapackage.json"))
    assert {resource["path"] for resource in described["resources"]} == set(files)
    assert {licence["name"] for licence in described["licenses"]} == {"etalab-2.0"}


def test_rows_have_keys_above_and_no_total_among_them() -> None:
    files = packaged(document(), "empreinte-2026", {})
    rows = list(csv.reader(io.StringIO(files["empreinte-2026-table-by_service.csv"].decode(), newline="")))
    assert rows == [
        ["service", "energy_kwh", "emissions_kg"],
        ["Assistant rédactionnel", "1234.5", "64.07"],
        ["Transcription", "0.5", ""],
    ]
    described = json.loads(files["empreinte-2026-datapackage.json"])
    first = described["resources"][0]
    assert first["total"] == {"energy_kwh": "1235.0", "emissions_kg": "64.07"}
    assert first["schema"]["fields"][1]["unit"] == "kWh"


def test_dates_are_typed_by_what_stands_in_them() -> None:
    described = json.loads(packaged(document(), "empreinte-2026", {})["empreinte-2026-datapackage.json"])
    assert [field["type"] for field in described["resources"][2]["schema"]["fields"]] == ["string", "date", "string"]


def test_no_name_is_a_formula() -> None:
    content = packaged(hostile(), "empreinte-2026", {})["empreinte-2026-table-by_service.csv"].decode()
    names = [row[0] for row in csv.reader(io.StringIO(content, newline=""))][1:]
    assert names[1] == f"'{HOSTILE[1]}"
    assert not [name for name in names if name.startswith(("=", "@", "+", "-"))]
    assert not [name for name in names if "\n" in name or "\u202e" in name]


def test_a_negative_number_is_a_number() -> None:
    made = document()
    section = replace(made.sections[0], blocks=(replace(SERVICES, rows=(("A", Decimal("-1.5"), None),)),))
    files = packaged(replace(made, sections=(section,)), "empreinte-2026", {})
    assert b"A,-1.5," in files["empreinte-2026-table-by_service.csv"]


def test_each_exact_column_is_of_one_kind() -> None:
    names = {name for columns in DESCRIBED.values() for name, _ in columns}
    kinds = (TEXTS, INTEGERS, MOMENTS, FLAGS)
    assert not set().union(*kinds) - names
    assert sum(map(len, kinds)) == len(set().union(*kinds))


def test_the_same_document_gives_the_same_bytes() -> None:
    assert everything(document()) == everything(document())


def test_keys_of_columns_are_unique_in_each_table_of_a_real_report() -> None:
    for table in composed(rich()).tables():
        keys = [column.key for column in table.columns]
        assert len(keys) == len(set(keys)), table.key
        assert {column.kind for column in table.columns} <= set(Kind)
