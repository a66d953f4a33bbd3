"""The clauses of contracts over the report's time: what was agreed, what was found, and what that shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor.core.calendar import local_time, whole_period
from monitor.core.clause_windows import EVER
from monitor.core.contracts import Verdict, Window
from monitor.core.units import NANOSECONDS_PER_SECOND
from monitor.report.document import Figure, Paragraph, Section, Table
from monitor.report.drawing.bullets import Bullet, bullets
from monitor.report.measures import number_column, text_column
from monitor.report.metrics import DECIMALS, SIGNS, metric_name, told, unit_of, written
from monitor.report.rounding import alone

if TYPE_CHECKING:
    from decimal import Decimal
    from fractions import Fraction

    from monitor.core.contracts import Clause, Contract, Evaluation
    from monitor.report.document import Cell
    from monitor.report.material import Material

SHOWN: Final = 12
"""So many clauses are drawn: the latest windows of each come first. The table has all."""
HUNDRED: Final = 100


@dataclass(frozen=True, slots=True)
class Judged:
    """An evaluation with the contract that it is of."""

    contract: Contract
    evaluation: Evaluation


def contracts(material: Material) -> Section | None:
    """Return the section of contracts; None where no clause was judged."""
    judged = judged_of(material)
    if not judged:
        return None
    say = material.say
    return Section(
        "contracts",
        say("contracts.title"),
        (
            Paragraph(say("contracts.reading")),
            Paragraph(said(material, judged)),
            drawn(material, judged),
            table(material, judged),
        ),
    )


def judged_of(material: Material) -> tuple[Judged, ...]:
    """Return each evaluation with its contract, in the order in which they are configured."""
    return tuple(Judged(one.contract, it) for one in material.stated.evaluations for it in one.evaluations)


def said(material: Material, judged: tuple[Judged, ...]) -> str:
    """Return in words how many have come to which verdict."""
    counts = {verdict: sum(one.evaluation.verdict is verdict for one in judged) for verdict in Verdict}
    return material.say("contracts.counted", **{verdict.value: counts[verdict] for verdict in Verdict})


def table(material: Material, judged: tuple[Judged, ...]) -> Table:
    """Return the table of all of *judged*: each figure with its range and the reason why nothing is shown."""
    words = material.words
    columns = (
        text_column("contract_uid", words),
        text_column("clause", words),
        text_column("clause_period", words),
        text_column("clause_threshold", words),
        number_column("clause_value", words, DECIMALS),
        number_column("clause_low", words, DECIMALS),
        number_column("clause_high", words, DECIMALS),
        text_column("result_unit", words),
        number_column("clause_coverage_percent", words, 1, "%"),
        text_column("verdict", words),
        text_column("verdict_reason", words),
    )
    rows = tuple(_row(material, one) for one in judged)
    return Table("clauses", words.say("table.clauses.title"), columns, rows, note=words.say("table.clauses.note"))


def _row(material: Material, one: Judged) -> tuple[Cell, ...]:
    clause, figure = one.evaluation.clause, one.evaluation.figure
    value = None if figure is None else figure.value
    bounds = (value.central, value.low, value.high) if value else (None, None, None)
    return (
        one.contract.uid,
        name_of(material, clause),
        period_of(material, one.evaluation),
        threshold_of(clause),
        *(told(bound, clause.metric) for bound in bounds),
        unit_of(clause.metric)[0],
        None if figure is None else _percent(figure.coverage),
        material.say(f"verdict.{one.evaluation.verdict.value}"),
        why(material, one.evaluation),
    )


def drawn(material: Material, judged: tuple[Judged, ...]) -> Figure:
    """Return the latest windows of the clauses as lines, with the text that says the same and the data."""
    words = material.words
    shown = _latest(judged)
    lines = [
        Bullet(
            name=name_of(material, one.evaluation.clause),
            threshold=float(one.evaluation.clause.threshold.amount / unit_of(one.evaluation.clause.metric)[1]),
            bounds=_bounds(one.evaluation),
            verdict=material.say(f"verdict.{one.evaluation.verdict.value}"),
            text=f"{_written(material, one.evaluation)} ({threshold_of(one.evaluation.clause)})",
        )
        for one in shown
    ]
    alternative = " ".join(
        words.say(
            "figure.clauses.alternative",
            clause=line.name,
            contract=one.contract.uid,
            period=period_of(material, one.evaluation),
            figures=line.text,
            verdict=line.verdict,
        )
        for one, line in zip(shown, lines, strict=True)
    )
    whole = table(material, shown)
    data = Table("clauses_drawn", words.say("figure.clauses.title"), whole.columns, whole.rows)
    return Figure("clauses", words.say("figure.clauses.title"), alternative, bullets(lines), data)


def _latest(judged: tuple[Judged, ...]) -> tuple[Judged, ...]:
    """Return the last window of each clause of which any hour has closed, or its first where none has."""
    last: dict[tuple[str, str], Judged] = {}
    for one in judged:
        key = one.contract.uid, one.evaluation.clause.id
        if key not in last or one.evaluation.span.elapsed:
            last[key] = one
    return tuple(last.values())[:SHOWN]


def name_of(material: Material, clause: Clause) -> str:
    """Return the words of the contract; where there are none, what the clause is about."""
    return clause.text or metric_name(material, clause.metric)


def period_of(material: Material, one: Evaluation) -> str:
    """Return the window of *one*: `2026`, `2026-Q1` or `2026-03` where it is whole, else its first and last day.

    A window without an end has its first day alone.
    """
    zone = ZoneInfo(material.report.time_zone)
    whole = one.span.whole
    first = local_time(whole.start, zone).date()
    if one.clause.window is not Window.CONTRACT and whole == whole_period(one.clause.window, whole.start, zone):
        quarter = f"{first.year}-Q{(first.month + 2) // 3}"
        return {Window.MONTH: f"{first:%Y-%m}", Window.QUARTER: quarter}.get(one.clause.window, f"{first.year}")
    last = "" if whole.end >= EVER else local_time(whole.end - NANOSECONDS_PER_SECOND, zone).date().isoformat()
    return f"{first.isoformat()} \N{EN DASH} {last}".rstrip()


def threshold_of(clause: Clause) -> str:
    """Return what was agreed, with its tolerance: `≤ 3 Wh (+10 %)`."""
    agreed = f"{SIGNS[clause.operator]} {clause.threshold.written}"
    if clause.tolerance:
        sign = "+" if clause.operator.is_ceiling else "\N{MINUS SIGN}"
        agreed += f" ({sign}{_percent(clause.tolerance).normalize():f} %)"
    return agreed.replace(" ", "\N{NO-BREAK SPACE}")


def why(material: Material, one: Evaluation) -> str:
    """Return why nothing is shown and what would decide; of what was put aside, the buyer's reason."""
    if one.verdict is Verdict.WAIVED:
        return one.clause.waived
    return " ".join(material.say(f"undecided.{reason.value}") for reason in one.reasons)


def _bounds(one: Evaluation) -> tuple[float, float, float] | None:
    if one.figure is None:
        return None
    size, value = unit_of(one.clause.metric)[1], one.figure.value
    return float(value.low / size), float(value.central / size), float(value.high / size)


def _written(material: Material, one: Evaluation) -> str:
    """Return the figure with its unit, as it is written in a sentence."""
    if one.figure is None:
        return material.say("document.unknown")
    return written(material, one.figure.value.central, one.clause.metric)


def written_range(material: Material, one: Evaluation) -> str:
    """Return the figure with its bounds, as it is written in a sentence: `1.20 Wh, 1.10 to 1.30`."""
    central, bounds = _written(material, one), _bounds(one)
    if bounds is None:
        return central
    low, high = (material.words.number(bound, DECIMALS) for bound in (bounds[0], bounds[2]))
    return f"{central}, {material.say('table.range', low=low, high=high)}"


def _percent(share: Fraction) -> Decimal:
    return alone(HUNDRED * share.numerator, share.denominator, 1)
