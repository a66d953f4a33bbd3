"""A real gateway before a real server: LiteLLM tells in three ways what it did, and each call counts once."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.parts.child import Child
from tests.parts.daemon import Daemon, Tables
from tests.parts.gguf_model import TINY, model
from tests.parts.litellm import CALLBACK, KEY, MODEL, OUTPUTS, PAGE, TRACES, LiteLlm, Question, Told
from tests.parts.llm import LlmServer, Usage
from tests.parts.loopback import wait_until
from tests.parts.presence import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = [pytest.mark.real("litellm", "llm"), pytest.mark.long, pytest.mark.timeout(600)]

TOKEN: Final = "0123456789abcdef" * 2
COMBINATIONS: Final = [chosen for number in (1, 2, 3) for chosen in combinations(OUTPUTS, number)]
NEW_TRACES: Final = {"LITELLM_OTEL_V2": "true"}
"""LiteLLM's later traces, by the names of 2026."""
TOLD_IN: Final = 60.0
"""Seconds: pages are read every 5 s, and what waits is sent every second."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What the daemon says that the service did."""

    activity: Mapping[str, float]
    authorities: tuple[str, ...]
    checks: Mapping[tuple[str, str], float]
    """What those said who are not believed, by who says it and the unit."""


class Stage:
    """The daemon, and before it, one after the other, what it looks at."""

    def __init__(self, tmp_path: Path, daemon: Daemon) -> None:
        self.tmp_path = tmp_path
        self.daemon = daemon
        self.server = _named_server(tmp_path)

    def gateway(self, *outputs: str, cache: bool = False, environment: Mapping[str, str] | None = None) -> LiteLlm:
        """Return a proxy that tells the daemon in *outputs* what it does."""
        told = Told(outputs, self.daemon.url, TOKEN)
        return LiteLlm(self.tmp_path, self.server.url, told, cache=cache, environment=environment or {})

    def counted(self, key: str = "assistant") -> Counted:
        """Return what the daemon says now."""
        status, body = self.daemon.get("/api/v1/services")
        assert status == 200, body
        services: dict[str, Any] = {service["key"]: service for service in json.loads(body)["services"]}
        said = services.get(key, {}).get("periods", {}).get("year", {})
        checks = {(one["authority"], one["unit"]): one["amount"] for one in said.get("cross_checks", ())}
        return Counted(said.get("activity", {}), tuple(said.get("authorities", ())), checks)

    def wait_for(self, told: Usage, checks: set[str]) -> Counted:
        """Return what is counted when all who tell have told of the last answer; fails where that never comes."""

        def all_told() -> bool:
            counted = self.counted()
            amounts = [counted.activity.get("output_tokens", 0)]
            amounts += [counted.checks.get((who, "output_tokens"), 0) for who in checks]
            return min(amounts) >= told.output_tokens

        try:
            wait_until(all_told, what=f"{told} is told of by {checks or 'whoever counts'}", seconds=TOLD_IN, every=0.5)
        finally:
            sys.stdout.write(f"{self.counted()}\n")
        # what would count twice would come with the next look
        self.daemon.wait_for_tick(14)
        return self.counted()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    tables: Tables = {
        "intake": {"token_file": _secret(tmp_path, TOKEN)},
        "service": [
            {
                "key": "assistant",
                "match": {"process": rf"{tmp_path}/llama-server |{tmp_path}/litellm-"},
                "events": {"models": [MODEL], "sources": ["litellm"]},
            }
        ],
    }
    # before them, so that their counters are seen to begin
    with Daemon(tmp_path, tables) as daemon:
        made = Stage(tmp_path, daemon)
        with made.server:
            yield made


def _secret(tmp_path: Path, word: str) -> Path:
    file = tmp_path / "secret"
    file.write_text(f"{word}\n")
    file.chmod(0o600)
    return file


def _named_server(tmp_path: Path) -> LlmServer:
    """Return llama.cpp's server under its own name, by which its page is found."""
    server = LlmServer(tmp_path)
    program = tmp_path / "llama-server"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        f"from tests.parts.llm_server import main\nmain({str(model(TINY))!r}, {server.port}, 1, -1)\n"
    )
    program.chmod(0o755)
    server.child = Child([program, "--port", server.port], tmp_path / "llama-server.log", directory=ROOT)
    return server


def _questions() -> list[Question]:
    """Return questions, asked whole and as a stream; of the second of two that are alike a cache has the most."""
    alike = "what is a footprint " * 20
    return [
        *(Question(f"{place} where does the wind go", tokens=10 + place, stream=place % 2 == 1) for place in range(6)),
        Question(alike, tokens=30),
        Question(alike, tokens=31, stream=True),
    ]


