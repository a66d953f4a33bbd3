from __future__ import annotations

import sqlite3
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.activity import ActivitySeries, Authority, EventSum, Taken, Unit
from monitor.core.interval import HOUR
from monitor.core.units import Duration
from monitor.intake import spool as spooling
from monitor.intake.matching import Owner
from monitor.intake.spool import Cursor, Spool, SpoolError, SpoolFullError
from monitor.intake.store import Batch, Outcome
from tests.fixtures.intake import NOW, SECOND, event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.intake.usage import UsageEvent

WEEK = Duration(7 * 24 * 3600 * SECOND)


def batch(*names: str) -> Batch:
    return Batch(tuple(event(name) for name in names), (), NOW)


def take(spool: Spool, cursor: str = "", limit: int = 9) -> Taken:
    return spool.take(Cursor.of(cursor), HOUR, limit=limit)


def requests(taken: Taken) -> int:
    return sum(one.amount for one in taken.sums if one.series.unit is Unit.REQUESTS)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "events.db", (), lambda: NOW, WEEK) as opened:
        yield opened


def told(spool: Spool, *names: str) -> Outcome:
    return spool.submit(batch(*names)).result(timeout=60)


def until_dropped(spool: Spool, waiting: int) -> None:
    for _ in range(6000):
        if spool.standing.waiting == waiting:
            return
        time.sleep(0.01)
    pytest.fail(f"{spool.standing.waiting} wait still")


def test_events_are_taken_in_order_from_where_the_books_are(spool: Spool) -> None:
    assert told(spool, "1", "2", "3") == Outcome(accepted=3)
    first = take(spool, limit=2)
    assert requests(first) == 2
    second = take(spool, first.cursor, limit=2)
    assert requests(second) == 1
    assert take(spool, second.cursor) == Taken((), second.cursor)
    # the books may not have been written: they ask again
    assert take(spool, first.cursor, limit=2) == second


def test_what_is_acknowledged_is_dropped_and_stays_known(spool: Spool) -> None:
    told(spool, "1", "2", "3")
    booked = Cursor.of(take(spool, limit=2).cursor)
    spool.acknowledge(booked)
    until_dropped(spool, 1)
    assert requests(take(spool)) == 1
    assert told(spool, "1") == Outcome(duplicates=1)
    spool.acknowledge(booked)
    spool.acknowledge(Cursor("another file", 99))
    assert told(spool, "4") == Outcome(accepted=1)
    assert spool.standing.waiting == 2


def test_events_are_added_up_by_the_hour_of_their_time_and_what_a_cache_answered_counts_nothing(tmp_path: Path) -> None:
    owners = (Owner("api", bought=True),)
    lot = (
        event("1", time=NOW, counts={Unit.OUTPUT_TOKENS: 10**12}),
        event("2", time=NOW - 1, counts={Unit.OUTPUT_TOKENS: 7, Unit.REQUESTS: 1}),
        event("3", time=NOW - HOUR.nanoseconds, counts={Unit.OUTPUT_TOKENS: 5}),
        event("4", cached=True),
        event("5", model="other", authority=Authority.GATEWAY, counts={Unit.IMAGES: 2}),
        event("6", service="api", counts={Unit.REQUESTS: 3}),
    )
    with Spool(tmp_path / "a.db", owners, lambda: NOW, WEEK) as spool:
        spool.submit(Batch(lot, (), NOW)).result(timeout=60)
        tokens = ActivitySeries("assistant", Authority.EVENTS, "litellm", "mistral-small-latest", Unit.OUTPUT_TOKENS)
        assert set(take(spool).sums) == {
            EventSum(tokens, 10**12 + 7, NOW),
            EventSum(tokens, 5, NOW - HOUR.nanoseconds),
            EventSum(replace(tokens, unit=Unit.REQUESTS), 1, NOW - 1),
            EventSum(ActivitySeries("assistant", Authority.GATEWAY, "litellm", "other", Unit.IMAGES), 2, NOW),
        }
        bought = spool.take(Cursor.of(""), HOUR, bought=True)
        assert bought.cursor == take(spool).cursor
        assert [(one.series.consumer, one.amount) for one in bought.sums] == [("api", 3)]


def test_nothing_new_costs_no_look_at_the_disk(spool: Spool) -> None:
    told(spool, "1")
    taken = take(spool)
    spool._reader = None
    assert take(spool, taken.cursor).sums == ()
    assert spool._reader is None


def test_a_cursor_is_kept_as_text() -> None:
    cursor = Cursor("0123abc", 42)
    assert Cursor.of(str(cursor)) == cursor
    assert Cursor.of("") == Cursor("", 0)


