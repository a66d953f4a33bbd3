"""Copy what the collectors read of a host into a directory: a fixture that tests can run on, and that shows a fault.

Command lines are cut down to the program's name unless asked for; the environment of a process is never read. Of the
sockets only those that listen are kept. It writes nowhere but below the directory it is given.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monitor.adapters.procfs import INODE, LISTEN, STATE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CARD: Final = (
    "uevent",
    "power/runtime_status",
    "gpu_busy_percent",
    "mem_info_vram_total",
    *(f"hwmon/*/{name}" for name in ("name", "energy*", "power*", "in[0-9]*")),
)
"""What a graphics card's driver shows of it."""
SYSFS: Final = (
    "class/powercap/*/name",
    "class/powercap/*/energy_uj",
    "class/powercap/*/max_energy_range_uj",
    "class/powercap/*/enabled",
    "class/powercap/*/constraint_*",
    *(
        f"class/hwmon/*/{below}{name}"
        for below in ("", "device/")
        for name in ("name", "energy*", "power*", "in[0-9]*", "curr[0-9]*")
    ),
    *(f"bus/event_source/devices/power/{name}" for name in ("type", "cpumask", "events/*")),
    "class/ipmi/*/dev",
    *(f"class/drm/{card}/device/{name}" for card in ("card[0-9]", "card[0-9][0-9]") for name in CARD),
    "class/kfd/kfd/topology/nodes/*/gpu_id",
    "class/kfd/kfd/topology/nodes/*/properties",
    "class/kfd/kfd/proc/*/vram_*",
    "devices/system/node/node[0-9]*/cpulist",
    "devices/system/cpu/online",
    "devices/system/cpu/cpu[0-9]*/topology/physical_package_id",
)
SERIAL: Final = "_serial_number"
"""A name that ends so: what identifies the hardware tells nothing of its energy."""
PROCFS: Final = (
    "stat",
    "meminfo",
    "cpuinfo",
    "uptime",
    "cgroups",
    "sys/kernel/random/boot_id",
    "sys/kernel/osrelease",
)
PROCESS: Final = ("stat", "statm", "cgroup", "comm")
SOCKETS: Final = ("net/tcp", "net/tcp6")
CGROUP: Final = (
    "cgroup.controllers",
    "cgroup.events",
    "cgroup.procs",
    "cgroup.type",
    "cpu.stat",
    "cpuacct.usage",
    "memory.current",
    "memory.stat",
    "memory.usage_in_bytes",
)
CLIENT: Final = b"drm-client-id"
"""What is in the description of a descriptor that is of a graphics card."""
LARGEST: Final = 1 << 20
"""No file of these is larger; what is goes into the recording cut."""


@dataclass(frozen=True, slots=True)
class Roots:
    """Where the host is read."""

    sysfs: Path
    procfs: Path
    cgroupfs: Path


@dataclass(slots=True)
class Recording:
    """What was recorded, and what could not be read: path in the recording -> why."""

    files: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def record(roots: Roots, target: Path, about: Mapping[str, str], *, with_arguments: bool) -> Recording:
    """Record the host below *target*, which must not exist or be empty; return what is in it.

    *about* (version, date, kernel) goes into the manifest. Raises FileExistsError where there is something already,
    OSError where it can't be written: then nothing is left behind.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(target)
    draft = target.with_name(f".{target.name}.partial")
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(parents=True)
    try:
        recording = _copy_host(roots, draft, with_arguments=with_arguments)
        _describe(draft, recording, about, with_arguments=with_arguments)
        draft.replace(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return recording


def program_of(command_line: bytes) -> bytes:
    """Return the command line cut down to its program's name: no argument, no directory, no title it gave itself."""
    first = command_line.partition(b"\0")[0].strip().partition(b" ")[0]
    return first.rpartition(b"/")[2] + b"\0" if first else b""


def listening(table: bytes) -> bytes:
    """Return a table of sockets with its header and those that listen: the others tell who talks to whom."""
    lines = table.splitlines(keepends=True)
    return b"".join(lines[:1] + [line for line in lines[1:] if line.split()[STATE].decode() == LISTEN])


def engines(descriptor: bytes) -> bytes:
    """Return what a descriptor says of its use of a graphics card; nothing where it is of something else."""
    lines = descriptor.splitlines(keepends=True)
    return b"".join(line for line in lines if line.startswith((b"drm-", b"amd-"))) if CLIENT in descriptor else b""


