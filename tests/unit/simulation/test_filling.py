"""What a fill puts in a ledger: all of it, once, and the books that a daemon goes on with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.core.counted import counted
from monitor.core.interval import Stamp
from monitor.ledger.store import Ledger
from monitor.simulation.filling import BOOT, commits
from monitor.simulation.history import SimulatedYear
from tests.fixtures.ledgers import empty_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.core.activity import ActivitySeries
    from monitor.core.entries import OpenBooks

PARIS = ZoneInfo("Europe/Paris")


def ns(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 10**9


def year(until: int) -> SimulatedYear:
    return SimulatedYear(2026, PARIS, seed=3, until=until)


def fill(ledger: Ledger, until: int) -> OpenBooks | None:
    world = year(until)
    for books, lot in commits(world, Stamp(until, 1), ledger.load()):
        ledger.commit(books, lot, world.gaps, world.services_at(books.closed_through))
    return ledger.load()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    url = empty_ledger(tmp_path / "ledger.db")
    now = Stamp(ns(2026, 12, 1), 1)
    with Ledger.open(url, host="ia-01", timezone="Europe/Paris", now=now, holder="a test", simulated=True) as opened:
        yield opened


def done(world: SimulatedYear) -> dict[ActivitySeries, int]:
    sums: dict[ActivitySeries, int] = {}
    for bucket in world.buckets():
        for series, amount in bucket.activity.items():
            sums[series] = sums.get(series, 0) + amount
    return sums


def test_what_services_did_is_in_the_ledger_to_the_last_token(ledger: Ledger) -> None:
    until = ns(2026, 1, 20)
    books = fill(ledger, until)
    truth = done(year(until))
    assert books is not None
    assert books.activity == truth
    assert {key: one.shown for key, one in books.counted.items()} == counted(truth)
    sums = ledger.sums(year(until).interval)
    assert sum(sums.activity.values()) == sum(truth.values())


def test_filling_twice_changes_nothing_and_filling_on_comes_to_the_same_as_at_once(
    ledger: Ledger, tmp_path: Path
) -> None:
    first = fill(ledger, ns(2026, 1, 9))
    assert fill(ledger, ns(2026, 1, 9)) == first
    on = fill(ledger, ns(2026, 3, 20))
    url = empty_ledger(tmp_path / "other.db")
    now = Stamp(ns(2026, 12, 1), 1)
    with Ledger.open(url, host="ia-01", timezone="Europe/Paris", now=now, holder="a test", simulated=True) as other:
        assert fill(other, ns(2026, 3, 20)) == on


def test_a_second_year_goes_on_from_the_first(ledger: Ledger) -> None:
    world = SimulatedYear(2025, PARIS, seed=3, until=ns(2025, 1, 4))
    for books, lot in commits(world, Stamp(0, 1), None):
        ledger.commit(books, lot, world.gaps, world.services)
    before = ledger.load()
    after = fill(ledger, ns(2026, 1, 4))
    assert before is not None
    assert after is not None
    later = done(year(ns(2026, 1, 4)))
    assert all(after.activity[one] == before.activity[one] + later[one] for one in before.activity)
    assert all(after.energy[one] > energy for one, energy in before.energy.items())


def test_nothing_is_filled_in_once_a_daemon_has_gone_on(ledger: Ledger) -> None:
    books = fill(ledger, ns(2026, 1, 9))
    assert books is not None
    gone_on = replace(books, boot_id="a boot of its own")
    assert list(commits(year(ns(2026, 2, 1)), Stamp(0, 1), gone_on)) == []
    assert books.boot_id == BOOT


def test_a_service_is_of_another_department_from_the_very_hour_on(ledger: Ledger) -> None:
    fill(ledger, ns(2026, 4, 3))
    moved = year(ns(2026, 4, 3)).moved
    assert datetime.fromtimestamp(moved // 10**9, PARIS) == datetime(2026, 4, 1, tzinfo=PARIS)
    hour = 3600 * 10**9
    naming = ledger.naming()
    named = [naming.facts("recherche", moment).department for moment in (ns(2026, 1, 1), moved - hour, moved)]
    assert named == ["Bibliothèque", "Bibliothèque", "Archives"]


def test_what_was_missed_is_counted_once(ledger: Ledger) -> None:
    books = fill(ledger, ns(2026, 4, 1))
    assert books is not None
    resources = len(books.covered)
    assert sum(time.seconds for time in books.gaps.values()) == 310 * 60 * resources
    again = fill(ledger, ns(2026, 4, 2))
    assert again is not None
    assert again.gaps == books.gaps


def test_the_books_end_with_the_last_hour(ledger: Ledger) -> None:
    books = fill(ledger, ns(2026, 1, 9))
    assert books is not None
    assert books.at.wall == books.closed_through == ns(2026, 1, 9)
