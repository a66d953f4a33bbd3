"""Who used how much, as it truly was, under the declared sharing rule. It shares no code with what it is to check.

The rule shares the energy of each slot of time by what was used in it. How long the slots are is part of the rule: the
ticks of the daemon give what it should find; slots of 100 ms tell how much the length of a tick matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from monitor.core.attribution import FloorRule
from monitor.core.entries import IDLE
from monitor.core.readings import DRAM, PACKAGE, REST, gpu
from monitor.core.units import Energy
from monitor.simulation.supply import FEMTOJOULES_PER_MICROJOULE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.simulation.line import Line
    from monitor.simulation.machine import Machine
    from monitor.simulation.supply import Gpu

Weights = dict[str, int]


@dataclass(frozen=True, slots=True)
class Truth:
    """The energy of each (consumer, resource), and of each resource: the parts sum exactly to what was drawn."""

    energy: Mapping[tuple[str, str], Energy]
    measured: Mapping[str, Energy]

    def of(self, consumer: str, resource: str) -> Energy:
        """Return what *consumer* drew of *resource*."""
        return self.energy.get((consumer, resource), Energy.ZERO)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The energy of one resource over one slot, in femtojoules, by what it is drawn for."""

    floor: int
    residency: int
    active: int

    @property
    def whole(self) -> int:
        return self.floor + self.residency + self.active


def truth(machine: Machine, edges: Iterable[int], rule: FloorRule) -> Truth:
    """Return the truth over the slots between each two of *edges* (running time, ns), the floor shared by *rule*."""
    parts: dict[tuple[str, str], int] = {}
    measured: dict[str, int] = {}
    for start, end in pairwise(edges):
        for resource, whole, shared in _slot(machine, start, end, rule):
            measured[resource] = measured.get(resource, 0) + whole
            for consumer, part in shared.items():
                parts[consumer, resource] = parts.get((consumer, resource), 0) + part
    return _in_microjoules(parts, measured)


def _slot(machine: Machine, start: int, end: int, rule: FloorRule) -> Iterable[tuple[str, int, Weights]]:
    """Yield each resource, its energy and who drew it."""
    cpu = _used(machine.cpu.lines, start, end)
    held = _used(machine.held.lines, start, end)
    together: Weights = {}
    components = [
        (PACKAGE, _package(machine, start, end), cpu, held),
        (DRAM, _dram(machine, start, end, sum(held.values())), cpu, held),
        *(
            (
                gpu(device.index),
                _gpu(device, start, end),
                _used(machine.sm[device.index].lines, start, end),
                _used(machine.gpu_held[device.index].lines, start, end),
            )
            for device in machine.supply.gpus
        ),
    ]
    for resource, drawn, active, memory in components:
        shared = _share(drawn, active, memory, rule)
        for consumer, part in shared.items():
            together[consumer] = together.get(consumer, 0) + part
        yield resource, drawn.whole, shared
    rest = _over(machine.supply.rest, start, end)
    yield REST, rest, _apportion(rest, together)


def _package(machine: Machine, start: int, end: int) -> _Drawn:
    whole = sum(_over(line, start, end) for line in machine.supply.packages)
    floor = _over(machine.supply.package_floor, start, end)
    return _Drawn(floor, 0, whole - floor)


def _dram(machine: Machine, start: int, end: int, held: int) -> _Drawn:
    """The background power is that of who holds memory, and of the free memory: floor."""
    whole = sum(_over(line, start, end) for line in machine.supply.drams)
    background = _over(machine.supply.dram_floor, start, end)
    free = _over(machine.free, start, end)
    residency = background * held // (held + free) if held else 0
    return _Drawn(background - residency, residency, whole - background)


def _gpu(device: Gpu, start: int, end: int) -> _Drawn:
    return _Drawn(
        _over(device.floor, start, end), _over(device.residency, start, end), _over(device.active, start, end)
    )


def _share(drawn: _Drawn, active: Weights, held: Weights, rule: FloorRule) -> Weights:
    bearers = {FloorRule.BY_USE: active, FloorRule.BY_RESIDENCY: held, FloorRule.UNASSIGNED: {}}[rule]
    total: Weights = {}
    for energy, weights in ((drawn.floor, bearers), (drawn.residency, held), (drawn.active, active)):
        for consumer, part in _apportion(energy, weights).items():
            total[consumer] = total.get(consumer, 0) + part
    return total


def _apportion(energy: int, weights: Weights) -> Weights:
    """Share by *weights*; what rounding leaves goes to the first by name; all of it to nobody, where nobody is."""
    total = sum(weights.values())
    if not total:
        return {IDLE: energy} if energy else {}
    parts = {consumer: energy * weight // total for consumer, weight in weights.items()}
    parts[min(parts)] += energy - sum(parts.values())
    return parts


def _used(lines: Mapping[str, Line], start: int, end: int) -> Weights:
    return {consumer: used for consumer, line in lines.items() if (used := _over(line, start, end))}


def _over(line: Line, start: int, end: int) -> int:
    return line.at(end) - line.at(start)


def _in_microjoules(parts: Mapping[tuple[str, str], int], measured: Mapping[str, int]) -> Truth:
    """Round each part to a neighbouring microjoule, so that those of a resource sum to what was measured of it."""
    energy: dict[tuple[str, str], Energy] = {}
    for resource in measured:
        reached = 0
        for key in sorted(key for key in parts if key[1] == resource):
            before = reached // FEMTOJOULES_PER_MICROJOULE
            reached += parts[key]
            energy[key] = Energy(reached // FEMTOJOULES_PER_MICROJOULE - before)
    whole = {resource: Energy(amount // FEMTOJOULES_PER_MICROJOULE) for resource, amount in measured.items()}
    return Truth(energy, whole)
