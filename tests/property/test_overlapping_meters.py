"""A machine's energy where its meters contain each other: that of the best set of them that does not overlap."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, combinations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from collectors.cgroup import CgroupCollector
from collectors.modelled_host import ModelledHostCollector
from collectors.nvidia import NvidiaCollector
from collectors.process import ProcessCollector
from collectors.rapl import RaplCollector
from monitor.accounting import Accounting, Rules
from monitor.core.events import CollectionSucceeded, Observed
from monitor.core.readings import (
    PLATFORM,
    REST,
    CounterReading,
    LoadReading,
    Method,
    PowerReading,
    Reach,
)
from monitor.core.units import Duration, Energy, Power
from monitor.schedule import Charge, Inbox, Sampler
from monitor.simulation.rules import service_rules
from monitor.simulation.scenario import world_spec
from monitor.simulation.spec import Platform
from monitor.simulation.trees import HostTree
from monitor.simulation.world import World
from monitor.workloads import HostWorkloads
from tests.fixtures.host import simulated_host

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from monitor.core.interval import Stamp
    from monitor.core.readings import Reading

SECOND = 1_000_000_000
TICK = 10 * SECOND
WARM_UP = 120
LENGTH = 1200
"""In seconds."""
MILLIWATT_HOUR = 3_600_000
"""In microjoules."""
METERS = ("psys", "package", "dram", "gpu0", "gpu1", "bmc", "plug")
SUBSETS = list(chain.from_iterable(combinations(METERS, size) for size in range(1, len(METERS) + 1)))
COLLECTORS = (RaplCollector, NvidiaCollector, CgroupCollector, ProcessCollector, ModelledHostCollector)
OVERLOOKED = 0.02
EFFICIENCY = 9, 10
"""What comes out of the power supply, of what goes in."""
HOLD = Duration.from_seconds(60)
MOST = Power.from_watts(4000)


@dataclass(frozen=True)
class Recording:
    """What a machine's meters showed, tick by tick, and what was truly drawn until each (microjoules)."""

    boot_id: str
    seen: tuple[Observed, ...]
    slow: tuple[Observed, ...]
    """What the meters outside showed, each read by a job of its own."""
    board: tuple[int, ...]
    parts: tuple[dict[str, int], ...]


def at_the_supply(board: int) -> int:
    return board * EFFICIENCY[1] // EFFICIENCY[0]


