from zoneinfo import ZoneInfo

from monitor.core.past import by_day
from tests.contract.bookkeeping import ns

PARIS = ZoneInfo("Europe/Paris")
HOUR = 3600 * 10**9
NEVER = 1 << 62


def paris(text: str) -> int:
    return ns(text, "Europe/Paris")


def test_a_day_has_the_last_of_its_points_at_its_end() -> None:
    start = paris("2026-03-10T00:00")
    points = [(start + hour * HOUR, hour) for hour in range(1, 49)]
    assert list(by_day(points, PARIS, NEVER)) == [(paris("2026-03-11T00:00"), 24), (paris("2026-03-12T00:00"), 48)]


def test_of_the_day_that_is_not_over_the_point_is_at_the_last_closed_hour() -> None:
    start = paris("2026-03-10T00:00")
    points = [(start + hour * HOUR, hour) for hour in range(1, 31)]
    through = start + 32 * HOUR
    assert list(by_day(points, PARIS, through)) == [(paris("2026-03-11T00:00"), 24), (through, 30)]


def test_a_day_without_a_point_has_none() -> None:
    points = [(paris("2026-03-10T05:00"), 1), (paris("2026-03-12T05:00"), 2)]
    assert list(by_day(points, PARIS, NEVER)) == [(paris("2026-03-11T00:00"), 1), (paris("2026-03-13T00:00"), 2)]


def test_days_are_as_long_as_the_clock_makes_them() -> None:
    start = paris("2026-10-25T00:00")
    points = [(start + hour * HOUR, hour) for hour in range(1, 27)]
    assert list(by_day(points, PARIS, NEVER)) == [(start + 25 * HOUR, 25), (start + 49 * HOUR, 26)]


def test_of_no_points_there_is_nothing() -> None:
    assert list(by_day([], PARIS, NEVER)) == []
