"""What is shown of contracts and clauses as plain values, for events, programs and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from monitor.core.calendar import utc
from monitor.core.clause_windows import EVER

if TYPE_CHECKING:
    from monitor.core.contracts import Clause, Contract, ContractStanding, Evaluation

OF_EVENT: Final = (
    "contract",
    "clause",
    "text",
    "metric",
    "operator",
    "threshold",
    "unit",
    "limit_amount",
    "value",
    "coverage_ratio",
    "period",
    "over",
    "verdict",
    "reasons",
    "penalty",
)
"""What an event says of an evaluation: the rest is at /api/v1/contracts."""


def standing_told(standing: ContractStanding) -> dict[str, Any]:
    """Return a contract with what is shown of its clauses."""
    return {
        **contract_told(standing.contract),
        "evaluations": [evaluation_told(one) for one in standing.evaluations],
    }


def contract_told(contract: Contract) -> dict[str, Any]:
    """Return what is known of *contract* itself; what is not is empty or None."""
    return {
        "uid": contract.uid,
        "title": contract.title,
        "supplier": contract.supplier,
        "supplier_siret": contract.supplier_siret,
        "lot": contract.lot,
        "cpv": list(contract.cpv),
        "starts": None if contract.starts is None else contract.starts.isoformat(),
        "ends": None if contract.ends is None else contract.ends.isoformat(),
    }


def evaluation_told(one: Evaluation) -> dict[str, Any]:
    """Return what is shown of a clause over a window: amounts in `unit`, shares 0 to 1. What is unknown is None."""
    figure, span = one.figure, one.span
    return {
        "contract": one.contract,
        **clause_told(one.clause),
        "period": span.period,
        "starts_at": utc(span.whole.start),
        "ends_at": None if span.whole.end >= EVER else utc(span.whole.end),
        "closed_through": utc(max(span.whole.start, min(span.closed, span.whole.end))),
        "over": span.is_over,
        "verdict": one.verdict.value,
        "reasons": [reason.value for reason in one.reasons],
        "value": None
        if figure is None
        else {bound: float(getattr(figure.value, bound)) for bound in ("low", "central", "high")},
        "coverage_ratio": None if figure is None else float(figure.coverage),
        "measured_ratio": None if figure is None else float(figure.measured),
        "declared_ratio": None if figure is None else float(figure.declared),
    }


def event_told(one: Evaluation) -> dict[str, Any]:
    """Return what an event says of *one*: a part of `evaluation_told`."""
    told = evaluation_told(one)
    return {**{name: told[name] for name in OF_EVENT}, "start": told["starts_at"], "end": told["ends_at"]}


def clause_told(clause: Clause) -> dict[str, Any]:
    """Return what *clause* asks for: its limit in `unit`, shares 0 to 1."""
    return {
        "clause": clause.id,
        "text": clause.text,
        "article": clause.article,
        "service": clause.service,
        "metric": clause.metric.name,
        "operator": clause.operator.value,
        "threshold": clause.threshold.written,
        "tolerance_ratio": float(clause.tolerance),
        "limit_amount": float(clause.limit),
        "unit": clause.metric.quantity.value,
        "window": clause.window.value,
        "basis": clause.basis.value,
        "min_coverage_ratio": float(clause.min_coverage),
        "min_measured_ratio": float(clause.min_measured),
        "evidence": list(clause.evidence),
        "penalty": clause.penalty,
        "kind": None if clause.kind is None else clause.kind.value,
        "remedy_days": clause.remedy_days,
        "aggregation": "sum" if clause.metric.grows else "mean",
        "waived": clause.waived,
    }
