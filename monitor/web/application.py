"""What is served where. Every address is read only, but those of the intake, which needs a token.

Handlers are quick and run on the one loop; what is slow to make is made once for each snapshot.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from monitor.exposition.prometheus import OPENMETRICS, TEXT, NothingYetError
from monitor.web import negotiation
from monitor.web.api import as_json
from monitor.web.budget_api import budgets_as_json
from monitor.web.closed import no_intake
from monitor.web.contract_api import contracts_as_json
from monitor.web.external_api import external_as_json
from monitor.web.impact_api import impacts_as_json
from monitor.web.protection import Protected
from monitor.web.service_api import services_as_json
from monitor.web.status import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from monitor.config import Language
    from monitor.core.delivery import Standing
    from monitor.exposition.about import About
    from monitor.exposition.prometheus import Exposition
    from monitor.exposition.snapshot import Snapshot
    from monitor.web.health import Health
    from monitor.web.intake import Intake
    from monitor.web.page import Pages
    from monitor.web.status import Status
    from monitor.web.stream import Stream

    Render = Callable[..., dict[str, Any]]
    """Makes plain values of a status, as `as_json` does."""
    Webhooks = Callable[[], Sequence[Standing] | None]
    """Tells how it stands with each address that is told of events; None: that can't be said now."""

FRESH: Final = {"cache-control": "no-store"}
FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable"}
"""For what has its version in its address."""
FOR_AN_HOUR: Final = {"cache-control": "public, max-age=3600"}
SOON: Final = {"retry-after": "5"}
NOTICES: Final = {404: ("missing", "is not served here"), 405: ("method", "takes GET and HEAD requests only")}
"""By status: the page for a browser, the sentence for a program."""
POST_ONLY: Final = "takes POST requests only"
INTAKE_PATHS: Final = ("/v1/events", "/v1/traces", "/v1/metrics", "/v1/litellm")


def application(
    exposition: Exposition,
    health: Health,
    language: Language,
    zone: tzinfo,
    *,
    intake: Intake | None = None,
    stream: Stream | None = None,
    webhooks: Webhooks = list,
) -> ASGIApp:
    """Return the application. *language* is for who asks for none, *zone* that of the times on the page.

    Without *intake* no events are taken in; without *stream* none are told. *webhooks* is asked how it
    stands with who is told of events.
    """
    site = _Site(exposition, health, language, zone, webhooks)
    routes = [
        Route("/", site.page),
        Route("/metrics", site.metrics),
        Route("/healthz", site.alive),
        Route("/readyz", site.ready),
        Route("/api/v1/status", site.status),
        Route("/api/v1/impacts", site.impacts),
        Route("/api/v1/services", site.services),
        Route("/api/v1/external", site.external),
        Route("/api/v1/budgets", site.budgets),
        Route("/api/v1/contracts", site.contracts),
        Route("/api/v1/openapi.json", site.described),
        *_intake_routes(intake),
        Route("/style.css", site.style),
        Route("/icon.svg", site.icon),
        *([] if stream is None else [Route("/api/v1/events", stream.answer)]),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: site.refused, Exception: site.failed})
    app.router.redirect_slashes = False
    return Protected(app)


def _intake_routes(intake: Intake | None) -> list[Route]:
    if intake is None:
        return [Route(path, no_intake, methods=["POST"]) for path in INTAKE_PATHS]
    taken = (intake.events, intake.traces, intake.metrics, intake.calls)
    return [
        *(Route(path, take, methods=["POST"]) for path, take in zip(INTAKE_PATHS, taken, strict=True)),
        Route("/api/v1/intake", intake.standing),
    ]


