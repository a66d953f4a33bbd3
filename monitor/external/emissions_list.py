"""CodeCarbon's `emissions.csv`, read: runs of another machine, or of this one before it was measured.

Energies are in kWh, emissions in kg CO2e, water in litres, durations in seconds, moments by the clock of the machine.
What is wrong is told by its line, and does not keep the other lines from counting. Source: CodeCarbon 3.3.2,
EmissionsData and its documentation of the output. Columns that older versions lack are unknown, never zero.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from monitor.core.imported import OWN_MODE, RunRow
from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_KILOWATT_HOUR,
    MICROLITERS_PER_LITER,
    NANOSECONDS_PER_SECOND,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import tzinfo

LARGEST: Final = 64 << 20
"""Bytes. A run every minute for a year is about that."""
NEEDED: Final = ("timestamp", "project_name", "run_id", "duration", "emissions", "energy_consumed")
MOST_POWER: Final = 100_000
"""Watts of one machine: beyond that somebody mistook the unit."""
MOST_INTENSITY: Final = 3
"""Kilograms CO2e of a kilowatt-hour: no grid has that, coal alone is about 1 (IPCC AR5 WG III, annex III: 0.82)."""
LONGEST: Final = 10 * 366 * 86_400
"""Seconds of one run."""
_EARLIEST: Final = 2015
_CUT: Final = 40


class EmissionsListError(Exception):
    """The file is none that can be read: one sentence with the cure."""


class _FaultError(Exception):
    """A line can't be used; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class EmissionsList:
    """What a file tells: its rows, the lines that can't be used (line, reason and cure), its hash, who exported it."""

    digest: str
    rows: tuple[RunRow, ...]
    faults: tuple[tuple[int, str], ...]
    own_hosts: frozenset[str]
    """The hosts whose figures this program has exported into it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How a file is read: by the clock of which *zone*, what is *now* (ns since the epoch), and whose projects are.

    `services` is the key of a service by the name of a project; "" is for all others.
    """

    zone: tzinfo
    now: int
    services: Mapping[str, str] = field(default_factory=dict)

    def row(self, line: int, cells: Mapping[str, str]) -> RunRow:
        """Return what the *cells* of a *line* say. Raises _FaultError."""
        mode = cells.get("tracking_mode", "")
        run, project = cells["run_id"], cells["project_name"]
        if not run:
            raise _FaultError("it names no run: give one in the column run_id")
        # this program writes moments in UTC, CodeCarbon by the clock
        moment = self._moment(cells["timestamp"], UTC if mode == OWN_MODE else self.zone)
        seconds, energy = _number(cells, "duration"), _number(cells, "energy_consumed")
        if seconds is None or energy is None:
            raise _FaultError("it says no duration, or no energy_consumed: what is unknown can't be counted")
        emissions, water = _number(cells, "emissions"), _number(cells, "water_consumed")
        _require_plausible(seconds, energy, emissions)
        return RunRow(
            line=line,
            moment=moment,
            since=moment - round(seconds * NANOSECONDS_PER_SECOND),
            run=run,
            project=project,
            service=self.services.get(project, self.services.get("", "")),
            mode=mode,
            version=cells.get("codecarbon_version", ""),
            zone="-".join(part for part in (cells.get("country_iso_code", ""), cells.get("region", "")) if part),
            energy=round(energy * MICROJOULES_PER_KILOWATT_HOUR),
            emissions=None if emissions is None else round(emissions * 1000 * MICROGRAMS_PER_GRAM),
            water=None if water is None else round(water * MICROLITERS_PER_LITER),
        )

    def _moment(self, written: str, zone: tzinfo) -> int:
        try:
            found = datetime.fromisoformat(written)
        except ValueError:
            raise _FaultError(f"{written[:_CUT]!r} is no timestamp: write 2026-03-14T08:00:00") from None
        if found.year < _EARLIEST:
            raise _FaultError(f"{written[:_CUT]} is before there was CodeCarbon: correct the timestamp")
        moment = round((found if found.tzinfo else found.replace(tzinfo=zone)).timestamp()) * NANOSECONDS_PER_SECOND
        if moment > self.now:
            raise _FaultError(f"{written[:_CUT]} is in the future: correct it, or give the clock's zone (--timezone)")
        return moment


