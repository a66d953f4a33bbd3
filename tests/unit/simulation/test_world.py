from dataclasses import replace

import pytest

from monitor.core.entries import MONITOR, OTHER
from monitor.core.units import Duration, Power
from monitor.simulation.hosts import service, session, unit
from monitor.simulation.spec import (
    CounterReset,
    DriverReload,
    GpuLost,
    Incident,
    PidReuse,
    Reboot,
    Rhythm,
    ServiceSpec,
    Suspend,
    Unreadable,
    WallStep,
    WorldSpec,
)
from monitor.simulation.timeline import NEW_YEAR_2026
from monitor.simulation.world import World
from tests.unit.simulation.small import GPU, ON_GPU, PLAIN, SECOND, clock_id, spec

OFTEN = Rhythm(idle=(1, 3), busy=(2, 6), spell=(1, 2))


def seconds(number: float) -> Duration:
    return Duration.from_seconds(number)


def world(*incidents: Incident, services: tuple[ServiceSpec, ...] = (), seed: int = 3, remembers: bool = True) -> World:
    monitor = ServiceSpec(MONITOR, unit("empreinte"), PLAIN)
    usual = service("assistant", unit("vllm"), ON_GPU, rhythm=OFTEN)
    return World(WorldSpec(seed, spec(GPU), (monitor, usual, *services), incidents, remembers=remembers))


def test_a_world_stands_still_until_it_is_let_run() -> None:
    one = world()
    assert one.clock.stamp() == NEW_YEAR_2026
    one.advance(7 * SECOND)
    assert one.clock.stamp().wall == NEW_YEAR_2026.wall + 7 * SECOND
    assert one.clock.stamp().boot == NEW_YEAR_2026.boot + 7 * SECOND


def test_the_monitor_itself_runs_in_the_world() -> None:
    one = world()
    assert one.machine.processes[one.own_pid].consumer == MONITOR
    assert one.read_clock(clock_id(one.own_pid)) == 0
    one.advance(10 * SECOND)
    assert one.read_clock(clock_id(one.own_pid)) > 0


def test_sleep_passes_on_the_clocks_and_draws_nothing() -> None:
    one = world(Suspend(at=seconds(10), length=seconds(100)))
    one.advance(20 * SECOND)
    assert one.clock.stamp().boot == NEW_YEAR_2026.boot + 120 * SECOND
    assert one.clock.stamp().wall == NEW_YEAR_2026.wall + 120 * SECOND
    assert one.truth((0, one.now)).measured["rest"].joules == 20 * 20


@pytest.mark.parametrize("resets", [True, False])
def test_sleep_may_reset_the_counters(resets: bool) -> None:
    one = world(Suspend(at=seconds(10), length=seconds(100), resets_counters=resets))
    counter = one.machine.supply.package_counters[0]
    one.advance(10 * SECOND - 1)
    before = counter.microjoules(one.now)
    one.advance(10 * SECOND)
    assert (counter.microjoules(one.now) < before) is resets


def test_a_counter_reset_leaves_the_clocks_alone() -> None:
    one = world(CounterReset(at=seconds(10)))
    one.advance(10 * SECOND)
    assert one.machine.supply.package_counters[0].microjoules(one.now) == 0
    assert one.clock.stamp().boot == NEW_YEAR_2026.boot + 10 * SECOND


def test_the_wall_clock_is_set_back_and_the_boot_clock_goes_on() -> None:
    one = world(WallStep(at=seconds(10), by=seconds(-3600)))
    one.advance(20 * SECOND)
    assert one.clock.stamp().wall == NEW_YEAR_2026.wall + (20 - 3600) * SECOND
    assert one.clock.stamp().boot == NEW_YEAR_2026.boot + 20 * SECOND


def test_a_boot_has_a_new_identity_and_starts_the_services_again() -> None:
    one = world(Reboot(at=seconds(10), length=seconds(60)))
    before = one.clock.boot_id
    one.advance(10 * SECOND - 1)
    last = one.clock.stamp()
    one.advance(11 * SECOND)
    assert one.clock.boot_id != before
    assert one.clock.stamp().boot < last.boot
    assert one.clock.stamp().wall == last.wall + 61 * SECOND + 1
    assert {life.spec.consumer for life in one.lives if life.run} == {MONITOR, "assistant"}
    assert one.machine.processes[one.own_pid].started == one.timeline.boot - SECOND
    before_boot = one.machine.busy(one.now)
    one.advance(60 * SECOND)
    assert one.machine.busy(one.now) > before_boot


