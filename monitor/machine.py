"""What is measured: the host that the daemon runs on, or a simulated one."""

from __future__ import annotations

import os
import tempfile
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.clock import SystemClock, process_clock
from monitor.config import SiteKind, SiteTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from monitor.clock import Clock
    from monitor.config import Config
    from monitor.core.services import ServiceRule


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
    before_read: Callable[[], None] = lambda: None
    simulated: bool = False


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
    )


@contextmanager
def town_hall(seed: int) -> Iterator[Machine]:
    """Yield a simulated town hall's server, which goes on in real time."""
    from monitor.simulation.realtime import RealTimeWorld  # noqa: PLC0415 - the daemon on a real host needs none of it
    from monitor.simulation.rules import service_rules  # noqa: PLC0415 - as above
    from monitor.simulation.townhall import townhall  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="empreinte-") as directory:
        world = RealTimeWorld(townhall(seed), Path(directory), SystemClock(Path("/proc")))
        yield Machine(
            clock=world,
            sysfs=world.tree.sysfs,
            procfs=world.tree.procfs,
            cgroupfs=world.tree.cgroupfs,
            read_clock=world.world.read_clock,
            own_pid=world.world.own_pid,
            rules=service_rules(world.world.spec),
            nvml=world.nvml,
            before_read=world.before_read,
            simulated=True,
        )


def in_its_place(config: Config) -> Config:
    """Return *config* with the town hall's zone and site, unless it says others: the simulated server stands there."""
    from monitor.simulation.townhall import SITE, ZONE  # noqa: PLC0415 - the daemon on a real host needs none of it

    if config.zone:
        return config
    sites = (SiteTable(key=SITE, kind=SiteKind.SERVER_ROOM),)
    return replace(config, host=replace(config.host, zone=ZONE, site=SITE), sites=sites)
