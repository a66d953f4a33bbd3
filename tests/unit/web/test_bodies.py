from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import Request

from monitor.web import bodies
from monitor.web.bodies import LARGEST, BodyError, Room, body_of

if TYPE_CHECKING:
    from collections.abc import Iterable


class Sender:
    """Tells a body piece by piece; at the end it leaves, or says no more."""

    def __init__(self, pieces: Iterable[bytes], end: str = "whole") -> None:
        self._pieces = list(pieces)
        self._end = end

    async def __call__(self) -> dict[str, Any]:
        if self._pieces:
            piece = self._pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self._pieces) or self._end != "whole"}
        if self._end == "leaves":
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError


def read(
    pieces: Iterable[bytes], headers: dict[str, str] | None = None, end: str = "whole", room: Room | None = None
) -> bytes:
    fields = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    request = Request({"type": "http", "method": "POST", "headers": fields}, Sender(pieces, end))

    async def within() -> bytes:
        with (room or Room()).seat() as seat:
            return await body_of(request, seat)

    return asyncio.run(within())


def refusal(*arguments: Any, **options: Any) -> BodyError:
    with pytest.raises(BodyError) as refused:
        read(*arguments, **options)
    return refused.value


GZIPPED = {"content-encoding": "gzip"}


def test_a_body_is_read_whole_packed_or_not() -> None:
    assert read([b"ab", b"", b"c"]) == b"abc"
    packed = gzip.compress(b"hello" * 1000)
    assert read([packed[:10], packed[10:]], {"content-encoding": " GZip "}) == b"hello" * 1000
    assert read([b"abc"], {"content-encoding": "identity"}) == b"abc"


def test_another_packing_is_not_read() -> None:
    assert refusal([b"x"], {"content-encoding": "br"}).status == 415
    assert refusal([b"x"], {"content-encoding": "gzip, gzip"}).status == 415


def test_a_large_body_is_refused_by_what_it_says_of_itself_and_by_what_comes() -> None:
    said = refusal([b"never looked at"], {"content-length": str(LARGEST + 1)})
    assert (said.status, "16 MiB" in str(said)) == (413, True)
    assert refusal([b"x"], {"content-length": "9" * 4000}).status == 413
    assert refusal([b"x" * (LARGEST // 2)] * 3, {"content-length": "nonsense"}).status == 413
    assert len(read([b"x" * (LARGEST // 2)] * 2)) == LARGEST


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * (20 * LARGEST), 9)
    assert len(bomb) < LARGEST // 40
    tracemalloc.start()
    assert refusal([bomb], GZIPPED).status == 413
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * LARGEST


@pytest.mark.parametrize(
    "body",
    [b"plain", gzip.compress(b"x")[:-4], gzip.compress(b"x") * 2, gzip.compress(b"x") + b"y", b"", zlib.compress(b"x")],
    # by name: a packed body holds the time of its packing, and tests that run side by side have to be called alike
    ids=["plain", "cut", "two", "more", "nothing", "zlib"],
)
def test_what_is_not_one_packed_body_is_refused(body: bytes) -> None:
    assert refusal([body], GZIPPED).status == 422


def test_who_stops_amid_the_body_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LONGEST_WAIT", 0.05)
    assert refusal([b"{"], end="stops").status == 408


def test_who_leaves_amid_the_body_is_not_an_error_of_ours() -> None:
    assert refusal([b"{"], end="leaves").status == 400


def test_all_bodies_together_have_so_much_room_and_give_it_back() -> None:
    room = Room(left=10)
    with room.seat() as seat:
        seat.take(8)
        assert refusal([b"xxx"], room=room).status == 429
        assert read([b"xx"], room=room) == b"xx"
    assert room.left == 10
    packed = gzip.compress(b"x" * 1000)
    tight = Room(left=len(packed) + 999)
    assert refusal([packed], GZIPPED, room=tight).status == 429
    assert tight.left == len(packed) + 999
