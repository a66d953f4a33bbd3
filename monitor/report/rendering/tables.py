"""The tables of a report for programs: each as CSV, and all of them as JSON with exact decimals."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from monitor.report.printing import plain
from monitor.report.sheets import sheet

if TYPE_CHECKING:
    from monitor.report.document import Cell, Document, Table

FORMAT: Final = "empreinte-report-tables"
VERSION: Final = 1
"""Raised when a field changes its meaning or goes; new fields don't raise it."""


def table_csv(table: Table) -> bytes:
    """Return the rows of *table* as CSV: keys of columns above, numbers with a point, unknown is empty.

    The total is not among the rows, so that a sum over them is right: it stands in the description of the file.
    """
    names = [(column.key, column.meaning) for column in table.columns]
    return sheet(names, [[_plain(cell) for cell in row] for row in table.rows])


def tables_json(made: Document) -> bytes:
    """Return all tables of *made* as JSON: the same bytes from the same document."""
    text = json.dumps(tables_told(made), ensure_ascii=False, indent=1, sort_keys=True)
    return f"{text}\n".encode()


def tables_told(made: Document) -> dict[str, Any]:
    """Return all tables of *made* as plain values, numbers as decimal texts; null is unknown."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "language": made.language.value,
        "title": made.title,
        "subtitle": made.subtitle,
        "identity": dict(made.identity),
        "closed_through": moment_of(made),
        "tables": [_told(table) for table in made.tables()],
    }


def moment_of(made: Document) -> str:
    """Return the moment up to which *made* knows the ledger, as ISO 8601 writes it."""
    return datetime.fromtimestamp(made.made // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _told(table: Table) -> dict[str, Any]:
    return {
        "key": table.key,
        "title": table.title,
        "note": table.note,
        "columns": [
            {
                "key": column.key,
                "heading": column.heading,
                "meaning": column.meaning,
                "kind": column.kind.value,
                "unit": column.unit,
                "decimals": column.decimals,
            }
            for column in table.columns
        ],
        "rows": [[_text(cell) for cell in row] for row in table.rows],
        "total": None if table.total is None else [_text(cell) for cell in table.total],
    }


def _text(cell: Cell) -> str | None:
    return f"{cell:f}" if isinstance(cell, Decimal) else cell


def _plain(cell: Cell) -> object:
    """Return *cell* for CSV: of exact numbers no text is made that could be taken for a formula."""
    return "" if cell is None else cell if isinstance(cell, Decimal) else plain(cell)
