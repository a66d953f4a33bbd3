from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import math
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.requests import Request

from monitor.intake import spool as spooling
from monitor.intake.usage import Arrival, Parsed
from monitor.web.intake import Found
from tests.fixtures.intake import NOW, SECOND, sample
from tests.fixtures.intake.door import EVENT, EVENTS, JSON, PATHS, PROTOBUF, TOKEN, Sender, sender
from tests.fixtures.intake.otlp import DELTA, as_json, metrics, traces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CALL: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "//gateway", "type": "eu.empreinte.usage.v1"}
DATA: dict[str, Any] = {"service": "assistant", "input_tokens": 10, "output_tokens": 4}
ONE = json.dumps({**CALL, "data": DATA}).encode()
MODEL = {"gen_ai.request.model": "small"}
NOTHING = {"accepted": 0, "duplicates": 0, "unmatched": 0, "ignored": 0, "refused": 0, "reasons": []}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Sender]:
    with sender(tmp_path) as made:
        yield made


def test_an_event_is_on_disk_when_it_is_answered_for(door: Sender) -> None:
    answer = door.post("/v1/events", ONE, EVENT)
    assert (answer.status_code, answer.json()) == (200, {**NOTHING, "accepted": 1})
    assert answer.headers["cache-control"] == "no-store"
    assert door.booked() == {"assistant requests": 1, "assistant input_tokens": 10, "assistant output_tokens": 4}


def test_a_retry_counts_once(door: Sender) -> None:
    door.post("/v1/events", ONE, EVENT)
    assert door.post("/v1/events", ONE, EVENT).json() == {**NOTHING, "duplicates": 1}
    assert door.booked()["assistant requests"] == 1


def test_whatever_a_gateway_sends_together_each_call_counts_once(door: Sender) -> None:
    assert door.post("/v1/litellm", sample("litellm_calls.json"), JSON).json()["accepted"] == 2
    assert door.post("/v1/traces", sample("litellm_traces.pb"), PROTOBUF).status_code == 200
    assert door.post("/v1/litellm", sample("litellm_calls.json"), JSON).json()["duplicates"] == 2
    assert door.booked() == {
        "assistant requests": 2,
        "assistant input_tokens": 48,
        "assistant computed_input_tokens": 25,
        "assistant output_tokens": 25,
    }


WITHIN: dict[str, dict[str, Any]] = {
    "agent": {"span_id": b"agent   ", "attributes": {"gen_ai.usage.output_tokens": 5}},
    "library": {"span_id": b"library ", "parent_id": b"agent   ", "attributes": {"gen_ai.usage.output_tokens": 5}},
    "request": {"span_id": b"request ", "parent_id": b"library ", "attributes": {}},
    "client": {"span_id": b"client  ", "parent_id": b"request ", "attributes": {"gen_ai.usage.output_tokens": 5}},
}


@pytest.mark.parametrize(
    "requests",
    [
        ["client request library agent"],
        ["agent library request client"],
        ["client request", "library", "agent"],
        ["client request", "library agent"],
        ["agent", "library", "request client"],
        ["library", "request client", "agent"],
        ["client request library", "client request library", "agent", "agent"],
    ],
)
def test_a_call_that_spans_in_one_another_tell_of_is_counted_once(door: Sender, requests: list[str]) -> None:
    for names in requests:
        spans = [{**WITHIN[name], "attributes": {**WITHIN[name]["attributes"], **MODEL}} for name in names.split()]
        assert door.post("/v1/traces", traces(spans).SerializeToString(), PROTOBUF).status_code == 200
    assert door.booked() == {"assistant requests": 1, "assistant output_tokens": 5}


def test_an_agent_s_span_with_the_sum_of_its_calls_is_counted_by_them(door: Sender) -> None:
    calls = [{**WITHIN["library"], "span_id": bytes([number] * 8)} for number in range(1, 4)]
    for span in (*calls, WITHIN["agent"]):
        named = {**span, "attributes": {**span["attributes"], **MODEL}}
        door.post("/v1/traces", traces([named]).SerializeToString(), PROTOBUF)
    assert door.booked() == {"assistant requests": 3, "assistant output_tokens": 15}


@pytest.mark.parametrize("packed", [False, True])
def test_traces_and_metrics_are_answered_in_their_own_way(door: Sender, packed: bool) -> None:
    for path, name in (("/v1/traces", "litellm_traces.pb"), ("/v1/metrics", "litellm_metrics.pb")):
        body = gzip.compress(sample(name)) if packed else sample(name)
        answer = door.post(path, body, PROTOBUF, {"content-encoding": "gzip"} if packed else {})
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"] == "application/x-protobuf"
    answer = door.post("/v1/traces", sample("otlp_trace.json"), JSON)
    assert (answer.status_code, answer.json()) == (200, {})
    assert door.booked()["assistant output_tokens"] == 25 + 20


