"""Points of OpenTelemetry's GenAI metrics, to what was counted since they were last sent.

A point says what was counted since its series began, and is sent again and again: only what came on top counts. What is
known of each series is handed in and out. A series that began before anybody listened tells nothing at first.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from monitor.core.activity import Authority, Unit
from monitor.intake.openai_usage import tokens
from monitor.intake.otlp import ERROR, NO_INFERENCE, OPERATION, TOKEN_TYPE, Origin, origin_of, text_of
from monitor.intake.usage import MOST_COUNTED, MOST_EVENTS, RefusedError, TooMuchError, UsageEvent, hashed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.intake.otlp import Value
    from monitor.intake.usage import Arrival

DELTA: Final = 1
CUMULATIVE: Final = 2
"""What the values of a metric count from. Source: opentelemetry-proto, AggregationTemporality."""


class Counted(Enum):
    """What a metric counts."""

    INPUT = "input"
    CACHED = "cached"
    """Among the input."""
    OUTPUT = "output"
    REQUESTS = "requests"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that is read. Of several that count the same in one scope, that of the lowest *rank* is believed."""

    counted: Counted | None
    """None: an attribute tells."""
    rank: int = 0
    by_number: bool = False
    """Whether it is the number of a histogram's values that counts, not their sum."""
    authority: Authority = Authority.GATEWAY


METRICS: Final[Mapping[str, Metric]] = {
    "gen_ai.client.inference.usage.input_tokens": Metric(Counted.INPUT),
    "gen_ai.client.inference.usage.output_tokens": Metric(Counted.OUTPUT),
    "gen_ai.client.inference.usage.cache_read.input_tokens": Metric(Counted.CACHED),
    "gen_ai.client.inference.operation.input_tokens": Metric(Counted.INPUT, 1),
    "gen_ai.client.inference.operation.output_tokens": Metric(Counted.OUTPUT, 1),
    "gen_ai.client.token.usage": Metric(None, 2),
    "gen_ai.client.inference.duration": Metric(Counted.REQUESTS, 0, by_number=True),
    "gen_ai.client.operation.duration": Metric(Counted.REQUESTS, 1, by_number=True),
    "gen_ai.server.request.duration": Metric(Counted.REQUESTS, 0, by_number=True, authority=Authority.SERVER),
}
"""By name. Metrics that a gateway or an application sends are worth what its page is: single calls go before them."""
TOKEN_TYPES: Final = {
    "input": Counted.INPUT,
    "prompt": Counted.INPUT,
    "output": Counted.OUTPUT,
    "completion": Counted.OUTPUT,
}


@dataclass(frozen=True, slots=True)
class Described:
    """What all points of a metric have in common."""

    metric: str
    """One of METRICS."""
    scope: int
    """The place, in its request, of the scope that it is from."""
    temporality: int
    resource: Mapping[str, Value]
    digest: str
    """A hash of all attributes of the resource."""


@dataclass(frozen=True, slots=True)
class Point:
    """What is read of a point."""

    described: Described
    series: str
    """A hash of all that tells the series from others."""
    start: int
    time: int
    """In ns since 1970; 0: unknown."""
    value: float
    """The sum of a histogram's values, or the number itself."""
    number: int | None
    """How many values a histogram has; None: it is none."""
    attributes: Mapping[str, Value]


Owner: TypeAlias = tuple[Origin, Authority]
"""Whose calls these are, and who says so."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a series has come to."""

    key: str
    """A hash of the series and its beginning."""
    counted: Counted
    value: int
    cumulative: bool
    believed: bool
    """Whether what came on top counts; else another series of the same scope tells it better."""
    start: int
    time: int
    owner: Owner
    place: tuple[int, Authority, Counted]
    """What has the same place counts the same calls: only one metric of them is believed."""


@dataclass(frozen=True, slots=True)
class Read:
    """What the points of a body came to."""

    readings: tuple[Reading, ...]
    refused: tuple[tuple[int, str], ...] = ()
    """Points that are wrong, by their place from 0, and why."""


def digest_of(pairs: Iterable[bytes]) -> str:
    """Return a hash of *pairs* of keys and values, in whatever order they came."""
    digest = hashlib.sha256()
    for pair in sorted(pairs):
        digest.update(len(pair).to_bytes(8, "big") + pair)
    return digest.hexdigest()


