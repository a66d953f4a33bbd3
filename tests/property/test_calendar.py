from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.calendar import PERIODS, grain_of, local_day, months_of, period_bounds, year_of
from monitor.core.interval import Interval

ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Paris",
        "Europe/London",
        "America/New_York",
        "America/St_Johns",
        "America/Havana",
        "Pacific/Marquesas",
        "Pacific/Apia",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Africa/Casablanca",
        "Africa/Cairo",
        "Asia/Beirut",
    ]
).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2034, 12, 31)).map(  # noqa: DTZ001 - made aware at once
    lambda moment: int(moment.replace(tzinfo=UTC).timestamp()) * 10**9
)


@given(ZONES, MOMENTS)
def test_every_moment_lies_in_its_day_and_its_date_changes_only_at_the_days_edges(zone: ZoneInfo, moment: int) -> None:
    day = local_day(moment, zone)
    date = datetime.fromtimestamp(moment // 10**9, zone).date()
    assert day.start <= moment < day.end
    assert datetime.fromtimestamp(day.start // 10**9, zone).date() == date
    assert datetime.fromtimestamp(day.start // 10**9 - 1, zone).date() < date
    assert datetime.fromtimestamp(day.end // 10**9 - 1, zone).date() == date
    assert datetime.fromtimestamp(day.end // 10**9, zone).date() > date


@given(ZONES, MOMENTS)
def test_a_period_and_the_one_before_meet(zone: ZoneInfo, now: int) -> None:
    for period in ("day", "month", "quarter", "year"):
        current, previous = period_bounds(period, now, zone), period_bounds(f"previous_{period}", now, zone)
        assert previous.start < previous.end == current.start <= now == current.end


@given(ZONES, MOMENTS)
def test_every_period_is_made_of_whole_grains_up_to_now(zone: ZoneInfo, now: int) -> None:
    grain = grain_of(zone, now).nanoseconds
    for period in PERIODS:
        bounds = period_bounds(period, now, zone)
        assert bounds.start % grain == 0
        assert bounds.end % grain == 0 or bounds.end <= now


@given(ZONES, MOMENTS, st.integers(1, 400 * 86400 * 10**9))
def test_the_year_before_up_to_date_never_goes_back(zone: ZoneInfo, now: int, later: int) -> None:
    first, second = (period_bounds("previous_year_to_date", moment, zone) for moment in (now, now + later))
    if first.start == second.start:
        # within the hour that the clock shows twice, the same local time comes twice
        assert second.end >= first.end - 3600 * 10**9
    assert period_bounds("previous_year", now, zone).start == first.start
    assert first.end <= period_bounds("previous_year", now, zone).end


@given(ZONES, st.integers(2020, 2034))
def test_a_year_is_exactly_its_months_and_its_days(zone: ZoneInfo, year: int) -> None:
    whole = year_of(year, zone)
    months = months_of(year, zone)
    days = [local_day(whole.start, zone)]
    while days[-1].end < whole.end:
        days.append(local_day(days[-1].end, zone))
    assert sum(month.length.nanoseconds for month in months) == whole.length.nanoseconds
    assert Interval(days[0].start, days[-1].end) == whole
    assert sum(day.length.nanoseconds for day in days) == whole.length.nanoseconds
