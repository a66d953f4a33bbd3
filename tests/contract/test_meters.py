"""What every collector of meters at an address promises, each with a device of its own (metered.py)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from monitor.collector import Reason, Retry, Unavailable
from monitor.core.counters import SETTLING
from monitor.core.interval import Stamp
from monitor.core.meters import Meters
from monitor.core.readings import CounterReading, PowerReading
from monitor.core.units import Duration, Energy, Power
from tests.contract.metered import DEVICES, OTHER_SECRET, PLAUSIBLE, REAL_PARTS
from tests.contract.test_collectors import (
    ENERGY,
    FOR_METERS,
    assert_in_bounds,
    assert_says_why,
    fields_conform,
    method_of,
    open_files,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor.collector import Collector
    from monitor.core.readings import Reading
    from tests.contract.metered import Device

pytestmark = pytest.mark.usefixtures("no_proxy")

TICK = Duration.from_seconds(10)
MILLION = 1_000_000
LIES: dict[str, Callable[[float], float]] = {
    "negative": lambda value: -value,
    "a million times too high": lambda value: value * MILLION,
    "set back": lambda _: 0,
    "frozen": lambda _: 3_600_000.0,
}

each_device = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.real(REAL_PARTS[name]) if name in REAL_PARTS else ()) for name in DEVICES],
)


@pytest.fixture
def device(name: str) -> Device:
    return DEVICES[name]()


def opened(device: Device, **fields: object) -> Collector:
    collector: Collector = FOR_METERS[device.kind].load().open(device.host(**fields))
    return collector


def at(tick: int) -> Stamp:
    return Stamp(tick * TICK.nanoseconds, tick * TICK.nanoseconds)


def told(collector: Collector) -> Sequence[Reading]:
    """Return what *collector* tells; nothing where it says that it can't now."""
    try:
        return collector.collect()
    except (Retry, Unavailable):
        return []


def test_every_kind_of_meter_has_a_device_to_be_held_to() -> None:
    assert {make().kind for make in DEVICES.values()} == set(FOR_METERS)


@each_device
def test_what_it_tells_is_typed_and_in_bounds_and_of_the_meters_that_it_names(device: Device) -> None:
    before = open_files()
    with device.plugged():
        collector = opened(device)
        rows = [row for row in collector.collect() if isinstance(row, ENERGY)]
        named = list(collector.sources())
        device.draw(10)
        collector.collect()
        assert list(collector.sources()) == named
        collector.close()
    assert open_files() == before
    assert rows
    assert all(fields_conform(row) for row in rows)
    for row in rows:
        assert_in_bounds(row)
    assert len({row.meter for row in rows}) == len(rows)
    assert {(row.resource, row.meter, method_of(row)) for row in rows} == {
        (source.resource, source.meter, source.method) for source in named
    }
    assert all(source.description and source.accuracy for source in named)


@each_device
def test_what_a_minute_of_300_watts_is_booked_as(device: Device) -> None:
    meters, energy = Meters(Duration.from_seconds(60)), Energy.ZERO
    with device.plugged():
        collector = opened(device)
        for tick in range(7):
            meters.take(at(tick), {device.kind: collector.collect()})
            for booking in meters.book(at(tick)):
                energy += booking.energy
                assert booking.missed == ()
            device.draw(10)
        collector.close()
    assert energy.joules == pytest.approx(18_000, rel=0.001)


@each_device
def test_a_meter_that_is_not_there_is_asked_again(device: Device) -> None:
    collector = opened(device)
    with pytest.raises(Retry) as caught:
        collector.collect()
    assert device.secret not in str(caught.value)
    collector.close()


@each_device
def test_a_secret_that_is_not_taken_is_what_is_missing_and_is_not_shown(device: Device) -> None:
    with device.plugged():
        collector = opened(device, secret=OTHER_SECRET)
        with pytest.raises(Unavailable) as caught:
            collector.collect()
        collector.close()
    assert caught.value.reason is Reason.FORBIDDEN
    assert_says_why(caught.value)
    assert OTHER_SECRET not in caught.value.what + caught.value.cure


@each_device
def test_one_that_does_not_answer_keeps_no_other_waiting(name: str, device: Device) -> None:
    other = DEVICES[name]()
    device.silent = True
    with device.plugged(), other.plugged():
        slow, quick = opened(device), opened(other)
        waiting = threading.Thread(target=told, args=(slow,))
        waiting.start()
        assert quick.collect()
        assert waiting.is_alive()
        quick.close()
        device.silent = False
    waiting.join(timeout=60)
    assert not waiting.is_alive()
    slow.close()


@each_device
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_of_a_meter_that_lies_no_more_is_booked_than_the_machine_can_draw(
    device: Device, lie: Callable[[float], float]
) -> None:
    meters = Meters(TICK)
    with device.plugged():
        collector = opened(device)
        for tick in range(4):
            rows = [row for row in told(collector) if isinstance(row, ENERGY)]
            for row in rows:
                assert_in_bounds(row)
                assert not isinstance(row, PowerReading) or row.power <= PLAUSIBLE
            meters.take(at(tick), {device.kind: rows})
            booked = sum(booking.energy.microjoules for booking in meters.book(at(tick)))
            assert 0 <= booked <= most(rows)
            device.draw(10)
            if tick == 1:
                device.lie = lie
        collector.close()


def most(rows: Sequence[Reading]) -> int:
    """Return what the machine can have drawn since the readings before, in microjoules."""
    late = [row.settling for row in rows if isinstance(row, CounterReading) and row.settling is not None]
    highest = max((row.plausible for row in rows if isinstance(row, CounterReading)), default=PLAUSIBLE)
    return Power(highest.microwatts).during(TICK + max(late, default=SETTLING)).microjoules


@each_device
def test_a_meter_that_is_unplugged_and_plugged_in_again_is_read_as_before(device: Device) -> None:
    with device.plugged():
        collector = opened(device)
        before = {row.meter for row in collector.collect() if isinstance(row, ENERGY)}
    device.draw(10)
    with pytest.raises(Retry):
        collector.collect()
    with device.plugged():
        device.draw(10)
        assert {row.meter for row in collector.collect() if isinstance(row, ENERGY)} == before
        collector.close()
