from dataclasses import replace
from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from monitor.core.budgets import (
    DAY,
    FEWEST_DAYS,
    MOST_DAYS,
    Budget,
    Forecast,
    Measure,
    Period,
    Standing,
    State,
    daily,
    forecast,
    used,
)
from monitor.core.calendar import local_time, whole_period
from monitor.core.entries import IDLE, Meter
from monitor.core.figures import Figures, Grouped
from monitor.core.groups import Group, Grouping
from monitor.core.impact import Bounds, Indicator
from monitor.core.interval import HOUR, Interval
from monitor.core.readings import Method
from monitor.core.units import Energy

COUNTER = Meter("package", Method.COUNTER)
MODELLED = Meter("dram", Method.MODELLED)
PARIS = ZoneInfo("Europe/Paris")
A_DAY = 24 * HOUR.nanoseconds
CULTURE = Group(Grouping.DEPARTMENT, "Culture")


def budget(measure: Measure = Measure.ENERGY, holder: str | Group | None = "assistant", limit: int = 1000) -> Budget:
    return Budget("b", "B", holder, measure, Period.MONTH, limit, Fraction(8, 10), "1 J")


def figures() -> Figures:
    """Return the figures of a month in which one service used 600 by a counter, and 100 were idle by a model."""
    return Figures(
        energy={("assistant", "month"): Energy(600), (IDLE, "month"): Energy(100)},
        coverage={"month": 1.0},
        impacts={
            ("assistant", Indicator.GWP_USE, "month"): Bounds(90, 100, 110),
            ("assistant", Indicator.GWP_EMBODIED, "month"): Bounds(30, 50, 70),
            (IDLE, Indicator.GWP_USE, "month"): Bounds(9, 10, 11),
            ("assistant", Indicator.WATER_GRID, "month"): Bounds(7, 7, 7),
            ("assistant", Indicator.WATER_SITE, "month"): Bounds(2, 2, 2),
        },
        meters={("assistant", "month"): {COUNTER: Energy(600)}, (IDLE, "month"): {MODELLED: Energy(100)}},
        groups=Grouped(
            energy={(CULTURE, "month"): Energy(600)},
            impacts={(CULTURE, Indicator.WATER_GRID, "month"): Bounds(7, 7, 7)},
            meters={(CULTURE, "month"): {COUNTER: Energy(600)}},
        ),
    )


def test_energy_has_the_error_of_its_meters() -> None:
    assert used(budget(), figures()) == Bounds(540, 600, 660)


def test_all_is_the_sum_over_all_consumers_with_what_nobody_used_among_it() -> None:
    """A counter's 600 is off by 60, a model's 100 by 50: together by the root of 6100, rounded up."""
    assert used(budget(holder=None), figures()) == Bounds(700 - 79, 700, 700 + 79)


def test_emissions_are_use_and_making_together_with_the_error_of_the_measure() -> None:
    """Use is off by sqrt(10^2 + 10^2), rounded up to 15, the making by 20: together by 25."""
    assert used(budget(Measure.EMISSIONS), figures()) == Bounds(125, 150, 175)


def test_water_is_that_of_the_site_and_of_the_grid() -> None:
    found = used(budget(Measure.WATER), figures())
    assert found is not None
    assert found.central == 9


def test_a_department_has_the_figures_of_its_group() -> None:
    assert used(budget(holder=CULTURE), figures()) == Bounds(540, 600, 660)
    water = used(budget(Measure.WATER, CULTURE), figures())
    assert water is not None
    assert water.central == 7


def test_without_a_tariff_or_a_zone_nothing_is_known_and_it_is_not_zero() -> None:
    assert used(budget(Measure.COST), figures()) is None
    assert used(budget(Measure.COST, None), figures()) is None
    assert used(budget(Measure.EMISSIONS), replace(figures(), impacts={})) is None


def test_a_name_that_nothing_was_ever_booked_under_is_unknown() -> None:
    assert used(budget(holder="asistant"), figures()) is None


def test_who_used_nothing_in_a_measured_period_came_to_nothing() -> None:
    before = replace(figures(), meters={**figures().meters, ("old", "previous_month"): {COUNTER: Energy(5)}})
    assert used(budget(holder="old"), before) == Bounds.ZERO
    assert used(budget(Measure.EMISSIONS, holder="old"), before) == Bounds.ZERO
    assert used(budget(Measure.COST, holder="old"), before) is None
    assert used(budget(holder="old"), replace(before, coverage={"month": 0.0})) is None


def test_nothing_booked_in_a_period_that_was_not_measured_is_unknown() -> None:
    nothing = Figures(coverage={"month": 0.0}, meters={("assistant", "month"): {COUNTER: Energy(0)}})
    assert used(budget(), nothing) is None
    assert used(budget(), replace(nothing, coverage={"month": 0.1})) == Bounds.ZERO


def a_day(amount: int | None, coverage: float | None = 1.0) -> Figures:
    meters = {} if amount is None else {("assistant", DAY): {COUNTER: Energy(amount)}}
    return Figures(coverage={DAY: coverage}, meters=meters)


def test_a_day_counts_from_the_first_on_which_anything_was_booked_and_then_also_without() -> None:
    assert daily(budget(), [a_day(None), a_day(3), a_day(None), a_day(4)]) == (3, 0, 4)


def test_a_day_that_was_measured_for_less_than_nine_tenths_does_not_count() -> None:
    assert daily(budget(), [a_day(3, 0.899), a_day(4, 0.9), a_day(5, None), a_day(6, 0.95)]) == (4, 6)