def test_each_world_and_each_beginning_has_a_boot_of_its_own() -> None:
    later = replace(NEW_YEAR_2026, wall=NEW_YEAR_2026.wall + 1)
    assert world().clock.boot_id == world().clock.boot_id
    assert len({world().clock.boot_id, world(seed=4).clock.boot_id, World(world().spec, later).clock.boot_id}) == 3


def test_a_lost_gpu_comes_back_and_its_service_with_it() -> None:
    one = world(GpuLost(at=seconds(20), length=seconds(30), index=0))
    gpu = one.machine.supply.gpus[0]
    one.advance(19 * SECOND)
    assert one.machine.users_of(0)
    one.advance(30 * SECOND)
    assert (gpu.present, gpu.power, one.machine.users_of(0)) == (False, 0, [])
    one.advance(120 * SECOND)
    assert gpu.present
    assert one.machine.users_of(0)


def test_a_driver_that_is_loaded_again_counts_from_zero() -> None:
    one = world(DriverReload(at=seconds(20), length=seconds(10)))
    one.advance(25 * SECOND)
    assert not one.machine.driver_loaded
    assert one.machine.users_of(0) == []
    one.advance(30 * SECOND)
    assert one.machine.driver_loaded
    assert one.machine.supply.gpus[0].millijoules(one.now) == 0


def test_files_are_unreadable_for_a_while() -> None:
    one = world(Unreadable(at=seconds(10), length=seconds(5), what="energy"))
    seen = []
    for moment in (9, 10, 14, 15):
        one.advance(moment * SECOND)
        seen.append("energy" in one.unreadable)
    assert seen == [False, True, True, False]


def test_a_pid_goes_from_a_service_to_a_stranger() -> None:
    one = world(PidReuse(at=seconds(20), consumer="assistant"))
    owners: dict[int, list[str]] = {}
    for moment in range(20, 60):
        one.advance(moment * SECOND)
        for pid, process in one.machine.processes.items():
            if process.consumer not in (held := owners.setdefault(pid, [])):
                held.append(process.consumer)
    assert ["assistant", OTHER] in owners.values()


def test_a_service_appears_disappears_and_comes_back() -> None:
    passing = service(
        "passing", unit("p"), PLAIN, appears=seconds(10), disappears=seconds(30), stays_down=seconds(10), rhythm=OFTEN
    )
    one = world(services=(passing,))
    seen = {}
    for moment in (9, 10, 29, 30, 39, 40, 60):
        one.advance(moment * SECOND)
        seen[moment] = "/system.slice/p.service" in one.machine.cgroups
    assert seen == {9: False, 10: True, 29: True, 30: False, 39: False, 40: True, 60: True}


def test_a_service_that_stops_leaves_the_group_that_it_shared_to_others() -> None:
    shared = session(1000, 3)
    leaving = service("leaving", shared, PLAIN, PLAIN, disappears=seconds(10), rhythm=OFTEN)
    staying = ServiceSpec(OTHER, shared, PLAIN)
    one = world(services=(leaving, staying))
    one.advance(20 * SECOND)
    assert [process.consumer for process in one.machine.cgroups[shared].processes.values()] == [OTHER]


def test_short_lived_children_belong_to_their_service_and_die_with_it() -> None:
    rhythm = Rhythm(idle=(0, 0), busy=(100, 100), spawns=(0, 1))
    forking = service("ocr", unit("ocr"), PLAIN, rhythm=rhythm, disappears=seconds(50))
    one = world(services=(forking,))
    one.advance(40 * SECOND)
    main = next(life.run.processes[0] for life in one.lives if life.spec.consumer == "ocr" and life.run)
    assert main.reaped > 0
    one.advance(60 * SECOND)
    assert all(process.consumer != "ocr" for process in one.machine.processes.values())


def test_a_world_of_another_seed_is_another_world() -> None:
    def busy(seed: int) -> int:
        one = world(seed=seed)
        one.advance(60 * SECOND)
        return one.machine.busy(one.now)

    assert busy(1) == busy(1)
    assert busy(1) != busy(2)


def test_the_true_floors_are_told_as_they_are_configured() -> None:
    assert world().floor_powers() == {
        "package": Power.from_watts(20),
        "dram": Power.from_watts(4),
        "gpu0": Power.from_watts(10),
        "gpu0:residency": Power.from_watts(5),
    }


def test_a_world_without_memory_has_no_truth_to_tell() -> None:
    one = world(remembers=False)
    one.advance(60 * SECOND)
    with pytest.raises(LookupError):
        one.truth((20 * SECOND, 40 * SECOND))
