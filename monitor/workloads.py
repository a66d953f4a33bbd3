"""Who is who on this host: reads what processes are, once each, and says which consumer each belongs to.

Shared by the collectors that see processes or control groups. The thread that samples changes it; `services` and
`present` are replaced whole, so that any other thread may look at them.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import replace
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec

from monitor.core.entries import MONITOR, OTHER
from monitor.core.services import (
    Found,
    ProcessFacts,
    ServerKind,
    beyond,
    configured,
    discovered,
    lies_in,
    own_group,
    recognise,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from monitor.core.entries import ServiceFacts
    from monitor.core.services import ServiceRule

CAP: Final = 50
"""Most services that are discovered: a host that starts programs under ever new names must not fill the ledger."""
KERNEL_THREAD: Final = 0x00200000
"""PF_KTHREAD in a process's flags. Source: Linux, include/linux/sched.h."""
SOCKET: Final = re.compile(r"socket:\[(\d+)\]")
LISTEN: Final = "0A"
"""State TCP_LISTEN in /proc/net/tcp. Source: Linux, include/net/tcp_states.h."""
LONGEST_COMMAND: Final = 32_768
LONGEST_TABLE: Final = 16 * 1024 * 1024
"""Bytes read of a file at most: a command line may be 2 MiB long, a table of sockets grows with the connections."""
LOOKS: Final = 3
"""How often a new process of nobody's is looked at again. Our choice: a shell has run its program by then."""
SWEPT: Final = 2
"""How many of the old ones are looked at again at each refresh. Our choice: a thousand take some minutes."""


def catalogue() -> tuple[ServerKind, ...]:
    """Return the AI servers that are known, from the catalogue that comes with the program."""
    text = files("monitor.catalogue").joinpath("ai_servers.toml").read_text("utf-8")
    return tuple(msgspec.convert(row, ServerKind) for row in tomllib.loads(text)["server"])


