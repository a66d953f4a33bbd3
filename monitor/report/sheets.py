"""A report as CSV: one fact a line, units in the names of the columns. Source of the format: RFC 4180.

Energies are given twice: in whole microjoules, which sum exactly, and in kilowatt-hours, for people. What is unknown is
empty, never zero.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from monitor.core.calendar import utc
from monitor.core.corrections import STRUCK_OUT
from monitor.core.entries import Cause
from monitor.report import external
from monitor.report.activity import together
from monitor.report.model import kilowatt_hours
from monitor.report.quantities import QUANTITIES, TOGETHER, hours, told
from monitor.report.units import quotients, score, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from monitor.core.entries import ServiceFacts
    from monitor.core.functional import PerUnit
    from monitor.core.impact import Bounds
    from monitor.report.model import Report
    from monitor.report.quantities import Quantity
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
BOUNDS: Final = {"": "", "low": "Its lower bound.", "high": "Its upper bound."}
"""What stands beside a central value, which comes first."""


def _impact_columns() -> Iterator[tuple[str, str]]:
    for quantity in (TOGETHER, *QUANTITIES.values()):
        for bound, meaning in BOUNDS.items():
            if not bound or quantity.ranged:
                name = "_".join(part for part in (quantity.name, bound, quantity.unit) if part)
                yield name, meaning or quantity.meaning


IMPACTS: Final = (
    ("year", "Year, in the time zone of the organisation."),
    ("month", "Month, 1 to 12."),
    ("service", "Key of the service; a key that begins with _ is no service but a part that no service has."),
    ("service_name", "Its name then."),
    ("department", "The department it worked for then."),
    ("contract", "The contract it belonged to then."),
    *_impact_columns(),
)
FACTORS: Final = (
    ("role", "What it does: electricity, pue, water ...; hardware_gwp, hardware_adpe, hardware_lifetime: of an asset."),
    ("key", "Its key in the set of factors."),
    ("value", "The figure."),
    ("low", "The lowest that it may be."),
    ("high", "The highest that it may be."),
    ("unit", "Its unit."),
    ("year", "The year of its data; empty: stated without one."),
    ("how", "How it was chosen: exact, older_year, parent_zone, alternative_source; empty: named by an asset."),
    ("hours", "For how many hours of the year it was at work."),
    ("source", "Who says so, in which publication."),
    ("address", "Where that is found."),
    ("licence", "Under which licence it may be shown."),
    ("note", "What else one has to know."),
)
_SERVICE: Final = (
    ("year", "Year, in the time zone of the organisation."),
    ("month", "Month, 1 to 12."),
    ("service", "Key of the service."),
    ("service_name", "Its name then."),
    ("department", "The department it worked for then."),
    ("contract", "The contract it belonged to then."),
)
ACTIVITY: Final = (
    *_SERVICE,
    ("model", "Which model; empty: its meters do not tell."),
    ("unit", "What was counted: requests, output_tokens ...; energy: microjoules while it is known what it did."),
    ("authority", "Who says so: events, gateway, server."),
    ("counted", "yes: it counts; no: it is a cross-check, and part of no sum."),
    ("measured", "yes: it was measured what that took; no: it was not, and it is in no quotient."),
    ("amount", "How much, exactly."),
)
UNITS: Final = (
    *_SERVICE,
    ("functional_unit", "What the figures are per: 1000_output_tokens, request, image ..."),
    ("units", "How many of them were done while it was measured what they took: the denominator."),
    ("energy_microjoules", "Energy while it is known what the service did, exactly: the numerator."),
    ("energy_watt_hours", "Energy per functional unit."),
    ("energy_low_watt_hours", "Its lower bound, by the error of the meters."),
    ("energy_high_watt_hours", "Its upper bound."),
    ("emissions_grams", "Greenhouse gases of use and making per functional unit, CO2e."),
    ("emissions_low_grams", "Its lower bound, with the error of the meters."),
    ("emissions_high_grams", "Its upper bound."),
    ("sci_grams", "Score of ISO/IEC 21031 per functional unit: (E x I + M) / R."),
    ("sci_energy_kilowatt_hours", "E: energy, with what the room needs where that is known."),
    ("sci_intensity_grams_per_kilowatt_hour", "I: mean carbon intensity of the electricity, location-based."),
    ("sci_embodied_grams", "M: greenhouse gases of making the hardware."),
    ("known_ratio", "For how much of the energy of the service it is known what it did."),
    ("idle_ratio", "How much of its energy the service used to be ready."),
    ("cautions", "What has to be known: implausible, impacts_partly_known, cross_check_differs."),
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
    (
        "resource",
        "What was not measured; activity:KEY: what a service did; empty: the clock was set, nothing was missed.",
    ),
    ("start", "From when on, UTC."),
    ("end", "Until when, UTC."),
    ("seconds", "For how long."),
    ("cause", f"One of {', '.join(Cause)}, {STRUCK_OUT}."),
)

DESCRIBED: Final = {
    "energy": ENERGY,
    "impacts": IMPACTS,
    "activity": ACTIVITY,
    "units": UNITS,
    "factors": FACTORS,
    "coverage": COVERAGE,
    "gaps": GAPS,
    "external": external.COLUMNS,
}
"""The columns of each file, by the end of its name."""


def sheets(report: Report, words: Words) -> dict[str, bytes]:
    """Return the files of the report: name -> content, the same from the same report. UTF-8, lines end with CR LF."""
    return {
        f"{report.stem}-energy.csv": sheet(ENERGY, _energy(report, words)),
        f"{report.stem}-impacts.csv": sheet(IMPACTS, _impacts(report, words)),
        f"{report.stem}-activity.csv": sheet(ACTIVITY, _activity(report, words)),
        f"{report.stem}-units.csv": sheet(UNITS, _units(report, words)),
        f"{report.stem}-factors.csv": sheet(FACTORS, _factors(report)),
        f"{report.stem}-coverage.csv": sheet(COVERAGE, _coverage(report)),
        f"{report.stem}-gaps.csv": sheet(GAPS, _gaps(report)),
        **_bought(report),
    }


def _bought(report: Report) -> dict[str, bytes]:
    """Return the file of what was bought as an API, where anything was."""
    if not report.bought.sums:
        return {}
    return {f"{report.stem}-external.csv": sheet(external.COLUMNS, external.bought_rows(report.bought, report.year))}


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


def _activity(report: Report, words: Words) -> Iterable[Sequence[object]]:
    for row, amount in together(report.activity).items():
        series = row.series
        yield (
            *_service(report, row.month, row.facts, words),
            series.model,
            series.unit.value,
            series.authority.value,
            *("yes" if one else "no" for one in (row.counted, series.measured)),
            amount,
        )


def _units(report: Report, words: Words) -> Iterable[Sequence[object]]:
    for line in report.activity_lines:
        units = line.units
        for functional, one in units.per_unit.items():
            energy, emissions = (_central_first(told) for told in quotients(one))
            yield (
                *_service(report, line.month, line.facts, words),
                functional.value,
                text(one.units),
                one.taken.microjoules if one.taken is not None else "",
                *energy,
                *emissions,
                *_score(one),
                *("" if share is None else f"{float(share):.6f}" for share in (units.known_share, units.idle_share)),
                " ".join(units.cautions),
            )


def _service(report: Report, month: int, facts: ServiceFacts, words: Words) -> tuple[object, ...]:
    name = words.maybe(f"service.{facts.key}", facts.name)
    return report.year, month, facts.key, name, facts.department, facts.contract


def _central_first(bounds: Mapping[str, str] | None) -> tuple[str, ...]:
    return ("", "", "") if bounds is None else (bounds["central"], bounds["low"], bounds["high"])


def _score(one: PerUnit) -> tuple[str, ...]:
    """Return the score, E, I and M; R is the denominator that stands before."""
    return ("",) * 4 if one.sci is None else tuple(score(one.sci).values())[:4]


def _impacts(report: Report, words: Words) -> Iterable[Sequence[object]]:
    for line in report.impact_lines:
        yield (
            *_service(report, line.month, line.facts, words),
            *(cell for quantity, amount in told(line.impacts) for cell in _amounts(quantity, amount)),
        )


def _amounts(quantity: Quantity, amount: Bounds | None) -> Iterable[str]:
    """Return the central value, and the bounds where it has any; unknown is empty."""
    count = len(BOUNDS) if quantity.ranged else 1
    if amount is None:
        return [""] * count
    return [quantity.text(one) for one in (amount.central, amount.low, amount.high)[:count]]


def _factors(report: Report) -> Iterable[Sequence[object]]:
    for one in report.reckoning.factors:
        factor = one.factor
        yield (
            one.role,
            factor.key,
            f"{factor.value:f}",
            f"{factor.low:f}",
            f"{factor.high:f}",
            factor.unit,
            factor.year or "",
            " ".join(one.how),
            hours(one.time),
            factor.source,
            factor.address,
            factor.licence,
            factor.note,
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
        yield gap.resource, utc(interval.start), utc(interval.end), seconds, gap.cause


def sheet(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> bytes:
    """Return *rows* as CSV under the names of *columns*, which stand before what they mean."""
    return lines_csv([name for name, _ in columns], rows)


def lines_csv(names: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return *rows* as CSV under *names*, with no cell that a spreadsheet would compute; None is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def records_csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return *rows*, cells by the name of their column, likewise; a cell that a row lacks is empty."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows({name: safe(cell) for name, cell in row.items()} for row in rows)
    return text.getvalue().encode()


def safe(cell: object) -> object:
    """Return *cell* so that no spreadsheet takes a name for a formula. Source: OWASP, CSV injection."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