def test_refused_spans_are_told_of_in_otlp_s_way(door: Sender) -> None:
    wrong = {"attributes": {"gen_ai.usage.input_tokens": -1}}
    right = {"attributes": {"gen_ai.usage.input_tokens": 1, "gen_ai.request.model": "small"}}
    request = traces([wrong, right, *[wrong] * 200])
    answer = door.post("/v1/traces", request.SerializeToString(), PROTOBUF)
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_spans) == (200, 201)
    assert "whole number" in partial.error_message
    told = door.post("/v1/traces", as_json(request), JSON).json()["partialSuccess"]
    assert told == {"rejectedSpans": "201", "errorMessage": partial.error_message}
    assert door.booked() == {"assistant requests": 1, "assistant input_tokens": 1}


def test_refused_points_are_told_of_in_otlp_s_way_and_the_others_taken(door: Sender) -> None:
    name, model = "gen_ai.client.inference.usage.output_tokens", {"gen_ai.request.model": "small"}
    right = {"name": name, "value": 5, "temporality": DELTA, "attributes": model}
    request = metrics([right, {**right, "value": math.nan}])
    answer = door.post("/v1/metrics", request.SerializeToString(), PROTOBUF)
    partial = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_data_points) == (200, 1)
    assert door.booked() == {"assistant output_tokens": 5}
    told = door.post("/v1/metrics", as_json(request), JSON).json()["partialSuccess"]
    assert told == {"rejectedDataPoints": "1", "errorMessage": partial.error_message}


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"],
)
@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_of_ours_nothing_is_written(door: Sender, path: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = door.post(path, ONE, EVENT, headers, token=False)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "Authorization: Bearer" in answer.json()["error"]
    assert TOKEN not in answer.text
    assert door.spool.standing.remembered == 0


@pytest.mark.parametrize("path", PATHS)
def test_the_intake_s_addresses_take_only_posts(door: Sender, path: str) -> None:
    answer = door.get(path)
    assert (answer.status_code, answer.text) == (405, f"{path} takes POST requests only\n")
    assert door.get(path, method="PUT").status_code == 405


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/events", "application/json"),
        ("/v1/events", "text/plain"),
        ("/v1/traces", "text/plain"),
        ("/v1/metrics", "application/cloudevents+json"),
        ("/v1/litellm", "application/x-protobuf"),
    ],
)
def test_another_kind_of_body_is_415(door: Sender, path: str, kind: str) -> None:
    answer = door.post(path, b"{}", {"content-type": kind})
    assert answer.status_code == 415
    assert "application/" in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        ("/v1/events", EVENT, b"{"),
        ("/v1/events", EVENT, b"{}"),
        ("/v1/events", EVENTS, b"[{}]"),
        ("/v1/events", {**JSON, "ce-specversion": "1.0", "ce-id": "1", "ce-source": "x", "ce-type": "y"}, b"{}"),
        ("/v1/traces", JSON, b"[]"),
        ("/v1/traces", PROTOBUF, b"{}"),
        ("/v1/metrics", PROTOBUF, b"\xff"),
        ("/v1/litellm", JSON, b"[1]"),
        ("/v1/litellm", {"content-type": "application/x-ndjson"}, b"1\n2"),
        ("/v1/litellm", JSON, b"[" * 10_000),
        ("/v1/litellm", {**JSON, "content-encoding": "gzip"}, b"[]"),
    ],
)
def test_what_cannot_be_read_is_422_with_the_reason(
    door: Sender, path: str, headers: dict[str, str], body: bytes
) -> None:
    answer = door.post(path, body, headers)
    assert answer.status_code == 422
    assert answer.json().keys() == {"error"}
    assert door.spool.standing.remembered == 0


def test_too_much_is_413(door: Sender) -> None:
    assert door.post("/v1/litellm", b"[" + b" " * 2**24 + b"]", JSON).status_code == 413
    assert door.post("/v1/litellm", b"[" + b"1," * 20_000 + b"1]", JSON).status_code == 413
    assert door.post("/v1/traces", b"\x0a\x00" * 400_000, PROTOBUF).status_code == 413
    bomb = gzip.compress(b"\0" * 2**25, 9)
    assert door.post("/v1/events", bomb, {**EVENT, "content-encoding": "gzip"}).status_code == 413


def test_of_a_batch_the_right_events_are_taken(door: Sender) -> None:
    events = [{**CALL, "data": DATA}, {**CALL, "id": "2", "data": {**DATA, "prompt": "hello"}}, {**CALL, "id": "3"}]
    answer = door.post("/v1/events", json.dumps(events).encode(), EVENTS)
    assert answer.status_code == 200
    assert (answer.json()["accepted"], answer.json()["refused"]) == (1, 2)
    assert [reason["index"] for reason in answer.json()["reasons"]] == [1, 2]
    assert "unknown field `prompt`" in answer.json()["reasons"][0]["error"]
    many = door.post("/v1/events", json.dumps([*events[:1], *[{}] * 1000]).encode(), EVENTS).json()
    assert (many["refused"], len(many["reasons"])) == (1000, 20)


