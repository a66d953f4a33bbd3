"""This file is a Grafana on loopback: its real semantics and statuses, and a contract stricter than its own.

What breaks the contract (tests/fixtures/grafana/openapi.yaml) fails the test. Facts: Grafana 9.4 and 13.0, HTTP API.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

from openapi_core import OpenAPI
from openapi_core.testing import MockRequest

from tests.parts.grafana_store import Refusal, Store
from tests.parts.listening import Handler, Listening

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from types import TracebackType

CONTRACT: Final = Path(__file__).parents[1] / "fixtures" / "grafana" / "openapi.yaml"
ADMIN: Final = "glsa_administrator0000000000000001"
EDITOR: Final = "glsa_editor000000000000000000000002"
VIEWER: Final = "glsa_viewer000000000000000000000003"
ROLES: Final = {ADMIN: "Admin", EDITOR: "Editor", VIEWER: "Viewer"}
JSON: Final = "application/json; charset=UTF-8"
PAGE: Final = "<!DOCTYPE html>\n<html><head><title>Grafana</title></head><body>Log in</body></html>"


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    """Without the query, and without the path that Grafana is served under."""
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The body, as an object."""
        content: dict[str, Any] = json.loads(self.body or b"{}")
        return content

    @property
    def writes(self) -> bool:
        """Whether it would change something."""
        return self.method != "GET"


@dataclass(frozen=True)
class Reply:
    """How a request is answered."""

    status: int
    content: object = None
    kind: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    """Say nothing, until the server stops."""

    @property
    def body(self) -> bytes:
        """What is sent: text as it is, all else as JSON."""
        return (self.content if isinstance(self.content, str) else json.dumps(self.content)).encode()


LOGIN_REDIRECT: Final = Reply(302, "", "text/html", {"Location": "/login?redirectTo=%2F"})
LOGIN_PAGE: Final = Reply(200, PAGE, "text/html; charset=UTF-8")
BROKEN: Final = Reply(500, {"message": "Failed to get dashboard"})
AWAY: Final = Reply(502, "<html>Bad Gateway</html>", "text/html")
SILENT: Final = Reply(200, silent=True)
SAME_SLUG: Final = Reply(412, {"message": "Multiple dashboards with the same slug exists"})


def nothing(_: Asked) -> Reply | None:
    """Let Grafana answer as it does."""
    return None


class FakeGrafana(Listening):
    """A Grafana in which nobody has made anything. *instead* may answer in its place: it returns None where not."""

    def __init__(
        self,
        instead: Callable[[Asked], Reply | None] = nothing,
        *,
        prefix: str = "",
        public: bool = True,
        migrates: bool = False,
        port: int = 0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(_Handler, port=port, context=context)
        self.instead = instead
        self.store = Store(public=public, migrates=migrates)
        self.asked: list[Asked] = []
        self.violations: list[str] = []
        self._prefix = prefix

    @property
    def url(self) -> str:
        """Where it is, with the path that it is served under."""
        return f"{self.origin}{self._prefix}"

    @property
    def writes(self) -> list[Asked]:
        """The requests that would change something, in order."""
        return [asked for asked in self.asked if asked.writes]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if error is None and self.violations:
            raise AssertionError("\n".join(self.violations))

    def answer(self, asked: Asked) -> Reply:
        """Return what is answered to *asked*, which is noted."""
        if not asked.path.startswith(f"{self._prefix}/"):
            return Reply(404, "404 page not found", "text/plain")
        asked = Asked(asked.method, asked.path.removeprefix(self._prefix), asked.query, asked.headers, asked.body)
        self.asked.append(asked)
        self.violations += broken_by(asked)
        instead = self.instead(asked)
        if instead is not None:
            return instead
        role = ROLES.get(asked.headers.get("Authorization", "").removeprefix("Bearer "), "")
        if not role and asked.path != "/api/health":
            return Reply(401, {"message": "Invalid API key"})
        try:
            return Reply(200, self.store.does(role, asked.method, asked.path, dict_of(asked.query), asked.content))
        except Refusal as refusal:
            return Reply(refusal.code, refusal.content)


def dict_of(query: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    """Return the values of each parameter."""
    return {name: [value for other, value in query if other == name] for name, _ in query}


def broken_by(asked: Asked) -> list[str]:
    """Return what of the contract *asked* breaks."""
    headers = {name: value for name, value in asked.headers.items() if name != "Content-Length"}
    request = MockRequest(
        "http://grafana",
        asked.method.lower(),
        asked.path,
        headers=headers,
        data=asked.body or None,
        args=dict_of(asked.query),
    )
    found = [f"{asked.method} {asked.path}: {_deepest(error)}" for error in _contract().iter_request_errors(request)]
    known = {parameter["name"] for parameter in _parameters(asked)}
    found += [f"{asked.method} {asked.path}: no parameter {name}" for name, _ in asked.query if name not in known]
    if asked.method == "GET" and asked.body:
        found.append(f"{asked.method} {asked.path}: a body")
    if not re.match(r"empreinte/\d", asked.headers.get("User-Agent", "")):
        found.append(f"{asked.method} {asked.path}: who asks is not said")
    return found


@cache
def _contract() -> OpenAPI:
    return OpenAPI.from_file_path(str(CONTRACT))


def _parameters(asked: Asked) -> list[Any]:
    operation = _contract().spec.read_value()["paths"].get(asked.path, {}).get(asked.method.lower(), {})
    return cast("list[Any]", operation.get("parameters", []))


def _deepest(error: BaseException) -> str:
    causes = getattr(error, "schema_errors", None) or getattr(error.__cause__, "schema_errors", None)
    if causes:
        return "; ".join(str(one.message) for one in causes)
    return repr(error) if error.__cause__ is None else f"{error!r}: {_deepest(error.__cause__)}"


class _Handler(Handler):
    part: FakeGrafana

    def _answer(self) -> None:
        grafana = self.part
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        reply = grafana.answer(Asked(self.command, parts.path, query, dict(self.headers.items()), body))
        if reply.silent:
            grafana.stopping.wait()
            return
        self.send_response_only(reply.status)
        for name, value in {
            "Content-Type": reply.kind,
            "Content-Length": str(len(reply.body)),
            **reply.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's names
