"""Runs that another program measured or modelled, as its file has them: a scope of their own, in no figure of the host.

A run counts from its beginning: of several rows of one run each contains the earlier ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from monitor.core.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OWN_MODE: Final = "empreinte"
"""The tracking mode of a file that this program exported: its runs are services, several at a time on one machine."""
TOLERANCE: Final = 2 * 10**9
"""In ns: so far runs that follow each other may seem to overlap, since their moments are written in whole seconds."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """What a run had come to at a `moment` (ns since the epoch), since it began at `since`, as a row of a file says.

    Energy in microjoules, emissions in micrograms CO2e, water in microlitres; None: the file does not say.
    """

    line: int
    moment: int
    since: int
    run: str
    project: str
    service: str
    """Key of the service that it is of; empty: of none."""
    mode: str
    """How the program tracked: `machine`, `process`, or `OWN_MODE`."""
    version: str
    zone: str
    energy: int
    emissions: int | None
    water: int | None

    @property
    def figures(self) -> tuple[int, int, int | None, int | None]:
        """What has to be the same where the same row is told again."""
        return self.since, self.energy, self.emissions, self.water


@dataclass(frozen=True, slots=True)
class Source:
    """A file that runs came with: its name, SHA-256, and the machine that they are of; who imported it, and when."""

    digest: str
    name: str
    machine: str
    author: str
    made: int


@dataclass(frozen=True, slots=True)
class ImportedUse:
    """What the runs of one project of one file came to over a time; None: it is unknown for one of them."""

    source: Source
    project: str
    service: str
    modes: tuple[str, ...]
    versions: tuple[str, ...]
    runs: int
    energy: int
    emissions: int | None
    water: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a run was tracked, and what else it would count twice with: `hardware`."""

    run: str
    hardware: str
    interval: Interval


def span_of(rows: Iterable[RunRow], machine: str) -> Span:
    """Return the span of the *rows*, which are of one run on *machine*."""
    of_run = list(rows)
    first = of_run[0]
    # CodeCarbon follows the whole machine, whatever the process: source, its documentation of tracking modes
    hardware = f"{machine}/{first.project}" if first.mode == OWN_MODE else machine
    interval = Interval(min(one.since for one in of_run), max(one.moment for one in of_run))
    return Span(first.run, hardware, interval)


def overlapping(span: Span, others: Iterable[Span]) -> Span | None:
    """Return the first of *others* that counted the same hardware over a part of the same time; None: there is none."""
    for other in others:
        together = min(span.interval.end, other.interval.end) - max(span.interval.start, other.interval.start)
        if other.run != span.run and other.hardware == span.hardware and together > TOLERANCE:
            return other
    return None


def steps(rows: Iterable[RunRow]) -> Iterator[RunRow]:
    """Yield *rows*, of any runs, each with what its run came to since the row before: they can be added up."""
    for _, of_run in groupby(sorted(rows, key=lambda row: (row.run, row.moment)), key=lambda row: row.run):
        before: RunRow | None = None
        for row in of_run:
            yield row if before is None else _step(before, row)
            before = row


def _step(before: RunRow, row: RunRow) -> RunRow:
    return RunRow(
        row.line,
        row.moment,
        before.moment,
        row.run,
        row.project,
        row.service,
        row.mode,
        row.version,
        row.zone,
        row.energy - before.energy,
        _less(row.emissions, before.emissions),
        _less(row.water, before.water),
    )


def _less(amount: int | None, before: int | None) -> int | None:
    return None if amount is None or before is None else amount - before


def use_of(source: Source, rows: Iterable[RunRow]) -> ImportedUse:
    """Return what the *rows* of one project, each of `steps`, came to."""
    found = list(rows)
    return ImportedUse(
        source=source,
        project=found[0].project,
        service=found[0].service,
        modes=tuple(sorted({one.mode for one in found} - {""})),
        versions=tuple(sorted({one.version for one in found} - {""})),
        runs=len({one.run for one in found}),
        energy=sum(one.energy for one in found),
        emissions=_sum(one.emissions for one in found),
        water=_sum(one.water for one in found),
    )


def _sum(amounts: Iterable[int | None]) -> int | None:
    total = 0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
