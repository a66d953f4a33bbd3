"""The web server: one thread with a loop of its own, that sleeps until somebody asks.

It knows what it may cost: so many connections, so large a header, so long a wait; whoever stays longest goes first.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import logging
import socket
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, cast

from hypercorn.asyncio import serve as serve_with_hypercorn
from hypercorn.config import Config, Sockets

from monitor.config import Listen
from monitor.web.application import application
from monitor.web.guests import guests_application
from monitor.web.health import Health
from monitor.web.protection import LONGEST_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from hypercorn.typing import Framework
    from starlette.types import ASGIApp

    from monitor.config import Language
    from monitor.core.interval import Stamp
    from monitor.core.units import Duration
    from monitor.exposition.prometheus import Exposition
    from monitor.web.application import Webhooks
    from monitor.web.intake import Intake
    from monitor.web.stream import Stream

log = logging.getLogger(__name__)

MOST_CONNECTIONS: Final = 64
"""At once. A page, some scrapes and a health check need four."""
WEB: Final = "[web]"
HANDOFF: Final = "[handoff]"
EARLY: Final[Mapping[int, tuple[int, int]]] = {
    socket.AF_INET: (socket.SOL_IP, 15),  # IP_FREEBIND
    socket.AF_INET6: (socket.IPPROTO_IPV6, 78),  # IPV6_FREEBIND
}
"""The network between host and guests may come after the daemon, which measures all the same. Source: ip(7), Linux,
include/uapi/linux/in6.h."""
LONGEST_SILENCE: Final = 5.0
"""In seconds: for a request to be told whole, and between two requests."""
STRANGE_VISITOR: Final = "Unhandled exception in client_connected_cb"
"""What asyncio says where hypercorn trips over a request. Source: CPython, Lib/asyncio/streams.py."""
FAREWELL: Final = 0.5
"""In seconds: when told to stop, so long are answers under way waited for."""


class WebError(Exception):
    """The web server can't be had here. The text is one sentence, with the cure."""


@contextlib.contextmanager
def serve(
    exposition: Exposition,
    listen: Listen,
    *,
    language: Language,
    zone: tzinfo,
    now: Callable[[], Stamp],
    patience: Duration,
    insecure: bool = False,
    intake: Intake | None = None,
    stream: Stream | None = None,
    webhooks: Webhooks = list,
) -> Iterator[Listen]:
    """Serve what *exposition* shows, for as long as the context lasts; the value is the address it listens on.

    Events are taken by *intake*, and told by *stream*; without it, none. *webhooks* is asked how it stands with who is
    told of them.

    *language* and *zone* are the page's where a visitor asks for none; *now* and *patience* say when the newest
    snapshot is too old for the daemon to be alive. Beyond loopback only where *insecure*.

    Raises WebError where the address can't be had: taken, not of this machine, not permitted.
    """
    health = Health(exposition, now, patience)
    app = application(exposition, health, language, zone, intake=intake, stream=stream, webhooks=webhooks)
    with _served(app, _opened(listen, WEB, insecure=insecure), listen, stream) as address:
        log.info("serving at http://%s/", address)
        yield address


@contextlib.contextmanager
def serve_guests(
    told: Callable[[str], Mapping[str, Any]],
    tokens: Mapping[str, Sequence[bytes]],
    listen: Listen,
    *,
    insecure: bool = False,
) -> Iterator[Listen]:
    """Tell virtual machines of their energy, for as long as the context lasts; the value is the address for it.

    *told* is asked what a service is told; *tokens* are those of each service. Raises WebError as `serve` does, but for
    an address that this machine may have later.
    """
    with _served(
        guests_application(told, tokens), _opened(listen, HANDOFF, insecure=insecure, early=True), listen
    ) as address:
        log.info("telling virtual machines of their energy at http://%s/", address)
        yield address


@contextlib.contextmanager
def _served(app: ASGIApp, door: Door, listen: Listen, stream: Stream | None = None) -> Iterator[Listen]:
    """Serve *app* at the *door*, which is then shut, for as long as the context lasts; the value is its address."""
    address = Listen(listen.address, door.getsockname()[1])
    server = _Server(app, door, stream)
    thread = threading.Thread(target=server.run, name="web", daemon=True)
    thread.start()
    try:
        server.started.result()
        yield address
    finally:
        server.stop()
        thread.join()