def read_emissions(content: bytes, rules: Rules) -> EmissionsList:
    """Return what the file *content* tells. Raises EmissionsListError."""
    rows: list[RunRow] = []
    faults: list[tuple[int, str]] = []
    hosts: set[str] = set()
    for line, cells in _cells(_text(content)):
        try:
            if isinstance(cells, str):
                raise _FaultError(cells)  # noqa: TRY301 - told like all others
            row = rules.row(line, cells)
        except _FaultError as fault:
            faults.append((line, str(fault)))
            continue
        rows.append(row)
        if row.mode == OWN_MODE:
            hosts.add(cells.get("experiment_id", ""))
    kept, falling = _rising(rows)
    return EmissionsList(
        hashlib.sha256(content).hexdigest(), kept, tuple(sorted([*faults, *falling])), frozenset(hosts)
    )


def _rising(rows: Sequence[RunRow]) -> tuple[tuple[RunRow, ...], list[tuple[int, str]]]:
    """Return the *rows* of runs that never fall, each moment once, and the lines of the others, with why."""
    kept: list[RunRow] = []
    faults: list[tuple[int, str]] = []
    last: dict[str, RunRow] = {}
    for row in sorted(rows, key=lambda one: (one.moment, one.line)):
        before = last.get(row.run)
        if before is not None and before.moment == row.moment:
            # the same row twice says nothing new
            if before.figures != row.figures:
                faults.append(
                    (row.line, f"line {before.line} says something else of the same run and time: take one out")
                )
            continue
        if before is not None and row.energy < before.energy:
            faults.append(
                (row.line, f"its run has less energy than in line {before.line}: a run counts from its beginning")
            )
            continue
        last[row.run] = row
        kept.append(row)
    return tuple(kept), faults


def _require_plausible(seconds: Decimal, energy: Decimal, emissions: Decimal | None) -> None:
    """Raise _FaultError where somebody mistook a unit."""
    if seconds > LONGEST:
        raise _FaultError(f"its duration is {seconds} s, more than ten years: durations are in seconds")
    if energy and not seconds:
        raise _FaultError("it has an energy of no time: correct the duration")
    if energy and energy * 3_600_000 > MOST_POWER * seconds:
        raise _FaultError(f"{energy} kWh in {seconds} s are more than {MOST_POWER} W: energy_consumed is in kWh")
    if emissions is not None and emissions > MOST_INTENSITY * energy:
        raise _FaultError(
            f"{emissions} kgCO2e for {energy} kWh are more than any grid emits: emissions are in kilograms"
        )


def _number(cells: Mapping[str, str], name: str) -> Decimal | None:
    """Return the number in the column *name*; None where it is empty or not there. Raises _FaultError."""
    written = cells.get(name, "")
    if not written:
        return None
    try:
        number = Decimal(written)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise _FaultError(f"{name} is {written[:_CUT]!r}, and no number from 0 on: leave it empty where it is unknown")
    return number


def _text(content: bytes) -> str:
    if len(content) > LARGEST:
        raise EmissionsListError(f"the file is larger than {LARGEST >> 20} MB: split it by the year")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise EmissionsListError("the file is no text in UTF-8: take it as CodeCarbon wrote it") from None
    if not text.strip() or "\0" in text:
        raise EmissionsListError("the file is empty, or no text: name CodeCarbon's emissions.csv")
    return text


def _cells(text: str) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    """Yield (line, cells by heading) of each row that is not empty; for one that can't be read, why."""
    reader = csv.reader(io.StringIO(text, newline=""))
    headings: list[str] = []
    try:
        for cells in reader:
            bare = [cell.strip() for cell in cells]
            if not any(bare):
                continue
            if not headings:
                headings = _headings(bare)
            elif len(bare) != len(headings):
                yield reader.line_num, f"it has {len(bare)} cells, and the headings are {len(headings)}: correct it"
            else:
                yield reader.line_num, dict(zip(headings, bare, strict=True))
    except csv.Error as error:
        raise EmissionsListError(f"line {reader.line_num} is no CSV ({error}): correct it") from error


def _headings(written: list[str]) -> list[str]:
    if "task_name" in written:
        raise EmissionsListError("it is a list of tasks, which are parts of runs: import the emissions.csv of the runs")
    missing = [name for name in NEEDED if name not in written]
    if missing or len(set(written)) != len(written):
        raise EmissionsListError(
            f"it is no emissions.csv of CodeCarbon (no column {', '.join(missing) or 'may be there twice'}):"
            " take the file as CodeCarbon wrote it, comma-separated"
        )
    return written
