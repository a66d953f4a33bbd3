"""What the metrics of contracts show of a snapshot: each clause by its verdict, each contract's services as a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.contracts import Verdict
from monitor.core.groups import Grouping
from monitor.core.impact import Indicator
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROLITERS_PER_LITER, MICROS_PER_EURO
from monitor.exposition import contract_rows as rows
from monitor.exposition.groups import emissions_bound_of, energy_of, impact_of, impacts_of
from monitor.exposition.impacts import PHASES, SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date
    from fractions import Fraction

    from monitor.core.contracts import Evaluation, Figure
    from monitor.exposition.about import About
    from monitor.exposition.metric import Metric
    from monitor.exposition.snapshot import Snapshot

    Values = Mapping[tuple[str, ...], float]
    Filling = Callable[[Snapshot, About], Values]


def _evaluations(snapshot: Snapshot) -> Iterator[Evaluation]:
    return (one for standing in snapshot.contracts for one in standing.evaluations)


def _key(one: Evaluation) -> tuple[str, str, str]:
    return one.contract, one.clause.id, one.span.period


def _verdicts(snapshot: Snapshot, _: About) -> Values:
    return {
        (*_key(one), verdict.value): float(one.verdict is verdict)
        for one in _evaluations(snapshot)
        for verdict in Verdict
    }


def _of_figure(part: Callable[[Figure], Fraction]) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        return {_key(one): float(part(one.figure)) for one in _evaluations(snapshot) if one.figure is not None}

    return filling


def _of_value(part: Callable[[Figure], Fraction]) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        return {
            (*_key(one), one.clause.metric.quantity.value): float(part(one.figure))
            for one in _evaluations(snapshot)
            if one.figure is not None
        }

    return filling


def _thresholds(snapshot: Snapshot, _: About) -> Values:
    return {(*_key(one), one.clause.metric.quantity.value): float(one.clause.limit) for one in _evaluations(snapshot)}


def _clauses(snapshot: Snapshot, _: About) -> Values:
    return {
        (
            standing.contract.uid,
            clause.id,
            clause.text,
            clause.metric.name,
            clause.operator.value,
            clause.threshold.written,
            clause.window.value,
        ): 1.0
        for standing in snapshot.contracts
        for clause in standing.contract.clauses
    }


def _contracts(snapshot: Snapshot, _: About) -> Values:
    return {
        (one.uid, one.title, one.supplier, _day(one.starts), _day(one.ends)): 1.0
        for one in (standing.contract for standing in snapshot.contracts)
    }


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


FILLINGS: Final[Mapping[Metric, Filling]] = {
    rows.VERDICT: _verdicts,
    rows.VALUE: _of_value(lambda figure: figure.value.central),
    rows.VALUE_LOW: _of_value(lambda figure: figure.value.low),
    rows.VALUE_HIGH: _of_value(lambda figure: figure.value.high),
    rows.THRESHOLD: _thresholds,
    rows.COVERAGE: _of_figure(lambda figure: figure.coverage),
    rows.MEASURED: _of_figure(lambda figure: figure.measured),
    rows.CLAUSE_INFO: _clauses,
    rows.INFO: _contracts,
    rows.ENERGY: energy_of(Grouping.CONTRACT),
    rows.EMISSIONS: impacts_of(Grouping.CONTRACT, PHASES, MICROGRAMS_PER_GRAM),
    rows.EMISSIONS_LOW: emissions_bound_of(Grouping.CONTRACT, lambda bounds: bounds.low),
    rows.EMISSIONS_HIGH: emissions_bound_of(Grouping.CONTRACT, lambda bounds: bounds.high),
    rows.WATER: impacts_of(Grouping.CONTRACT, SOURCES, MICROLITERS_PER_LITER),
    rows.COST: impact_of(Grouping.CONTRACT, Indicator.COST, MICROS_PER_EURO),
}
"""In the order of the catalogue."""
