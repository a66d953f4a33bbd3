"""Local calendars: where days, months, quarters and years begin and end in a time zone, as UTC intervals.

Moments are ns since the epoch. A local day may last 23 or 25 hours, and its midnight may not exist: it then begins at
the first moment after it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from monitor.core.interval import HALF_HOUR, HOUR, Interval
from monitor.core.units import NANOSECONDS_PER_SECOND, Duration

PERIODS: Final = (
    "day",
    "month",
    "quarter",
    "year",
    "previous_day",
    "previous_month",
    "previous_quarter",
    "previous_year",
    "previous_year_to_date",
)
"""What figures are given for: the first four up to now, the last up to this time a year ago, the others whole."""
QUARTER_HOUR: Final = Duration(900 * NANOSECONDS_PER_SECOND)
_GRAINS: Final = (HOUR, HALF_HOUR, QUARTER_HOUR)
_MONTHS: Final = 12
_MONTHS_OF: Final = {"month": 1, "quarter": 3, "year": _MONTHS}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_LOOK_BACK: Final = timedelta(days=5 * 366)
_LOOK_AHEAD: Final = timedelta(days=10 * 366)
_STEP: Final = timedelta(days=10)
"""Shorter than any summer or winter time. Source: IANA time zone database; Morocco's (Ramadan) is the shortest."""


def period_bounds(period: str, now: int, zone: tzinfo) -> Interval:
    """Return the time that *period* (one of `PERIODS`) stands for at *now*, cut in *zone*.

    `previous_year_to_date` ends at this local time a year ago; on 29 February at the end of 28 February, so that it
    never goes back. Raises ValueError for a period that is none of them.
    """
    today = local_time(now, zone).date()
    if period == "previous_year_to_date":
        return Interval(_start(date(today.year - 1, 1, 1), zone), _a_year_ago(now, zone))
    unit = period.removeprefix("previous_")
    if period not in PERIODS:
        message = f"{period!r} is none of the periods {', '.join(PERIODS)}"
        raise ValueError(message)
    first = _first_of(unit, today)
    if unit == period:
        return Interval(_start(first, zone), now)
    return Interval(_start(_first_of(unit, first - _DAY), zone), _start(first, zone))


def whole_period(unit: str, moment: int, zone: tzinfo) -> Interval:
    """Return the whole local *unit* (day, month, quarter, year) that holds *moment*, up to its end."""
    first = _first_of(unit, local_time(moment, zone).date())
    after = first + _DAY if unit == "day" else _months_later(first, _MONTHS_OF[unit])
    return Interval(_start(first, zone), _start(after, zone))


def named_period(name: str, now: int, zone: tzinfo) -> Interval:
    """Return the time that *name* stands for in *zone*: one of `PERIODS` as of *now*, or a date.

    A date is a year (`2026`), a quarter (`2026-Q1`), a month (`2026-03`) or a day (`2026-03-14`). Raises ValueError,
    with what can be written, where it is neither.
    """
    if name in PERIODS:
        return period_bounds(name, now, zone)
    found = _DATE.fullmatch(name)
    if found is None:
        raise ValueError(_NO_PERIOD.format(name=name, periods=", ".join(PERIODS)))
    year, quarter, month, day = (int(part) if part else 0 for part in found.groups())
    try:
        first = date(year, 3 * quarter - 2 if quarter else month or 1, day or 1)
    except ValueError as error:
        raise ValueError(_NO_PERIOD.format(name=name, periods=", ".join(PERIODS))) from error
    months = 3 if quarter else 1 if month else _MONTHS
    return Interval(_start(first, zone), _start(first + _DAY if day else _months_later(first, months), zone))


_DATE: Final = re.compile(r"(\d{4})(?:-Q([1-4])|-(\d{2})(?:-(\d{2}))?)?")
_NO_PERIOD: Final = (
    "{name!r} is no time: write a year (2026), a quarter (2026-Q1), a month (2026-03), a day (2026-03-14), or one of"
    " {periods}"
)


def _months_later(first: date, months: int) -> date:
    count = first.year * _MONTHS + first.month - 1 + months
    return date(count // _MONTHS, count % _MONTHS + 1, 1)


def year_of(year: int, zone: tzinfo) -> Interval:
    """Return the local *year*."""
    return Interval(_start(date(year, 1, 1), zone), _start(date(year + 1, 1, 1), zone))


def months_of(year: int, zone: tzinfo) -> tuple[Interval, ...]:
    """Return the twelve months of the local *year*."""
    edges = [_start(date(year, month, 1), zone) for month in range(1, _MONTHS + 1)]
    edges.append(_start(date(year + 1, 1, 1), zone))
    return tuple(Interval(start, end) for start, end in pairwise(edges))


def local_day(moment: int, zone: tzinfo) -> Interval:
    """Return the local day that holds *moment*."""
    day = local_time(moment, zone).date()
    return Interval(_start(day, zone), _start(day + _DAY, zone))


def grain_of(zone: tzinfo, now: int) -> Duration:
    """Return the longest bucket that local days in *zone* can be cut from: an hour, half an hour, a quarter.

    It looks at the clock of *zone* from five years before *now* to ten years after. Raises ValueError where none fits.
    """
    moment = local_time(now, UTC)
    days = range(-(_LOOK_BACK // _STEP), _LOOK_AHEAD // _STEP)
    offsets = {_offset(moment + count * _STEP, zone) for count in days}
    for grain in _GRAINS:
        if not any(offset % grain.nanoseconds for offset in offsets):
            return grain
    message = f"the clock of {zone} is not at whole quarters of an hour from UTC"
    raise ValueError(message)


def local_time(moment: int, zone: tzinfo) -> datetime:
    """Return date and time of day of *moment* (ns since the epoch) in *zone*, to the second."""
    return datetime.fromtimestamp(moment // NANOSECONDS_PER_SECOND, zone)


def utc(moment: int) -> str:
    """Return *moment* (ns since the epoch) as programs read it: ISO 8601 in UTC, to the second."""
    return f"{local_time(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _first_of(unit: str, day: date) -> date:
    """Return the first day of the *unit* that holds *day*."""
    if unit == "day":
        return day
    if unit == "month":
        return day.replace(day=1)
    return day.replace(month=day.month - (day.month - 1) % 3 if unit == "quarter" else 1, day=1)


def _a_year_ago(now: int, zone: tzinfo) -> int:
    local = local_time(now, zone)
    if (local.month, local.day) == (2, 29):
        return _start(date(local.year - 1, 3, 1), zone)
    return _moment(local.replace(year=local.year - 1, fold=0))


def _start(day: date, zone: tzinfo) -> int:
    # where midnight comes twice, the first; where it does not exist, Python's rule for fold=0 gives the jump itself
    return _moment(datetime.combine(day, time(), tzinfo=zone))


def _moment(local: datetime) -> int:
    return (local - _EPOCH) // timedelta(seconds=1) * NANOSECONDS_PER_SECOND


def _offset(moment: datetime, zone: tzinfo) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return (offset or timedelta()) // timedelta(seconds=1) * NANOSECONDS_PER_SECOND
