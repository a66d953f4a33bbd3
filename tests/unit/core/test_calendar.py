from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from monitor.core import calendar
from monitor.core.calendar import (
    PERIODS,
    QUARTER_HOUR,
    grain_of,
    local_day,
    local_time,
    months_of,
    named_period,
    period_bounds,
    year_of,
)
from monitor.core.interval import HALF_HOUR, HOUR, Interval
from monitor.core.units import Duration
from monitor.exposition import snapshot

PARIS = ZoneInfo("Europe/Paris")
MARQUESAS = ZoneInfo("Pacific/Marquesas")


def ns(text: str, zone: tzinfo = UTC) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 10**9


def utc(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment // 10**9, UTC):%Y-%m-%dT%H:%M:%S}"


def spoken(interval: Interval) -> tuple[str, str]:
    return utc(interval.start), utc(interval.end)


def hours(interval: Interval) -> float:
    return interval.length.nanoseconds / HOUR.nanoseconds


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("day", "2026-05-19T22:00:00", "2026-05-20T08:30:15"),
        ("month", "2026-04-30T22:00:00", "2026-05-20T08:30:15"),
        ("quarter", "2026-03-31T22:00:00", "2026-05-20T08:30:15"),
        ("year", "2025-12-31T23:00:00", "2026-05-20T08:30:15"),
        ("previous_day", "2026-05-18T22:00:00", "2026-05-19T22:00:00"),
        ("previous_month", "2026-03-31T22:00:00", "2026-04-30T22:00:00"),
        ("previous_quarter", "2025-12-31T23:00:00", "2026-03-31T22:00:00"),
        ("previous_year", "2024-12-31T23:00:00", "2025-12-31T23:00:00"),
        ("previous_year_to_date", "2024-12-31T23:00:00", "2025-05-20T08:30:15"),
    ],
)
def test_periods_are_cut_at_local_midnight(period: str, start: str, end: str) -> None:
    assert spoken(period_bounds(period, ns("2026-05-20T08:30:15"), PARIS)) == (start, end)


def test_there_are_nine_periods_and_the_snapshot_speaks_of_the_same() -> None:
    assert len(PERIODS) == len(set(PERIODS)) == 9
    assert snapshot.PERIODS is PERIODS


@pytest.mark.parametrize("period", ["week", "previous_", "previous_week", ""])
def test_a_period_that_is_none_is_refused(period: str) -> None:
    with pytest.raises(ValueError, match="is none of the periods"):
        period_bounds(period, ns("2026-05-20T08:30:15"), PARIS)


def test_a_period_begins_with_the_first_nanosecond_of_its_day() -> None:
    midnight = ns("2026-01-01T00:00:00", PARIS)
    assert period_bounds("year", midnight, PARIS) == Interval(midnight, midnight)
    assert period_bounds("year", midnight - 1, PARIS) == Interval(ns("2025-01-01", PARIS), midnight - 1)
    assert period_bounds("previous_year", midnight, PARIS).end == midnight
    assert period_bounds("previous_quarter", midnight, PARIS) == Interval(ns("2025-10-01", PARIS), midnight)


@pytest.mark.parametrize(
    ("now", "quarter"),
    [
        ("2026-01-31", "2026-01-01"),
        ("2026-03-31", "2026-01-01"),
        ("2026-04-01", "2026-04-01"),
        ("2026-09-30", "2026-07-01"),
        ("2026-12-31", "2026-10-01"),
    ],
)
def test_quarters_begin_in_january_april_july_and_october(now: str, quarter: str) -> None:
    assert period_bounds("quarter", ns(now, PARIS), PARIS).start == ns(quarter, PARIS)