class Door(socket.socket):
    """A listening socket that lets in MOST_CONNECTIONS: whoever has been inside for longest leaves for the next."""

    def __init__(self, family: int) -> None:
        # the protocol by name: asyncio sends at once only what it knows to be TCP
        super().__init__(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._inside: list[socket.socket] = []

    def accept(self) -> tuple[socket.socket, object]:
        """Return the next connection and its address."""
        connection, address = super().accept()
        self._inside = [guest for guest in self._inside if guest.fileno() != -1]
        if len(self._inside) >= MOST_CONNECTIONS:
            _show_out(self._inside.pop(0))
        self._inside.append(connection)
        return connection, address

    def show_out(self, address: tuple[str, int]) -> None:
        """End the connection of who comes from *address*."""
        for guest in self._inside:
            # it may have left by itself
            with contextlib.suppress(OSError):
                if guest.getpeername()[:2] == address:
                    _show_out(guest)

    def show_everybody_out(self) -> None:
        """End all connections."""
        for guest in self._inside:
            _show_out(guest)


class _Server:
    """What runs on the thread."""

    def __init__(self, app: ASGIApp, door: Door, stream: Stream | None = None) -> None:
        self.started: Future[None] = Future()
        self._app = app
        self._door = door
        self._stream = stream
        self._loop = asyncio.new_event_loop()
        self._told = asyncio.Event()

    def run(self) -> None:
        """Serve until told to stop."""
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve())
        except Exception as error:
            if self.started.done():
                log.exception("the web server failed; measuring goes on without it")
            else:
                self.started.set_exception(error)
        finally:
            self._door.close()

    def stop(self) -> None:
        """Have the thread end soon. Called from another one."""
        # the loop may have ended by itself
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._told.set)

    async def _serve(self) -> None:
        self._loop.set_exception_handler(_note)
        if self._stream is not None:
            self._stream.attach(self._loop, self._door.show_out)
        app = cast("Framework", self._app)
        await serve_with_hypercorn(app, _Settings(self._door), shutdown_trigger=self._until_told, mode="asgi")

    async def _until_told(self) -> None:
        self.started.set_result(None)
        await self._told.wait()
        if self._stream is not None:
            self._stream.close()
        self._loop.call_later(FAREWELL, self._door.show_everybody_out)


def _note(loop: asyncio.AbstractEventLoop, trouble: dict[str, Any]) -> None:
    """Note what went wrong on the loop: what a visitor's connection died of is his affair, and fills no log."""
    if trouble.get("message") == STRANGE_VISITOR:
        log.debug("a connection was ended: %r", trouble.get("exception"))
    else:
        loop.default_exception_handler(trouble)


class _Settings(Config):
    """How hypercorn is to serve: on a socket that is bound already, with limits, and quietly."""

    accesslog = None
    include_server_header = False
    h11_max_incomplete_size = LONGEST_HEADER
    h2_max_concurrent_streams = 8
    h2_max_header_list_size = LONGEST_HEADER
    websocket_max_message_size = LONGEST_HEADER
    keep_alive_timeout = LONGEST_SILENCE
    graceful_timeout = 4 * FAREWELL
    backlog = MOST_CONNECTIONS

    def __init__(self, door: Door) -> None:
        super().__init__()
        self._door = door
        self.errorlog = log.getChild("hypercorn")
        # it says where it listens, and so does `serve`
        self.errorlog.setLevel(logging.WARNING)

    def create_sockets(self) -> Sockets:
        """Return the socket to listen on."""
        return Sockets(secure_sockets=[], insecure_sockets=[self._door], quic_sockets=[])


def _opened(listen: Listen, table: str, *, insecure: bool, early: bool = False) -> Door:
    """Return a socket that listens; *early*: also where the address is not of this machine yet. Raises WebError."""
    family, address = _resolved(listen, table)
    if not insecure and not ipaddress.ip_address(address[0]).is_loopback:
        raise WebError(
            f"{listen} can be reached over the network, with no encryption and no password: listen on 127.0.0.1"
            f" behind a proxy that adds both, or set insecure = true in {table}"
        )
    door = Door(family)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if early:
            door.setsockopt(*EARLY[family], 1)
        door.bind(address)
        # to find out now whether the port is taken: two may bind it, only one may listen
        door.listen(MOST_CONNECTIONS)
        door.setblocking(False)
    except OSError as error:
        door.close()
        raise WebError(_refusal(listen, table, error)) from error
    return door


def _resolved(listen: Listen, table: str) -> tuple[int, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(listen.address, listen.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise WebError(f"there is no address {listen.address}: set listen in {table} to one of this machine") from error
    # a name that has both, as localhost does, is most often meant as the older one
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, (str(address[0]), int(address[1]))


def _refusal(listen: Listen, table: str, error: OSError) -> str:
    cures = {
        errno.EADDRINUSE: f"{listen} is taken by another program, or another daemon: stop it, or set listen in {table}",
        errno.EADDRNOTAVAIL: f"{listen.address} is not an address of this machine: set listen in {table} to one of it",
        errno.EACCES: f"port {listen.port} is for root only: set listen in {table} to a port from 1024 on",
    }
    otherwise = f"{listen} can't be listened on ({error.strerror}): set listen in {table} to another address"
    return cures.get(error.errno or 0, otherwise)


def _show_out(guest: socket.socket) -> None:
    # it may have left by itself
    with contextlib.suppress(OSError):
        guest.shutdown(socket.SHUT_RDWR)
