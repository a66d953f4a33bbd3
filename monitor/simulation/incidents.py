"""What happens to a simulated host: sleep, resets, losses, and clocks that are set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from monitor.core.entries import OTHER
from monitor.core.units import NANOSECONDS_PER_SECOND, Memory
from monitor.simulation.life import CHILD
from monitor.simulation.spec import (
    CounterReset,
    DriverReload,
    GpuLost,
    PidReuse,
    Program,
    Reboot,
    Suspend,
    Unreadable,
    WallStep,
)

if TYPE_CHECKING:
    from monitor.simulation.life import Life, Script
    from monitor.simulation.machine import Machine
    from monitor.simulation.spec import Incident
    from monitor.simulation.timeline import Timeline

STRANGER: Final = Program(("/usr/bin/rsync", "-a", "/srv", "/mnt/backup"), Memory.from_gibibytes(0.05))
STRANGERS_GROUP: Final = "/system.slice/backup.service"
REUSED_LIVES: Final = 8 * NANOSECONDS_PER_SECOND
"""Longer than a tick, so that the pid was seen under its first owner."""
STRANGER_LIVES: Final = 20 * NANOSECONDS_PER_SECOND
ALMOST_A_CPU: Final = 900


class Stage(Protocol):
    """What an incident acts on: the world."""

    timeline: Timeline
    machine: Machine
    lives: list[Life]
    unreadable: set[str]

    def reboot(self, length: int) -> None:
        """Let the machine be off for *length* ns, and boot."""
        ...


def happen(incident: Incident, stage: Stage) -> Script:
    """Let *incident* take place on *stage*, from now on."""
    match incident:
        case WallStep():
            stage.timeline.step(incident.by.nanoseconds)
        case CounterReset():
            stage.machine.supply.reset_counters(stage.timeline.now)
        case Suspend():
            stage.timeline.sleep(incident.length.nanoseconds)
            if incident.resets_counters:
                stage.machine.supply.reset_counters(stage.timeline.now)
        case Reboot():
            stage.reboot(incident.length.nanoseconds)
        case _:
            yield from _last(incident, stage)


def _last(incident: Incident, stage: Stage) -> Script:
    """Let an incident take place that goes on for a while."""
    match incident:
        case Unreadable():
            stage.unreadable.add(incident.what)
            yield incident.length.nanoseconds
            stage.unreadable.discard(incident.what)
        case GpuLost():
            stage.machine.lose_gpu(incident.index)
            yield incident.length.nanoseconds
            stage.machine.regain_gpu(incident.index)
        case DriverReload():
            stage.machine.unload_driver()
            yield incident.length.nanoseconds
            stage.machine.reload_driver()
        case PidReuse():
            yield from _reuse(incident, stage)


def _reuse(incident: PidReuse, stage: Stage) -> Script:
    machine = stage.machine
    life = next((life for life in stage.lives if life.spec.consumer == incident.consumer), None)
    if life is None or life.run is None:
        return
    first = life.spawn(life.spec.child or CHILD, life.run)
    machine.load(first, ALMOST_A_CPU)
    yield REUSED_LIVES
    machine.end(first)
    if first.pid in machine.processes:
        return
    second = machine.start(STRANGER, OTHER, STRANGERS_GROUP, pid=first.pid)
    machine.load(second, ALMOST_A_CPU)
    yield STRANGER_LIVES
    machine.end(second)
    if STRANGERS_GROUP in machine.cgroups:
        machine.remove_group(STRANGERS_GROUP)
