"""A list of what was used of bought services, as CSV: from a provider's bill or console, by the day or the month.

Accepted are `,`, `;` and tabs between cells, UTF-8 with or without a mark. What is wrong is told by its line, and does
not keep the other lines from counting. Columns: docs/external.md.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.activity import Unit
from monitor.core.calendar import named_period
from monitor.core.external import FileRow, provider_of
from monitor.external.bases import rule_of
from monitor.external.counting import amounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import tzinfo

    from monitor.core.external import ExternalRule
    from monitor.core.interval import Interval
    from monitor.external.bases import Bases

LARGEST: Final = 32 << 20
"""Bytes. A year by the day of a hundred models is a tenth of it."""
HIGHEST: Final = 10**15
"""Of anything, in one line: beyond it somebody mistook the column."""
COUNTS: Final[Mapping[str, Unit]] = {
    "requests": Unit.REQUESTS,
    "input_tokens": Unit.INPUT_TOKENS,
    "output_tokens": Unit.OUTPUT_TOKENS,
}
COLUMNS: Final = ("date", "external", "provider", "model", *COUNTS)
OTHER_NAMES: Final = {"month": "date", "day": "date", "period": "date", "service": "external"}
_DATE: Final = re.compile(r"\d{4}-\d{2}(-\d{2})?")
_NUMBER: Final = re.compile(r"\d+")


class UsageListError(Exception):
    """The file is no list that can be read: one sentence with the cure."""


@dataclass(frozen=True, slots=True)
class UsageList:
    """What a file tells: its rows, and the lines that can't be used, each with the reason and the cure."""

    digest: str
    rows: tuple[FileRow, ...]
    faults: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """One line that can be used."""

    number: int
    rule: ExternalRule
    model: str
    time: Interval
    counts: Mapping[Unit, int]


class _FaultError(Exception):
    """A line can't be used; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Reading:
    """By what a list is read: whose models are, how days are cut in *zone*, and what is *now* (ns since the epoch)."""

    rules: Sequence[ExternalRule]
    zone: tzinfo
    now: int

    def line(self, number: int, cells: Mapping[str, str] | str) -> _Line:
        """Return what the *cells* of a line say; text: why there are none. Raises _FaultError."""
        if isinstance(cells, str):
            raise _FaultError(cells)
        model = cells.get("model", "")
        if not model:
            raise _FaultError("it names no model: give one in the column model")
        return _Line(number, self._rule(cells, model), model, self._time(cells.get("date", "")), _counts(cells))

    def _rule(self, cells: Mapping[str, str], model: str) -> ExternalRule:
        key, provider = cells.get("external", ""), cells.get("provider", "")
        rule = rule_of(self.rules, model, key)
        if rule is None:
            what = f"there is no [[external]] with the key {key}" if key else f"no [[external]] has the model {model}"
            raise _FaultError(f"{what}: configure it, or correct the line")
        if provider and provider_of(provider) != provider_of(rule.provider):
            raise _FaultError(
                f"its provider is {provider}, and that of {rule.key} is {rule.provider}: name the right service in"
                " the column external"
            )
        return rule

    def _time(self, written: str) -> Interval:
        if _DATE.fullmatch(written) is None:
            raise _FaultError(f"{written!r} is neither a day nor a month: write 2026-03-14 or 2026-03")
        try:
            time = named_period(written, self.now, self.zone)
        except ValueError:
            raise _FaultError(f"there is no day or month {written}: correct it") from None
        if time.end > self.now:
            raise _FaultError(f"{written} has not ended: import it when it has, for what is counted stays")
        return time


def read_usage(content: bytes, reading: Reading, bases: Bases) -> UsageList:
    """Return what the file *content* tells, with what its tokens are reckoned with. Raises UsageListError."""
    lines: list[_Line] = []
    faults: list[tuple[int, str]] = []
    for number, cells in _cells(_text(content)):
        try:
            lines.append(reading.line(number, cells))
        except _FaultError as fault:
            faults.append((number, str(fault)))
    found = bases.of((line.rule, line.model) for line in lines)
    rows = (
        FileRow(
            line.number,
            tuple(amounts((line.rule, line.model), line.counts, line.time, found[line.rule, line.model])),
        )
        for line in lines
    )
    return UsageList(hashlib.sha256(content).hexdigest()[:32], tuple(rows), tuple(faults))


def _text(content: bytes) -> str:
    if len(content) > LARGEST:
        raise UsageListError("the file is larger than such a list can be: name the right file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageListError("the file is no text in UTF-8: save it as CSV in UTF-8") from None
    if not text.strip() or "\0" in text:
        raise UsageListError("the file is empty, or no text: save the list as CSV in UTF-8")
    return text


def _cells(text: str) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    """Yield (line, cells by heading) of each row that is not empty; for one that can't be read, why."""
    first = text.lstrip().splitlines()[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
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
        raise UsageListError(f"line {reader.line_num} is no CSV ({error}): correct it") from error


def _headings(written: Sequence[str]) -> list[str]:
    names = [one.lower().replace(" ", "_") for one in written]
    names = [OTHER_NAMES.get(one, one) for one in names]
    known = [one for one in names if one in COLUMNS]
    if not {"date", "model"} <= set(known) or not set(COUNTS) & set(known) or len(known) != len(set(known)):
        raise UsageListError(
            f"the headings are {', '.join(written)[:100]}: the first line has to be date,model and of"
            f" {', '.join(COUNTS)} at least one, each once; provider and external may be there"
        )
    return names


def _counts(cells: Mapping[str, str]) -> dict[Unit, int]:
    """Return the counts of a line; what is not said is unknown. Raises _FaultError."""
    found = {}
    for name, unit in COUNTS.items():
        written = cells.get(name, "")
        if not written:
            continue
        if _NUMBER.fullmatch(written) is None or len(written) > len(str(HIGHEST)) or int(written) > HIGHEST:
            raise _FaultError(f"{name} is {written[:40]!r}, and no whole number from 0 to {HIGHEST}: write digits only")
        found[unit] = int(written)
    if not found:
        raise _FaultError(f"nothing is counted: give one of {', '.join(COUNTS)}")
    return found
