"""What is asked of every request, and what every answer carries so that a browser does no more than it has to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_HEADER: Final = 16 * 1024
"""Of a request, in bytes: its address and all fields."""
POLICY: Final = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""No scripts, nothing from elsewhere, in nobody's frame. Source: W3C, Content Security Policy Level 3."""
HEADERS: Final = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Protected:
    """An application whose every answer, the failed ones too, carries the protective headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; a request with too long a header only with its refusal."""

        async def protect(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        app = PlainTextResponse("the header is too long\n", 431) if _is_too_long(scope) else self._app
        await app(scope, receive, protect)


def _is_too_long(scope: Scope) -> bool:
    if scope["type"] != "http":
        return False
    fields = sum(len(name) + len(value) for name, value in scope["headers"])
    return fields + len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_HEADER
