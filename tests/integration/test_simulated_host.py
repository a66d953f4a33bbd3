"""The real collectors on a simulated host see exactly what it counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from collectors.cgroup import CgroupCollector
from collectors.nvidia import NvidiaCollector
from collectors.perf import PerfCollector
from collectors.process import ProcessCollector
from collectors.rapl import RaplCollector
from monitor.collector import Host, Retry, Unavailable
from monitor.core.entries import OTHER
from monitor.core.readings import CounterReading, GpuUsageReading, HostUsageReading, UsageReading
from monitor.core.units import Duration
from monitor.simulation.rules import service_rules
from monitor.simulation.scenario import Ingredient, world_spec
from monitor.simulation.spec import Layout, Platform, Rapl, Unreadable, WorldSpec
from monitor.simulation.townhall import townhall
from monitor.simulation.trees import HostTree
from monitor.simulation.world import World
from monitor.workloads import HostWorkloads, catalogue
from tests.fixtures.host import simulated_host

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 10**9
TICK = 5 * SECOND
CLOCK_TICK = 10_000_000


@dataclass
class Scene:
    """A world shown as files, with what the daemon needs to read it."""

    world: World
    tree: HostTree
    host: Host
    workloads: HostWorkloads

    def advance(self, to: int) -> None:
        """Move the world on and see who is there, as the daemon does before each reading."""
        self.world.advance(to)
        self.tree.write()
        self.workloads.refresh()

    def tell(self, consumer: str) -> int:
        """Return the CPU time that *consumer* has truly used, in ns."""
        return self.world.machine.cpu.lines[consumer].at(self.world.now) // 1000


def scene(spec: WorldSpec, root: Path) -> Scene:
    world = World(spec)
    tree = HostTree(world, root)
    workloads = HostWorkloads(tree.procfs, service_rules(spec), (), world.own_pid)
    return Scene(world, tree, simulated_host(root, world, workloads), workloads)


@pytest.mark.parametrize(
    ("platform", "mirrored"), [(Platform.NONE, False), (Platform.PSYS, False), (Platform.NONE, True)]
)
def test_rapl_reads_every_counter_once(tmp_path: Path, platform: Platform, mirrored: bool) -> None:
    spec = world_spec(1, {Ingredient.WRAPS}, platform=platform)
    here = scene(replace(spec, machine=replace(spec.machine, mirrored_dies=mirrored)), tmp_path)
    collector = RaplCollector.open(here.host)
    supply = here.world.machine.supply
    counters = [*supply.package_counters, *supply.dram_counters]
    counters += [supply.platform_counter] if platform is Platform.PSYS else []
    for tick in range(10):
        here.advance(tick * TICK)
        readings = [reading for reading in collector.collect() if isinstance(reading, CounterReading)]
        assert sorted((reading.energy.microjoules, reading.wraps_after) for reading in readings) == sorted(
            (counter.microjoules(here.world.now), type(readings[0].energy)(counter.highest)) for counter in counters
        )
    collector.close()


@pytest.mark.parametrize("sockets", [1, 2])
def test_perf_counts_what_every_socket_draws_from_when_it_was_opened(tmp_path: Path, sockets: int) -> None:
    """It never wraps, although the registers do, and a counter that is set back is none of its business."""
    spec = world_spec(1, {Ingredient.WRAPS, Ingredient.COUNTER_RESET}, platform=Platform.PSYS)
    machine = replace(spec.machine, sockets=sockets, rapl=Rapl.PERF)
    here = scene(replace(spec, machine=machine), tmp_path)
    supply = here.world.machine.supply
    here.advance(TICK)
    collector = PerfCollector.open(here.host)
    lines = [*supply.packages, *supply.drams, *([supply.platform] if sockets == 1 else [])]
    begun = [line.at(here.world.now) for line in lines]
    for tick in range(2, 40):
        here.advance(tick * TICK)
        readings = [reading for reading in collector.collect() if isinstance(reading, CounterReading)]
        drawn = [(line.at(here.world.now) - begin) / 1e9 for line, begin in zip(lines, begun, strict=True)]
        assert [reading.energy.microjoules for reading in readings] == pytest.approx(drawn, abs=1)
    collector.close()
    with pytest.raises(Unavailable):
        RaplCollector.open(here.host)


def test_rapl_tries_again_where_the_counters_hold_no_number(tmp_path: Path) -> None:
    incident = Unreadable(at=Duration.from_seconds(5), length=Duration.from_seconds(5), what="energy")
    here = scene(replace(world_spec(1), incidents=(incident,)), tmp_path)
    collector = RaplCollector.open(here.host)
    here.advance(5 * SECOND)
    with pytest.raises(Retry):
        collector.collect()
    here.advance(10 * SECOND)
    assert len(collector.collect()) == 4
    collector.close()


@pytest.mark.parametrize("layout", Layout)
def test_control_groups_show_the_time_of_the_services_that_are_whole(tmp_path: Path, layout: Layout) -> None:
    here = scene(world_spec(1, layout=layout), tmp_path)
    processes, groups = ProcessCollector.open(here.host), CgroupCollector.open(here.host)
    for tick in range(1, 10):
        here.advance(tick * TICK)
        processes.collect()
        shown = {reading.consumer: reading for reading in groups.collect() if isinstance(reading, UsageReading)}
        assert set(shown) == {"assistant", "recherche", "transcription"}
        for consumer, reading in shown.items():
            assert 0 <= here.tell(consumer) - reading.cpu.nanoseconds < 1000
            assert reading.memory.bytes == here.world.machine.held.lines[consumer].rate
    groups.close()


def test_processes_show_the_time_of_what_shares_its_group_and_of_the_host(tmp_path: Path) -> None:
    here = scene(world_spec(1), tmp_path)
    processes, groups = ProcessCollector.open(here.host), CgroupCollector.open(here.host)
    here.advance(TICK)
    processes.collect()
    before = here.tell("resume")
    for tick in range(2, 40):
        here.advance(tick * TICK)
        readings = processes.collect()
        (host,) = (reading for reading in readings if isinstance(reading, HostUsageReading))
        (shared,) = (one for one in readings if isinstance(one, UsageReading) and one.consumer == "resume")
        assert 0 <= here.world.machine.busy(here.world.now) // 1000 - host.busy.nanoseconds <= 4 * CLOCK_TICK
        assert shared.cpu.nanoseconds == here.tell("resume") - before
        assert host.cpus == here.world.spec.machine.cpus
        assert host.memory_available.bytes // 1024 == here.world.machine.memory_available // 1024
    groups.close()


def test_children_that_live_for_less_than_a_tick_are_counted_where_there_is_no_group(tmp_path: Path) -> None:
    seed = next(
        seed
        for seed in range(20)
        for one in world_spec(seed, {Ingredient.SHORT_LIVED}).services
        if one.consumer == "ocr" and one.match is not None and one.match[0] == "process"
    )
    here = scene(world_spec(seed, {Ingredient.SHORT_LIVED}), tmp_path)
    processes = ProcessCollector.open(here.host)
    here.advance(TICK)
    processes.collect()
    before = here.tell("ocr")
    shown = 0
    for tick in range(2, 121):
        here.advance(tick * TICK)
        readings = [one for one in processes.collect() if isinstance(one, UsageReading) and one.consumer == "ocr"]
        shown = sum(reading.cpu.nanoseconds for reading in readings)
    used = here.tell("ocr") - before
    assert used > 100 * SECOND
    assert abs(shown - used) < used // 100


def test_nvidia_reads_the_energy_of_each_card_and_who_uses_it(tmp_path: Path) -> None:
    here = scene(world_spec(1), tmp_path)
    processes, collector = ProcessCollector.open(here.host), NvidiaCollector.open(here.host)
    machine = here.world.machine
    busy = [False, False]
    compared = 0
    for tick in range(1, 40):
        here.advance(tick * TICK)
        processes.collect()
        readings = collector.collect()
        for index, gpu in enumerate(machine.supply.gpus):
            (energy,) = (one for one in readings if isinstance(one, CounterReading) and one.resource == f"gpu{index}")
            (use,) = (one for one in readings if isinstance(one, GpuUsageReading) and one.resource == f"gpu{index}")
            assert energy.energy.microjoules == gpu.millijoules(here.world.now) * 1000
            assert {one.pid: (one.consumer, one.memory.bytes) for one in use.uses} == {
                process.pid: (process.consumer, process.gpu_memory) for process in machine.users_of(index)
            }
            # the driver's mean begins at the last sample it gave, which is the last tick only if somebody computed then
            if busy[index]:
                for one in use.uses:
                    line = machine.processes[one.pid].gpu_load
                    used = line.at(here.world.now) - line.at(here.world.now - TICK)
                    assert abs(one.sm_percent - used / TICK / 10) <= 1
                    compared += 1
            busy[index] = any(one.sm_percent for one in use.uses)
    assert compared > 20
    collector.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_every_process_of_a_configured_service_is_told_from_the_others(tmp_path: Path, seed: int) -> None:
    here = scene(world_spec(seed, {Ingredient.SHORT_LIVED, Ingredient.COME_AND_GO}), tmp_path)
    workloads = here.host.workloads
    for tick in range(1, 121):
        here.advance(tick * TICK)
        living = here.world.machine.processes
        assert {pid: workloads.consumer_of(pid) for pid in living} == {
            pid: process.consumer for pid, process in living.items()
        }


def test_the_town_halls_servers_are_found_without_being_configured(tmp_path: Path) -> None:
    world = World(townhall(1))
    tree = HostTree(world, tmp_path)
    workloads = HostWorkloads(tree.procfs, (), catalogue(), world.own_pid)
    world.advance(20 * SECOND)
    tree.write()
    living = world.machine.processes
    workloads.refresh()
    found: dict[str, set[str]] = {}
    for pid, process in living.items():
        found.setdefault(process.consumer, set()).add(workloads.consumer_of(pid))
    assert {one for one in found if found[one] != {OTHER}} == {
        "assistant", "recherche", "transcription", "litellm", "ollama", "traduction", "_monitor",
    }  # fmt: skip
    assert all(len(keys) == 1 for keys in found.values())
