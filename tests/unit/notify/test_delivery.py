"""Couriers on their own threads, a real queue, a real receiver; only pauses are made shorter."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from monitor.bus import Bus
from monitor.config import NotifyTable
from monitor.core.delivery import FEWEST_FAILURES, GIVEN_UP_AFTER
from monitor.core.events import CollectorRecovered, Event, GapFound, HandlerFailed, ServiceDisappeared
from monitor.core.interval import Interval, Stamp
from monitor.notify.delivery import LetterCourier, Notifier
from monitor.notify.outbox import FILE, Letter, Outbox
from monitor.notify.posting import Poster
from tests.parts.loopback import free_port, wait_until
from tests.parts.receiver import Receiver, Verdict
from tests.unit.collectors.test_http import _certified

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_proxy")

NOW = 1_795_557_600 * 10**9
SOURCE = "/ia-01"


class Pauses:
    """Notes for how long a courier wants to wait, and lets it go on after a moment."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._never = threading.Event()

    def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._never.wait(0.01)


def event(number: int) -> Event:
    return CollectorRecovered(at=Stamp(NOW + number, number), collector="rapl")


def letter(number: int, url: str, made: int = NOW) -> Letter:
    return Letter(url, f"id-{number}", f'{{"id":"id-{number}"}}', made)


def courier(
    url: str, path: Path, pauses: Callable[[float], object], now: int = NOW, table: NotifyTable | None = None
) -> LetterCourier:
    sender = Poster(table or NotifyTable(url=url))
    return LetterCourier(url, path, lambda: now, sender, luck=lambda: 1.0, wait=pauses)


def waiting(path: Path, url: str) -> int:
    with Outbox(path) as outbox:
        return outbox.standing(url).waiting


def test_while_the_receiver_fails_the_order_is_kept_and_the_pauses_grow(tmp_path: Path) -> None:
    pauses, path = Pauses(), tmp_path / FILE
    with Receiver(lambda number: Verdict(503 if number < 4 else 204)) as receiver:
        with Outbox(path) as outbox:
            outbox.put([letter(number, receiver.url) for number in range(3)])
        with courier(receiver.url, path, pauses):
            wait_until(lambda: len(receiver.taken) == 3, what="three events")
            wait_until(lambda: waiting(path, receiver.url) == 0, what="an empty queue")
    assert [told.id for told in receiver.asked] == ["id-0"] * 5 + ["id-1", "id-2"]
    assert pauses.asked == [5, 10, 20, 40]
    with Outbox(path) as outbox:
        assert outbox.standing(receiver.url).delivered == 3


def test_the_receiver_is_left_alone_for_as_long_as_it_asks(tmp_path: Path) -> None:
    pauses, path = Pauses(), tmp_path / FILE
    with Receiver(lambda number: Verdict(429, {"Retry-After": "123"}) if number < 1 else Verdict()) as receiver:
        with Outbox(path) as outbox:
            outbox.put([letter(1, receiver.url)])
        with courier(receiver.url, path, pauses):
            wait_until(lambda: receiver.ids == ["id-1"], what="the event")
    assert pauses.asked == [123]


def test_what_is_refused_for_good_does_not_keep_the_next_one_waiting(tmp_path: Path) -> None:
    pauses, path = Pauses(), tmp_path / FILE
    with Receiver(lambda number: Verdict(422 if number == 0 else 204)) as receiver:
        with Outbox(path) as outbox:
            outbox.put([letter(1, receiver.url), letter(2, receiver.url)])
        with courier(receiver.url, path, pauses):
            wait_until(lambda: receiver.ids == ["id-2"], what="the second event")
    assert pauses.asked == []
    with Outbox(path) as outbox:
        (dead,) = outbox.dead()
    assert (dead.attempts, dead.at, dead.error) == (1, NOW, "127.0.0.1 answers with status 422")
    assert "secret-path" not in dead.address


