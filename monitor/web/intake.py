"""Events from outside, at the door: who sends them, and in what form. What is taken is on disk before the answer."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response

from monitor.core.calendar import utc
from monitor.intake import cloudevents, litellm, otlp, otlp_json, otlp_protobuf
from monitor.intake.metering import readings_of
from monitor.intake.spool import SpoolError, SpoolFullError
from monitor.intake.store import Batch
from monitor.intake.usage import Arrival, Parsed, RefusedError, TooMuchError
from monitor.web.bodies import BodyError, Room, body_of
from monitor.web.tokens import Gate, tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from starlette.requests import Request

    from monitor.intake.metering import Reading
    from monitor.intake.spool import Spool
    from monitor.intake.store import Accepted, Outcome

    Parse = Callable[[Request, bytes, Arrival], "Found"]

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
NDJSON: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
LARGE: Final = 8 * 1024
"""In bytes: what is read beside the loop, which others wait for."""
DISK: Final = 10.0
"""In seconds: how long the disk is waited for."""
TOLD: Final = 20
"""Refused parts that are told of one by one."""
FRESH: Final = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Found:
    """What a body came to: calls, and what meters say."""

    parsed: Parsed
    readings: tuple[Reading, ...] = ()

    @property
    def size(self) -> int:
        """Of how many events it is, the refused ones too."""
        return len(self.parsed.events) + len(self.parsed.refused) + len(self.readings)


class Refusal(Exception):  # noqa: N818 - it is an answer
    """A request is refused: with a status, one sentence, and when to come again."""

    def __init__(self, status: int, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.retry_after = retry_after


class Intake:
    """Takes events in, and counts what it refused."""

    def __init__(
        self, spool: Spool, token_file: Path, rate: int, now: Callable[[], int], monotonic: Callable[[], float]
    ) -> None:
        """Take in what comes with a token of *token_file*, of each *rate* events a second.

        *now* is in ns since 1970, *monotonic* in seconds of a clock that is never set. Raises TokenError.
        """
        self._spool = spool
        self._gate = Gate(tokens_of(token_file), rate)
        self._now = now
        self._monotonic = monotonic
        self._room = Room()
        self._reading = asyncio.Lock()
        self._refused: Counter[int] = Counter()

    async def events(self, request: Request) -> Response:
        """Take CloudEvents."""
        return await self._taken(request, _cloudevents)

    async def calls(self, request: Request) -> Response:
        """Take what LiteLLM's generic callback sends."""
        return await self._taken(request, _litellm)

    async def traces(self, request: Request) -> Response:
        """Take OTLP's traces."""
        return await self._taken(request, _traces, "rejectedSpans")

    async def metrics(self, request: Request) -> Response:
        """Take OTLP's metrics."""
        return await self._taken(request, _metrics, "rejectedDataPoints")

    async def standing(self, _: Request) -> Response:
        """Tell how it stands."""
        standing = self._spool.standing
        content = {
            "waiting": standing.waiting,
            "remembered": standing.remembered,
            "unmatched": standing.unmatched,
            "refused_requests": {str(status): number for status, number in sorted(self._refused.items())},
            "newest_unmatched": [_unmatched(one) for one in self._spool.unmatched],
        }
        return JSONResponse(content, 200, FRESH)

    async def _taken(self, request: Request, parse: Parse, rejected: str = "") -> Response:
        """Take a request; *rejected* is what OTLP calls the number of what is refused; empty: it is not OTLP."""
        try:
            return await self._take(request, parse, rejected)
        except Refusal as refusal:
            self._refused[refusal.status] += 1
            headers = dict(FRESH)
            if refusal.retry_after is not None:
                headers["retry-after"] = str(max(1, math.ceil(refusal.retry_after)))
            if refusal.status == 401:  # noqa: PLR2004 - Unauthorized
                headers["www-authenticate"] = 'Bearer realm="empreinte"'
            return JSONResponse({"error": str(refusal)}, refusal.status, headers)

    async def _take(self, request: Request, parse: Parse, rejected: str) -> Response:
        allowance = self._gate.allowance(request.headers.get("authorization", ""))
        if allowance is None:
            raise Refusal(401, "events need a token, as Authorization: Bearer TOKEN, one of those in intake.token_file")
        if wait := allowance.wait(self._monotonic()):
            raise Refusal(429, "more events came with this token than [intake] events_per_second allows", wait)
        with self._room.seat() as seat:
            # what can't be read costs its sender something, too
            size = 1
            try:
                found = await self._found(request, await body_of(request, seat), parse)
                size = found.size
            except BodyError as error:
                raise Refusal(error.status, str(error), 1 if error.status == 429 else None) from None  # noqa: PLR2004 - Too Many Requests
            finally:
                allowance.spend(size)
            outcome = await self._written(found)
        return _otlp_answer(request, found.parsed, rejected) if rejected else _answer(found.parsed, outcome)

    async def _found(self, request: Request, body: bytes, parse: Parse) -> Found:
        arrival = Arrival(self._now(), request.query_params.get("service", ""), self._spool.oldest)
        try:
            if len(body) > LARGE:
                # several at once would be no sooner ready, and take as much more memory
                async with self._reading:
                    return await asyncio.to_thread(parse, request, body, arrival)
            return parse(request, body, arrival)
        except cloudevents.UnsupportedError as error:
            raise Refusal(415, str(error)) from None
        except TooMuchError as error:
            raise Refusal(413, str(error)) from None
        except RefusedError as error:
            raise Refusal(422, str(error)) from None

    async def _written(self, found: Found) -> Outcome:
        parsed = found.parsed
        if parsed.refused and not (parsed.events or parsed.ignored or found.readings):
            raise Refusal(422, f"all {len(parsed.refused)} are refused; the first: {parsed.refused[0][1]}")
        try:
            writing = self._spool.submit(Batch(parsed.events, found.readings, self._now()))
            return await asyncio.wait_for(asyncio.wrap_future(writing), DISK)
        except SpoolFullError as error:
            raise Refusal(429, str(error), error.retry_after) from None
        except SpoolError as error:
            raise Refusal(503, str(error), error.retry_after) from None
        except TimeoutError:
            raise Refusal(503, f"the disk did not take the events within {DISK:.0f} s", DISK) from None


