"""The metrics pages of simulated services, on loopback: the collector reads them as it does those of real servers."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from monitor.core.activity import Unit
from monitor.core.units import NANOSECONDS_PER_SECOND
from monitor.simulation.work import Telling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from monitor.simulation.life import Life, Run
    from monitor.simulation.work import WorkSpec

LOOPBACK: Final = "127.0.0.1"
USUAL_PORT: Final = 21032
"""The one after the daemon's own: the same at each run, where it is free, so that pages keep their addresses."""


class MetricsPages:
    """Serves the pages as they were last shown. The thread that shows them is another than the one that serves."""

    def __init__(self, port: int = USUAL_PORT) -> None:
        """Listen on *port*, else on any that is free."""
        try:
            self._server = _Server((LOOPBACK, port), _Handler)
        except OSError:
            self._server = _Server((LOOPBACK, 0), _Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="simulated-pages", daemon=True)

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def address(self, consumer: str) -> str:
        """Return the address of the page of *consumer*."""
        return f"http://{LOOPBACK}:{self._server.server_port}{_path(consumer)}"

    def show(self, lives: Iterable[Life]) -> None:
        """Serve what the services of *lives* say now; the page of one that does not run is gone."""
        self._server.texts = {
            _path(life.spec.consumer): _text(life.spec.work, life.run).encode()
            for life in lives
            if life.run is not None and life.spec.work is not None and life.spec.work.telling is not Telling.EVENTS
        }


class _Server(ThreadingHTTPServer):
    """Knows what its pages say: path -> text."""

    daemon_threads = True
    texts: Mapping[str, bytes] = {}


class _Handler(BaseHTTPRequestHandler):
    """Answers with the page that is asked for."""

    server: _Server

    def do_GET(self) -> None:
        """Answer."""
        text = self.server.texts.get(self.path)
        self.send_response(404 if text is None else 200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(text or b"")))
        self.end_headers()
        self.wfile.write(text or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the standard library gives it
        """Say nothing: nobody needs to know who looked at what."""


def _path(consumer: str) -> str:
    return f"/{consumer}/metrics"


def _text(work: WorkSpec, run: Run) -> str:
    """Return the page of one start of a service. Sources of the names: monitor/catalogue/activity_pages.toml."""
    done = work.done(work.answered(run.worked))
    start = f"process_start_time_seconds {run.begun / NANOSECONDS_PER_SECOND:.3f}\n"
    return start + (_tei(done) if work.telling is Telling.TEI else _vllm(work.model, done, running=run.busy))


def _vllm(model: str, done: Mapping[Unit, int], *, running: bool) -> str:
    prompts = done[Unit.INPUT_TOKENS]
    labels = f'engine="0",model_name="{model}"'
    return (
        f"# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{{{labels}}} {int(running)}\n"
        f"# TYPE vllm:prompt_tokens_total counter\nvllm:prompt_tokens_total{{{labels}}} {prompts}\n"
        "# TYPE vllm:prompt_tokens_cached_total counter\n"
        f"vllm:prompt_tokens_cached_total{{{labels}}} {prompts - done[Unit.COMPUTED_INPUT_TOKENS]}\n"
        "# TYPE vllm:generation_tokens_total counter\n"
        f"vllm:generation_tokens_total{{{labels}}} {done[Unit.OUTPUT_TOKENS]}\n"
        "# TYPE vllm:request_success_total counter\n"
        f'vllm:request_success_total{{{labels},finished_reason="stop"}} {done[Unit.REQUESTS]}\n'
    )


def _tei(done: Mapping[Unit, int]) -> str:
    return (
        f'# TYPE te_request_success counter\nte_request_success{{method="single"}} {done[Unit.REQUESTS]}\n'
        "# TYPE te_request_input_length histogram\n"
        f'te_request_input_length_bucket{{le="+Inf"}} {done[Unit.REQUESTS]}\n'
        f"te_request_input_length_sum {done[Unit.INPUT_TOKENS]}\n"
        f"te_request_input_length_count {done[Unit.REQUESTS]}\n"
    )
