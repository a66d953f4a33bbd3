"""What the services of a host draw on average, from the same specs that a world is made of."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Final

from monitor.core.entries import IDLE, Holding, Share
from monitor.core.readings import DRAM, PACKAGE, REST, gpu
from monitor.simulation.life import CHILD_LOAD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.simulation.spec import GpuSpec, MachineSpec, Program, Range, Rhythm, ServiceSpec

Parts = dict[tuple[str, str, Share], float]
"""Microwatts by (consumer, resource, share)."""

THOUSAND: Final = 1000


@dataclass(frozen=True, slots=True)
class GpuMean:
    """What a consumer uses of a GPU."""

    index: int
    use: float
    """Share of the SMs while it is busy."""
    memory: int


@dataclass(frozen=True, slots=True)
class Mean:
    """What a consumer uses on average while it is busy, and while it is not."""

    consumer: str
    waits: float
    """Seconds between two busy phases in the busiest hour."""
    works: float
    """Seconds of a busy phase."""
    idle_cpus: float
    busy_cpus: float
    memory: int
    gpus: tuple[GpuMean, ...]

    def busy(self, demand: float) -> float:
        """Return the share of the time for which it is busy, at *demand* (above 0; 1 is the busiest hour)."""
        return self.works / (self.works + self.waits / demand)

    def cpus(self, demand: float) -> float:
        """Return the logical CPUs that it uses on average."""
        return self.idle_cpus + (self.busy_cpus - self.idle_cpus) * self.busy(demand)


def mean(spec: ServiceSpec) -> Mean:
    """Return what the service *spec* uses on average."""
    programs = (spec.main, *spec.workers)
    rhythm = spec.rhythm
    return Mean(
        spec.consumer,
        waits=_middle(rhythm.idle),
        works=_middle(rhythm.busy),
        idle_cpus=sum(_middle(program.idle) for program in programs) / THOUSAND,
        busy_cpus=sum(_middle(program.busy) for program in programs) / THOUSAND + _children(rhythm),
        memory=sum(program.memory.bytes for program in programs),
        gpus=tuple(_gpu_mean(program) for program in programs if program.gpu is not None),
    )


def draw(machine: MachineSpec, demands: Mapping[Mean, float]) -> Parts:
    """Return the mean power of every (consumer, resource, share), in microwatts, the floor shared by use."""
    cpus: dict[str, float] = {}
    held: dict[str, float] = {}
    for one, demand in demands.items():
        cpus[one.consumer] = cpus.get(one.consumer, 0.0) + one.cpus(demand)
        held[one.consumer] = held.get(one.consumer, 0.0) + one.memory
    parts: Parts = {}
    _add(parts, PACKAGE, Share.ACTIVE, machine.cpu.microwatts * sum(cpus.values()), cpus)
    _add(parts, PACKAGE, Share.FLOOR, machine.package_floor.microwatts * machine.sockets, cpus)
    background = machine.dram_floor.microwatts * machine.sockets
    taken = sum(held.values()) / machine.memory.bytes
    _add(parts, DRAM, Share.ACTIVE, machine.dram_cpu.microwatts * sum(cpus.values()), cpus)
    _add(parts, DRAM, Share.RESIDENCY, background * taken, held)
    _add(parts, DRAM, Share.FLOOR, background * (1 - taken), cpus)
    for index, device in enumerate(machine.gpus):
        _add_gpu(parts, index, device, demands)
    return _with_rest(parts, machine.rest.microwatts)


def holdings(machine: MachineSpec, demands: Mapping[Mean, float]) -> dict[Holding, float]:
    """Return which share of each resource every consumer holds on average, what nobody holds being `_idle`'s."""
    shares: dict[Holding, float] = {}
    for one, demand in demands.items():
        _hold(shares, one.consumer, PACKAGE, one.cpus(demand) / machine.cpus)
        _hold(shares, one.consumer, DRAM, one.memory / machine.memory.bytes)
        for each in one.gpus:
            _hold(shares, one.consumer, gpu(each.index), each.memory / machine.gpus[each.index].memory.bytes)
    for resource in (PACKAGE, DRAM, *(gpu(index) for index in range(len(machine.gpus)))):
        held = sum(share for key, share in shares.items() if key.resource == resource)
        _hold(shares, IDLE, resource, 1 - held)
    return shares


def _hold(shares: dict[Holding, float], consumer: str, resource: str, share: float) -> None:
    key = Holding(consumer, resource)
    shares[key] = shares.get(key, 0.0) + share


def _add_gpu(parts: Parts, index: int, device: GpuSpec, demands: Mapping[Mean, float]) -> None:
    users = [(one, each, demand) for one, demand in demands.items() for each in one.gpus if each.index == index]
    use = {one.consumer: each.use * one.busy(demand) for one, each, demand in users}
    held = {one.consumer: float(each.memory) for one, each, _ in users}
    unused = prod(1 - one.busy(demand) for one, _, demand in users)
    resource, floor = gpu(index), device.floor.microwatts
    _add(parts, resource, Share.ACTIVE, device.active.microwatts * sum(use.values()), use)
    _add(parts, resource, Share.RESIDENCY, device.residency.microwatts if held else 0, held)
    _add(parts, resource, Share.FLOOR, floor * (1 - unused), use)
    _add(parts, resource, Share.FLOOR, floor * unused, {IDLE: 1.0})


def _with_rest(parts: Parts, rest: float) -> Parts:
    """Return *parts* and the power of the rest, which follows them."""
    whole = sum(parts.values())
    total = dict(parts)
    for (consumer, _, share), part in parts.items():
        key = (consumer, REST, share)
        total[key] = total.get(key, 0.0) + rest * part / whole
    return total


def _add(parts: Parts, resource: str, share: Share, power: float, weights: Mapping[str, float]) -> None:
    total = sum(weights.values())
    for consumer, weight in weights.items():
        if weight and power:
            parts[consumer, resource, share] = parts.get((consumer, resource, share), 0.0) + power * weight / total


def _children(rhythm: Rhythm) -> float:
    """Return the logical CPUs that short-lived children use on average while their parent is busy."""
    if rhythm.spawns is None:
        return 0.0
    return _middle(CHILD_LOAD) / THOUSAND * _middle(rhythm.child_lives) / THOUSAND / _middle(rhythm.spawns)


def _gpu_mean(program: Program) -> GpuMean:
    return GpuMean(program.gpu or 0, _middle(program.gpu_busy) / THOUSAND, program.gpu_memory.bytes)


def _middle(between: Range) -> float:
    return sum(between) / len(between)
