"""What the CSV files of a report are, for programs: a Tabular Data Package with a Table Schema for each file.

Source: Frictionless Data, Data Package and Table Schema, version 1.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Final

from monitor.report.document import Kind
from monitor.report.printing import heading
from monitor.report.rendering.tables import moment_of, table_csv
from monitor.report.sheets import DESCRIBED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.report.document import Cell, Column, Document, Table

LICENCE: Final = {
    "name": "etalab-2.0",
    "title": "Licence Ouverte / Open Licence 2.0",
    "path": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
}
DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
KEYS: Final = {"coverage": ["year", "month", "resource"]}
"""What tells the lines of a file apart, where something that is never empty does."""
INTEGERS: Final = frozenset(
    {"year", "month", "energy_microjoules", "amount", "requests", "input_tokens", "output_tokens"}
)
MOMENTS: Final = frozenset({"start", "end"})
FLAGS: Final = frozenset({"counted", "measured"})
TEXTS: Final = frozenset(
    {
        "service",
        "service_name",
        "department",
        "contract",
        "resource",
        "share",
        "method",
        "method_name",
        "role",
        "key",
        "unit",
        "how",
        "source",
        "address",
        "licence",
        "note",
        "model",
        "authority",
        "functional_unit",
        "cautions",
        "cause",
        "external",
        "external_name",
        "provider",
        "methods",
        "origins",
        "missing",
    }
)
"""Columns of the exact files that hold words. All others hold numbers."""


def packaged(made: Document, stem: str, exact: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the tables of *made* as CSV files, with a description of them and of the *exact* files: name -> content.

    Names begin with *stem*, as those of the exact files do.
    """
    tables = {f"{stem}-table-{table.key}.csv": table for table in made.tables()}
    contents = {path: table_csv(table) for path, table in tables.items()}
    resources = [
        *(_exact(path, content, stem) for path, content in exact.items()),
        *(_printed(path, contents[path], table) for path, table in tables.items()),
    ]
    text = json.dumps(_package(made, stem, resources), ensure_ascii=False, indent=1, sort_keys=True)
    return contents | {f"{stem}-datapackage.json": f"{text}\n".encode()}


def _package(made: Document, stem: str, resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "profile": "tabular-data-package",
        "name": stem.lower(),
        "id": made.identity.get("identifier", stem),
        "title": made.title,
        "description": made.subtitle,
        "created": moment_of(made),
        "licenses": [LICENCE],
        "resources": resources,
    }


def _resource(path: str, content: bytes, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "name": _NAME.sub("-", path.removesuffix(".csv").lower()),
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "licenses": [LICENCE],
        "schema": schema | {"missingValues": [""]},
    }


_NAME: Final = re.compile(r"[^a-z0-9._-]")


def _printed(path: str, content: bytes, table: Table) -> dict[str, Any]:
    described = _resource(path, content, {"fields": list(_fields(table))})
    described |= {"title": table.title}
    if table.note:
        described |= {"description": table.note}
    if table.total is not None:
        described |= {"total": dict(_total(table))}
    return described


def _fields(table: Table) -> Iterator[dict[str, Any]]:
    for place, column in enumerate(table.columns):
        yield _field(column, [row[place] for row in table.rows if row[place] is not None])


def _field(column: Column, known: Sequence[Cell]) -> dict[str, Any]:
    field = {
        "name": column.key,
        "type": _kind(column, known),
        "title": heading(column),
        "description": column.meaning,
    }
    if column.unit:
        field |= {"unit": column.unit}
    return field


def _kind(column: Column, known: Sequence[Cell]) -> str:
    """Return the type of *column*: one of dates where all its *known* cells are of it."""
    if column.kind is Kind.NUMBER:
        return "number"
    if column.kind is Kind.DATE and known:
        for shape, kind in ((DAY, "date"), (MOMENT, "datetime")):
            if all(shape.fullmatch(str(cell)) for cell in known):
                return kind
    return "string"


def _total(table: Table) -> Iterator[tuple[str, str]]:
    for cell, column in zip(table.total or (), table.columns, strict=True):
        if column.kind is Kind.NUMBER and cell is not None:
            yield column.key, f"{cell:f}" if not isinstance(cell, str) else cell


def _exact(path: str, content: bytes, stem: str) -> dict[str, Any]:
    what = path.removeprefix(f"{stem}-").removesuffix(".csv")
    schema: dict[str, Any] = {"fields": [_exact_field(name, meaning) for name, meaning in DESCRIBED[what]]}
    if key := KEYS.get(what):
        schema["primaryKey"] = key
    return _resource(path, content, schema) | {"title": what}


def _exact_field(name: str, meaning: str) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name, "type": _type(name), "description": meaning}
    if name in FLAGS:
        field |= {"trueValues": ["yes"], "falseValues": ["no"]}
    if name == "month":
        field |= {"constraints": {"minimum": 1, "maximum": 12}}
    return field


def _type(name: str) -> str:
    if name in TEXTS:
        return "string"
    if name in INTEGERS:
        return "integer"
    if name in MOMENTS:
        return "datetime"
    return "boolean" if name in FLAGS else "number"
