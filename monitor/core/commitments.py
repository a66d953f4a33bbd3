"""What an organisation has committed itself to, such as a charter that a council voted: an indicator, a target, a year.

What a year came to is held against what the straight line from the baseline to the target asks of that year, by the
rule of three outcomes of clauses (monitor.core.contracts): on or off target is said only where the whole range of the
figure lies on one side. Rules and limits: docs/commitments.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from monitor.core.contracts import (
    Basis,
    Clause,
    Figure,
    Metric,
    Operator,
    Reason,
    Threshold,
    Verdict,
    Window,
    judged,
)

if TYPE_CHECKING:
    from datetime import date

    from monitor.core.contracts import Span

SURE: Final = Fraction(9, 10)
"""The share that has to be known, and to be measured, for a year to be judged or to be a baseline: that of clauses."""


class Progress(StrEnum):
    """How far an action is."""

    PLANNED = "planned"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that is done to keep a commitment."""

    text: str
    progress: Progress
    owner: str = ""
    day: date | None = None
    """When it was done, or by when it will be; None: not said."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is aimed at: an amount, or a change against the baseline."""

    written: str
    """As somebody wrote it: "-20 %"."""
    amount: Threshold | None = None
    change: Fraction | None = None
    """-0.2 for "-20 %"; more than -1."""

    def __str__(self) -> str:
        return self.written


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """One commitment that a figure can be held against."""

    key: str
    text: str
    """As it was voted."""
    metric: Metric
    operator: Operator
    target: Target
    year: int
    """By which the target is to be reached."""
    baseline_year: int | None = None
    baseline: Threshold | None = None
    """What the baseline year came to, as it is stated: taken where the ledger does not know it."""
    service: str = ""
    department: str = ""
    """Whose figure it is; both empty: the whole machine's."""
    basis: Basis = Basis.MEASURED
    """The least sure basis that shows that it is on target. Off target is shown by measured figures alone."""
    actions: tuple[Action, ...] = ()


class Outcome(StrEnum):
    """What may be said of a commitment in a year."""

    ON_TARGET = "on_target"
    OFF_TARGET = "off_target"
    NOT_SHOWN = "not_shown"


class Lack(StrEnum):
    """Why nothing is shown that no clause knows of."""

    BASELINE = "baseline"
    """The baseline is neither in the ledger nor stated."""
    BASELINE_YEAR = "baseline_year"
    """The year is that of the baseline or before: nothing is asked of it yet."""
    NOT_DUE = "not_due"
    """The target is of a later year, there is no baseline that a path could begin at, and it is not reached yet."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The figure of the baseline year."""

    amount: Fraction
    """In the unit of the metric's quantity."""
    stated: bool
    """Whether somebody stated it; else it is the ledger's."""


@dataclass(frozen=True, slots=True)
class Pledged:
    """How a commitment stands in one year."""

    commitment: Commitment
    year: int
    figure: Figure | None
    """None: unknown."""
    origin: Origin | None
    """None: there is no baseline, or it is unknown."""
    target: Fraction | None
    """In the unit of the quantity; None: unknown, as its baseline is."""
    asked: Fraction | None
    """What the path asks of the year; None: nothing yet, or unknown."""
    outcome: Outcome
    reasons: tuple[Reason | Lack, ...] = ()
    """Why nothing is shown; empty where something is."""


def origin_of(commitment: Commitment, found: Figure | Reason | None) -> Origin | None:
    """Return the baseline: *found* in the ledger where enough of it is known, else as it is stated; None: neither.

    Its central value is taken: what was voted is a number, and a range would be held against itself.
    """
    if isinstance(found, Figure) and found.coverage >= SURE:
        return Origin(found.value.central, stated=False)
    return None if commitment.baseline is None else Origin(commitment.baseline.amount, stated=True)


def target_of(commitment: Commitment, origin: Origin | None) -> Fraction | None:
    """Return what is aimed at, in the unit of the quantity; None: it is a change of a baseline that is not known."""
    if commitment.target.amount is not None:
        return commitment.target.amount.amount
    if origin is None or commitment.target.change is None:
        return None
    return origin.amount * (1 + commitment.target.change)


def asked_of(commitment: Commitment, origin: Origin | None, year: int) -> Fraction | None:
    """Return what the straight line from the baseline to the target asks of *year*, in the unit of the quantity.

    From the target's year on it is the target. None: nothing is asked yet, or it is unknown.
    """
    target, since = target_of(commitment, origin), commitment.baseline_year
    if target is None or year >= commitment.year:
        return target
    if origin is None or since is None or year <= since:
        return None
    return origin.amount + (target - origin.amount) * Fraction(year - since, commitment.year - since)


def pledged(
    commitment: Commitment, year: int, span: Span, found: Figure | Reason, base: Figure | Reason | None
) -> Pledged:
    """Return how *commitment* stands in *year*, of which *span* is known and *found* is the figure, or why it is not.

    *base* is what the ledger has of the baseline year; None: nothing.
    """
    origin = origin_of(commitment, base)
    figure = found if isinstance(found, Figure) else None
    asked = asked_of(commitment, origin, year)
    outcome, reasons = _judged(commitment, year, span, found, (origin, asked))
    return Pledged(commitment, year, figure, origin, target_of(commitment, origin), asked, outcome, reasons)


def _judged(
    commitment: Commitment,
    year: int,
    span: Span,
    found: Figure | Reason,
    path: tuple[Origin | None, Fraction | None],
) -> tuple[Outcome, tuple[Reason | Lack, ...]]:
    origin, asked = path
    limit = asked if asked is not None else target_of(commitment, origin)
    lack = _lack(commitment, year, span, asked if commitment.baseline_year is not None else limit)
    if lack is not None or limit is None:
        return Outcome.NOT_SHOWN, (lack or Lack.BASELINE,)
    if not isinstance(found, Figure):
        return Outcome.NOT_SHOWN, (found,)
    verdict, reasons = judged(_clause(commitment, limit), span, found)
    if verdict is Verdict.MET:
        return Outcome.ON_TARGET, ()
    if asked is None:
        return Outcome.NOT_SHOWN, (Lack.NOT_DUE,)
    return (Outcome.OFF_TARGET, ()) if verdict is Verdict.BREACHED else (Outcome.NOT_SHOWN, reasons)


def _lack(commitment: Commitment, year: int, span: Span, limit: Fraction | None) -> Reason | Lack | None:
    """Return why nothing can be asked of *year*, whatever its figure is; None: something can."""
    if not span.elapsed:
        return Reason.NO_TIME
    if commitment.baseline_year is not None and year <= commitment.baseline_year:
        return Lack.BASELINE_YEAR
    return Lack.BASELINE if limit is None else None


def _clause(commitment: Commitment, limit: Fraction) -> Clause:
    """Return what is asked of the year, as a clause that a figure is held against."""
    return Clause(
        id=commitment.key,
        text=commitment.text,
        metric=commitment.metric,
        operator=commitment.operator,
        threshold=Threshold(limit, commitment.metric.quantity, commitment.target.written),
        window=Window.YEAR,
        basis=commitment.basis,
        min_coverage=SURE,
        min_measured=SURE,
    )
