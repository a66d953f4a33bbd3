"""`/sys/fs/cgroup` of a simulated host: version 2, version 1, or both (systemd's hybrid layout)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from monitor.simulation.files import NOTHING
from monitor.simulation.processes import THOUSANDTHS
from monitor.simulation.spec import Layout

if TYPE_CHECKING:
    from monitor.simulation.files import Files
    from monitor.simulation.processes import Cgroup
    from monitor.simulation.world import World

ROOT: Final = "sys/fs/cgroup"
CONTROLLERS: Final = "cpuset cpu io memory hugetlb pids rdma misc\n"
MICROSECOND: Final = 1000
Shows = Callable[["Cgroup", "World"], Mapping[str, str]]
"""The files of a group in one hierarchy, and their content."""
TICK: Final = 10_000_000
"""Nanoseconds in a clock tick, as in procfs."""


class CgroupTree:
    """Writes `/sys/fs/cgroup`."""

    def __init__(self, world: World, files: Files) -> None:
        self._world = world
        self._files = files
        self._shown: dict[str, Cgroup] = {}
        self._hierarchies = HIERARCHIES[world.spec.machine.layout]
        for below in self._hierarchies:
            files.make(f"{ROOT}{below}")
        for name in LINKS if world.spec.machine.layout is not Layout.V2 else ():
            files.link(f"{ROOT}/{name}", "cpu,cpuacct")

    def write(self) -> None:
        """Show the control groups as they are now."""
        groups = self._world.machine.cgroups
        for path, group in sorted(self._shown.items(), reverse=True):
            if groups.get(path) is not group:
                for below in self._hierarchies:
                    self._files.retire(f"{ROOT}{below}{path}")
                del self._shown[path]
        for path, group in groups.items():
            for below, shows in self._hierarchies.items():
                directory = f"{ROOT}{below}{path.rstrip('/')}"
                if path not in self._shown:
                    self._files.make(directory)
                for name, content in shows(group, self._world).items():
                    self._files.write(f"{directory}/{name}", content)
            self._shown[path] = group


def groups_of(path: str, layout: Layout) -> str:
    """Return the content of /proc/PID/cgroup for a process in the control group *path*."""
    old = f"12:memory:{path}\n5:cpu,cpuacct:{path}\n2:pids:{path}\n1:name=systemd:{path}\n"
    return {Layout.V2: f"0::{path}\n", Layout.V1: old, Layout.HYBRID: f"{old}0::{path}\n"}[layout]


def _unified(group: Cgroup, world: World) -> Mapping[str, str]:
    """Version 2. The root has no memory and no events. Source: Linux, Documentation/admin-guide/cgroup-v2.rst."""
    files = {
        "cgroup.controllers": CONTROLLERS,
        "cgroup.procs": _processes(group),
        "cpu.stat": NOTHING if "usage" in world.unreadable else _cpu_stat(group, world.now),
    }
    if group.parent is not None:
        files |= {
            "cgroup.type": "domain\n",
            "cgroup.events": f"populated {int(group.alive > 0)}\nfrozen 0\n",
            "memory.current": f"{group.memory}\n",
            "memory.stat": f"anon {group.memory}\nfile 0\ninactive_file 0\nactive_file 0\n",
        }
    return files


def _tracking(group: Cgroup, _: World) -> Mapping[str, str]:
    """Version 2 beside version 1: it has no controller and only follows the processes."""
    files = {"cgroup.controllers": "", "cgroup.procs": _processes(group)}
    if group.parent is not None:
        files["cgroup.events"] = f"populated {int(group.alive > 0)}\nfrozen 0\n"
    return files


def _accounting(group: Cgroup, world: World) -> Mapping[str, str]:
    nanoseconds = group.cpu.at(world.now) // THOUSANDTHS
    system = nanoseconds // 10
    usage = NOTHING if "usage" in world.unreadable else f"{nanoseconds}\n"
    return {
        "cgroup.procs": _processes(group),
        "cpuacct.usage": usage,
        "cpuacct.stat": f"user {(nanoseconds - system) // TICK}\nsystem {system // TICK}\n",
    }


def _memory(group: Cgroup, _: World) -> Mapping[str, str]:
    total = f"cache 0\nrss {group.memory}\ntotal_cache 0\ntotal_rss {group.memory}\ntotal_inactive_file 0\n"
    return {
        "cgroup.procs": _processes(group),
        "memory.usage_in_bytes": f"{group.memory}\n",
        "memory.stat": total,
    }


def _named(group: Cgroup, _: World) -> Mapping[str, str]:
    return {"cgroup.procs": _processes(group), "notify_on_release": "0\n"}


def _processes(group: Cgroup) -> str:
    return "".join(f"{pid}\n" for pid in sorted(group.processes))


def _cpu_stat(group: Cgroup, now: int) -> str:
    usage = group.cpu.at(now) // (THOUSANDTHS * MICROSECOND)
    system = usage // 10
    return f"usage_usec {usage}\nuser_usec {usage - system}\nsystem_usec {system}\n"


_OLD: Final[dict[str, Shows]] = {
    "/cpu,cpuacct": _accounting,
    "/memory": _memory,
    "/pids": _named,
    "/systemd": _named,
}
HIERARCHIES: Final[dict[Layout, dict[str, Shows]]] = {
    Layout.V2: {"": _unified},
    Layout.V1: _OLD,
    Layout.HYBRID: {**_OLD, "/unified": _tracking},
}
"""By layout: where each hierarchy is mounted below the root, and what it shows of a group."""
LINKS: Final = ("cpu", "cpuacct")
