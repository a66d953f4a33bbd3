from __future__ import annotations

import logging
import socket
import threading
import urllib.request
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from starlette.responses import PlainTextResponse

from monitor.config import Language, Listen
from monitor.core.units import Duration
from monitor.exposition.prometheus import Exposition
from monitor.web.protection import Protected
from monitor.web.server import MOST_CONNECTIONS, Door, WebError, _Server, serve
from tests.fixtures.snapshots import ABOUT, NOW, SECOND, at_work

if TYPE_CHECKING:
    from collections.abc import Iterator

ANY = Listen("127.0.0.1", 0)


@contextmanager
def served(listen: Listen, *, insecure: bool = False) -> Iterator[Listen]:
    shown = Exposition(ABOUT)
    shown.publish(at_work())
    with serve(
        shown,
        listen,
        language=Language.ENGLISH,
        zone=ZoneInfo("UTC"),
        now=lambda: NOW,
        patience=Duration(30 * SECOND),
        insecure=insecure,
    ) as address:
        yield address


def refusal(listen: Listen) -> str:
    """Return why *listen* can't be served on; no thread may have been started for it."""
    before = threading.active_count()
    with pytest.raises(WebError) as refused, served(listen):
        pass
    assert threading.active_count() == before
    return str(refused.value)


def test_the_address_is_told_and_the_thread_is_gone_afterwards() -> None:
    with served(ANY) as address:
        assert address.port > 0
        assert [thread.name for thread in threading.enumerate()].count("web") == 1
        with urllib.request.urlopen(f"http://{address}/healthz", timeout=30) as answer:
            assert answer.read() == b"ok\n"
    assert "web" not in [thread.name for thread in threading.enumerate()]
    with socket.socket() as probe:
        assert probe.connect_ex((address.address, address.port)) != 0


def test_it_stops_when_what_it_is_served_for_fails() -> None:
    with pytest.raises(ZeroDivisionError), served(ANY):
        raise ZeroDivisionError
    assert "web" not in [thread.name for thread in threading.enumerate()]


def test_a_taken_port_is_told_with_the_cure_and_stays_with_who_has_it() -> None:
    with served(ANY) as address:
        assert refusal(address) == (
            f"{address} is taken by another program, or another daemon: stop it, or set listen in [web]"
        )
        with urllib.request.urlopen(f"http://{address}/healthz", timeout=30) as answer:
            assert answer.status == 200


def test_the_port_can_be_had_again_at_once() -> None:
    with served(ANY) as address, urllib.request.urlopen(f"http://{address}/", timeout=30) as answer:
        answer.read()
    with served(address) as again:
        assert again == address


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104 - refused before it is bound
def test_beyond_loopback_nothing_is_served_unless_the_configuration_says_so(address: str) -> None:
    said = refusal(Listen(address, 0))
    assert "with no encryption and no password" in said
    assert "insecure = true" in said


def test_an_address_of_another_machine_is_told_with_the_cure() -> None:
    # insecure lets it past the refusal
    with pytest.raises(WebError, match=r"192\.0\.2\.1 is not an address of this machine"), ExitStack() as stack:
        stack.enter_context(served(Listen("192.0.2.1", 0), insecure=True))
    assert "there is no address nowhere.invalid" in refusal(Listen("nowhere.invalid", 0))


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_it_listens_on_ipv6_where_there_is_any() -> None:
    if not has_ipv6():
        assert "::1 is not an address of this machine" in refusal(Listen("::1", 0))
        return
    with served(Listen("::1", 0)) as address:
        assert str(address).startswith("[::1]:")
        with urllib.request.urlopen(f"http://{address}/healthz", timeout=30) as answer:
            assert answer.status == 200


def test_localhost_is_the_loopback_that_everybody_means() -> None:
    with (
        served(Listen("localhost", 0)) as address,
        urllib.request.urlopen(f"http://127.0.0.1:{address.port}/healthz", timeout=30) as answer,
    ):
        assert answer.status == 200


def test_a_server_that_cannot_start_says_why() -> None:
    door = Door(socket.AF_INET)
    door.close()
    failed = _Server(Protected(PlainTextResponse("never")), door)
    failed.run()
    with pytest.raises(OSError, match="Bad file descriptor"):
        failed.started.result(timeout=0)


def test_whoever_has_been_inside_for_longest_leaves_for_the_next() -> None:
    with ExitStack() as stack:
        door = stack.enter_context(Door(socket.AF_INET))
        door.bind(("127.0.0.1", 0))
        door.listen()
        guests = []
        for _ in range(MOST_CONNECTIONS + 2):
            guests.append(stack.enter_context(socket.create_connection(door.getsockname(), timeout=30)))
            stack.enter_context(door.accept()[0])
        assert [guest.recv(1) for guest in guests[:2]] == [b"", b""]
        guests[2].setblocking(False)
        with pytest.raises(BlockingIOError):
            guests[2].recv(1)


def test_a_connection_is_known_to_be_tcp_so_that_nothing_is_held_back_for_a_fuller_packet() -> None:
    with Door(socket.AF_INET) as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        with socket.create_connection(door.getsockname(), timeout=30):
            connection, _ = door.accept()
            # asyncio asks for this before it sets TCP_NODELAY: 40 ms for every answer on a connection that is kept
            assert connection.proto == socket.IPPROTO_TCP
            connection.close()


def test_who_has_left_does_not_count() -> None:
    with ExitStack() as stack:
        door = stack.enter_context(Door(socket.AF_INET))
        door.bind(("127.0.0.1", 0))
        door.listen()
        stayed = stack.enter_context(socket.create_connection(door.getsockname(), timeout=30))
        stack.enter_context(door.accept()[0])
        for _ in range(2 * MOST_CONNECTIONS):
            with socket.create_connection(door.getsockname(), timeout=30):
                door.accept()[0].close()
        stayed.setblocking(False)
        with pytest.raises(BlockingIOError):
            stayed.recv(1)


UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAAA\r\n\r\n"
)
"""An upgrade to HTTP/2 whose settings are cut short: hypercorn and h2 expect none such."""


def test_a_request_that_no_server_understands_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with served(ANY) as address:
        caplog.clear()
        with socket.create_connection((address.address, address.port), timeout=30) as client:
            client.sendall(UPGRADE)
            while client.recv(4096):
                pass
        with urllib.request.urlopen(f"http://{address}/healthz", timeout=30) as answer:
            assert answer.read() == b"ok\n"
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.DEBUG] == []
