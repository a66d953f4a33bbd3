from __future__ import annotations

import json
import math
from typing import Any

import pytest

from monitor.intake.otlp_json import points, spans
from monitor.intake.usage import RefusedError, TooMuchError
from tests.fixtures.intake import sample


def changed(**changes: Any) -> bytes:
    content = json.loads(sample("otlp_trace.json"))
    content["resourceSpans"][0]["scopeSpans"][0]["spans"][0].update(changes)
    return json.dumps(content).encode()


def metric(**changes: Any) -> bytes:
    point = {"startTimeUnixNano": "1", "timeUnixNano": "2", "asInt": "7", "attributes": [], **changes}
    several = {"dataPoints": [point], "aggregationTemporality": "AGGREGATION_TEMPORALITY_CUMULATIVE"}
    one = {"name": "gen_ai.client.inference.usage.output_tokens", "sum": several}
    return json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [one]}]}]}).encode()


def test_ids_are_the_same_in_hexadecimal_and_in_base64() -> None:
    (hexadecimal,) = spans(changed())
    (base64,) = spans(changed(traceId="W47/+XmAOBA9Jpu2M4H8YA==", spanId="7uGbfsPBsXQ="))
    assert hexadecimal.trace_id.hex() == "5b8efff798038103d269b633813fc60c"
    assert base64.span_id == hexadecimal.span_id == bytes.fromhex("eee19b7ec3c1b174")


@pytest.mark.parametrize("value", ["1795462322000000000", 1795462322000000000])
def test_integers_are_text_or_numbers(value: object) -> None:
    (span,) = spans(changed(endTimeUnixNano=value))
    assert span.end == 1795462322000000000
    (point,) = points(metric(asInt=value))
    assert point.value == pytest.approx(1795462322000000000)


def test_enumerations_are_numbers_or_names() -> None:
    (point,) = points(metric())
    assert point.described.temporality == 2
    for code in (2, "STATUS_CODE_ERROR"):
        (span,) = spans(changed(status={"code": code}))
        assert span.failed
    (unset,) = spans(changed(status={}))
    assert not unset.failed


def test_what_is_not_known_is_stepped_over() -> None:
    (span,) = spans(changed(flags=257, links=[{"traceId": "x"}], events=[{"name": "prompt"}]))
    assert span.name == "chat small"
    assert list(spans(b"{}")) == []
    assert list(points(b'{"resourceSpans": 3}')) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"traceId": "~"},
        {"spanId": "abc"},
        {"endTimeUnixNano": "tomorrow"},
        {"endTimeUnixNano": "9" * 5000},
        {"endTimeUnixNano": 1.5},
        {"startTimeUnixNano": -(10**25)},
        {"startTimeUnixNano": "-1"},
        {"endTimeUnixNano": 1 << 64},
        {"attributes": [{"key": "gen_ai.usage.input_tokens", "value": {"intValue": "x"}}]},
        {"attributes": [{"key": "gen_ai.usage.input_tokens", "value": {"doubleValue": "x"}}]},
        {"attributes": [{"key": "gen_ai.usage.input_tokens", "value": 3}]},
        {"attributes": {}},
    ],
)
def test_what_is_wrong_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RefusedError):
        list(spans(changed(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"asInt": "x"},
        {"asDouble": "x"},
        {"timeUnixNano": []},
        {"startTimeUnixNano": -(10**25)},
        {"startTimeUnixNano": "-9999999999999999999"},
        {"attributes": [3]},
    ],
)
def test_a_wrong_point_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RefusedError):
        list(points(metric(**{"asInt": None, **changes})))


def test_numbers_that_are_none_are_known_as_such() -> None:
    (point,) = points(metric(asInt=None, asDouble="NaN"))
    assert math.isnan(point.value)


@pytest.mark.parametrize("read", [spans, points])
def test_bodies_are_bounded(read: Any) -> None:
    for body in (b"", b"[]", b"\x0a\x00", b"<html>"):
        with pytest.raises(RefusedError):
            list(read(body))
    with pytest.raises(RefusedError, match="nested"):
        list(read(b"[" * 1000))
    with pytest.raises(TooMuchError):
        list(read(b'{"x":[' + b"1," * 1_000_001 + b"1]}"))
