"""Proves what the ledger promises of imported runs: figures are sound, and no run loses what it had."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from monitor.core.calendar import utc
from monitor.ledger.schema import imported_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Row


class ImportedExamination:
    """Looks for faults of imported runs. They are few: all of them are looked at."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def kinds(self) -> Iterator[Iterator[str]]:
        """Yield the faults of each kind, in sentences."""
        yield self._unsound()

    def _unsound(self) -> Iterator[str]:
        """Amounts that can't be, times that end before they begin, and runs that have less than they had."""
        table = imported_runs
        rows = self._connection.execute(select(table).order_by(table.c.host_id, table.c.run, table.c.moment))
        for _, of_run in groupby(rows, key=_run):
            energy = 0
            for row in of_run:
                where = f"the imported run {row.run}, at {utc(row.moment)},"
                if min(row.energy, row.emissions or 0, row.water or 0) < 0:
                    yield f"{where} came to less than nothing"
                if row.since > row.moment:
                    yield f"{where} ends before it begins"
                if row.energy < energy:
                    yield f"{where} has {row.energy} uJ, and had {energy} uJ before"
                energy = row.energy


def _run(row: Row[Any]) -> tuple[int, str]:
    return row.host_id, row.run
