"""The calendar of a French administration: when its offices are open, and how busy they are."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from monitor.simulation.demand import BY_HOUR

if TYPE_CHECKING:
    from datetime import datetime

CLOSED: Final = 0.05
"""Demand of a day on which the offices are closed, as a share of the same hour of a working day. Our choice."""
SATURDAY: Final = 5
SUMMER: Final = 0.55
"""Demand from mid July to the end of August. Our choice."""
YEAR_END: Final = 0.45
"""Demand between Christmas and the first days of January. Our choice."""


def office_demand(local: datetime, holidays: frozenset[date]) -> float:
    """Return the demand in the hour that begins at *local* time, as a share of the busiest hour of the year."""
    day = local.date()
    demand = BY_HOUR[local.hour] * season(day)
    return demand * CLOSED if day.weekday() >= SATURDAY or day in holidays else demand


def season(day: date) -> float:
    """Return how busy the offices are on *day* of the year, as a share of a usual working day."""
    if date(day.year, 7, 14) <= day <= date(day.year, 8, 31):
        return SUMMER
    if day >= date(day.year, 12, 22) or day <= date(day.year, 1, 4):
        return YEAR_END
    return 1.0


def public_holidays(year: int) -> frozenset[date]:
    """Return the public holidays of France in *year*. Source: Code du travail, article L3133-1."""
    easter = easter_sunday(year)
    fixed = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    after_easter = (1, 39, 50)
    days = [date(year, month, day) for month, day in fixed]
    return frozenset([*days, *(easter + timedelta(days=days_after) for days_after in after_easter)])


def easter_sunday(year: int) -> date:
    """Return Easter Sunday of *year* in the Gregorian calendar.

    Source: Meeus, Astronomical Algorithms (1991), chapter 8.
    """
    century, of_century = divmod(year, 100)
    leaps, rest = divmod(century, 4)
    moon = (19 * (year % 19) + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * rest + 2 * (of_century // 4) - moon - of_century % 4) % 7
    shift = (year % 19 + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)
