"""Which service a process belongs to: what is configured, what its parent is, what the catalogue knows.

Command lines are looked at here and go no further.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from monitor.core.entries import ServiceFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DISCOVERED: Final = "discovered"
INTERPRETERS: Final = re.compile(r"(python|pypy)[\d.]*|uv|uvx|torchrun|accelerate")
"""Programs whose first argument names what really runs."""
CONTAINER: Final = re.compile(
    r"(?:docker[-/]|libpod-|crio-|cri-containerd-|nerdctl-|/docker/|/lxc/|/machine\.slice/)([0-9a-zA-Z_.-]{2,}?)(?:\.scope)?$"
)
"""The last part of a container's control group. Source: the cgroup drivers of Docker, Podman, CRI-O and containerd."""
POD: Final = re.compile(r"pod([0-9a-f]{8}[-_][0-9a-f_-]+)")
SHARED_UNITS: Final = re.compile(
    r"(user@\d+|ssh|sshd|cron|crond|atd|docker|containerd|podman|libvirtd|getty@.*)\.service"
)
"""Units that run what others start: to be in one says nothing about who it is."""


@dataclass(frozen=True, slots=True)
class Match:
    """How a service is recognised: one field is set."""

    systemd: str = ""
    """Name of its systemd unit, a glob."""
    container: str = ""
    """Id of its container, or the beginning of it."""
    pod: str = ""
    """Uid of its pod, a glob."""
    cgroup: str = ""
    """Path of its control group below the hierarchy's root, a glob."""
    process: str = ""
    """Regular expression searched for in the command line."""
    port: int | None = None
    """Port it listens on."""


@dataclass(frozen=True, slots=True)
class ServiceRule:
    """A service that is configured: what it is called, and how it is recognised."""

    facts: ServiceFacts
    match: Match


@dataclass(frozen=True, slots=True)
class ServerKind:
    """A kind of AI server that the catalogue knows.

    `programs` are regular expressions for the whole name of the program (`ollama`), `modules` for the whole name of the
    Python module or script, without `.py` (`vllm.entrypoints.openai.api_server`), `subcommands` for what has to follow
    a program to make it the server (`serve`), `titles` for the whole title that a process gave itself.
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
    """Path of its metrics page; empty where it has none."""


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


@dataclass(frozen=True, slots=True)
class Found:
    """A consumer, and the control group that is all its own (empty: none is known to be)."""

    key: str
    cgroup: str = ""


def configured(process: ProcessFacts, rules: Sequence[ServiceRule]) -> Found | None:
    """Return the first configured service that *process* matches; None where it matches none."""
    for rule in rules:
        cgroup = _matching_group(process.cgroup, rule.match)
        if cgroup:
            return Found(rule.facts.key, cgroup)
        if _matches_process(process, rule.match):
            return Found(rule.facts.key)
    return None


def discovered(process: ProcessFacts, kinds: Iterable[ServerKind]) -> tuple[Found, ServiceFacts] | None:
    """Return the service of the known kind that *process* runs, and what to call it; None where it is of no kind."""
    kind = recognise(process, kinds)
    if kind is None:
        return None
    group = own_group(process.cgroup)
    key = _stable_key(kind, process, group)
    name = kind.name if key == kind.kind else f"{kind.name} ({key})"
    return Found(key, group), ServiceFacts(key=key, name=name, kind=kind.kind, found_by=DISCOVERED)


def recognise(process: ProcessFacts, kinds: Iterable[ServerKind]) -> ServerKind | None:
    """Return the kind of server that *process* is by its command line: what it runs, never what it mentions."""
    if not process.argv:
        return None
    title = " ".join(process.argv).strip()
    program, module, after = _what_runs(process.argv)
    for kind in kinds:
        if any(re.fullmatch(one, title) for one in kind.titles):
            return kind
        named = _any(kind.programs, program) and (not kind.subcommands or _any(kind.subcommands, after))
        if named or (module and _any(kind.modules, module)):
            return kind
    return None


def own_group(cgroup: str) -> str:
    """Return the control group of the unit, container or pod that *cgroup* lies in; empty where it is shared."""
    parts = cgroup.strip("/").split("/") if cgroup.strip("/") else []
    for depth in range(len(parts), 0, -1):
        path = "/" + "/".join(parts[:depth])
        if CONTAINER.search(path) or (POD.search(parts[depth - 1]) and depth < len(parts)):
            return path
        if parts[depth - 1].endswith(".service"):
            return "" if SHARED_UNITS.fullmatch(parts[depth - 1]) else path
    return ""


def lies_in(cgroup: str, group: str) -> bool:
    """Whether *cgroup* is *group* or lies below it."""
    return cgroup == group or cgroup.startswith(group.rstrip("/") + "/")


def listening(argv: Sequence[str]) -> int | None:
    """Return the port that the arguments name (`--port 8000`, `--port=8000`, `--http-port ...`); None where none do."""
    for index, argument in enumerate(argv):
        option, _, value = argument.partition("=")
        if option in {"--port", "-p", "--http-port", "--rest_port", "--http_port"}:
            text = value or (argv[index + 1] if index + 1 < len(argv) else "")
            if text.isdigit():
                return int(text)
    return None


def _stable_key(kind: ServerKind, process: ProcessFacts, group: str) -> str:
    """Return a key that outlives a restart: the unit's name, else the kind, with the port where it is not the usual."""
    unit = group.rpartition("/")[2]
    if unit.endswith(".service"):
        return unit.removesuffix(".service")
    port = listening(process.argv)
    return kind.kind if port is None or port == kind.port else f"{kind.kind}-{port}"


