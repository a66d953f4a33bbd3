"""Events on their way to a Grafana: what is queued, what brings it, and what is said of what was lost meanwhile."""

from __future__ import annotations

import json
import logging
import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from monitor.bus import Bus
from monitor.collector import Outgoing
from monitor.config import GrafanaTable
from monitor.config.grafana import MARKED
from monitor.core.delivery import Accepted, Failed
from monitor.core.entries import ServiceFacts
from monitor.core.events import CollectorRecovered, Event, GapFound, HandlerFailed, ServiceAppeared
from monitor.core.interval import HOUR, MINUTE, Interval, Stamp
from monitor.notify.delivery import Notifier
from monitor.notify.marks import KEEP_FOR, MarkCourier, Marks, MarkSender
from monitor.notify.outbox import FILE, Letter, Outbox
from monitor.subscriber import Place
from tests.parts.loopback import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

    from monitor.core.delivery import Standing

NOW = 1_795_557_600 * 10**9
TABLE = GrafanaTable(url="https://grafana.example.org/graphs", annotations=MARKED)
ENDPOINT = "grafana+https://grafana.example.org"
PLACE = Place(url=TABLE.url, token_file=None, language="fr", zone=ZoneInfo("Europe/Paris"))


class Wall:
    """Takes marks; while it is `away`, none."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.asked = 0
        self.events: list[Mapping[str, Any]] = []
        self.places: list[Place] = []

    def __call__(self, place: Place, event: Mapping[str, Any]) -> Accepted | Failed:
        self.asked += 1
        self.places.append(place)
        if self.away:
            return Failed("Grafana can't be reached: start it")
        self.events.append(event)
        return Accepted()

    @property
    def names(self) -> list[str]:
        return [str(event["type"]).split(".")[2] for event in self.events]


def appeared(number: int = 0) -> ServiceAppeared:
    return ServiceAppeared(at=Stamp(NOW + number, number), service=ServiceFacts(key=f"s{number}", name=""))


def gap(length: int) -> GapFound:
    return GapFound(at=Stamp(NOW, 0), resource="dram", interval=Interval(NOW - length, NOW), cause="reboot")


def marks(wall: Wall, table: GrafanaTable = TABLE) -> Marks:
    return Marks(table, Outgoing(), lambda: wall, source="/ia-01", language="fr", zone=ZoneInfo("Europe/Paris"))


def queued(path: Path, *events: Event) -> list[str]:
    with Notifier([], path, "/ia-01", lambda: NOW, posts=[marks(Wall(away=True))]) as notifier:
        for event in events:
            notifier.handle(event)
        notifier.settle()
    with Outbox(path / FILE) as outbox:
        return [json.loads(letter.body)["type"].split(".")[2] for letter in outbox.waiting(ENDPOINT, 100)]


def standing(path: Path) -> Standing:
    with Outbox(path) as outbox:
        return outbox.standing(ENDPOINT)


def test_only_what_is_wanted_is_queued_and_no_gap_that_nobody_would_see(tmp_path: Path) -> None:
    short, long = gap(10 * MINUTE.nanoseconds - 1), gap(10 * MINUTE.nanoseconds)
    other = CollectorRecovered(at=Stamp(NOW, 1), collector="rapl")
    assert queued(tmp_path, short, appeared(), other, long) == ["service_appeared", "gap_found"]


def test_events_are_brought_in_order_and_nothing_is_loaded_before_the_first(tmp_path: Path) -> None:
    wall, loads = Wall(), []
    of = Marks(
        TABLE,
        Outgoing(),
        lambda: loads.append(1) or wall,  # type: ignore[func-returns-value]  # it notes that it was asked
        source="/ia-01",
        language="fr",
        zone=PLACE.zone,
    )
    with Notifier([], tmp_path, "/ia-01", lambda: NOW, posts=[of]) as notifier:
        assert loads == []
        Bus([notifier]).publish(map(appeared, range(3)))
        wait_until(lambda: len(wall.events) == 3, what="three marks")
        wait_until(lambda: standing(tmp_path / FILE).delivered == 3, what="what is noted")
    assert [event["subject"] for event in wall.events] == ["s0", "s1", "s2"]
    assert loads == [1]
    assert (wall.places[0].url, wall.places[0].language) == (TABLE.url, "fr")


def test_it_stands_under_a_name_of_its_own_beside_webhooks(tmp_path: Path) -> None:
    with Notifier([], tmp_path, "/ia-01", lambda: NOW, posts=[marks(Wall())]) as notifier:
        stands = notifier.standing()
    assert stands is not None
    assert [one.address for one in stands] == [ENDPOINT]


def test_while_grafana_is_away_it_is_said_once_and_asked_seldom(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wall, pauses, back = Wall(away=True), [], threading.Event()

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 12:
            wall.away = False
            back.set()

    with Outbox(tmp_path / FILE) as outbox:
        outbox.put([Letter(ENDPOINT, f"{number}", body(number), NOW) for number in range(3)])
    with caplog.at_level(logging.WARNING), courier(wall, tmp_path, wait):
        wait_until(lambda: len(wall.events) == 3, what="all marks")
    assert caplog.text.count("can't be told") == 1
    assert "Grafana can't be reached: start it" in caplog.text
    assert wall.asked == 12 + 3
    assert all(later > 1.9 * before / 2 for before, later in pairwise(pauses) if before < 900)
    assert max(pauses) > HOUR.seconds / 4
    assert standing(tmp_path / FILE).dead == 0


def test_what_found_no_room_is_named_by_one_mark_over_its_time(tmp_path: Path) -> None:
    wall = Wall()
    with Outbox(tmp_path / FILE, room=3) as outbox:
        for number in range(5):
            outbox.put([Letter(ENDPOINT, f"{number}", body(number), NOW + number * 10**9)])
    with courier(wall, tmp_path):
        wait_until(lambda: len(wall.events) == 4, what="three marks, and one of what is lost")
        wait_until(lambda: loss_of(tmp_path) is None, what="a loss that is told")
    assert sorted(wall.names) == ["events_lost", *["service_appeared"] * 3]
    (lost,) = (event for event in wall.events if "lost" in event["type"])
    assert lost["data"] == {
        "count": 2,
        "start": "2026-11-24T22:00:00.000+00:00",
        "end": "2026-11-24T22:00:01.000+00:00",
    }
    assert lost["source"] == "/ia-01"
    put(tmp_path, 9)
    with courier(wall, tmp_path):
        wait_until(lambda: len(wall.events) == 5, what="one mark more")
    assert wall.names.count("events_lost") == 1


def test_a_loss_that_could_not_be_told_is_told_later_under_the_same_id(tmp_path: Path) -> None:
    with Outbox(tmp_path / FILE, room=1) as outbox:
        outbox.put([Letter(ENDPOINT, f"{number}", body(number), NOW) for number in range(2)])
    ids = []

    def refuses_once(_: Place, event: Mapping[str, Any]) -> Accepted | Failed:
        if "lost" not in event["type"]:
            return Accepted()
        ids.append(event["id"])
        return Accepted() if len(ids) > 1 else Failed("no")

    sender = MarkSender(PLACE, Outgoing(), lambda: refuses_once)
    with MarkCourier(ENDPOINT, tmp_path / FILE, lambda: NOW, sender, "/ia-01"):
        wait_until(lambda: len(ids) == 1, what="a first attempt")
    put(tmp_path, 7)
    with MarkCourier(ENDPOINT, tmp_path / FILE, lambda: NOW, sender, "/ia-01"):
        wait_until(lambda: loss_of(tmp_path) is None, what="a loss that is told")
    assert ids == [ids[0]] * 2


def test_what_grows_too_old_while_grafana_is_away_is_lost_too(tmp_path: Path) -> None:
    wall, pauses = Wall(away=True), []

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        wall.away = len(pauses) < 6

    with Outbox(tmp_path / FILE) as outbox:
        outbox.put(
            [Letter(ENDPOINT, "old", body(0), NOW - KEEP_FOR.nanoseconds - 1), Letter(ENDPOINT, "n", body(1), NOW)]
        )
    with courier(wall, tmp_path, wait):
        wait_until(lambda: len(wall.events) == 2, what="a mark, and one of what is lost")
    assert sorted(wall.names) == ["events_lost", "service_appeared"]
    assert standing(tmp_path / FILE).dead == 1


def test_what_can_not_be_loaded_is_told_and_tried_again() -> None:
    def load() -> Wall:
        raise ImportError("no module")

    outcome = MarkSender(PLACE, Outgoing(), load).post(Letter(ENDPOINT, "1", body(0), NOW), NOW)
    assert outcome == Failed("what marks events in Grafana can't be loaded (no module): reinstall Empreinte")


def test_a_defect_in_what_brings_events_gives_up_that_event_alone(caplog: pytest.LogCaptureFixture) -> None:
    def broken(place: Place, event: Mapping[str, Any]) -> Accepted:
        raise RuntimeError(place, event)

    with caplog.at_level(logging.ERROR):
        outcome = MarkSender(PLACE, Outgoing(), lambda: broken).post(Letter(ENDPOINT, "1", body(0), NOW), NOW)
    assert isinstance(outcome, Failed)
    assert outcome.final
    assert "RuntimeError" in outcome.why


def test_the_password_of_the_proxy_is_read_for_each_event(tmp_path: Path) -> None:
    wall, password = Wall(), tmp_path / "password"
    outgoing = Outgoing(proxy="http://proxy.example.org:3128", user="me", password_file=password)
    sender = MarkSender(PLACE, outgoing, lambda: wall)
    letter = Letter(ENDPOINT, "1", body(0), NOW)
    outcome = sender.post(letter, NOW)
    assert isinstance(outcome, Failed)
    assert "can't be read" in outcome.why
    for text in ("one", "two"):
        password.write_text(text)
        assert sender.post(letter, NOW) == Accepted()
    assert [place.proxy for place in wall.places] == [
        f"http://me:{text}@proxy.example.org:3128" for text in ("one", "two")
    ]
    assert "two" not in repr(wall.places[1])


def test_one_that_fails_is_told_to_its_neighbours_which_go_on(tmp_path: Path) -> None:
    class Broken(Marks):
        def letter(self, *_: object) -> Letter:
            raise RuntimeError("no")

    class Neighbour:
        name = "neighbour"

        def __init__(self) -> None:
            self.heard: list[Event] = []

        def handle(self, one: Event) -> None:
            self.heard.append(one)

    neighbour = Neighbour()
    broken = Broken(TABLE, Outgoing(), Wall, source="/ia-01", language="fr", zone=PLACE.zone)
    with Notifier([], tmp_path, "/ia-01", lambda: NOW, posts=[broken]) as notifier:
        Bus([notifier, neighbour]).publish([appeared()])
    assert isinstance(neighbour.heard[0], ServiceAppeared)
    assert isinstance(neighbour.heard[1], HandlerFailed)
    assert neighbour.heard[1].handler == "webhooks"


def body(number: int) -> str:
    event = {"id": f"{number}", "source": "/ia-01", "type": "eu.empreinte.service_appeared.v1", "data": {}}
    return json.dumps(event)


def put(path: Path, number: int) -> None:
    with Outbox(path / FILE) as outbox:
        outbox.put([Letter(ENDPOINT, f"{number}", body(number), NOW)])


def courier(wall: Wall, path: Path, wait: Any = None) -> MarkCourier:
    return MarkCourier(
        ENDPOINT, path / FILE, lambda: NOW, MarkSender(PLACE, Outgoing(), lambda: wall), "/ia-01", wait=wait
    )


def loss_of(path: Path) -> object:
    with Outbox(path / FILE) as outbox:
        return outbox.loss(ENDPOINT)
