"""Listeners on real connections to the real server; the test's thread is the one that publishes."""

from __future__ import annotations

import contextlib
import json
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, cast
from zoneinfo import ZoneInfo

import pytest

from monitor.config import Language, Listen
from monitor.core.cloudevent import told
from monitor.core.events import CollectionSucceeded, CollectorRecovered, Event, GapFound
from monitor.core.interval import Interval, Stamp
from monitor.core.units import Duration
from monitor.exposition.prometheus import Exposition
from monitor.web.server import serve
from monitor.web.stream import KEPT, MOST_KEPT, MOST_LISTENERS, MOST_WAITING, Stream
from tests.fixtures.snapshots import ABOUT, NOW, SECOND, at_work
from tests.parts.loopback import wait_until

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

SOURCE = "/ia-01"


def event(number: int, why: str = "") -> Event:
    at = Stamp(NOW.wall + number, NOW.boot + number)
    return GapFound(at=at, resource="package", interval=Interval(0, SECOND), cause=why or f"cause {number}")


def id_of(one: Event) -> str:
    made = told(one, SOURCE)
    assert made is not None
    return made.id


class Listener:
    """A client of one connection, that reads only when asked to."""

    def __init__(self, address: Listen, *, last: str = "", room: int = 0, method: str = "GET") -> None:
        self.socket = socket.socket()
        if room:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.socket.settimeout(30)
        self.socket.connect((address.address, address.port))
        resume = f"Last-Event-ID: {last}\r\n" if last else ""
        self.socket.sendall(f"{method} /api/v1/events HTTP/1.0\r\nHost: ia-01\r\n{resume}\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = dict(line.split(": ", 1) for line in iter(lambda: self.file.readline().decode().strip(), ""))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def block(self) -> list[str]:
        """Return the lines of the next block; none where the connection has ended."""
        lines = []
        while (line := self.file.readline()) not in {b"", b"\n"}:
            lines.append(line.decode().rstrip("\n"))
        return lines if line else []

    def event(self) -> dict[str, Any]:
        while True:
            lines = self.block()
            assert lines, "the connection ended"
            found = dict(line.split(": ", 1) for line in lines)
            if "data" in found:
                return {**found, "data": json.loads(found["data"])}

    def rest(self) -> int:
        """Return how many blocks still come before the end."""
        count = 0
        with contextlib.suppress(ConnectionError):
            while self.block():
                count += 1
        return count


@contextmanager
def served(stream: Stream) -> Iterator[Listen]:
    shown = Exposition(ABOUT)
    shown.publish(at_work())
    with serve(
        shown,
        Listen("127.0.0.1", 0),
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


def listeners(stream: Stream) -> int:
    return len(stream._listeners)


def test_events_are_told_as_they_happen_each_with_its_id() -> None:
    stream = Stream(SOURCE)
    with served(stream) as address, Listener(address) as one, Listener(address) as two:
        assert one.status == 200
        assert one.headers["content-type"] == "text/event-stream"
        assert one.headers["cache-control"] == "no-store"
        assert "content-security-policy" in one.headers
        assert one.block() == two.block() == ["retry: 3000"]
        publish(stream, event(1), event(2))
        publish(stream, event(3))
        for listener in (one, two):
            heard = [listener.event() for _ in range(3)]
            assert [each["id"] for each in heard] == [id_of(event(number)) for number in (1, 2, 3)]
            assert {each["event"] for each in heard} == {"gap_found"}
            assert heard[1]["data"]["id"] == heard[1]["id"]
            assert heard[1]["data"]["data"]["cause"] == "cause 2"


def test_who_comes_back_hears_what_he_missed_and_nothing_twice() -> None:
    stream = Stream(SOURCE)
    with served(stream) as address:
        publish(stream, event(1), event(2), event(3))
        wait_until(lambda: len(stream._kept) == 3, what="three events kept")
        with Listener(address, last=id_of(event(1))) as back:
            assert back.block() == ["retry: 3000"]
            assert [back.event()["id"] for _ in range(2)] == [id_of(event(2)), id_of(event(3))]
            publish(stream, event(4))
            assert back.event()["id"] == id_of(event(4))


def test_who_missed_more_than_is_kept_is_told_so() -> None:
    stream = Stream(SOURCE)
    with served(stream) as address:
        publish(stream, *(event(number) for number in range(KEPT + 2)))
        wait_until(lambda: len(stream._kept) == KEPT, what="all events kept")
        with Listener(address, last=id_of(event(0))) as back:
            assert back.block() == ["retry: 3000"]
            assert back.block() == [": events before this one may be missing"]
            assert back.event()["id"] == id_of(event(2))


def test_who_comes_for_the_first_time_hears_only_what_happens_from_then_on() -> None:
    stream = Stream(SOURCE)
    with served(stream) as address:
        publish(stream, event(1))
        with Listener(address) as new:
            new.block()
            publish(stream, event(2))
            assert new.event()["id"] == id_of(event(2))


def test_readings_are_not_told_and_wake_nobody() -> None:
    stream = Stream(SOURCE)
    with served(stream) as address, Listener(address) as one:
        one.block()
        loop = stream._loop
        assert loop is not None
        stream.attach(cast("asyncio.AbstractEventLoop", _Deaf()), stream._dismiss)
        publish(stream, CollectionSucceeded(at=NOW, collector="rapl", readings=(), took=Duration.ZERO))
        publish(stream)
        stream.attach(loop, stream._dismiss)


class _Deaf:
    def call_soon_threadsafe(self, *_: object) -> None:
        pytest.fail("the loop was woken")


def test_in_silence_a_listener_hears_that_nothing_happened() -> None:
    with served(Stream(SOURCE, heartbeat=0.05)) as address, Listener(address) as one:
        assert [one.block() for _ in range(3)] == [
            ["retry: 3000"],
            [": nothing happened"],
            [": nothing happened"],
        ]


def test_who_does_not_read_is_shown_out_and_delays_nobody() -> None:
    stream = Stream(SOURCE)
    long = "x" * 20_000
    with served(stream) as address, Listener(address, room=4096) as slow, Listener(address) as quick:
        quick.block()
        wait_until(lambda: listeners(stream) == 2, what="two listeners")
        for number in range(5 * MOST_WAITING):
            publish(stream, event(number, long))
            assert quick.event()["id"] == id_of(event(number, long))
        wait_until(lambda: listeners(stream) == 1, what="the slow one to be shown out")
        assert slow.rest() < 5 * MOST_WAITING


def test_who_leaves_is_forgotten() -> None:
    stream = Stream(SOURCE)
    with served(stream) as address:
        with Listener(address) as one:
            one.block()
            assert listeners(stream) == 1
        wait_until(lambda: listeners(stream) == 0, what="the listener to be forgotten")


def test_there_is_a_limit_to_listeners_and_its_answer_says_so() -> None:
    stream = Stream(SOURCE)
    with served(stream) as address:
        crowd = [Listener(address) for _ in range(MOST_LISTENERS)]
        try:
            wait_until(lambda: listeners(stream) == MOST_LISTENERS, what="the crowd")
            with Listener(address) as late:
                assert late.status == 503
                assert late.headers["retry-after"] == "60"
        finally:
            for one in crowd:
                one.__exit__()


def test_the_limit_holds_for_those_who_come_at_the_same_moment() -> None:
    stream = Stream(SOURCE)
    with served(stream) as address, contextlib.ExitStack() as open_ones:
        crowd = [socket.create_connection((address.address, address.port)) for _ in range(2 * MOST_LISTENERS)]
        for one in crowd:
            open_ones.enter_context(one)
            one.settimeout(30)
        for one in crowd:
            one.sendall(b"GET /api/v1/events HTTP/1.0\r\nHost: ia-01\r\n\r\n")
        answers = [one.recv(12).split()[1] for one in crowd]
        assert answers.count(b"200") == answers.count(b"503") == MOST_LISTENERS
        assert listeners(stream) == MOST_LISTENERS


def test_what_is_kept_for_who_comes_back_has_an_end_in_bytes() -> None:
    stream = Stream(SOURCE)
    long = "x" * 20_000
    with served(stream) as address:
        for number in range(3 * MOST_KEPT // len(long)):
            publish(stream, event(number, long))
        newest = id_of(event(number, long))
        wait_until(lambda: [frame.id for frame in stream._kept][-1:] == [newest], what="all events kept")
        size = sum(len(frame.content) for frame in stream._kept)
        assert MOST_KEPT - 2 * len(long) < size <= MOST_KEPT
        with Listener(address, last=id_of(event(number - 1, long))) as back:
            assert back.event()["id"] == newest


def test_head_says_what_it_is_and_ends() -> None:
    stream = Stream(SOURCE)
    with served(stream) as address, Listener(address, method="HEAD") as one:
        assert one.status == 200
        assert one.headers["content-type"] == "text/event-stream"
        assert one.block() == []
        assert listeners(stream) == 0


def test_a_stop_of_the_server_ends_the_stream_at_once() -> None:
    stream = Stream(SOURCE)
    with served(stream) as address:
        listener = Listener(address)
        listener.block()
    assert listener.block() == []
    listener.__exit__()
    publish(stream, CollectorRecovered(at=NOW, collector="rapl"))


def test_without_a_server_nothing_is_kept_waiting() -> None:
    publish(Stream(SOURCE), event(1))
