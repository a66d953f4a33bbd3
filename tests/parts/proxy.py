"""This file is an HTTP proxy: a real server on loopback that tunnels (CONNECT), or declines to.

Names of the world outside lead to one server on loopback, as if that were the whole world.
"""

from __future__ import annotations

import base64
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final, Self, cast

from tests.parts.loopback import LOOPBACK

if TYPE_CHECKING:
    from types import TracebackType

PIECE: Final = 1 << 16
PATIENCE: Final = 5.0


class Proxy:
    """Leads every tunnel to *port* of loopback, whatever it is asked for; notes what it was asked for, and as whom."""

    def __init__(self, port: int, *, credentials: str = "", declines: int = 0) -> None:
        """Let through who gives *credentials* (`user:password`; empty: anybody), or nobody: with status *declines*."""
        self.asked: list[str] = []
        """What tunnels were asked to, `host:port`, those that were declined among them."""
        self.opened: list[str] = []
        """What tunnels were opened to."""
        self.port = port
        self.declines = declines
        self.wanted = f"Basic {base64.b64encode(credentials.encode()).decode()}" if credentials else ""
        self._server = _Listener((LOOPBACK, 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = False
    proxy: Proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: who asked went away."""


class _Handler(BaseHTTPRequestHandler):
    def do_CONNECT(self) -> None:
        proxy = cast("_Listener", self.server).proxy
        proxy.asked.append(self.path)
        self.close_connection = True
        if proxy.wanted and self.headers["Proxy-Authorization"] != proxy.wanted:
            self.send_response_only(407)
            self.send_header("Proxy-Authenticate", 'Basic realm="town hall"')
            self.end_headers()
            return
        if proxy.declines:
            self.send_response_only(proxy.declines)
            self.end_headers()
            return
        proxy.opened.append(self.path)
        with socket.create_connection((LOOPBACK, proxy.port), PATIENCE) as beyond:
            self.send_response_only(200)
            self.end_headers()
            _pass_on(self.connection, beyond)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """Pass on what each says to the other, until one of them ends, or both are silent for long."""
    across = {one: other, other: one}
    while ready := select.select([one, other], [], [], PATIENCE)[0]:
        for side in ready:
            piece = side.recv(PIECE)
            if not piece:
                return
            across[side].sendall(piece)