def test_a_day_on_which_the_measure_is_unknown_does_not_count() -> None:
    known = replace(a_day(7), impacts={("assistant", Indicator.COST, DAY): Bounds(2, 2, 2)})
    assert daily(budget(Measure.COST), [known, a_day(5), known]) == (2, 2)


def test_of_fewer_than_three_days_there_is_no_forecast() -> None:
    month = Interval(0, 30 * A_DAY)
    assert forecast(Bounds(5, 5, 5), (1,) * (FEWEST_DAYS - 1), 0, month, 1000) is None
    assert forecast(Bounds(5, 5, 5), (1,) * FEWEST_DAYS, 0, month, 1000) is not None


def test_the_worked_example_of_the_docs() -> None:
    """docs/budgets.md: 10 days of 30 passed, 4.0 kWh a day and 1.2 kWh up or down, 40 kWh used, known to a tenth."""
    kwh = 3_600_000_000_000
    days = tuple(int(Fraction(tenth, 10) * kwh) for tenth in (28, 52, 28, 52, 28, 52, 28, 52, 40, 40))
    so_far = Bounds(36 * kwh, 40 * kwh, 44 * kwh)
    found = forecast(so_far, days, 10 * A_DAY, Interval(0, 30 * A_DAY), 100 * kwh)
    assert found is not None
    # variance 8 x 1.44 / 9 = 1.28; times (20 + 400 / 10) = 76.8; 1.2816 x 8.7636 = 11.23; with 12 of 120: 16.44
    assert found.amount.central == 120 * kwh
    assert found.amount.high / kwh == pytest.approx(120 + 16.436, abs=0.001)
    assert found.amount.low / kwh == pytest.approx(120 - 16.436, abs=0.001)
    assert found.crosses_at == 25 * A_DAY


def test_only_the_last_four_weeks_tell_how_it_goes_on() -> None:
    year = Interval(0, 365 * A_DAY)
    found = forecast(Bounds(0, 0, 0), (10**9,) * 100 + (10,) * MOST_DAYS, 355 * A_DAY, year, 1000)
    assert found == Forecast(Bounds(100, 100, 100), None)


def test_at_the_end_of_the_period_what_is_used_is_what_it_comes_to() -> None:
    found = forecast(Bounds(540, 600, 700), (1, 20, 300), 30 * A_DAY, Interval(0, 30 * A_DAY), 1000)
    assert found == Forecast(Bounds(540, 600, 700), None)


def test_a_limit_that_is_reached_already_is_crossed_now() -> None:
    found = forecast(Bounds(9, 1000, 2000), (1, 1, 1), 7, Interval(0, 30 * A_DAY), 1000)
    assert found is not None
    assert found.crosses_at == 7


def test_where_nothing_more_is_used_the_limit_is_never_reached() -> None:
    found = forecast(Bounds(10, 10, 10), (0, 0, 0), 7, Interval(0, 30 * A_DAY), 1000)
    assert found == Forecast(Bounds(10, 10, 10), None)


def test_it_never_ends_below_what_is_surely_used() -> None:
    found = forecast(Bounds(99, 100, 101), (0, 0, 900), 0, Interval(0, A_DAY), 10**6)
    assert found is not None
    assert found.amount.low == 99


def standing(amount: int | None, coming: Forecast | None = None, reached_at: int | None = None) -> Standing:
    bounds = None if amount is None else Bounds(amount, amount, amount)
    return Standing(budget(), Interval(0, A_DAY), bounds, coming, reached_at)


@pytest.mark.parametrize(
    ("amount", "state", "crossed"),
    [
        (None, State.UNKNOWN, 0),
        (0, State.WITHIN, 0),
        (799, State.WITHIN, 0),
        (800, State.WARNED, 1),
        (999, State.WARNED, 1),
        (1000, State.EXCEEDED, 2),
    ],
)
def test_how_a_budget_stands(amount: int | None, state: State, crossed: int) -> None:
    assert standing(amount).state is state
    assert standing(amount).crossed == (Fraction(8, 10), Fraction(1))[:crossed]


def test_who_is_warned_at_all_of_it_has_one_threshold() -> None:
    late = replace(budget(), warn_at=Fraction(1))
    assert replace(standing(1000), budget=late).crossed == (Fraction(1),)


def test_when_it_is_spent_is_the_forecast_until_it_is_and_then_when_that_was_told() -> None:
    coming = Forecast(Bounds(0, 0, 0), 77)
    assert standing(900, coming).exhausted_at == 77
    assert standing(1000, coming, 50).exhausted_at == 50
    assert standing(1000, reached_at=50).exhausted_at == 50
    assert standing(900, coming, 50).exhausted_at == 77
    assert standing(1).exhausted_at is None


def test_whose_it_is_in_words() -> None:
    held = [budget(holder=holder) for holder in (None, "assistant", CULTURE)]
    assert [(one.scope, one.held_by) for one in held] == [
        ("all", ""),
        ("service", "assistant"),
        ("department", "Culture"),
    ]


@pytest.mark.parametrize(
    ("unit", "first", "after"),
    [
        ("day", date(2026, 10, 25), date(2026, 10, 26)),
        ("month", date(2026, 10, 1), date(2026, 11, 1)),
        ("quarter", date(2026, 10, 1), date(2027, 1, 1)),
        ("year", date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_a_whole_period_ends_at_a_local_midnight(unit: str, first: date, after: date) -> None:
    moment = 1_792_923_605_000_000_000  # 25 October 2026, 12:20:05 in Paris
    found = whole_period(unit, moment, PARIS)
    assert [local_time(edge, PARIS).replace(tzinfo=None).isoformat() for edge in (found.start, found.end)] == [
        f"{first}T00:00:00",
        f"{after}T00:00:00",
    ]
