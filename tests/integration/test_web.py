"""The web server as its visitors meet it: over real connections, some of them ill-behaved."""

from __future__ import annotations

import http.client
import re
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.config import Language, Listen
from monitor.core.entries import Meter, ServiceFacts
from monitor.core.impact import Indicator
from monitor.core.readings import PACKAGE, Method
from monitor.core.units import Duration, Energy
from monitor.exposition.prometheus import Exposition
from monitor.web.protection import LONGEST_HEADER
from monitor.web.server import MOST_CONNECTIONS, serve
from tests.fixtures.snapshots import ABOUT, NOW, SECOND, at_work
from tests.parts.chromium import Browser
from tests.parts.loopback import wait_until
from tests.parts.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.exposition.snapshot import Snapshot

PATIENCE = 30.0


@contextmanager
def served(snapshot: Snapshot) -> Iterator[tuple[Listen, Exposition]]:
    shown = Exposition(ABOUT)
    shown.publish(snapshot)
    with serve(
        shown,
        Listen("127.0.0.1", 0),
        language=Language.ENGLISH,
        zone=ZoneInfo("Europe/Paris"),
        now=lambda: NOW,
        patience=Duration(30 * SECOND),
    ) as address:
        yield address, shown


def connect(address: Listen) -> socket.socket:
    return socket.create_connection((address.address, address.port), timeout=PATIENCE)


