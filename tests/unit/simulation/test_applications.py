from collections import Counter

import pytest

from monitor.core.activity import Unit
from monitor.intake.spool import SpoolError
from monitor.intake.usage import UsageEvent
from monitor.simulation.applications import Applications
from monitor.simulation.townhall import BOUGHT, townhall
from monitor.simulation.world import World

SECOND = 10**9


class Post:
    """Keeps what it is given, or refuses it."""

    def __init__(self) -> None:
        self.events: list[UsageEvent] = []
        self.refuses = False

    def take(self, events: tuple[UsageEvent, ...]) -> None:
        if self.refuses:
            message = "the disk is full"
            raise SpoolError(message)
        self.events += events


@pytest.fixture
def world() -> World:
    return World(townhall(2))


def test_each_call_is_told_once_whoever_looks_however_often() -> None:
    often, seldom = Post(), Post()
    for post, steps in ((often, 100), (seldom, 1)):
        again = World(townhall(2))
        applications = Applications(again)
        applications.send_to(post.take)
        for step in range(1, steps + 1):
            again.advance(step * 2000 * SECOND // steps)
            applications.look()
        told = Counter(event.service for event in post.events)
        for life in again.lives:
            if life.spec.consumer in {"ocr", "transcription"} and life.run and life.spec.work:
                assert told[life.spec.consumer] == life.spec.work.answered(life.run.worked) > 0
    assert len({event.id_hash for event in often.events}) == len(often.events)


def test_the_bought_service_is_asked_as_the_day_goes(world: World) -> None:
    post = Post()
    applications = Applications(world)
    applications.send_to(post.take)
    for step in range(1, 241):
        world.advance(step * 5 * SECOND)
        applications.look()
    bought = [event for event in post.events if event.service == BOUGHT]
    assert 20 < len(bought) < 0.15 * 1200
    assert all(event.counts[Unit.OUTPUT_TOKENS] and event.provider for event in bought)


def test_pages_and_audio_are_told_with_their_call(world: World) -> None:
    post = Post()
    applications = Applications(world)
    applications.send_to(post.take)
    world.advance(2000 * SECOND)
    applications.look()
    counted = {event.service: set(event.counts) for event in post.events}
    assert counted["ocr"] == {Unit.REQUESTS, Unit.PAGES}
    assert counted["transcription"] == {Unit.REQUESTS, Unit.AUDIO_MILLISECONDS}


def test_what_can_not_be_taken_now_is_sent_again(world: World) -> None:
    post = Post()
    applications = Applications(world)
    applications.send_to(post.take)
    post.refuses = True
    world.advance(1500 * SECOND)
    applications.look()
    assert post.events == []
    post.refuses = False
    applications.look()
    assert len({event.id_hash for event in post.events}) == len(post.events) > 0


def test_without_anybody_who_takes_them_events_are_not_kept(world: World) -> None:
    applications = Applications(world)
    world.advance(1500 * SECOND)
    applications.look()
    post = Post()
    applications.send_to(post.take)
    applications.look()
    assert post.events == []
