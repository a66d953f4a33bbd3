from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from monitor.core.delivery import DeadLetter
from monitor.notify.outbox import DEAD_FOR, FORM, GONE, Letter, Loss, Outbox, OutboxError, address_of, standings

if TYPE_CHECKING:
    from pathlib import Path

A, B = "https://a.example/secret?key=1", "https://b.example:8443/"
NOW = 10**18


def letter(number: int, endpoint: str = A) -> Letter:
    return Letter(endpoint, f"id-{number}", f"body {number}", NOW + number)


def waiting(outbox: Outbox, endpoint: str = A) -> list[str]:
    found = []
    while (one := outbox.next(endpoint)) is not None:
        found.append(one.id)
        outbox.delivered(one)
    return found


def test_what_is_put_in_comes_out_in_order_for_each_address_also_after_an_end(tmp_path: Path) -> None:
    file = tmp_path / "notify.db"
    with Outbox(file) as outbox:
        outbox.put([letter(3), letter(1), letter(3, B)])
        outbox.put([letter(2)])
    with Outbox(file) as outbox:
        first = outbox.next(A)
        assert first is not None
        assert (first.id, first.body, first.made, first.attempts) == ("id-3", "body 3", NOW + 3, 0)
        assert waiting(outbox) == ["id-3", "id-1", "id-2"]
        assert waiting(outbox, B) == ["id-3"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_same_event_is_kept_once(tmp_path: Path) -> None:
    with Outbox(tmp_path / "notify.db") as outbox:
        outbox.put([letter(1)])
        outbox.put([letter(1), letter(2)])
        assert waiting(outbox) == ["id-1", "id-2"]


def test_where_there_is_no_more_room_the_oldest_go_and_are_counted(tmp_path: Path) -> None:
    with Outbox(tmp_path / "notify.db", room=3) as outbox:
        outbox.put([letter(number) for number in range(5)])
        outbox.put([letter(1, B)])
        assert outbox.standing(A).dropped == 2
        assert outbox.standing(B).dropped == 0
        outbox.put([letter(number) for number in range(5, 8)])
        assert (outbox.standing(A).dropped, outbox.standing(A).waiting) == (5, 3)
        assert waiting(outbox) == ["id-5", "id-6", "id-7"]


def test_how_it_stands_is_told_without_what_may_be_secret(tmp_path: Path) -> None:
    with Outbox(tmp_path / "notify.db") as outbox:
        outbox.put([letter(number) for number in range(4)])
        for _ in range(2):
            one = outbox.next(A)
            assert one is not None
            outbox.failed(one, "it is closed")
        tried = outbox.next(A)
        assert tried is not None
        assert tried.attempts == 2
        outbox.give_up(tried, "it refuses", NOW)
        second = outbox.next(A)
        assert second is not None
        outbox.delivered(second)
        standing = outbox.standing(A)
        assert (standing.address, standing.waiting, standing.dead) == ("https://a.example", 2, 1)
        assert (standing.delivered, standing.error) == (1, "")
        assert outbox.dead() == [DeadLetter("https://a.example", NOW, 3, "it refuses", "body 0")]
    assert address_of(B) == "https://b.example:8443"


def test_what_is_too_old_is_given_up_together(tmp_path: Path) -> None:
    with Outbox(tmp_path / "notify.db") as outbox:
        outbox.put([*(letter(number) for number in range(5)), letter(0, B)])
        assert outbox.give_up_older(A, NOW + 3, "it is closed", NOW + 9) == 3
        assert [one.body for one in outbox.dead()] == ["body 0", "body 1", "body 2"]
        assert waiting(outbox) == ["id-3", "id-4"]
        assert waiting(outbox, B) == ["id-0"]


def test_the_dead_are_forgotten_after_a_month(tmp_path: Path) -> None:
    with Outbox(tmp_path / "notify.db") as outbox:
        outbox.put([letter(0), letter(1)])
        outbox.give_up_older(A, NOW + 1, "no", NOW)
        outbox.give_up_older(A, NOW + 2, "no", NOW + DEAD_FOR + 1)
        assert [one.body for one in outbox.dead()] == ["body 1"]


def test_what_waits_for_who_is_not_configured_any_more_is_given_up(tmp_path: Path) -> None:
    with Outbox(tmp_path / "notify.db") as outbox:
        outbox.put([letter(0), letter(0, B)])
        outbox.keep_only([B], NOW)
        assert [(one.address, one.error) for one in outbox.dead()] == [("https://a.example", GONE)]
        assert waiting(outbox, B) == ["id-0"]


def test_what_is_held_is_not_sent_until_it_is_put_again_and_then_once(tmp_path: Path) -> None:
    with Outbox(tmp_path / "notify.db") as outbox:
        outbox.put([letter(1), letter(2)], held=NOW)
        assert (outbox.next(A), outbox.standing(A).waiting) == (None, 0)
        outbox.put([letter(1), letter(3)])
        assert outbox.standing(A).waiting == 2
        assert waiting(outbox) == ["id-1", "id-3"]
        outbox.put([letter(2)])
        assert waiting(outbox) == ["id-2"]


def test_what_waits_is_not_held_back_again(tmp_path: Path) -> None:
    with Outbox(tmp_path / "notify.db") as outbox:
        outbox.put([letter(1)])
        outbox.put([letter(1)], held=NOW)
        assert waiting(outbox) == ["id-1"]


@pytest.mark.parametrize(("committed", "told"), [(NOW, ["id-1", "id-3"]), (NOW - 1, ["id-3"]), (None, ["id-3"])])
def test_what_was_held_at_the_end_is_told_if_the_ledger_has_it(
    tmp_path: Path, committed: int | None, told: list[str]
) -> None:
    with Outbox(tmp_path / "notify.db") as outbox:
        outbox.put([letter(1)], held=NOW)
        outbox.put([letter(2)], held=NOW + 1)
        outbox.put([letter(3)])
    with Outbox(tmp_path / "notify.db") as outbox:
        outbox.release(committed)
        assert waiting(outbox) == told
        assert outbox.standing(A).waiting == 0


def test_a_put_that_fails_keeps_nothing_of_it(tmp_path: Path) -> None:
    file = tmp_path / "notify.db"
    with Outbox(file) as outbox:
        bad = Letter(A, "id-9", None, NOW)  # type: ignore[arg-type] # what the table refuses
        outbox.put([letter(1)])
        outbox._database.execute("CREATE TRIGGER full BEFORE INSERT ON letters BEGIN SELECT RAISE(ABORT, 'full'); END")
        with pytest.raises(sqlite3.Error):
            outbox.put([letter(2), bad])
        outbox._database.execute("DROP TRIGGER full")
        assert waiting(outbox) == ["id-1"]


@pytest.mark.parametrize("content", [b"not a database, but long enough to be looked at" * 30, None])
def test_a_queue_that_cannot_be_used_is_told_with_the_cure(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "notify.db"
    if content is None:
        with Outbox(file) as outbox:
            outbox._database.execute("PRAGMA user_version = 99")
    else:
        file.write_bytes(content)
    with pytest.raises(OutboxError, match="let the daemon write it, or move it away"):
        Outbox(file)


def test_how_it_stands_is_read_while_the_daemon_writes_and_after_it_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "a #1?" / "notify.db"
    file.parent.mkdir()
    with Outbox(file) as outbox:
        outbox.put([letter(1), letter(2), letter(3)])
        first = outbox.next(A)
        assert first is not None
        outbox.failed(first, "nobody answers")
        assert standings(file, [A, B]) == [outbox.standing(A), outbox.standing(B)]
        assert standings(file, [A])[0].waiting == 3
        killed = tmp_path / "killed.db"
        for end in ("", "-wal"):
            killed.with_name(f"killed.db{end}").write_bytes(file.with_name(f"notify.db{end}").read_bytes())
    (one,) = standings(killed, [A])
    assert (one.address, one.waiting, one.error) == ("https://a.example", 3, "nobody answers")


def test_a_look_at_a_queue_that_nobody_has_open_leaves_nothing_there(tmp_path: Path) -> None:
    file = tmp_path / "notify.db"
    assert standings(file, [A])[0].delivered == 0
    assert not file.exists()
    with Outbox(file) as outbox:
        outbox.put([letter(1)])
    assert standings(file, [A])[0].waiting == 1
    assert [path.name for path in tmp_path.iterdir()] == ["notify.db"]


def test_a_queue_that_can_not_be_read_is_told_with_the_cure(tmp_path: Path) -> None:
    file = tmp_path / "notify.db"
    file.write_bytes(b"no database" * 100)
    with pytest.raises(OutboxError, match=r"can't be read .*: look as the daemon's user"):
        standings(file, [A])


def test_what_is_lost_is_known_until_it_was_told(tmp_path: Path) -> None:
    with Outbox(tmp_path / "notify.db", room=2) as outbox:
        outbox.put([letter(1), letter(2)])
        assert outbox.loss(A) is None
        outbox.put([letter(3), letter(4)])
        assert outbox.loss(A) == Loss(2, NOW + 1, NOW + 2)
        outbox.give_up_older(A, NOW + 4, "away", NOW + 9)
        assert outbox.loss(A) == Loss(3, NOW + 1, NOW + 3)
        outbox.forget(A, Loss(2, NOW + 1, NOW + 2))
        assert outbox.loss(A) == Loss(3, NOW + 1, NOW + 3)
        assert outbox.loss(B) is None
    with Outbox(tmp_path / "notify.db") as outbox:
        outbox.forget(A, Loss(3, NOW + 1, NOW + 3))
        assert outbox.loss(A) is None


def test_what_was_delivered_or_refused_for_good_is_not_lost(tmp_path: Path) -> None:
    with Outbox(tmp_path / "notify.db") as outbox:
        outbox.put([letter(1), letter(2)])
        for act in (outbox.delivered, lambda one: outbox.give_up(one, "400", NOW)):
            one = outbox.next(A)
            assert one is not None
            act(one)
        outbox.give_up_older(A, NOW + 9, "away", NOW)
        assert outbox.loss(A) is None


def test_a_queue_of_an_older_version_keeps_what_it_holds(tmp_path: Path) -> None:
    with Outbox(tmp_path / "notify.db", room=1) as outbox:
        outbox.put([letter(1)])
        outbox._database.execute("DROP TABLE losses")
        outbox._database.execute(f"PRAGMA user_version = {FORM - 1}")
    with Outbox(tmp_path / "notify.db", room=1) as outbox:
        outbox.put([letter(2)])
        assert outbox.loss(A) == Loss(1, NOW + 1, NOW + 1)
        assert waiting(outbox) == ["id-2"]
