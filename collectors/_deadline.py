"""A time by which an answer has to be there, whole: who sends it byte by byte can't hold the reader for longer.

The limits of the library are from one piece to the next, so that the head of an answer alone may take hours.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from http.client import HTTPResponse

    from urllib3 import PoolManager


def end_reads_in_time(pool: PoolManager, left: Callable[[], float]) -> None:
    """Have each wait for a piece of an answer by way of *pool* end when no time is left.

    *left* returns how many seconds a wait may take; what it raises where there are none ends the read.
    """
    kinds = pool.pool_classes_by_scheme
    pool.pool_classes_by_scheme = {scheme: _timed(kind, left) for scheme, kind in kinds.items()}


def _timed(pool: type[Any], left: Callable[[], float]) -> type[Any]:
    """Return the class of connection pools *pool*, of which every connection reads so."""
    from http.client import HTTPResponse  # noqa: PLC0415 - slow to load, and most hosts never need it

    def response(sock: socket.socket, *args: Any, **named: Any) -> HTTPResponse:  # noqa: ANN401 - http.client's own
        return HTTPResponse(_Timed(sock, left), *args, **named)  # type: ignore[arg-type]  # it asks for a file alone

    connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"response_class": staticmethod(response)})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Timed:
    """A socket of which the answer is read against time."""

    def __init__(self, plain: socket.socket, left: Callable[[], float]) -> None:
        self._plain = plain
        self._left = left

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_Reads(self._plain, self._left))


class _Reads(io.RawIOBase):
    def __init__(self, plain: socket.socket, left: Callable[[], float]) -> None:
        super().__init__()
        self._plain = plain
        self._left = left
        self._raw = plain.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int | None:  # noqa: ANN401 - a buffer
        self._plain.settimeout(self._left())
        return self._raw.readinto(into)

    def close(self) -> None:
        self._raw.close()
        super().close()
