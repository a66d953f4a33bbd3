from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from monitor.core.activity import Authority, Unit
from monitor.intake import otlp_json, otlp_protobuf
from monitor.intake.metering import advance, readings_of
from monitor.intake.usage import MOST_EVENTS, Arrival, TooMuchError, UsageEvent
from tests.fixtures.intake import ARRIVAL, NOW, SECOND, sample, totals
from tests.fixtures.intake.otlp import DELTA, as_json, metrics

BEFORE = NOW - 3600 * SECOND
"""Somebody listened already."""
IN = {"name": "gen_ai.client.inference.usage.input_tokens", "value": 100}
OUT = {"name": "gen_ai.client.inference.usage.output_tokens", "value": 20}
CACHED = {"name": "gen_ai.client.inference.usage.cache_read.input_tokens", "value": 60}
CALLS = {"name": "gen_ai.client.inference.duration", "kind": "histogram", "value": 1.5, "count": 2}


class Listener:
    """Keeps what is known of series."""

    def __init__(self, floor: int = BEFORE) -> None:
        self.known: dict[str, int] = {}
        self.floor = floor

    def hears(self, *series: dict[str, Any], resource: dict[str, object] | None = None) -> list[UsageEvent]:
        """Return what came on top; protobuf and JSON have to say the same."""
        request = metrics(series, resource)
        readings = readings_of(otlp_protobuf.points(request.SerializeToString()), ARRIVAL).readings
        others = readings_of(otlp_json.points(as_json(request)), ARRIVAL).readings
        events, values = advance(readings, self.known, self.floor)
        assert [event.counts for event in advance(others, {}, self.floor)[0]] == [
            event.counts for event in advance(readings, {}, self.floor)[0]
        ]
        self.known |= values
        return events


def usage(value: int, kind: str) -> dict[str, Any]:
    """Return a point of the metric that the second generation has."""
    said = {"gen_ai.token.type": kind, "gen_ai.request.model": "small", "gen_ai.system": "openai"}
    return {"name": "gen_ai.client.token.usage", "kind": "histogram", "value": float(value), "attributes": said}


def test_what_a_real_gateway_sent_is_counted() -> None:
    readings = readings_of(otlp_protobuf.points(sample("litellm_metrics.pb")), ARRIVAL).readings
    events, known = advance(readings, {}, BEFORE)
    assert totals(events) == {Unit.REQUESTS: 2, Unit.INPUT_TOKENS: 48, Unit.OUTPUT_TOKENS: 25}
    (event,) = events
    assert (event.provider, event.model, event.source) == ("openai", "small", "litellm")
    assert (event.authority, event.time) == (Authority.GATEWAY, 1_795_462_350_527_199_483)
    assert len(known) == 6
    assert advance(readings, known, BEFORE) == ([], known)


def test_what_comes_again_counts_once_and_what_comes_on_top_counts() -> None:
    listener = Listener()
    assert totals(listener.hears(IN, OUT)) == {Unit.INPUT_TOKENS: 100, Unit.OUTPUT_TOKENS: 20}
    assert listener.hears(IN, OUT) == []
    assert totals(listener.hears({**IN, "value": 130}, {**OUT, "value": 21})) == {
        Unit.INPUT_TOKENS: 30,
        Unit.OUTPUT_TOKENS: 1,
    }


def test_a_series_that_began_before_anybody_listened_tells_nothing_at_first() -> None:
    listener = Listener(floor=NOW - 60 * SECOND)
    assert listener.hears(OUT) == []
    assert totals(listener.hears({**OUT, "value": 25})) == {Unit.OUTPUT_TOKENS: 5}


def test_a_series_that_began_anew_counts_from_nothing() -> None:
    listener = Listener()
    listener.hears(OUT)
    assert totals(listener.hears({**OUT, "value": 7, "start": NOW - SECOND})) == {Unit.OUTPUT_TOKENS: 7}


def test_an_older_export_that_comes_late_counts_nothing() -> None:
    listener = Listener()
    listener.hears({**OUT, "value": 50})
    assert listener.hears({**OUT, "value": 20}) == []
    assert totals(listener.hears({**OUT, "value": 51})) == {Unit.OUTPUT_TOKENS: 1}


def test_two_processes_that_tell_the_same_are_told_apart() -> None:
    listener = Listener()
    for instance in ("a", "b"):
        resource: dict[str, object] = {"service.name": "litellm", "service.instance.id": instance}
        assert totals(listener.hears(OUT, resource=resource)) == {Unit.OUTPUT_TOKENS: 20}
    assert listener.hears(OUT, resource={"service.instance.id": "b", "service.name": "litellm"}) == []


def test_what_was_computed_is_what_no_cache_had() -> None:
    listener = Listener()
    (event,) = listener.hears(IN, CACHED, OUT, CALLS)
    assert event.counts == {
        Unit.INPUT_TOKENS: 100,
        Unit.COMPUTED_INPUT_TOKENS: 40,
        Unit.OUTPUT_TOKENS: 20,
        Unit.REQUESTS: 2,
    }
    (more,) = listener.hears({**IN, "value": 110}, CACHED, OUT, CALLS)
    assert more.counts == {Unit.INPUT_TOKENS: 10, Unit.COMPUTED_INPUT_TOKENS: 10}


