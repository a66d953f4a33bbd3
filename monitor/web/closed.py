"""The answer of the intake's addresses where no events are taken in. It needs none of what reads events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

OFF: Final = "no events are taken in here: set token_file in [intake]"


async def no_intake(_: Request) -> Response:
    """Say that no events are taken in, and how to have it."""
    return JSONResponse({"error": OFF}, 404, {"cache-control": "no-store"})
