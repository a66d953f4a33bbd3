from monitor.simulation.line import Line
from monitor.simulation.supply import DRAM_UNIT, PACKAGE_UNIT, RaplCounter
from tests.unit.simulation.small import GPU, ON_GPU, PLAIN, SECOND, machine


def joules(femtojoules: int) -> float:
    return femtojoules / 1e15


def test_the_ranges_are_those_of_real_servers() -> None:
    line = Line()
    assert RaplCounter(line, PACKAGE_UNIT, 32).highest == 262_143_328_850
    assert RaplCounter(line, DRAM_UNIT, 32).highest == 65_532_610_987


def test_a_counter_shows_steps_and_wraps_after_its_highest_value() -> None:
    line = Line()
    line.turn(0, 1_000_000)
    counter = RaplCounter(line, PACKAGE_UNIT, 10)
    assert counter.microjoules(61_034_000 // 1000) == 0
    assert counter.microjoules(61_035) == 61
    assert counter.highest == 1023 * 61_035 // 1000
    assert counter.microjoules(61_035 * 1023) == counter.highest
    assert counter.microjoules(61_035 * 1024) == 0


def test_a_reset_begins_at_zero() -> None:
    line = Line()
    line.turn(0, 1_000_000)
    counter = RaplCounter(line, PACKAGE_UNIT, 32)
    counter.reset(SECOND)
    assert counter.microjoules(SECOND) == 0
    assert 999_000 < counter.microjoules(2 * SECOND) <= 1_000_000


def test_a_new_counter_does_not_begin_at_zero() -> None:
    assert all(counter.microjoules(0) > 0 for counter in machine().supply.counters)


def test_the_power_of_a_package_follows_the_load_of_its_socket() -> None:
    host = machine()
    process = host.start(PLAIN, "service", "/a")
    host.load(process, 2500)
    busy, idle = process.socket, 1 - process.socket
    assert joules(host.supply.packages[busy].at(SECOND)) == 10 + 2.5 * 4
    assert joules(host.supply.packages[idle].at(SECOND)) == 10
    assert joules(host.supply.drams[busy].at(SECOND)) == 2 + 2.5 * 1


def test_the_platform_is_the_sum_of_its_components_and_the_rest() -> None:
    host = machine(GPU)
    process = host.start(ON_GPU, "service", "/a")
    host.load(process, 1000)
    host.hold_gpu(process, 1)
    host.compute(process, 250)
    assert joules(host.supply.platform.at(SECOND)) == (20 + 4) + (4 + 1) + (10 + 5 + 25) + 20


def test_a_gpu_draws_floor_residency_and_active_power() -> None:
    host = machine(GPU)
    gpu = host.supply.gpus[0]
    process = host.start(ON_GPU, "service", "/a")
    assert gpu.power == 10_000_000
    host.hold_gpu(process, 1)
    assert gpu.power == 15_000_000
    host.compute(process, 500)
    assert gpu.power == 65_000_000
    host.end(process)
    assert gpu.power == 10_000_000


def test_there_is_no_more_than_the_whole_of_a_gpu_to_use() -> None:
    host = machine(GPU)
    first, second = (host.start(ON_GPU, "service", "/a") for _ in range(2))
    for process in (first, second):
        host.hold_gpu(process, 1)
        host.compute(process, 700)
    assert (first.gpu_load.rate, second.gpu_load.rate) == (700, 300)


def test_without_a_context_nobody_computes() -> None:
    host = machine(GPU)
    process = host.start(ON_GPU, "service", "/a")
    host.compute(process, 700)
    assert host.supply.gpus[0].power == 10_000_000