def test_an_empty_list_is_right_and_brings_nothing(door: Sender) -> None:
    for path, kind in (("/v1/events", EVENTS), ("/v1/litellm", JSON)):
        answer = door.post(path, b"[]", kind)
        assert (answer.status_code, answer.json()) == (200, NOTHING)


def test_the_service_may_stand_in_the_address(door: Sender) -> None:
    unnamed = json.dumps({**CALL, "data": {"output_tokens": 3}}).encode()
    assert door.post("/v1/events?service=archives", unnamed, EVENT).json()["accepted"] == 1
    assert door.booked()["archives output_tokens"] == 3
    assert door.post("/v1/events?service=_other", unnamed, EVENT).status_code == 422


def test_events_of_no_service_are_kept_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "TIDY_EVERY", 0.01)
    ticks = itertools.count(NOW, SECOND // 10)
    with sender(tmp_path, now=lambda: next(ticks)) as door:
        stray = json.dumps({**CALL, "data": {"model": "gpt-4o", "provider": "openai", "output_tokens": 3}}).encode()
        assert door.post("/v1/events", stray, EVENT).json() == {**NOTHING, "unmatched": 1}
        assert door.booked() == {}
        while not door.spool.unmatched:
            door.post("/v1/events", stray, EVENT)
        door.post("/v1/events", stray, EVENT, token=False)
        standing = door.get("/api/v1/intake").json()
    (shown,) = standing.pop("newest_unmatched")
    assert standing == {"waiting": 0, "remembered": 1, "unmatched": 1, "refused_requests": {"401": 1}}
    assert (shown["model"], shown["provider"], shown["source"]) == ("gpt-4o", "openai", "gateway")
    assert shown["counts"] == {"output_tokens": 3, "requests": 1}
    assert shown["at"].startswith("2026-11-23T19:43:2")


def test_who_sends_more_than_is_allowed_waits(tmp_path: Path) -> None:
    clock = [0.0]
    with sender(tmp_path, rate=1, monotonic=lambda: clock[0]) as door:
        batch = json.dumps([{**CALL, "id": str(number), "data": DATA} for number in range(12)]).encode()
        assert door.post("/v1/events", batch, EVENTS).json()["accepted"] == 12
        answer = door.post("/v1/events", ONE, EVENT)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
        assert "events_per_second" in answer.json()["error"]
        clock[0] = 3.0
        assert door.post("/v1/events", batch, EVENTS).status_code == 200


def test_what_cannot_be_read_is_no_way_around_the_allowance(tmp_path: Path) -> None:
    with sender(tmp_path, rate=1, monotonic=lambda: 0.0) as door:
        assert {door.post("/v1/events", b"{", EVENT).status_code for _ in range(10)} == {422}
        assert door.post("/v1/events", b"{", EVENT).status_code == 429
    (tmp_path / "state" / "events.db").unlink()
    with sender(tmp_path, rate=1, monotonic=lambda: 0.0) as door:
        assert door.post("/v1/events", json.dumps([{}] * 12).encode(), EVENTS).status_code == 422
        assert door.post("/v1/events", b"[]", EVENTS).status_code == 429


def test_a_full_spool_is_429_and_a_failing_one_503(door: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "MOST_WAITING", 0)
    full = door.post("/v1/events", ONE, EVENT)
    assert (full.status_code, full.headers["retry-after"]) == (429, "30")
    monkeypatch.setattr(spooling, "MOST_WAITING", 10)
    door.spool._store._connection.execute("PRAGMA query_only = ON")
    failing = door.post("/v1/events", ONE, EVENT)
    assert (failing.status_code, failing.headers["retry-after"]) == (503, "30")
    assert "events.db" in failing.json()["error"]
    assert "/" not in failing.json()["error"]
    door.spool._store._connection.execute("PRAGMA query_only = OFF")
    assert door.post("/v1/events", ONE, EVENT).json()["accepted"] == 1


def test_a_disk_that_does_not_answer_is_not_waited_for_for_ever(door: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.web.intake.DISK", 0.05)
    monkeypatch.setattr(door.spool, "_asked", type(door.spool._asked)(10))
    answer = door.post("/v1/events", ONE, EVENT)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    monkeypatch.undo()


def test_a_large_body_is_read_beside_the_loop_and_comes_to_the_same(door: Sender) -> None:
    calls = json.loads(sample("litellm_calls.json"))
    long = {**calls[0], "messages": [{"role": "user", "content": "x" * 200_000}]}
    assert door.post("/v1/litellm", json.dumps([long]).encode(), JSON).json()["accepted"] == 1
    assert door.booked()["assistant output_tokens"] == 20


def test_large_bodies_are_read_one_after_the_other(door: Sender) -> None:
    busy = threading.Lock()

    def parse(_: Request, __: bytes, ___: Arrival) -> Found:
        assert busy.acquire(blocking=False)
        time.sleep(0.02)
        busy.release()
        return Found(Parsed(()))

    async def several() -> list[Found]:
        request = Request({"type": "http", "query_string": b""})
        return await asyncio.gather(*(door.intake._found(request, b" " * 100_000, parse) for _ in range(5)))

    assert len(asyncio.run(several())) == 5
