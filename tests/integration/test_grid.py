"""A collector that waits for a server, in the schedule that the daemon runs it in."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors._http import Limits
from collectors.rte import RteCollector
from monitor.clock import SystemClock
from monitor.collector import Grid
from monitor.core.events import CollectionFailed, CollectionSucceeded, Observed
from monitor.core.units import Duration
from monitor.schedule import Charge, Inbox, Sampler, Schedule
from tests.fixtures.grid import recorded
from tests.fixtures.host import host_at
from tests.parts.grid import Asked, GridServer, Reply
from tests.parts.loopback import wait_until

pytestmark = pytest.mark.usefixtures("no_proxy")

SECOND = Duration.from_seconds(1)
LATE = datetime(2026, 6, 10, 23, tzinfo=UTC)


def _slow(server: GridServer, inbox: Inbox, limits: Limits) -> Sampler:
    host = host_at(Path(), grid=Grid(zone="FR", address=server.url))
    charge = Charge("rte", lambda: RteCollector.open(host, limits), slow=True, every=RteCollector.every)
    return Sampler([charge], SystemClock(Path("/proc")), inbox, SECOND, slow=True)


def _silent(_: Asked) -> Reply:
    return Reply(silent=True)


def test_a_stop_waits_no_longer_than_the_collector_may_wait_for_its_server() -> None:
    """The server would say nothing for ever: it stops last."""
    inbox = Inbox()
    with GridServer(_silent, LATE) as server:
        slow = _slow(server, inbox, Limits(read=0.5))
        with Schedule(Sampler([], SystemClock(Path("/proc")), Inbox(), SECOND), [slow], Duration.from_seconds(60)):
            wait_until(lambda: bool(server.asked), what="the first read, at once")
        slow.close()
    (outcome,) = inbox.take(SECOND).outcomes  # type: ignore[union-attr] - nobody wakes it
    assert isinstance(outcome, CollectionFailed)
    assert "did not answer in time" in outcome.why
    assert not outcome.defect


def test_the_fast_ones_are_read_on_while_a_server_says_nothing() -> None:
    ticks = Inbox(room=1000)
    with GridServer(_silent, LATE) as server:
        slow = _slow(server, Inbox(), Limits(read=5))
        with Schedule(Sampler([], SystemClock(Path("/proc")), ticks, SECOND), [slow], Duration.from_seconds(0.05)):
            wait_until(lambda: bool(server.asked), what="the first read, at once")
            for _ in range(5):
                assert isinstance(ticks.take(Duration.from_seconds(20)), Observed)
            server.stopping.set()
        slow.close()


def test_figures_come_to_the_inbox_as_one_outcome_of_the_collector() -> None:
    inbox = Inbox()
    with GridServer(lambda _: Reply.of(recorded("rte-evening")), LATE) as server:
        slow = _slow(server, inbox, Limits())
        slow.sample()
        slow.close()
    (outcome,) = inbox.take(SECOND).outcomes  # type: ignore[union-attr] - nobody wakes it
    assert isinstance(outcome, CollectionSucceeded)
    assert (outcome.collector, len(outcome.readings)) == ("rte", 12)
