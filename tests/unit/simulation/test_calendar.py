from datetime import date, datetime

import pytest

from monitor.core.units import Duration
from monitor.simulation.calendar import easter_sunday, office_demand, public_holidays
from monitor.simulation.demand import BY_HOUR, demand


@pytest.mark.parametrize(
    ("year", "easter"),
    [(1961, date(1961, 4, 2)), (2000, date(2000, 4, 23)), (2024, date(2024, 3, 31)), (2025, date(2025, 4, 20)),
     (2026, date(2026, 4, 5)), (2038, date(2038, 4, 25))],
)  # fmt: skip
def test_easter(year: int, easter: date) -> None:
    assert easter_sunday(year) == easter


def test_the_public_holidays_of_2026() -> None:
    assert public_holidays(2026) == {
        date(2026, 1, 1),
        date(2026, 4, 6),
        date(2026, 5, 1),
        date(2026, 5, 8),
        date(2026, 5, 14),
        date(2026, 5, 25),
        date(2026, 7, 14),
        date(2026, 8, 15),
        date(2026, 11, 1),
        date(2026, 11, 11),
        date(2026, 12, 25),
    }


def test_offices_are_busy_on_a_tuesday_morning_and_closed_at_the_weekend_and_on_holidays() -> None:
    holidays = public_holidays(2026)
    tuesday, sunday = (office_demand(datetime(2026, 3, day, 10), holidays) for day in (10, 8))  # noqa: DTZ001 - local
    fourteenth = office_demand(datetime(2026, 5, 14, 10), holidays)  # noqa: DTZ001 - local
    assert tuesday == max(BY_HOUR)
    assert sunday == fourteenth == pytest.approx(tuesday * 0.05)


def test_august_and_the_end_of_the_year_are_quiet() -> None:
    march, august, december = (
        office_demand(datetime(2026, month, day, 10), frozenset())  # noqa: DTZ001 - local
        for month, day in ((3, 10), (8, 11), (12, 29))
    )
    assert december < august < march


def test_a_compressed_day_has_the_same_hours() -> None:
    day = Duration.from_seconds(600)
    assert [demand(hour * 25 * 10**9, day) for hour in range(24)] == list(BY_HOUR)
    assert demand(601 * 10**9, day) == BY_HOUR[0]
    assert demand(1, None) == 1.0
