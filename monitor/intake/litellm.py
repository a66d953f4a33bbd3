"""What LiteLLM's generic callback sends: a list of calls, one call in each line, or one by itself.

Source: LiteLLM 1.106, litellm/types/utils.py (StandardLoggingPayload), docs, Generic API callback.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from monitor.core.activity import Unit
from monitor.intake.json_body import check, decoded, items
from monitor.intake.openai_usage import Number, Usage, counts_of, tokens
from monitor.intake.replies import ABSENT, NOTHING, images_in
from monitor.intake.usage import (
    MOST_EVENTS,
    Arrival,
    Parsed,
    RefusedError,
    TooMuchError,
    UsageEvent,
    identity,
    milliseconds_of,
    model_of,
    name_of,
    operation_of,
    service_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE: Final = "litellm"
SUCCESS: Final = "success"
_QUOTATION_MARK: Final = ord('"')
_TEXT_OR_NO_NUMBER: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|NaN|-?Infinity', re.DOTALL)
LATEST: Final = 1e10
"""In seconds since 1970: in the year 2286. What is later is in milliseconds, or a mistake."""


class _Metadata(msgspec.Struct):
    usage_object: Usage | None = None


class _Response(msgspec.Struct):
    data: msgspec.Raw = NOTHING


class _Call(msgspec.Struct):
    """What is read of a call. All else, the prompt and the answer first of all, is skipped."""

    id: str | None = None
    litellm_call_id: str | None = None
    call_type: str | None = None
    status: str | None = None
    cache_hit: Any = None
    custom_llm_provider: str | None = None
    model: str | None = None
    prompt_tokens: Number = None
    completion_tokens: Number = None
    startTime: Number = None  # noqa: N815 - as LiteLLM writes it
    endTime: Number = None  # noqa: N815 - as above
    response_time: Number = None
    metadata: _Metadata | None = None
    response: msgspec.Raw = NOTHING


def parse(body: bytes, arrival: Arrival) -> Parsed:
    """Return the calls that *body* tells of; those that failed and used nothing are ignored.

    Raises RefusedError where it is not JSON, TooMuchError where it has too many parts.
    """
    check(body)
    events: list[UsageEvent] = []
    refused: list[tuple[int, str]] = []
    ignored = 0
    for place, content in enumerate(_calls(_in_json(body))):
        try:
            event = _event(decoded(content, _Call), arrival)
        except RefusedError as error:
            refused.append((place, str(error)))
            continue
        if event is None:
            ignored += 1
        else:
            events.append(event)
    return Parsed(tuple(events), ignored, tuple(refused))


def _in_json(body: bytes) -> bytes:
    """Return *body* with null for what Python writes for numbers that are none, which JSON has no word for.

    One of them in an answer, as the logarithm of a chance of 0, would have all calls beside it refused.
    """
    if b"NaN" not in body and b"Infinity" not in body:
        return body
    written, end = bytearray(), 0
    for found in _TEXT_OR_NO_NUMBER.finditer(body):
        if body[found.start()] != _QUOTATION_MARK:
            written += body[end : found.start()] + b"null"
            end = found.end()
    return bytes(written + body[end:])


def _calls(body: bytes) -> Iterator[msgspec.Raw | bytes]:
    if body.lstrip()[:1] == b"[":
        yield from items(body)
        return
    try:
        yield decoded(body, msgspec.Raw)
    except RefusedError:
        lines = [line for line in body.splitlines() if line.strip()]
        if len(lines) < 2:  # noqa: PLR2004 - one line is one call, which was no JSON
            raise
        if len(lines) > MOST_EVENTS:
            raise TooMuchError(f"the body has more than {MOST_EVENTS} lines: send fewer calls at once") from None
        yield from lines


def _event(call: _Call, arrival: Arrival) -> UsageEvent | None:
    counts, operation = _counts(call), operation_of(call.call_type)
    failed = call.status is not None and call.status != SUCCESS
    if failed and not any(counts.values()):
        return None
    if operation == "image_generation" and (images := _images(call)):
        counts[Unit.IMAGES] = images
    cached = call.cache_hit is True or call.cache_hit == "True"
    call_id = call.litellm_call_id or call.id
    if not call_id:
        raise RefusedError("a call has neither an id nor a litellm_call_id")
    return UsageEvent(
        # an answer from the cache has the id of the one that was put there
        id_hash=identity(None if cached else call.id, SOURCE, call_id),
        time=_time(call, arrival),
        provider=name_of(call.custom_llm_provider),
        model=model_of(call.model, name_of(call.custom_llm_provider)),
        service=service_of(None, arrival),
        operation=operation,
        counts=counts if failed else {Unit.REQUESTS: 1, **counts},
        cached=cached,
        latency_ms=_latency(call),
        source=SOURCE,
    )


def _counts(call: _Call) -> dict[Unit, int]:
    usage = call.metadata.usage_object if call.metadata else None
    detailed = counts_of(usage) if usage else {}
    return detailed or tokens(call.prompt_tokens, None, call.completion_tokens)


def _images(call: _Call) -> int:
    if bytes(call.response) in ABSENT:
        return 0
    try:
        return images_in(decoded(call.response, _Response).data)
    except RefusedError:  # an administrator may have had it replaced by a word
        return 0


def _time(call: _Call, arrival: Arrival) -> int:
    end = _moment(call.endTime, "endTime")
    return arrival.time if end is None else arrival.admitted(end)


def _moment(seconds: Number, what: str) -> int | None:
    """Return a time in ns since 1970. LiteLLM writes microseconds."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not 0 < seconds < LATEST:
        raise RefusedError(f"{what} is a number of seconds since 1970")
    return round(seconds * 1_000_000) * 1000


def _latency(call: _Call) -> int | None:
    if call.response_time is not None:
        return milliseconds_of(call.response_time, "response_time")
    start, end = _moment(call.startTime, "startTime"), _moment(call.endTime, "endTime")
    return None if start is None or end is None else max(0, end - start) // 1_000_000
