"""LiteLLM's proxy before an AI server, with clients that ask it one question each.

It has an environment of its own (some 600 MB): `python -m tests.parts.litellm` makes it in .cache, of the versions that
tests/parts/litellm_proxy/uv.lock names by hash.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.parts.child import Child, Server
from tests.parts.llm import ANSWER_IN, Usage
from tests.parts.loopback import LOOPBACK, free_port
from tests.parts.presence import LITELLM, LITELLM_LOCK, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

KEY: Final = "sk-only-for-the-tests-0123456789abcdef"
"""Of those who ask. LiteLLM does not start with one that everybody knows."""
MODEL: Final = "small"
CALLBACK: Final = "generic"
TRACES: Final = "traces"
PAGE: Final = "page"
OUTPUTS: Final = (CALLBACK, TRACES, PAGE)
"""The three ways in which it tells what it did."""
STARTS_IN: Final = 180.0
"""Seconds: it imports a great deal."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, and how it is asked."""

    text: str
    tokens: int = 20
    """Length of the answer, exactly."""
    stream: bool = False
    model: str = MODEL


@dataclass(frozen=True, slots=True)
class Told:
    """Where the proxy tells what it did."""

    outputs: tuple[str, ...]
    """Of OUTPUTS."""
    intake: str = ""
    """Address of an intake, without a path."""
    token: str = ""


class LiteLlm(Server):
    """The proxy, as a process of its own, before the server at *upstream*."""

    def __init__(
        self,
        directory: Path,
        upstream: str,
        told: Told,
        *,
        cache: bool = False,
        closed: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """With *cache* it answers from its own memory what it was asked before; *closed*, its page asks for a key."""
        self.starts_in = STARTS_IN
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        configuration = directory / f"litellm-{self.port}.yaml"
        # JSON is YAML
        configuration.write_text(json.dumps(_configuration(upstream, told, cache=cache, closed=closed), indent=1))
        command = [LITELLM / "bin" / "litellm", "--config", configuration, "--host", LOOPBACK, "--port", self.port]
        self.child = Child(
            command,
            directory / f"litellm-{self.port}.log",
            environment={**_environment(told), **(environment or {})},
            directory=directory,
        )

    def ask(self, question: Question) -> Usage:
        """Ask; return what the answer counted. Fails where it is not 200."""
        status, body = self.asked(question)
        assert status == http.HTTPStatus.OK, f"{status} {body[:400]!r}"
        used = _usage(body, stream=question.stream)
        cached = (used.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        return Usage(1, used["prompt_tokens"], cached, used["completion_tokens"])

    def ask_all(self, questions: Iterable[Question]) -> Usage:
        """Ask one after the other; return what the answers counted together."""
        return sum(map(self.ask, questions), Usage())

    def asked(self, question: Question) -> tuple[int, bytes]:
        """Ask; return the status and the whole answer, whatever it is."""
        body: dict[str, Any] = {
            "model": question.model,
            "messages": [{"role": "user", "content": question.text}],
            "max_tokens": question.tokens,
            "ignore_eos": True,
            "stream": question.stream,
        }
        if question.stream:
            body["stream_options"] = {"include_usage": True}
        return self._ask("POST", "/v1/chat/completions", body)

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            return self._ask("GET", "/health/readiness")[0] == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False

    def _ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=ANSWER_IN)
        try:
            text = None if body is None else json.dumps(body)
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
            connection.request(method, path, text, headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()


def make_environment() -> str:
    """Make the environment where it is missing, or of another lock; return why that failed, empty where it did not."""
    uv = ROOT / ".cache" / "uv" / "bin" / "uv"
    program = str(uv) if uv.exists() else shutil.which("uv")
    if program is None:
        return "uv is not here: make test"
    command: list[str | Path] = [
        program,
        "sync",
        "--quiet",
        "--locked",
        "--project",
        LITELLM_LOCK.parent,
        "--python",
        sys.executable,
    ]
    done = subprocess.run(
        command, env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(LITELLM)}, check=False, stderr=subprocess.PIPE
    )
    if done.returncode:
        return done.stderr.decode(errors="replace").strip()
    shutil.copy(LITELLM_LOCK, LITELLM)
    return ""


def _configuration(upstream: str, told: Told, *, cache: bool, closed: bool) -> Mapping[str, object]:
    callbacks = {CALLBACK: "empreinte", TRACES: "otel", PAGE: "prometheus"}
    return {
        "model_list": [
            {
                "model_name": MODEL,
                "litellm_params": {"model": f"openai/{MODEL}", "api_base": f"{upstream}/v1", "api_key": "none"},
            }
        ],
        "litellm_settings": {
            "callbacks": [callbacks[output] for output in told.outputs],
            "num_retries": 0,
            "require_auth_for_metrics_endpoint": closed,
            "cache": cache,
            "cache_params": {"type": "local"},
        },
        "callback_settings": {
            "empreinte": {
                "callback_type": "generic_api",
                "endpoint": f"{told.intake}/v1/litellm",
                "headers": {"Authorization": f"Bearer {told.token}"},
            }
        }
        if CALLBACK in told.outputs
        else {},
        "general_settings": {"master_key": KEY},
    }


def _environment(told: Told) -> Mapping[str, str]:
    return {
        "OTEL_EXPORTER": "otlp_http",
        "OTEL_ENDPOINT": f"{told.intake}/v1/traces",
        "OTEL_HEADERS": f"Authorization=Bearer {told.token}",
        # what waits is told within a second: it is 5 s otherwise
        "DEFAULT_FLUSH_INTERVAL_SECONDS": "1",
        "OTEL_BSP_SCHEDULE_DELAY": "1000",
        # else it asks the network for the prices of models when it starts
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NO_PROXY": LOOPBACK,
        "no_proxy": LOOPBACK,
    }


def _usage(body: bytes, *, stream: bool) -> dict[str, Any]:
    """Return the usage object of an answer; of a stream it is in the last piece."""
    if not stream:
        whole: dict[str, Any] = json.loads(body)["usage"]
        return whole
    pieces = [json.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: {")]
    last: dict[str, Any] = next(piece["usage"] for piece in reversed(pieces) if piece.get("usage"))
    return last


if __name__ == "__main__":
    sys.exit(make_environment() or 0)
