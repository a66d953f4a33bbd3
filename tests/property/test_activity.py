"""Whatever a server sends for a page of metrics, what is told of it is sound, or why there is nothing."""

import gzip
import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors._activity import LONGEST, MODELS, Table, Told
from collectors._exposition import NoMetricsError, samples_of
from collectors.openmetrics import OpenMetricsCollector
from monitor.collector import Retry
from monitor.core.activity import Unit
from monitor.core.readings import ActivityReading
from tests.fixtures.pages import PAGES, Hosted, read
from tests.parts.grid import Reply

pytestmark = pytest.mark.usefixtures("no_proxy")

TABLE = Table.load()
NAMES = sorted(TABLE.wanted)
SAVED = [path.read_bytes() for path in sorted(PAGES.glob("*.txt"))]

numbers = (
    st.integers().map(str)
    | st.floats().map(repr)
    | st.sampled_from(["NaN", "+Inf", "-Inf", "1e999999999", "5.", ".5", "1_0", "0x1", "", "9" * 400, "²"])
)
label_names = st.sampled_from(["model_name", "model", "finished_reason", "status_code", "kind", "le"]) | st.text(
    max_size=4
)
labels = st.dictionaries(label_names, st.text(max_size=6) | st.sampled_from(["prompt", "200", "stop"]), max_size=3)


@st.composite
def lines(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(NAMES) | st.text(max_size=8))
    inner = ",".join(f"{label}={json.dumps(value)}" for label, value in draw(labels).items())
    return draw(
        st.sampled_from(
            [f"{name}{{{inner}}} ", f"{name} ", f"# TYPE {name} ", f"{name}{{{inner} ", f"{name}{{{inner}}}"]
        )
    ) + draw(numbers | st.text(max_size=6))


made_up = st.lists(lines(), max_size=30).map(lambda made: ("\n".join(made) + "\n").encode(errors="replace"))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a real page, cut, or with something put into it."""
    page = draw(st.sampled_from(SAVED))
    at, length = draw(st.integers(0, len(page))), draw(st.integers(0, 40))
    return page[:at] + draw(st.binary(max_size=20)) + page[at + length :]


bodies = (
    made_up | damaged() | st.binary(max_size=300) | st.text(max_size=200).map(lambda text: json.dumps(text).encode())
)


def judged(body: bytes) -> Told | str:
    """Return what a page says, or the sentence that says why it says nothing."""
    try:
        return TABLE.told(samples_of(body, TABLE.wanted))
    except NoMetricsError as error:
        return str(error)


def looked(collector: OpenMetricsCollector) -> list[ActivityReading] | str:
    """Return what is read, or why nothing is."""
    try:
        return read(collector)
    except Retry as error:
        return str(error)


@given(body=bodies)
def test_a_page_is_counts_or_a_sentence(body: bytes) -> None:
    told = judged(body)
    if isinstance(told, str):
        assert told
        assert "\n" not in told
        return
    assert len({(count.authority, count.model, count.unit) for count in told.counts}) == len(told.counts)
    assert len({count.model for count in told.counts}) <= MODELS
    for count in told.counts:
        assert type(count.value) is int
        assert 0 <= count.value <= count.gross
        assert count.unit in told.units
        assert count.unit is not Unit.ENERGY
        assert len(count.model) <= LONGEST
        assert count.model.isprintable()


@given(page=st.sampled_from(SAVED), extra=made_up)
def test_lines_in_any_other_order_come_to_the_same(page: bytes, extra: bytes) -> None:
    """Nothing depends on the order, nor on what is said in comments but the announcements."""
    one, other = judged(page + extra), judged(extra + page)
    if isinstance(one, str) or isinstance(other, str):
        return
    assert one.kinds == other.kinds
    assert sorted(map(repr, one.counts)) == sorted(map(repr, other.counts))


@pytest.fixture(scope="module")
def host() -> Iterator[Hosted]:
    host = Hosted()
    with host.server:
        yield host


replies = st.builds(
    Reply,
    bodies | bodies.map(gzip.compress),
    st.sampled_from([200, 200, 200, 204, 206, 301, 404, 429, 500]),
    st.fixed_dictionaries({}, optional={"Content-Encoding": st.sampled_from(["gzip", "br", "identity", ""])}),
)


@settings(deadline=None, max_examples=60)
@given(given=st.lists(st.tuples(replies, replies), min_size=1, max_size=4), configured=st.booleans())
def test_the_collector_tells_readings_or_that_it_tries_again(
    host: Hosted, given: list[tuple[Reply, Reply]], configured: bool
) -> None:
    """Of any other failure the daemon would say that it is a defect."""
    host.listed.clear()
    host.add(kind="llama-cpp", configured=configured, started=900)
    collector = host.collector()
    for page, state in given:
        host.replies.update({"/metrics": page, "/props": state})
        rows = looked(collector)
        if isinstance(rows, str):
            assert rows
            assert "\n" not in rows
        else:
            assert len({row.series for row in rows}) == len(rows)
            assert all(row.count >= 0 for row in rows)
    assert len(collector.standing()) == 1