class HostWorkloads:
    """The processes of a host, each with its consumer."""

    def __init__(
        self,
        procfs: Path,
        rules: Sequence[ServiceRule],
        kinds: Sequence[ServerKind],
        own_pid: int,
        *,
        cap: int = CAP,
    ) -> None:
        """No *kinds*: nothing is discovered. The process *own_pid* and what it starts are the monitor."""
        self._procfs = procfs
        self._rules = tuple(rules)
        self._kinds = tuple(kinds)
        self._own_pid = own_pid
        self._cap = cap
        self._ports = frozenset(rule.match.port for rule in rules if rule.match.port is not None)
        self._sockets: Mapping[str, int] = {}
        self._facts: dict[int, ProcessFacts] = {}
        self._consumers: dict[int, str] = {}
        self._young: dict[int, int] = {}
        self._sweep = 0
        self._groups: dict[str, str] = {}
        self._group_above: dict[str, str] = {}
        self._uses_groups = False
        self._disowned: set[str] = set()
        self._newborn: set[str] = set()
        self._surveyed: frozenset[int] | None = None
        self._changed = False
        self._living: frozenset[int] = frozenset()
        self._service_pids: frozenset[int] = frozenset()
        self._whole: Mapping[str, str] = MappingProxyType({})
        self._one_by_one: Mapping[int, str] = MappingProxyType({})
        self._services: Mapping[str, ServiceFacts] = MappingProxyType({rule.facts.key: rule.facts for rule in rules})
        self._present: frozenset[str] = frozenset()
        self.beyond_cap = False
        """Whether a service was found that is one too many: its energy is under `_other`."""

    def services(self) -> Mapping[str, ServiceFacts]:
        """Return what is known of every service that is configured or was found."""
        return self._services

    def present(self) -> frozenset[str]:
        """Return the services that had a process at the last refresh."""
        return self._present

    def service_pids(self) -> frozenset[int]:
        """Return the pids of all services' processes. Any thread may ask."""
        return self._service_pids

    def is_service(self, pid: int) -> bool:
        """Whether process *pid*, just started, is a service by itself. Any thread may ask: nothing is kept."""
        facts = read_facts(self._procfs, pid)
        if facts is None:
            return False
        return configured(facts, self._rules) is not None or recognise(facts, self._kinds) is not None

    def cgroups(self) -> Mapping[str, str]:
        """Return the control groups in which all processes are of one consumer: path -> consumer."""
        return self._whole

    def consumer_of(self, pid: int) -> str:
        """Return the consumer that process *pid* belongs to; `_other` where it is gone."""
        return self._classify(pid)

    def started(self, pid: int) -> int | None:
        """Return when *pid*, as last seen, was started, in clock ticks after boot; None for one that is not known."""
        facts = self._facts.get(pid)
        return facts.started if facts is not None else None

    def forget(self, pid: int) -> None:
        """Take *pid* for a new process: it was used again for another."""
        self._facts.pop(pid, None)
        self._consumers.pop(pid, None)
        self._young.pop(pid, None)
        self._changed = True

    def use_groups(self, *, on: bool) -> None:
        """Say whether somebody reads the groups that `cgroups()` names; until then it names none."""
        self._uses_groups = on
        self._changed = True

    def newborn(self, path: str) -> bool:
        """Whether the group *path* came to be under our eyes, so that its counter holds nothing but its consumer's."""
        return path in self._newborn

    def disown(self, path: str) -> None:
        """Say that the group *path* has no counter to read: its processes are read one by one."""
        self._disowned.add(path)
        self._changed = True

    def living(self) -> frozenset[int]:
        """Return the pids of all processes that lived at the last refresh, kernel threads included."""
        return self._living

    def one_by_one(self) -> Mapping[int, str]:
        """Return the processes to be read one by one: pid -> consumer, kernel threads left out.

        Left out as well are those in a control group that `cgroups()` names: their time is in its counter.
        """
        return self._one_by_one

    def refresh(self) -> None:
        """See who is there now. Where procfs can't be listed all stays as it was: the collectors will say so."""
        try:
            pids = [int(name) for name in os.listdir(self._procfs) if name.isdigit()]  # noqa: PTH208 - names only, and fast
        except OSError:
            return
        self._living = frozenset(pids)
        for pid in self._facts.keys() - self._living:
            self.forget(pid)
        for pid in pids:
            if pid not in self._facts:
                self._classify(pid)
        self._look_again(pids)
        self._look_for_listeners()
        if self._changed:
            self._survey()
            self._changed = False

    def _look_again(self, pids: Sequence[int]) -> None:
        """See whether a process of nobody's has become a service: started by a shell, it first had the shell's name.

        New ones are looked at again a few times, old ones one after the other.
        """
        again = list(self._young)
        for pid in again:
            self._young[pid] -= 1
            if not self._young[pid]:
                del self._young[pid]
        if pids:
            self._sweep = (self._sweep + SWEPT) % len(pids)
            again += pids[self._sweep : self._sweep + SWEPT]
        for pid in again:
            if self._consumers.get(pid) == OTHER and not self._facts[pid].kernel:
                facts = read_facts(self._procfs, pid)
                if facts is not None and facts != self._facts[pid]:
                    self._settle(facts)

    def _look_for_listeners(self) -> None:
        """Give the ports that are configured to the processes that listen on them, when the listeners change."""
        if not self._ports:
            return
        sockets = dict(_listening_sockets(self._procfs, self._ports))
        if sockets == self._sockets:
            return
        self._sockets = sockets
        for pid, facts in list(self._facts.items()):
            if not facts.kernel and self._consumers[pid] == OTHER:
                ports = frozenset(sockets[link] for link in _sockets_of(self._procfs, pid) if link in sockets)
                if ports:
                    self._settle(replace(facts, ports=ports))

    def _survey(self) -> None:
        """Find out which control groups are whole, and who is present."""
        self._group_above.clear()
        above = {pid: self._claimed_group(facts.cgroup) for pid, facts in self._facts.items()}
        inhabited = set(above.values())
        mixed = {group for pid, group in above.items() if group and self._consumers[pid] != self._groups[group]}
        self._groups = {group: consumer for group, consumer in self._groups.items() if group in inhabited}
        self._disowned &= inhabited
        apart = mixed | self._disowned
        whole = {group: who for group, who in self._groups.items() if self._uses_groups and group not in apart}
        self._note_newborn(whole, above)
        self._service_pids = frozenset(
            pid for pid, consumer in self._consumers.items() if consumer not in {OTHER, MONITOR}
        )
        self._whole = MappingProxyType(whole)
        self._present = frozenset(self._consumers.values()) - {OTHER, MONITOR}
        self._one_by_one = MappingProxyType(
            {
                pid: self._consumers[pid]
                for pid, facts in self._facts.items()
                if not facts.kernel and above[pid] not in whole
            }
        )

    def _note_newborn(self, whole: Mapping[str, str], above: Mapping[int, str]) -> None:
        """Keep which of the *whole* groups had no process at the last survey: those are new, counter and all."""
        if self._surveyed is not None:
            inhabited_before = {group for pid, group in above.items() if pid in self._surveyed}
            self._newborn |= whole.keys() - self._whole.keys() - inhabited_before
        self._newborn &= whole.keys()
        self._surveyed = frozenset(self._facts)

    def _claimed_group(self, cgroup: str) -> str:
        """Return the control group above *cgroup* that a service has to itself; empty where there is none."""
        if cgroup not in self._group_above:
            self._group_above[cgroup] = next((group for group in self._groups if lies_in(cgroup, group)), "")
        return self._group_above[cgroup]

    def _classify(self, pid: int) -> str:
        known = self._consumers.get(pid)
        if known is not None:
            return known
        facts = read_facts(self._procfs, pid)
        if facts is None:
            return OTHER
        self._young[pid] = LOOKS
        return self._settle(facts)

    def _settle(self, facts: ProcessFacts) -> str:
        self._facts[facts.pid] = facts
        # before its parent is asked: a process may not be its own ancestor, whatever a damaged procfs says
        self._consumers[facts.pid] = OTHER
        self._consumers[facts.pid] = self._whose(facts)
        self._changed = True
        return self._consumers[facts.pid]

    def _whose(self, facts: ProcessFacts) -> str:
        if facts.pid == self._own_pid:
            return MONITOR
        if facts.kernel:
            return OTHER
        found = configured(facts, self._rules)
        if found is not None:
            return self._claim(found)
        parent = self._classify(facts.parent) if facts.parent > 1 else OTHER
        if parent != OTHER:
            return parent
        return self._groups.get(own_group(facts.cgroup)) or self._discover(facts)

    def _discover(self, facts: ProcessFacts) -> str:
        outcome = discovered(facts, self._kinds, self._rules)
        if outcome is None:
            return OTHER
        found, service = outcome
        if beyond(self._cap, self._services, found.key):
            self.beyond_cap = True
            return OTHER
        if found.key not in self._services:
            self._services = MappingProxyType({**self._services, found.key: service})
        return self._claim(found)

    def _claim(self, found: Found) -> str:
        """Give *found* its control group, with the processes that were in it before it was known."""
        if found.cgroup and found.cgroup not in self._groups:
            self._groups[found.cgroup] = found.key
            self._group_above.clear()
            for pid, facts in self._facts.items():
                if lies_in(facts.cgroup, found.cgroup) and self._consumers.get(pid) == OTHER:
                    self._consumers[pid] = found.key
        return found.key


