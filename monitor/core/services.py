"""Which service a process belongs to: what is configured, and what the catalogue of AI servers knows.

Command lines are looked at here and go no further.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from monitor.core.commands import listening, what_runs
from monitor.core.entries import PSEUDO_SERVICES, ServiceFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CONFIGURED: Final = "configured"
DISCOVERED: Final = "discovered"
CONTAINER: Final = re.compile(
    r"(?:(?:docker|libpod(?:-payload)?|crio|cri-containerd|nerdctl)-)?([0-9a-f]{64})(?:\.scope)?"
)
"""The name of a container's control group, with its id. Source: Docker, Podman, CRI-O, containerd: cgroup drivers."""
MACHINE: Final = re.compile(r"/(?:lxc(?:\.payload)?[./]([^/]+)|machine-([^/]+)\.scope|systemd-nspawn@([^/]+)\.service)")
"""A container that has a name, and a system of its own inside. Source: LXC, systemd-machined."""
VIRTUAL_MACHINE: Final = re.compile(
    r"/(?:machine-qemu-\d+-(.+)\.scope|machine/qemu-\d+-(.+)\.libvirt-qemu|qemu\.slice/(\d+)\.scope)"
)
"""How the path of a virtual machine's control group ends, with its name or number; the number before a name is another
one at each start. Source: libvirt, "Control Groups Resource Management" and virDomainDriverGenerateMachineName; Proxmox
VE, qemu-server (PVE/QemuServer.pm, enter_systemd_scope)."""
POD: Final = re.compile(r"pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$")
"""The end of the name of a pod's control group, with its uid. Source: Kubernetes, pkg/kubelet/cm."""
SHARED_UNITS: Final = re.compile(
    r"((user|getty|serial-getty|code-server|pm2|k3s|rke2|emacs)([@-].*)?|sshd?(@.*)?|crond?|atd|anacron|rc-local"
    r"|docker|containerd|podman|crio|kubelet|libvirtd|lxc@?.*|systemd-nspawn@.*|nomad|slurmd|supervisord?|gnome-terminal-server"
    r"|jenkins|jupyter.*|gitlab-runner|actions\.runner\..*)\.service"
)
"""Units that run what others start: to be in one says nothing about who it is."""
UNNAMED: Final = re.compile(r"run-(u\d+|r[0-9a-f]{32}|p\d+-i\d+)\.service")
"""Units that systemd-run made, and named itself: each program gets another. Source: systemd, src/run/run.c."""
FORWARDERS: Final = frozenset({"docker-proxy", "rootlessport", "conmon", "pasta", "slirp4netns"})
"""Programs that listen for a container, and do nothing of its work. Source: Docker and Podman, their networks."""


@dataclass(frozen=True, slots=True)
class Match:
    """How a service is recognised: one field is set."""

    systemd: str = ""
    """Name of its systemd unit, a glob."""
    container: str = ""
    """Id of its container, or the beginning of it; of one that has a name (LXC, nspawn), the name."""
    pod: str = ""
    """Uid of its pod, a glob."""
    cgroup: str = ""
    """Path of its control group below the hierarchy's root, a glob."""
    process: str = ""
    """Regular expression searched for in the command line."""
    port: int | None = None
    """Port it listens on."""
    virtual_machine: str = ""
    """Name that libvirt knows it by, or number that Proxmox VE does."""


@dataclass(frozen=True, slots=True)
class PageRule:
    """Where a service tells what it does: a metrics page that is configured."""

    url: str
    model: str = ""
    """The model that it serves, where its page does not name any."""
    token_file: str = ""
    """File with the token that the page asks for; empty: it asks for none."""


@dataclass(frozen=True, slots=True)
class EventRule:
    """Which events from outside are a service's: those that all that is set here fits."""

    models: tuple[str, ...] = ()
    """Names of models, globs; empty: any."""
    sources: tuple[str, ...] = ()
    """Names of who sends them, globs; empty: any."""


@dataclass(frozen=True, slots=True)
class Page:
    """A metrics page to read, and whose it is."""

    consumer: str
    url: str
    """It holds no secret."""
    kind: str = ""
    """The kind of server that it is, by its command line; empty where that does not tell."""
    configured: bool = False
    started: int | None = None
    """When the process that listens there was started, in clock ticks after boot; None where it is not known."""
    model: str = ""
    token_file: str = ""
    sleeps: bool = False
    """Whether its command line has it sleep when it is idle: a look at its page may keep it awake."""


