"""The published JSON Schemas of what a report is written as."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

SCHEMAS: Final = ("report-1", "report-tables-1")
"""Of the exact figures, and of the printed tables; the number is that of the format."""

SUFFIX: Final = ".schema.json"


def schema_files() -> dict[str, bytes]:
    """Return the schemas as files that lie beside a report: name -> content."""
    place = files("monitor.report.schema")
    return {f"empreinte-{name}{SUFFIX}": (place / f"{name}.json").read_bytes() for name in SCHEMAS}