def test_what_waited_for_days_is_given_up_but_not_at_the_first_failures(tmp_path: Path) -> None:
    pauses, path = Pauses(), tmp_path / FILE
    url = f"http://127.0.0.1:{free_port()}/"
    old = NOW - GIVEN_UP_AFTER.nanoseconds - 1
    with Outbox(path) as outbox:
        outbox.put([letter(1, url, old), letter(2, url, old), letter(3, url, old + 2)])
    with courier(url, path, pauses):
        wait_until(lambda: waiting(path, url) == 1, what="two that are given up")
    assert len(pauses.asked) >= FEWEST_FAILURES - 1
    with Outbox(path) as outbox:
        assert [(one.body, one.error) for one in outbox.dead()] == [
            ('{"id":"id-1"}', "127.0.0.1 can't be reached"),
            ('{"id":"id-2"}', "127.0.0.1 can't be reached"),
        ]
        assert outbox.dead()[0].attempts == FEWEST_FAILURES


def test_trouble_and_its_end_are_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / FILE
    with (
        caplog.at_level(logging.INFO, "monitor.notify"),
        Receiver(lambda number: Verdict(500 if number < 3 else 204)) as receiver,
    ):
        with Outbox(path) as outbox:
            outbox.put([letter(1, receiver.url)])
        with courier(receiver.url, path, Pauses()):
            wait_until(lambda: any("again" in line for line in caplog.messages), what="the end of the trouble")
    address = receiver.url.removesuffix("/secret-path")
    assert caplog.messages == [
        f"events can't be told to {address}: 127.0.0.1 answers with status 500; they are kept",
        f"events can be told to {address} again",
    ]


def test_a_stop_does_not_wait_for_the_end_of_a_pause(tmp_path: Path) -> None:
    path = tmp_path / FILE
    url = f"http://127.0.0.1:{free_port()}/"
    with Outbox(path) as outbox:
        outbox.put([letter(1, url)])
    with LetterCourier(url, path, lambda: NOW, Poster(NotifyTable(url=url)), luck=lambda: 1.0):
        wait_until(lambda: bool(_error(path, url)), what="the first failure")
    assert "webhook" not in [thread.name for thread in threading.enumerate()]


