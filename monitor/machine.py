"""What is measured: the host that the daemon runs on, or a simulated one."""

from __future__ import annotations

import os
import tempfile
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.clock import SystemClock, process_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from monitor.clock import Clock
    from monitor.config import Config
    from monitor.core.services import ServiceRule
    from monitor.simulation.applications import Applications


@dataclass(frozen=True, slots=True)
class Machine:
    """What is measured: the host that the daemon runs on, or a simulated one."""

    clock: Clock
    sysfs: Path
    procfs: Path
    cgroupfs: Path
    read_clock: Callable[[int], int] | None
    own_pid: int
    rules: Sequence[ServiceRule] = ()
    """Services beside those that are configured."""
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Identity of this run of the daemon."""
    nvml: object | None = None
    powercap: Path | None = None
    """Directory that its host shares with it, where it is a virtual machine."""
    before_read: Callable[[], None] = lambda: None
    simulated: bool = False
    applications: Applications | None = None
    """Who sends events of its own accord, on a simulated host."""
    events: Path | None = None
    """Directory of the file of events; None: where the daemon keeps what it has to remember."""


def own_machine(config: Config) -> Machine:
    """Return the host that the daemon runs on, through the roots that are configured."""
    paths = config.paths
    return Machine(
        clock=SystemClock(paths.procfs),
        sysfs=paths.sysfs,
        procfs=paths.procfs,
        cgroupfs=paths.cgroupfs,
        read_clock=process_clock(paths.procfs, os.getpid()),
        own_pid=os.getpid(),
        powercap=paths.powercap,
    )


@contextmanager
def town_hall(seed: int) -> Iterator[Machine]:
    """Yield a simulated town hall's server, which goes on in real time."""
    from monitor.simulation.pages import MetricsPages  # noqa: PLC0415 - the daemon on a real host needs none of it
    from monitor.simulation.realtime import RealTimeWorld  # noqa: PLC0415 - as above
    from monitor.simulation.rules import service_rules  # noqa: PLC0415 - as above
    from monitor.simulation.townhall import townhall  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="empreinte-") as directory, MetricsPages() as pages:
        world = RealTimeWorld(townhall(seed), Path(directory), SystemClock(Path("/proc")), pages)
        yield Machine(
            clock=world,
            sysfs=world.tree.sysfs,
            procfs=world.tree.procfs,
            cgroupfs=world.tree.cgroupfs,
            read_clock=world.world.read_clock,
            own_pid=world.world.own_pid,
            rules=service_rules(world.world.spec, pages),
            nvml=world.nvml,
            before_read=world.before_read,
            simulated=True,
            applications=world.applications,
            events=Path(directory),
        )


def in_its_place(config: Config) -> Config:
    """Return *config* with what the town hall has, wherever it says nothing: the simulated server stands there."""
    from monitor.simulation import organisation  # noqa: PLC0415 - the daemon on a real host needs none of it

    return organisation.in_its_place(config)
