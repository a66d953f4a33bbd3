from dataclasses import replace

from monitor.core.interval import Stamp
from monitor.core.units import Duration
from monitor.exposition.prometheus import Exposition
from monitor.web.health import Health
from tests.fixtures.snapshots import ABOUT, NOW, SECOND, at_work, in_trouble, just_started


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0
        self.wall = NOW.wall

    def __call__(self) -> Stamp:
        return Stamp(self.wall, NOW.boot + round(self.seconds * SECOND))


def health() -> tuple[Exposition, Clock, Health]:
    shown, clock = Exposition(ABOUT), Clock()
    return shown, clock, Health(shown, clock, Duration(15 * SECOND))


def test_it_is_alive_while_it_waits_for_the_first_reading_but_not_for_ever() -> None:
    _, clock, state = health()
    assert state.trouble() == ""
    assert state.hindrance() == "nothing was measured yet: ask again in a few seconds"
    clock.seconds = 15
    assert state.trouble() == ""
    clock.seconds = 16
    assert state.trouble() == state.hindrance() == "nothing was measured for 16 s: see the daemon's log"


def test_it_is_ready_once_the_ledger_is_written() -> None:
    shown, _, state = health()
    shown.publish(just_started())
    assert state.trouble() == ""
    assert state.hindrance() == "the ledger was not written yet: ask again in a few seconds"
    shown.publish(at_work())
    assert state.hindrance() == ""


def test_it_is_alive_and_not_ready_while_the_ledger_cannot_be_written() -> None:
    shown, _, state = health()
    shown.publish(in_trouble())
    assert state.trouble() == ""
    assert state.hindrance() == in_trouble().ledger_error


def test_it_is_not_alive_once_nothing_new_is_measured() -> None:
    shown, clock, state = health()
    shown.publish(at_work())
    clock.seconds = 40
    assert state.trouble() == state.hindrance() == "nothing new was measured for 40 s: see the daemon's log"
    shown.publish(replace(at_work(), at=clock()))
    assert state.trouble() == state.hindrance() == ""


def test_the_wall_clock_may_be_set() -> None:
    shown, clock, state = health()
    shown.publish(at_work())
    clock.wall += 86400 * SECOND
    assert state.trouble() == ""