def _copy_host(roots: Roots, target: Path, *, with_arguments: bool) -> Recording:
    copier = _Copier(target, Recording())
    for pattern in SYSFS:
        for path in sorted(path for path in roots.sysfs.glob(pattern) if not path.name.endswith(SERIAL)):
            copier.copy(path, f"sys/{path.relative_to(roots.sysfs)}")
    for name in PROCFS:
        copier.copy(roots.procfs / name, f"proc/{name}")
    for name in SOCKETS:
        copier.copy(roots.procfs / name, f"proc/{name}", listening)
    for process in sorted(path for path in roots.procfs.glob("[0-9]*") if path.name.isdigit()):
        _copy_process(process, copier, with_arguments=with_arguments)
    _copy_cgroups(roots.cgroupfs, copier)
    return copier.recording


def _copy_process(process: Path, copier: _Copier, *, with_arguments: bool) -> None:
    for name in PROCESS:
        copier.copy(process / name, f"proc/{process.name}/{name}")
    copier.copy(
        process / "cmdline", f"proc/{process.name}/cmdline", (lambda line: line) if with_arguments else program_of
    )
    copier.link_sockets(process / "fd", f"proc/{process.name}/fd")
    copier.copy_all(process / "fdinfo", f"proc/{process.name}/fdinfo", engines)


def _copy_cgroups(root: Path, copier: _Copier) -> None:
    for directory, _, files in os.walk(root):
        below = Path(directory).relative_to(root)
        for name in CGROUP:
            if name in files:
                copier.copy(root / below / name, f"sys/fs/cgroup/{below / name}")


@dataclass(slots=True)
class _Copier:
    target: Path
    recording: Recording
    _listening: frozenset[str] = frozenset()

    def copy(
        self, source: Path, name: str, cut: Callable[[bytes], bytes] = lambda content: content, *, empty: bool = True
    ) -> None:
        """Copy *source*, as *cut* leaves it, to *name*; what isn't there is left out, what is forbidden is noted.

        Where nothing is left it is copied only if *empty* says so.
        """
        try:
            with source.open("rb") as stream:
                content = cut(stream.read(LARGEST))
        except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
            return
        except OSError as error:
            self.recording.unreadable[name] = error.strerror or type(error).__name__
            return
        if not content and not empty:
            return
        file = self.target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        self.recording.files.append(name)
        if fnmatch(name, "proc/net/*"):
            inodes = (line.split()[INODE].decode() for line in content.splitlines()[1:])
            self._listening |= {f"socket:[{inode}]" for inode in inodes}

    def copy_all(self, source: Path, name: str, cut: Callable[[bytes], bytes]) -> None:
        """Copy the files in the directory *source* of which *cut* leaves something; that it is forbidden is noted."""
        try:
            for file in sorted(source.iterdir()):
                self.copy(file, f"{name}/{file.name}", cut, empty=False)
        except PermissionError as error:
            self.recording.unreadable[name] = error.strerror or "forbidden"
        except OSError:
            return

    def link_sockets(self, source: Path, name: str) -> None:
        """Record which of the listening sockets a process holds: the links in its *source*, and no other."""
        try:
            links = {link.name: str(link.readlink()) for link in source.iterdir()}
        except OSError as error:
            if isinstance(error, PermissionError):
                self.recording.unreadable[name] = error.strerror or "forbidden"
            return
        for number, socket in sorted(links.items()):
            if socket in self._listening:
                (self.target / name).mkdir(parents=True, exist_ok=True)
                (self.target / name / number).symlink_to(socket)


def _describe(target: Path, recording: Recording, about: Mapping[str, str], *, with_arguments: bool) -> None:
    manifest = {
        **about,
        "arguments": with_arguments,
        "files": sorted(recording.files),
        "unreadable": dict(sorted(recording.unreadable.items())),
    }
    (target / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    shown = {name: about.get(name, "") for name in ("version", "date", "kernel", "host")}
    arguments = "whole" if with_arguments else "cut down to the program's name"
    (target / "README.md").write_text(_README.format(**shown, arguments=arguments), encoding="utf-8")


_README: Final = """\
# A recorded host

What Empreinte {version} reads on `{host}` (Linux {kernel}), as it was on {date}.
`manifest.json` lists the files, and those that could not be read.

It holds energy counters, sensors, the processor's description, memory and CPU time of the machine, of its control
groups and of each process, its use of graphics cards, and the sockets that listen. Command lines are {arguments}.
Look at it before you pass it on: names of users, containers and services may be in the names of the control groups.

To look at it as Empreinte does, configure its directories:

```toml
[paths]
sysfs = "/where/it/is/sys"
procfs = "/where/it/is/proc"
cgroupfs = "/where/it/is/sys/fs/cgroup"
```
"""
