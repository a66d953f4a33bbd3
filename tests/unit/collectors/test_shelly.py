"""Shelly's devices of both kinds of interface, from servers on loopback that answer as the maker documents it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from collectors.shelly import ShellyCollector
from monitor.collector import Outgoing, Reason, Retry, Unavailable
from monitor.core.readings import PLATFORM, CounterReading
from monitor.core.units import Energy
from tests.fixtures.meters import PLAUSIBLE, SECRET, host_with, read_twice
from tests.parts.grid import Asked, GridServer, Reply
from tests.parts.loopback import LOOPBACK, free_port
from tests.parts.plugs import FirstShelly, LaterShelly, switch

pytestmark = pytest.mark.usefixtures("no_proxy")

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
KWH = 3_600_000_000_000


class Plugged:
    """A socket into which a test plugs one device or another."""

    def __init__(self) -> None:
        self.device: FirstShelly | LaterShelly = LaterShelly()
        self.server = GridServer(self.answer, NOON)

    def answer(self, asked: Asked) -> Reply:
        return self.device(asked)

    def read(self, **fields: object) -> list[CounterReading]:
        collector = self.opened(**fields)
        try:
            return counted(collector)
        finally:
            collector.close()

    def opened(self, **fields: object) -> ShellyCollector:
        return ShellyCollector.open(host_with(self.server.url, **fields))


def counted(collector: ShellyCollector) -> list[CounterReading]:
    rows = read_twice(collector)
    assert all(isinstance(row, CounterReading) and row.resource == PLATFORM for row in rows)
    return [row for row in rows if isinstance(row, CounterReading)]


@pytest.fixture
def socket() -> Iterator[Plugged]:
    plugged = Plugged()
    with plugged.server:
        yield plugged


def test_opening_asks_nothing(socket: Plugged) -> None:
    assert socket.opened().sources() == ()
    assert socket.server.asked == []


def test_a_plug_of_the_first_generation_counts_in_watt_minutes(socket: Plugged) -> None:
    socket.device = FirstShelly()
    (row,) = socket.read()
    assert (row.meter, row.energy) == ("0", Energy(12_345 * 60_000_000))
    assert row.plausible == PLAUSIBLE
    assert row.epoch == "5ECF7F1632E8"
    assert [asked.target for asked in socket.server.asked] == ["/shelly", "/status", "/status"]


def test_an_energy_meter_of_the_first_generation_counts_in_watt_hours(socket: Plugged) -> None:
    socket.device = FirstShelly(emeter=True, totals=[1000.5, 2], watts=[100, 200])
    assert [(row.meter, row.energy.microjoules) for row in socket.read()] == [
        ("0", KWH * 10_005 // 10_000),
        ("1", 7_200_000_000),
    ]
    (one,) = socket.read(points=("1",))
    assert one.meter == "1"


def test_a_relay_without_a_meter_shows_what_somebody_typed_in_and_is_not_read(socket: Plugged) -> None:
    socket.device = FirstShelly(metered=False)
    with pytest.raises(Unavailable, match="measures no energy") as refused:
        socket.read()
    assert (refused.value.reason, bool(refused.value.cure)) == (Reason.UNSUPPORTED, True)


def test_a_plug_of_a_later_generation_counts_in_watt_hours(socket: Plugged) -> None:
    (row,) = socket.read()
    assert (row.meter, row.energy.microjoules) == ("switch:0", 6_532_250_000 * 3600)
    assert row.epoch == "A8032AB12345"


def test_of_a_strip_only_the_named_channels_are_read_by_number_or_by_name(socket: Plugged) -> None:
    socket.device = LaterShelly(components={f"switch:{n}": switch(n, 100.0 * n, 10) for n in range(4)})
    assert [row.meter for row in socket.read()] == [f"switch:{n}" for n in range(4)]
    assert [row.meter for row in socket.read(points=("2", "switch:0"))] == ["switch:2", "switch:0"]


@pytest.mark.parametrize("points", [("9",), ("0", "switch:0"), ("em:0",)])
def test_a_channel_that_is_not_there_or_named_twice_is_refused_with_those_that_are(
    socket: Plugged, points: tuple[str, ...]
) -> None:
    with pytest.raises(Unavailable, match="switch:0") as refused:
        socket.read(points=points)
    assert "meter.points" in refused.value.cure


def test_three_phases_are_one_point_and_each_is_one_where_it_is_named(socket: Plugged) -> None:
    em = {"id": 0, "a_act_power": 100.0, "b_act_power": 0.0, "c_act_power": 50.5, "total_act_power": 150.5}
    data = {"id": 0, "a_total_act_energy": 1000.0, "b_total_act_energy": 0.0, "c_total_act_energy": 500.5}
    socket.device = LaterShelly(
        components={"em:0": em, "emdata:0": {**data, "total_act": 1500.5, "total_act_ret": 0.0}}
    )
    assert [(row.meter, row.energy.microjoules) for row in socket.read()] == [("em:0", 1_500_500_000 * 3600)]
    (phase,) = socket.read(points=("em:0/c",))
    assert (phase.meter, phase.energy.microjoules) == ("em:0/c", 500_500_000 * 3600)


def test_a_clamp_of_its_own_is_a_point(socket: Plugged) -> None:
    components: dict[str, dict[str, object]] = {
        "em1:0": {"id": 0, "act_power": 85.3},
        "em1data:0": {"id": 0, "total_act_energy": 2_776_175.11, "total_act_ret_energy": 571_584.87},
        "em1:1": {"id": 1, "act_power": 0.0},
        "em1data:1": {"id": 1, "total_act_energy": 0.0, "total_act_ret_energy": 0.0},
        "switch:0": {"id": 0, "output": True},
    }
    socket.device = LaterShelly(components=components)
    (row,) = socket.read(points=("em1:0",))
    assert row.energy.microjoules == 2_776_175_110_000 * 3600


@pytest.mark.parametrize("device", [FirstShelly(password=SECRET), LaterShelly(password=SECRET)])
def test_with_its_password_it_answers_and_without_it_the_right_is_what_is_missing(
    socket: Plugged, device: FirstShelly | LaterShelly
) -> None:
    socket.device = device
    assert len(socket.read(secret=SECRET)) == 1
    for secret in ("", "wrong"):
        with pytest.raises(Unavailable) as refused:
            socket.read(secret=secret)
        assert refused.value.reason is Reason.FORBIDDEN
        assert "secret_file" in refused.value.cure


def test_a_later_one_never_sees_the_password_and_the_first_one_only_where_that_was_allowed(socket: Plugged) -> None:
    socket.device = LaterShelly(password=SECRET)
    socket.read(secret=SECRET)
    assert not any(SECRET in str(asked.headers) or "Basic" in str(asked.headers) for asked in socket.server.asked)
    socket.device = FirstShelly(password=SECRET)
    # not on loopback: the proxy takes the place of the device's network
    there = replace(host_with("http://device.example", secret=SECRET), outgoing=Outgoing(proxy=socket.server.url))
    socket.server.answer = lambda asked: socket.device(
        replace(asked, target=asked.target.removeprefix("http://device.example"))
    )
    collector = ShellyCollector.open(there)
    socket.server.asked.clear()
    with pytest.raises(Unavailable, match="no encryption") as refused:
        collector.collect()
    assert refused.value.reason is Reason.FORBIDDEN
    assert len(socket.server.asked) == 1
    assert not any("Basic" in str(asked.headers) for asked in socket.server.asked)
    assert there.meter is not None
    willing = ShellyCollector.open(replace(there, meter=replace(there.meter, insecure=True)))
    assert len(willing.collect()) == 1


def test_what_is_in_the_own_network_is_asked_through_no_proxy() -> None:
    with GridServer(LaterShelly(), NOON) as proxy:
        there = replace(host_with("http://prise.example"), outgoing=Outgoing(proxy=proxy.url))
        with pytest.raises(Unavailable, match="no page"):
            ShellyCollector.open(there).collect()
        assert len(proxy.asked) == 1
        here = replace(host_with("http://no-such-plug"), outgoing=Outgoing(proxy=proxy.url))
        with pytest.raises(Retry, match="has no address"):
            ShellyCollector.open(here).collect()
        assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("total", "watts", "why"),
    [
        (-5.0, 10.0, "below zero"),
        (5.0, -10.0, "wrong way round"),
        (5.0, 1201.0, "above its max_power"),
        (5.0, 1e9, "above its max_power"),
        ("many", 10.0, "no figure"),
        (True, 10.0, "no figure"),
        (1e300, 10.0, "no figure"),
    ],
)
def test_what_can_not_be_true_is_not_read_and_is_asked_again(
    socket: Plugged, total: object, watts: float, why: str
) -> None:
    socket.device = LaterShelly(components={"switch:0": {**switch(0, 0.0, watts), "aenergy": {"total": total}}})
    with pytest.raises(Retry, match=why):
        socket.read()


def test_all_channels_together_are_held_against_the_nameplate(socket: Plugged) -> None:
    socket.device = LaterShelly(components={f"switch:{n}": switch(n, 1.0, 700) for n in range(2)})
    with pytest.raises(Retry, match="1400 W"):
        socket.read()


def test_what_the_device_itself_calls_invalid_is_not_read(socket: Plugged) -> None:
    socket.device = FirstShelly(valid=False)
    with pytest.raises(Retry, match="not valid"):
        socket.read()


def test_a_channel_that_is_missing_for_once_keeps_the_others_from_being_taken_for_the_whole(socket: Plugged) -> None:
    device = socket.device = LaterShelly(components={f"switch:{n}": switch(n, 1.0, 70) for n in range(2)})
    collector = socket.opened(points=("0", "1"))
    assert len(collector.collect()) == 2
    gone = device.components.pop("switch:1")
    with pytest.raises(Retry, match="'1' is none of them"):
        collector.collect()
    device.components["switch:1"] = {**gone, "aenergy": {}}
    with pytest.raises(Retry, match="'1' is none of them"):
        collector.collect()
    device.components["switch:1"] = gone
    assert len(collector.collect()) == 2


def test_another_device_in_its_place_is_another_counter(socket: Plugged) -> None:
    collector = socket.opened()
    (before,) = counted(collector)
    socket.device = LaterShelly(mac="B8032AB12399")
    (after,) = counted(collector)
    assert before.epoch != after.epoch


def test_a_plug_that_began_anew_and_counts_beyond_where_it_stood_is_another_counter(socket: Plugged) -> None:
    device = socket.device = FirstShelly(totals=[10], uptime=100)
    collector = socket.opened()
    (before,) = counted(collector)
    device.uptime, device.totals = 160, [12]
    (on,) = counted(collector)
    assert on.epoch == before.epoch
    device.uptime, device.totals = 30, [40]
    (after,) = counted(collector)
    assert after.epoch != before.epoch
    device.uptime, device.totals = 90, [43]
    (later,) = counted(collector)
    assert later.epoch == after.epoch
    device.uptime, device.totals = 5, [0]
    (less,) = counted(collector)
    assert less.epoch == after.epoch


def test_unplugged_it_is_asked_again_and_goes_on_when_it_is_back() -> None:
    port = free_port()
    device = LaterShelly()
    collector = ShellyCollector.open(host_with(f"http://{LOOPBACK}:{port}"))
    for plugged in (False, True, False, True):
        if plugged:
            with GridServer(device, NOON, port=port):
                assert len(collector.collect()) == 1
        else:
            with pytest.raises(Retry, match="can't be reached"):
                collector.collect()


@pytest.mark.parametrize(
    "answer",
    [Reply(b"<html>"), Reply.of([1]), Reply.of({"device": "camera"}), Reply(status=404), Reply.of({"gen": 2})],
)
def test_what_is_no_shelly_says_so(socket: Plugged, answer: Reply) -> None:
    socket.server.answer = lambda _: answer
    with pytest.raises((Unavailable, Retry)) as told:
        socket.read()
    assert "kind" in getattr(told.value, "cure", "kind")


def test_it_follows_no_one_elsewhere(socket: Plugged) -> None:
    with GridServer(LaterShelly(), NOON) as elsewhere:
        socket.server.answer = lambda _: Reply(status=302, headers={"Location": f"{elsewhere.url}/shelly"})
        with pytest.raises(Retry, match="redirects to another host"):
            socket.read()
        assert elsewhere.asked == []


def test_an_endless_answer_is_not_read_to_its_end(socket: Plugged) -> None:
    socket.server.answer = lambda _: Reply(b" " * ((1 << 20) + 1))
    with pytest.raises(Retry, match="more than"):
        socket.read()


def test_what_it_reads_has_a_source_with_its_step(socket: Plugged) -> None:
    socket.device = FirstShelly()
    collector = socket.opened()
    collector.collect()
    (source,) = collector.sources()
    assert (source.resource, source.meter, source.method) == (PLATFORM, "0", "counter")
    assert socket.server.url in source.description
    assert "60 J" in source.accuracy
    assert [asked.target for asked in socket.server.asked] == ["/shelly", "/status"]
