"""Answers that are read against time: those that come are whole, and those that don't end are left."""

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from urllib3 import PoolManager

from collectors._deadline import end_reads_in_time
from tests.parts.loopback import LOOPBACK

OK = b"HTTP/1.1 200 OK\r\n"
GOOD = {
    "of a length": OK + b"Content-Length: 5\r\n\r\nwhole",
    "in pieces": OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nwh\r\n3\r\nole\r\n0\r\n\r\n",
    "until the end": OK + b"\r\nwhole",
}


class OverError(Exception):
    """No time is left."""


@contextmanager
def serving(send: Callable[[Callable[[bytes], None]], None]) -> Iterator[str]:
    """Answer once with what *send* sends; yield the address."""

    class Once(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            send(self.request.sendall)

    with socketserver.TCPServer((LOOPBACK, 0), Once) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield f"http://{LOOPBACK}:{server.server_address[1]}/"
        thread.join()


def asked(url: str, left: Callable[[], float]) -> bytes:
    pool = PoolManager()
    end_reads_in_time(pool, left)
    try:
        return bytes(pool.request("GET", url, retries=False).data)
    finally:
        pool.clear()


@pytest.mark.parametrize("kind", GOOD)
def test_an_answer_that_comes_in_time_is_whole(kind: str) -> None:
    with serving(lambda send: send(GOOD[kind])) as url:
        assert asked(url, lambda: 5.0) == b"whole"


@pytest.mark.parametrize("begin", [b"HTTP/1.1 200 ", OK + b"X-A: ", OK + b"\r\n"])
def test_each_piece_is_waited_for_no_longer_than_there_is_time(begin: bytes) -> None:
    """Of the status, of a header, of the body."""
    over = threading.Event()
    end = time.monotonic() + 0.3

    def drip(send: Callable[[bytes], None]) -> None:
        try:
            send(begin)
            while not over.wait(0.01):
                send(b"1")
        except OSError:
            return  # the other side had enough

    def left() -> float:
        if time.monotonic() >= end:
            raise OverError
        return 5.0

    with serving(drip) as url:
        try:
            with pytest.raises(OverError):
                asked(url, left)
        finally:
            over.set()
