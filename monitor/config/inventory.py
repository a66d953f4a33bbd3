"""Files with further assets, which an import made: the same tables as in the configuration, checked the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.config import impacts
from monitor.config.impact_tables import AssetTable
from monitor.config.source import SourceError, tables_of
from monitor.config.tables import Fault, Faults, note_unknown, read_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def further_assets(
    files: Sequence[Path], before: int, faults: Faults, origins: dict[str, str]
) -> list[tuple[str, AssetTable]]:
    """Return the assets of *files*, with the paths that follow those of *before* others.

    What is wrong is noted at the name of its file, `inventory.files[0]`. Where each key is written is added to
    *origins*.
    """
    found: list[tuple[str, AssetTable]] = []
    for index, file in enumerate(files):
        own = Faults()
        assets, lines = _assets_of(file, own)
        for fault in own.found:
            faults.note(f"inventory.files[{index}]", _told(file, fault, lines), fault.instead)
        renamed = {path: f"asset[{before + len(found) + number}]" for number, (path, _) in enumerate(assets)}
        found += [(renamed[path], asset) for path, asset in assets]
        for place, line in lines.items():
            table, _, key = place.partition(".")
            if table in renamed and key:
                origins[f"{renamed[table]}.{key}"] = f"{file}, line {line}"
    return found


def _assets_of(file: Path, faults: Faults) -> tuple[list[tuple[str, AssetTable]], dict[str, int]]:
    try:
        tables, lines = tables_of(file, "empreinte assets import")
    except SourceError as error:
        faults.found.append(error.fault)
        return [], {}
    note_unknown(tables, ("asset",), "", faults, {})
    assets = read_tables(AssetTable, tables.get("asset", []), "asset", faults, {})
    return impacts.completed_assets(assets, faults), dict(lines)


def _told(file: Path, fault: Fault, lines: dict[str, int]) -> str:
    line = _line_of(fault.path, lines)
    where = f"{file}, line {line}" if line else str(file)
    return f"{where}: {fault.path}: {fault.what}" if fault.path else f"{where}: {fault.what}"


def _line_of(path: str, lines: dict[str, int]) -> int:
    """Return the line of what stands at *path*, or of the table that it is missing in; 0 where nobody wrote it."""
    while path:
        line = lines.get(path) or lines.get(f"{path}[0]")
        if line:
            return line
        path = path.rpartition(".")[0]
    return 0
