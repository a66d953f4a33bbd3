"""What is read of a BMC, of all that it shows, and of which of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.collector import Reason
from monitor.core.readings import CounterReading
from tests.fixtures.redfish import (
    NOW,
    control,
    environment,
    kilowatt_hours,
    metrics,
    opened,
    refused,
    watts,
    why,
)
from tests.parts.bmc import Bmc

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def bmc() -> Iterator[Bmc]:
    with Bmc(NOW) as bmc:
        yield bmc


def test_opening_asks_nothing_and_makes_no_session(bmc: Bmc) -> None:
    collector = opened(bmc)
    assert list(collector.sources()) == []
    collector.close()
    assert bmc.server.asked == []


# what is read, of all that there is


def test_an_older_bmc_tells_the_power_of_the_whole_in_its_first_entry(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344, 120, 60))
    collector = opened(bmc)
    assert watts(collector) == {"1U": 344}
    (source,) = collector.sources()
    assert (source.resource, source.method) == ("platform", "integrated")
    assert source.description.endswith("/redfish/v1/Chassis/1U/Power, PowerControl.0.PowerConsumedWatts")
    collector.close()


def test_what_the_supplies_take_in_is_read_and_not_what_they_give(bmc: Bmc) -> None:
    chassis = bmc.chassis(Power=control(300), EnvironmentMetrics=environment(PowerWatts=310))
    bmc.supplies(chassis, Bay1=metrics(187.5), Bay2=metrics(163))
    collector = opened(bmc)
    assert watts(collector) == {"1U/Bay1": 187.5, "1U/Bay2": 163}
    collector.close()


def test_without_supplies_that_measure_the_environment_is_read(bmc: Bmc) -> None:
    chassis = bmc.chassis(Power=control(300), EnvironmentMetrics=environment(PowerWatts=374))
    bmc.supplies(chassis, Bay1={"OutputPowerWatts": {"Reading": 300}}, Bay2=None)
    collector = opened(bmc)
    assert watts(collector) == {"1U": 374}
    collector.close()


def test_a_counter_of_energy_is_read_before_any_power(bmc: Bmc) -> None:
    chassis = bmc.chassis(EnvironmentMetrics=environment(PowerWatts=374, EnergykWh=1234.567), Power=control(370))
    bmc.supplies(chassis, Bay1=metrics(EnergykWh=700.123))
    collector = opened(bmc)
    assert kilowatt_hours(collector) == {"1U": (1234.567, "SN-1U")}
    assert [source.method for source in collector.sources()] == ["counter"]
    collector.close()


def test_the_counters_of_all_supplies_are_read_each_by_itself(bmc: Bmc) -> None:
    bmc.supplies(bmc.chassis(), Bay1=metrics(EnergykWh=700.123), Bay2=metrics(EnergykWh=0.042))
    collector = opened(bmc)
    assert kilowatt_hours(collector) == {"1U/Bay1": (700.123, "SN-Bay1"), "1U/Bay2": (0.042, "SN-Bay2")}
    collector.close()


def test_a_counter_of_whole_kilowatt_hours_is_read_only_where_there_is_no_power(bmc: Bmc) -> None:
    """DMTF's mockup shows 325675 kWh beside 937.4 W."""
    chassis = bmc.chassis()
    bmc.supplies(chassis, Bay1=metrics(937.4, EnergykWh=325_675), Bay2=None)
    collector = opened(bmc)
    assert watts(collector) == {"1U/Bay1": 937.4}
    collector.close()
    bmc.supply(f"{chassis}/PowerSubsystem/PowerSupplies/Bay1", {"EnergykWh": {"Reading": 325_675}})
    collector = opened(bmc)
    (row,) = collector.collect()
    assert isinstance(row, CounterReading)
    assert row.settling is not None
    assert row.settling.seconds == pytest.approx(1 + 60 + 3_600_000 / 2000)
    collector.close()


def test_a_counter_stays_what_it_is_where_it_shows_a_round_figure(bmc: Bmc) -> None:
    chassis = bmc.chassis(EnvironmentMetrics=environment(PowerWatts=374, EnergykWh=12.34))
    collector = opened(bmc)
    kilowatt_hours(collector)
    before = list(collector.sources())
    bmc.resources[f"{chassis}/EnvironmentMetrics"]["EnergykWh"]["Reading"] = 13
    assert kilowatt_hours(collector) == {"1U": (13, "SN-1U")}
    assert list(collector.sources()) == before
    collector.close()


def test_of_a_counter_that_can_be_set_back_its_whole_life_is_read(bmc: Bmc) -> None:
    bmc.chassis(EnvironmentMetrics={"EnergykWh": {"Reading": 0.25, "LifetimeReading": 9876.54}})
    collector = opened(bmc)
    assert kilowatt_hours(collector) == {"1U": (9876.54, "SN-1U")}
    collector.close()


def test_a_counter_that_a_firmware_update_set_back_is_told_as_it_stands(bmc: Bmc) -> None:
    """What a decrease means is the framework's affair: it is a gap, and no energy."""
    chassis = bmc.chassis(EnvironmentMetrics=environment(EnergykWh=1234.567))
    collector = opened(bmc)
    kilowatt_hours(collector)
    bmc.resources[f"{chassis}/EnvironmentMetrics"]["EnergykWh"]["Reading"] = 0
    bmc.restart()
    assert kilowatt_hours(collector) == {"1U": (0, "SN-1U")}
    collector.close()


