"""What OpenTelemetry's GenAI conventions say of calls of AI services, in the three generations of their names.

Of a span or a point of a metric only the attributes in WANTED are read.
Source: OpenTelemetry semantic conventions 1.26, 1.27 to 1.41.1 (docs/gen-ai), semantic-conventions-genai (2026-06).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from monitor.core.activity import Unit
from monitor.intake.openai_usage import tokens
from monitor.intake.usage import (
    MOST_EVENTS,
    Arrival,
    Parsed,
    RefusedError,
    TooMuchError,
    UsageEvent,
    identity,
    model_of,
    name_of,
    operation_of,
    service_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Value: TypeAlias = str | int | float | bool
_Key: TypeAlias = tuple[bytes, bytes]
"""The ids of a trace and of a span in it."""

INPUT: Final = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
OUTPUT: Final = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
CACHED: Final = ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens")
"""Among the input. The second is OpenLLMetry's."""
LITELLM_USAGE: Final = "metadata.usage_object"
"""Older LiteLLM puts what a cache had here alone, in its usage object as Python writes it. Source: LiteLLM 1.108.7."""
_LITELLM_CACHED: Final = re.compile(r"'cached_tokens': (\d{1,12})\b")
PROVIDER: Final = ("gen_ai.provider.name", "gen_ai.system")
MODEL: Final = ("litellm.provider.model", "gen_ai.response.model", "gen_ai.request.model")
"""LiteLLM puts the name that its users see into the response's, and the model's own into the first."""
OPERATION: Final = "gen_ai.operation.name"
RESPONSE: Final = "gen_ai.response.id"
ERROR: Final = "error.type"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 - a token of a language model
SERVICE: Final = "empreinte.service"
"""Ours: the key of the service, among the attributes of a span or of its resource."""
APPLICATION: Final = "service.name"
WANTED: Final = frozenset(
    {
        *INPUT,
        *OUTPUT,
        *CACHED,
        LITELLM_USAGE,
        *PROVIDER,
        *MODEL,
        OPERATION,
        RESPONSE,
        ERROR,
        TOKEN_TYPE,
        SERVICE,
        APPLICATION,
    }
)
NO_INFERENCE: Final = frozenset(
    {"invoke_agent", "create_agent", "invoke_workflow", "execute_tool", "fetch_response", "plan", "retrieval"}
)
"""Operations whose tokens, if they tell of any, are those of calls that are told of by themselves."""
DEEPEST: Final = 64
"""How many spans in one another are told apart."""
RAW_REQUEST: Final = "raw_gen_ai_request"
"""LiteLLM's second span for the same call."""


