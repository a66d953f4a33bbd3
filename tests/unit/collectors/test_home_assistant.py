"""Home Assistant's entities, from a server on loopback that answers as its developers document it."""

from datetime import UTC, datetime, timedelta

import pytest

from collectors.home_assistant import HomeAssistantCollector
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.counters import CounterState, Reset, step
from monitor.core.readings import CounterReading, PowerReading, Reading
from monitor.core.units import Duration, Power
from tests.fixtures.meters import HOLD, SECRET, host_with, read_twice
from tests.parts.grid import GridServer
from tests.parts.plugs import Home

pytestmark = pytest.mark.usefixtures("no_proxy")

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
PLUG = "sensor.prise"


def read(state: str, unit: str, age: int = 0, **attributes: object) -> list[Reading]:
    home = Home(SECRET, NOON - timedelta(seconds=age))
    home.entity(PLUG, state, unit, **attributes)
    return asked(home)


def asked(home: Home, *points: str, secret: str = SECRET) -> list[Reading]:
    with GridServer(home, NOON) as server:
        host = host_with(server.url, points=points or (PLUG,), secret=secret)
        return list(read_twice(HomeAssistantCollector.open(host)))


@pytest.mark.parametrize(
    ("state", "unit", "joules"), [("1.5", "kWh", 5_400_000), ("1500", "Wh", 5_400_000), ("0.002", "MWh", 7_200_000)]
)
def test_a_sensor_of_energy_is_a_counter_in_its_own_unit(state: str, unit: str, joules: int) -> None:
    (row,) = read(state, unit)
    assert isinstance(row, CounterReading)
    assert (row.meter, row.energy.joules) == (PLUG, joules)


@pytest.mark.parametrize(("state", "unit"), [("180.5", "W"), ("0.1805", "kW")])
def test_a_sensor_of_power_is_one(state: str, unit: str) -> None:
    (row,) = read(state, unit)
    assert isinstance(row, PowerReading)
    assert (row.power, row.hold) == (Power(180_500_000), HOLD)


def test_a_counter_that_begins_anew_at_midnight_is_reset_and_does_not_wrap() -> None:
    (late,), (early,) = read("4.98", "kWh"), read("0.01", "kWh")
    assert isinstance(late, CounterReading)
    assert isinstance(early, CounterReading)
    before, after = (CounterState(row.energy, row.epoch) for row in (late, early))
    ten = Duration.from_seconds(10)
    assert isinstance(step(before, after, wraps_after=early.wraps_after, plausible=early.plausible, awake=ten), Reset)
    (dated,) = read("0.01", "kWh", state_class="total", last_reset="2026-06-10T00:00:00+02:00")
    assert isinstance(dated, CounterReading)
    assert dated.epoch == "2026-06-10T00:00:00+02:00"


def test_one_step_of_a_coarse_counter_is_no_reset() -> None:
    (before,), (after,) = read("12", "kWh"), read("13", "kWh")
    assert isinstance(before, CounterReading)
    assert isinstance(after, CounterReading)
    assert after.settling is not None
    assert after.plausible.during(after.settling) >= after.energy - before.energy


@pytest.mark.parametrize("state", ["unavailable", "unknown", "", "3,5", "nan"])
def test_what_is_no_figure_now_is_asked_again(state: str) -> None:
    with pytest.raises(Retry):
        read(state, "kWh")


def test_a_figure_older_than_the_hold_is_not_read() -> None:
    assert read("1.5", "kWh", age=59)
    with pytest.raises(Retry, match="61 s ago"):
        read("1.5", "kWh", age=61)


@pytest.mark.parametrize(
    ("unit", "more"), [("%", {}), ("EUR", {}), ("VA", {}), ("kWh", {"state_class": "measurement"})]
)
def test_what_is_neither_a_counter_of_energy_nor_a_power_is_refused(unit: str, more: dict[str, object]) -> None:
    with pytest.raises(Unavailable, match="no counter of energy and no power") as refused:
        read("5", unit, **more)
    assert refused.value.cure


def test_two_supplies_are_two_entities_and_one_that_is_not_there_is_refused() -> None:
    home = Home(SECRET, NOON)
    home.entity("sensor.a", "1", "kWh")
    home.entity("sensor.b", "2", "kWh")
    assert [getattr(row, "meter", "") for row in asked(home, "sensor.a", "sensor.b")] == ["sensor.a", "sensor.b"]
    with pytest.raises(Unavailable, match=r"no entity sensor\.c"):
        asked(home, "sensor.a", "sensor.c")


def test_without_its_token_or_an_entity_it_says_what_is_missing() -> None:
    for secret in ("", "wrong"):
        with pytest.raises(Unavailable) as refused:
            asked(Home(SECRET, NOON), secret=secret)
        assert refused.value.reason is Reason.FORBIDDEN
    with pytest.raises(Unavailable, match="no entity is named"):
        HomeAssistantCollector.open(host_with("http://127.0.0.1:1", secret=SECRET))
