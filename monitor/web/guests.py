"""What virtual machines are told over HTTP: each its own energy, by its token, and nothing else."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.web.protection import Protected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp

PATH: Final = "/v1/energy"
FRESH: Final = {"cache-control": "no-store"}
ASKED_FOR: Final = {**FRESH, "www-authenticate": "Bearer"}
SOON: Final = {**FRESH, "retry-after": "5"}


def guests_application(told: Callable[[str], Mapping[str, Any]], tokens: Mapping[str, Sequence[bytes]]) -> ASGIApp:
    """Return the application. *told* is asked what a service is told; *tokens* are those of each service."""

    async def energy(request: Request) -> Response:
        service = _known(tokens, request.headers.get("authorization", ""))
        if service is None:
            return JSONResponse({"error": "which machine asks? A token of its own says it"}, 401, ASKED_FOR)
        answer = told(service)
        if not answer["zones"]:
            return JSONResponse({"error": "nothing is known yet"}, 503, SOON)
        return JSONResponse(answer, headers=FRESH)

    app = Starlette(routes=[Route(PATH, energy)])
    app.router.redirect_slashes = False
    return Protected(app)


def _known(tokens: Mapping[str, Sequence[bytes]], authorization: str) -> str | None:
    """Return the service whose token is in *authorization*; None: it holds none of ours.

    It takes as long whichever token it is, and however much of one is right.
    """
    scheme, _, offered = authorization.partition(" ")
    given = offered.strip().encode("utf-8", "replace") if scheme.lower() == "bearer" else b""
    found = None
    for service, own in tokens.items():
        for token in own:
            if hmac.compare_digest(token, given):
                found = service
    return found