def read_facts(procfs: Path, pid: int) -> ProcessFacts | None:
    """Return what process *pid* is, but for its ports; None where it is gone."""
    directory = f"{procfs}/{pid}"
    try:
        stat = _read(f"{directory}/stat")
        command = _read(f"{directory}/cmdline")
        groups = _read(f"{directory}/cgroup")
    except OSError:
        return None
    head, _, tail = stat.rpartition(")")
    fields = tail.split()
    return ProcessFacts(
        pid=pid,
        parent=int(fields[1]),
        started=int(fields[19]),
        comm=head.partition("(")[2],
        argv=tuple(command.rstrip("\0").split("\0")) if command else (),
        cgroup=group_of(groups),
        kernel=bool(int(fields[6]) & KERNEL_THREAD),
    )


def group_of(text: str) -> str:
    """Return the control group that accounts for the CPU of a process, from its `/proc/PID/cgroup`.

    That of version 2 where it says more than the root, else the one of version 1's cpuacct, else of systemd's own
    hierarchy. Source: cgroups(7), /proc/pid/cgroup.
    """
    paths = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = path
    for hierarchy in ("", "cpuacct", "name=systemd"):
        if paths.get(hierarchy, "/") != "/":
            return paths[hierarchy]
    return "/"


def _listening_sockets(procfs: Path, ports: frozenset[int]) -> Iterator[tuple[str, int]]:
    """Yield (socket's inode, port) of each of *ports* on which something listens in our network namespace."""
    for table in ("tcp", "tcp6"):
        try:
            rows = _read(f"{procfs}/net/{table}", LONGEST_TABLE).splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            port = int(fields[1].rpartition(":")[2], 16)
            if fields[3] == LISTEN and port in ports:
                yield fields[9], port


def _sockets_of(procfs: Path, pid: int) -> Iterable[str]:
    """Yield the inodes of the sockets that *pid* holds, as far as its descriptors may be seen."""
    try:
        for entry in (procfs / str(pid) / "fd").iterdir():
            link = SOCKET.fullmatch(str(entry.readlink()))
            if link is not None:
                yield link[1]
    except OSError:
        return


def _read(path: str, longest: int = LONGEST_COMMAND) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        chunks = []
        while longest > 0 and (chunk := os.read(descriptor, longest)):
            chunks.append(chunk)
            longest -= len(chunk)
        return b"".join(chunks).decode(errors="replace")
    finally:
        os.close(descriptor)
