"""What the host of a virtual machine tells it, from a server on loopback that answers as another Empreinte does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from collectors._handoff import SILENT
from collectors.empreinte import EmpreinteCollector
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.counters import Advanced, CounterState, Reset, step
from monitor.core.readings import CounterReading
from monitor.core.units import Duration, Energy
from tests.fixtures.meters import SECRET, host_with
from tests.parts.grid import Asked, GridServer, Reply
from tests.parts.loopback import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_proxy")

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
THROUGH = round(NOON.timestamp()) * 10**9
TOKEN = "t" * 32  # it opens what the test made


class TellingHost:
    """A host that tells machine `vm-1` what it is set to."""

    def __init__(self) -> None:
        self.zones: list[dict[str, Any]] = [zone("package", 5_000_000), zone("dram", 1_000_000)]
        self.service = "vm-1"
        self.format = 1
        self.instead: Reply | None = None
        self.server = GridServer(self.answer, NOON)

    def answer(self, asked: Asked) -> Reply:
        if self.instead is not None:
            return self.instead
        if asked.headers["Authorization"] != f"Bearer {TOKEN}":
            return Reply(b'{"error": "who?"}', status=401)
        return Reply.of({"format": self.format, "service": self.service, "zones": self.zones})

    def draw(self, joules: int) -> None:
        for one in self.zones:
            one["energy_uj"] += joules * 10**6
            one["through"] += 5 * 10**9

    def opened(self, **fields: object) -> EmpreinteCollector:
        return EmpreinteCollector.open(host_with(self.server.url, **{"secret": TOKEN, "points": ("vm-1",), **fields}))


def zone(resource: str, microjoules: int, method: str = "counter") -> dict[str, Any]:
    return {"resource": resource, "method": method, "energy_uj": microjoules, "epoch": 2, "through": THROUGH}


@pytest.fixture
def host() -> Iterator[TellingHost]:
    made = TellingHost()
    with made.server:
        yield made


def rows(collector: EmpreinteCollector) -> list[CounterReading]:
    return [row for row in collector.collect() if isinstance(row, CounterReading)]


def between(before: CounterReading, after: CounterReading) -> object:
    states = [CounterState(row.energy, row.epoch) for row in (before, after)]
    awake = Duration.from_seconds(5)
    return step(*states, wraps_after=after.wraps_after, plausible=after.plausible, awake=awake)


def test_what_the_host_tells_is_read_with_its_method(host: TellingHost) -> None:
    host.zones.append(zone("platform", 9_000_000, "integrated"))
    collector = host.opened()
    assert collector.sources() == []
    assert host.server.asked == [], "opening asks nothing"
    assert {(row.resource, row.meter, row.energy.microjoules, row.method.value) for row in rows(collector)} == {
        ("package", "prise/package", 5_000_000, "counter"),
        ("dram", "prise/dram", 1_000_000, "counter"),
        ("platform", "prise/platform", 9_000_000, "integrated"),
    }
    assert [(source.resource, source.method) for source in collector.sources()] == [
        ("dram", "counter"),
        ("package", "counter"),
        ("platform", "integrated"),
    ]


def test_a_figure_counts_once_and_what_is_added_counts_whole(host: TellingHost) -> None:
    collector = host.opened()
    before = rows(collector)[0]
    assert rows(collector) == []
    host.draw(7)
    after = rows(collector)[0]
    assert between(before, after) == Advanced(Energy.from_joules(7))


def test_a_host_that_tells_nothing_new_for_long_is_a_fault_and_comes_back(host: TellingHost) -> None:
    collector = host.opened()
    before = rows(collector)[0]
    for _ in range(SILENT - 1):
        assert rows(collector) == []
    with pytest.raises(Retry, match="told nothing since 2026-06-10 12:00:00 UTC"):
        collector.collect()
    host.draw(3)
    assert between(before, rows(collector)[0]) == Advanced(Energy.from_joules(3))


def test_what_another_epoch_counts_is_not_compared(host: TellingHost) -> None:
    collector = host.opened()
    before = rows(collector)[0]
    host.draw(3)
    for one in host.zones:
        one["epoch"] += 1
    assert isinstance(between(before, rows(collector)[0]), Reset)


def test_what_a_host_can_not_draw_is_no_energy(host: TellingHost) -> None:
    """A million times too high: powers that were taken for energies, say."""
    collector = host.opened()
    before = rows(collector)[0]
    host.draw(5 * 100 * 10**6)
    assert isinstance(between(before, rows(collector)[0]), Reset)


def test_a_counter_that_fell_began_anew(host: TellingHost) -> None:
    collector = host.opened()
    host.draw(10)
    before = rows(collector)[0]
    host.draw(-9)
    assert isinstance(between(before, rows(collector)[0]), Reset)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("energy_uj", -1),
        ("energy_uj", 1.5),
        ("energy_uj", True),
        ("energy_uj", None),
        ("energy_uj", 1 << 63),
        ("through", "now"),
        ("epoch", -1),
        ("resource", "gpu0"),
        ("method", "modelled"),
        ("method", "declared"),
    ],
)
def test_what_can_not_be_is_not_read(host: TellingHost, name: str, value: object) -> None:
    host.zones[0][name] = value
    with pytest.raises(Retry):
        host.opened().collect()


def test_one_resource_is_not_told_twice(host: TellingHost) -> None:
    host.zones.append(zone("package", 1))
    with pytest.raises(Retry, match="twice"):
        host.opened().collect()


def test_another_version_is_told_apart(host: TellingHost) -> None:
    host.format = 2
    with pytest.raises(Retry, match="of one version"):
        host.opened().collect()


@pytest.mark.parametrize("zones", [[], {}, None, ["package"], [zone("package", 1)] * 99])
def test_what_is_no_list_of_resources_is_not_read(host: TellingHost, zones: Any) -> None:
    host.zones = zones
    with pytest.raises(Retry):
        host.opened().collect()


def test_the_figures_of_another_machine_are_not_taken(host: TellingHost) -> None:
    host.service = "vm-2"
    with pytest.raises(Unavailable) as caught:
        host.opened().collect()
    assert caught.value.reason is Reason.FORBIDDEN
    assert len(rows(host.opened(points=()))) == 2, "without a name, whatever the token is of"


@pytest.mark.parametrize("secret", ["", SECRET])
def test_without_the_right_token_it_says_what_is_missing_and_no_token(host: TellingHost, secret: str) -> None:
    with pytest.raises(Unavailable) as caught:
        host.opened(secret=secret).collect()
    assert caught.value.reason is Reason.FORBIDDEN
    assert "meter.secret_file" in caught.value.cure
    assert SECRET not in caught.value.what + caught.value.cure


def test_a_token_does_not_leave_the_machine_in_the_clear_unless_that_is_said() -> None:
    away = host_with("http://192.0.2.1:21032", secret=TOKEN)
    with pytest.raises(Unavailable, match="no encryption"):
        EmpreinteCollector.open(away)
    EmpreinteCollector.open(host_with("http://192.0.2.1:21032", secret=TOKEN, insecure=True)).close()


def test_a_host_that_is_away_may_come_back(host: TellingHost) -> None:
    collector = host.opened()
    host.instead = Reply(b"", status=503)
    with pytest.raises(Retry):
        collector.collect()
    host.instead = None
    assert len(rows(collector)) == 2


def test_where_nobody_listens_it_is_tried_again() -> None:
    collector = EmpreinteCollector.open(host_with(f"http://{LOOPBACK}:{free_port()}", secret=TOKEN))
    with pytest.raises(Retry):
        collector.collect()
