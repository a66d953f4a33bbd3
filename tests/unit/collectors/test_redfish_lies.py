"""A BMC that lies, starts, or stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.redfish import NOW, Clock, control, environment, kilowatt_hours, metrics, opened, watts, why
from tests.parts.bmc import Bmc

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def bmc() -> Iterator[Bmc]:
    with Bmc(NOW) as bmc:
        yield bmc


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("shown", [None, 0, 0.0])
def test_a_bmc_that_starts_and_shows_nothing_yet_is_asked_again(bmc: Bmc, shown: object) -> None:
    chassis = bmc.chassis(Power=control(shown))
    collector = opened(bmc)
    assert "measures nothing now" in why(collector)
    bmc.resources[f"{chassis}/Power"] = control(300)
    assert watts(collector) == {"1U": 300}
    collector.close()


@pytest.mark.parametrize("lie", [-5, 0, 2001, 344_000_000, "full", True, {"of": 3}, 1e300])
def test_a_power_that_can_not_be_true_is_not_told(bmc: Bmc, lie: object) -> None:
    chassis = bmc.chassis(Power=control(344))
    collector = opened(bmc)
    watts(collector)
    bmc.resources[f"{chassis}/Power"] = control(lie)
    why(collector)
    bmc.resources[f"{chassis}/Power"] = control(340)
    assert watts(collector) == {"1U": 340}
    collector.close()


@pytest.mark.parametrize("lie", [-5.25, None, "much", 10**30])
def test_an_energy_that_can_not_be_true_is_not_told(bmc: Bmc, lie: object) -> None:
    chassis = bmc.chassis(EnvironmentMetrics=environment(EnergykWh=12.34))
    collector = opened(bmc)
    kilowatt_hours(collector)
    bmc.resources[f"{chassis}/EnvironmentMetrics"]["EnergykWh"]["Reading"] = lie
    why(collector)
    collector.close()


def timed(chassis: str, bmc: Bmc, power: float, moment: str) -> None:
    """Have the power of *chassis* measured by a sensor that tells when."""
    sensor = f"{chassis}/Sensors/TotalPower"
    bmc.resources[sensor] = {"Reading": power, "ReadingUnits": "W", "ReadingTime": moment}
    excerpt = {"PowerWatts": {"Reading": power, "DataSourceUri": sensor}}
    bmc.resources[f"{chassis}/EnvironmentMetrics"] = excerpt


def test_a_sensor_that_stands_still_is_believed_no_longer_than_the_hold(bmc: Bmc, clock: Clock) -> None:
    chassis = bmc.chassis(EnvironmentMetrics={})
    timed(chassis, bmc, 374, "2026-06-10T12:00:00Z")
    collector = opened(bmc, clock)
    for _ in range(6):
        assert watts(collector) == {"1U": 374}
        clock.now += 10
    clock.now += 10
    assert "it has shown the same moment for 70 s" in why(collector)
    timed(chassis, bmc, 374, "2026-06-10T12:01:10Z")
    assert watts(collector) == {"1U": 374}
    collector.close()


def test_a_sensor_of_one_supply_that_stands_still_is_not_hidden_by_the_other(bmc: Bmc, clock: Clock) -> None:
    chassis = bmc.chassis()
    sensors = {name: f"{chassis}/Sensors/{name}" for name in ("Bay1", "Bay2")}
    bmc.supplies(chassis, **{name: {"InputPowerWatts": {"DataSourceUri": place}} for name, place in sensors.items()})
    collector = opened(bmc, clock)
    for second in range(0, 60, 10):
        bmc.resources[sensors["Bay1"]] = {"Reading": 100 + second, "ReadingTime": f"2026-06-10T12:00:{second}Z"}
        bmc.resources[sensors["Bay2"]] = {"Reading": 90, "ReadingTime": "2026-06-10T12:00:00Z"}
        assert watts(collector) == {"1U/Bay1": 100 + second, "1U/Bay2": 90}
        clock.now += 11
    bmc.resources[sensors["Bay1"]] = {"Reading": 170, "ReadingTime": "2026-06-10T12:01:06Z"}
    assert "stands still" in why(collector)
    collector.close()


def test_a_counter_that_stands_still_beside_a_power_is_no_machine_that_draws_nothing(bmc: Bmc, clock: Clock) -> None:
    """At 360 W its 0.01 kWh take 100 s: four of them, and the minute that it may be late, are 460 s."""
    chassis = bmc.chassis(EnvironmentMetrics=environment(PowerWatts=360, EnergykWh=12.34))
    collector = opened(bmc, clock)
    for _ in range(47):
        kilowatt_hours(collector)
        clock.now += 10
    assert "a counter that stands still" in why(collector)
    bmc.resources[f"{chassis}/EnvironmentMetrics"]["EnergykWh"]["Reading"] = 12.387
    assert kilowatt_hours(collector) == {"1U": (12.387, "SN-1U")}
    collector.close()


@pytest.mark.parametrize("power", [None, 0])
def test_a_counter_that_stands_still_where_no_power_is_shown_is_believed(bmc: Bmc, clock: Clock, power: object) -> None:
    bmc.supplies(bmc.chassis(), Bay1=metrics(power, EnergykWh=12.34))
    collector = opened(bmc, clock)
    for _ in range(20):
        kilowatt_hours(collector)
        clock.now += 100
    collector.close()


@pytest.mark.parametrize("power", [-5, 344_000_000])
def test_a_power_beside_a_counter_that_can_not_be_true_makes_the_counter_doubtful(bmc: Bmc, power: object) -> None:
    bmc.chassis(EnvironmentMetrics=environment(PowerWatts=power, EnergykWh=12.34))
    collector = opened(bmc)
    why(collector)
    collector.close()
