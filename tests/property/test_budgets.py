"""What holds of every forecast and every standing, whatever the figures."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.budgets import FEWEST_DAYS, Budget, Measure, Period, Standing, State, forecast
from monitor.core.impact import Bounds
from monitor.core.interval import HOUR, Interval

DAY = 24 * HOUR.nanoseconds
AMOUNTS = st.integers(0, 10**21)
LIMITS = st.integers(1, 10**21)
DAYS = st.lists(AMOUNTS, min_size=FEWEST_DAYS, max_size=40)


@st.composite
def bounds(draw: st.DrawFn) -> Bounds:
    low, central, high = sorted(draw(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS)))
    return Bounds(low, central, high)


@st.composite
def periods(draw: st.DrawFn) -> tuple[Interval, int]:
    """A period, and a moment in it."""
    start = draw(st.integers(0, 2 * 10**18))
    length = draw(st.integers(DAY, 366 * DAY))
    return Interval(start, start + length), start + draw(st.integers(0, length))


@given(bounds(), DAYS, periods(), LIMITS)
def test_bounds_are_ordered_and_it_ends_no_lower_than_it_stands(
    so_far: Bounds, days: list[int], period: tuple[Interval, int], limit: int
) -> None:
    interval, now = period
    found = forecast(so_far, days, now, interval, limit)
    assert found is not None
    assert so_far.low <= found.amount.low <= found.amount.central <= found.amount.high
    assert found.amount.central >= so_far.central
    assert found.amount.high >= so_far.high


@given(bounds(), DAYS, periods(), LIMITS)
def test_the_limit_is_reached_within_the_period_exactly_where_the_forecast_is_not_below_it(
    so_far: Bounds, days: list[int], period: tuple[Interval, int], limit: int
) -> None:
    interval, now = period
    found = forecast(so_far, days, now, interval, limit)
    assert found is not None
    assert (found.crosses_at is not None) == (found.amount.central >= limit)
    assert found.crosses_at is None or now <= found.crosses_at <= interval.end


@given(bounds(), DAYS, st.tuples(st.integers(0, 60), AMOUNTS), periods(), LIMITS)
def test_who_uses_more_on_a_day_ends_no_lower_and_reaches_the_limit_no_later(
    so_far: Bounds, days: list[int], added: tuple[int, int], period: tuple[Interval, int], limit: int
) -> None:
    (interval, now), (which, more) = period, added
    wasteful = list(days)
    wasteful[which % len(days)] += more
    one, other = (forecast(so_far, those, now, interval, limit) for those in (days, wasteful))
    assert one is not None
    assert other is not None
    assert other.amount.central >= one.amount.central
    assert one.crosses_at is None or (other.crosses_at is not None and other.crosses_at <= one.crosses_at)


@given(bounds(), DAYS, periods(), LIMITS, LIMITS)
def test_a_higher_limit_is_reached_no_earlier(
    so_far: Bounds, days: list[int], period: tuple[Interval, int], one: int, other: int
) -> None:
    interval, now = period
    lower, higher = (forecast(so_far, days, now, interval, limit) for limit in sorted((one, other)))
    assert lower is not None
    assert higher is not None
    assert lower.amount == higher.amount
    assert higher.crosses_at is None or (lower.crosses_at is not None and lower.crosses_at <= higher.crosses_at)


@given(bounds(), st.lists(AMOUNTS, min_size=FEWEST_DAYS, max_size=28), periods(), st.integers(0, 366 * DAY))
def test_the_later_it_is_the_surer_is_the_rest(
    so_far: Bounds, days: list[int], period: tuple[Interval, int], later: int
) -> None:
    interval, now = period
    exact = Bounds(so_far.central, so_far.central, so_far.central)
    early, late = (forecast(exact, days, moment, interval, 1) for moment in (now, min(now + later, interval.end)))
    assert early is not None
    assert late is not None
    assert late.amount.high - late.amount.central <= early.amount.high - early.amount.central


@given(bounds(), LIMITS, st.fractions(Fraction(1, 100), 1))
def test_ratios_are_exact_and_the_state_follows_them(so_far: Bounds, limit: int, warn_at: Fraction) -> None:
    budget = Budget("b", "B", None, Measure.ENERGY, Period.YEAR, limit, warn_at, "1 kWh")
    standing = Standing(budget, Interval(0, DAY), so_far, None)
    ratio = standing.used_ratio
    assert ratio is not None
    assert ratio * limit == so_far.central
    assert (standing.state is State.EXCEEDED) == (so_far.central >= limit)
    assert (standing.state is State.WITHIN) == (so_far.central < warn_at * limit)
    assert set(standing.crossed) == {threshold for threshold in (warn_at, Fraction(1)) if ratio >= threshold}
