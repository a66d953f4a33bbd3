import pytest

from monitor.core.attribution import FloorRule
from monitor.core.entries import IDLE, OTHER
from monitor.core.readings import DRAM, PACKAGE, REST
from monitor.core.units import Energy
from monitor.simulation.truth import truth
from tests.unit.simulation.small import GIB, GPU, ON_GPU, PLAIN, SECOND, machine

SLOT = (0, SECOND)


def test_a_package_is_shared_by_cpu_time_floor_and_all() -> None:
    host = machine()
    host.load(host.start(PLAIN, "big", "/a"), 3000)
    host.load(host.start(PLAIN, "small", "/b"), 1000)
    found = truth(host, SLOT, FloorRule.BY_USE)
    assert found.measured[PACKAGE] == Energy.from_joules(20 + 4 * 4)
    assert found.of("big", PACKAGE) == Energy.from_joules(27)
    assert found.of("small", PACKAGE) == Energy.from_joules(9)


def test_an_unassigned_floor_is_nobodys() -> None:
    host = machine()
    host.load(host.start(PLAIN, "service", "/a"), 1000)
    found = truth(host, SLOT, FloorRule.UNASSIGNED)
    assert found.of("service", PACKAGE) == Energy.from_joules(4)
    assert found.of(IDLE, PACKAGE) == Energy.from_joules(20)


def test_what_nobody_used_is_nobodys() -> None:
    assert truth(machine(), SLOT, FloorRule.BY_USE).of(IDLE, PACKAGE) == Energy.from_joules(20)


def test_memory_is_shared_by_what_is_held_and_its_free_part_by_use() -> None:
    host = machine()
    process = host.start(PLAIN, "service", "/a")
    host.hold(process, 4 * GIB)
    host.load(process, 2000)
    found = truth(host, SLOT, FloorRule.BY_USE)
    other = host.held.lines[OTHER].rate
    assert found.measured[DRAM] == Energy.from_joules(4 + 2)
    assert found.of(OTHER, DRAM).joules == pytest.approx(4 * other / (16 * GIB), abs=1e-5)
    assert found.of("service", DRAM) == found.measured[DRAM] - found.of(OTHER, DRAM)


def test_a_loaded_model_costs_its_holder_and_the_floor_belongs_to_nobody_while_nobody_computes() -> None:
    host = machine(GPU)
    for consumer, memory in (("large", 3), ("little", 1)):
        host.hold_gpu(host.start(ON_GPU, consumer, "/a"), memory)
    found = truth(host, SLOT, FloorRule.BY_USE)
    assert found.of(IDLE, "gpu0") == Energy.from_joules(10)
    assert found.of("large", "gpu0") == Energy.from_joules(3.75)
    assert found.of("little", "gpu0") == Energy.from_joules(1.25)


def test_a_gpu_that_computes_belongs_to_who_computes_but_for_what_is_held() -> None:
    host = machine(GPU)
    busy, waiting = (host.start(ON_GPU, consumer, "/a") for consumer in ("busy", "waiting"))
    for process in (busy, waiting):
        host.hold_gpu(process, GIB)
    host.compute(busy, 500)
    found = truth(host, SLOT, FloorRule.BY_USE)
    assert found.of("busy", "gpu0") == Energy.from_joules(50 + 10 + 2.5)
    assert found.of("waiting", "gpu0") == Energy.from_joules(2.5)


def test_the_rest_follows_the_components() -> None:
    host = machine()
    host.hold(host.start(PLAIN, "service", "/a"), 0)
    host.load(host.start(PLAIN, "service", "/a"), 1000)
    found = truth(host, SLOT, FloorRule.BY_USE)
    components = {consumer: found.of(consumer, PACKAGE) + found.of(consumer, DRAM) for consumer in ("service", OTHER)}
    assert found.measured[REST] == Energy.from_joules(20)
    share = components["service"].joules / sum(part.joules for part in components.values())
    assert found.of("service", REST).joules == pytest.approx(20 * share, abs=1e-5)


def test_the_length_of_the_slots_is_part_of_the_rule() -> None:
    host = machine()
    process, other = (host.start(PLAIN, consumer, "/a") for consumer in ("burst", "steady"))
    host.load(other, 1000)
    host.timeline.now = SECOND // 2
    host.load(process, 1000)
    whole = truth(host, SLOT, FloorRule.BY_USE)
    halves = truth(host, (0, SECOND // 2, SECOND), FloorRule.BY_USE)
    assert whole.measured == halves.measured
    assert whole.of("burst", PACKAGE) == Energy(26_000_000 // 3)
    assert halves.of("burst", PACKAGE) == Energy.from_joules((20 + 8) / 2 / 2)


def test_the_parts_of_each_resource_sum_to_the_whole() -> None:
    host = machine(GPU)
    for index, thousandths in enumerate((7, 11, 13)):
        host.load(host.start(PLAIN, f"service-{index}", "/a"), thousandths)
    found = truth(host, range(0, SECOND, SECOND // 7), FloorRule.BY_USE)
    for resource, whole in found.measured.items():
        parts = [part.microjoules for (_, of), part in found.energy.items() if of == resource]
        assert sum(parts) == whole.microjoules
