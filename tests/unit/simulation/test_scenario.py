import pytest

from monitor.core.entries import PSEUDO_SERVICES
from monitor.simulation.scenario import INCIDENTS, Ingredient, world_spec
from monitor.simulation.spec import Layout, Platform, Reboot, Suspend
from monitor.simulation.world import World
from tests.unit.simulation.small import SECOND


def test_equal_seeds_make_equal_specs_and_others_do_not() -> None:
    everything = tuple(Ingredient)
    assert world_spec(7, everything) == world_spec(7, everything)
    assert world_spec(7, everything) != world_spec(8, everything)


def test_one_ingredient_more_does_not_change_the_others() -> None:
    few, more = world_spec(7, (Ingredient.SUSPEND,)), world_spec(7, (Ingredient.SUSPEND, Ingredient.REBOOT))
    assert few.incidents == tuple(one for one in more.incidents if isinstance(one, Suspend))
    assert few.services == more.services


def test_every_ingredient_changes_the_world() -> None:
    plain = world_spec(7)
    assert [one for one in Ingredient if world_spec(7, (one,)) == plain] == []


@pytest.mark.parametrize("ingredient", INCIDENTS)
def test_what_happens_happens_well_within_the_run(ingredient: Ingredient) -> None:
    for seed in range(20):
        for incident in world_spec(seed, (ingredient,), length=300).incidents:
            assert 50 <= incident.at.seconds <= 250


def test_a_usual_world_has_services_of_every_placement_and_the_usual_company() -> None:
    world = World(world_spec(7, (Ingredient.SHORT_LIVED, Ingredient.COME_AND_GO)))
    kinds = {spec.match[0] for spec in world.spec.services if spec.match}
    assert kinds >= {"systemd", "container", "pod", "process"}
    assert 50 <= len(world.machine.processes) <= 80


def test_only_services_are_to_be_recognised() -> None:
    for spec in world_spec(7, tuple(Ingredient)).services:
        assert (spec.match is None) is (spec.consumer in PSEUDO_SERVICES)


def test_narrow_counters_wrap_several_times_and_never_within_a_tick() -> None:
    world = World(world_spec(7, (Ingredient.WRAPS,)))
    counter = world.machine.supply.package_counters[0]
    wraps, before = 0, counter.microjoules(0)
    for tick in range(1, 121):
        world.advance(tick * 5 * SECOND)
        now = counter.microjoules(world.now)
        wraps += now < before
        before = now
    assert 3 <= wraps <= 20
    most = 2 * world.spec.machine.tdp.microwatts * 6
    assert most < counter.highest


def test_the_layout_and_the_platforms_meter_are_chosen_by_the_caller() -> None:
    spec = world_spec(7, layout=Layout.V1, platform=Platform.PSYS)
    assert (spec.machine.layout, spec.machine.platform) == (Layout.V1, Platform.PSYS)


def test_a_world_with_a_reboot_goes_on_after_it() -> None:
    spec = world_spec(7, (Ingredient.REBOOT,))
    (reboot,) = (one for one in spec.incidents if isinstance(one, Reboot))
    world = World(spec)
    world.advance(reboot.at.nanoseconds + 60 * SECOND)
    assert world.timeline.boots == 1
    assert world.machine.busy(world.now) > 0
