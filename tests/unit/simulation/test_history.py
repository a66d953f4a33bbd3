from datetime import UTC, date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from monitor.core.entries import Bucket, Share
from monitor.core.interval import HALF_HOUR, HOUR
from monitor.core.units import Energy
from monitor.simulation.history import SimulatedYear
from tests.unit.simulation.small import SECOND

PARIS = ZoneInfo("Europe/Paris")


def ns(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * SECOND


@pytest.fixture(scope="module")
def year() -> list[Bucket]:
    return list(SimulatedYear(2025, PARIS).buckets())


def energy(bucket: Bucket, consumer: str) -> int:
    return sum(part.microjoules for series, part in bucket.entries.items() if series.consumer == consumer)


def days_of(year: list[Bucket], consumer: str) -> list[date]:
    used = [bucket.start for bucket in year if energy(bucket, consumer)]
    return [datetime.fromtimestamp(start // SECOND, PARIS).date() for start in used]


def test_what_is_measured_is_the_sum_of_the_entries_in_every_hour(year: list[Bucket]) -> None:
    for bucket in year:
        for meter, measured in bucket.measured.items():
            parts = [
                part.microjoules
                for series, part in bucket.entries.items()
                if (series.resource, series.method) == (meter.resource, meter.method)
            ]
            assert sum(parts) == measured.microjoules
        assert all(part > Energy.ZERO for part in bucket.entries.values())


def test_the_year_is_that_of_the_organisations_time_zone(year: list[Bucket]) -> None:
    assert year[0].start == ns(2024, 12, 31, 23)
    assert year[-1].start == ns(2025, 12, 31, 22)
    starts = [bucket.start for bucket in year]
    assert starts == sorted(set(starts))


def test_hours_of_an_outage_are_missing_and_those_at_its_ends_are_short(year: list[Bucket]) -> None:
    covered = {bucket.start: {time.seconds for time in bucket.covered.values()} for bucket in year}
    assert covered[ns(2025, 3, 17, 20)] == {20 * 60}
    assert covered[ns(2025, 3, 18, 1)] == {30 * 60}
    assert all(ns(2025, 3, 17, hour) not in covered for hour in (21, 22, 23))
    assert covered[ns(2025, 3, 18, 2)] == {3600}


def test_gaps_and_what_is_covered_fill_the_year(year: list[Bucket]) -> None:
    simulated = SimulatedYear(2025, PARIS)
    length = simulated.interval.length.seconds
    for resource in ("package", "dram", "gpu0", "gpu1", "rest"):
        covered = sum(bucket.covered[resource].seconds for bucket in year)
        missed = sum(gap.interval.length.seconds for gap in simulated.gaps if gap.resource == resource)
        assert covered + missed == length == 8760 * 3600


def test_a_service_begins_in_march_and_one_ends_in_october(year: list[Bucket]) -> None:
    assert min(days_of(year, "transcription")) == date(2025, 3, 2)
    assert max(days_of(year, "ollama")) == date(2025, 10, 16)


def test_a_working_morning_draws_more_than_a_sunday_or_an_august(year: list[Bucket]) -> None:
    by_start = {bucket.start: energy(bucket, "assistant") for bucket in year}
    tuesday, sunday, august = (
        sum(by_start[ns(2025, month, day, hour)] for hour in (8, 9, 10)) for month, day in ((10, 14), (10, 12), (8, 12))
    )
    assert sunday < august < tuesday


def test_every_share_of_the_energy_is_there(year: list[Bucket]) -> None:
    shares = {(series.resource, series.share) for series in year[100].entries}
    assert {("package", Share.FLOOR), ("package", Share.ACTIVE), ("dram", Share.RESIDENCY), ("gpu0", Share.RESIDENCY),
            ("gpu0", Share.ACTIVE), ("rest", Share.FLOOR)} <= shares  # fmt: skip


def test_the_power_is_plausible_for_such_a_server(year: list[Bucket]) -> None:
    total = sum(part.microjoules for bucket in year for part in bucket.measured.values())
    assert 250 < total / 1e6 / (8760 * 3600) < 600


def test_equal_arguments_make_equal_years_and_another_seed_another() -> None:
    first, again, other = (list(islice(SimulatedYear(2025, PARIS, seed=seed).buckets(), 40)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_year_that_is_not_over_ends_with_the_last_whole_hour() -> None:
    until = ns(2025, 1, 3, 12, 30)
    year = SimulatedYear(2025, PARIS, until=until)
    assert year.interval.end == ns(2025, 1, 3, 12)
    assert [bucket.start for bucket in year.buckets()][-1] + HOUR.nanoseconds == year.interval.end
    assert year.gaps == ()


def test_a_zone_at_half_an_hour_has_buckets_of_half_an_hour() -> None:
    year = SimulatedYear(2025, ZoneInfo("Pacific/Marquesas"), hour=HALF_HOUR)
    first, second = islice(year.buckets(), 2)
    assert first.start == ns(2025, 1, 1, 9, 30)
    assert second.start - first.start == HALF_HOUR.nanoseconds
    assert set(first.covered.values()) == {HALF_HOUR}


def test_its_services_are_those_of_the_town_hall(year: list[Bucket]) -> None:
    named = {service.key: service.department for service in SimulatedYear(2025, PARIS).services}
    assert named["assistant"] == "Communication"
    assert {series.consumer for bucket in year for series in bucket.entries} == {*named, "_other", "_monitor", "_idle"}
