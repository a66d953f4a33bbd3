"""OTLP's requests in protobuf, to spans and points. Fields that are not read are stepped over, whatever is in them.

Source: opentelemetry-proto 1.10, trace/v1/trace.proto, metrics/v1/metrics.proto, common/v1/common.proto: the numbers
are those of their fields. The tests hold them against the library that is made of these files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from monitor.intake.metering import METRICS, Described, Point, digest_of
from monitor.intake.otlp import WANTED, Span
from monitor.intake.usage import hashed
from monitor.intake.wire import Wire, blob, data, double, signed, text, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from monitor.intake.otlp import Value
    from monitor.intake.wire import Field

    Readers = Mapping[int, Callable[[Field], Any]]

FIRST: Final = 1
"""The field of a request for its resources, of a resource's message for the resource, of that for its attributes."""
INNER: Final = 2
"""The field of a resource's message for its scopes, of a scope's for its spans or metrics."""
FAILED: Final = 2
"""STATUS_CODE_ERROR."""
SPAN_ATTRIBUTES: Final = 9
SPAN: Final[Readers] = {1: blob, 2: blob, 4: blob, 5: text, 7: whole, 8: whole, 15: data}
STATUS: Final[Readers] = {3: whole}
METRIC: Final[Readers] = {1: text, 7: data, 9: data, 10: data}
POINTS: Final[Readers] = {2: whole}
PAIR: Final[Readers] = {1: text, 2: data}
VALUE: Final[Readers] = {1: text, 2: bool, 3: signed, 4: double}


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which fields a point of one kind has for what is read."""

    attributes: int
    value: Readers
    number: int | None = None


KINDS: Final[Mapping[int, _Kind]] = {
    7: _Kind(7, {4: double, 6: signed}),
    9: _Kind(9, {5: double}, 4),
    10: _Kind(1, {5: double}, 4),
}
"""By the field of a metric: sums, histograms, exponential histograms."""


@dataclass(slots=True)
class _Attributes:
    """Those that are wanted, and all of them as they came, to tell one series from another."""

    wanted: dict[str, Value] = field(default_factory=dict)
    pairs: list[bytes] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """A hash of all of them, in whatever order they came."""
        return digest_of(self.pairs)

    def add(self, wire: Wire, pair: memoryview) -> None:
        """Take *pair*, a key and its value."""
        self.pairs.append(bytes(pair))
        found = _read(wire, pair, PAIR)
        if found.get(1) in WANTED and 2 in found:  # noqa: PLR2004 - field 2, value
            for value in _read(wire, found[2], VALUE).values():
                self.wanted[found[1]] = value


def spans(body: bytes) -> Iterator[Span]:
    """Yield the spans of an ExportTraceServiceRequest. Raises RefusedError, TooMuchError, as `Wire.fields`."""
    wire = Wire()
    for resource, scope in _scopes(wire, body):
        for span in _only(wire, scope, INNER):
            yield _span(wire, span, resource)


def points(body: bytes) -> Iterator[Point]:
    """Yield those points of an ExportMetricsServiceRequest that are of METRICS. Raises as `spans`."""
    wire = Wire()
    for scope, (resource, message) in enumerate(_scopes(wire, body)):
        for metric in _only(wire, message, INNER):
            yield from _points(wire, metric, resource, scope)


def _scopes(wire: Wire, body: bytes) -> Iterator[tuple[_Attributes, memoryview]]:
    for message in _only(wire, memoryview(body), FIRST):
        # the resource may stand after what is its own
        parts = list(wire.fields(message))
        resource = _Attributes()
        for described in (data(part) for number, part in parts if number == FIRST):
            for pair in _only(wire, described, FIRST):
                resource.add(wire, pair)
        yield from ((resource, data(part)) for number, part in parts if number == INNER)


def _span(wire: Wire, message: memoryview, resource: _Attributes) -> Span:
    attributes = _Attributes()
    found = _read(wire, message, SPAN, SPAN_ATTRIBUTES, attributes)
    status = _read(wire, found[15], STATUS) if 15 in found else {}  # noqa: PLR2004 - field 15, status
    return Span(
        name=found.get(5, ""),
        trace_id=found.get(1, b""),
        span_id=found.get(2, b""),
        parent_id=found.get(4, b""),
        start=found.get(7, 0),
        end=found.get(8, 0),
        failed=status.get(3) == FAILED,
        attributes=attributes.wanted,
        resource=resource.wanted,
    )


def _points(wire: Wire, message: memoryview, resource: _Attributes, scope: int) -> Iterator[Point]:
    metric = _read(wire, message, METRIC)
    if metric.get(1) not in METRICS:
        return
    for number, kind in KINDS.items():
        if number in metric:
            temporality = _read(wire, metric[number], POINTS).get(2, 0)
            described = Described(metric[1], scope, temporality, resource.wanted, resource.digest)
            for point in _only(wire, metric[number], FIRST):
                yield _point(wire, point, kind, described)


def _point(wire: Wire, message: memoryview, kind: _Kind, described: Described) -> Point:
    attributes = _Attributes()
    counted: Readers = {} if kind.number is None else {kind.number: whole}
    found = _read(wire, message, {2: whole, 3: whole, **counted, **kind.value}, kind.attributes, attributes)
    return Point(
        described=described,
        series=hashed(described.metric, described.digest, attributes.digest),
        start=found.get(2, 0),
        time=found.get(3, 0),
        value=next((found[one] for one in kind.value if one in found), 0),
        number=None if kind.number is None else found.get(kind.number, 0),
        attributes=attributes.wanted,
    )


def _only(wire: Wire, message: memoryview, wanted: int) -> Iterator[memoryview]:
    return (data(value) for number, value in wire.fields(message) if number == wanted)


def _read(
    wire: Wire, message: memoryview, readers: Readers, pairs: int = 0, attributes: _Attributes | None = None
) -> dict[int, Any]:
    """Return what the *readers* make of the fields of *message*, by number; those numbered *pairs* are *attributes*."""
    found: dict[int, Any] = {}
    for number, value in wire.fields(message):
        if number in readers:
            found[number] = readers[number](value)
        elif attributes is not None and number == pairs:
            attributes.add(wire, data(value))
    return found
