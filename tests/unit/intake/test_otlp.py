from __future__ import annotations

import itertools
import time
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from monitor.core.activity import Authority, Unit
from monitor.intake import litellm, otlp_json, otlp_protobuf
from monitor.intake.otlp import usage_of
from monitor.intake.usage import Arrival, Parsed, TooMuchError
from tests.fixtures.intake import ARRIVAL, NOW, SECOND, sample, totals
from tests.fixtures.intake.otlp import SPAN_ID, as_json, traces

NEW: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.cache_read.input_tokens": 60,
    "gen_ai.usage.output_tokens": 20,
}


def parsed(*spans: dict[str, Any], resource: dict[str, object] | None = None) -> Parsed:
    """Return what *spans* come to; it has to be the same in protobuf and in both kinds of JSON."""
    request = traces(spans, resource)
    found = usage_of(otlp_protobuf.spans(request.SerializeToString()), ARRIVAL)
    assert usage_of(otlp_json.spans(as_json(request)), ARRIVAL) == found
    assert usage_of(otlp_json.spans(as_json(request, base64_ids=True)), ARRIVAL) == found
    return found


def test_what_a_real_gateway_sent_is_counted_once_for_each_call() -> None:
    found = usage_of(otlp_protobuf.spans(sample("litellm_traces.pb")), ARRIVAL)
    assert totals(found.events) == {
        Unit.REQUESTS: 2,
        Unit.INPUT_TOKENS: 48,
        # 24 less 0, and 24 less 23 that a cache had
        Unit.COMPUTED_INPUT_TOKENS: 25,
        Unit.OUTPUT_TOKENS: 25,
    }
    assert (found.ignored, found.refused) == (25, ())
    first = found.events[0]
    assert (first.provider, first.model, first.operation, first.source) == ("openai", "small", "chat", "litellm")
    assert (first.time, first.latency_ms) == (1_795_462_322_675_208_960, 1471)


def test_a_call_is_the_same_whether_the_callback_or_the_trace_tells_of_it() -> None:
    told = litellm.parse(sample("litellm_calls.json"), ARRIVAL).events
    traced = usage_of(otlp_protobuf.spans(sample("litellm_traces.pb")), ARRIVAL).events
    assert [event.id_hash for event in told] == [event.id_hash for event in traced]
    assert [event.model for event in told] == [event.model for event in traced]
    # whoever comes first is kept
    assert [event.counts for event in told] == [event.counts for event in traced]


def test_spans_of_pages_tell_of_no_use() -> None:
    found = usage_of(otlp_protobuf.spans(sample("litellm_traces_of_pages.pb")), ARRIVAL)
    assert found == Parsed((), ignored=2)


def test_the_sample_in_json_is_counted() -> None:
    (event,) = usage_of(otlp_json.spans(sample("otlp_trace.json")), ARRIVAL).events
    assert event.counts == {Unit.REQUESTS: 1, Unit.INPUT_TOKENS: 24, Unit.OUTPUT_TOKENS: 20}
    assert (event.provider, event.model, event.source, event.latency_ms) == ("openai", "small", "chat-api", 1000)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        pytest.param(
            {"gen_ai.system": "mistral_ai", "gen_ai.usage.prompt_tokens": 7, "gen_ai.usage.completion_tokens": 3},
            {Unit.INPUT_TOKENS: 7, Unit.OUTPUT_TOKENS: 3},
            id="until 1.26",
        ),
        pytest.param(
            {"gen_ai.system": "openai", "gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 3},
            {Unit.INPUT_TOKENS: 7, Unit.OUTPUT_TOKENS: 3},
            id="until 1.41",
        ),
        pytest.param(
            NEW,
            {Unit.INPUT_TOKENS: 100, Unit.COMPUTED_INPUT_TOKENS: 40, Unit.OUTPUT_TOKENS: 20},
            id="since 2026",
        ),
        pytest.param(
            {"gen_ai.usage.input_tokens": 7, "gen_ai.usage.cache_read_input_tokens": 2},
            {Unit.INPUT_TOKENS: 7, Unit.COMPUTED_INPUT_TOKENS: 5},
            id="OpenLLMetry",
        ),
        pytest.param(
            {"gen_ai.usage.input_tokens": 7, "metadata.usage_object": "{'a': {'cached_tokens': 2, 'audio_tokens': 4}}"},
            {Unit.INPUT_TOKENS: 7, Unit.COMPUTED_INPUT_TOKENS: 5},
            id="older LiteLLM",
        ),
        pytest.param(
            {"gen_ai.usage.input_tokens": 7, "metadata.usage_object": "{'a': {'cached_tokens': None}}"},
            {Unit.INPUT_TOKENS: 7},
            id="older LiteLLM, where nobody knows what a cache had",
        ),
        pytest.param(
            {"gen_ai.usage.input_tokens": "7", "gen_ai.usage.output_tokens": 3.0},
            {Unit.INPUT_TOKENS: 7, Unit.OUTPUT_TOKENS: 3},
            id="numbers as text, or with a point",
        ),
    ],
)
def test_three_generations_of_names_are_read(attributes: dict[str, Any], expected: dict[Unit, int]) -> None:
    (event,) = parsed({"attributes": attributes}).events
    assert event.counts == {Unit.REQUESTS: 1, **expected}
    assert event.authority is Authority.EVENTS


