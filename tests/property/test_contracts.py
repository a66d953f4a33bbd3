"""What holds of every verdict, whatever the figure."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.contracts import METRICS, Basis, Clause, Figure, Operator, Range, Span, Threshold, Verdict, judged
from monitor.core.interval import Interval
from tests.fixtures.contracts import clause

AMOUNTS = st.fractions(0, 1000, max_denominator=50)
SHARES = st.fractions(0, 1, max_denominator=20)
DECIDED = {Verdict.MET, Verdict.BREACHED}


@st.composite
def figures(draw: st.DrawFn) -> Figure:
    low, central, high = sorted(draw(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS)))
    measured = draw(SHARES)
    return Figure(Range(low, central, high), draw(SHARES), measured, min(1 - measured, draw(SHARES)))


@st.composite
def clauses(draw: st.DrawFn) -> Clause:
    metric = METRICS[draw(st.sampled_from(sorted(METRICS)))]
    amount = draw(AMOUNTS) + Fraction(1, 50)
    return replace(
        clause(),
        metric=metric,
        operator=draw(st.sampled_from(Operator)),
        threshold=Threshold(amount, metric.quantity, "x"),
        tolerance=draw(SHARES),
        basis=draw(st.sampled_from(Basis)),
        min_coverage=draw(SHARES),
        min_measured=draw(SHARES),
    )


SPANS = st.builds(
    lambda end, closed: Span("month", Interval(0, end), closed), st.integers(1, 10**16), st.integers(1, 10**16)
)


@st.composite
def vaguer(draw: st.DrawFn) -> tuple[Figure, Figure]:
    """A figure, and the same that is known no better in any way."""
    figure = draw(figures())
    below, above, unseen, unmeasured = draw(st.tuples(AMOUNTS, AMOUNTS, SHARES, SHARES))
    value = Range(max(Fraction(0), figure.value.low - below), figure.value.central, figure.value.high + above)
    less = Figure(value, figure.coverage * unseen, figure.measured * unmeasured, figure.declared * unmeasured)
    return figure, less


@given(clauses(), SPANS, vaguer())
def test_knowing_less_never_makes_a_verdict(limit: Clause, span: Span, known: tuple[Figure, Figure]) -> None:
    figure, less = known
    before, _ = judged(limit, span, figure)
    after, reasons = judged(limit, span, less)
    assert after in {before, Verdict.UNDECIDED}
    assert bool(reasons) is (after is Verdict.UNDECIDED)


@given(clauses(), SPANS, figures(), st.integers(1, 10**16))
def test_a_total_that_was_decided_while_its_window_lasted_stays_so(
    limit: Clause, span: Span, figure: Figure, later: int
) -> None:
    total = replace(limit, metric=METRICS["energy"], threshold=replace(limit.threshold))
    verdict, _ = judged(total, span, figure)
    grown = replace(
        figure, value=Range(*(bound + later for bound in (figure.value.low, figure.value.central, figure.value.high)))
    )
    if verdict in DECIDED and not span.is_over:
        assert judged(total, replace(span, closed=span.closed + later), grown)[0] is verdict


@given(clauses(), SPANS, figures())
def test_a_breach_is_never_shown_by_figures_that_were_not_measured(limit: Clause, span: Span, figure: Figure) -> None:
    verdict, _ = judged(limit, span, figure)
    if verdict is Verdict.BREACHED:
        assert figure.measured >= limit.min_measured
        assert figure.coverage >= limit.min_coverage
        inside = figure.value.low > limit.limit or figure.value.high < limit.limit
        assert inside or limit.operator in {Operator.BELOW, Operator.ABOVE}
