import errno

import pytest

from monitor.simulation.processes import INIT
from tests.unit.simulation.small import GIB, GPU, ON_GPU, PLAIN, SECOND, clock_id, machine


def test_a_process_clock_shows_nanoseconds_of_its_own_time() -> None:
    host = machine()
    process = host.start(PLAIN, "service", "/a")
    host.load(process, 250)
    host.timeline.now = 2 * SECOND + 1
    assert host.read_clock(clock_id(process.pid)) == SECOND // 2


@pytest.mark.parametrize("number", [clock_id(4242), 2, (~1 << 3) | 6, -1])
def test_a_clock_of_nobody_is_no_valid_clock(number: int) -> None:
    with pytest.raises(OSError, match="Invalid argument") as refused:
        machine().read_clock(number)
    assert refused.value.errno == errno.EINVAL


def test_a_clock_is_gone_with_its_process() -> None:
    host = machine()
    process = host.start(PLAIN, "service", "/a")
    host.end(process)
    with pytest.raises(OSError, match="Invalid argument"):
        host.read_clock(clock_id(process.pid))


def test_a_parents_clock_leaves_its_children_out_and_its_stat_has_those_it_reaped() -> None:
    host = machine()
    parent = host.start(PLAIN, "service", "/a")
    child = host.start(PLAIN, "service", "/a", parent=parent)
    grandchild = host.start(PLAIN, "service", "/a", parent=child)
    host.load(child, 1000)
    host.load(grandchild, 500)
    host.timeline.now = SECOND
    host.end(grandchild)
    host.timeline.now = 2 * SECOND
    assert parent.reaped == 0
    host.end(child)
    assert parent.nanoseconds(host.now) == 0
    assert parent.reaped == 1000 * (2 * SECOND + SECOND // 2)


def test_init_adopts_the_children_of_a_dead_process() -> None:
    host = machine()
    parent = host.start(PLAIN, "service", "/a")
    child = host.start(PLAIN, "service", "/a", parent=parent)
    host.end(parent)
    assert child.ppid == INIT
    host.load(child, 1000)
    host.timeline.now = SECOND
    host.end(child)
    assert host.processes[INIT].reaped == 1000 * SECOND


def test_a_control_group_counts_its_dead_and_those_below_it() -> None:
    host = machine()
    for path in ("/a/b", "/a/c"):
        host.load(host.start(PLAIN, "service", path), 1000)
    host.timeline.now = SECOND
    for process in [process for process in host.processes.values() if process.consumer == "service"]:
        host.end(process)
    host.timeline.now = 2 * SECOND
    assert host.cgroups["/a/b"].cpu.at(host.now) == 1000 * SECOND
    assert host.cgroups["/a"].cpu.at(host.now) == 2000 * SECOND
    assert host.busy(host.now) == 2000 * SECOND


def test_a_control_group_goes_only_when_nobody_is_left_in_it_or_below_it() -> None:
    host = machine()
    process = host.start(PLAIN, "service", "/a/b")
    host.remove_group("/a/b")
    assert "/a/b" in host.cgroups
    host.end(process)
    host.remove_group("/a")
    assert "/a" in host.cgroups
    host.remove_group("/a/b")
    host.remove_group("/a")
    assert "/a" not in host.cgroups


def test_memory_is_held_by_the_process_its_group_and_its_consumer_and_is_not_free() -> None:
    host = machine()
    free = host.memory_available
    process = host.start(PLAIN, "service", "/a/b")
    assert host.memory_available == free - GIB
    assert host.cgroups["/a"].memory == GIB
    assert host.held.lines["service"].rate == GIB
    host.end(process)
    assert host.memory_available == free
    assert host.cgroups["/a"].memory == 0


def test_nothing_more_can_be_asked_of_a_dead_process() -> None:
    host = machine(GPU)
    process = host.start(ON_GPU, "service", "/a")
    host.end(process)
    host.load(process, 1000)
    host.hold(process, GIB)
    host.hold_gpu(process, GIB)
    host.compute(process, 100)
    host.end(process)
    host.timeline.now = SECOND
    assert host.busy(host.now) == 0
    assert host.supply.gpus[0].power == 10_000_000


def test_pids_are_given_in_order_and_one_that_is_free_may_be_given_again() -> None:
    host = machine()
    first = host.start(PLAIN, "service", "/a")
    second = host.start(PLAIN, "service", "/a")
    assert second.pid == first.pid + 1
    host.end(first)
    stranger = host.start(PLAIN, "_other", "/b", pid=first.pid)
    assert host.processes[first.pid] is stranger
    assert not host.lives(first)


def test_a_lost_gpu_draws_nothing_kills_its_users_and_counts_from_zero_when_it_is_back() -> None:
    host = machine(GPU)
    gpu = host.supply.gpus[0]
    process = host.start(ON_GPU, "service", "/a")
    host.hold_gpu(process, 1)
    host.timeline.now = SECOND
    assert gpu.millijoules(host.now) == 15_000
    host.lose_gpu(0)
    assert gpu.power == 0
    assert not host.lives(process)
    host.regain_gpu(0)
    assert gpu.millijoules(host.now) == 0
    assert gpu.power == 10_000_000


def test_a_boot_leaves_no_process_and_no_count() -> None:
    host = machine()
    process = host.start(PLAIN, "service", "/a")
    host.load(process, 1000)
    host.timeline.now = SECOND
    host.end_all()
    host.restart()
    assert sorted(host.processes) == [1, 2]
    assert host.busy(host.now) == 0
    assert [counter.microjoules(host.now) for counter in host.supply.counters] == [0] * 5