class _Site:
    """The answers, and what was made of the newest snapshot."""

    def __init__(
        self, exposition: Exposition, health: Health, language: Language, zone: tzinfo, webhooks: Webhooks
    ) -> None:
        self._exposition = exposition
        self._health = health
        self._language = language
        self._zone = zone
        self._webhooks = webhooks
        self._style = _static("style.css")
        self._icon = _static("icon.svg")
        self._pages: Pages | None = None
        self._status: Status | None = None
        self._made: dict[tuple[Language, bool], str] = {}

    async def metrics(self, request: Request) -> Response:
        gzipped = negotiation.wants_gzip(request.headers.get("accept-encoding", ""))
        openmetrics = negotiation.wants_openmetrics(request.headers.get("accept", ""))
        render = self._exposition.openmetrics if openmetrics else self._exposition.text
        try:
            page = render(gzipped=gzipped)
        except NothingYetError as reason:
            return PlainTextResponse(f"{reason}\n", 503, {**FRESH, **SOON})
        headers = {**FRESH, "vary": "Accept, Accept-Encoding", "content-type": OPENMETRICS if openmetrics else TEXT}
        return Response(page, headers={**headers, "content-encoding": "gzip"} if gzipped else headers)

    async def alive(self, _: Request) -> Response:
        return _verdict(self._health.trouble())

    async def ready(self, _: Request) -> Response:
        return _verdict(self._health.hindrance())

    async def status(self, _: Request) -> Response:
        return self._told(self._as_json)

    async def impacts(self, _: Request) -> Response:
        return self._told(impacts_as_json)

    async def services(self, _: Request) -> Response:
        return self._told(services_as_json)

    async def external(self, _: Request) -> Response:
        return self._told(external_as_json)

    async def budgets(self, _: Request) -> Response:
        return self._told(budgets_as_json)

    async def contracts(self, _: Request) -> Response:
        return self._told(contracts_as_json)

    async def described(self, _: Request) -> Response:
        return Response(_static("openapi.json"), media_type="application/json", headers=FOR_AN_HOUR)

    async def page(self, request: Request) -> Response:
        language = self._language_of(request)
        headers = {**FRESH, "vary": "Accept-Language", "content-language": language.value}
        snapshot = self._exposition.snapshot
        if snapshot is None:
            return HTMLResponse(self._making().notice("starting", language), 503, {**headers, **SOON})
        status, stale = self._status_of(snapshot), bool(self._health.trouble())
        if (language, stale) not in self._made:
            self._made[language, stale] = self._making().status(status, language, stale=stale)
        return HTMLResponse(self._made[language, stale], headers=headers)

    async def style(self, request: Request) -> Response:
        versioned = request.url.query == _version(self._style)
        return Response(self._style, media_type="text/css", headers=FOR_EVER if versioned else FOR_AN_HOUR)

    async def icon(self, _: Request) -> Response:
        return Response(self._icon, media_type="image/svg+xml", headers=FOR_AN_HOUR)

    async def refused(self, request: Request, error: Exception) -> Response:
        """Answer to what is not served, or not in this way."""
        if not isinstance(error, HTTPException) or error.status_code not in NOTICES:
            return await self.failed(request, error)
        what, sentence = NOTICES[error.status_code]
        headers = {**(error.headers or {}), **FRESH, "vary": "Accept, Accept-Language"}
        path = request.url.path
        if headers.get("Allow") == "POST":
            return PlainTextResponse(f"{path} {POST_ONLY}\n", error.status_code, headers)
        if not negotiation.wants_html(request.headers.get("accept", "")):
            return PlainTextResponse(f"{path} {sentence}\n", error.status_code, headers)
        # addresses are relative, so that they hold behind a proxy that serves this under another path
        root = "../" * (path.count("/") - 1)
        page = self._making().notice(what, self._language_of(request), root=root, path=path)
        return HTMLResponse(page, error.status_code, headers)

    async def failed(self, _: Request, __: Exception) -> Response:
        """Answer where a defect kept the answer from being made. It needs nothing that may have failed."""
        return PlainTextResponse("a defect of the program: its log says more; measuring goes on\n", 500, FRESH)

    def _as_json(self, status: Status, about: About, *, stale: bool) -> dict[str, Any]:
        standing = self._webhooks()
        webhooks = None if standing is None else [asdict(one) for one in standing]
        return {**as_json(status, about, stale=stale), "webhooks": webhooks}

    def _told(self, render: Render) -> Response:
        """Return what *render* makes of the newest snapshot, for a program."""
        snapshot = self._exposition.snapshot
        if snapshot is None:
            return JSONResponse({"error": self._health.hindrance()}, 503, {**FRESH, **SOON})
        content = render(self._status_of(snapshot), self._exposition.about, stale=bool(self._health.trouble()))
        return Response(json.dumps(content, ensure_ascii=False, indent=1), media_type="application/json", headers=FRESH)

    def _language_of(self, request: Request) -> Language:
        asked = request.query_params.get("lang", "")
        return negotiation.language(asked, request.headers.get("accept-language", ""), self._language)

    def _status_of(self, snapshot: Snapshot) -> Status:
        if self._status is None or self._status.snapshot is not snapshot:
            self._status = status_of(snapshot)
            self._made = {}
        return self._status

    def _making(self) -> Pages:
        if self._pages is None:
            from monitor.web.page import Pages  # noqa: PLC0415 - 2 MB that a page nobody looks at does without

            self._pages = Pages(self._exposition.about, self._zone, _version(self._style))
        return self._pages


def _verdict(problem: str) -> Response:
    return PlainTextResponse(f"{problem or 'ok'}\n", 503 if problem else 200, FRESH)


def _static(name: str) -> bytes:
    return (files("monitor.web") / "static" / name).read_bytes()


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