def _cloudevents(request: Request, body: bytes, arrival: Arrival) -> Found:
    return Found(cloudevents.parse(request.headers.get("content-type", ""), request.headers, body, arrival))


def _litellm(request: Request, body: bytes, arrival: Arrival) -> Found:
    if (kind := _kind(request)) != JSON and kind not in NDJSON:
        raise cloudevents.UnsupportedError(f"LiteLLM's calls are {JSON}")
    return Found(litellm.parse(body, arrival))


def _traces(request: Request, body: bytes, arrival: Arrival) -> Found:
    read = otlp_protobuf.spans if _is_protobuf(request) else otlp_json.spans
    return Found(otlp.usage_of(read(body), arrival))


def _metrics(request: Request, body: bytes, arrival: Arrival) -> Found:
    read = otlp_protobuf.points if _is_protobuf(request) else otlp_json.points
    found = readings_of(read(body), arrival)
    return Found(Parsed((), 0, found.refused), found.readings)


def _is_protobuf(request: Request) -> bool:
    kind = _kind(request)
    if kind not in {PROTOBUF, JSON}:
        raise cloudevents.UnsupportedError(f"OTLP is {PROTOBUF} or {JSON}")
    return kind == PROTOBUF


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _answer(parsed: Parsed, outcome: Outcome) -> Response:
    content = {
        "accepted": outcome.accepted,
        "duplicates": outcome.duplicates,
        "unmatched": outcome.unmatched,
        "ignored": parsed.ignored,
        "refused": len(parsed.refused),
        "reasons": [{"index": place, "error": reason} for place, reason in parsed.refused[:TOLD]],
    }
    return JSONResponse(content, 200, FRESH)


def _otlp_answer(request: Request, parsed: Parsed, rejected: str) -> Response:
    """Return OTLP's own answer, which tells of refused spans or points; *rejected* is what it calls their number.

    Source: opentelemetry-proto 1.10, ExportTracePartialSuccess, ExportMetricsPartialSuccess, which differ in that name.
    """
    refused, reason = len(parsed.refused), parsed.refused[0][1] if parsed.refused else ""
    if _kind(request) == JSON:
        partial = {"partialSuccess": {rejected: str(refused), "errorMessage": reason}} if refused else {}
        return JSONResponse(partial, 200, FRESH)
    return Response(_partial_success(refused, reason) if refused else b"", 200, FRESH, PROTOBUF)


def _partial_success(refused: int, reason: str) -> bytes:
    message = reason.encode()[:LARGE]
    inner = b"\x08" + _varint(refused) + b"\x12" + _varint(len(message)) + message
    return b"\x0a" + _varint(len(inner)) + inner


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits to a byte
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _unmatched(accepted: Accepted) -> dict[str, Any]:
    event = accepted.event
    counts: Mapping[str, int] = {unit.value: count for unit, count in event.counts.items()}
    said = {"provider": event.provider, "model": event.model, "source": event.source, "service": event.service}
    return {**said, "operation": event.operation, "at": utc(event.time), "counts": counts}
