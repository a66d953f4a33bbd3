"""What an organisation states, and what came of it, as plain values: for the JSON and for the fingerprint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.core.contract_told import evaluation_told

if TYPE_CHECKING:
    from fractions import Fraction

    from monitor.core.bills import Reconciled
    from monitor.core.commitments import Action, Pledged
    from monitor.core.contracts import Range
    from monitor.core.impact import Bounds
    from monitor.report.stated import Procured, Stated


def stated_told(stated: Stated) -> dict[str, Any]:
    """Return commitments and clauses in the unit that each names, bills in microjoules, contracts in euros.

    What is unknown is None.
    """
    return {
        "commitments": [_pledge(one) for one in stated.pledges],
        "bills": [_bill(one) for one in stated.bills],
        "contracts": [_contract(one) for one in stated.contracts],
        "evaluations": [evaluation_told(it) for one in stated.evaluations for it in one.evaluations],
    }


def _pledge(one: Pledged) -> dict[str, Any]:
    commitment, figure = one.commitment, one.figure
    return {
        "commitment": commitment.key,
        "text": commitment.text,
        "indicator": commitment.metric.name,
        "unit": commitment.metric.quantity.value,
        "service": commitment.service,
        "department": commitment.department,
        "operator": commitment.operator.value,
        "target": commitment.target.written,
        "target_amount": _number(one.target),
        "target_year": commitment.year,
        "baseline_year": commitment.baseline_year,
        "baseline_amount": None if one.origin is None else _number(one.origin.amount),
        "baseline_is_stated": None if one.origin is None else one.origin.stated,
        "asked_amount": _number(one.asked),
        "basis": commitment.basis.value,
        "result": None if figure is None else _range(figure.value),
        "coverage_ratio": None if figure is None else _number(figure.coverage),
        "measured_ratio": None if figure is None else _number(figure.measured),
        "outcome": one.outcome.value,
        "reasons": [reason.value for reason in one.reasons],
        "actions": [_action(action) for action in commitment.actions],
    }


def _action(action: Action) -> dict[str, Any]:
    return {
        "text": action.text,
        "status": action.progress.value,
        "owner": action.owner,
        "day": None if action.day is None else action.day.isoformat(),
    }


def _bill(one: Reconciled) -> dict[str, Any]:
    bill = one.bill
    return {
        "source": bill.source,
        "starts": bill.starts.isoformat(),
        "ends": bill.ends.isoformat(),
        "covers": bill.covers.value,
        "share_ratio": _number(bill.share),
        "billed_microjoules": bill.energy,
        "compared_microjoules": one.billed,
        "measured_microjoules": _bounds(one.machine),
        "facility_microjoules": _bounds(one.facility),
        "difference_microjoules": one.difference,
        "within_range": one.within,
        "coverage_ratio": _number(one.coverage),
        "causes": [cause.value for cause in one.causes],
    }


def _contract(one: Procured) -> dict[str, Any]:
    return {
        "uid": one.uid,
        "title": one.title,
        "supplier": one.supplier,
        "clauses": one.clauses,
        "amount_euros": None if one.amount is None else float(one.amount),
    }


def _number(amount: Fraction | None) -> float | None:
    return None if amount is None else float(amount)


def _range(value: Range) -> dict[str, float]:
    return {"low": float(value.low), "central": float(value.central), "high": float(value.high)}


def _bounds(amount: Bounds | None) -> dict[str, int] | None:
    return None if amount is None else {"low": amount.low, "central": amount.central, "high": amount.high}
