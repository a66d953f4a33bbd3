"""Against a daemon's own stream, on a server that can be stopped and started on one port."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.cli.following import Following, RefusedError
from monitor.config import Language, Listen
from monitor.core.cloudevent import told
from monitor.core.events import CollectorRecovered, Event
from monitor.core.interval import Stamp
from monitor.core.units import Duration
from monitor.exposition.prometheus import Exposition
from monitor.web.server import serve
from monitor.web.stream import Stream
from tests.fixtures.snapshots import ABOUT, NOW, SECOND
from tests.parts.loopback import free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = "/ia-01"


def event(number: int) -> Event:
    return CollectorRecovered(at=Stamp(NOW.wall + number, NOW.boot + number), collector="rapl")


def id_of(one: Event) -> str:
    return getattr(told(one, SOURCE), "id", "")


@contextmanager
def served(stream: Stream, listen: Listen) -> Iterator[Listen]:
    with serve(
        Exposition(ABOUT),
        listen,
        language=Language.ENGLISH,
        zone=ZoneInfo("UTC"),
        now=lambda: NOW,
        patience=Duration(30 * SECOND),
        stream=stream,
    ) as address:
        yield address


def publish(stream: Stream, *events: Event) -> None:
    for one in events:
        stream.handle(one)
    stream.settle()


def test_across_a_restart_nothing_is_lost_and_nothing_comes_twice() -> None:
    stream, heard, losses = Stream(SOURCE), [], []
    listen = Listen("127.0.0.1", free_port())
    back = threading.Event()
    following = Following(listen, lambda: losses.append(1), wait=lambda _: back.wait(0.05))

    def follow() -> None:
        for one in following.events():
            heard.append(one["id"])
            if len(heard) == 4:
                return

    with served(stream, listen):
        thread = threading.Thread(target=follow)
        thread.start()
        wait_until(lambda: len(stream._listeners) == 1, what="the listener")
        publish(stream, event(1), event(2))
        wait_until(lambda: len(heard) == 2, what="two events")
    wait_until(lambda: losses == [1], what="the loss to be noticed")
    with served(stream, listen):
        publish(stream, event(3), event(4))
        thread.join(30)
    assert heard == [id_of(event(number)) for number in (1, 2, 3, 4)]
    assert losses == [1]


def test_nobody_there_is_said_at_once() -> None:
    with pytest.raises(ConnectionRefusedError):
        next(Following(Listen("127.0.0.1", free_port())).events())


def test_a_connection_without_a_word_counts_as_lost() -> None:
    lost = threading.Event()

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with served(Stream(SOURCE), Listen("127.0.0.1", 0)) as listen, pytest.raises(KeyboardInterrupt):
        next(Following(listen, lost.set, wait=stop, silence=0.2).events())
    assert lost.is_set()


@pytest.mark.parametrize(("status", "said"), [(503, "16 listen already"), (404, "it answers with status 404")])
def test_a_refusal_is_told(status: int, said: str) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"16 listen already\n")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        with pytest.raises(RefusedError, match=said):
            next(Following(Listen("127.0.0.1", server.server_address[1])).events())
        server.shutdown()
        thread.join()
