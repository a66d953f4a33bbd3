"""Of what others send, nothing about people, and nothing of what was said, gets past the parsers, or onto the disk."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from monitor.core.activity import Authority, Unit
from monitor.core.units import Duration
from monitor.intake import litellm, otlp, otlp_protobuf
from monitor.intake.cloudevents import STRUCTURED
from monitor.intake.cloudevents import parse as parse_events
from monitor.intake.metering import advance, readings_of
from monitor.intake.spool import Spool
from monitor.intake.store import SCHEMA, Batch
from monitor.intake.usage import OPERATIONS, Arrival, UsageEvent
from tests.fixtures.intake import NOW, SECOND, sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEPT = {"openai", "small", "litellm", "assistant", "chat", *OPERATIONS, *OPERATIONS.values()}
"""Words of the allow-list, which may stand in other fields too."""
WORD = re.compile(r"[^\W_][\w.@/:-]{3,}")
ARRIVAL = Arrival(NOW, "assistant")
REPLIES = ("litserve", "llama_cpp_python", "llamacpp", "transformers_serve")


def words(content: Any) -> Iterator[str]:
    """Yield the words of all texts in *content*, however deep; not its keys."""
    if isinstance(content, dict):
        for value in content.values():
            yield from words(value)
    elif isinstance(content, list):
        for value in content:
            yield from words(value)
    elif isinstance(content, str):
        yield from WORD.findall(content)


def attributes(pairs: Any) -> list[str]:
    return [pair.value.string_value for pair in pairs]


def of_calls() -> tuple[list[str], list[UsageEvent]]:
    body = sample("litellm_calls.json")
    return list(words(json.loads(body))), list(litellm.parse(body, ARRIVAL).events)


def of_traces() -> tuple[list[str], list[UsageEvent]]:
    body = sample("litellm_traces.pb")
    request = ExportTraceServiceRequest.FromString(body)
    spans = [span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]
    texts = [text for span in spans for text in attributes(span.attributes)]
    texts += [text for one in request.resource_spans for text in attributes(one.resource.attributes)]
    return list(words([*texts, *(span.name for span in spans)])), list(
        otlp.usage_of(otlp_protobuf.spans(body), ARRIVAL).events
    )


def of_metrics() -> tuple[list[str], list[UsageEvent]]:
    body = sample("litellm_metrics.pb")
    request = ExportMetricsServiceRequest.FromString(body)
    found = [metric for one in request.resource_metrics for scope in one.scope_metrics for metric in scope.metrics]
    points = [point for metric in found for point in (*metric.sum.data_points, *metric.histogram.data_points)]
    texts = list(words([text for point in points for text in attributes(point.attributes)]))
    return texts, advance(readings_of(otlp_protobuf.points(body), ARRIVAL).readings, {}, 0)[0]


def of_replies() -> tuple[list[str], list[UsageEvent]]:
    texts: list[str] = []
    events: list[UsageEvent] = []
    for place, name in enumerate(REPLIES):
        reply = json.loads(sample(f"reply_{name}_chat_response.json"))
        envelope = {
            "specversion": "1.0",
            "id": f"secret-{place}",
            "source": "http://alice@litellm/alice",
            "type": "reply",
        }
        events += parse_events(STRUCTURED, {}, json.dumps({**envelope, "data": reply}).encode(), ARRIVAL).events
        texts += [*words({**reply, "model": ""}), f"secret-{place}", "alice"]
    return texts, events


@pytest.mark.parametrize("of_sample", [of_calls, of_traces, of_metrics, of_replies])
def test_no_other_word_of_a_sample_survives(of_sample: Any, tmp_path: Path) -> None:
    texts, events = of_sample()
    assert events
    # what the tables and the fields of an event are called is on the disk whatever is sent
    ours = " ".join([*KEPT, *SCHEMA, "sqlite_autoindex", *Unit, *Authority, *UsageEvent.__dataclass_fields__])
    forbidden = {word for word in texts if word not in ours and not word.isdigit()}
    assert len(forbidden) > 20
    with Spool(tmp_path / "events.db", (), lambda: NOW, Duration(SECOND)) as spool:
        spool.submit(Batch(tuple(events), (), NOW)).result(timeout=60)
        on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode("latin-1")
    assert "assistant" in on_disk
    told = repr([asdict(event) for event in events]).replace("False", "").replace("None", "")
    assert [word for word in forbidden if word in told] == []
    assert [word for word in forbidden if word in on_disk] == []


@pytest.mark.parametrize(
    "field",
    [
        "messages",
        "response",
        "end_user",
        "request_tags",
        "requester_ip_address",
        "user_agent",
        "api_base",
        "model_parameters",
    ],
)
def test_whatever_stands_in_a_field_about_people_changes_nothing(field: str) -> None:
    calls = json.loads(sample("litellm_calls.json"))
    plain = litellm.parse(json.dumps(calls).encode(), ARRIVAL)
    for value in ("alice@example.fr", {"deep": ["secret"] * 20}, None, 3):
        changed = [{**call, field: value} for call in calls]
        assert litellm.parse(json.dumps(changed).encode(), ARRIVAL) == plain
