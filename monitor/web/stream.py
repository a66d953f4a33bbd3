"""Events as they happen, to whoever listens: `/api/v1/events`, server-sent events. docs/events.md is its reference.

The thread that publishes only hands over what happened; all else is done on the server's loop, which it wakes. Nobody
waits for a listener: who does not read is shown out, and may come back to where he was.
Source: WHATWG HTML Living Standard, section 9.2 (server-sent events).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from itertools import dropwhile
from typing import TYPE_CHECKING, Final

from starlette.responses import PlainTextResponse, Response, StreamingResponse

from monitor.core.cloudevent import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from monitor.core.cloudevent import CloudEvent
    from monitor.core.events import Event

    Dismiss = Callable[[tuple[str, int]], None]
    """Ends the connection of the visitor with this address."""

KEPT: Final = 1000
"""Events that who comes back can still have: on a quiet host some weeks."""
MOST_KEPT: Final = 4 * 1024 * 1024
"""Bytes of these together. What an hour came to has some 45,000 where 50 services are."""
MOST_LISTENERS: Final = 16
"""At once: of the connections that the server has, most are for others."""
MOST_WAITING: Final = 256
"""Events that wait for one listener, before he is shown out."""
HEARTBEAT: Final = 15.0
"""In seconds: how often a listener hears something, so that proxies in between keep the connection, and he knows."""
COME_BACK: Final = 3
"""In seconds: after how long who was cut off is to come back."""
HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no", "content-type": "text/event-stream"}
"""The second: nginx is to hand over each event at once. Source: nginx, ngx_http_proxy_module, proxy_buffering."""
GREETING: Final = f"retry: {COME_BACK * 1000}\n\n".encode()
STILL_HERE: Final = b": nothing happened\n\n"
SOME_MISSED: Final = b": events before this one may be missing\n\n"


@dataclass(frozen=True, slots=True)
class _Frame:
    """An event as it is sent."""

    id: str
    content: bytes


class Stream:
    """A subscriber of the bus, and what it told last."""

    name = "event stream"

    def __init__(self, source: str, *, simulated: bool = False, heartbeat: float = HEARTBEAT) -> None:
        """Tell events as *source*, a reference: `/ia-01`."""
        self._source = source
        self._simulated = simulated
        self._heartbeat = heartbeat
        self._gathered: list[CloudEvent] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._dismiss: Dismiss = lambda _: None
        # all below is touched on the loop alone
        self._kept: deque[_Frame] = deque()
        self._size = 0
        self._listeners: set[_Listener] = set()

    def handle(self, event: Event) -> None:
        """Take *event*, if it is one that is told."""
        made = told(event, self._source, simulated=self._simulated)
        if made is not None:
            self._gathered.append(made)

    def settle(self) -> None:
        """Hand over to the loop what was gathered; it is woken only where there is anything."""
        gathered, self._gathered = self._gathered, []
        # without a loop, or after its end, nobody listens
        if gathered and self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._tell, gathered)

    def attach(self, loop: asyncio.AbstractEventLoop, dismiss: Dismiss) -> None:
        """Serve on *loop*, from now on; *dismiss* is for who does not read."""
        self._dismiss = dismiss
        self._loop = loop

    def close(self) -> None:
        """Tell all listeners that this was all. Called on the loop."""
        for listener in tuple(self._listeners):
            self._hand(listener, None)

    async def answer(self, request: Request) -> Response:
        """Return the stream, from where the visitor was (`Last-Event-ID`), else from now on."""
        if request.method == "HEAD":
            return Response(headers=HEADERS)
        if len(self._listeners) >= MOST_LISTENERS:
            message = f"{MOST_LISTENERS} listen already: end one of them, or come back later\n"
            return PlainTextResponse(message, 503, {"cache-control": "no-store", "retry-after": "60"})
        peer = None if request.client is None else (request.client.host, request.client.port)
        listener = _Listener(peer)
        # nothing else runs in between: what is kept now and what is handed over from now on are all there is
        last = request.headers.get("last-event-id", "")
        missed, found = self._after(last) if last else ([], True)
        self._listeners.add(listener)
        frames = self._frames(listener, GREETING if found else GREETING + SOME_MISSED, missed)
        return _Following(frames, listener, self._listeners)

    def _tell(self, events: Sequence[CloudEvent]) -> None:
        frames = [_frame(event) for event in events]
        self._keep(frames)
        for listener in tuple(self._listeners):
            for frame in frames:
                if not self._hand(listener, frame):
                    break

    def _keep(self, frames: Sequence[_Frame]) -> None:
        self._kept.extend(frames)
        self._size += sum(len(frame.content) for frame in frames)
        while len(self._kept) > KEPT or self._size > MOST_KEPT:
            self._size -= len(self._kept.popleft().content)

    def _hand(self, listener: _Listener, frame: _Frame | None) -> bool:
        """Give *frame* to *listener* and return True; who has too much waiting is shown out."""
        try:
            listener.waiting.put_nowait(frame)
        except asyncio.QueueFull:
            self._listeners.discard(listener)
            listener.gone = True
            if listener.peer is not None:
                self._dismiss(listener.peer)
            return False
        return True

    async def _frames(self, listener: _Listener, greeting: bytes, missed: Sequence[_Frame]) -> AsyncIterator[bytes]:
        yield greeting
        for frame in missed:
            yield frame.content
        # whoever was shown out while he was written to is not written to again
        while not listener.gone:
            try:
                async with asyncio.timeout(self._heartbeat):
                    next_one = await listener.waiting.get()
            except TimeoutError:
                yield STILL_HERE
                continue
            if next_one is None:
                return
            yield next_one.content

    def _after(self, last: str) -> tuple[list[_Frame], bool]:
        """Return what came after the event *last*, and whether that is sure to be all: else it is all that is kept."""
        rest = list(dropwhile(lambda frame: frame.id != last, self._kept))
        return (rest[1:], True) if rest else (list(self._kept), False)


class _Listener:
    """One visitor, and what he has still to be told. None: that this was all."""

    def __init__(self, peer: tuple[str, int] | None) -> None:
        self.peer = peer
        self.waiting: asyncio.Queue[_Frame | None] = asyncio.Queue(MOST_WAITING)
        self.gone = False


class _Following(StreamingResponse):
    """The answer to a listener: after it he is none of the *listeners* any more."""

    def __init__(self, frames: AsyncIterator[bytes], listener: _Listener, listeners: set[_Listener]) -> None:
        super().__init__(frames, headers=HEADERS)
        self._listener = listener
        self._listeners = listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until he leaves, is shown out, or the server stops."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._listeners.discard(self._listener)


def _frame(event: CloudEvent) -> _Frame:
    """Return *event* as it is sent. Its JSON is on one line."""
    return _Frame(event.id, f"id: {event.id}\nevent: {event.name}\ndata: {event.as_json()}\n\n".encode())
