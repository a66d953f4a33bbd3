from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from monitor.core.activity import Unit
from monitor.intake.cloudevents import BATCH, STRUCTURED, UnsupportedError, parse
from monitor.intake.usage import Arrival, RefusedError, UsageEvent, hashed
from tests.fixtures.intake import ARRIVAL, NOW, sample

DATA: dict[str, Any] = {
    "service": "assistant",
    "provider": "Mistral",
    "model": "mistral-small-latest",
    "input_tokens": 100,
    "cached_input_tokens": 60,
    "output_tokens": 20,
    "latency_ms": 850,
}
ENVELOPE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "call-1",
    "source": "https://alice@gateway.example.fr:8443/v1/users/alice",
    "type": "eu.empreinte.usage.v1",
    "time": "2026-11-23T20:00:00.250+01:00",
}


def structured(data: object = DATA, **changes: Any) -> UsageEvent:
    envelope = {**ENVELOPE, "data": data, **changes}
    body = json.dumps({name: value for name, value in envelope.items() if value is not ...}).encode()
    (event,) = parse(f"{STRUCTURED}; charset=utf-8", {}, body, ARRIVAL).events
    return event


def binary(headers: dict[str, str], body: bytes, kind: str = "application/json") -> UsageEvent:
    (event,) = parse(kind, {f"ce-{name}": value for name, value in headers.items()}, body, ARRIVAL).events
    return event


def test_an_event_of_ours_is_read() -> None:
    event = structured()
    assert event.counts == {
        Unit.REQUESTS: 1,
        Unit.INPUT_TOKENS: 100,
        Unit.COMPUTED_INPUT_TOKENS: 40,
        Unit.OUTPUT_TOKENS: 20,
    }
    assert (event.service, event.provider, event.model) == ("assistant", "mistral", "mistral-small-latest")
    assert (event.operation, event.latency_ms, event.cached) == ("chat", 850, False)
    assert event.time == 1_795_460_400_250_000_000
    assert event.source == "gateway.example.fr"
    assert event.id_hash == hashed("event", ENVELOPE["source"], "call-1")


def test_the_three_modes_say_the_same() -> None:
    one = structured()
    attributes = {name: str(value) for name, value in ENVELOPE.items()}
    assert binary(attributes, json.dumps(DATA).encode()) == one
    two = [{**ENVELOPE, "data": DATA}, {**ENVELOPE, "id": "call-2", "data": DATA}]
    first, second = parse(BATCH, {}, json.dumps(two).encode(), ARRIVAL).events
    assert first == one
    assert second.id_hash != one.id_hash


def test_packed_data_is_unpacked() -> None:
    packed = base64.b64encode(json.dumps(DATA).encode()).decode()
    assert structured(..., data_base64=packed) == structured()
    with pytest.raises(RefusedError, match="base64"):
        structured(..., data_base64="~")


def test_attributes_of_a_header_are_percent_encoded() -> None:
    attributes = {**{name: str(value) for name, value in ENVELOPE.items()}, "id": "%C3%A9t%C3%A9"}
    assert binary(attributes, json.dumps(DATA).encode()).id_hash == structured(id="été").id_hash


def test_the_letters_of_a_time_may_be_small() -> None:
    assert structured(time="2026-11-23t09:30:00z") == structured(time="2026-11-23T09:30:00Z")


def test_an_event_without_a_time_is_of_now() -> None:
    assert structured(time=...).time == NOW


@pytest.mark.parametrize(
    "time", ["yesterday", "2026-11-23", "2026-11-23T20:00:00", "9999-99-99T00:00:00Z", "", "1795460400"]
)
def test_a_time_without_zone_or_sense_is_refused(time: str) -> None:
    with pytest.raises(RefusedError, match="time is as in"):
        structured(time=time)


def test_a_clock_that_is_ahead_is_followed_for_an_hour_at_most() -> None:
    # now is 2026-11-23T19:43:20Z
    assert structured(time="2026-11-23T20:30:00Z").time == NOW
    with pytest.raises(RefusedError, match="of a time to come"):
        structured(time="2026-11-23T20:43:21Z")


def test_what_is_older_than_what_is_known_is_refused() -> None:
    body = json.dumps({**ENVELOPE, "data": DATA}).encode()
    oldest = 1_795_460_400_250_000_000
    assert parse(STRUCTURED, {}, body, Arrival(NOW, oldest=oldest - 1)).events
    with pytest.raises(RefusedError, match="too old"):
        parse(STRUCTURED, {}, body, Arrival(NOW, oldest=oldest))


def test_an_answer_is_told_of_once_whoever_tells() -> None:
    response = "chatcmpl-y81ySm4xM0GIecUVUEaigM6KBiGG6Rd6"
    assert structured({**DATA, "response_id": response}).id_hash == hashed("response", response)
    assert structured({**DATA, "response_id": "chatcmpl-00b90d"}).id_hash == structured().id_hash


