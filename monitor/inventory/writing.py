"""Assets as a file of `[[asset]]` tables, which the configuration reads (`[inventory] files`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.config.impact_tables import AssetTable
from monitor.config.tables import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def asset_file(tables: Iterable[AssetTable], about: Iterable[str] = ()) -> str:
    """Return *tables* as TOML, after the lines of *about* as comments. What is not given is not written."""
    head = "".join(f"# {line}\n" for line in about)
    return "\n".join(filter(None, (head, *map(_table, tables))))


def _table(table: AssetTable) -> str:
    rows = (
        f"{name} = {key.written(value)}\n"
        for name, key in keys_of(AssetTable)
        if (value := getattr(table, name)) not in (None, "") and (name, value) != ("count", 1)
    )
    return f"[[asset]]\n{''.join(rows)}"
