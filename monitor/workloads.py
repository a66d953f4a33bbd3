"""Who is who on this host: reads what processes are, once each, and says which consumer each belongs to.

Shared by the collectors that see processes or control groups. The thread that samples changes it; `services`,
`present`, `service_pids` and what `consumer_of` looks at are replaced whole, so that any other thread may ask.
"""

from __future__ import annotations

import os
import tomllib
from collections import deque
from dataclasses import replace
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec

from monitor.adapters.owners import Owners
from monitor.adapters.pages import Pages
from monitor.adapters.procfs import listening_sockets, read_facts, sockets_of
from monitor.core.entries import MONITOR, OTHER
from monitor.core.services import (
    DISCOVERED,
    Catalogue,
    Found,
    ProcessFacts,
    ServerKind,
    beyond,
    configured,
    discovered,
    lies_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from monitor.core.entries import ServiceFacts
    from monitor.core.services import Page, ServiceRule

CAP: Final = 50
"""Most services that are discovered: a host that starts programs under ever new names must not fill the ledger."""
LOOKS: Final = 3
"""How often a new process of nobody's is looked at again. Our choice: a shell has run its program by then."""
SWEPT: Final = 2
"""How many of the old ones are looked at again at each refresh. Our choice: a thousand take forty minutes at 5 s."""
HEARD: Final = 1000
"""How many processes are remembered that started a program since the last refresh."""
HIDDEN: Final = "the processes of other users are hidden (hidepid): services that they run are not told from the rest"


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
        pages: bool = True,
    ) -> None:
        """No *kinds*: nothing is discovered; no *pages*: of metrics pages only those that *rules* name are there.

        The process *own_pid* and what it starts are the monitor.
        """
        self._procfs = procfs
        self._rules = tuple(rules)
        self._catalogue = Catalogue(kinds)
        self._pages = Pages(procfs, self._rules, self._catalogue if pages else None)
        self._own_pid = own_pid
        self._cap = cap
        self._ports = frozenset(rule.match.port for rule in rules if rule.match.port is not None)
        self._sockets: Mapping[str, int] = {}
        self._facts: dict[int, ProcessFacts] = {}
        self._consumers: dict[int, str] = {}
        self._young: dict[int, int] = {}
        self._heard: deque[int] = deque(maxlen=HEARD)
        self._hidden, self._sweep = set[int](), 0
        self._groups: dict[str, str] = {}
        self._groups_above: dict[str, tuple[str, ...]] = {}
        self._uses_groups = self._changed = False
        self._disowned: set[str] = set()
        self._newborn: set[str] = set()
        self._inhabited: frozenset[str] | None = None
        self._living: frozenset[int] = frozenset()
        self._service_pids: Mapping[int, str] = MappingProxyType({})
        self._ended: dict[int, tuple[int, str]] = {}
        self._owners = Owners(procfs, {})
        self._whole: Mapping[str, str] = MappingProxyType({})
        self._one_by_one: Mapping[int, str] = MappingProxyType({})
        self._services: Mapping[str, ServiceFacts] = MappingProxyType({rule.facts.key: rule.facts for rule in rules})
        self._present: frozenset[str] = frozenset()
        self.beyond_cap = False
        """Whether a service was found that is one too many: its energy is under `_other`."""

    @property
    def unseen(self) -> str:
        """Why processes that live can't be seen, in one sentence; empty where all can."""
        return HIDDEN if self._hidden or (self._living and 1 not in self._living) else ""

    def services(self) -> Mapping[str, ServiceFacts]:
        """Return what is known of every service that is configured or was found."""
        return self._services

    def present(self) -> frozenset[str]:
        """Return the services that had a process at the last refresh."""
        return self._present

    def service_pids(self) -> Mapping[int, str]:
        """Return every process of a service at the last refresh: pid -> service. Any thread may ask."""
        return self._service_pids

    def pages(self) -> tuple[Page, ...]:
        """Return where services tell what they do, as far as it is configured or found. One thread may ask, any one."""
        return self._pages.of(self._service_pids)

    def is_service(self, pid: int) -> bool:
        """Whether process *pid*, just started, is of a service that was not there. Any thread may ask.

        One that only listens on a configured port, as it will, is not seen yet. The next refresh looks at *pid* again:
        it may be an old one that has run another program.
        """
        facts = self._look_up(pid)
        if facts is None or facts.parent in self._service_pids:
            return False
        found = configured(facts, self._rules)
        if found is None:
            outcome = discovered(facts, self._catalogue, self._rules)
            found = outcome[0] if outcome is not None else None
        if found is None:
            return False
        self._heard.append(pid)
        return found.key not in self._present and not beyond(self._cap, self._services, found.key)

    def cgroups(self) -> Mapping[str, str]:
        """Return the control groups in which all processes are of one consumer: path -> consumer."""
        return self._whole

    def consumer_of(self, pid: int) -> str:
        """Return the consumer that process *pid* of now, or that has just ended, belongs to. Any thread may ask."""
        return self._owners.of(pid)

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
        self._hidden &= self._living
        ended = self._facts.keys() - self._living
        self._ended = {pid: (self._facts[pid].started, self._consumers[pid]) for pid in ended}
        for pid in ended:
            self.forget(pid)
        self._look_again(pids)
        for pid in self._living - self._facts.keys() - self._hidden:
            self._classify(pid)
        self._look_for_listeners()
        if self._changed:
            self._survey()
            self._changed = False

    def _look_again(self, pids: Sequence[int]) -> None:
        """See whether processes are still what they were.

        One that was started by a shell first had the shell's name, and a number may have been given to another process.
        New processes of nobody's are looked at again a few times, all others one after the other.
        """
        again = {pid for pid in self._young if self._consumers[pid] == OTHER}
        self._young = {pid: looks - 1 for pid, looks in self._young.items() if looks > 1}
        again.update(pids[self._sweep : self._sweep + SWEPT])
        again.update(self._heard.popleft() for _ in range(len(self._heard)))
        self._sweep = self._sweep + SWEPT if self._sweep + SWEPT < len(pids) else 0
        self._hidden -= again
        for pid in again:
            before, now = self._facts.get(pid), self._look_up(pid)
            if before is None or (now is not None and now.started != before.started):
                self.forget(pid)
                self._classify(pid)
            elif now is not None and self._consumers[pid] == OTHER and now.runs != before.runs:
                self._spread(pid, self._settle(now), frozenset({OTHER}))

    def _look_for_listeners(self) -> None:
        """Give the ports that are configured to the processes that listen on them, when the listeners change.

        What was found without being configured turns out to be configured: whoever started the listener, and whom they
        started, are of the same service.
        """
        if not self._ports:
            return
        sockets = dict(listening_sockets(self._procfs, self._ports))
        if sockets == self._sockets:
            return
        self._sockets = sockets
        for pid, facts in list(self._facts.items()):
            before = self._consumers[pid]
            if facts.kernel or not self._may_be_taken(before):
                continue
            ports = frozenset(sockets[link] for link in sockets_of(self._procfs, pid) if link in sockets)
            if ports:
                consumer = self._settle(replace(facts, ports=ports))
                self._spread(self._eldest(pid, before), consumer, frozenset({OTHER, before}))

    def _survey(self) -> None:
        """Find out which control groups are whole, and who is present."""
        self._groups_above.clear()
        above = {pid: self._claimed_above(facts.cgroup) for pid, facts in self._facts.items()}
        inhabited = {group for groups in above.values() for group in groups}
        mixed = {
            group for pid, groups in above.items() for group in groups if self._consumers[pid] != self._groups[group]
        }
        self._groups = {group: consumer for group, consumer in self._groups.items() if group in inhabited}
        self._disowned &= inhabited
        whole = self._outermost(self._groups.keys() - mixed - self._disowned) if self._uses_groups else {}
        self._note_newborn(whole)
        self._whole = MappingProxyType(whole)
        known = {pid: (facts.started, self._consumers[pid]) for pid, facts in self._facts.items()}
        self._owners = Owners(self._procfs, self._ended | known)
        self._service_pids = MappingProxyType(
            {pid: consumer for pid, consumer in self._consumers.items() if consumer not in {OTHER, MONITOR}}
        )
        self._present = frozenset(self._consumers.values()) - {OTHER, MONITOR}
        self._one_by_one = MappingProxyType(
            {
                pid: self._consumers[pid]
                for pid, facts in self._facts.items()
                if not facts.kernel and whole.keys().isdisjoint(above[pid])
            }
        )

    def _outermost(self, groups: Iterable[str]) -> dict[str, str]:
        """Return those of *groups* that lie in no other of them, with their consumers: the counter of one has both."""
        found: dict[str, str] = {}
        for group in sorted(groups):
            if not any(lies_in(group, other) for other in found):
                found[group] = self._groups[group]
        return found

    def _note_newborn(self, whole: Mapping[str, str]) -> None:
        """Keep which of the *whole* groups had no process at the last survey: those are new, counter and all."""
        if self._inhabited is not None:
            before = self._inhabited
            new = whole.keys() - self._whole.keys()
            self._newborn.update(group for group in new if not any(lies_in(path, group) for path in before))
        self._newborn &= whole.keys()
        self._inhabited = frozenset(facts.cgroup for facts in self._facts.values())

    def _claimed_above(self, cgroup: str) -> tuple[str, ...]:
        """Return the control groups, from the innermost, that *cgroup* lies in and that are claimed by a service."""
        if cgroup not in self._groups_above:
            above = (group for group in self._groups if lies_in(cgroup, group))
            self._groups_above[cgroup] = tuple(sorted(above, key=len, reverse=True))
        return self._groups_above[cgroup]

    def _look_up(self, pid: int) -> ProcessFacts | None:
        try:
            return read_facts(self._procfs, pid)
        except PermissionError:
            return None

    def _classify(self, pid: int) -> str:
        """Return the consumer of *pid*, once those of its ancestors are known: it may be theirs."""
        unknown: dict[int, ProcessFacts] = {}
        ancestor = pid
        while ancestor > 0 and ancestor not in self._consumers and ancestor not in unknown:
            try:
                facts = read_facts(self._procfs, ancestor)
            except PermissionError:
                self._hidden.add(ancestor)
                break
            if facts is None:
                break
            unknown[ancestor] = facts
            ancestor = facts.parent if facts.parent > 1 else 0
        for facts in reversed(unknown.values()):
            self._young[facts.pid] = LOOKS
            self._settle(facts)
        return self._consumers.get(pid, OTHER)

    def _settle(self, facts: ProcessFacts) -> str:
        self._facts[facts.pid] = facts
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
        parent = self._consumers.get(facts.parent, OTHER) if facts.parent > 1 else OTHER
        if parent != OTHER:
            return parent
        claimed = self._claimed_above(facts.cgroup)
        return self._groups[claimed[0]] if claimed else self._discover(facts)

    def _discover(self, facts: ProcessFacts) -> str:
        outcome = discovered(facts, self._catalogue, self._rules)
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
        owner = self._groups.get(found.cgroup, OTHER)
        if found.cgroup and (owner == OTHER or (self._may_be_taken(owner) and not self._may_be_taken(found.key))):
            self._groups[found.cgroup] = found.key
            self._groups_above.clear()
            for pid, facts in self._facts.items():
                if self._consumers[pid] in {OTHER, owner} and lies_in(facts.cgroup, found.cgroup):
                    self._consumers[pid] = found.key
        return found.key

    def _may_be_taken(self, consumer: str) -> bool:
        """Whether what is known to be *consumer*'s may turn out to be a configured service's."""
        return consumer == OTHER or (consumer != MONITOR and self._services[consumer].found_by == DISCOVERED)

    def _eldest(self, pid: int, consumer: str) -> int:
        """Return the furthest ancestor of *pid* that belongs to the service *consumer*; itself where there is none."""
        if consumer == OTHER:
            return pid
        seen = {pid}
        while (parent := self._facts[pid].parent) not in seen and self._consumers.get(parent) == consumer:
            seen.add(parent)
            pid = parent
        return pid

    def _spread(self, pid: int, consumer: str, taken: frozenset[str]) -> None:
        """Give *pid* and whom it started to *consumer*, as far as they are of those that may be *taken* from."""
        if consumer in taken:
            return
        tree = {pid}
        self._consumers[pid] = consumer
        while True:
            more = {
                child
                for child, facts in self._facts.items()
                if facts.parent in tree and child not in tree and self._consumers[child] in taken
            }
            if not more:
                return
            tree |= more
            self._consumers.update(dict.fromkeys(more, consumer))