@dataclass(frozen=True, slots=True)
class ServiceRule:
    """A service that is configured: what it is called, how it is recognised, and where it tells what it does."""

    facts: ServiceFacts
    match: Match
    activity: PageRule | None = None
    """None: nothing is configured, and it may be found."""
    events: EventRule | None = None
    """None: only those that name it."""


@dataclass(frozen=True, slots=True)
class ServerKind:
    """A kind of AI server that the catalogue knows.

    All but `kind` and `name` are regular expressions for the whole of a text: `programs` for the name of the program
    (`ollama`), `subcommands` for what has to follow a program to make it the server (`serve`), `modules` for the Python
    module, script or Java class (`vllm.entrypoints.openai.api_server`, `ComfyUI/main`), `titles` for the title that a
    process gave itself.
    """

    kind: str
    name: str
    programs: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    subcommands: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    port: int | None = None
    """The port it listens on unless told otherwise."""
    metrics: str = ""
    """Path of its metrics page, with the port where that is another; empty where it has none."""
    sleep_option: str = ""
    """The option, with a number of seconds, that has it sleep when it is idle; empty where it has none."""


class Catalogue:
    """The kinds that are known, in order; most processes are of none, which is told by a look at all at once."""

    def __init__(self, kinds: Iterable[ServerKind]) -> None:
        """Raises re.error where an expression of a kind is none."""
        self._kinds = tuple(kinds)
        self._programs = _all(kind.programs for kind in self._kinds)
        self._modules = _all(kind.modules for kind in self._kinds)
        self._titles = _all(kind.titles for kind in self._kinds)

    def recognise(self, argv: Sequence[str]) -> ServerKind | None:
        """Return the kind of server that *argv* runs, never what it mentions; None where it is none that is known."""
        title = " ".join(argv).strip()
        command = what_runs(argv)
        if not (
            self._programs.fullmatch(command.program)
            or any(map(self._modules.fullmatch, command.modules))
            or self._titles.fullmatch(title)
        ):
            return None
        for kind in self._kinds:
            named = _any(kind.programs, command.program)
            if named and (not kind.subcommands or _any(kind.subcommands, command.after)):
                return kind
            if any(_any(kind.modules, module) for module in command.modules) or _any(kind.titles, title):
                return kind
        return None


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """What is known of a process, as first seen. `cgroup` is its path below the root of the hierarchy."""

    pid: int
    parent: int
    started: int
    """Clock ticks after boot: with the pid, the identity of the process."""
    comm: str
    argv: tuple[str, ...]
    cgroup: str
    kernel: bool = False
    ports: frozenset[int] = field(default_factory=frozenset)
    """Those it listens on, of the ports that are configured."""

    @property
    def runs(self) -> tuple[Sequence[str], str]:
        """What says who it is: a parent may end, and a worker of the kernel's names itself after its work."""
        return self.argv, self.cgroup


@dataclass(frozen=True, slots=True)
class Found:
    """A consumer, and the control group that is all its own (empty: none is known to be)."""

    key: str
    cgroup: str = ""


def configured(process: ProcessFacts, rules: Iterable[ServiceRule]) -> Found | None:
    """Return the first configured service that *process* matches; None where it matches none."""
    for rule in rules:
        cgroup = _matching_group(process.cgroup, rule.match)
        if cgroup:
            return Found(rule.facts.key, cgroup)
        if rule.match.process and re.search(rule.match.process, " ".join(process.argv)):
            return Found(rule.facts.key)
        if rule.match.port in process.ports and process.comm not in FORWARDERS:
            return Found(rule.facts.key, own_group(process.cgroup))
    return None


def discovered(
    process: ProcessFacts, catalogue: Catalogue, rules: Sequence[ServiceRule]
) -> tuple[Found, ServiceFacts] | None:
    """Return the service of a known kind that *process* runs, and what to call it; None where it is of no kind.

    Where the port that it will listen on is one of the *rules*', it is that service before it listens; in a container
    the port is another's.
    """
    kind = catalogue.recognise(process.argv)
    if kind is None:
        return None
    group = own_group(process.cgroup)
    port = listening(process.argv) or kind.port
    expected = next((rule.facts for rule in rules if port is not None and rule.match.port == port), None)
    if expected is not None and not in_container(process.cgroup):
        return Found(expected.key, group), expected
    key = _stable_key(kind, port, group, {rule.facts.key for rule in rules})
    name = kind.name if key == kind.kind else f"{kind.name} ({key})"
    return Found(key, group), ServiceFacts(key=key, name=name, kind=kind.kind, found_by=DISCOVERED)


