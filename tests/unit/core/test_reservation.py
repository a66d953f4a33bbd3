from monitor.core.entries import IDLE, OTHER, Holding
from monitor.core.reservation import accelerator, memory, processors
from monitor.core.usage import Consumption

S = 1_000_000_000
GIB = 1 << 30


def by_consumer(held: dict[Holding, int], resource: str) -> dict[str, int]:
    assert {key.resource for key in held} <= {resource}
    return {key.consumer: time for key, time in held.items()}


def test_processors_are_held_by_the_time_they_compute_for() -> None:
    """Four CPUs for ten seconds are forty CPU seconds: 10 of them are a quarter of the processors."""
    used = Consumption(active={"a": 10 * S, OTHER: 6 * S}, capacity=40 * S, seen=10 * S)
    assert by_consumer(processors(used), "package") == {"a": 2_500_000_000, OTHER: 1_500_000_000, IDLE: 6 * S}


def test_memory_is_held_by_its_bytes_and_its_free_part_by_nobody() -> None:
    used = Consumption(held={"a": 8 * GIB * S, OTHER: 2 * GIB * S}, free=6 * GIB * S, room=16 * GIB * S, seen=S)
    assert by_consumer(memory(used), "dram") == {"a": S // 2, OTHER: S // 8, IDLE: 3 * S // 8}


def test_a_gpu_is_held_by_its_memory_and_not_by_its_work() -> None:
    used = Consumption(held={"a": 60 * GIB * S}, active={"b": 100 * S}, capacity=100 * S, room=80 * GIB * S, seen=S)
    assert by_consumer(accelerator("gpu3", used), "gpu3") == {"a": 750_000_000, IDLE: 250_000_000}


def test_a_gpu_with_nothing_in_its_memory_is_idle() -> None:
    used = Consumption(held={"a": 0}, room=80 * GIB * S, seen=S)
    assert by_consumer(accelerator("gpu0", used), "gpu0") == {IDLE: S}


def test_a_gpu_that_does_not_say_how_much_memory_it_has_is_held_by_nobody_known() -> None:
    assert accelerator("gpu0", Consumption(held={"a": 60 * GIB * S}, seen=S)) == {}


def test_where_nothing_was_seen_nothing_is_known() -> None:
    assert processors(Consumption()) == {}
    assert memory(Consumption()) == {}


def test_what_sums_to_more_than_there_is_is_shared_in_proportion() -> None:
    used = Consumption(active={"a": 30 * S, "b": 20 * S}, capacity=40 * S, seen=10 * S)
    assert by_consumer(processors(used), "package") == {"a": 6 * S, "b": 4 * S}


def test_the_parts_sum_to_the_time_that_was_seen() -> None:
    used = Consumption(active={"a": 1, "b": 1, "c": 1}, capacity=7, seen=10 * S + 1)
    assert sum(processors(used).values()) == 10 * S + 1
