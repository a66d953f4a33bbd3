from __future__ import annotations

from typing import TYPE_CHECKING

import pynvml
import pytest

from collectors.nvidia import NvidiaCollector
from monitor.collector import Retry
from monitor.core.readings import GpuUsageReading
from monitor.core.units import Memory
from tests.fixtures.host import host_at
from tests.fixtures.nvml import Card, FakeNvml, context

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1 << 30


@pytest.fixture
def card() -> Card:
    return Card("GPU-a")


@pytest.fixture
def nvml(card: Card) -> FakeNvml:
    return FakeNvml(card)


def opened(nvml: FakeNvml, root: Path) -> NvidiaCollector:
    return NvidiaCollector.open(host_at(root, {10: "assistant", 20: "search"}, nvml=nvml))


def use(collector: NvidiaCollector) -> GpuUsageReading:
    return next(row for row in collector.collect() if isinstance(row, GpuUsageReading))


def test_all_the_memory_of_a_card_is_told_and_asked_for_once(nvml: FakeNvml, card: Card, tmp_path: Path) -> None:
    card.total = 24 * GIB
    collector = opened(nvml, tmp_path)
    nvml.asked.clear()
    assert use(collector).memory_total == Memory(24 * GIB)
    assert "nvmlDeviceGetMemoryInfo" not in nvml.asked


def test_memory_that_was_not_told_at_first_is_asked_for_again(nvml: FakeNvml, card: Card, tmp_path: Path) -> None:
    card.fails["nvmlDeviceGetMemoryInfo"] = pynvml.NVML_ERROR_TIMEOUT
    collector = opened(nvml, tmp_path)
    assert use(collector).memory_total is None
    card.fails.clear()
    assert use(collector).memory_total == Memory(80 * GIB)


@pytest.mark.parametrize("refusal", [pynvml.NVML_ERROR_NOT_SUPPORTED, pynvml.NVML_ERROR_NO_PERMISSION])
def test_a_card_that_does_not_tell_its_memory_is_read_all_the_same(
    nvml: FakeNvml, card: Card, tmp_path: Path, refusal: int
) -> None:
    card.fails["nvmlDeviceGetMemoryInfo"] = refusal
    card.compute = [context(10, GIB)]
    reading = use(opened(nvml, tmp_path))
    assert (reading.memory_total, [row.pid for row in reading.uses]) == (None, [10])


def test_a_card_without_memory_of_its_own_has_none_rather_than_nothing(
    nvml: FakeNvml, card: Card, tmp_path: Path
) -> None:
    card.total = 0
    assert use(opened(nvml, tmp_path)).memory_total is None


def test_a_card_that_came_back_is_asked_anew(nvml: FakeNvml, card: Card, tmp_path: Path) -> None:
    collector = opened(nvml, tmp_path)
    nvml.reload_driver()
    nvml.open = 0
    card.total = 40 * GIB
    with pytest.raises(Retry):
        collector.collect()
    assert use(collector).memory_total == Memory(40 * GIB)


def test_a_partitioned_card_tells_the_memory_of_the_whole_board(nvml: FakeNvml, card: Card, tmp_path: Path) -> None:
    card.partitioned = True
    card.compute = [context(10, GIB, 1), context(20, 3 * GIB, 2)]
    assert use(opened(nvml, tmp_path)).memory_total == Memory(80 * GIB)