def outside(world: World, at: Stamp, history: Sequence[int]) -> Iterator[CollectionSucceeded]:
    """Yield what a plug shows, which counts in steps of 0.1 Wh, and a BMC: whole watts, of 20 s that ended 10 s ago.

    Both count the losses of the supply. Each is read by a job of its own.
    """
    now = at_the_supply(history[-1])
    counted = Energy(now // (100 * MILLIWATT_HOUR) * 100 * MILLIWATT_HOUR)
    plug = CounterReading(PLATFORM, "0", counted, MOST)
    late = history[max(0, len(history) - 2)], history[max(0, len(history) - 4)]
    span = min(2, max(1, len(history) - 2)) * TICK
    power = Energy(at_the_supply(late[0] - late[1])).over(Duration(span)) if len(history) > 2 else world_power(world)
    bmc = PowerReading(PLATFORM, "bmc", Power.from_watts(round(power.watts)), HOLD)
    read: dict[str, Reading] = {"shelly:plug": plug, "ipmi": bmc}
    for name, reading in read.items():
        yield CollectionSucceeded(at=at, collector=name, readings=(reading,), took=Duration.ZERO)


def world_power(world: World) -> Power:
    return Power(at_the_supply(world.machine.supply.platform.rate))


def recorded(seed: int) -> Recording:
    """Return twenty minutes of a machine that all meters hang on."""
    spec = world_spec(seed, platform=Platform.PSYS)
    seen, slow, board, parts = [], [], [], []
    with tempfile.TemporaryDirectory() as directory:
        world = World(spec)
        tree = HostTree(world, Path(directory))
        workloads = HostWorkloads(tree.procfs, service_rules(spec), (), world.own_pid)
        # a model that is badly wrong, as one may be: by half, of the double
        host = replace(simulated_host(Path(directory), world, workloads), cpu_power=Power.from_watts(1500))
        charges = [Charge(kind.name, partial(kind.open, host), slow=False) for kind in COLLECTORS]
        sampler = Sampler(charges, world.clock, Inbox(), Duration(TICK), workloads.refresh)
        for time in range(WARM_UP * SECOND, (WARM_UP + LENGTH) * SECOND + 1, TICK):
            world.advance(time)
            tree.write()
            supply, now = world.machine.supply, world.now
            board.append(supply.platform.at(now) // SECOND)
            cards = {f"gpu{card.index}": card.femtojoules(now) // SECOND for card in supply.gpus}
            package = sum(line.at(now) for line in supply.packages) // SECOND
            dram = sum(line.at(now) for line in supply.drams) // SECOND
            parts.append({"package": package, "dram": dram, **cards})
            observed = sampler.observe()
            seen.append(observed)
            slow += [Observed(at=observed.at, outcomes=(one,), slow=True) for one in outside(world, observed.at, board)]
        sampler.close()
        return Recording(world.clock.boot_id, tuple(seen), tuple(slow), tuple(board), tuple(parts))


def is_of(reading: Reading, meters: Iterable[str]) -> bool:
    """Whether *reading* comes from one of the *meters*, or from what measures use, or from a model."""
    if isinstance(reading, LoadReading) or getattr(reading, "method", None) is Method.MODELLED:
        return True
    if not isinstance(reading, CounterReading | PowerReading):
        return True
    name = "psys" if reading.resource == PLATFORM and reading.reach is Reach.BOARD else reading.resource
    return name in meters


def only(observed: Observed, meters: Sequence[str]) -> Observed:
    """Return *observed* as it is where no other meters than *meters* are there."""
    outcomes = [
        replace(one, readings=tuple(row for row in one.readings if is_of(row, meters)))
        for one in observed.outcomes
        if isinstance(one, CollectionSucceeded)
    ]
    return replace(observed, outcomes=tuple(outcomes))


def accounted(recording: Recording, meters: Sequence[str]) -> Accounting:
    """Return the books of a daemon that has only *meters*; `rest` never falls on the way."""
    first = recording.seen[0].at
    accounting = Accounting(Rules(), None, boot_id=recording.boot_id, run_id="run", now=first)
    names = {"bmc": "ipmi", "plug": "shelly:plug"}
    wanted = {names[meter] for meter in meters if meter in names}
    slow = [one for one in recording.slow if one.outcomes[0].collector in wanted]
    rest = 0
    for observed in recording.seen:
        accounting.take(only(observed, meters))
        for one in [one for one in slow if one.at == observed.at]:
            accounting.take(one)
        booked = energy_of(accounting, recording.seen[-1].at, {REST})
        assert booked >= rest
        rest = booked
    return accounting


def energy_of(accounting: Accounting, at: Stamp, resources: set[str] | None = None) -> int:
    """Return what is booked, in microjoules, of *resources*; without them, of all."""
    measured = accounting.books(at).measured
    return sum(
        energy.microjoules for meter, energy in measured.items() if resources is None or meter.resource in resources
    )


def truth(recording: Recording, meters: Sequence[str]) -> tuple[int, bool]:
    """Return what the best set of *meters* that doesn't overlap covers, and whether it is the whole machine."""
    board = recording.board[-1] - recording.board[0]
    if {"plug", "bmc"} & set(meters):
        return at_the_supply(board), True
    if "psys" in meters:
        return board, True
    first, last = recording.parts[0], recording.parts[-1]
    return sum(last[meter] - first[meter] for meter in meters), False


@pytest.fixture(scope="module")
def recording() -> Recording:
    return recorded(11)


@pytest.mark.parametrize("meters", SUBSETS, ids="+".join)
def test_the_energy_of_the_machine_is_that_of_the_best_meters_and_nothing_is_counted_twice(
    recording: Recording, meters: tuple[str, ...]
) -> None:
    accounting = accounted(recording, meters)
    books = accounting.books(recording.seen[-1].at)
    true, whole = truth(recording, meters)
    guessed = {
        meter.resource
        for meter in books.measured
        # a model counts until the platform's meter has been read for the first time
        if meter.method is Method.MODELLED and books.covered[meter.resource] > Duration(TICK)
    }
    known = sum(energy.microjoules for meter, energy in books.measured.items() if meter.method is not Method.MODELLED)
    assert abs(known - true) <= OVERLOOKED * true
    assert guessed == (set() if whole else {"package", "dram"} - set(meters))
    assert accounting.conservation_error == Energy.ZERO
