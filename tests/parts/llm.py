"""A real AI server with a tiny model of random weights, and clients that ask it a bounded number of questions."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.parts.child import Child, Server
from tests.parts.cpu import cpu_seconds
from tests.parts.gguf_model import TINY, Shape, model
from tests.parts.loopback import LOOPBACK, free_port

ROOT: Final = Path(__file__).parents[2]
ANSWER_IN: Final = 120.0
"""Seconds that a client waits for one answer."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What was asked and answered, as the server's replies counted it."""

    requests: int = 0
    input_tokens: int = 0
    """All tokens of the questions, those that were in the cache included."""
    cached_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class Load:
    """How much to ask: at most `requests` questions in at most `seconds`, by so many clients at once."""

    requests: int = 10
    workers: int = 1
    seconds: float = 60.0
    words: int = 60
    """Length of each question; no two are alike."""
    tokens: int = 100
    """Length of each answer, exactly."""
    cache: bool = True
    """Whether the server may reuse what it has of earlier questions."""


class LlmServer(Server):
    """llama.cpp's server, as a process of its own."""

    def __init__(
        self, directory: Path, *, shape: Shape = TINY, threads: int = 1, port: int | None = None, sleep: int = -1
    ) -> None:
        """*sleep*: after how many seconds of idleness it sleeps; -1: never."""
        self.port = port or free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        command = [sys.executable, "-m", "tests.parts.llm_server", model(shape), self.port, threads, sleep]
        self.child = Child(command, directory / f"llm-{self.port}.log", directory=ROOT)

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self.child.pid

    def cpu_seconds(self) -> float:
        """Return the CPU time that it has used since it started, in s."""
        return cpu_seconds(self.pid)

    def sleeps(self) -> bool:
        """Whether it sleeps now; asking does not wake it."""
        return bool(json.loads(_answer(self.port, "GET", "/props"))["is_sleeping"])

    def metrics(self) -> str:
        """Return its page for Prometheus."""
        return _answer(self.port, "GET", "/metrics").decode()

    def ask(self, load: Load) -> Usage:
        """Ask *load*; return what the replies counted. Raises where an answer is not 200."""
        return _Clients(self.port, load).run()

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            _answer(self.port, "GET", "/health")
        except (OSError, http.client.HTTPException, AssertionError):
            return False
        return True


@dataclass
class _Clients:
    port: int
    load: Load
    total: Usage = field(default_factory=Usage)
    failure: BaseException | None = None
    asked: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)
    end: float = 0.0

    def run(self) -> Usage:
        self.end = time.monotonic() + self.load.seconds
        workers = [threading.Thread(target=self._client) for _ in range(self.load.workers)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if self.failure:
            raise self.failure
        return self.total

    def _client(self) -> None:
        try:
            while (number := self._next()) is not None:
                usage = _question(self.port, self.load, number)
                with self.turn:
                    self.total += usage
        except Exception as error:  # noqa: BLE001 - told by run(), on the test's own thread
            self.failure = error

    def _next(self) -> int | None:
        """Return the number of the question to ask now; None where enough was asked."""
        with self.turn:
            if self.failure or self.asked >= self.load.requests or time.monotonic() > self.end:
                return None
            self.asked += 1
            return self.asked


def _question(port: int, load: Load, number: int) -> Usage:
    question = " ".join(f"word{number}of{place}" for place in range(load.words))
    body = {
        "messages": [{"role": "user", "content": question}],
        "max_tokens": load.tokens,
        "ignore_eos": True,
        "cache_prompt": load.cache,
    }
    used: dict[str, Any] = json.loads(_answer(port, "POST", "/v1/chat/completions", body))["usage"]
    cached = (used.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
    return Usage(1, used["prompt_tokens"], cached, used["completion_tokens"])


def _answer(port: int, method: str, path: str, body: object = None) -> bytes:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_IN)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        content = reply.read()
        assert reply.status == http.HTTPStatus.OK, f"{path}: {reply.status} {content[:400]!r}"
        return content
    finally:
        connection.close()
