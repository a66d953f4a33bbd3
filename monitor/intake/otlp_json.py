"""OTLP's requests in JSON, to spans and points.

Source: OpenTelemetry protocol specification 1.5, JSON Protobuf Encoding: names in lowerCamelCase, ids in hexadecimal,
64-bit integers as text. Some senders write ids in base64, as protobuf's own mapping does: both are read.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from monitor.intake.json_body import check, decoded
from monitor.intake.metering import CUMULATIVE, DELTA, METRICS, Described, Point, digest_of
from monitor.intake.otlp import WANTED, Span
from monitor.intake.usage import RefusedError, hashed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from monitor.intake.otlp import Value

Whole: TypeAlias = int | str
"""A 64-bit integer."""

FAILED: Final = frozenset({2, "STATUS_CODE_ERROR"})
TEMPORALITIES: Final = {
    DELTA: DELTA,
    CUMULATIVE: CUMULATIVE,
    "AGGREGATION_TEMPORALITY_DELTA": DELTA,
    "AGGREGATION_TEMPORALITY_CUMULATIVE": CUMULATIVE,
}
LONGEST_NUMBER: Final = 20
_HEXADECIMAL: Final = re.compile(r"(?:[0-9a-fA-F]{2})+")
_TRACE_ID, _SPAN_ID = 16, 8
_END_OF_TIME: Final = 1 << 64


class _Value(msgspec.Struct, rename="camel"):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: Whole | None = None
    double_value: float | str | None = None


class _Pair(msgspec.Struct):
    key: str = ""
    value: msgspec.Raw = msgspec.Raw(b"{}")


class _Resource(msgspec.Struct):
    attributes: list[_Pair] = []


class _Status(msgspec.Struct):
    code: Whole = 0


class _Span(msgspec.Struct, rename="camel"):
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    name: str = ""
    start_time_unix_nano: Whole = 0
    end_time_unix_nano: Whole = 0
    attributes: list[_Pair] = []
    status: _Status | None = None


class _ScopeSpans(msgspec.Struct):
    spans: list[_Span] = []


class _ResourceSpans(msgspec.Struct, rename="camel"):
    resource: _Resource | None = None
    scope_spans: list[_ScopeSpans] = []


class _Traces(msgspec.Struct, rename="camel"):
    resource_spans: list[_ResourceSpans] = []


class _Point(msgspec.Struct, rename="camel"):
    attributes: list[_Pair] = []
    start_time_unix_nano: Whole = 0
    time_unix_nano: Whole = 0
    as_double: float | str | None = None
    as_int: Whole | None = None
    count: Whole | None = None
    sum: float | str | None = None


class _Points(msgspec.Struct, rename="camel"):
    data_points: list[_Point] = []
    aggregation_temporality: Whole = 0


class _Metric(msgspec.Struct, rename="camel"):
    name: str = ""
    sum: _Points | None = None
    histogram: _Points | None = None
    exponential_histogram: _Points | None = None

    @property
    def kinds(self) -> list[_Points]:
        """The one kind of points that it has."""
        return [one for one in (self.sum, self.histogram, self.exponential_histogram) if one is not None]


class _ScopeMetrics(msgspec.Struct):
    metrics: list[_Metric] = []


class _ResourceMetrics(msgspec.Struct, rename="camel"):
    resource: _Resource | None = None
    scope_metrics: list[_ScopeMetrics] = []


class _Metrics(msgspec.Struct, rename="camel"):
    resource_metrics: list[_ResourceMetrics] = []


def spans(body: bytes) -> Iterator[Span]:
    """Yield the spans of an ExportTraceServiceRequest. Raises RefusedError, TooMuchError."""
    check(body)
    for described in decoded(body, _Traces).resource_spans:
        resource = _wanted(described.resource.attributes if described.resource else ())
        for one in (span for scope in described.scope_spans for span in scope.spans):
            yield Span(
                name=one.name,
                trace_id=_id(one.trace_id, _TRACE_ID),
                span_id=_id(one.span_id, _SPAN_ID),
                parent_id=_id(one.parent_span_id, _SPAN_ID),
                start=_moment(one.start_time_unix_nano),
                end=_moment(one.end_time_unix_nano),
                failed=one.status is not None and one.status.code in FAILED,
                attributes=_wanted(one.attributes),
                resource=resource,
            )


def points(body: bytes) -> Iterator[Point]:
    """Yield those points of an ExportMetricsServiceRequest that are of METRICS. Raises as `spans`."""
    check(body)
    places = itertools.count()
    for described in decoded(body, _Metrics).resource_metrics:
        attributes = described.resource.attributes if described.resource else []
        resource, digest = _wanted(attributes), _digest(attributes)
        for scope in described.scope_metrics:
            place = next(places)
            for metric in (metric for metric in scope.metrics if metric.name in METRICS):
                for series in metric.kinds:
                    temporality = TEMPORALITIES.get(series.aggregation_temporality, 0)
                    shared = Described(metric.name, place, temporality, resource, digest)
                    yield from (_point(point, shared) for point in series.data_points)


def _point(point: _Point, described: Described) -> Point:
    value = next((value for value in (point.sum, point.as_double, point.as_int) if value is not None), 0)
    return Point(
        described=described,
        series=hashed(described.metric, described.digest, _digest(point.attributes)),
        start=_moment(point.start_time_unix_nano),
        time=_moment(point.time_unix_nano),
        value=_number(value),
        number=None if point.count is None else _whole(point.count),
        attributes=_wanted(point.attributes),
    )


def _digest(pairs: Iterable[_Pair]) -> str:
    return digest_of(f"{pair.key} ".encode() + bytes(pair.value) for pair in pairs)


def _wanted(pairs: Iterable[_Pair]) -> dict[str, Value]:
    return {pair.key: value for pair in pairs if pair.key in WANTED and (value := _value(pair)) is not None}


def _value(pair: _Pair) -> Value | None:
    read = decoded(pair.value, _Value)
    if read.int_value is not None:
        return _whole(read.int_value)
    if read.double_value is not None:
        return _number(read.double_value)
    return read.bool_value if read.bool_value is not None else read.string_value


def _whole(value: Whole) -> int:
    if isinstance(value, int):
        return value
    if len(value) > LONGEST_NUMBER or re.fullmatch(r"-?[0-9]+", value) is None:
        raise RefusedError("an integer is a number, or its digits as text")
    return int(value)


def _moment(value: Whole) -> int:
    """Return a time in ns since 1970, which has no sign and 64 bits in protobuf."""
    moment = _whole(value)
    if not 0 <= moment < _END_OF_TIME:
        raise RefusedError("a time is a number of nanoseconds since 1970")
    return moment


def _number(value: float | str) -> float:
    """Return a number with a point, which is text where it is none: `NaN`."""
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise RefusedError("a number with a point is a number, or text as protobuf writes it") from None


def _id(text: str, size: int) -> bytes:
    """Return the bytes of an id of *size* bytes."""
    if len(text) in {0, 2 * size} and (not text or _HEXADECIMAL.fullmatch(text)):
        return bytes.fromhex(text)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError("an id is written in hexadecimal, or in base64") from None