def test_who_and_what_are_read_where_they_stand() -> None:
    (event,) = parsed(
        {"attributes": NEW}, resource={"service.name": "chat-api", "empreinte.service": "assistant"}
    ).events
    assert (event.provider, event.model, event.source) == ("openai", "gpt-4o-2024-08-06", "chat-api")
    assert (event.service, event.operation, event.time, event.latency_ms) == ("assistant", "chat", NOW, 1000)
    (named,) = parsed({"attributes": {**NEW, "empreinte.service": "archives"}}).events
    assert named.service == "archives"


@pytest.mark.parametrize("operation", ["invoke_agent", "execute_tool", "fetch_response", "create_agent"])
def test_the_tokens_of_an_agent_are_those_of_its_calls(operation: str) -> None:
    found = parsed({"attributes": {**NEW, "gen_ai.operation.name": operation}}, {"attributes": NEW})
    assert (len(found.events), found.ignored) == (1, 1)


def test_the_second_span_for_the_same_call_is_ignored() -> None:
    found = parsed({"name": "raw_gen_ai_request", "attributes": NEW}, {"attributes": NEW})
    assert (len(found.events), found.ignored) == (1, 1)


def test_two_spans_with_one_answer_are_one_call() -> None:
    answered = {**NEW, "gen_ai.response.id": "chatcmpl-y81ySm4xM0GIecUVUEaigM6KBiGG6Rd6"}
    assert len({one.id_hash for one in parsed({"attributes": answered}, {"attributes": answered}).events}) == 1
    short = {**NEW, "gen_ai.response.id": "chatcmpl-00b90d"}
    assert len({one.id_hash for one in parsed({"attributes": short}, {"attributes": short}).events}) == 2


