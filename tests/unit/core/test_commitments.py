from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.commitments import Commitment, Lack, Origin, Outcome, Target, asked_of, origin_of, pledged
from monitor.core.contracts import (
    METRICS,
    Basis,
    Figure,
    Operator,
    Quantity,
    Range,
    Reason,
    Span,
    Threshold,
)
from monitor.core.interval import HOUR, Interval

YEAR = Interval(0, 365 * 24 * HOUR.nanoseconds)
OVER = Span("year", YEAR, YEAR.end)
HALF = Span("year", YEAR, YEAR.end // 2)
NONE = Span("year", YEAR, 0)
LESS = Commitment(
    key="less",
    text="20 % less",
    metric=METRICS["energy"],
    operator=Operator.AT_MOST,
    target=Target("-20 %", change=Fraction(-1, 5)),
    year=2030,
    baseline_year=2025,
    baseline=Threshold(Fraction(1000), Quantity.ENERGY, "1000 J"),
)
FLAT = replace(
    LESS,
    target=Target("900 J", amount=Threshold(Fraction(900), Quantity.ENERGY, "900 J")),
    baseline_year=None,
    baseline=None,
)


def figure(low: int, central: int, high: int, coverage: str = "1", measured: str = "1") -> Figure:
    return Figure(
        Range(Fraction(low), Fraction(central), Fraction(high)), Fraction(coverage), Fraction(measured), Fraction(0)
    )


Case = tuple[str, Commitment, int, Span, Figure | Reason, Figure | Reason | None, Outcome, tuple[Reason | Lack, ...]]
# the path from 1000 J in 2025 to 800 J in 2030 asks 960 J of 2026
CASES: list[Case] = [
    ("inside", LESS, 2026, OVER, figure(900, 930, 960), None, Outcome.ON_TARGET, ()),
    ("outside", LESS, 2026, OVER, figure(961, 990, 1020), None, Outcome.OFF_TARGET, ()),
    ("straddles", LESS, 2026, OVER, figure(900, 930, 961), None, Outcome.NOT_SHOWN, (Reason.STRADDLES,)),
    ("gaps", LESS, 2026, OVER, figure(90, 93, 96, "0.89"), None, Outcome.NOT_SHOWN, (Reason.COVERAGE,)),
    ("modelled", LESS, 2026, OVER, figure(961, 990, 1020, "1", "0"), None, Outcome.NOT_SHOWN, (Reason.BASIS,)),
    ("met by model", LESS, 2026, OVER, figure(90, 93, 96, "1", "0"), None, Outcome.NOT_SHOWN, (Reason.BASIS,)),
    (
        "model suffices",
        replace(LESS, basis=Basis.MODELLED),
        2026,
        OVER,
        figure(90, 93, 96, "1", "0"),
        None,
        Outcome.ON_TARGET,
        (),
    ),
    ("not over", LESS, 2026, HALF, figure(90, 93, 96), None, Outcome.NOT_SHOWN, (Reason.NOT_OVER,)),
    ("over already", LESS, 2026, HALF, figure(961, 990, 1020), None, Outcome.OFF_TARGET, ()),
    ("no time", LESS, 2026, NONE, Reason.NO_DATA, None, Outcome.NOT_SHOWN, (Reason.NO_TIME,)),
    ("unknown", LESS, 2026, OVER, Reason.UNKNOWN, None, Outcome.NOT_SHOWN, (Reason.UNKNOWN,)),
    ("baseline year", LESS, 2025, OVER, figure(9, 9, 9), None, Outcome.NOT_SHOWN, (Lack.BASELINE_YEAR,)),
    (
        "no baseline",
        replace(LESS, baseline=None),
        2026,
        OVER,
        figure(9, 9, 9),
        Reason.NO_DATA,
        Outcome.NOT_SHOWN,
        (Lack.BASELINE,),
    ),
    ("the year", LESS, 2030, OVER, figure(801, 820, 850), None, Outcome.OFF_TARGET, ()),
    ("after it", LESS, 2031, OVER, figure(700, 750, 800), None, Outcome.ON_TARGET, ()),
    ("the ledger's baseline", LESS, 2026, OVER, figure(900, 930, 960), figure(1, 500, 999), Outcome.OFF_TARGET, ()),
    ("one with gaps", LESS, 2026, OVER, figure(900, 930, 960), figure(1, 500, 999, "0.5"), Outcome.ON_TARGET, ()),
    ("reached early", FLAT, 2026, OVER, figure(800, 850, 900), None, Outcome.ON_TARGET, ()),
    ("not due", FLAT, 2026, OVER, figure(901, 950, 999), None, Outcome.NOT_SHOWN, (Lack.NOT_DUE,)),
    ("due", FLAT, 2030, OVER, figure(901, 950, 999), None, Outcome.OFF_TARGET, ()),
    (
        "at least",
        replace(FLAT, operator=Operator.AT_LEAST),
        2030,
        OVER,
        figure(700, 800, 899),
        None,
        Outcome.OFF_TARGET,
        (),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_each_case_has_the_outcome_that_is_written_beside_it(case: Case) -> None:
    _, commitment, year, span, found, base, outcome, reasons = case
    standing = pledged(commitment, year, span, found, base)
    assert (standing.outcome, standing.reasons) == (outcome, reasons)


def test_the_path_is_a_straight_line_that_ends_at_the_target() -> None:
    origin = origin_of(LESS, None)
    assert origin == Origin(Fraction(1000), stated=True)
    asked = {year: asked_of(LESS, origin, year) for year in (2024, 2025, 2026, 2029, 2030, 2040)}
    assert asked == {2024: None, 2025: None, 2026: 960, 2029: 840, 2030: 800, 2040: 800}


def test_the_ledger_goes_before_what_was_stated_where_it_knows_enough() -> None:
    assert origin_of(LESS, figure(1, 500, 999)) == Origin(Fraction(500), stated=False)
    assert origin_of(LESS, figure(1, 500, 999, "0.5")) == Origin(Fraction(1000), stated=True)
    assert origin_of(replace(LESS, baseline=None), Reason.NO_DATA) is None


@given(low=st.integers(1, 2000), width=st.integers(0, 500), more=st.integers(0, 500))
def test_a_wider_range_never_makes_an_outcome(low: int, width: int, more: int) -> None:
    narrow = pledged(LESS, 2026, OVER, figure(low + more, low + more, low + width + more), None)
    wide = pledged(LESS, 2026, OVER, figure(low, low + more, low + width + 2 * more), None)
    assert wide.outcome in {narrow.outcome, Outcome.NOT_SHOWN}
