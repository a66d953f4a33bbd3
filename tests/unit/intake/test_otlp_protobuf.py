from __future__ import annotations

import pytest
from google.protobuf.descriptor import FieldDescriptor
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2

from monitor.intake import otlp_protobuf as ours
from monitor.intake.otlp import WANTED
from monitor.intake.usage import RefusedError, TooMuchError
from monitor.intake.wire import MOST_FIELDS, blob, data, double, signed, text, whole
from tests.fixtures.intake import sample
from tests.fixtures.intake.otlp import traces

READERS = {
    text: {FieldDescriptor.TYPE_STRING},
    blob: {FieldDescriptor.TYPE_BYTES},
    data: {FieldDescriptor.TYPE_MESSAGE},
    whole: {FieldDescriptor.TYPE_FIXED64, FieldDescriptor.TYPE_ENUM},
    signed: {FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_SFIXED64},
    double: {FieldDescriptor.TYPE_DOUBLE},
    bool: {FieldDescriptor.TYPE_BOOL},
}


@pytest.mark.parametrize(
    ("message", "readers", "names"),
    [
        (
            trace_pb2.Span,
            ours.SPAN,
            ["trace_id", "span_id", "parent_span_id", "name", "start_time_unix_nano", "end_time_unix_nano", "status"],
        ),
        (trace_pb2.Status, ours.STATUS, ["code"]),
        (metrics_pb2.Metric, ours.METRIC, ["name", "sum", "histogram", "exponential_histogram"]),
        (metrics_pb2.Sum, ours.POINTS, ["aggregation_temporality"]),
        (metrics_pb2.Histogram, ours.POINTS, ["aggregation_temporality"]),
        (metrics_pb2.ExponentialHistogram, ours.POINTS, ["aggregation_temporality"]),
        (KeyValue, ours.PAIR, ["key", "value"]),
        (AnyValue, ours.VALUE, ["string_value", "bool_value", "int_value", "double_value"]),
        (metrics_pb2.NumberDataPoint, ours.KINDS[7].value, ["as_double", "as_int"]),
        (metrics_pb2.HistogramDataPoint, ours.KINDS[9].value, ["sum"]),
        (metrics_pb2.ExponentialHistogramDataPoint, ours.KINDS[10].value, ["sum"]),
    ],
)
def test_the_numbers_and_kinds_of_fields_are_opentelemetry_s(
    message: type, readers: ours.Readers, names: list[str]
) -> None:
    described = message.DESCRIPTOR.fields_by_name  # type: ignore[attr-defined]
    assert {described[name].number for name in names} == set(readers)
    for name in names:
        assert described[name].type in READERS[readers[described[name].number]]


@pytest.mark.parametrize(
    ("message", "name", "number"),
    [
        (ExportTraceServiceRequest, "resource_spans", ours.FIRST),
        (ExportMetricsServiceRequest, "resource_metrics", ours.FIRST),
        (trace_pb2.ResourceSpans, "resource", ours.FIRST),
        (trace_pb2.ResourceSpans, "scope_spans", ours.INNER),
        (metrics_pb2.ResourceMetrics, "resource", ours.FIRST),
        (metrics_pb2.ResourceMetrics, "scope_metrics", ours.INNER),
        (trace_pb2.ScopeSpans, "spans", ours.INNER),
        (metrics_pb2.ScopeMetrics, "metrics", ours.INNER),
        (metrics_pb2.Sum, "data_points", ours.FIRST),
        (metrics_pb2.Histogram, "data_points", ours.FIRST),
        (metrics_pb2.ExponentialHistogram, "data_points", ours.FIRST),
        (Resource, "attributes", ours.FIRST),
        (trace_pb2.Span, "attributes", ours.SPAN_ATTRIBUTES),
        (metrics_pb2.NumberDataPoint, "attributes", ours.KINDS[7].attributes),
        (metrics_pb2.HistogramDataPoint, "attributes", ours.KINDS[9].attributes),
        (metrics_pb2.ExponentialHistogramDataPoint, "attributes", ours.KINDS[10].attributes),
        (metrics_pb2.HistogramDataPoint, "count", ours.KINDS[9].number),
        (metrics_pb2.ExponentialHistogramDataPoint, "count", ours.KINDS[10].number),
        (metrics_pb2.NumberDataPoint, "start_time_unix_nano", 2),
        (metrics_pb2.HistogramDataPoint, "start_time_unix_nano", 2),
        (metrics_pb2.ExponentialHistogramDataPoint, "start_time_unix_nano", 2),
        (metrics_pb2.NumberDataPoint, "time_unix_nano", 3),
        (metrics_pb2.HistogramDataPoint, "time_unix_nano", 3),
        (metrics_pb2.ExponentialHistogramDataPoint, "time_unix_nano", 3),
    ],
)
def test_the_numbers_of_what_lies_in_one_another_are_opentelemetry_s(message: type, name: str, number: int) -> None:
    assert message.DESCRIPTOR.fields_by_name[name].number == number  # type: ignore[attr-defined]


def test_every_span_of_a_real_body_is_read_as_opentelemetry_reads_it() -> None:
    body = sample("litellm_traces.pb")
    request = ExportTraceServiceRequest.FromString(body)
    theirs = [span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]
    found = list(ours.spans(body))
    assert [(span.name, span.trace_id, span.span_id, span.start, span.end) for span in found] == [
        (span.name, span.trace_id, span.span_id, span.start_time_unix_nano, span.end_time_unix_nano) for span in theirs
    ]
    assert [span.parent_id for span in found] == [span.parent_span_id for span in theirs]
    wanted = [{a.key for a in span.attributes} & WANTED for span in theirs]
    assert [set(span.attributes) for span in found] == wanted


@pytest.mark.parametrize("name", ["litellm_traces.pb", "litellm_metrics.pb"])
def test_a_body_that_is_cut_short_is_refused_or_read_as_far_as_it_goes(name: str) -> None:
    body = sample(name)
    read = ours.spans if "traces" in name else ours.points
    refused = 0
    for length in range(0, len(body), 97):
        try:
            list(read(body[:length]))
        except RefusedError:
            refused += 1
    assert refused > 100


def test_what_is_of_another_kind_is_refused() -> None:
    for body in (b"{}", b"<html>", b"\x0a\x02\x08\x01\x0a\x01\x08", sample("litellm_calls.json")):
        with pytest.raises(RefusedError):
            list(ours.spans(body))


@pytest.mark.parametrize("read", [ours.spans, ours.points])
def test_a_body_of_nothing_but_empty_messages_is_refused(read: object) -> None:
    assert callable(read)
    with pytest.raises(TooMuchError):
        list(read(b"\x0a\x00" * (MOST_FIELDS + 1)))


def test_a_resource_is_read_wherever_it_stands() -> None:
    request = traces([{"attributes": {"gen_ai.usage.input_tokens": 1}}], {"service.name": "late"})
    (described,) = request.resource_spans
    scopes = trace_pb2.ResourceSpans(scope_spans=described.scope_spans).SerializeToString()
    resource = trace_pb2.ResourceSpans(resource=described.resource).SerializeToString()
    joined = scopes + resource
    assert len(joined) < 2**14
    body = b"\x0a" + bytes([len(joined) & 0x7F | 0x80, len(joined) >> 7]) + joined
    (span,) = ours.spans(body)
    assert span.resource == {"service.name": "late"}
