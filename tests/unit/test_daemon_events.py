"""The main loop and the door at which events from outside come in."""

from monitor.core.activity import ActivitySeries, Authority, EventSum, Unit
from tests.unit.test_daemon import NOON, World


def test_events_are_dropped_at_the_door_once_the_ledger_has_what_they_tell() -> None:
    world = World()
    world.tick(0)
    world.shelf.full = True
    tokens = ActivitySeries("a", Authority.EVENTS, "litellm", "small", Unit.OUTPUT_TOKENS)
    world.door.waiting.append(EventSum(tokens, 40, NOON))
    assert ("a", Unit.OUTPUT_TOKENS) not in world.tick(5).activity
    world.tick(10)
    assert (world.door.asked, world.door.dropped) == (["", "file:1", "file:2"], ["file:1"])
    world.shelf.full = False
    snapshot = world.tick(15)
    assert snapshot.activity["a", Unit.OUTPUT_TOKENS] == 40
    assert world.shelf.books[-1].cursor == world.door.dropped[-1] == "file:4"


def test_what_a_service_did_is_counted_where_events_alone_tell_of_it() -> None:
    world = World()
    world.tick(0)
    tokens = ActivitySeries("elsewhere", Authority.EVENTS, "litellm", "small", Unit.OUTPUT_TOKENS)
    world.door.waiting.append(EventSum(tokens, 40, NOON))
    world.period_activity["elsewhere", "small", Unit.OUTPUT_TOKENS, "previous_month"] = 40
    assert world.tick(5).activity["elsewhere", Unit.OUTPUT_TOKENS] == 40
    world.period_activity = {("elsewhere", "small", Unit.OUTPUT_TOKENS, "year"): 40}
    assert not {key for key in world.tick(10).activity if key[0] == "elsewhere"}
