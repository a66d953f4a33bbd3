"""The daemon ends within a commit; what it would have told is told by the next one, if the ledger has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from monitor.bus import Bus
from monitor.config import NotifyTable
from monitor.core.interval import Stamp
from monitor.ledger.store import Ledger
from monitor.notify.delivery import Notifier
from tests.parts.loopback import wait_until
from tests.parts.receiver import Receiver
from tests.unit.test_daemon import NOON, World

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_proxy")


class Ended(BaseException):
    """The daemon is no more."""


class Cut:
    """A ledger beside which the power is cut, before or after its commit."""

    def __init__(self, ledger: Ledger, *, after: bool) -> None:
        self.ledger = ledger
        self.after = after

    def commit(self, *what: Any, **more: Any) -> int:
        if self.after:
            self.ledger.commit(*what, **more)
        raise Ended


def _ledger(tmp_path: Path) -> Ledger:
    now = Stamp(NOON, 1000 * 10**9)
    return Ledger.open(f"sqlite:///{tmp_path}/ledger.db", host="ia-01", timezone="UTC", now=now)


def _notifier(tmp_path: Path, url: str, ledger: Ledger) -> Notifier:
    books = ledger.load()
    committed = None if books is None else books.at.wall
    return Notifier([NotifyTable(url=url)], tmp_path, "/ia-01", lambda: NOON, committed=committed)


@pytest.mark.parametrize(("after", "told"), [(True, ["a"]), (False, [])])
def test_what_the_ledger_has_is_told_and_nothing_else(tmp_path: Path, after: bool, told: list[str]) -> None:
    with Receiver() as receiver:
        world = World()
        with _ledger(tmp_path) as ledger, _notifier(tmp_path, receiver.url, ledger) as notifier:
            world.daemon._keeper, world.daemon._bus = Cut(ledger, after=after), Bus([notifier])
            with pytest.raises(Ended):
                world.tick(0)
        assert receiver.asked == []
        again = World()
        with _ledger(tmp_path) as ledger, _notifier(tmp_path, receiver.url, ledger) as notifier:
            again.daemon._keeper, again.daemon._bus = ledger, Bus([notifier])
            again.village.here = {"b"}
            again.tick(5)
            wait_until(lambda: "b" in [one.event["subject"] for one in receiver.taken], what="the next event")
    assert [one.event["subject"] for one in receiver.taken] == [*told, "b"]
