"""The body of a request: so long, so soon, unpacked to so much, and of all requests together so much at a time."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

LARGEST: Final = 16 * 1024 * 1024
"""In bytes, unpacked too. 512 calls of LiteLLM with long prompts have as much."""
MOST_HELD: Final = 3 * LARGEST
"""In bytes: of all bodies that are being read, together."""
LONGEST_WAIT: Final = 10.0
"""In seconds: for a body to be told whole."""
_GZIP: Final = 16 + zlib.MAX_WBITS


class BodyError(Exception):
    """The body can't be taken. The text is one sentence for the sender."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class Room:
    """How much room there still is for bodies."""

    left: int = MOST_HELD

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        """Give room for one body, for as long as the context lasts."""
        seat = Seat(self)
        try:
            yield seat
        finally:
            seat.leave()


class Seat:
    """The room that one body takes."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._taken = 0

    def take(self, size: int) -> None:
        """Take *size* bytes more. Raises BodyError where there are none left."""
        if size > self._room.left:
            raise BodyError(429, "too much is being sent at once: send again later")
        self._room.left -= size
        self._taken += size

    def leave(self) -> None:
        """Give all of it back."""
        self._room.left += self._taken
        self._taken = 0


async def body_of(request: Request, seat: Seat) -> bytes:
    """Return the body of *request*, unpacked.

    Raises BodyError: it is too large, too slow, packed in a way that is not read, cut short, or there is no room.
    """
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing not in {"identity", "gzip"}:
        raise BodyError(415, "a body is packed with gzip, or not at all")
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > LARGEST:
        raise _too_large()
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            body = await _received(request, seat)
    except TimeoutError:
        raise BodyError(408, f"the body was not told within {LONGEST_WAIT:.0f} s") from None
    except ClientDisconnect:
        raise BodyError(400, "the connection was ended amid the body") from None
    return _unpacked(body, seat) if packing == "gzip" else body


async def _received(request: Request, seat: Seat) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        seat.take(len(piece))
        size += len(piece)
        if size > LARGEST:
            raise _too_large()
        pieces.append(piece)
    return b"".join(pieces)


def _unpacked(body: bytes, seat: Seat) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    try:
        content = stream.decompress(body, LARGEST + 1)
    except zlib.error:
        raise BodyError(422, "the body is said to be packed with gzip, and is not") from None
    if len(content) > LARGEST:
        raise _too_large()
    if not stream.eof or stream.unused_data:
        raise BodyError(422, "the packed body is cut short, or something follows it")
    seat.take(len(content))
    return content


def _too_large() -> BodyError:
    return BodyError(413, f"the body has more than {LARGEST // 1024**2} MiB: send fewer events at once")
