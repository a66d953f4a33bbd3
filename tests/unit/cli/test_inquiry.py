import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from monitor.cli.inquiry import StartingError, answers, ask
from monitor.config import Listen
from tests.parts.loopback import free_port

STATUS = {"consumers": [], "periods": {}}


@contextmanager
def serving(status: int, body: bytes) -> Iterator[Listen]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/api/v1/status" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Listen("127.0.0.1", server.server_address[1])
        server.shutdown()
        thread.join()


def test_a_daemon_tells_its_status() -> None:
    with serving(200, json.dumps(STATUS).encode()) as listen:
        assert ask(listen) == STATUS
        assert answers(listen)
        assert ask(Listen("0.0.0.0", listen.port)) == STATUS  # noqa: S104 - what a daemon may be configured with


def test_nobody_there_is_no_daemon() -> None:
    listen = Listen("127.0.0.1", free_port())
    assert ask(listen) is None
    assert not answers(listen)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"hello": 1}', b"\xff", b""])
def test_another_server_is_no_daemon(body: bytes) -> None:
    with serving(200, body) as listen:
        assert ask(listen) is None


def test_a_daemon_that_has_measured_nothing_yet_says_so() -> None:
    with serving(503, b'{"error": "the first reading is not done"}') as listen:
        with pytest.raises(StartingError, match="the first reading"):
            ask(listen)
        assert answers(listen)


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:3128")
    with serving(200, json.dumps(STATUS).encode()) as listen:
        assert ask(listen) == STATUS
