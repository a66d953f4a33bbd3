from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from monitor.core.activity import Authority, Unit
from monitor.intake.litellm import parse
from monitor.intake.usage import Arrival, RefusedError, TooMuchError
from tests.fixtures.intake import ARRIVAL, NOW, sample, totals


def calls() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(sample("litellm_calls.json"))
    return found


def changed(**changes: Any) -> bytes:
    return json.dumps([{**calls()[0], **changes}]).encode()


def test_what_a_real_gateway_sent_is_counted() -> None:
    parsed = parse(sample("litellm_calls.json"), ARRIVAL)
    assert totals(parsed.events) == {
        Unit.REQUESTS: 2,
        Unit.INPUT_TOKENS: 48,
        Unit.COMPUTED_INPUT_TOKENS: 25,
        Unit.OUTPUT_TOKENS: 25,
    }
    first, second = parsed.events
    assert (first.provider, first.model, first.operation, first.source) == ("openai", "small", "chat", "litellm")
    assert (first.time, first.latency_ms) == (1_795_462_322_675_209_000, 1471)
    assert first.authority is Authority.EVENTS
    assert not first.cached
    assert first.id_hash != second.id_hash
    assert (parsed.ignored, parsed.refused) == (0, ())


def test_a_list_lines_and_single_calls_are_the_same() -> None:
    several = parse(json.dumps(calls()).encode(), ARRIVAL)
    lines = b"\n".join(json.dumps(call).encode() for call in calls())
    assert parse(lines, ARRIVAL) == parse(lines + b"\n\n", ARRIVAL) == several
    single = [parse(json.dumps(call, indent=2).encode(), ARRIVAL).events[0] for call in calls()]
    assert tuple(single) == several.events


def test_a_call_that_failed_and_used_nothing_is_ignored() -> None:
    failed = {"status": "failure", "prompt_tokens": 0, "completion_tokens": 0, "metadata": {"usage_object": None}}
    parsed = parse(changed(**failed), ARRIVAL)
    assert (parsed.events, parsed.ignored) == ((), 1)


def test_a_call_that_failed_after_some_tokens_is_no_request() -> None:
    (event,) = parse(changed(status="failure"), ARRIVAL).events
    assert Unit.REQUESTS not in event.counts
    assert event.counts[Unit.OUTPUT_TOKENS] == 20


def test_an_answer_from_the_cache_is_marked_and_is_not_the_answer_that_was_put_there() -> None:
    (original,) = parse(changed(), ARRIVAL).events
    (hit,) = parse(changed(cache_hit=True, litellm_call_id="another"), ARRIVAL).events
    (again,) = parse(changed(cache_hit="True", litellm_call_id="another"), ARRIVAL).events
    assert (original.cached, hit.cached) == (False, True)
    assert len({original.id_hash, hit.id_hash}) == 2
    assert again.id_hash == hit.id_hash


def test_without_details_the_sums_are_taken_and_what_was_computed_is_unknown() -> None:
    (event,) = parse(changed(metadata=None), ARRIVAL).events
    assert event.counts == {Unit.REQUESTS: 1, Unit.INPUT_TOKENS: 24, Unit.OUTPUT_TOKENS: 20}


def test_images_of_an_answer_are_counted_where_it_is_one() -> None:
    usage = {"metadata": {"usage_object": {"input_tokens": 50, "output_tokens": 4160}}}
    data = {"data": [{"b64_json": "AA"}, {"b64_json": "BB"}]}
    (event,) = parse(changed(call_type="aimage_generation", response=data, **usage), ARRIVAL).events
    assert (event.counts[Unit.IMAGES], event.operation) == (2, "image_generation")
    (hidden,) = parse(changed(call_type="aimage_generation", response="redacted", **usage), ARRIVAL).events
    assert Unit.IMAGES not in hidden.counts


def test_time_comes_from_the_call_else_it_is_now() -> None:
    (event,) = parse(changed(endTime=None, response_time=None), ARRIVAL).events
    assert (event.time, event.latency_ms) == (NOW, None)
    (timed,) = parse(changed(response_time=None), ARRIVAL).events
    assert timed.latency_ms == 1471


def test_the_service_is_the_one_that_the_address_names() -> None:
    (event,) = parse(changed(), Arrival(NOW, "assistant")).events
    assert event.service == "assistant"


def test_one_wrong_call_does_not_take_the_others_with_it() -> None:
    first, second = calls()
    body = json.dumps(
        [first, {**second, "prompt_tokens": -3, "metadata": None}, 7, {**second, "endTime": "now"}]
    ).encode()
    parsed = parse(body, ARRIVAL)
    assert len(parsed.events) == 1
    assert [place for place, _ in parsed.refused] == [1, 2, 3]
    assert "whole number" in parsed.refused[0][1]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None, "litellm_call_id": None},
        {"id": "x" * 1025},
        {"endTime": 1e300},
        {"endTime": -1},
        {"startTime": 10**400, "response_time": None},
        {"endTime": 1_795_463_000 + 3601},
        {"response_time": -1},
        {"model": 3},
    ],
)
def test_a_call_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    parsed = parse(changed(**changes), ARRIVAL)
    assert parsed.events == ()
    assert len(parsed.refused) == 1


@pytest.mark.parametrize("body", [b"", b"[", b"{", b"[[]", b"not json", b"<html></html>", b'{"id": 1}\n', b"\xff\xfe"])
def test_what_is_no_list_of_calls_is_refused(body: bytes) -> None:
    try:
        parsed = parse(body, ARRIVAL)
    except RefusedError:
        return
    assert parsed.events == ()
    assert parsed.refused


def test_too_many_calls_are_refused_together() -> None:
    with pytest.raises(TooMuchError, match="members"):
        parse(b"[" + b",".join([b"{}"] * 10_002) + b"]", ARRIVAL)


def test_as_many_calls_as_the_gateway_sends_at_once_fit_in_lines() -> None:
    fields = {f"field_{number}": number for number in range(50)}
    call = json.dumps({"id": "chatcmpl-1", "litellm_call_id": "1", "status": "success", **fields}).encode()
    assert len(parse(b"\n".join([call] * 512), ARRIVAL).events) == 512
    with pytest.raises(TooMuchError, match="lines"):
        parse(b"\n".join([b"{}"] * 10_001), ARRIVAL)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_python_writes_for_numbers_that_are_none_spoils_no_call(number: float) -> None:
    said = [{"token": 'say "NaN" or -Infinity \\', "logprob": number}, number]
    sent = [{**calls()[0], "response": {"logprobs": said}, "response_cost": number}, calls()[1]]
    assert parse(json.dumps(sent).encode(), ARRIVAL) == parse(sample("litellm_calls.json"), ARRIVAL)
    lines = b"\n".join(json.dumps(one).encode() for one in sent)
    assert parse(lines, ARRIVAL) == parse(sample("litellm_calls.json"), ARRIVAL)
    assert len(parse(changed(prompt_tokens=number, metadata={}), ARRIVAL).events) == 1


def test_the_look_for_such_numbers_takes_time_and_memory_in_proportion() -> None:
    for hostile in (b'\\"', b"\\", b'"', b"NaN", b'"NaN'):
        body = b'["' + hostile * (300_000 // len(hostile)) + b'" NaN]'
        tracemalloc.start()
        with pytest.raises(RefusedError):
            parse(body, ARRIVAL)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 6 * len(body) + 100_000
