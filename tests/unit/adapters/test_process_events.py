from __future__ import annotations

import select
import socket
import struct
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from monitor.adapters import process_events
from monitor.adapters.process_events import EVENT, EVENT_AT, EXEC, EXIT, Changes, ProcessEvents, parse

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def events() -> Iterator[ProcessEvents]:
    """Give the real events, where this machine lets us hear them."""
    try:
        heard = ProcessEvents()
    except OSError as error:
        pytest.xfail(f"process events can't be heard here: {error.strerror}")
    yield heard
    heard.close()


def gather(events: ProcessEvents, wanted: int, kind: str) -> Changes:
    """Return what happened until *wanted* is among it."""
    started: frozenset[int] = frozenset()
    ended: frozenset[int] = frozenset()
    for _ in range(100):
        select.select([events], [], [], 0.1)
        changes = events.changes()
        started, ended = started | changes.started, ended | changes.ended
        if wanted in {"started": started, "ended": ended}[kind]:
            break
    return Changes(started, ended)


def test_a_program_that_begins_and_ends_is_told(events: ProcessEvents) -> None:
    with subprocess.Popen(["sleep", "100"]) as child:
        assert child.pid in gather(events, child.pid, "started").started
        child.kill()
        assert child.pid in gather(events, child.pid, "ended").ended


def test_the_end_of_a_thread_and_a_fork_wake_nobody(events: ProcessEvents) -> None:
    code = "import os, threading\nfor _ in range(50):\n    t = threading.Thread(target=int); t.start(); t.join()\n"
    with subprocess.Popen([sys.executable, "-c", code]) as child:
        child.wait()
    changes = gather(events, child.pid, "ended")
    assert child.pid in changes.started
    threads = [thread for thread in threading.enumerate() if thread.native_id in changes.ended]
    assert threads == []
    assert events.changes().events < 50


def test_nothing_is_waited_for(events: ProcessEvents) -> None:
    events.changes()
    assert isinstance(events.changes(), Changes)


def gather_lost(events: ProcessEvents) -> bool:
    return any(events.changes().lost for _ in range(3))


def test_what_the_kernel_dropped_is_said_to_be_lost() -> None:
    try:
        events = ProcessEvents()
    except OSError as error:
        pytest.xfail(f"process events can't be heard here: {error.strerror}")
    events._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    for _ in range(20):
        subprocess.run(["true"], check=True)
    assert gather_lost(events)
    events.close()


def test_it_can_be_heard_twice_at_once_and_again(events: ProcessEvents) -> None:
    second = ProcessEvents()
    second.close()
    third = ProcessEvents()
    subprocess.run(["true"], check=True)
    assert third.changes().events
    third.close()
    assert events.changes().events


def message(what: int, thread: int, process: int) -> bytes:
    return bytes(EVENT_AT) + EVENT.pack(what, 0, 0, thread, process)


def test_the_end_of_a_thread_is_not_the_end_of_a_process() -> None:
    assert parse(message(EXIT, 11, 10)) is None
    assert parse(message(EXIT, 10, 10)) == (EXIT, 10)
    assert parse(message(EXEC, 10, 10)) == (EXEC, 10)
    assert parse(message(1, 10, 10)) is None
    assert parse(b"short") is None


def test_a_message_is_as_long_as_the_kernel_wants_it() -> None:
    assert process_events.NETLINK_HEADER.size == 16
    assert process_events.CONNECTOR_HEADER.size == 20
    assert struct.calcsize("=HBBI") == 8
