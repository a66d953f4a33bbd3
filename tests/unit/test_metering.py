"""A collector for each configured meter: what it is given, what is shared, what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Self

import pytest

from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.config import MeterTable
from monitor.core.readings import PLATFORM, CounterReading, HostUsageReading, Method, PowerReading
from monitor.core.units import Duration, Energy, Memory, Power
from monitor.metering import Shared, meter_of, openings, plated, shown_for
from monitor.secret_file import secret_of
from tests.fixtures.host import daemons_host

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.collector import Host, Meter
    from monitor.core.readings import Reading

COUNTED = CounterReading(PLATFORM, "0", Energy(1_000_001), Power.from_watts(3000), Energy(2_000_001), "a")
DRAWN = PowerReading(PLATFORM, "1", Power.from_watts(301), Duration.from_seconds(60))
USED = HostUsageReading(Duration.from_seconds(1), 4, Memory(8), Memory(4))
TABLE = MeterTable(name="prise", kind="plug", address="http://127.0.0.1:1")


class Plug:
    """A meter that shows what the test says."""

    name: ClassVar[str] = "plug"
    slow: ClassVar[bool] = True
    for_meters: ClassVar[bool] = True

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.closed = False

    @classmethod
    def open(cls, host: Host) -> Self:
        assert host.meter is not None
        return cls(host.meter)

    def sources(self) -> Sequence[Source]:
        return (Source(PLATFORM, "0", "counter", self.meter.address, "+-2 %"),)

    def collect(self) -> Sequence[Reading]:
        return COUNTED, DRAWN, USED

    def close(self) -> None:
        self.closed = True


class Other(Plug):
    """One that reads no meter at an address."""

    for_meters: ClassVar[bool] = False


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return daemons_host(tmp_path, None)


def opened(table: MeterTable, host: Host) -> Plug:
    (opening,) = openings((table,), {"plug": Plug, "other": Other}, host)
    collector = opening.open()
    assert isinstance(collector, Plug)
    return collector


def test_each_meter_has_a_collector_of_its_own_in_the_order_of_the_file(host: Host) -> None:
    tables = (TABLE, replace(TABLE, name="autre"))
    assert [one.name for one in openings(tables, {"plug": Plug}, host)] == ["plug:prise", "plug:autre"]


def test_the_collector_is_given_the_meter_with_its_secret_as_it_is_when_it_is_opened(
    host: Host, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    table = replace(TABLE, secret_file=file, points=("0", "1"), user="monitor")
    for secret in ("hunter2", "hunter3"):
        file.write_text(f"{secret}\n")
        meter = opened(table, host).meter
        assert (meter.secret, meter.points, meter.user) == (secret, ("0", "1"), "monitor")
        assert secret not in repr(meter)


@pytest.mark.parametrize(("content", "why"), [(None, "can't be read"), (b"\n", "is empty"), (b"\xff", "holds no text")])
def test_a_secret_that_can_not_be_had_says_why_with_the_cure(
    host: Host, tmp_path: Path, content: bytes | None, why: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Unavailable, match=why) as refused:
        opened(replace(TABLE, secret_file=file), host)
    with pytest.raises(Unavailable, match=f"the file of the token, {file}, {why}"):
        secret_of(file, "token")
    assert refused.value.reason is Reason.FORBIDDEN
    assert refused.value.cure


@pytest.mark.parametrize("kind", ["other", "missing"])
def test_a_kind_that_reads_no_meters_is_refused_where_it_is_opened_and_stops_no_other(host: Host, kind: str) -> None:
    wrong, right = openings((replace(TABLE, kind=kind), TABLE), {"plug": Plug, "other": Other}, host)
    with pytest.raises(Unavailable, match=kind):
        wrong.open()
    assert right.open().name == "plug"


def test_a_share_of_a_meter_is_declared_and_of_every_figure(host: Host) -> None:
    (opening,) = openings((replace(TABLE, share=Decimal("0.25")),), {"plug": Plug}, host)
    collector = opening.open()
    assert isinstance(collector, Shared)
    counted, drawn, used = collector.collect()
    assert counted == replace(
        COUNTED,
        energy=Energy(250_000),
        plausible=Power.from_watts(750),
        wraps_after=Energy(500_000),
        method=Method.DECLARED,
    )
    assert drawn == replace(DRAWN, power=Power(75_250_000), method=Method.DECLARED)
    assert used is USED
    (source,) = collector.sources()
    assert (source.method, source.description) == ("declared", "http://127.0.0.1:1; 25 % of it, as declared")


def test_closing_a_shared_one_closes_the_whole(host: Host) -> None:
    whole = opened(TABLE, host)
    Shared(whole, Decimal("0.5")).close()
    assert whole.closed


class Reads(Plug):
    """One that also reads the pages of services."""

    def pages(self) -> Sequence[object]:
        return ()


def test_a_power_above_the_rating_plate_is_not_believed_and_the_key_is_named(host: Host) -> None:
    (opening,) = openings((TABLE,), {"plug": Plug}, host)
    collector = plated(opening.open, Power.from_watts(300))()
    with pytest.raises(Retry, match=r"^1 shows 301 W, more than host\.nameplate_power, 300 W: [^.]+$"):
        collector.collect()


def test_at_the_rating_plate_all_is_read_and_a_counter_goes_no_faster(host: Host) -> None:
    (opening,) = openings((TABLE,), {"plug": Plug}, host)
    collector = plated(opening.open, DRAWN.power)()
    assert list(collector.collect()) == [replace(COUNTED, plausible=DRAWN.power), DRAWN, USED]
    assert (collector.name, list(collector.sources())) == ("plug", list(opening.open().sources()))
    far = plated(opening.open, Power.from_watts(9000))()
    assert list(far.collect()) == [COUNTED, DRAWN, USED]


def test_the_rating_plate_says_nothing_of_a_component(host: Host) -> None:
    class Card(Plug):
        def collect(self) -> Sequence[Reading]:
            return replace(COUNTED, resource="gpu0"), replace(DRAWN, resource="gpu0")

    (opening,) = openings((TABLE,), {"plug": Card}, host)
    assert list(plated(opening.open, Power.from_watts(1))().collect()) == list(opening.open().collect())


def test_a_plated_collector_is_closed_with_what_it_reads() -> None:
    plug = Plug(meter_of(TABLE))
    plated(lambda: plug, Power.from_watts(1))().close()
    assert plug.closed


def test_without_a_rating_plate_and_of_pages_a_collector_stays_as_it_is() -> None:
    plug, pages = Plug(meter_of(TABLE)), Reads(meter_of(TABLE))
    assert plated(lambda: plug, None)() is plug
    assert plated(lambda: pages, Power.from_watts(1))() is pages


def test_a_power_is_shown_until_the_meter_that_is_read_least_often_may_have_missed_some_readings() -> None:
    every = Duration.from_seconds(5)
    assert shown_for(every, ()) == Duration.from_seconds(15)
    assert shown_for(every, (TABLE, replace(TABLE, every=Duration.from_seconds(60)))) == Duration.from_seconds(180)
