"""How sure the figures are, and what is not known: methods, coverage, gaps, restatements."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.core.calendar import utc
from monitor.core.interval import HOUR, MINUTE
from monitor.core.readings import Method
from monitor.core.uncertainty import METHOD_ERROR
from monitor.report.document import Block, Kind, Notice, Paragraph, Section, Table
from monitor.report.measures import KILOWATT_HOURS, number_column, text_column
from monitor.report.printing import moment
from monitor.report.rounding import alone
from monitor.report.sections.corrections import corrections
from monitor.report.sections.covered import covered
from monitor.report.tabulating import Amounts, Beside, percent, tabulated, whole_and_parts

if TYPE_CHECKING:
    from monitor.core.entries import Gap
    from monitor.core.interval import Interval
    from monitor.report.material import Material

LONGEST: Final = 20
"""So many gaps are listed by themselves; the files have all."""


def quality(material: Material) -> Section:
    """Return the section of data quality."""
    blocks: list[Block] = [Paragraph(material.say("quality.reading")), *covered(material)]
    blocks += [_methods(material), _coverage(material)]
    report = material.report
    if not report.complete:
        blocks.insert(0, Notice(material.say("quality.incomplete", moment=moment(utc(report.closed_through)))))
    if report.gaps:
        blocks += [_causes(material), _longest(material)]
    else:
        blocks.append(Paragraph(material.say("quality.no_gaps")))
    blocks.append(_generations(material) if report.generations else Paragraph(material.say("quality.no_restatement")))
    blocks += corrections(material) or (Paragraph(material.say("quality.no_correction")),)
    return Section("quality", material.say("quality.title"), tuple(blocks))


def _methods(material: Material) -> Table:
    words, sums = material.words, dict.fromkeys((method.value for method in Method), 0)
    for use in material.report.uses:
        for method, energy in use.methods.items():
            sums[method] = sums.get(method, 0) + energy.microjoules
    names = [name for name, amount in sums.items() if amount]
    amounts = [sums[name] for name in names]
    error = [_error(name) for name in names]
    return tabulated(
        "methods",
        words,
        ((text_column("method", words),), [(words.maybe(f"methods.{name}", name),) for name in names]),
        Amounts("energy", KILOWATT_HOURS, amounts),
        Beside(number_column("share_percent", words, 1, "%"), *whole_and_parts(amounts)),
        Beside(number_column("error_percent", words, 0, "%"), error),
    )


def _error(method: str) -> Decimal | None:
    found = METHOD_ERROR.get(Method(method)) if method in set(Method) else None
    return None if found is None else Decimal(round(100 * found))


def _coverage(material: Material) -> Table:
    words = material.words
    measured: dict[str, int] = defaultdict(int)
    elapsed: dict[str, int] = defaultdict(int)
    for month in material.report.months:
        for one in month.coverage:
            measured[one.resource] += one.measured.nanoseconds
            elapsed[one.resource] += one.elapsed.nanoseconds
    columns = (
        text_column("resource", words),
        number_column("measured_hours", words, 1, "h"),
        number_column("elapsed_hours", words, 1, "h"),
        number_column("coverage_percent", words, 1, "%"),
    )
    rows = tuple(
        (
            material.resource(name),
            alone(measured[name], HOUR.nanoseconds, 1),
            alone(elapsed[name], HOUR.nanoseconds, 1),
            percent(measured[name], elapsed[name]),
        )
        for name in sorted(measured)
    )
    return Table("coverage", words.say("table.coverage.title"), columns, rows, note=words.say("table.coverage.note"))


def _causes(material: Material) -> Table:
    words = material.words
    by_cause: dict[str, list[Gap]] = defaultdict(list)
    for gap in material.report.gaps:
        by_cause[gap.cause].append(gap)
    columns = (
        text_column("cause", words),
        number_column("gaps", words, 0),
        number_column("gap_hours", words, 1, "h"),
        text_column("resources", words),
    )
    rows = tuple(
        (
            words.maybe(f"cause.{cause}", cause),
            Decimal(len(gaps)),
            alone(sum(gap.interval.length.nanoseconds for gap in gaps), HOUR.nanoseconds, 1),
            ", ".join(sorted({material.resource(gap.resource) for gap in gaps if gap.resource})),
        )
        for cause, gaps in sorted(by_cause.items())
    )
    return Table("gap_causes", words.say("table.gap_causes.title"), columns, rows)


def _longest(material: Material) -> Table:
    """Return the longest gaps; those of several parts of the machine over the same time are one."""
    words = material.words
    together: dict[tuple[Interval, str], set[str]] = defaultdict(set)
    for gap in material.report.gaps:
        together[gap.interval, gap.cause].add(gap.resource)
    columns = (
        text_column("start", words, Kind.DATE),
        text_column("end", words, Kind.DATE),
        number_column("gap_minutes", words, 0, "min"),
        text_column("cause", words),
        text_column("resources", words),
    )
    longest = sorted(together, key=lambda key: (-key[0].length.nanoseconds, key))[:LONGEST]
    rows = tuple(
        (
            utc(interval.start),
            utc(interval.end),
            alone(interval.length.nanoseconds, MINUTE.nanoseconds, 0),
            words.maybe(f"cause.{cause}", cause),
            ", ".join(sorted(material.resource(one) for one in together[interval, cause] if one)),
        )
        for interval, cause in longest
    )
    note = words.say("table.gaps.note", shown=len(rows), all=len(together))
    return Table("gaps", words.say("table.gaps.title"), columns, rows, note=note)


def _generations(material: Material) -> Table:
    words, report = material.words, material.report
    times = dict(report.reckoning.generations)
    columns = (
        number_column("generation", words, 0),
        text_column("made", words, Kind.DATE),
        text_column("author", words),
        text_column("why", words),
        text_column("factor_set", words),
        number_column("restated_hours", words, 0, "h"),
    )
    rows = tuple(
        (
            Decimal(one.number),
            utc(one.made),
            one.author,
            one.reason,
            one.factor_set or words.say("quality.own_factors"),
            alone(times[one.number].nanoseconds, HOUR.nanoseconds, 0),
        )
        for one in report.generations
    )
    return Table("generations", words.say("table.generations.title"), columns, rows)