def readings_of(points: Iterable[Point], arrival: Arrival) -> Read:
    """Return what *points* say; each is taken or refused by itself, by its place among all that are read.

    Raises TooMuchError where they are more than MOST_EVENTS.
    """
    told: list[tuple[Metric, Reading]] = []
    refused: list[tuple[int, str]] = []
    best: dict[tuple[int, Authority, Counted], int] = {}
    for number, point in enumerate(points):
        if number == MOST_EVENTS:
            raise TooMuchError(f"the metrics have more than {MOST_EVENTS} points: send fewer at once")
        for metric, counted in _meant(point):
            try:
                reading = _reading(point, metric, counted, arrival)
            except RefusedError as error:
                refused.append((number, str(error)))
                continue
            told.append((metric, reading))
            best[reading.place] = min(metric.rank, best.get(reading.place, metric.rank))
    believed = tuple(replace(one, believed=metric.rank == best[one.place]) for metric, one in told)
    return Read(believed, tuple(refused))


def _reading(point: Point, metric: Metric, counted: Counted, arrival: Arrival) -> Reading:
    return Reading(
        key=hashed(point.series, str(point.start)),
        counted=counted,
        value=_value(point, metric),
        cumulative=point.described.temporality == CUMULATIVE,
        believed=True,
        start=min(point.start, arrival.time),
        time=arrival.admitted(point.time) if point.time else arrival.time,
        owner=(origin_of(point.attributes, point.described.resource, arrival), metric.authority),
        place=(point.described.scope, metric.authority, counted),
    )


def advance(
    readings: Iterable[Reading], known: Mapping[str, int], floor: int
) -> tuple[list[UsageEvent], dict[str, int]]:
    """Return what came on top of what is *known*, and what is known from now on: values by the keys of readings.

    Of a series that is not known all counts where it began after *floor* (ns since 1970), else nothing yet.
    """
    values: dict[str, int] = {}
    counted: dict[Owner, dict[Counted, int]] = defaultdict(dict)
    proofs: dict[Owner, list[str]] = defaultdict(list)
    times: dict[Owner, int] = {}
    for one in readings:
        increment = one.value
        if one.cumulative:
            before = values.get(one.key, known.get(one.key))
            increment = _increment(one, before, floor)
            values[one.key] = max(one.value, before or 0)
        if not one.believed or (increment == 0 and one.counted is not Counted.CACHED):
            continue
        sums = counted[one.owner]
        sums[one.counted] = sums.get(one.counted, 0) + increment
        proofs[one.owner].append(f"{one.key} {one.time} {one.value}")
        times[one.owner] = max(one.time, times.get(one.owner, 0))
    events = [_event(owner, sums, times[owner], proofs[owner]) for owner, sums in counted.items() if any(sums.values())]
    return events, values


def _increment(one: Reading, before: int | None, floor: int) -> int:
    if before is None:
        return one.value if one.start > floor else 0
    # a value that is lower than one before is an older export that came late
    return max(0, one.value - before)


def _meant(point: Point) -> list[tuple[Metric, Counted]]:
    """Return what a point counts; nothing where it is of no inference, of calls that failed, or can't be added up."""
    metric, said = METRICS[point.described.metric], point.attributes
    counted = metric.counted or TOKEN_TYPES.get(text_of(said, (TOKEN_TYPE,)) or "")
    failed = counted is Counted.REQUESTS and ERROR in said
    if counted is None or failed or said.get(OPERATION) in NO_INFERENCE:
        return []
    if point.described.temporality not in {DELTA, CUMULATIVE} or (metric.by_number and point.number is None):
        return []
    return [(metric, counted)]


def _value(point: Point, metric: Metric) -> int:
    value = point.number if metric.by_number else point.value
    if value is None or not 0 <= value <= MOST_COUNTED:
        raise RefusedError(f"{point.described.metric} is a number from 0 to {MOST_COUNTED}")
    return round(value)


def _event(owner: Owner, sums: Mapping[Counted, int], time: int, proofs: list[str]) -> UsageEvent:
    origin, authority = owner
    counts = tokens(sums.get(Counted.INPUT), sums.get(Counted.CACHED), sums.get(Counted.OUTPUT))
    if Counted.REQUESTS in sums:
        counts[Unit.REQUESTS] = sums[Counted.REQUESTS]
    return UsageEvent(
        id_hash=hashed("meter", *sorted(proofs)),
        time=time,
        provider=origin.provider,
        model=origin.model,
        service=origin.service,
        operation=origin.operation,
        counts=counts,
        source=origin.source,
        authority=authority,
    )