def test_a_cursor_of_another_file_says_nothing(tmp_path: Path) -> None:
    with Spool(tmp_path / "a.db", (), lambda: NOW, WEEK) as old:
        told(old, "1", "2")
        cursor = take(old).cursor
    with Spool(tmp_path / "b.db", (), lambda: NOW, WEEK) as new:
        told(new, "3")
        taken = take(new, cursor)
        assert requests(taken) == 1
        assert Cursor.of(taken.cursor).spool != Cursor.of(cursor).spool


def test_books_that_were_written_and_not_acknowledged_are_not_written_twice(tmp_path: Path) -> None:
    with Spool(tmp_path / "a.db", (), lambda: NOW, WEEK) as before:
        told(before, "1", "2")
        booked = take(before)
    with Spool(tmp_path / "a.db", (), lambda: NOW, WEEK) as after:
        told(after, "3")
        assert requests(take(after, booked.cursor)) == 1


def test_requests_that_come_while_it_writes_share_the_next_commit(spool: Spool) -> None:
    commits: list[int] = []
    write = spool._store.write
    gate = threading.Event()

    def counted(batches: object, done: int) -> list[Outcome]:
        gate.wait(60)
        outcomes = write(batches, done)  # type: ignore[arg-type]
        commits.append(len(outcomes))
        return outcomes

    spool._store.write = counted  # type: ignore[method-assign]
    answers = [spool.submit(batch(str(number))) for number in range(100)]
    gate.set()
    assert [answer.result(timeout=60) for answer in answers] == [Outcome(accepted=1)] * 100
    assert sum(commits) == 100
    assert len(commits) <= 2


