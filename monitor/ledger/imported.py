"""Runs of other programs, as rows: each with the file that it came with. They are in no sum of the host."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from monitor.core.imported import ImportedUse, RunRow, Source, Span, overlapping, span_of, steps, use_of
from monitor.ledger.errors import LedgerRefused
from monitor.ledger.insertion import Insertion
from monitor.ledger.schema import imported_runs, imports

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from monitor.core.interval import Interval

OTHERWISE: Final = "the ledger has other figures of this run and time: they stay, so take the line out of the file"

FALLS: Final = "the ledger has more energy of this run earlier, or less later: a run counts from its beginning"


@dataclass(frozen=True, slots=True)
class ImportedRuns:
    """What became of the rows of a file, by their lines; of those that were refused, why, with the cure."""

    written: list[int] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)


class _Known:
    """What the ledger has of runs already."""

    def __init__(self, connection: Connection, host: int) -> None:
        machines = _sources(connection, host)
        stored = connection.execute(select(imported_runs).where(imported_runs.c.host_id == host)).all()
        self._runs: dict[str, list[RunRow]] = {}
        for row in stored:
            self._runs.setdefault(row.run, []).append(_row(row))
        self.spans = _spans((_row(row), machines[row.import_id].machine) for row in stored)

    def has(self, row: RunRow) -> bool:
        """Return whether the very same is there."""
        return any((one.moment, one.figures) == (row.moment, row.figures) for one in self._runs.get(row.run, ()))

    def against(self, row: RunRow) -> str:
        """Return why *row* does not go with what is there, and the cure; empty: it does."""
        of_run = self._runs.get(row.run, ())
        if any(one.moment == row.moment for one in of_run):
            return OTHERWISE
        falls = any(one.energy > row.energy if one.moment < row.moment else one.energy < row.energy for one in of_run)
        return FALLS if falls else ""


def import_runs(connection: Connection, host: int, rows: Sequence[RunRow], source: Source) -> ImportedRuns:
    """Write *rows* that are not there yet, in a transaction that writes; what is there stays as it is.

    A run that counts hardware over a time of which another run counts the same is refused. Raises LedgerRefused where
    the same file was imported as that of another machine.
    """
    _require_same_machine(connection, host, source)
    known, done, fresh = _Known(connection, host), ImportedRuns(), list[RunRow]()
    for of_run in _by_run(rows):
        span = span_of(of_run, source.machine)
        twice = overlapping(span, known.spans)
        if twice is None:
            known.spans.append(span)
        for row in of_run:
            if known.has(row):
                done.known.append(row.line)
            elif why := known.against(row) or ("" if twice is None else _counted_twice(twice)):
                done.refused.append((row.line, why))
            else:
                fresh.append(row)
                done.written.append(row.line)
    if fresh:
        _write(connection, host, fresh, source)
    return done


def _write(connection: Connection, host: int, rows: Iterable[RunRow], source: Source) -> None:
    insertion = Insertion(connection)
    values = (host, source.digest, source.name, source.machine, source.author, source.made)
    insertion.into(connection, imports, [values])
    asked = select(imports.c.id).where(imports.c.host_id == host, imports.c.digest == source.digest)
    number = connection.execute(asked).scalar_one()
    insertion.into(connection, imported_runs, [_values(row, host, number) for row in rows])


def imported_uses(connection: Connection, host: int, interval: Interval) -> tuple[ImportedUse, ...]:
    """Return what was imported of runs whose rows were written in *interval*, its end included, by file and project.

    A row counts at its moment, with all that its run came to since the row before.
    """
    table = imported_runs
    ended = (
        select(table.c.run)
        .where(table.c.host_id == host, table.c.moment > interval.start, table.c.moment <= interval.end)
        .distinct()
    )
    rows = connection.execute(
        select(table).where(table.c.host_id == host, table.c.moment <= interval.end, table.c.run.in_(ended))
    ).all()
    numbers = {(row.run, row.moment): row.import_id for row in rows}
    sources = _sources(connection, host)
    found: dict[tuple[int, str, str], list[RunRow]] = {}
    for step in steps(map(_row, rows)):
        if step.moment > interval.start:
            found.setdefault((numbers[step.run, step.moment], step.project, step.service), []).append(step)
    return tuple(use_of(sources[key[0]], found[key]) for key in sorted(found))


def read_sources(connection: Connection, host: int) -> tuple[Source, ...]:
    """Return the files that runs were imported from, in the order in which they were."""
    return tuple(_sources(connection, host).values())


def _sources(connection: Connection, host: int) -> Mapping[int, Source]:
    rows = connection.execute(select(imports).where(imports.c.host_id == host).order_by(imports.c.id))
    return {row.id: Source(row.digest, row.name, row.machine, row.author, row.made) for row in rows}


def _require_same_machine(connection: Connection, host: int, source: Source) -> None:
    asked = select(imports.c.machine).where(imports.c.host_id == host, imports.c.digest == source.digest)
    known = connection.execute(asked).scalar()
    if known not in {None, source.machine}:
        raise LedgerRefused(
            f"this file was imported as that of the machine {known}, and not of {source.machine}",
            f"name the machine {known}: what was imported stays",
        )


def _spans(rows: Iterable[tuple[RunRow, str]]) -> list[Span]:
    by_run: dict[tuple[str, str], list[RunRow]] = {}
    for row, machine in rows:
        by_run.setdefault((machine, row.run), []).append(row)
    return [span_of(of_run, machine) for (machine, _), of_run in by_run.items()]


def _by_run(rows: Iterable[RunRow]) -> list[list[RunRow]]:
    """Return the rows of each run, the runs by their beginning: of two that overlap the first is kept."""
    runs = [
        list(of_run)
        for _, of_run in groupby(sorted(rows, key=lambda row: (row.run, row.moment)), key=lambda row: row.run)
    ]
    return sorted(runs, key=lambda of_run: (min(row.since for row in of_run), of_run[0].run))


def _counted_twice(other: Span) -> str:
    return (
        f"its run and {other.run} counted the same hardware over the same time: take one of the two out of the file,"
        " or leave it so"
    )


def _values(row: RunRow, host: int, number: int) -> tuple[Any, ...]:
    return (
        row.moment,
        host,
        row.run,
        number,
        row.since,
        row.project,
        row.service,
        row.mode,
        row.version,
        row.zone,
        row.energy,
        row.emissions,
        row.water,
    )


def _row(row: Row[Any]) -> RunRow:
    return RunRow(
        0,
        row.moment,
        row.since,
        row.run,
        row.project,
        row.service,
        row.mode,
        row.version,
        row.zone,
        row.energy,
        row.emissions,
        row.water,
    )