def _matching_group(cgroup: str, match: Match) -> str:
    """Return the outermost control group on the way to *cgroup* that *match* names; empty where none is."""
    parts = [part for part in cgroup.split("/") if part]
    for depth in range(1, len(parts) + 1):
        path = "/" + "/".join(parts[:depth])
        if _names_group(path, parts[depth - 1], match):
            return path
    return ""


def _names_group(path: str, last: str, match: Match) -> bool:
    if match.systemd:
        return fnmatchcase(last, match.systemd)
    if match.cgroup:
        return fnmatchcase(path, match.cgroup)
    if match.container:
        found = CONTAINER.search(path)
        return found is not None and found[1].startswith(match.container)
    if match.pod:
        uid = POD.search(last)
        return uid is not None and fnmatchcase(uid[1].replace("_", "-"), match.pod)
    return False


def _matches_process(process: ProcessFacts, match: Match) -> bool:
    if match.process:
        return re.search(match.process, " ".join(process.argv)) is not None
    return match.port is not None and match.port in process.ports


def _what_runs(argv: Sequence[str]) -> tuple[str, str, str]:
    """Return the program's name, the Python module or script it runs (without `.py`), and the argument after that."""
    program = argv[0].rpartition("/")[2].rstrip(":")
    rest = list(argv[1:])
    if not INTERPRETERS.fullmatch(program):
        return program, "", rest[0] if rest else ""
    while rest and rest[0].startswith("-") and rest[0] != "-m":
        rest.pop(0)
    if rest[:1] == ["-m"]:
        return program, rest[1] if len(rest) > 1 else "", rest[2] if len(rest) > 2 else ""  # noqa: PLR2004 - `-m module argument`
    if not rest:
        return program, "", ""
    script = rest[0].rpartition("/")[2]
    # a script that pip installed (`/venv/bin/vllm`) is a program like any other
    return script, script.removesuffix(".py"), rest[1] if len(rest) > 1 else ""


def _any(patterns: Iterable[str], text: str) -> bool:
    return any(re.fullmatch(pattern, text) for pattern in patterns)


def beyond(limit: int, known: Mapping[str, ServiceFacts], key: str) -> bool:
    """Whether *key* would be one discovered service too many."""
    found = sum(1 for facts in known.values() if facts.found_by == DISCOVERED)
    return key not in known and found >= limit
