"""The table of cases, each with the verdict that has to come out, and what is written of a clause."""

from dataclasses import replace
from fractions import Fraction

import pytest

from monitor.core.clause_windows import EVER
from monitor.core.contract_told import contract_told, evaluation_told, standing_told
from monitor.core.contracts import (
    METRICS,
    SOONEST,
    Basis,
    Clause,
    ContractStanding,
    Figure,
    Operator,
    Quantity,
    Range,
    Reason,
    Span,
    Verdict,
    evaluate,
    judged,
)
from monitor.core.interval import Interval
from tests.fixtures.contracts import CONTRACT, clause, figure

END = 30 * SOONEST
OVER = Span("month", Interval(0, END), END)
HALF = Span("month", Interval(0, END), END // 2)
BEGUN = Span("month", Interval(0, END), SOONEST - 1)
TOTAL = clause(metric="energy", threshold="100")
MEAN = clause(threshold="100")


@pytest.mark.parametrize(
    ("operator", "low", "high", "verdict"),
    [
        (Operator.AT_MOST, 80, 100, Verdict.MET),
        (Operator.AT_MOST, 80, 101, Verdict.UNDECIDED),
        (Operator.AT_MOST, 100, 120, Verdict.UNDECIDED),
        (Operator.AT_MOST, 101, 120, Verdict.BREACHED),
        (Operator.BELOW, 80, 99, Verdict.MET),
        (Operator.BELOW, 80, 100, Verdict.UNDECIDED),
        (Operator.BELOW, 100, 120, Verdict.BREACHED),
        (Operator.AT_LEAST, 100, 120, Verdict.MET),
        (Operator.AT_LEAST, 99, 120, Verdict.UNDECIDED),
        (Operator.AT_LEAST, 80, 100, Verdict.UNDECIDED),
        (Operator.AT_LEAST, 80, 99, Verdict.BREACHED),
        (Operator.ABOVE, 101, 120, Verdict.MET),
        (Operator.ABOVE, 100, 120, Verdict.UNDECIDED),
        (Operator.ABOVE, 80, 100, Verdict.BREACHED),
    ],
)
def test_a_verdict_needs_the_whole_range_on_one_side(operator: Operator, low: int, high: int, verdict: Verdict) -> None:
    found, reasons = judged(replace(MEAN, operator=operator), OVER, figure(low, (low + high) / 2, high))
    assert found is verdict
    assert reasons == ((Reason.STRADDLES,) if verdict is Verdict.UNDECIDED else ())


INSIDE = figure(40, 50, 60)
OUTSIDE = figure(140, 150, 160)


@pytest.mark.parametrize(
    ("found", "span", "limit", "verdict", "reasons"),
    [
        (INSIDE, OVER, MEAN, Verdict.MET, ()),
        (OUTSIDE, OVER, MEAN, Verdict.BREACHED, ()),
        # too little of it is known
        (replace(INSIDE, coverage=Fraction(89, 100)), OVER, MEAN, Verdict.UNDECIDED, (Reason.COVERAGE,)),
        (replace(OUTSIDE, coverage=Fraction(89, 100)), OVER, MEAN, Verdict.UNDECIDED, (Reason.COVERAGE,)),
        (replace(OUTSIDE, coverage=Fraction(9, 10)), OVER, MEAN, Verdict.BREACHED, ()),
        # modelled or declared
        (replace(INSIDE, measured=Fraction(0)), OVER, MEAN, Verdict.UNDECIDED, (Reason.BASIS,)),
        (replace(OUTSIDE, measured=Fraction(1, 2)), OVER, MEAN, Verdict.UNDECIDED, (Reason.BASIS,)),
        # the means of a window that lasts are judged by what is closed, once that is a day
        (INSIDE, HALF, MEAN, Verdict.MET, ()),
        (OUTSIDE, HALF, MEAN, Verdict.BREACHED, ()),
        (OUTSIDE, BEGUN, MEAN, Verdict.UNDECIDED, (Reason.TOO_SHORT,)),
        # a total only grows
        (INSIDE, HALF, TOTAL, Verdict.UNDECIDED, (Reason.NOT_OVER,)),
        (OUTSIDE, BEGUN, TOTAL, Verdict.BREACHED, ()),
        (INSIDE, OVER, TOTAL, Verdict.MET, ()),
        (OUTSIDE, BEGUN, replace(TOTAL, operator=Operator.AT_LEAST), Verdict.MET, ()),
        (INSIDE, HALF, replace(TOTAL, operator=Operator.AT_LEAST), Verdict.UNDECIDED, (Reason.NOT_OVER,)),
        (INSIDE, OVER, replace(TOTAL, operator=Operator.AT_LEAST), Verdict.BREACHED, ()),
    ],
)
def test_a_case_has_the_verdict_written_beside_it(
    found: Figure, span: Span, limit: Clause, verdict: Verdict, reasons: tuple[Reason, ...]
) -> None:
    assert judged(limit, span, found) == (verdict, reasons)


def test_all_reasons_are_told() -> None:
    found = figure(90, 100, 110, coverage="0.5")
    assert judged(TOTAL, HALF, found) == (Verdict.UNDECIDED, (Reason.COVERAGE, Reason.STRADDLES))


@pytest.mark.parametrize(
    ("basis", "measured", "declared", "verdict"),
    [
        (Basis.MEASURED, "0.5", "0.5", Verdict.UNDECIDED),
        (Basis.DECLARED, "0.5", "0.5", Verdict.MET),
        (Basis.DECLARED, "0.5", "0.3", Verdict.UNDECIDED),
        (Basis.MODELLED, "0", "0", Verdict.MET),
    ],
)
def test_a_clause_says_which_basis_shows_that_it_is_met(
    basis: Basis, measured: str, declared: str, verdict: Verdict
) -> None:
    known = replace(INSIDE, measured=Fraction(measured), declared=Fraction(declared))
    assert judged(replace(MEAN, basis=basis), OVER, known)[0] is verdict
    # and no basis but a measured one ever shows a breach
    beyond = replace(OUTSIDE, measured=Fraction(measured), declared=Fraction(declared))
    assert judged(replace(MEAN, basis=basis), OVER, beyond) == (Verdict.UNDECIDED, (Reason.BASIS,))


def test_the_tolerance_is_granted_on_the_side_that_helps() -> None:
    granted = replace(MEAN, tolerance=Fraction(1, 10))
    assert granted.limit == 110
    assert replace(granted, operator=Operator.AT_LEAST).limit == 90
    assert judged(granted, OVER, figure(105, 108, 110))[0] is Verdict.MET


def test_what_was_waived_is_neither_met_nor_breached() -> None:
    one = evaluate(CONTRACT, replace(MEAN, waived="avenant"), OVER, OUTSIDE)
    assert (one.verdict, one.reasons, one.figure) == (Verdict.WAIVED, (), OUTSIDE)


def test_without_a_figure_nothing_is_shown_and_it_is_said_why() -> None:
    unknown = evaluate(CONTRACT, MEAN, OVER, Reason.UNKNOWN)
    assert (unknown.verdict, unknown.figure, unknown.reasons) == (Verdict.UNDECIDED, None, (Reason.UNKNOWN,))
    early = evaluate(CONTRACT, MEAN, replace(OVER, closed=0), OUTSIDE)
    assert (early.verdict, early.figure, early.reasons) == (Verdict.UNDECIDED, None, (Reason.NO_TIME,))


def test_every_metric_has_a_name_of_its_own_and_a_quantity() -> None:
    assert all(METRICS[name].name == str(METRICS[name]) == name for name in METRICS)
    assert METRICS["energy_per_1000_output_tokens"].quantity is Quantity.ENERGY
    assert METRICS["emissions_per_page"].quantity is Quantity.EMISSIONS
    assert not METRICS["emissions_per_page"].grows
    assert METRICS["emissions"].grows
    assert {metric.quantity for metric in METRICS.values()} == set(Quantity)


def test_what_is_told_to_programs_has_what_is_unknown_as_none() -> None:
    whole = Span("contract", Interval(0, EVER), END)
    told = evaluation_told(evaluate(CONTRACT, CONTRACT.clauses[0], whole, Reason.NO_DATA))
    assert (told["value"], told["coverage_ratio"], told["ends_at"]) == (None, None, None)
    assert (told["verdict"], told["reasons"], told["closed_through"]) == (
        "undecided",
        ["no_data"],
        "1970-01-31T00:00:00Z",
    )
    assert (told["limit_amount"], told["unit"], told["threshold"]) == (10_800.0, "joules", "3 Wh")
    assert (told["evidence"], told["penalty"]) == (["relevé mensuel"], "100 EUR par mois")


def test_a_contract_is_told_with_its_evaluations() -> None:
    one = evaluate(CONTRACT, CONTRACT.clauses[0], OVER, figure(1, 2, 3))
    told = standing_told(ContractStanding(CONTRACT, (one,)))
    assert told == {**contract_told(CONTRACT), "evaluations": [evaluation_told(one)]}
    assert (told["uid"], told["starts"], told["ends"]) == ("2026-DSI-042", "2026-01-01", "2028-12-31")
    assert told["evaluations"][0]["value"] == {"low": 1.0, "central": 2.0, "high": 3.0}
    assert Range(Fraction(1), Fraction(2), Fraction(3)) == figure(1, 2, 3).value
