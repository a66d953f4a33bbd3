"""Calls to other machines are built in one place, so that none forgets the proxy, the authority or a limit."""

import ast
from pathlib import Path

from tests.architecture.sources import modules, tree

OPENERS = frozenset(
    {
        "aiohttp",
        "asyncio.streams",
        "ftplib",
        "http.client",
        "httpx",
        "imaplib",
        "requests",
        "smtplib",
        "socket",
        "ssl",
        "telnetlib",
        "urllib.request",
        "urllib3",
        "xmlrpc.client",
    }
)
"""Modules by which a connection can be opened."""
THE_PLACE = Path("monitor/adapters/connections.py")
ALLOWED = {
    "collectors/_deadline.py": "it puts a time limit on what the one place has built, and opens nothing",
    "collectors/_digest.py": "it takes a header apart by a function of the standard library's, and opens nothing",
    "collectors/_http.py": "it asks by what the one place has built; of urllib3 it names time limits and errors",
    "collectors/nut.py": "NUT is no HTTP, and goes through no proxy",
    "dashboards/connection.py": "it speaks with Grafana by its client; the command gives it proxy and authorities",
    "monitor/adapters/codecarbon_child.py": "it takes every socket away from CodeCarbon",
    "monitor/adapters/process_events.py": "a socket of netlink: the kernel of this machine",
    "monitor/cli/following.py": "it asks the daemon of this machine, where it listens",
    "monitor/cli/inquiry.py": "it asks the daemon of this machine, where it listens",
    "monitor/config/file.py": "the name of this machine",
    "monitor/doctor.py": "it tries whether the address of the daemon's own page is free",
    "monitor/notify/mailer.py": "mail goes through no proxy; what it trusts is from the one place",
    "monitor/notify/posting.py": "it sends by what the one place has built; of urllib3 it names time limits and errors",
    "monitor/systemd.py": "a socket of this machine, to the service manager",
    "monitor/web/server.py": "it listens, and calls nobody",
}
"""Who else may name one of them, and why."""


def opened_by(path: Path) -> set[str]:
    """Return the modules of OPENERS that *path* imports, within functions or for types alone too."""
    named: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            named |= {f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {opener for opener in OPENERS for name in named if name == opener or name.startswith(f"{opener}.")}


def test_only_one_place_opens_connections_and_the_exceptions_have_a_reason() -> None:
    openers = {str(path) for path in modules() if opened_by(path)}
    assert str(THE_PLACE) in openers
    assert openers - ALLOWED.keys() - {str(THE_PLACE)} == set()


def test_no_exception_outlives_its_reason() -> None:
    assert {path for path in ALLOWED if not opened_by(Path(path))} == set()


def test_nobody_but_the_one_place_decides_on_proxies_or_reads_them_from_the_environment() -> None:
    for path in modules():
        names = {node.id for node in ast.walk(tree(path)) if isinstance(node, ast.Name)}
        names |= {
            alias.name for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        assert not names & {"getproxies", "proxy_bypass"}, path
        if path != THE_PLACE:
            assert not names & {"ProxyManager", "proxy_from_url"} or str(path) == "dashboards/connection.py", path