def test_the_second_generation_tells_by_an_attribute() -> None:
    assert totals(Listener().hears(usage(24, "input"), usage(20, "output"), usage(9, "weird"))) == {
        Unit.INPUT_TOKENS: 24,
        Unit.OUTPUT_TOKENS: 20,
    }


def test_of_metrics_that_count_the_same_one_is_believed_and_the_others_are_followed() -> None:
    per_call = {"name": "gen_ai.client.inference.operation.output_tokens", "kind": "histogram", "value": 20.0}
    listener = Listener()
    both = [OUT, per_call, usage(20, "output")]
    assert totals(listener.hears(*both)) == {Unit.OUTPUT_TOKENS: 20}
    assert totals(listener.hears(usage(23, "output"))) == {Unit.OUTPUT_TOKENS: 3}


def test_an_exponential_histogram_is_a_histogram() -> None:
    calls = {**CALLS, "kind": "exponential_histogram", "name": "gen_ai.client.operation.duration"}
    assert totals(Listener().hears(calls)) == {Unit.REQUESTS: 2}


def test_calls_that_failed_and_those_of_agents_are_no_requests() -> None:
    failed = {**CALLS, "attributes": {"error.type": "timeout"}}
    agent = {**OUT, "attributes": {"gen_ai.operation.name": "invoke_agent"}}
    assert Listener().hears(failed, agent) == []


def test_a_server_speaks_with_its_own_authority() -> None:
    (event,) = Listener().hears({**CALLS, "name": "gen_ai.server.request.duration"})
    assert event.authority is Authority.SERVER


def test_increments_are_taken_as_they_are_and_known_by_their_time() -> None:
    listener = Listener(floor=NOW)
    first = listener.hears({**OUT, "temporality": DELTA})
    assert totals(first) == {Unit.OUTPUT_TOKENS: 20}
    assert listener.known == {}
    assert [event.id_hash for event in listener.hears({**OUT, "temporality": DELTA})] == [first[0].id_hash]
    (later,) = listener.hears({**OUT, "temporality": DELTA, "time": NOW - SECOND})
    assert later.id_hash != first[0].id_hash


def test_other_metrics_and_values_that_do_not_add_up_are_stepped_over() -> None:
    other = {"name": "http.server.request.duration", "kind": "histogram", "value": 1.0}
    assert Listener().hears(other, {**OUT, "temporality": 0}) == []


def test_models_are_told_apart() -> None:
    large = {**OUT, "value": 5, "attributes": {"gen_ai.request.model": "large"}}
    events = Listener().hears(OUT, large)
    assert {event.model: event.counts[Unit.OUTPUT_TOKENS] for event in events} == {"small": 20, "large": 5}


@pytest.mark.parametrize(
    "changes", [{"value": -1}, {"value": 10**13}, {"value": float("nan")}, {"value": float("inf")}, {"time": NOW * 2}]
)
def test_what_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    request = metrics([{**OUT, **changes}])
    for points in (otlp_protobuf.points(request.SerializeToString()), otlp_json.points(as_json(request))):
        found = readings_of(points, ARRIVAL)
        assert (found.readings, [place for place, _ in found.refused]) == ((), [0])


def test_a_wrong_point_does_not_take_the_others_with_it() -> None:
    request = metrics([IN, {**CALLS, "value": math.nan, "time": 1}, {**OUT, "value": math.nan}, CALLS])
    found = readings_of(otlp_protobuf.points(request.SerializeToString()), Arrival(NOW, oldest=2))
    assert [reading.counted.value for reading in found.readings] == ["input", "requests"]
    assert [place for place, _ in found.refused] == [1, 2]


def test_a_metric_that_is_refused_gives_way_to_the_next_that_says_the_same() -> None:
    request = metrics([{**OUT, "value": math.nan}, {**OUT, "name": "gen_ai.client.inference.operation.output_tokens"}])
    (event,) = advance(readings_of(otlp_protobuf.points(request.SerializeToString()), ARRIVAL).readings, {}, BEFORE)[0]
    assert event.counts == {Unit.OUTPUT_TOKENS: 20}


def test_there_is_an_end_to_points() -> None:
    (point,) = otlp_protobuf.points(metrics([IN]).SerializeToString())
    assert len(readings_of(itertools.repeat(point, MOST_EVENTS), ARRIVAL).readings) == MOST_EVENTS
    with pytest.raises(TooMuchError):
        readings_of(itertools.repeat(point), ARRIVAL)


def test_a_beginning_in_the_future_is_no_later_than_now() -> None:
    request = metrics([{**OUT, "start": 2**64 - 1}]).SerializeToString()
    (reading,) = readings_of(otlp_protobuf.points(request), Arrival(NOW, "assistant")).readings
    assert (reading.start, reading.owner[0].service) == (NOW, "assistant")
