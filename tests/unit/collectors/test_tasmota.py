"""Plugs with Tasmota, from a server on loopback that answers as its documentation says."""

from datetime import UTC, datetime

import pytest

from collectors.tasmota import TasmotaCollector
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.readings import CounterReading, Reading
from tests.fixtures.meters import SECRET, host_with, read_twice
from tests.parts.grid import GridServer, Reply
from tests.parts.plugs import TasmotaPlug

pytestmark = pytest.mark.usefixtures("no_proxy")

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)


def read(plug: TasmotaPlug, **fields: object) -> list[CounterReading]:
    with GridServer(plug, NOON) as server:
        rows: list[Reading] = list(read_twice(TasmotaCollector.open(host_with(server.url, **fields))))
    return [row for row in rows if isinstance(row, CounterReading)]


def test_it_counts_in_kilowatt_hours_and_says_when_it_began() -> None:
    (row,) = read(TasmotaPlug())
    assert (row.meter, row.energy.microjoules) == ("0", 3_185 * 3_600_000_000)
    assert row.epoch == "2026-01-04T10:02:11"


def test_of_several_channels_each_is_a_point() -> None:
    plug = TasmotaPlug(total=[3.185, 0.001], power=[87, 0])
    assert [(row.meter, row.energy.joules) for row in read(plug)] == [("0", 11_466_000), ("1", 3600)]
    assert [row.meter for row in read(plug, points=("1",))] == ["1"]
    assert [row.meter for row in read(TasmotaPlug(total=3.185, power=[87, 12]))] == ["0"]
    with pytest.raises(Unavailable, match="'2' is none of them"):
        read(plug, points=("2",))


def test_a_counter_that_was_set_back_is_another_one() -> None:
    (before,), (after,) = read(TasmotaPlug()), read(TasmotaPlug(started="2026-06-10T12:00:00"))
    assert before.epoch != after.epoch


def test_its_password_is_asked_for_by_a_warning_and_goes_out_only_where_that_was_allowed() -> None:
    assert len(read(TasmotaPlug(password=SECRET), secret=SECRET)) == 1
    for secret in ("", "wrong"):
        with pytest.raises(Unavailable) as refused:
            read(TasmotaPlug(password=SECRET), secret=secret)
        assert refused.value.reason is Reason.FORBIDDEN
    with pytest.raises(Unavailable, match="no encryption"):
        TasmotaCollector.open(host_with("http://192.0.2.15", secret=SECRET))
    TasmotaCollector.open(host_with("http://192.0.2.15", secret=SECRET, insecure=True)).close()


@pytest.mark.parametrize(("total", "power"), [(-1.0, 1), ("3,185", 1), (None, None), (1, -1), (1, 1201)])
def test_what_can_not_be_true_is_not_read(total: object, power: object) -> None:
    with pytest.raises(Retry):
        read(TasmotaPlug(total=total, power=power))


def test_a_plug_that_measures_nothing_says_so() -> None:
    with pytest.raises(Unavailable, match="no Tasmota with a meter"):
        read(TasmotaPlug(metered=False))
    with GridServer(lambda _: Reply(b"<html>"), NOON) as server, pytest.raises(Retry, match="no JSON"):
        TasmotaCollector.open(host_with(server.url)).collect()