@dataclass(frozen=True, slots=True)
class Span:
    """What is read of a span."""

    name: str
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    """Of the span that this one is a part of; empty: of none."""
    start: int
    end: int
    """In ns since 1970; 0: unknown."""
    failed: bool
    attributes: Mapping[str, Value]
    resource: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose calls these are: fields of UsageEvent."""

    provider: str
    model: str
    service: str
    operation: str
    source: str


def usage_of(spans: Iterable[Span], arrival: Arrival) -> Parsed:
    """Return the calls that *spans* tell of, parts of a span before the span. Spans without usage are ignored.

    Raises TooMuchError where they tell of more than MOST_EVENTS.
    """
    told: dict[_Key, UsageEvent] = {}
    parents: dict[_Key, _Key] = {}
    refused: list[tuple[int, str]] = []
    ignored = 0
    for place, span in enumerate(spans):
        if len(told) + len(refused) > MOST_EVENTS:
            raise TooMuchError(f"the spans tell of more than {MOST_EVENTS} calls: send fewer at once")
        key = (span.trace_id, span.span_id)
        # what a tool or an agent asks for is no part of the call that it was asked by
        if _is_there(span.parent_id) and span.attributes.get(OPERATION) not in NO_INFERENCE:
            parents[key] = (span.trace_id, span.parent_id)
        try:
            event = _event(span, arrival)
        except RefusedError as error:
            refused.append((place, str(error)))
            continue
        if event is None or key in told:
            ignored += 1
        else:
            told[key] = event
    return Parsed(tuple(_parts_first(told, parents)), ignored, tuple(refused))


def _parts_first(told: Mapping[_Key, UsageEvent], parents: Mapping[_Key, _Key]) -> Iterator[UsageEvent]:
    """Yield the events of *told*, each with the span that it is a part of, and after its own parts."""
    wholes = _wholes(told, parents)
    depths = {key: _depth(key, wholes) for key in told}
    for key in sorted(told, key=lambda key: -depths[key]):
        whole = wholes.get(key)
        yield told[key] if whole is None else replace(told[key], whole=_hash(*whole))


def _wholes(told: Iterable[_Key], parents: Mapping[_Key, _Key]) -> dict[_Key, _Key]:
    """Return, by span of *told*, the next one above that is told as well, else the last above that is known."""
    spans, wholes, passed = frozenset(told), dict[_Key, _Key](), dict[_Key, _Key]()
    for key in told:
        above, path = parents.get(key), []
        while above is not None and above not in spans and above not in passed and above in parents:
            # a circle ends where it is closed
            passed[above] = above
            path.append(above)
            above = parents[above]
        if above is not None:
            wholes[key] = above = passed.get(above, above)
            passed.update(dict.fromkeys(path, above))
    return wholes


def _depth(key: _Key, wholes: Mapping[_Key, _Key]) -> int:
    depth, above = 0, wholes.get(key)
    while above is not None and depth < DEEPEST:
        depth, above = depth + 1, wholes.get(above)
    return depth


def _hash(trace_id: bytes, span_id: bytes) -> str:
    return identity(None, "span", trace_id.hex(), span_id.hex())


def _is_there(identifier: bytes) -> bool:
    return bool(identifier.strip(b"\0"))


def _event(span: Span, arrival: Arrival) -> UsageEvent | None:
    said = span.attributes
    if span.name == RAW_REQUEST or said.get(OPERATION) in NO_INFERENCE:
        return None
    counts = tokens(_number(said, INPUT), _cached(said), _number(said, OUTPUT))
    failed = span.failed or ERROR in said
    if not counts or (failed and not any(counts.values())):
        return None
    if not _is_there(span.trace_id) or not _is_there(span.span_id):
        raise RefusedError("a span has no trace id or no span id")
    origin = origin_of(said, span.resource, arrival)
    return UsageEvent(
        id_hash=identity(text_of(said, (RESPONSE,)), "span", span.trace_id.hex(), span.span_id.hex()),
        span=_hash(span.trace_id, span.span_id),
        time=arrival.admitted(span.end) if span.end else arrival.time,
        counts=counts if failed else {Unit.REQUESTS: 1, **counts},
        latency_ms=max(0, span.end - span.start) // 1_000_000 if span.start and span.end else None,
        provider=origin.provider,
        model=origin.model,
        service=origin.service,
        operation=origin.operation,
        source=origin.source,
    )


def origin_of(said: Mapping[str, Value], resource: Mapping[str, Value], arrival: Arrival) -> Origin:
    """Return whose calls attributes tell of. Raises RefusedError where a service is named by what is no key."""
    provider = name_of(text_of(said, PROVIDER))
    return Origin(
        provider=provider,
        model=model_of(text_of(said, MODEL), provider),
        service=service_of(text_of({**resource, **said}, (SERVICE,)), arrival),
        operation=operation_of(text_of(said, (OPERATION,))),
        source=name_of(text_of(resource, (APPLICATION,))),
    )


def text_of(said: Mapping[str, Value], keys: Iterable[str]) -> str | None:
    """Return the first text that *said* has under one of *keys*; None: it has none."""
    return next((value for key in keys if isinstance(value := said.get(key), str) and value), None)


def _cached(said: Mapping[str, Value]) -> float | None:
    """Return how much of the input a cache had; None: unknown."""
    number = _number(said, CACHED)
    if number is None and (found := _LITELLM_CACHED.search(text_of(said, (LITELLM_USAGE,)) or "")):
        return int(found[1])
    return number


def _number(said: Mapping[str, Value], keys: Iterable[str]) -> float | None:
    """Return the first number under one of *keys*. Raises RefusedError where something else is there."""
    for key in keys:
        value = said.get(key)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value[:20])
        if value is not None and not isinstance(value, int | float):
            raise RefusedError(f"{key} is a number")
        if value is not None:
            return value
    return None
