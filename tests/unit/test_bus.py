import logging

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
