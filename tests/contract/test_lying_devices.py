"""What every collector promises where its device lies, is reset, or is pulled out and put back.

All numbers below `sys` are changed, as a broken firmware might show them. What a collector then tells has to be in
bounds, and what is booked of it can be no more than the hardware can draw.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING, Final

import pytest

from monitor.collector import Retry, Unavailable
from monitor.core.counters import SETTLING
from monitor.core.interval import Stamp
from monitor.core.meters import Meters
from monitor.core.readings import CounterReading, PowerReading
from monitor.core.units import Duration, Power
from tests.contract.test_collectors import (
    ENERGY,
    HOSTS,
    assert_in_bounds,
    cards,
    each_host,
    each_of_the_host,
    opened,
    settled,
)
from tests.fixtures.host import RECORDED, daemons_host

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.metadata import EntryPoint
    from pathlib import Path

    from monitor.collector import Collector
    from monitor.core.readings import Reading

NUMBER: Final = re.compile(r"-?\d+\s*")
MEASURED: Final = re.compile(r"energy.*|power\d+_(input|average)")
MILLION: Final = 1_000_000
LIES: Final[dict[str, Callable[[int], int]]] = {
    "negative": lambda value: -value - 1,
    "a million times too high": lambda value: value * MILLION,
    "set back": lambda _: 0,
    "all bits set": lambda _: 2**64 - 1,
    "frozen": lambda value: value,
}
FROM_MEMORY: Final = {"cgroup", "modelled_host", "perf", "process", "rapl"}
"""Accounts of the kernel, and registers of the processor."""
TICK: Final = Duration.from_seconds(10)
MOST: Final = Power.from_watts(20_000)
"""No machine of the recorded ones can draw more."""

each_lie = pytest.mark.parametrize("lie", LIES.values(), ids=LIES)


@pytest.fixture
def root(name: str, tmp_path: Path) -> Path:
    """Give a copy of a recorded host."""
    return shutil.copytree(RECORDED / name, tmp_path / name)


def measuring_files(root: Path) -> list[Path]:
    """Return the files below `sys` in which a device shows what it measures: energies and powers, no limits."""
    found = [path for path in (root / "sys").rglob("*") if MEASURED.fullmatch(path.name)]
    return [path for path in found if path.is_file() and NUMBER.fullmatch(path.read_text())]


def tell(root: Path, lie: Callable[[int], int]) -> None:
    for path in measuring_files(root):
        path.write_text(f"{lie(int(path.read_text()))}\n")


def readings(collector: Collector) -> Sequence[Reading]:
    """Return what *collector* tells; nothing where it says that it can't."""
    try:
        return collector.collect()
    except (Retry, Unavailable):
        return []


@each_of_the_host
@each_host
@each_lie
def test_of_a_device_that_lies_no_more_is_booked_than_its_hardware_can_draw(
    point: EntryPoint, root: Path, lie: Callable[[int], int]
) -> None:
    collector = opened(point, daemons_host(root, cards(root)))
    if isinstance(collector, Unavailable):
        return
    meters, most = Meters(TICK), 0
    for tick in range(4):
        seen = [row for row in readings(collector) if isinstance(row, ENERGY)]
        for row in seen:
            assert_in_bounds(row)
            assert not isinstance(row, PowerReading) or row.power <= MOST
        drawn = sum((row.plausible if isinstance(row, CounterReading) else MOST).microwatts for row in seen)
        most = max(most, Power(drawn).during(TICK + SETTLING).microjoules)
        at = tick * TICK.nanoseconds
        meters.take(Stamp(at, at), {point.name: seen})
        assert sum(booking.energy.microjoules for booking in meters.book(Stamp(at, at))) <= most
        if tick == 1:
            tell(root, lie)
    collector.close()


@each_of_the_host
@each_host
def test_what_is_pulled_out_and_put_back_is_read_as_before(point: EntryPoint, root: Path, tmp_path: Path) -> None:
    host = daemons_host(root, cards(root))
    collector = opened(point, host)
    if isinstance(collector, Unavailable):
        return
    before = [settled(row) for row in readings(collector)]
    (root / "sys/class").mkdir(exist_ok=True)
    os.rename(root / "sys/class", tmp_path / "aside")  # noqa: PTH104 - as it is, with all that is in it
    gone = isinstance(outcome(collector), Unavailable)
    os.rename(tmp_path / "aside", root / "sys/class")  # noqa: PTH104 - as above
    if gone:  # the framework opens it anew
        collector.close()
        again = opened(point, host)
        assert not isinstance(again, Unavailable)
        collector = again
    assert [settled(row) for row in collector.collect()] == before
    collector.close()


def outcome(collector: Collector) -> Sequence[Reading] | Unavailable:
    try:
        return collector.collect()
    except Retry:
        return []
    except Unavailable as fact:
        return fact


@each_of_the_host
def test_only_what_the_kernel_answers_from_memory_is_read_with_the_others(point: EntryPoint) -> None:
    """A device, or its driver, may hang: what asks one has a thread of its own."""
    assert point.load().slow or point.name in FROM_MEMORY


def test_some_recorded_device_measures() -> None:
    """Else the lies would be told by nobody."""
    assert sum(len(measuring_files(RECORDED / name)) for name in HOSTS) > len(HOSTS)