# power supplies that come and go


def test_a_supply_that_is_pulled_is_left_out_and_read_again_when_it_is_back(bmc: Bmc) -> None:
    chassis = bmc.chassis()
    bmc.supplies(chassis, Bay1=metrics(180), Bay2=metrics(170))
    bay = f"{chassis}/PowerSubsystem/PowerSupplies/Bay2"
    collector = opened(bmc)
    assert len(watts(collector)) == 2
    bmc.supply(bay, None)
    assert watts(collector) == {"1U/Bay1": 180}
    bmc.supply(bay, metrics(90))
    assert watts(collector) == {"1U/Bay1": 180, "1U/Bay2": 90}
    collector.close()


def test_another_supply_in_the_same_bay_has_a_counter_of_its_own(bmc: Bmc) -> None:
    chassis = bmc.chassis()
    bmc.supplies(chassis, Bay1=metrics(EnergykWh=700.123))
    bay = f"{chassis}/PowerSubsystem/PowerSupplies/Bay1"
    collector = opened(bmc)
    kilowatt_hours(collector)
    bmc.supply(bay, None)
    why(collector)
    bmc.supply(bay, metrics(EnergykWh=700.125), serial="another")
    assert kilowatt_hours(collector) == {"1U/Bay1": (700.125, "another")}
    collector.close()


def test_a_supply_that_is_there_and_shows_nothing_is_no_part_to_leave_out(bmc: Bmc) -> None:
    """One of two would pass for the whole machine."""
    chassis = bmc.chassis()
    bmc.supplies(chassis, Bay1=metrics(180), Bay2=metrics(170))
    collector = opened(bmc)
    watts(collector)
    shows = bmc.resources[f"{chassis}/PowerSubsystem/PowerSupplies/Bay2/Metrics"]["InputPowerWatts"]
    shows["Reading"] = None
    assert "Bay2/Metrics shows no InputPowerWatts" in why(collector)
    shows["Reading"] = 170
    assert len(watts(collector)) == 2
    collector.close()


def test_a_supply_in_standby_that_takes_nothing_in_counts_as_nothing(bmc: Bmc) -> None:
    bmc.supplies(bmc.chassis(), Bay1=metrics(350), Bay2=metrics(0))
    collector = opened(bmc)
    assert watts(collector) == {"1U/Bay1": 350, "1U/Bay2": 0}
    collector.close()


def test_a_supply_that_is_listed_twice_counts_once(bmc: Bmc) -> None:
    chassis = bmc.chassis()
    bmc.supplies(chassis, Bay1=metrics(350))
    listed = bmc.resources[f"{chassis}/PowerSubsystem/PowerSupplies"]["Members"]
    listed.append(listed[0])
    collector = opened(bmc)
    assert watts(collector) == {"1U/Bay1": 350}
    collector.close()


# several chassis


def test_of_chassis_that_are_in_each_other_the_outermost_is_read(bmc: Bmc) -> None:
    """A server's tray of GPUs shows its own power, which is in that of the server."""
    bmc.chassis("GPU_0", "Tray", EnvironmentMetrics=environment(PowerWatts=232))
    bmc.chassis("Tray", "Chassis_0")
    bmc.chassis("Chassis_0", EnvironmentMetrics=environment(PowerWatts=1349.25))
    bmc.chassis("Riser")
    collector = opened(bmc)
    assert watts(collector) == {"Chassis_0": 1349.25}
    collector.close()


def test_of_chassis_beside_each_other_the_right_one_has_to_be_named(bmc: Bmc) -> None:
    bmc.chassis("Node1", Power=control(210))
    bmc.chassis("Node2", Power=control(220))
    fact = refused(opened(bmc))
    assert fact.reason is Reason.UNSUPPORTED
    assert "Node1, Node2" in fact.what
    assert "meter.points" in fact.cure
    named = opened(bmc, points=("Node2",))
    assert watts(named) == {"Node2": 220}
    named.close()
    both = opened(bmc, points=("Node1", "Node2"))
    assert watts(both) == {"Node1": 210, "Node2": 220}
    both.close()


def test_two_chassis_that_are_each_in_the_other_are_no_endless_search(bmc: Bmc) -> None:
    bmc.chassis("A", "B", Power=control(210))
    bmc.chassis("B", "A", Power=control(220))
    assert refused(opened(bmc)).reason is Reason.UNSUPPORTED


def test_a_chassis_that_is_named_and_not_there_is_said_with_those_that_are(bmc: Bmc) -> None:
    bmc.chassis("Node1", Power=control(210))
    fact = refused(opened(bmc, points=("Node3",)))
    assert "shows the chassis Node1" in fact.what


def test_a_named_chassis_that_measures_nothing_is_not_left_out_of_the_sum(bmc: Bmc) -> None:
    bmc.chassis("Node1", Power=control(210))
    bmc.chassis("Node2")
    fact = refused(opened(bmc, points=("Node1", "Node2")))
    assert "of the chassis Node2" in fact.what


def test_a_machine_that_measures_nothing_is_of_no_use(bmc: Bmc) -> None:
    bmc.chassis(Thermal={"Temperatures": []})
    fact = refused(opened(bmc))
    assert fact.reason is Reason.UNSUPPORTED
    assert "measures no power of the chassis 1U" in fact.what