def _ask(gateway: LiteLlm) -> Usage:
    """Ask what can be answered, and between that what can't; return what the answers counted."""
    told = gateway.ask_all(_questions()[:4])
    status, _ = gateway.asked(Question("who are you", model="unknown"))
    assert status == 400
    status, _ = gateway.asked(Question("far too long " * 3000))
    assert status == 400
    told += gateway.ask_all(_questions()[4:])
    assert told.cached_tokens > 0
    return told


@pytest.mark.parametrize("outputs", COMBINATIONS, ids="+".join)
def test_each_call_counts_once_whichever_outputs_are_on(stage: Stage, outputs: tuple[str, ...]) -> None:
    events = CALLBACK in outputs or TRACES in outputs
    checks = {"server"} | ({"gateway"} if events and PAGE in outputs else set())
    with stage.gateway(*outputs) as gateway:
        told = _ask(gateway)
        counted = stage.wait_for(told, checks)
    assert counted.authorities == (("events",) if events else ("gateway",))
    assert counted.activity["input_tokens"] == told.input_tokens
    assert counted.activity["output_tokens"] == told.output_tokens
    assert counted.activity["requests"] == told.requests
    assert counted.activity["computed_input_tokens"] == told.input_tokens - told.cached_tokens
    # the others say the same, which is shown and not added
    for who in checks:
        assert counted.checks[who, "input_tokens"] == told.input_tokens
        assert counted.checks[who, "output_tokens"] == told.output_tokens


def test_later_traces_are_counted_once_as_well(stage: Stage) -> None:
    with stage.gateway(*OUTPUTS, environment=NEW_TRACES) as gateway:
        told = _ask(gateway)
        counted = stage.wait_for(told, {"server"})
    assert counted.activity["input_tokens"] == told.input_tokens
    assert counted.activity["output_tokens"] == told.output_tokens
    assert counted.activity["computed_input_tokens"] == told.input_tokens - told.cached_tokens


def test_what_the_gateway_answers_from_its_own_cache_counts_nothing(stage: Stage) -> None:
    with stage.gateway(*OUTPUTS, cache=True) as gateway:
        told = gateway.ask_all(_questions())
        again = gateway.ask_all(_questions())
        assert again.output_tokens == told.output_tokens
        counted = stage.wait_for(told, {"gateway", "server"})
    assert counted.activity["output_tokens"] == counted.checks["server", "output_tokens"] == told.output_tokens
    assert counted.activity["requests"] == told.requests
    # its page takes what came from the cache for work
    assert counted.checks["gateway", "output_tokens"] == told.output_tokens + again.output_tokens


def test_a_page_that_asks_for_a_key_is_read_with_it(tmp_path: Path) -> None:
    with LlmServer(tmp_path) as server:
        gateway = LiteLlm(tmp_path, server.url, Told((PAGE,)), closed=True)
        page = {"url": f"{gateway.url}/metrics", "token_file": _secret(tmp_path, KEY)}
        service = {"key": "assistant", "match": {"process": f"{tmp_path}/litellm-"}, "activity": page}
        with Daemon(tmp_path, {"service": [service]}) as daemon, gateway:
            told = gateway.ask_all(_questions())
            counted = Stage(tmp_path, daemon).wait_for(told, set())
    assert counted.authorities == ("gateway",)
    assert counted.activity["output_tokens"] == told.output_tokens


def test_calls_of_what_is_bought_count_once_and_apart_from_the_host(tmp_path: Path) -> None:
    declared = {"gwp_per_1000_output_tokens": "0.8 gCO2e", "source": "Annexe 2", "year": 2026}
    bought = {"key": "bought", "provider": "openai", "models": [MODEL], "declared": declared}
    tables: Tables = {"intake": {"token_file": _secret(tmp_path, TOKEN)}, "external": [bought]}
    with Daemon(tmp_path, tables) as daemon, LlmServer(tmp_path) as server:
        with LiteLlm(tmp_path, server.url, Told((CALLBACK, TRACES), daemon.url, TOKEN)) as gateway:
            told = _ask(gateway)
            wait_until(
                lambda: _bought(daemon).get("activity", {}).get("output_tokens", 0) >= told.output_tokens,
                what=f"{told} of what is bought",
                seconds=TOLD_IN,
                every=0.5,
            )
            daemon.wait_for_tick(8)
            used = _bought(daemon)
        services = json.loads(daemon.get("/api/v1/services")[1])["services"]
    assert used["activity"]["requests"] == told.requests
    assert used["activity"]["input_tokens"] == told.input_tokens
    assert used["activity"]["output_tokens"] == told.output_tokens
    assert used["emissions_grams"]["central"] == pytest.approx(0.0008 * told.output_tokens)
    assert not any(service["periods"].get("year", {}).get("activity", {}).get("output_tokens") for service in services)


def _bought(daemon: Daemon) -> dict[str, Any]:
    """Return what was used of the bought service this year."""
    status, body = daemon.get("/api/v1/external")
    assert status == 200, body
    (service,) = json.loads(body)["services"]
    used: dict[str, Any] = service["periods"].get("year", {})
    return used
