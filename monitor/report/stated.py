"""What an organisation states beside the ledger: commitments, bills and contracts, each held against the figures."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from monitor.core.clause_figures import Use, figure_of
from monitor.core.commitments import pledged
from monitor.core.contracts import Span, Window
from monitor.core.external import by_service
from monitor.core.procurement import Consideration
from monitor.core.procurement_told import considerations
from monitor.report.activity import units_of
from monitor.report.impacts import ImpactRow
from monitor.report.scope import YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from monitor.core.bills import Reconciled
    from monitor.core.commitments import Commitment, Pledged
    from monitor.core.contracts import Contract, ContractStanding
    from monitor.core.entries import ServiceFacts
    from monitor.core.functional import Work
    from monitor.report.model import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Procured:
    """A contract that ran in the time of the report."""

    uid: str
    title: str
    supplier: str
    clauses: int
    """How many environmental clauses it has that figures are held against."""
    amount: Decimal | None
    """What it is worth, in euros without VAT; None: not stated."""
    contract: Contract | None = None
    """All that is configured of it, for those that publish it; None: no more than the above."""

    @property
    def counts(self) -> bool:
        """Whether it is among those whose share is told: the buyer has not put it out of the SPASER."""
        return self.contract is None or self.contract.procurement.spaser is not False

    @property
    def considerations(self) -> tuple[Consideration, ...]:
        """What the essential data say of the environment in it."""
        if self.contract is not None:
            return considerations(self.contract)
        return (Consideration.CLAUSE if self.clauses else Consideration.NOTHING,)


@dataclass(frozen=True, slots=True)
class Stated:
    """What the configuration says, held against the figures of one report."""

    pledges: tuple[Pledged, ...] = ()
    bills: tuple[Reconciled, ...] = ()
    contracts: tuple[Procured, ...] = ()
    evaluations: tuple[ContractStanding, ...] = ()
    """What may be said of clauses in the windows that begin in the time of the report."""


def is_yearly(report: Report) -> bool:
    """Return whether *report* is of all of a year and machine: commitments are about nothing less."""
    return report.scope.months == YEAR and report.scope.whole_machine


def pledge_of(commitment: Commitment, report: Report, base: Report | None) -> Pledged:
    """Return how *commitment* stands by *report*, which is yearly; *base* is that of the baseline year, None: none."""
    found = figure_of(commitment.metric, use_of(commitment, report))
    before = None if base is None else figure_of(commitment.metric, use_of(commitment, base))
    span = Span(Window.YEAR.value, report.interval, report.closed_through)
    return pledged(commitment, report.year, span, found, before)


def use_of(commitment: Commitment, report: Report) -> Use:
    """Return what those did over the year of *report* whose figure *commitment* is about.

    That is a service of this host or a bought one, a department, or the whole machine with what no service has. What is
    bought is in none that does not name it.
    """
    bought = {key: use for key, use in by_service(report.bought.sums).items() if key == commitment.service}
    if commitment.metric.functional is None:
        works = {"": _work(commitment, report, None)}
    else:
        keys = {row.facts.key for row in report.activity if _is_of(commitment, row.facts)}
        works = {key: _work(commitment, report, key) for key in sorted(keys)}
    return Use({key: one for key, one in works.items() if one.meters or one.impacts}, bought, _covered(report))


def _work(commitment: Commitment, report: Report, key: str | None) -> Work:
    """Return all that was done together; of the service *key* alone, where it is given."""

    def holds(facts: ServiceFacts) -> bool:
        return _is_of(commitment, facts) and key in {None, facts.key}

    return units_of(
        (row for row in report.activity if holds(row.facts)),
        ((row.series, row.energy) for row in report.rows if holds(row.facts)),
        (row for row in _impacts(report) if holds(row.facts)),
    ).work


def _impacts(report: Report) -> Iterator[ImpactRow]:
    for line in report.impact_lines:
        for indicator, amount in line.impacts.amounts.items():
            yield ImpactRow(line.month, line.facts, indicator, amount)


def _is_of(commitment: Commitment, facts: ServiceFacts) -> bool:
    return commitment.service in {"", facts.key} and commitment.department in {"", facts.department}


def _covered(report: Report) -> Fraction:
    """Return the share of the closed time for which the host was measured, by the resource with most of it."""
    times: dict[str, int] = {}
    for one in (one for month in report.months for one in month.coverage):
        times[one.resource] = times.get(one.resource, 0) + one.measured.nanoseconds
    elapsed = min(report.closed_through, report.interval.end) - report.interval.start
    return min(Fraction(1), Fraction(max(times.values(), default=0), elapsed)) if elapsed > 0 else Fraction(0)


def with_consideration(contracts: Iterable[Procured]) -> tuple[Procured, ...]:
    """Return those of *contracts* that have an environmental clause, or an environmental criterion of the award."""
    return tuple(one for one in contracts if one.considerations != (Consideration.NOTHING,))
