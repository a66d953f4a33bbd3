"""Whatever a provider's server sends, a collector tells figures that are sound, or why it has none."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors._http import Limits
from collectors.electricity_maps import ElectricityMapsCollector
from collectors.rte import RteCollector
from monitor.collector import Collector, Grid, Host, Retry, Unavailable
from monitor.core.factors import Cycle
from monitor.core.readings import IntensityReading
from monitor.core.units import Duration
from tests.fixtures.host import host_at
from tests.parts.grid import GridServer, Reply

pytestmark = pytest.mark.usefixtures("no_proxy")

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
QUICK = Limits(connect=2, read=2, total=10, body=100_000, pause=0.0001, patience=0.0002)
FIELDS = [
    *("date_heure", "taux_co2", "nature", "heure", "results", "total_count"),
    *("zone", "carbonIntensity", "datetime", "emissionFactorType", "isEstimated", "temporalGranularity"),
    *("history", "data"),
]

moments = st.datetimes(timezones=st.sampled_from([UTC, None])).map(datetime.isoformat)
near = st.integers(0, 400).map(
    lambda quarter: f"2026-06-{7 + quarter // 96:02}T{quarter // 4 % 24:02}:{quarter % 4 * 15:02}:00Z"
)
words = st.sampled_from(
    ["FR", "lifecycle", "direct", "hourly", "5_minutes", "Données consolidées", "ND", "", "17", "1e5", "NaN"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | words | moments | near
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=20,
)
rte_rows = st.fixed_dictionaries(
    {"date_heure": near | scalars, "taux_co2": st.integers(0, 300) | scalars},
    optional={"nature": scalars, "heure": scalars},
)
map_rows = st.fixed_dictionaries(
    {"datetime": near | scalars, "carbonIntensity": st.integers(0, 900) | scalars, "zone": st.just("FR") | scalars},
    optional={"emissionFactorType": words, "isEstimated": scalars, "temporalGranularity": words},
)
contents = (
    anything
    | st.lists(rte_rows | anything, max_size=120).map(lambda rows: {"results": rows})
    | st.lists(map_rows | anything, max_size=40).map(lambda rows: {"zone": "FR", "history": rows})
    | map_rows
)
bodies = contents.map(lambda content: json.dumps(content).encode()) | st.binary(max_size=60)
headers = st.dictionaries(
    st.sampled_from(["Retry-After", "Location", "Content-Encoding", "Content-Type"]),
    st.sampled_from(["0", "-1", "gzip", "text/html", "//", "http://[", "/again", "Thu, 01 Jan 1970 00:00:00 GMT"]),
    max_size=2,
)
statuses = st.just(200) | st.sampled_from([200, 204, 206, 301, 302, 400, 401, 403, 404, 418, 429, 500, 503, 599])
replies = st.builds(Reply, body=bodies, status=statuses, headers=headers)
KINDS: dict[str, Callable[[Host, Limits], Collector]] = {
    "rte": RteCollector.open,
    "electricity_maps": ElectricityMapsCollector.open,
}


@pytest.fixture(scope="module")
def server() -> Iterator[GridServer]:
    with GridServer(lambda _: Reply(), NOW) as server:
        yield server


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=60, deadline=None)
@given(given_replies=st.lists(replies, min_size=1, max_size=6), since=st.sampled_from([0, 1, 1_781_000_000 * 10**9]))
def test_whatever_is_answered_a_collector_tells_sound_figures_or_why_not(
    server: GridServer, name: str, given_replies: list[Reply], since: int
) -> None:
    server.next.clear()
    server.next.extend(given_replies)
    grid = Grid(zone="FR", address=server.url, token="k3y", since=since)  # noqa: S106 - it opens nothing
    collector = KINDS[name](host_at(Path(), grid=grid), QUICK)
    for _ in range(3):
        told = answer_of(collector)
        if isinstance(told, Retry | Unavailable):
            assert "k3y" not in str(told)
            continue
        starts = [reading.start for reading in told]
        assert starts == sorted(set(starts))
        for reading in told:
            assert_sound(reading, name)
    collector.close()


def answer_of(collector: Collector) -> Sequence[IntensityReading] | Retry | Unavailable:
    """Return what the collector tells, or why it tells nothing."""
    try:
        told = collector.collect()
    except (Retry, Unavailable) as fact:
        return fact
    assert all(isinstance(reading, IntensityReading) for reading in told)
    return cast("Sequence[IntensityReading]", told)


def assert_sound(reading: IntensityReading, name: str) -> None:
    assert (reading.provider, reading.zone) == (name, "FR")
    assert type(reading.start) is int
    assert 0 < reading.start < 2**63
    assert Duration.ZERO < reading.length <= Duration.from_seconds(3600)
    assert isinstance(reading.grams_per_kilowatt_hour, Decimal)
    assert 0 <= reading.grams_per_kilowatt_hour <= 2000
    assert isinstance(reading.cycle, Cycle)
    assert type(reading.estimated) is bool
    assert isinstance(json.loads(reading.raw), dict)
    assert reading.raw.isascii()