def own_group(cgroup: str) -> str:
    """Return the control group of the unit, else of the container or pod, that *cgroup* lies in; empty: it is shared.

    A unit comes first: Podman's containers lie in the unit that runs them, systemd's units in the container it runs in.
    """
    paths = _lineage(cgroup)
    for named in (_is_unit, _is_container, _is_pod):
        for path in reversed(paths):
            if named(path.rpartition("/")[2]):
                return path
    return ""


def in_container(cgroup: str) -> bool:
    """Whether *cgroup* is a container's, a pod's or a machine's: what is in it has a network of its own, most often."""
    names = [path.rpartition("/")[2] for path in _lineage(cgroup)]
    return machine_of(cgroup) != "" or any(_is_container(name) or _is_pod(name) for name in names)


def lies_in(cgroup: str, group: str) -> bool:
    """Whether *cgroup* is *group* or lies below it."""
    return cgroup == group or cgroup.startswith(group.rstrip("/") + "/")


def beyond(limit: int, known: Mapping[str, ServiceFacts], key: str) -> bool:
    """Whether *key* would be one discovered service too many."""
    found = sum(1 for facts in known.values() if facts.found_by == DISCOVERED)
    return key not in known and found >= limit


def _stable_key(kind: ServerKind, port: int | None, group: str, taken: Iterable[str]) -> str:
    """Return a key that outlives restarts, and that no configured service has.

    It is the unit's name, else the kind, with the port where it is not the usual; then the name of the machine inside
    which it runs, if any. The id of a container is none: another one is given at each update.
    """
    unit = group.rpartition("/")[2]
    by_kind = kind.kind if port == kind.port else f"{kind.kind}-{port}"
    key = unit.removesuffix(".service") if _is_unit(unit) and not UNNAMED.fullmatch(unit) else by_kind
    machine = machine_of(group)
    key = f"{key}-{machine}" if machine else key
    # whoever may make groups names them, and this is printed, stored and scraped
    key = "".join(character if character.isprintable() else "_" for character in key)
    return f"{key}-{DISCOVERED}" if key in {*taken, *PSEUDO_SERVICES} else key


def machine_of(cgroup: str) -> str:
    """Return the name of the machine (LXC, nspawn) that *cgroup* lies in; empty where it lies in none."""
    found = MACHINE.search(cgroup)
    name = next((name for name in found.groups() if name), "") if found else ""
    # systemd writes what may not stand in the name of a unit as \xNN; in that of a machine that is the hyphen alone
    return name.replace(r"\x2d", "-")


def virtual_machine_of(cgroup: str) -> str:
    """Return the name of the virtual machine whose group *cgroup* is; empty where it is none's."""
    found = re.search(rf"{VIRTUAL_MACHINE.pattern}$", cgroup.replace(r"\x2d", "-"))
    return next((name for name in found.groups() if name), "") if found else ""


def _matching_group(cgroup: str, match: Match) -> str:
    """Return the outermost control group on the way to *cgroup* that *match* names; empty where none is."""
    return next((path for path in _lineage(cgroup) if _names_group(path, match)), "")


def _names_group(path: str, match: Match) -> bool:
    last = path.rpartition("/")[2]
    if match.systemd:
        return fnmatchcase(last, match.systemd)
    if match.cgroup:
        return fnmatchcase(path, match.cgroup)
    if match.container:
        found = CONTAINER.fullmatch(last)
        return machine_of(path) == match.container or (found is not None and found[1].startswith(match.container))
    if match.virtual_machine:
        return virtual_machine_of(path) == match.virtual_machine
    if match.pod:
        uid = POD.search(last)
        return uid is not None and fnmatchcase(uid[1].replace("_", "-"), match.pod)
    return False


def _lineage(cgroup: str) -> list[str]:
    """Return the control groups from the outermost, below the root, to *cgroup*."""
    parts = [part for part in cgroup.split("/") if part]
    return ["/" + "/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def _is_unit(name: str) -> bool:
    return name.endswith(".service") and not SHARED_UNITS.fullmatch(name)


def _is_container(name: str) -> bool:
    return CONTAINER.fullmatch(name) is not None


def _is_pod(name: str) -> bool:
    return POD.search(name) is not None


def _any(patterns: Iterable[str], text: str) -> bool:
    return any(re.fullmatch(pattern, text) for pattern in patterns)


def _all(patterns: Iterable[Iterable[str]]) -> re.Pattern[str]:
    """Return what matches where one of *patterns* does; nothing where there are none."""
    return re.compile("|".join(f"(?:{one})" for several in patterns for one in several) or r"(?!)")