def test_a_stop_just_before_the_queue_is_looked_at_is_heard(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/"
    stopped = LetterCourier(url, tmp_path / FILE, lambda: NOW, Poster(NotifyTable(url=url)))

    def step() -> None:
        with Outbox(tmp_path / FILE) as outbox:
            stopped._step(outbox)

    # the thread had asked whether it is to stop, and was told so before it went on
    stopped.stop()
    thread = threading.Thread(target=step, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def _error(path: Path, url: str) -> str:
    with Outbox(path) as outbox:
        return outbox.standing(url).error


def test_who_is_not_trusted_is_told_nothing_and_who_is_configured_is_trusted(tmp_path: Path) -> None:
    context, authority = _certified(tmp_path)
    path, pauses = tmp_path / FILE, Pauses()
    with Receiver(context=context) as receiver:
        with Outbox(path) as outbox:
            outbox.put([letter(1, receiver.url)])
        with courier(receiver.url, path, pauses):
            wait_until(lambda: "is not trusted" in _error(path, receiver.url), what="the refusal")
        assert receiver.asked == []
        with courier(receiver.url, path, pauses, table=NotifyTable(url=receiver.url, certificates=authority)):
            wait_until(lambda: receiver.ids == ["id-1"], what="the event")


def test_each_is_told_what_it_asked_for_and_none_waits_for_another(tmp_path: Path) -> None:
    gap = GapFound(at=Stamp(NOW, 1), resource="package", interval=Interval(0, 1), cause="reboot")
    gone = ServiceDisappeared(at=Stamp(NOW, 1), service="assistant")
    with Receiver(lambda _: Verdict(silent=True)) as silent, Receiver() as gaps, Receiver() as everything:
        tables = [
            NotifyTable(url=silent.url),
            NotifyTable(url=gaps.url, events=("gap_*",)),
            NotifyTable(url=everything.url),
        ]
        with Notifier(tables, tmp_path, SOURCE, lambda: NOW, simulated=True) as notifier:
            Bus([notifier]).publish([gap, gone])
            wait_until(lambda: len(gaps.taken) == 1 and len(everything.taken) == 2, what="all events")
            silent.stopping.set()
    assert [told.event["type"] for told in gaps.taken] == ["eu.empreinte.gap_found.v1"]
    assert [told.event["type"] for told in everything.taken] == [
        "eu.empreinte.gap_found.v1",
        "eu.empreinte.service_disappeared.v1",
    ]
    assert everything.taken[0].event["simulated"] is True
    assert everything.taken[0].event["source"] == SOURCE


def test_a_new_event_wakes_who_sleeps(tmp_path: Path) -> None:
    with Receiver() as receiver, Notifier([NotifyTable(url=receiver.url)], tmp_path, SOURCE, lambda: NOW) as notifier:
        bus = Bus([notifier])
        for number in range(5):
            bus.publish([event(number)])
            wait_until(lambda count=number + 1: len(receiver.taken) == count, what="the event", every=0.005)  # type: ignore[misc] # mypy does not see the default


def test_where_the_disk_is_full_nothing_is_lost_and_the_others_hear_of_it_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Neighbour:
        name = "neighbour"

        def __init__(self) -> None:
            self.heard: list[Event] = []

        def handle(self, one: Event) -> None:
            self.heard.append(one)

    neighbour = Neighbour()
    with Receiver() as receiver, Notifier([NotifyTable(url=receiver.url)], tmp_path, SOURCE, lambda: NOW) as notifier:
        bus = Bus([notifier, neighbour])
        with Outbox(tmp_path / FILE) as outbox:
            outbox._database.execute(
                "CREATE TRIGGER full BEFORE INSERT ON letters BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
            with caplog.at_level(logging.CRITICAL):
                for number in range(3):
                    bus.publish([event(number)])
            outbox._database.execute("DROP TRIGGER full")
        bus.publish([])
        wait_until(lambda: len(receiver.taken) == 4, what="all events, and the news of the failure")
    failures = [one for one in neighbour.heard if isinstance(one, HandlerFailed)]
    assert [(one.handler, one.error) for one in failures] == [("webhooks", "full")]


def test_what_arrived_and_could_not_be_noted_is_told_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, pauses = tmp_path / FILE, Pauses()
    with Receiver() as receiver, Outbox(path) as outbox:
        outbox.put([letter(1, receiver.url)])
        outbox._database.execute("CREATE TRIGGER full BEFORE DELETE ON letters BEGIN SELECT RAISE(ABORT, 'full'); END")
        with courier(receiver.url, path, pauses):
            wait_until(lambda: len(receiver.taken) > 2, what="the event, again and again")
            outbox._database.execute("DROP TRIGGER full")
            wait_until(lambda: waiting(path, receiver.url) == 0, what="an empty queue")
    assert set(receiver.ids) == {"id-1"}
    assert set(pauses.asked) == {60.0}
    assert caplog.messages == ["the queue of webhooks can't be used: full; it is tried again each minute"]


@pytest.mark.parametrize(("committed", "count"), [(NOW + 7, 1), (NOW + 6, 0)])
def test_an_end_between_the_commit_and_the_telling_takes_nothing(tmp_path: Path, committed: int, count: int) -> None:
    with Receiver() as receiver:
        tables = [NotifyTable(url=receiver.url)]
        with Notifier(tables, tmp_path, SOURCE, lambda: NOW) as ended:
            Bus([ended]).hold([event(1)], Stamp(NOW + 7, 7))
        assert receiver.asked == []
        with Notifier(tables, tmp_path, SOURCE, lambda: NOW, committed=committed) as notifier:
            Bus([notifier]).publish([event(2)])
            wait_until(lambda: len(receiver.taken) == count + 1, what="the event that was held, and the next")
    assert [told.event["time"][-4:] for told in receiver.taken] == ["000Z"] * (count + 1)


def test_what_was_held_is_told_once(tmp_path: Path) -> None:
    with Receiver() as receiver, Notifier([NotifyTable(url=receiver.url)], tmp_path, SOURCE, lambda: NOW) as notifier:
        bus = Bus([notifier])
        for _ in range(2):  # the first commit fails, the second does not
            bus.hold([event(1)], Stamp(NOW, 1))
        assert receiver.asked == []
        bus.publish([event(1)])
        bus.publish([event(2)])
        wait_until(lambda: len(receiver.taken) == 2, what="two events")
    assert len(set(receiver.ids)) == 2


def test_without_anybody_to_tell_there_is_no_file(tmp_path: Path) -> None:
    with Notifier([], tmp_path, SOURCE, lambda: NOW) as notifier:
        Bus([notifier]).publish([event(1)])
    assert list(tmp_path.iterdir()) == []
