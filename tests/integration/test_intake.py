"""The intake as its senders meet it: over real connections, of a program that is killed, on a real disk."""

from __future__ import annotations

import gzip
import http.client
import json
import queue
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from monitor.intake.usage import hashed
from monitor.web import bodies
from tests.fixtures.intake import sample
from tests.fixtures.intake.door import BEARER, EVENT, EVENTS, JSON, PROTOBUF, TOKEN
from tests.fixtures.intake.server import booked
from tests.parts.child import Child
from tests.parts.loopback import LOOPBACK, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DATA = {"service": "assistant", "output_tokens": 4}
PATIENCE = 60.0


class Server(Child):
    """The program with the intake."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        command = [sys.executable, "-m", "tests.fixtures.intake.server", directory, self.port]
        super().__init__(command, directory / "server.log", directory=ROOT)

    def up(self) -> None:
        """Start it, and wait until it answers."""
        self.start()
        wait_until(self.answers, what="the intake")

    def answers(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            return self.ask("GET", "/healthz")[0] == 200
        return False

    def ask(self, method: str, path: str, body: bytes | None = None, *headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE)
        fields = {name: value for several in headers for name, value in several.items()}
        try:
            connection.request(method, path, body, {"connection": "close", **fields})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def post(self, path: str, body: bytes, *headers: dict[str, str]) -> tuple[int, bytes]:
        return self.ask("POST", path, body, BEARER, *headers)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    made.up()
    yield made
    made.close()


def call(name: str) -> dict[str, Any]:
    return {"specversion": "1.0", "id": name, "source": "//sender", "type": "eu.empreinte.usage.v1", "data": DATA}


def id_of(name: str) -> str:
    return hashed("event", "//sender", name)


def test_each_way_in_takes_what_it_is_for(server: Server) -> None:
    assert server.post("/v1/events", json.dumps(call("1")).encode(), EVENT)[0] == 200
    # these are of November 2026: to a clock of another year they may be too old, or of a time to come
    packed = {"content-encoding": "gzip"}
    for path, name, kind in (
        ("/v1/traces", "litellm_traces_of_pages.pb", PROTOBUF),
        ("/v1/litellm", "litellm_calls.json", JSON),
    ):
        status, _ = server.post(path, gzip.compress(sample(name)), kind, packed)
        assert status in {200, 422}
    wait_until(lambda: id_of("1") in booked(server.directory), what="the event in the books")
    status, answer = server.ask("GET", "/api/v1/openapi.json")
    assert (status, json.loads(answer)["openapi"]) == (200, "3.1.0")


def test_who_sends_in_pieces_is_heard_and_who_stops_amid_them_holds_up_nobody(server: Server) -> None:
    body = json.dumps(call("chunked")).encode()
    fields = f"host: x\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: {EVENT['content-type']}\r\n"
    head = f"POST /v1/events HTTP/1.1\r\n{fields}"
    with (
        socket.create_connection((LOOPBACK, server.port), timeout=PATIENCE) as stopped,
        socket.create_connection((LOOPBACK, server.port), timeout=PATIENCE) as slow,
    ):
        stopped.sendall(f"{head}content-length: 1000\r\n\r\n{{".encode())
        began = time.monotonic()
        slow.sendall(f"{head}transfer-encoding: chunked\r\n\r\n".encode())
        for place in range(0, len(body), 40):
            piece = body[place : place + 40]
            slow.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            assert server.post("/v1/events", json.dumps(call(f"beside-{place}")).encode(), EVENT)[0] == 200
        slow.sendall(b"0\r\n\r\n")
        assert slow.recv(4096).startswith(b"HTTP/1.1 200")
        assert stopped.recv(4096).startswith(b"HTTP/1.1 408")
        waited = time.monotonic() - began
    assert waited < 4 * bodies.LONGEST_WAIT


def test_a_large_body_is_refused_before_it_is_told_whole(server: Server) -> None:
    with socket.create_connection((LOOPBACK, server.port), timeout=PATIENCE) as sender:
        sender.sendall(
            f"POST /v1/litellm HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n"
            f"content-type: application/json\r\ncontent-length: {2**30}\r\n\r\n[".encode()
        )
        assert sender.recv(4096).startswith(b"HTTP/1.1 413")
    assert server.answers()


class Client:
    """Sends calls from several threads, each until an answer says that it is kept, as clients do that retry."""

    def __init__(self, server: Server, names: list[str]) -> None:
        self.done: list[str] = []
        self._server = server
        self._left: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        for place in range(0, len(names), 3):
            self._left.put(names[place : place + 3])
        self._threads = [threading.Thread(target=self._send) for _ in range(4)]
        for thread in self._threads:
            thread.start()

    @property
    def sends(self) -> bool:
        """Whether it still has something to send."""
        return any(thread.is_alive() for thread in self._threads)

    def _send(self) -> None:
        with suppress(queue.Empty):
            while True:
                mine = self._left.get_nowait()
                body = json.dumps([call(name) for name in mine]).encode()
                while not self._is_kept(body):
                    time.sleep(0.02)
                self.done.extend(mine)

    def _is_kept(self, body: bytes) -> bool:
        with suppress(OSError, http.client.HTTPException):
            return self._server.post("/v1/events", body, EVENTS)[0] == 200
        return False


def test_nothing_is_lost_and_nothing_twice_when_it_is_killed_again_and_again(server: Server) -> None:
    names = [f"call-{number}" for number in range(1500)]
    client, kills = Client(server, names), 0
    while client.sends:
        time.sleep(0.15)
        server.kill()
        kills += 1
        server.up()
        time.sleep(0.35)
    assert kills >= 2
    assert sorted(client.done) == sorted(names)
    wait_until(lambda: len(booked(server.directory)) >= len(names), what="all events in the books")
    assert sorted(booked(server.directory)) == sorted(id_of(name) for name in names)
    # and what is told again is still known
    again = json.loads(server.post("/v1/events", json.dumps([call(name) for name in names]).encode(), EVENTS)[1])
    assert (again["accepted"], again["duplicates"]) == (0, len(names))


@pytest.mark.parametrize("phase", ["fuzzing", pytest.param("coverage", marks=pytest.mark.long)])
def test_the_description_is_kept_to_by_every_address(server: Server, tmp_path: Path, phase: str) -> None:
    """Have schemathesis make requests of the description, right and wrong ones, and judge the answers."""
    _, document = server.ask("GET", "/api/v1/openapi.json")
    schema = json.loads(document)
    # a stream never ends, and this server has none
    del schema["paths"]["/api/v1/events"]
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(schema))
    address = f"http://{LOOPBACK}:{server.port}"
    command = [
        *(
            str(Path(sys.executable).with_name("st")),
            "run",
            str(file),
            "--url",
            address,
            "--max-examples",
            "40",
            "--seed",
            "1",
        ),
        *("--phases", phase, "--header", f"Authorization: Bearer {TOKEN}", "--workers", "1"),
        *(
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        ),
        *("--request-timeout", "30", "--generation-database", "none"),
    ]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=280)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
