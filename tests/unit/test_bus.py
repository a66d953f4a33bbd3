import logging
from collections.abc import Sequence

import pytest

from monitor.bus import Bus
from monitor.core.events import CollectorRecovered, Event, HandlerFailed
from monitor.core.interval import Stamp


class Listener:
    def __init__(self, name: str) -> None:
        self.name = name
        self.heard: list[Event] = []

    def handle(self, event: Event) -> None:
        self.heard.append(event)


class Broken(Listener):
    def handle(self, event: Event) -> None:
        super().handle(event)
        message = "no"
        raise RuntimeError(message)


EVENT = CollectorRecovered(at=Stamp(1, 1), collector="rapl")
FAILED = HandlerFailed(at=Stamp(1, 1), handler="broken", error="no")


def test_every_subscriber_hears_every_event_in_order() -> None:
    first, second = Listener("first"), Listener("second")
    later = CollectorRecovered(at=Stamp(2, 2), collector="rapl")
    Bus([first, second]).publish([EVENT, later])
    assert first.heard == second.heard == [EVENT, later]


def test_a_failing_subscriber_does_not_stop_its_neighbours(caplog: pytest.LogCaptureFixture) -> None:
    before, broken, after = Listener("before"), Broken("broken"), Listener("after")
    with caplog.at_level(logging.CRITICAL):
        Bus([before, broken, after]).publish([EVENT])
    assert before.heard == after.heard == [EVENT, FAILED]


def test_failing_on_the_news_of_a_failure_is_not_told_again(caplog: pytest.LogCaptureFixture) -> None:
    broken = Broken("broken")
    with caplog.at_level(logging.CRITICAL):
        Bus([broken]).publish([EVENT])
    assert broken.heard == [EVENT, FAILED]


class Gathering(Listener):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.done: list[list[Event]] = []
        self.full = False

    def settle(self) -> None:
        if self.full:
            message = "the disk is full"
            raise OSError(message)
        self.done.append(self.heard)
        self.heard = []


def test_who_gathers_does_its_work_once_for_all_events_of_a_commit() -> None:
    gathering, later = Gathering("queue"), CollectorRecovered(at=Stamp(2, 2), collector="rapl")
    bus = Bus([gathering, Listener("another")])
    bus.publish([EVENT, later])
    bus.publish([])
    assert gathering.done == [[EVENT, later], []]


def test_work_that_fails_is_told_with_the_next_events_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    gathering, neighbour = Gathering("queue"), Gathering("neighbour")
    gathering.full = True
    bus = Bus([gathering, neighbour])
    with caplog.at_level(logging.CRITICAL):
        bus.publish([EVENT])
    gathering.full = False
    bus.publish([])
    failed = HandlerFailed(at=Stamp(1, 1), handler="queue", error="the disk is full")
    assert neighbour.done == [[EVENT], [failed]]
    assert gathering.done == [[EVENT, failed]]


class Holding(Gathering):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.held: list[tuple[list[Event], Stamp]] = []

    def hold(self, events: Sequence[Event], at: Stamp) -> None:
        if self.full:
            message = "the disk is full"
            raise OSError(message)
        self.held.append((list(events), at))


def test_who_holds_events_has_them_before_they_are_told() -> None:
    holding, listener = Holding("queue"), Listener("another")
    Bus([listener, holding]).hold([EVENT], Stamp(9, 9))
    assert holding.held == [([EVENT], Stamp(9, 9))]
    assert (holding.heard, listener.heard) == ([], [])


def test_events_that_cannot_be_held_are_told_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    holding, listener = Holding("queue"), Listener("another")
    holding.full = True
    bus = Bus([holding, listener])
    with caplog.at_level(logging.CRITICAL):
        bus.hold([EVENT], Stamp(9, 9))
        bus.publish([EVENT])
    failed = HandlerFailed(at=Stamp(9, 9), handler="queue", error="the disk is full")
    assert listener.heard == [failed, EVENT]