def nested(*attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return spans with *attributes*, each a part of the one before."""
    ids = [b"\0" * 8, *(bytes([number] * 8) for number in range(1, len(attributes) + 1))]
    return [
        {"attributes": one, "span_id": ids[number + 1], "parent_id": ids[number]}
        for number, one in enumerate(attributes)
    ]


def test_parts_come_before_the_span_that_they_are_parts_of_and_know_it() -> None:
    outer, middle, inner = parsed(*nested(NEW, {}, NEW, NEW)).events[::-1]
    assert [outer.whole, middle.whole, inner.whole] == ["", outer.span, middle.span]
    assert parsed(*nested(NEW, {}, NEW, NEW)[::-1]).events == (inner, middle, outer)


def test_of_spans_in_between_that_come_alone_the_first_is_the_whole() -> None:
    (inner,) = parsed(*nested({}, {}, {}, NEW)[1:]).events
    (first,) = parsed(*nested(NEW)).events
    assert inner.whole == first.span


@pytest.mark.parametrize("operation", ["execute_tool", "invoke_agent"])
def test_what_a_tool_or_an_agent_asks_for_is_no_part_of_the_call_that_it_was_asked_by(operation: str) -> None:
    inner, outer = sorted(
        parsed(*nested(NEW, {"gen_ai.operation.name": operation}, NEW)).events, key=lambda one: one.whole, reverse=True
    )
    assert (inner.whole != outer.span, outer.whole) == (True, "")


def test_spans_that_are_parts_of_one_another_come_to_an_end() -> None:
    spans = nested(*[{}] * 100, NEW, *[{}] * 100, NEW)
    spans[0]["parent_id"] = spans[-1]["span_id"]
    assert len(parsed(*spans).events) == 2
    alone = nested({}, {}, NEW)
    alone[0]["parent_id"] = alone[1]["span_id"]
    assert len(parsed(*alone).events) == 1


def test_long_chains_of_spans_take_no_longer_than_short_ones() -> None:
    (span,) = otlp_protobuf.spans(traces([{"attributes": {}}]).SerializeToString())
    (call,) = otlp_protobuf.spans(traces([{"attributes": NEW}]).SerializeToString())
    ids = [number.to_bytes(8, "big") for number in range(1, 20_001)]
    chain = [replace(span, span_id=one, parent_id=above) for above, one in pairwise(ids)]
    calls = [replace(call, span_id=bytes([255] * 4) + one[4:]) for one in ids[:5000]]

    def took(parent: bytes) -> float:
        started = time.process_time()
        found = usage_of([*chain, *(replace(one, parent_id=parent) for one in calls)], ARRIVAL)
        assert len(found.events) == 5000
        return time.process_time() - started

    # a look at each span of the chain for each call would be a hundred million of them
    assert took(ids[-1]) < 10 * took(ids[0])


def test_the_same_span_is_the_same_call() -> None:
    found = parsed({"attributes": NEW, "span_id": SPAN_ID}, {"attributes": NEW, "span_id": SPAN_ID})
    assert (len(found.events), found.ignored) == (1, 1)


@pytest.mark.parametrize("failure", [{"error": True}, {"attributes": {**NEW, "error.type": "timeout"}}])
def test_a_call_that_failed_after_some_tokens_is_no_request(failure: dict[str, Any]) -> None:
    (event,) = parsed({"attributes": NEW, **failure}).events
    assert Unit.REQUESTS not in event.counts
    assert event.counts[Unit.OUTPUT_TOKENS] == 20


def test_a_call_that_failed_and_used_nothing_is_ignored() -> None:
    nothing = {"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0}
    assert parsed({"attributes": nothing, "error": True}) == Parsed((), ignored=1)


@pytest.mark.parametrize(
    "span",
    [
        {"attributes": {**NEW, "gen_ai.usage.input_tokens": -1}},
        {"attributes": {**NEW, "gen_ai.usage.input_tokens": 1.5}},
        {"attributes": {**NEW, "gen_ai.usage.input_tokens": "many"}},
        {"attributes": {**NEW, "gen_ai.usage.input_tokens": True}},
        {"attributes": {**NEW, "empreinte.service": "_monitor"}},
        {"attributes": {**NEW, "gen_ai.response.id": "x" * 1025}},
        {"attributes": NEW, "trace_id": bytes(16)},
        {"attributes": NEW, "span_id": b""},
        {"attributes": NEW, "end": NOW + 3601 * SECOND},
    ],
)
def test_a_span_that_cannot_be_is_refused_and_the_others_are_not(span: dict[str, Any]) -> None:
    found = parsed(span, {"attributes": NEW})
    assert [place for place, _ in found.refused] == [0]
    assert len(found.events) == 1


@pytest.mark.parametrize("tokens", [1, -1])
def test_there_is_an_end_to_calls_and_none_to_other_spans(tokens: int) -> None:
    given = traces([{"attributes": {"gen_ai.usage.input_tokens": tokens}}, {"attributes": {}}])
    call, other = otlp_protobuf.spans(given.SerializeToString())
    calls = (replace(call, span_id=number.to_bytes(8, "big")) for number in itertools.count(1))
    with pytest.raises(TooMuchError):
        usage_of(calls, ARRIVAL)
    assert usage_of(itertools.repeat(other, 20_000), ARRIVAL).ignored == 20_000


def test_a_span_that_has_no_end_is_of_now() -> None:
    (event,) = parsed({"attributes": NEW, "end": 0}).events
    assert (event.time, event.latency_ms) == (NOW, None)


def test_what_is_older_than_what_is_known_is_refused() -> None:
    request = traces([{"attributes": NEW}]).SerializeToString()
    found = usage_of(otlp_protobuf.spans(request), Arrival(NOW, oldest=NOW))
    assert (found.events, len(found.refused)) == ((), 1)


def test_lists_and_the_like_are_stepped_over() -> None:
    (event,) = parsed(
        {"attributes": {**NEW, "gen_ai.response.finish_reasons": ["stop"], "gen_ai.system": ["a"]}}
    ).events
    assert event.provider == "openai"
