"""The files that a kernel would show of a simulated host: sysfs, procfs and cgroupfs, below one directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.simulation.cgroupfs import CgroupTree
from monitor.simulation.files import Files
from monitor.simulation.procfs import ProcTree
from monitor.simulation.sysfs import SysTree

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.simulation.world import World


class HostTree:
    """Shows a world as files. Nothing is written but by `write`."""

    def __init__(self, world: World, root: Path) -> None:
        self.sysfs = root / "sys"
        self.procfs = root / "proc"
        self.cgroupfs = root / "sys/fs/cgroup"
        files = Files(root)
        self._trees = (SysTree(world, files), ProcTree(world, files), CgroupTree(world, files))
        self.write()

    def write(self) -> None:
        """Let the files show the world as it is now."""
        for tree in self._trees:
            tree.write()
