"""Cards that several use at once: cut in parts, by way of MPS, and where the driver says nothing of use."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pynvml
import pytest

from collectors._nvml import Context
from collectors._sharing import of_the_clients, set_aside
from collectors.nvidia import NvidiaCollector
from monitor.clock import SystemClock
from monitor.core.events import CollectionSucceeded
from monitor.core.readings import CounterReading, GpuUsageReading
from monitor.core.units import Duration, Memory
from monitor.schedule import Charge, Inbox, Sampler, Schedule
from tests.fixtures.host import host_at
from tests.fixtures.nvml import Card, FakeNvml, context, sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.core.readings import Reading

GIB = 1 << 30
SECOND = 1_000_000
CLOCK = SystemClock(Path("/proc"))
OWNERS = {10: "assistant", 11: "assistant", 20: "search"}


def opened(nvml: FakeNvml, root: Path) -> NvidiaCollector:
    return NvidiaCollector.open(host_at(root, OWNERS, nvml=nvml))


def use(readings: Sequence[Reading]) -> GpuUsageReading:
    return next(row for row in readings if isinstance(row, GpuUsageReading))


def process(root: Path, pid: int, name: str) -> None:
    (root / f"proc/{pid}").mkdir(parents=True)
    (root / f"proc/{pid}/comm").write_text(f"{name}\n")


@pytest.fixture
def card() -> Card:
    """Return a card cut in parts of 4 and 2 slices of 7, the third part not there."""
    card = Card("GPU-a", partitioned=True, slices={1: 4, 2: 2})
    card.compute = [context(10, 30 * GIB, 1), context(20, GIB, 2)]
    return card


def test_a_partitioned_card_is_shared_by_what_is_set_aside_and_its_energy_told_once(card: Card, tmp_path: Path) -> None:
    collector = opened(FakeNvml(card), tmp_path)
    readings = collector.collect()
    assert [type(row) for row in readings] == [CounterReading, GpuUsageReading]
    reading = use(readings)
    assert not reading.utilisation_known
    assert {one.consumer: one.reserved for one in reading.uses} == {"assistant": 571, "search": 286}
    (source,) = collector.sources()
    assert source.description.endswith("whole board, partitioned (MIG); shared by the slices set aside")


def test_those_on_one_part_share_it_by_the_memory_that_they_hold(card: Card, tmp_path: Path) -> None:
    card.compute = [context(10, 3 * GIB, 1), context(20, GIB, 1), context(11, GIB, 2)]
    reading = use(opened(FakeNvml(card), tmp_path).collect())
    assert {one.pid: one.reserved for one in reading.uses} == {10: 429, 20: 143, 11: 286}


def test_a_program_on_two_parts_has_both(card: Card, tmp_path: Path) -> None:
    card.compute = [context(10, GIB, 1), context(10, GIB, 2)]
    (one,) = use(opened(FakeNvml(card), tmp_path).collect()).uses
    assert (one.reserved, one.memory) == (571 + 286, Memory(2 * GIB))


def test_memory_that_is_not_told_is_shared_evenly_and_nobody_has_nothing() -> None:
    silent = [Context(pid, None, {1: None}) for pid in (10, 20)]
    assert set_aside(silent, {1: 7}, 7) == {10: 500, 20: 500}
    small = [Context(10, Memory(GIB), {1: 80 * GIB}), Context(20, Memory(1), {1: 1})]
    assert set_aside(small, {1: 1}, 7) == {10: 143, 20: 1}


@pytest.mark.parametrize("function", ["nvmlDeviceGetAttributes", "nvmlDeviceGetGpuInstanceId"])
def test_where_the_driver_does_not_tell_the_slices_the_memory_decides(
    card: Card, tmp_path: Path, function: str
) -> None:
    nvml = FakeNvml(card)
    nvml.missing.add(function)
    reading = use(opened(nvml, tmp_path).collect())
    assert {one.reserved for one in reading.uses} == {0}
    assert set_aside([Context(10, None, {9: 1})], {1: 7}, 7) == {}


def test_a_part_that_is_cut_anew_is_seen_at_the_next_read(card: Card, tmp_path: Path) -> None:
    collector = opened(FakeNvml(card), tmp_path)
    collector.collect()
    card.slices = {1: 1, 2: 1}
    assert {one.reserved for one in use(collector.collect()).uses} == {143}


def test_a_driver_that_does_not_say_who_computes_is_named(tmp_path: Path) -> None:
    card = Card("GPU-a", fails={"nvmlDeviceGetProcessUtilization": pynvml.NVML_ERROR_NOT_SUPPORTED})
    card.compute = [context(10, GIB)]
    collector = opened(FakeNvml(card), tmp_path)
    (source,) = collector.sources()
    assert source.description.endswith("; the driver does not tell who computes: shared by the memory held")
    assert not use(collector.collect()).utilisation_known


def test_what_a_server_of_mps_computed_is_its_clients(tmp_path: Path) -> None:
    process(tmp_path, 500, "nvidia-cuda-mps")
    card = Card("GPU-a", compute=[context(500, GIB), context(10, 3 * GIB), context(20, GIB)])
    card.mps = [context(10, 3 * GIB), context(20, GIB)]
    collector = opened(FakeNvml(card), tmp_path)
    card.samples = [sample(500, 5 * SECOND, 80)]
    reading = use(collector.collect())
    assert reading.utilisation_known
    assert {one.pid: one.sm_percent for one in reading.uses} == {10: 60, 20: 20, 500: 0}


def test_clients_of_mps_that_the_driver_names_keep_what_they_computed(tmp_path: Path) -> None:
    process(tmp_path, 99, "python3")
    contexts = [Context(10, Memory(3), {0: 3}, mps=True), Context(20, Memory(1), {0: 1}, mps=True)]
    assert of_the_clients({10: 5, 20: 50}, contexts, tmp_path / "proc") == {10: 5, 20: 50}
    # another program beside them is no server
    assert of_the_clients({99: 30, 20: 50}, contexts, tmp_path / "proc") == {99: 30, 20: 50}


def test_a_server_of_mps_without_clients_has_what_it_computed(tmp_path: Path) -> None:
    process(tmp_path, 500, "nvidia-cuda-mps")
    assert of_the_clients({500: 30}, [Context(500, Memory(1), {0: 1})], tmp_path / "proc") == {500: 30}


def test_counters_for_profiling_are_never_switched_on(card: Card, tmp_path: Path) -> None:
    nvml = FakeNvml(card, Card("GPU-b"))
    collector = opened(nvml, tmp_path)
    for _ in range(3):
        collector.collect()
    collector.close()
    assert nvml.asked
    assert all(name.startswith(("nvmlInit", "nvmlShutdown", "nvmlDeviceGet")) for name in nvml.asked)


class Hanging(FakeNvml):
    """A library whose driver hangs at the energy of a card until it is let go."""

    def __init__(self, *cards: Card) -> None:
        super().__init__(*cards)
        self.hangs = False
        self.hung = threading.Event()
        self.let_go = threading.Event()

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: Any) -> int:  # noqa: N802 - its name
        if self.hangs:
            self.hung.set()
            self.let_go.wait(60)
        return super().nvmlDeviceGetTotalEnergyConsumption(handle)


def test_a_call_that_hangs_delays_no_other_collector(tmp_path: Path) -> None:
    nvml, inbox = Hanging(Card("GPU-a")), Inbox()
    assert NvidiaCollector.slow
    charge = Charge("nvidia", partial(NvidiaCollector.open, host_at(tmp_path, OWNERS, nvml=nvml)), slow=True)
    second = Duration.from_seconds(1)
    nvidia = Sampler([charge], CLOCK, inbox, second, slow=True)
    nvidia.sample()
    nvml.hangs = True
    read = threading.Semaphore(0)
    others = Sampler([], CLOCK, Inbox(), second, read.release)
    try:
        with Schedule(others, [nvidia], Duration.from_seconds(0.1), patience=Duration.from_seconds(0.1)):
            assert nvml.hung.wait(20)
            for _ in range(5):
                assert read.acquire(timeout=20)
    finally:
        nvml.let_go.set()
    (first,) = (one for observed in inbox.drain() for one in observed.outcomes)
    assert isinstance(first, CollectionSucceeded)
    # what belongs together was read together
    assert [type(row) for row in first.readings] == [CounterReading, GpuUsageReading]
