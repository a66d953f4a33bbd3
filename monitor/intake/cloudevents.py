"""CloudEvents 1.0 over HTTP: one in the header and the body (binary), one in the body (structured), several (batch).

Two kinds of data are read: ours (`eu.empreinte.usage.v1`), strictly, and under any other type the answer of an AI
service or its usage object.
Source: CloudEvents 1.0.2, spec.md, HTTP protocol binding, JSON format.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import msgspec

from monitor.core.activity import Unit
from monitor.intake.json_body import check, decoded, items
from monitor.intake.openai_usage import Number, Usage, counts_of, present, tokens
from monitor.intake.replies import ABSENT, NOTHING, reply_of
from monitor.intake.usage import (
    Arrival,
    Parsed,
    RefusedError,
    UsageEvent,
    count_of,
    identity,
    milliseconds_of,
    model_of,
    name_of,
    operation_of,
    service_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
JSON: Final = "application/json"
USAGE: Final = "eu.empreinte.usage.v1"
"""The type of events whose data is of our own schema."""
VERSION: Final = "1.0"
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class UnsupportedError(RefusedError):
    """The body is of a kind that is not read."""


class _Envelope(msgspec.Struct):
    specversion: str = ""
    id: str = ""
    source: str = ""
    type: str = ""
    time: str | None = None
    datacontenttype: str | None = None
    service: str | None = None
    """An extension of ours: the key of the service that the event is for."""
    data: msgspec.Raw = NOTHING
    data_base64: str | None = None


class UsageData(msgspec.Struct, forbid_unknown_fields=True):
    """The data of an event of type USAGE. A field that is not among these is a mistake, and refused."""

    service: str | None = None
    provider: str | None = None
    model: str | None = None
    operation: str | None = None
    response_id: str | None = None
    requests: Number = 1
    input_tokens: Number = None
    cached_input_tokens: Number = None
    output_tokens: Number = None
    items: Number = None
    images: Number = None
    pages: Number = None
    audio_seconds: Number = None
    usage: Usage | None = None
    cached: bool = False
    latency_ms: Number = None


def parse(content_type: str, headers: Mapping[str, str], body: bytes, arrival: Arrival) -> Parsed:
    """Return what the events in *body* tell of; *headers* have names in lower case, and are read in binary mode.

    Of a batch each event is taken or refused by itself. Raises UnsupportedError where the body is of another kind;
    RefusedError where it is not JSON, or its only event is refused; TooMuchError where it has too many parts.
    """
    check(body)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == BATCH:
        return _batch(body, arrival)
    if kind == STRUCTURED:
        return Parsed((_event(decoded(body, _Envelope), arrival),))
    if "ce-specversion" not in headers:
        raise UnsupportedError(f"events are CloudEvents: {STRUCTURED}, {BATCH}, or {JSON} with ce- header fields")
    return Parsed((_event(_binary(kind, headers, body), arrival),))


def _batch(body: bytes, arrival: Arrival) -> Parsed:
    events: list[UsageEvent] = []
    refused: list[tuple[int, str]] = []
    for place, content in enumerate(items(body)):
        try:
            events.append(_event(decoded(content, _Envelope), arrival))
        except RefusedError as error:
            refused.append((place, str(error)))
    return Parsed(tuple(events), 0, tuple(refused))


def _binary(kind: str, headers: Mapping[str, str], body: bytes) -> _Envelope:
    def said(name: str) -> str:
        return unquote(headers.get(f"ce-{name}", ""))

    return _Envelope(
        said("specversion"),
        said("id"),
        said("source"),
        said("type"),
        said("time") or None,
        kind,
        said("service") or None,
        msgspec.Raw(body),
    )


def _event(envelope: _Envelope, arrival: Arrival) -> UsageEvent:
    for name, value in (("id", envelope.id), ("source", envelope.source), ("type", envelope.type)):
        if not value:
            raise RefusedError(f"an event has no {name}, which CloudEvents asks for")
    if envelope.specversion != VERSION:
        raise RefusedError(f"an event is of another version of CloudEvents than {VERSION}")
    data = _data(envelope)
    read = _of_ours if envelope.type == USAGE else _of_a_reply
    return read(envelope, data, arrival, _time(envelope.time, arrival))


def _of_ours(envelope: _Envelope, content: bytes, arrival: Arrival, time: int) -> UsageEvent:
    data = decoded(content, UsageData)
    counts = {
        **(counts_of(data.usage) if data.usage else {}),
        **tokens(data.input_tokens, data.cached_input_tokens, data.output_tokens),
        **present(
            {
                Unit.ITEMS: count_of(data.items, "items"),
                Unit.IMAGES: count_of(data.images, "images"),
                Unit.PAGES: count_of(data.pages, "pages"),
                Unit.AUDIO_MILLISECONDS: milliseconds_of(data.audio_seconds, "audio_seconds"),
                Unit.REQUESTS: count_of(data.requests, "requests"),
            }
        ),
    }
    return UsageEvent(
        id_hash=identity(data.response_id, envelope.source, envelope.id),
        time=time,
        provider=name_of(data.provider),
        model=model_of(data.model, name_of(data.provider)),
        service=service_of(data.service or envelope.service, arrival),
        operation=operation_of(data.operation),
        counts=counts,
        cached=data.cached,
        latency_ms=count_of(data.latency_ms, "latency_ms"),
        source=_sender(envelope.source),
    )


def _of_a_reply(envelope: _Envelope, content: bytes, arrival: Arrival, time: int) -> UsageEvent:
    reply = reply_of(content)
    provider = name_of(reply.provider)
    return UsageEvent(
        id_hash=identity(reply.response_id, envelope.source, envelope.id),
        time=time,
        provider=provider,
        model=model_of(reply.model, provider),
        service=service_of(envelope.service, arrival),
        operation=operation_of(None) if Unit.OUTPUT_TOKENS in reply.counts else operation_of(_made(reply.counts)),
        counts={Unit.REQUESTS: 1, **reply.counts},
        source=_sender(envelope.source),
    )


def _made(counts: Mapping[Unit, int]) -> str:
    """Return what was asked for where nothing was written."""
    if Unit.IMAGES in counts:
        return "image_generation"
    return "transcription" if Unit.AUDIO_MILLISECONDS in counts else "embeddings"


def _data(envelope: _Envelope) -> bytes:
    kind = (envelope.datacontenttype or JSON).partition(";")[0].strip().lower()
    if kind != JSON and not kind.endswith("+json"):
        raise UnsupportedError(f"the data of an event is {JSON}")
    if envelope.data_base64 is not None:
        return _unpacked(envelope.data_base64)
    if bytes(envelope.data) in ABSENT:
        raise RefusedError("an event has no data")
    return bytes(envelope.data)


def _unpacked(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError("data_base64 is not base64") from None
    check(data)
    return data


def _time(text: str | None, arrival: Arrival) -> int:
    """Return a time of RFC 3339 in ns since 1970; that of the arrival where there is none."""
    if text is None:
        return arrival.time
    try:
        # RFC 3339 lets the letters be small
        passed = datetime.fromisoformat(text.upper()) - _EPOCH
    except (ValueError, TypeError, OverflowError):
        raise RefusedError("time is as in 2026-11-25T09:30:00Z, with the zone") from None
    seconds = passed.days * 86_400 + passed.seconds
    return arrival.admitted((seconds * 1_000_000 + passed.microseconds) * 1000)


def _sender(source: str) -> str:
    """Return who sent an event: the host that *source*, a URI reference, names, else its last word."""
    try:
        host = urlsplit(source).hostname
    except ValueError:
        host = None
    words = [word for word in source.replace(":", "/").split("/") if word]
    return name_of(host or (words[-1] if words else ""))
