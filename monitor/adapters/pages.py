"""Where services tell what they do: the metrics pages that are configured, and those of known servers on loopback.

A page is looked for only where a process of its service listens, and on this machine only. The port is the one that the
command line names, else the kind's usual one, else the only one on which the server's own process listens: a request to
any other port could disturb what is no web server (workers that talk to each other).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monitor.adapters.procfs import listeners, read_facts, sockets_seen
from monitor.core.commands import METRICS_PORT_OPTIONS, REST_PORT_OPTIONS, listening
from monitor.core.services import FORWARDERS, Page, in_container

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from monitor.adapters.procfs import Listener
    from monitor.core.services import Catalogue, PageRule, ProcessFacts, ServerKind, ServiceRule

MOST: Final = 2000
"""Processes of services that are looked at for a listener, at most: one that starts very many must not slow us down."""
PORTS: Final = {"http": 80, "https": 443}


@dataclass(slots=True)
class _Service:
    """What listens, of the processes of one service."""

    listens: dict[int, tuple[Listener, int]] = field(default_factory=dict)
    """Port -> socket, and when the first of the processes that hold it was started."""
    servers: list[tuple[ProcessFacts, ServerKind, frozenset[int]]] = field(default_factory=list)
    """The processes that are of a known kind, with the ports on which each listens."""


class Pages:
    """Finds the pages; looks again only when a process of a service, or a listener, has come or gone."""

    def __init__(self, procfs: Path, rules: Iterable[ServiceRule], catalogue: Catalogue | None) -> None:
        """Without a *catalogue* nothing is found but what *rules* name."""
        self._procfs = procfs
        self._rules = {rule.facts.key: rule.activity for rule in rules if rule.activity is not None}
        self._catalogue = catalogue
        self._seen: tuple[Mapping[int, str], Sequence[Listener]] = ({}, ())
        self._pages: tuple[Page, ...] | None = None

    def of(self, pids: Mapping[int, str]) -> tuple[Page, ...]:
        """Return the pages of the services whose processes are *pids*: pid -> service, each address once, in order."""
        if not self._rules and self._catalogue is None:
            return ()
        seen = (dict(pids), tuple(listeners(self._procfs)))
        if self._pages is None or seen != self._seen:
            self._seen = seen
            services = self._look(*seen)
            found = {page.url: page for page in (*self._discovered(services), *self._configured(services))}
            self._pages = tuple(found[url] for url in sorted(found))
        return self._pages

    def _look(self, pids: Mapping[int, str], sockets: Sequence[Listener]) -> dict[str, _Service]:
        services: dict[str, _Service] = {}
        for pid, consumer in islice(sorted(pids.items()), MOST):
            facts = self._facts(pid)
            if facts is None or facts.comm in FORWARDERS:
                continue
            service = services.setdefault(consumer, _Service())
            kind = self._catalogue.recognise(facts.argv) if self._catalogue else None
            held = self._held(facts, kind, sockets)
            if kind is not None:
                service.servers.append((facts, kind, frozenset(socket.port for socket in held)))
            for socket in held:
                _, first = service.listens.get(socket.port, (socket, facts.started))
                service.listens[socket.port] = (socket, min(first, facts.started))
        return services

    def _facts(self, pid: int) -> ProcessFacts | None:
        try:
            return read_facts(self._procfs, pid)
        except PermissionError:
            return None

    def _held(self, facts: ProcessFacts, kind: ServerKind | None, sockets: Sequence[Listener]) -> list[Listener]:
        """Return the *sockets* on which a process listens.

        Whose descriptors may not be seen (they are another user's, and we are not root) is taken to hold the port that
        its command line names, or its kind's usual one, if the socket there is of the same user.
        """
        try:
            inodes = frozenset(sockets_seen(self._procfs, facts.pid))
        except PermissionError:
            expected = {_page_port(kind, facts), listening(facts.argv)} if kind else set()
            owner = self._owner(facts.pid)
            if in_container(facts.cgroup):
                return []
            return [socket for socket in sockets if socket.port in expected and socket.owner == owner]
        except OSError:
            return []
        return [socket for socket in sockets if socket.inode in inodes]

    def _owner(self, pid: int) -> int | None:
        try:
            return (self._procfs / str(pid)).stat().st_uid
        except OSError:
            return None

    def _configured(self, services: Mapping[str, _Service]) -> Iterator[Page]:
        for key, rule in self._rules.items():
            yield _page(key, rule, services.get(key, _Service()))

    def _discovered(self, services: Mapping[str, _Service]) -> Iterator[Page]:
        for key, service in services.items():
            if key in self._rules:
                continue
            for facts, kind, ports in service.servers:
                port = _listened(facts, kind, ports, service) if kind.metrics else None
                socket, started = service.listens[port] if port is not None else (None, 0)
                if socket is not None and socket.host:
                    path = "/" + kind.metrics.partition("/")[2]
                    yield Page(
                        key,
                        f"http://{socket.host}:{port}{path}",
                        kind=kind.kind,
                        started=started,
                        sleeps=_sleeps(facts.argv, kind),
                    )


def _page(key: str, rule: PageRule, service: _Service) -> Page:
    """Return the page that is configured, with what is known of the process that listens there."""
    address = urlsplit(rule.url)
    port = address.port or PORTS.get(address.scheme)
    _, started = service.listens.get(port or 0, (None, None)) if _is_here(address.hostname or "") else (None, None)
    kinds = {kind.kind for _, kind, ports in service.servers if port in ports}
    return Page(
        key,
        rule.url,
        kind=kinds.pop() if len(kinds) == 1 and started is not None else "",
        configured=True,
        started=started,
        model=rule.model,
        token_file=rule.token_file,
    )


def _listened(facts: ProcessFacts, kind: ServerKind, ports: frozenset[int], service: _Service) -> int | None:
    """Return the port of the page of a server; None where nothing of its service listens there."""
    expected = _page_port(kind, facts)
    if expected in service.listens:
        return expected
    # who has a title for a name is a worker, and what it listens on is between it and the others
    worker = any(re.fullmatch(title, " ".join(facts.argv).strip()) for title in kind.titles)
    return next(iter(ports)) if len(ports) == 1 and not worker and not kind.metrics.startswith(":") else None


def _page_port(kind: ServerKind, facts: ProcessFacts) -> int | None:
    """Return the port on which a server has its page, by its command line, else as usual."""
    named = listening(facts.argv, METRICS_PORT_OPTIONS)
    if named is not None:
        return named
    if kind.metrics.startswith(":"):
        return int(kind.metrics.partition("/")[0][1:])
    return listening(facts.argv, REST_PORT_OPTIONS) or listening(facts.argv) or kind.port


def _sleeps(argv: Sequence[str], kind: ServerKind) -> bool:
    return bool(kind.sleep_option) and bool(listening(argv, (kind.sleep_option,)))


def _is_here(host: str) -> bool:
    """Whether *host* is this machine by its own name for itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
