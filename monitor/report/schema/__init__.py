"""The published JSON Schemas of what a report is written as."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

SCHEMAS: Final = ("report-1.json", "report-tables-1.json")
"""Of the exact figures, and of the printed tables; the number is that of the format."""


def schema_files() -> dict[str, bytes]:
    """Return the schemas as files that lie beside a report: name -> content."""
    return {f"empreinte-{name}": (files("monitor.report.schema") / name).read_bytes() for name in SCHEMAS}