def test_many_senders_at_once_are_each_counted_once(spool: Spool) -> None:
    def send(own: int) -> None:
        for number in range(50):
            told(spool, f"shared-{number}", f"{own}-{number}")

    senders = [threading.Thread(target=send, args=(own,)) for own in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert spool.standing.waiting == 50 + 4 * 50


def test_when_too_much_waits_more_is_refused_until_the_books_have_some(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooling, "MOST_WAITING", 3)
    told(spool, "1", "2", "3")
    with pytest.raises(SpoolFullError, match="wait to be booked") as refused:
        spool.submit(batch("4"))
    assert refused.value.retry_after == spooling.LATER
    spool.acknowledge(Cursor.of(take(spool).cursor))
    until_dropped(spool, 0)
    assert told(spool, "4") == Outcome(accepted=1)


def test_when_the_disk_is_behind_more_is_refused(tmp_path: Path) -> None:
    idle = Spool(tmp_path / "events.db", (), lambda: NOW, WEEK)
    for number in range(spooling.MOST_QUEUED):
        idle.submit(batch(str(number)))
    with pytest.raises(SpoolFullError, match="the disk is behind") as refused:
        idle.submit(batch("one more"))
    assert refused.value.retry_after == spooling.SOON
    idle.acknowledge(Cursor(idle.standing.identity, 1))
    idle._store.close()


def test_a_disk_that_is_full_is_told_and_tried_again(spool: Spool) -> None:
    (pages,) = spool._store._connection.execute("PRAGMA page_count").fetchone()
    spool._store._connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    failed = spool.submit(batch(*map(str, range(2000))))
    with pytest.raises(SpoolFullError, match="no more room"):
        failed.result(timeout=60)
    assert told(spool, "small") == Outcome(accepted=1)


def test_another_failure_is_told_too_and_ends_nothing(spool: Spool) -> None:
    wrong: UsageEvent = event("1", time=2**63)
    failed = spool.submit(Batch((wrong,), (), NOW))
    with pytest.raises(SpoolError, match=r"can't be written to events\.db now \(OverflowError\)"):
        failed.result(timeout=60)
    assert told(spool, "2") == Outcome(accepted=1)


def held_up(spool: Spool) -> sqlite3.Connection:
    """Return who keeps the spool from writing until he commits."""
    # however slow the machine is just now, the spool waits until he is done
    spool._store._connection.execute("PRAGMA busy_timeout = 60000")
    other = sqlite3.connect(spool._path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


def test_what_cannot_be_written_takes_nothing_with_it_that_came_at_the_same_time(spool: Spool) -> None:
    told(spool, "1")
    other = held_up(spool)
    first = spool.submit(batch("2"))
    time.sleep(0.1)
    wrong = spool.submit(Batch((event("3", time=2**63),), (), NOW))
    last = spool.submit(batch("4"))
    spool.acknowledge(Cursor.of(take(spool).cursor))
    other.execute("COMMIT")
    other.close()
    assert first.result(timeout=60) == last.result(timeout=60) == Outcome(accepted=1)
    with pytest.raises(SpoolError, match="OverflowError"):
        wrong.result(timeout=60)
    until_dropped(spool, 2)


def test_what_is_booked_is_dropped_where_there_is_no_room_for_what_came_with_it(spool: Spool) -> None:
    told(spool, *map(str, range(100)))
    (pages,) = spool._store._connection.execute("PRAGMA page_count").fetchone()
    spool._store._connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    other = held_up(spool)
    spool.submit(batch("held up")).add_done_callback(lambda _: None)
    time.sleep(0.1)
    failed = spool.submit(batch(*(f"more {number}" for number in range(2000))))
    spool.acknowledge(Cursor.of(take(spool, limit=1000).cursor))
    other.execute("COMMIT")
    other.close()
    with pytest.raises(SpoolFullError, match="no more room"):
        failed.result(timeout=60)
    until_dropped(spool, 1)


def test_a_failure_that_goes_on_is_logged_once(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        spool._store._connection.execute("PRAGMA query_only = ON")
        for name in ("1", "2", "3"):
            with pytest.raises(SpoolError):
                told(spool, name)
        spool._store._connection.execute("PRAGMA query_only = OFF")
        told(spool, f"after {len(caplog.records)}")
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


def test_a_clock_that_was_set_back_does_not_keep_what_is_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "TIDY_EVERY", 0.01)
    clock = [NOW + 365 * 24 * 3600 * SECOND]
    with Spool(tmp_path / "events.db", (), lambda: clock[0], Duration(3600 * SECOND)) as opened:
        opened.submit(batch("so that it has looked at the clock")).result(timeout=60)
        clock[0] = NOW
        told(opened, "1")
        clock[0] += 3601 * SECOND
        deadline = time.monotonic() + 30
        while opened.standing.forgotten < NOW:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_who_has_gone_is_not_waited_for(spool: Spool) -> None:
    gate = threading.Event()
    write = spool._store.write
    spool._store.write = lambda batches, done: (gate.wait(60), write(batches, done))[1]  # type: ignore[method-assign]
    first = spool.submit(batch("1"))
    gone = spool.submit(batch("2"))
    assert gone.cancel() or gone.running()
    gate.set()
    assert first.result(timeout=60) == Outcome(accepted=1)
    assert told(spool, "3") == Outcome(accepted=1)


def test_what_was_asked_for_is_written_before_it_stops(tmp_path: Path) -> None:
    with Spool(tmp_path / "events.db", (), lambda: NOW, WEEK) as opened:
        answers = [opened.submit(batch(str(number))) for number in range(100)]
    assert all(answer.result(timeout=0) == Outcome(accepted=1) for answer in answers)
    with Spool(tmp_path / "events.db", (), lambda: NOW, WEEK) as again:
        assert again.standing.waiting == 100
    assert "intake" not in [thread.name for thread in threading.enumerate()]


def test_old_events_are_forgotten_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "TIDY_EVERY", 0.01)
    clock = [NOW]
    with Spool(tmp_path / "events.db", (), lambda: clock[0], Duration(3600 * SECOND)) as opened:
        told(opened, "1")
        stray = Batch((event("2", service="", model="x"),), (), NOW)
        assert opened.submit(stray).result(timeout=60) == Outcome(unmatched=1)
        assert opened.oldest == NOW - 3600 * SECOND
        clock[0] += SECOND
        while not opened.unmatched:
            time.sleep(0.01)
        clock[0] += 3601 * SECOND
        while opened.standing.remembered:
            time.sleep(0.01)
        assert opened.oldest == NOW + 2 * SECOND
        assert opened.standing.unmatched == 0


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_file_is_told_with_the_cure(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "events.db"
    path.write_bytes(content)
    with pytest.raises(SpoolError, match="move that file away"):
        Spool(path, (), lambda: NOW, WEEK)
    assert path.read_bytes() == content


def test_a_file_is_one_daemon_s_until_it_stops(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with Spool(path, (), lambda: NOW, WEEK) as first:
        told(first, "1")
        with pytest.raises(SpoolError, match=r"another daemon: stop that one, or set another paths\.state"):
            Spool(path, (), lambda: NOW, WEEK)
    with Spool(path, (), lambda: NOW, WEEK) as second:
        assert requests(take(second)) == 1


def test_a_directory_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match=r"set paths\.state"):
        Spool(tmp_path / "file" / "events.db", (), lambda: NOW, WEEK)


def test_a_file_that_is_locked_is_told_to_who_reads(spool: Spool, tmp_path: Path) -> None:
    told(spool, "1")
    reader = sqlite3.connect(tmp_path / "events.db")
    reader.close()
    spool._reader = reader
    with pytest.raises(SpoolError, match="can't be read"):
        take(spool)