def test_all_that_can_be_counted_is() -> None:
    event = structured({"operation": "ocr", "requests": 0, "pages": 3, "images": 2, "items": 5, "audio_seconds": 1.25})
    assert event.counts == {
        Unit.REQUESTS: 0,
        Unit.PAGES: 3,
        Unit.IMAGES: 2,
        Unit.ITEMS: 5,
        Unit.AUDIO_MILLISECONDS: 1250,
    }
    assert event.operation == "ocr"
    assert structured({"usage": {"prompt_tokens": 4, "completion_tokens": 2}}).counts[Unit.INPUT_TOKENS] == 4


@pytest.mark.parametrize("name", ["prompt", "messages", "user", "ouput_tokens", "total_tokens"])
def test_a_field_that_is_not_ours_is_refused_by_name(name: str) -> None:
    with pytest.raises(RefusedError, match=f"unknown field `{name}`"):
        structured({**DATA, name: 3})


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": ...},
        {"source": ""},
        {"type": ""},
        {"specversion": "0.3"},
        {"data": None},
        {"data": 3},
        {"data": []},
        {"data": {**DATA, "output_tokens": -1}},
        {"data": {**DATA, "service": "_other"}},
        {"data": {**DATA, "service": "Assistant"}},
        {"data": {**DATA, "latency_ms": 1.5}},
        {"data": {**DATA, "audio_seconds": -1}},
        {"id": "x" * 1025},
    ],
)
def test_an_event_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RefusedError):
        structured(**changes)


def test_other_types_carry_an_answer_or_a_usage_object() -> None:
    event = structured(json.loads(sample("reply_llamacpp_chat_response.json")), type="com.openai.chat.completion")
    assert event.counts == {
        Unit.REQUESTS: 1,
        Unit.INPUT_TOKENS: 37,
        Unit.COMPUTED_INPUT_TOKENS: 37,
        Unit.OUTPUT_TOKENS: 12,
    }
    assert event.id_hash == hashed("response", "chatcmpl-lvvzLypAbDEVzRL0pNmiMUBNYyhflTyd")
    bare = structured({"prompt_tokens": 3}, type="usage", service="archives")
    assert (bare.counts[Unit.INPUT_TOKENS], bare.service, bare.operation) == (3, "archives", "embeddings")
    heard = structured({"type": "duration", "seconds": 2}, type="usage")
    assert heard.operation == "transcription"
    with pytest.raises(RefusedError, match="no usage object"):
        structured({"hello": "world"}, type="com.example.greeting")


def test_a_service_is_named_in_the_data_else_in_the_event_else_in_the_address() -> None:
    unnamed = {name: value for name, value in DATA.items() if name != "service"}
    assert structured(DATA, service="archives").service == "assistant"
    assert structured(unnamed, service="archives").service == "archives"
    body = json.dumps({**ENVELOPE, "data": unnamed}).encode()
    (event,) = parse(STRUCTURED, {}, body, Arrival(NOW, "mairie")).events
    assert event.service == "mairie"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("https://alice:secret@gateway.example.fr:8443/users/alice", "gateway.example.fr"),
        ("urn:mairie:passerelle", "passerelle"),
        ("//ia-01/openwebui", "ia-01"),
        ("/apps/chat", "chat"),
        ("http://[::1]:80/x", "1"),
        ("http://[half", "half"),
        ("alice@example.fr", "example.fr"),
        ("!!!", ""),
        ("x" * 200, "x" * 63),
    ],
)
def test_of_who_sends_only_a_name_is_kept(source: str, name: str) -> None:
    assert structured(source=source).source == name


def test_of_a_batch_each_event_stands_by_itself() -> None:
    events = [{**ENVELOPE, "data": DATA}, {**ENVELOPE, "specversion": "2.0", "data": DATA}, 3, {}]
    parsed = parse(BATCH, {}, json.dumps(events).encode(), ARRIVAL)
    assert len(parsed.events) == 1
    assert [place for place, _ in parsed.refused] == [1, 2, 3]


def test_what_is_no_cloudevent_is_not_supported() -> None:
    for kind in ("application/json", "text/plain", ""):
        with pytest.raises(UnsupportedError):
            parse(kind, {}, b"{}", ARRIVAL)
    attributes = {name: str(value) for name, value in ENVELOPE.items()}
    with pytest.raises(UnsupportedError):
        binary(attributes, b"<a/>", "application/xml")
    with pytest.raises(UnsupportedError):
        structured(datacontenttype="text/plain")


@pytest.mark.parametrize("body", [b"", b"{", b"[", b"null", b"3", b"\xff"])
@pytest.mark.parametrize("kind", [STRUCTURED, BATCH])
def test_what_is_not_json_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(RefusedError):
        parse(kind, {}, body, ARRIVAL)