def ask(address: Listen, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(address.address, address.port, timeout=PATIENCE)
    try:
        connection.request(method, path, headers={"connection": "close", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def rest_of(connection: socket.socket) -> bytes:
    """Return what still comes, until the server ends the connection."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def crowded() -> Snapshot:
    """Return a snapshot whose page is larger than what the system keeps for a connection."""
    services = {f"s{number}": ServiceFacts(f"s{number}", "é" * 400) for number in range(8000)}
    return replace(at_work(), services=services)


def wake_ups() -> int:
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "web")
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text(encoding="ascii")
    return int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.MULTILINE)[0])


def test_it_sleeps_until_somebody_asks() -> None:
    with served(at_work()) as (address, _):
        assert ask(address, "/")[0] == 200
        before, at_rest = -1, wake_ups()
        while before != at_rest:
            time.sleep(1)
            before, at_rest = at_rest, wake_ups()
        time.sleep(3)
        assert wake_ups() == at_rest
        ask(address, "/healthz")
        wait_until(lambda: wake_ups() > at_rest, what="it was woken by a question")


def test_a_scrape_and_a_page_go_over_one_connection() -> None:
    with served(at_work()) as (address, _):
        connection = http.client.HTTPConnection(address.address, address.port, timeout=PATIENCE)
        for path in ("/metrics", "/", "/api/v1/status", "/api/v1/impacts", "/healthz"):
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 200
            assert answer.getheader("server") is None
            assert answer.read()
        connection.close()


def test_head_has_no_body() -> None:
    with served(at_work()) as (address, _), connect(address) as connection:
        connection.sendall(b"HEAD /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        head, _, body = rest_of(connection).partition(b"\r\n\r\n")
        assert b" 200 " in head.splitlines()[0]
        assert int(re.findall(rb"content-length: (\d+)", head)[0]) > 1000
        assert body == b""


def test_a_header_that_is_too_long_is_refused() -> None:
    with served(at_work()) as (address, _):
        assert ask(address, "/healthz", padding="x" * (LONGEST_HEADER // 2))[0] == 200
        assert ask(address, "/healthz", padding="x" * 2 * LONGEST_HEADER)[0] == 431
        assert ask(address, "/healthz")[0] == 200


def test_a_header_without_end_is_not_listened_to() -> None:
    with served(at_work()) as (address, _), connect(address) as endless:
        endless.sendall(b"GET /healthz HTTP/1.1\r\nx: ")
        with pytest.raises(OSError, match=r"Broken pipe|reset by peer"):
            endless.sendall(b"x" * 1000 * LONGEST_HEADER)


def test_who_tells_a_request_drop_by_drop_is_not_waited_for() -> None:
    with served(at_work()) as (address, _), connect(address) as slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\n")
        ended = threading.Event()

        def drip() -> None:
            while not ended.wait(0.5):
                try:
                    slow.sendall(b"x-drop: 1\r\n")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        assert ask(address, "/healthz")[0] == 200
        assert rest_of(slow) == b""
        ended.set()
        dripping.join()


def test_a_crowd_of_silent_connections_keeps_nobody_out() -> None:
    with served(at_work()) as (address, _), ExitStack() as stack:
        crowd = [stack.enter_context(connect(address)) for _ in range(MOST_CONNECTIONS + 20)]
        assert ask(address, "/healthz")[0] == 200
        assert all(rest_of(connection) == b"" for connection in crowd[:20])


@pytest.mark.parametrize(
    "noise",
    [
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
        b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: ///\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n" + b"x" * 100_000,
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\n",
    ],
    ids=["blank", "tls", "bytes", "http2", "websocket", "h2c", "body", "chunks"],
)
def test_noise_does_no_harm(noise: bytes) -> None:
    with served(at_work()) as (address, _), connect(address) as connection:
        try:
            connection.sendall(noise)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        rest_of(connection)
        assert ask(address, "/healthz") == (200, b"ok\n")


def test_a_stop_waits_for_nobody_who_keeps_a_connection_or_does_not_read() -> None:
    with ExitStack() as stack:
        with served(crowded()) as (address, _):
            kept, deaf = (stack.enter_context(connect(address)) for _ in range(2))
            kept.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            assert kept.recv(1)
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.sendall(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
            assert deaf.recv(1)
        assert "web" not in [thread.name for thread in threading.enumerate()]
        rest_of(kept)


def test_counters_never_fall_while_snapshots_are_published_and_pages_asked_for() -> None:
    meter, ended = Meter(PACKAGE, Method.COUNTER), threading.Event()

    def total(page: bytes) -> float:
        (line,) = (line for line in page.splitlines() if line.startswith(b"empreinte_host_energy_joules_total{"))
        return float(line.rpartition(b" ")[2])

    with served(replace(at_work(), host_energy={meter: Energy(0)})) as (address, shown):

        def measure() -> None:
            microjoules = 0
            while not ended.wait(0.001):
                microjoules += 1_234_567
                shown.publish(replace(at_work(), host_energy={meter: Energy(microjoules)}))

        measuring = threading.Thread(target=measure)
        measuring.start()
        totals = [total(ask(address, "/metrics", accept=accept)[1]) for accept in ("*/*", "text/plain") * 20]
        ended.set()
        measuring.join()
    assert totals == sorted(totals)
    assert totals[-1] > totals[0]


@pytest.mark.real("prometheus")
def test_prometheus_scrapes_it(tmp_path: Path) -> None:
    with served(at_work()) as (address, _), Prometheus(tmp_path, str(address)) as prometheus:
        prometheus.wait_for_scrapes(2)
        assert prometheus.value('up{job="test"}') == 1
        assert prometheus.value('empreinte_service_power_watts{service="assistant"}') == 231.4
        booked = at_work().period_energy["assistant", "year"].joules
        assert prometheus.value('empreinte_period_energy_joules{service="assistant",period="year"}') == booked
        assert prometheus.value("sum(empreinte_host_energy_joules_total)") == pytest.approx(
            prometheus.value("sum(empreinte_service_energy_joules_total)"), rel=1e-12
        )
        emitted = {key[:2]: bounds.central for key, bounds in at_work().period_impacts.items() if key[2] == "year"}
        assert prometheus.value(
            'empreinte_period_emissions_grams{service="assistant",phase="use",period="year"}'
        ) == pytest.approx(emitted["assistant", Indicator.GWP_USE] / 1e6, rel=1e-12)
        between = "empreinte_period_emissions_low_grams <= on (service, period) empreinte_period_emissions_high_grams"
        assert len(prometheus.query(between)) == len(at_work().emissions)
        names = "empreinte_service_power_watts * on (service) group_left (name) empreinte_service_info"
        named = {sample.labels["name"] for sample in prometheus.query(names)}
        assert "Transcription du conseil municipal" in named


@pytest.mark.real("chromium")
@pytest.mark.parametrize(("language", "now"), [("fr", "Maintenant"), ("en", "Now")])
def test_a_browser_without_scripts_shows_the_page_in_its_language(language: str, now: str) -> None:
    with served(at_work()) as (address, _):
        document = Browser(language=language, scripts=False).dom(f"http://{address}/")
    assert f'<html lang="{language}">' in document
    assert f"<small>{now}</small></h3>" in document
    assert "Assistant rédactionnel" in document
