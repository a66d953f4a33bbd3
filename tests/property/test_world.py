"""What holds in every simulated world, so that what is tested against it can be believed."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.readings import DRAM, PACKAGE, REST
from monitor.simulation.scenario import Ingredient, world_spec
from monitor.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable

SECOND = 10**9
TICK = 5 * SECOND
LENGTH = 600 * SECOND

seeds = st.integers(0, 2**32)
kinds = st.sets(st.sampled_from(Ingredient))
few = settings(max_examples=12, deadline=None)


def run(seed: int, ingredients: set[Ingredient], edges: Iterable[int]) -> World:
    world = World(world_spec(seed, ingredients))
    for edge in edges:
        world.advance(edge)
    return world


def visible(world: World) -> tuple[object, ...]:
    host = world.machine
    return (
        world.clock.stamp(),
        world.clock.boot_id,
        [counter.microjoules(world.now) for counter in host.supply.counters],
        [gpu.millijoules(world.now) for gpu in host.supply.gpus],
        {pid: (one.nanoseconds(world.now), one.reaped, one.ppid, one.memory) for pid, one in host.processes.items()},
        {path: (group.cpu.at(world.now), group.memory, group.alive) for path, group in host.cgroups.items()},
    )


@few
@given(seeds, kinds, st.lists(st.integers(1, LENGTH - 1)))
def test_how_the_time_is_cut_changes_nothing(seed: int, ingredients: set[Ingredient], cuts: list[int]) -> None:
    whole, cut = run(seed, ingredients, [LENGTH]), run(seed, ingredients, [*sorted(cuts), LENGTH])
    assert visible(whole) == visible(cut)
    edges = range(0, LENGTH + 1, TICK)
    assert whole.truth(edges) == cut.truth(edges)


@few
@given(seeds, kinds)
def test_the_truth_sums_to_what_was_drawn(seed: int, ingredients: set[Ingredient]) -> None:
    world = run(seed, ingredients, [LENGTH])
    truth = world.truth(range(0, LENGTH + 1, TICK))
    supply = world.machine.supply
    drawn = {
        PACKAGE: sum(line.at(LENGTH) for line in supply.packages),
        DRAM: sum(line.at(LENGTH) for line in supply.drams),
        REST: supply.rest.at(LENGTH),
        **{f"gpu{gpu.index}": gpu.femtojoules(LENGTH) for gpu in supply.gpus},
    }
    assert {resource: whole.microjoules for resource, whole in truth.measured.items()} == {
        resource: whole // 10**9 for resource, whole in drawn.items()
    }
    for resource, whole in truth.measured.items():
        assert sum(part.microjoules for (_, of), part in truth.energy.items() if of == resource) == whole.microjoules
    assert sum(drawn.values()) == supply.platform.at(LENGTH)


@few
@given(seeds, kinds)
def test_every_nanosecond_of_cpu_belongs_to_a_consumer_a_group_and_a_process(
    seed: int, ingredients: set[Ingredient]
) -> None:
    world = World(world_spec(seed, ingredients - {Ingredient.REBOOT}))
    host = world.machine
    dead = 0
    lives = dict(host.processes)
    for edge in range(TICK, LENGTH + 1, TICK):
        world.advance(edge)
        for pid, process in list(lives.items()):
            if host.processes.get(pid) is not process:
                dead += process.cpu.at(world.now)
                del lives[pid]
        lives |= host.processes
    unseen = host.busy(LENGTH) - dead - sum(process.cpu.at(LENGTH) for process in host.processes.values())
    assert host.busy(LENGTH) == sum(line.at(LENGTH) for line in host.cpu.lines.values())
    assert host.busy(LENGTH) <= LENGTH * world.spec.machine.cpus * 1000
    assert unseen >= 0
    if not ingredients & {Ingredient.SHORT_LIVED, Ingredient.COME_AND_GO}:
        assert unseen < host.busy(LENGTH) // 50


@few
@given(seeds, kinds)
def test_memory_is_held_or_free(seed: int, ingredients: set[Ingredient]) -> None:
    world = run(seed, ingredients, range(TICK, LENGTH + 1, TICK))
    host = world.machine
    held = sum(line.rate for line in host.held.lines.values())
    assert held + host.memory_available == world.spec.machine.memory.bytes
    assert host.memory_available > 0
    assert host.cgroups["/"].memory == sum(process.memory for process in host.processes.values())


@few
@given(seeds)
def test_a_counter_read_at_every_tick_tells_the_energy_to_its_resolution(seed: int) -> None:
    world = World(world_spec(seed, {Ingredient.WRAPS}))
    counters = world.machine.supply.counters
    seen = [[counter.microjoules(0)] for counter in counters]
    for edge in range(TICK, LENGTH + 1, TICK):
        world.advance(edge)
        for values, counter in zip(seen, counters, strict=True):
            values.append(counter.microjoules(edge))
    for values, counter in zip(seen, counters, strict=True):
        wraps = sum(now < before for before, now in pairwise(values))
        steps = (1 << counter.bits) * counter.unit / 1000
        told = values[-1] - values[0] + wraps * steps
        assert abs(told - counter.line.at(LENGTH) / 10**9) <= 2 * counter.unit / 1000


@few
@given(seeds, st.sets(st.sampled_from([one for one in Ingredient if one is not Ingredient.REBOOT])))
def test_the_length_of_a_tick_costs_a_service_no_more_than_three_percent(
    seed: int, ingredients: set[Ingredient]
) -> None:
    world = run(seed, ingredients, [LENGTH])
    ticks, fine = (world.truth(range(0, LENGTH + 1, slot)) for slot in (TICK, SECOND // 2))
    for consumer in {consumer for consumer, _ in fine.energy} - set(PSEUDO_SERVICES):
        by_tick, by_half = (
            sum(truth.of(consumer, resource).joules for resource in truth.measured) for truth in (ticks, fine)
        )
        assert abs(by_tick - by_half) <= 0.03 * by_half


@few
@given(seeds, kinds)
def test_a_truth_can_be_told_in_pieces(seed: int, ingredients: set[Ingredient]) -> None:
    world = run(seed, ingredients, [LENGTH])
    edges = list(range(0, LENGTH + 1, TICK))
    whole, first, second = (world.truth(part) for part in (edges, edges[:50], edges[49:]))
    for key in whole.energy:
        assert abs((whole.of(*key) - first.of(*key) - second.of(*key)).microjoules) <= 3
