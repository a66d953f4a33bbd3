"""Whatever is sent, in whatever order and how often: an answer that is meant, nothing without a token, a call once."""

from __future__ import annotations

import gzip
import json
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from monitor.core.activity import Unit
from monitor.core.interval import HOUR
from monitor.core.units import Duration
from monitor.intake.metering import advance, readings_of
from monitor.intake.otlp_protobuf import points
from monitor.intake.spool import Cursor, Spool
from monitor.intake.store import Batch
from monitor.intake.usage import Arrival
from tests.fixtures.intake import NOW, SECOND, event, sample
from tests.fixtures.intake.door import EVENT, EVENTS, JSON, PATHS, PROTOBUF, Sender, sender
from tests.fixtures.intake.otlp import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.core.activity import Taken

MEANT = {200, 413, 415, 422, 429}
"""Statuses of an answer to who has a token. What the disk can't take (503) or the line (408) is tested by itself."""
SAMPLES = [
    sample(name) for name in ("litellm_calls.json", "litellm_traces.pb", "litellm_metrics.pb", "otlp_trace.json")
]
KINDS = [EVENT, EVENTS, JSON, PROTOBUF, {"content-type": "application/x-ndjson"}, {"content-type": "text/plain"}, {}]

words = st.sampled_from(
    [
        *("id", "source", "type", "specversion", "data", "data_base64", "time", "service", "usage", "prompt_tokens"),
        *(
            "completion_tokens",
            "input_tokens",
            "output_tokens",
            "model",
            "metadata",
            "usage_object",
            "endTime",
            "status",
        ),
        *("resourceSpans", "scopeSpans", "spans", "attributes", "key", "value", "intValue", "stringValue", "traceId"),
        *(
            "resourceMetrics",
            "scopeMetrics",
            "metrics",
            "name",
            "sum",
            "dataPoints",
            "asInt",
            "gen_ai.usage.input_tokens",
        ),
        *("1.0", "eu.empreinte.usage.v1", "gen_ai.client.token.usage", "litellm_call_id", "response", "call_type"),
    ]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | words
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=5), inner, max_size=5),
    max_leaves=25,
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a real body with some bytes changed, and its end cut off."""
    body = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(0, 8))):
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    return bytes(body[: draw(st.integers(0, len(body)))]) if draw(st.booleans()) else bytes(body)


@st.composite
def replaced(draw: st.DrawFn) -> bytes:
    """Return a real body in JSON with one of its values, somewhere, replaced."""
    content = json.loads(draw(st.sampled_from([SAMPLES[0], SAMPLES[3]])))
    place: Any = content
    while isinstance(place, dict | list) and place:
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if draw(st.booleans()) or not isinstance(place[key], dict | list) or not place[key]:
            place[key] = draw(trees)
            break
        place = place[key]
    return json.dumps(content).encode()


bodies = st.binary(max_size=300) | trees.map(lambda tree: json.dumps(tree).encode()) | damaged() | replaced()
headers = st.builds(
    lambda kind, more: {**kind, **more},
    st.sampled_from(KINDS),
    st.dictionaries(
        st.sampled_from(["ce-id", "ce-source", "ce-type", "ce-specversion", "ce-time", "content-encoding"]),
        st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20) | words,
        max_size=6,
    ),
)


@contextmanager
def doors() -> Iterator[Sender]:
    with tempfile.TemporaryDirectory() as name, sender(Path(name)) as door:
        yield door


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(PATHS), headers, bodies, st.booleans()), min_size=10, max_size=10))
def test_whatever_is_sent_gets_an_answer_that_is_meant(sent: list[tuple[str, dict[str, str], bytes, bool]]) -> None:
    with doors() as door:
        for path, fields, body, packed in sent:
            content = gzip.compress(body) if packed else body
            answer = door.post(path, content, fields, {"content-encoding": "gzip"} if packed else {})
            assert answer.status_code in MEANT
            if answer.status_code != 200:
                assert len(answer.json()["error"]) < 500


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(PATHS), headers, bodies), min_size=10, max_size=10), st.text(max_size=40))
def test_without_the_token_nothing_is_written(sent: list[tuple[str, dict[str, str], bytes]], guess: str) -> None:
    with doors() as door:
        for path, fields, body in sent:
            offered = {"authorization": "Bearer " + guess.encode("ascii", "ignore").decode()}
            assert door.post(path, body, fields, offered, token=False).status_code == 401
        assert door.spool.standing.remembered == 0


class Books(RuleBasedStateMachine):
    """Senders that repeat themselves, books that are written or not, and a daemon that ends at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.path = Path(self.stack.enter_context(tempfile.TemporaryDirectory())) / "events.db"
        self.sent: set[int] = set()
        self.booked: list[int] = []
        self.cursor = ""
        """What the ledger holds: it is written together with `booked`."""

    @initialize()
    def begin(self) -> None:
        self.spool = Spool(self.path, (), lambda: NOW, Duration(3600 * SECOND)).__enter__()

    @rule(numbers=st.lists(st.integers(0, 30), min_size=1, max_size=5))
    def send(self, numbers: list[int]) -> None:
        batch = Batch(tuple(event(str(number), model=f"model-{number}") for number in numbers), (), NOW)
        outcome = self.spool.submit(batch).result(timeout=60)
        assert outcome.accepted == len(set(numbers) - self.sent)
        self.sent |= set(numbers)

    @rule(limit=st.integers(1, 10), written=st.booleans(), said=st.booleans())
    def book(self, limit: int, written: bool, said: bool) -> None:
        taken = self.spool.take(Cursor.of(self.cursor), HOUR, limit=limit)
        if written:
            self.booked += self.named(taken)
            self.cursor = taken.cursor
            if said:
                self.spool.acknowledge(Cursor.of(taken.cursor))

    def named(self, taken: Taken) -> list[int]:
        """Return the numbers of the events that were taken: each has a model of its own, and counts one request."""
        requests = (one for one in taken.sums if one.series.unit is Unit.REQUESTS)
        return [int(one.series.model.removeprefix("model-")) for one in requests for _ in range(one.amount)]

    @rule()
    def begin_again(self) -> None:
        self.spool.__exit__()
        self.begin()

    @invariant()
    def nothing_twice(self) -> None:
        assert len(self.booked) == len(set(self.booked))

    def teardown(self) -> None:
        while (taken := self.spool.take(Cursor.of(self.cursor), HOUR, limit=7)).sums:
            self.booked += self.named(taken)
            self.cursor = taken.cursor
        assert sorted(self.booked) == sorted(self.sent)
        self.spool.__exit__()
        self.stack.close()


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 1000), min_size=1, max_size=5), min_size=1, max_size=4),
    st.randoms(use_true_random=False),
)
def test_exports_that_come_twice_or_late_add_up_to_what_the_meters_reached(runs: list[list[int]], random: Any) -> None:
    exports = []
    for instance, increments in enumerate(runs):
        start = NOW - 100 * SECOND + instance
        for place in range(len(increments)):
            value = sum(increments[: place + 1])
            said = {"name": "gen_ai.client.inference.usage.output_tokens", "value": value, "start": start}
            exports.append(metrics([{**said, "time": NOW - 50 + place}]).SerializeToString())
    sent = exports + random.sample(exports, len(exports) // 2)
    random.shuffle(sent)
    known: dict[str, int] = {}
    total = 0
    for body in sent:
        events, values = advance(readings_of(points(body), Arrival(NOW)).readings, known, NOW - 200 * SECOND)
        known |= values
        total += sum(one.counts[Unit.OUTPUT_TOKENS] for one in events)
    assert total == sum(sum(increments) for increments in runs)
