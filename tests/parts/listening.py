"""This file knows how to listen on loopback, on threads of the test's own, and how to end that."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from tests.parts.loopback import LOOPBACK

if TYPE_CHECKING:
    import ssl
    from types import TracebackType


class Handler(BaseHTTPRequestHandler):
    """Takes one connection; what it is asked goes to `part`."""

    part: Listening

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


class Listening:
    """A server that listens inside `with`: over TLS where it is given a *context*. Port 0 is any that is free."""

    def __init__(self, handler: type[Handler], *, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        self.stopping = threading.Event()
        """Whoever keeps a client waiting waits for this."""
        own = type(handler.__name__, (handler,), {"part": self})
        self._server = _Server((LOOPBACK, port), own)
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.origin = f"{'http' if context is None else 'https'}://{LOOPBACK}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it; return when all connections have ended."""
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: who asked went away, or trusts us not."""