@pytest.mark.parametrize(("day", "length"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-14", 24)])
def test_a_day_on_which_the_clock_changes_lasts_23_or_25_hours(day: str, length: int) -> None:
    noon = ns(f"{day}T12:00:00", PARIS)
    assert hours(local_day(noon, PARIS)) == length
    assert hours(period_bounds("previous_day", noon + 24 * HOUR.nanoseconds, PARIS)) == length


def test_both_hours_that_the_clock_shows_twice_belong_to_the_same_day() -> None:
    first, second = ns("2026-10-25T00:30:00"), ns("2026-10-25T01:30:00")
    assert local_day(first, PARIS) == local_day(second, PARIS)
    assert (
        period_bounds("day", second, PARIS).length.nanoseconds - period_bounds("day", first, PARIS).length.nanoseconds
        == 3600 * 10**9
    )


def test_where_midnight_does_not_exist_the_day_begins_after_it() -> None:
    beirut = ZoneInfo("Asia/Beirut")
    day = local_day(ns("2024-03-31T12:00:00"), beirut)
    assert spoken(day) == ("2024-03-30T22:00:00", "2024-03-31T21:00:00")
    assert datetime.fromtimestamp(day.start // 10**9, beirut).hour == 1


def test_where_midnight_comes_twice_the_day_begins_with_the_first() -> None:
    azores = ZoneInfo("Atlantic/Azores")
    day = local_day(ns("2026-10-25T12:00:00"), azores)
    assert spoken(day) == ("2026-10-25T00:00:00", "2026-10-26T01:00:00")


def test_on_29_february_the_year_before_stands_still_at_the_end_of_the_28th() -> None:
    def until(now: str) -> str:
        return utc(period_bounds("previous_year_to_date", ns(now), UTC).end)

    assert until("2028-02-28T18:00:00") == "2027-02-28T18:00:00"
    assert until("2028-02-29T10:00:00") == until("2028-02-29T23:59:59") == "2027-03-01T00:00:00"
    assert until("2028-03-01T00:00:00") == "2027-03-01T00:00:00"
    assert until("2028-03-01T10:00:00") == "2027-03-01T10:00:00"


def test_the_year_after_a_leap_year_is_compared_by_date_not_by_the_count_of_days() -> None:
    assert utc(period_bounds("previous_year_to_date", ns("2029-03-01T10:00:00"), UTC).end) == "2028-03-01T10:00:00"


def test_months_follow_one_another_and_make_the_year() -> None:
    months = months_of(2028, PARIS)
    assert len(months) == 12
    assert (months[0].start, months[-1].end) == (year_of(2028, PARIS).start, year_of(2028, PARIS).end)
    assert all(before.end == after.start for before, after in pairwise(months))
    assert [hours(month) / 24 for month in months[:2]] == [31, 29]
    assert hours(months[2]) == 31 * 24 - 1
    assert hours(months[9]) == 31 * 24 + 1


def test_a_zone_at_half_an_hour_has_its_midnight_at_half_an_hour() -> None:
    assert spoken(months_of(2026, MARQUESAS)[0])[0] == "2026-01-01T09:30:00"


@pytest.mark.parametrize(
    ("zone", "grain"),
    [
        ("Europe/Paris", HOUR),
        ("Indian/Reunion", HOUR),
        ("America/Martinique", HOUR),
        ("America/St_Johns", HALF_HOUR),
        ("Pacific/Marquesas", HALF_HOUR),
        ("Australia/Lord_Howe", HALF_HOUR),
        ("Asia/Kathmandu", QUARTER_HOUR),
    ],
)
def test_the_grain_is_the_longest_that_local_days_can_be_cut_from(zone: str, grain: Duration) -> None:
    assert grain_of(ZoneInfo(zone), ns("2026-07-01T00:00:00")) == grain


def test_an_offset_of_which_only_half_the_year_is_odd_is_seen_at_any_time_of_the_year() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert {grain_of(lord_howe, ns(f"2026-{month:02}-01")) for month in range(1, 13)} == {HALF_HOUR}


def test_a_zone_that_no_grain_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="not at whole quarters"):
        grain_of(timezone(timedelta(minutes=20)), ns("2026-07-01"))


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("2026", (2026, 1, 1), (2027, 1, 1)),
        ("2026-Q1", (2026, 1, 1), (2026, 4, 1)),
        ("2026-Q4", (2026, 10, 1), (2027, 1, 1)),
        ("2026-03", (2026, 3, 1), (2026, 4, 1)),
        ("2026-12", (2026, 12, 1), (2027, 1, 1)),
        ("2024-02-29", (2024, 2, 29), (2024, 3, 1)),
        ("2026-12-31", (2026, 12, 31), (2027, 1, 1)),
    ],
)
def test_a_time_can_be_named(name: str, start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    zone = ZoneInfo("Europe/Paris")
    edges = [int(datetime(*day, tzinfo=zone).timestamp()) * 10**9 for day in (start, end)]
    assert named_period(name, 0, zone) == Interval(*edges)


def test_a_named_period_is_the_period() -> None:
    zone, now = ZoneInfo("Europe/Paris"), 1_790_000_000 * 10**9
    assert named_period("previous_month", now, zone) == period_bounds("previous_month", now, zone)


@pytest.mark.parametrize("name", ["", "26", "2026-13", "2026-02-30", "2026-Q5", "0000", "today", "2026-3"])
def test_what_is_no_time_is_told_with_what_can_be_written(name: str) -> None:
    with pytest.raises(ValueError, match="2026-Q1"):
        named_period(name, 0, ZoneInfo("Europe/Paris"))


def test_a_moment_is_written_in_utc_to_the_second() -> None:
    assert calendar.utc(ns("2026-07-02T00:00:00", PARIS) + 999_999_999) == "2026-07-01T22:00:00Z"


def test_a_moment_is_of_the_local_day() -> None:
    assert f"{local_time(ns('2026-07-01T22:00:00'), PARIS).date()}" == "2026-07-02"
