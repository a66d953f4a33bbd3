"""A report as CSV: one fact a line, units in the names of the columns. Source of the format: RFC 4180.

Energies are given twice: in whole microjoules, which sum exactly, and in kilowatt-hours, for people.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from monitor.core.entries import Cause
from monitor.report.model import kilowatt_hours, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.report.model import Report
    from monitor.wording import Words

ENERGY: Final = (
    ("year", "Year, in the time zone of the organisation."),
    ("month", "Month, 1 to 12."),
    ("service", "Key of the service; a key that begins with _ is no service but a part that no service has."),
    ("service_name", "Its name then."),
    ("department", "The department it worked for then."),
    ("contract", "The contract it belonged to then."),
    ("resource", "What drew the energy: package (processors), dram (memory), gpu0 ..., rest (of the machine)."),
    ("share", "active: it computed; residency: it held memory; floor: its part of the idle machine."),
    ("method", "How it is known: counter and integrated are measured, modelled and declared are not."),
    ("method_name", "The same in the language of the report."),
    ("energy_microjoules", "The energy, exactly."),
    ("energy_kilowatt_hours", "The energy, rounded to the milliwatt-hour."),
)
COVERAGE: Final = (
    ("year", "Year, in the time zone of the organisation."),
    ("month", "Month, 1 to 12."),
    ("resource", "What was measured."),
    ("measured_seconds", "For how long it was."),
    ("elapsed_seconds", "How much of the month had passed by the ledger's watermark."),
    ("coverage_ratio", "Measured over elapsed, 0 to 1."),
)
GAPS: Final = (
    ("resource", "What was not measured; empty: the clock was set, nothing was missed."),
    ("start", "From when on, UTC."),
    ("end", "Until when, UTC."),
    ("seconds", "For how long."),
    ("cause", f"One of {', '.join(Cause)}."),
)


def sheets(report: Report, words: Words) -> dict[str, bytes]:
    """Return the files of the report: name -> content, the same from the same report. UTF-8, lines end with CR LF."""
    return {
        f"{report.stem}-energy.csv": _sheet(ENERGY, _energy(report, words)),
        f"{report.stem}-coverage.csv": _sheet(COVERAGE, _coverage(report)),
        f"{report.stem}-gaps.csv": _sheet(GAPS, _gaps(report)),
    }


def _energy(report: Report, words: Words) -> Iterable[Sequence[object]]:
    for row in report.rows:
        series, facts = row.series, row.facts
        yield (
            report.year,
            row.month,
            series.consumer,
            words.maybe(f"service.{series.consumer}", facts.name),
            facts.department,
            facts.contract,
            series.resource,
            series.share.value,
            series.method.value,
            words.say(f"method.{series.method.value}"),
            row.energy.microjoules,
            kilowatt_hours(row.energy),
        )


def _coverage(report: Report) -> Iterable[Sequence[object]]:
    for month in report.months:
        for one in month.coverage:
            measured, elapsed = f"{one.measured.seconds:.3f}", f"{one.elapsed.seconds:.3f}"
            yield report.year, month.number, one.resource, measured, elapsed, f"{one.ratio:.6f}"


def _gaps(report: Report) -> Iterable[Sequence[object]]:
    for gap in report.gaps:
        interval = gap.interval
        seconds = f"{interval.length.seconds:.3f}"
        yield gap.resource, moment(interval.start), moment(interval.end), seconds, gap.cause


def _sheet(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([name for name, _ in columns])
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _safe(cell: object) -> object:
    """Return *cell* so that no spreadsheet takes a name for a formula. Source: OWASP, CSV injection."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
