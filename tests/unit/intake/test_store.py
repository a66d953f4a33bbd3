from __future__ import annotations

import sqlite3
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.activity import Unit
from monitor.core.services import EventRule
from monitor.intake import names, store
from monitor.intake.matching import Owner
from monitor.intake.metering import readings_of
from monitor.intake.otlp_protobuf import points
from monitor.intake.store import Batch, NewerError, Outcome, Store
from monitor.intake.usage import hashed
from tests.fixtures.intake import ARRIVAL, NOW, SECOND, event, sample
from tests.fixtures.intake.otlp import metrics
from tests.fixtures.intake.rows import waiting_after

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.intake.usage import UsageEvent

RULES = (Owner("assistant", ("chat",), EventRule(models=("mistral-*",))),)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "state" / "events.db", RULES, NOW)
    yield made
    made.close()


def batch(*events: UsageEvent, arrived: int = NOW) -> Batch:
    return Batch(events, (), arrived)


def kept(opened: Store, after: int = 0, limit: int = 1000) -> list[str]:
    return [one.event.id_hash for one in waiting_after(opened._connection, after, limit)]


def test_what_is_written_is_read_as_it_was(opened: Store) -> None:
    first = event("1", latency_ms=850, cached=True)
    second = event("2", counts={Unit.IMAGES: 3}, provider="", model="")
    assert opened.write([batch(first, second)], 0) == [Outcome(accepted=2)]
    one, two = waiting_after(opened._connection, 0, 10)
    assert (one.number, one.consumer, one.event) == (1, "assistant", first)
    assert (two.number, two.consumer, two.event) == (2, "assistant", second)
    assert [found.number for found in waiting_after(opened._connection, 1, 10)] == [2]
    assert [found.number for found in waiting_after(opened._connection, 0, 1)] == [1]


def test_what_came_before_is_a_duplicate_in_one_batch_and_across_them(opened: Store) -> None:
    assert opened.write([batch(event("1"), event("1")), batch(event("1"), event("2"))], 0) == [
        Outcome(accepted=1, duplicates=1),
        Outcome(accepted=1, duplicates=1),
    ]
    assert opened.write([batch(event("2"))], 2) == [Outcome(duplicates=1)]
    assert opened.write([batch(event("2"))], 0) == [Outcome(duplicates=1)]


def stray(name: str, **changes: object) -> UsageEvent:
    """Return an event that is of no service."""
    return event(name, service="", model="gpt-4o", **changes)


def test_who_is_of_no_service_does_not_stand_in_the_way_of_who_tells_of_the_same_call(opened: Store) -> None:
    assert opened.write([batch(stray("1")), batch(event("1"))], 0) == [Outcome(unmatched=1), Outcome(accepted=1)]
    assert opened.write([batch(stray("1")), batch(event("1"))], 0) == [Outcome(duplicates=1), Outcome(duplicates=1)]
    assert opened.write([batch(stray("2")), batch(stray("2"))], 0) == [Outcome(unmatched=1), Outcome(duplicates=1)]
    assert kept(opened) == [event("1").id_hash]


def test_a_span_of_no_service_hides_neither_its_parts_nor_its_whole(opened: Store) -> None:
    middle = {"span": hashed("middle"), "whole": hashed("outer")}
    outer, inner = event("outer", span=hashed("outer")), event("inner", span=hashed("inner"), whole=hashed("middle"))
    assert opened.write([batch(stray("middle", **middle), outer)], 0) == [Outcome(accepted=1, unmatched=1)]
    # what is above has counted, and the next below is known as its part, whatever it is of
    assert opened.write([batch(stray("middle", **middle), inner)], 0) == [Outcome(duplicates=2)]
    others = {"span": hashed("other middle"), "whole": hashed("other outer")}
    below = event("other inner", span=hashed("other inner"), whole=hashed("other middle"))
    assert opened.write([batch(stray("other middle", **others), below)], 0) == [Outcome(accepted=1, unmatched=1)]
    # what is above is known to have a part that has counted
    assert opened.write([batch(stray("other middle", **others))], 0) == [Outcome(duplicates=1)]
    above = event("other outer", span=hashed("other outer"))
    assert opened.write([batch(above)], 0) == [Outcome(duplicates=1)]


def test_a_span_is_remembered_by_itself_its_answer_and_what_it_is_a_part_of(opened: Store, tmp_path: Path) -> None:
    inner, outer = event("1", span=hashed("inner"), whole=hashed("outer")), event("2", span=hashed("outer"))
    assert opened.write([batch(inner)], 0) == [Outcome(accepted=1)]
    assert opened.standing.remembered == 3
    assert opened.write([batch(inner, outer)], 0) == [Outcome(duplicates=2)]
    assert opened.standing.remembered == 5
    again = Store(tmp_path / "state" / "events.db", RULES, NOW)
    assert again.standing == opened.standing
    again.close()


def test_events_of_no_service_are_kept_apart(opened: Store) -> None:
    stray = event("1", service="", model="gpt-4o")
    assert opened.write([batch(stray, event("2", service=""), event("3", service="chat"))], 0) == [
        Outcome(accepted=2, unmatched=1)
    ]
    assert [(one.consumer, one.event) for one in opened.unmatched(10)] == [("", stray)]
    assert [one.consumer for one in waiting_after(opened._connection, 0, 10)] == ["assistant", "assistant"]
    assert opened.write([batch(stray)], 0) == [Outcome(duplicates=1)]
    assert (opened.standing.waiting, opened.standing.unmatched, opened.standing.remembered) == (2, 1, 3)


def test_what_the_books_have_is_dropped_and_numbers_never_come_again(opened: Store) -> None:
    opened.write([batch(event("1"), event("2"), event("3"))], 0)
    opened.write([], 2)
    assert [one.number for one in waiting_after(opened._connection, 0, 10)] == [3]
    opened.write([batch(event("4"))], 3)
    assert [one.number for one in waiting_after(opened._connection, 0, 10)] == [4]
    assert (opened.standing.last, opened.standing.done, opened.standing.waiting) == (4, 3, 1)


def test_it_stands_as_before_when_it_is_opened_again(tmp_path: Path) -> None:
    first = Store(tmp_path / "events.db", RULES, NOW)
    first.write([batch(event("1"), event("2"), event("3", service="", model="x"))], 0)
    first.write([], 1)
    before = first.standing
    first.close()
    again = Store(tmp_path / "events.db", RULES, NOW + SECOND)
    assert again.standing == before
    assert again.write([batch(event("1"), event("9"))], 0) == [Outcome(accepted=1, duplicates=1)]
    again.close()
    empty = Store(tmp_path / "other.db", RULES, NOW)
    assert empty.standing.identity != before.identity
    empty.close()


def test_the_file_is_its_user_s_alone(opened: Store, tmp_path: Path) -> None:
    directory = tmp_path / "state"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    assert opened.standing.last == 0


def test_every_commit_is_on_the_disk(opened: Store) -> None:
    assert opened._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert opened._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_when_one_batch_fails_none_is_written(opened: Store) -> None:
    wrong = event("2", time=2**63)
    with pytest.raises(OverflowError):
        opened.write([batch(event("1", model="new")), batch(wrong)], 0)
    assert kept(opened) == []
    assert opened.standing.last == 0
    assert opened.write([batch(event("1", model="new"))], 0) == [Outcome(accepted=1)]


def test_there_is_an_end_to_the_file(opened: Store) -> None:
    (pages,) = opened._connection.execute("PRAGMA page_count").fetchone()
    opened._connection.execute(f"PRAGMA max_page_count = {pages + 8}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        opened.write([batch(*(event(str(number)) for number in range(1000)))], 0)
    assert kept(opened) == []
    assert opened.write([batch(event("small"))], 0) == [Outcome(accepted=1)]


def test_old_ids_are_forgotten_and_it_is_known_since_when(opened: Store) -> None:
    opened.write([batch(event("1"), event("2", service="", model="x"), arrived=NOW - 10)], 0)
    opened.write([batch(event("3"))], 0)
    assert not opened.tidy(NOW - 5)
    assert (opened.standing.remembered, opened.standing.unmatched, opened.standing.forgotten) == (1, 0, NOW - 10)
    assert opened.standing.waiting == 2
    assert opened.write([batch(event("1"))], 0) == [Outcome(accepted=1)]
    assert not opened.tidy(NOW - 5)
    assert opened.standing.forgotten == NOW - 10


def test_beyond_the_most_that_is_remembered_the_oldest_are_forgotten(
    opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_REMEMBERED", 5)
    monkeypatch.setattr(store, "MOST_UNMATCHED", 2)
    monkeypatch.setattr(store, "AT_ONCE", 3)
    strays = [event(str(number), service="", model="x") for number in range(10)]
    for place, stray in enumerate(strays):
        opened.write([batch(stray, arrived=NOW + place)], 0)
    while opened.tidy(0):
        pass
    assert (opened.standing.remembered, opened.standing.unmatched, opened.standing.forgotten) == (5, 2, NOW + 4)
    assert [one.event.id_hash for one in opened.unmatched(9)] == [strays[9].id_hash, strays[8].id_hash]


def metered(value: int, start: int = NOW + 1, name: str = "small") -> Batch:
    said = {"gen_ai.request.model": name, "empreinte.service": "assistant"}
    one = {"name": "gen_ai.client.inference.usage.output_tokens", "value": value, "start": start, "attributes": said}
    arrival = replace(ARRIVAL, time=NOW + 100)
    return Batch((), readings_of(points(metrics([one]).SerializeToString()), arrival).readings, NOW + 100)


def counted(opened: Store) -> int:
    return sum(one.event.counts[Unit.OUTPUT_TOKENS] for one in waiting_after(opened._connection, 0, 1000))


def test_meters_count_what_came_on_top_also_across_a_restart(tmp_path: Path) -> None:
    first = Store(tmp_path / "events.db", RULES, NOW)
    assert first.write([metered(10), metered(10), metered(15)], 0) == [
        Outcome(accepted=1),
        Outcome(),
        Outcome(accepted=1),
    ]
    first.close()
    again = Store(tmp_path / "events.db", RULES, NOW + 100)
    assert again.write([metered(15)], 0) == [Outcome()]
    assert again.write([metered(16)], 0) == [Outcome(accepted=1)]
    assert counted(again) == 16
    again.close()


def test_a_meter_that_ran_before_the_file_was_made_tells_nothing_at_first(opened: Store) -> None:
    assert opened.write([metered(1000, start=NOW)], 0) == [Outcome()]
    assert opened.write([metered(1003, start=NOW)], 0) == [Outcome(accepted=1)]
    assert counted(opened) == 3


def test_a_series_that_was_forgotten_is_not_counted_again(opened: Store) -> None:
    opened.write([metered(10, start=NOW + 1)], 0)
    assert not opened.tidy(NOW + 101)
    assert opened.write([metered(12, start=NOW + 1)], 0) == [Outcome()]
    assert opened.write([metered(13, start=NOW + 1)], 0) == [Outcome(accepted=1)]
    assert opened.write([metered(5, start=NOW + 2)], 0) == [Outcome(accepted=1)]
    assert counted(opened) == 10 + 1 + 5


def test_the_meters_of_a_real_gateway_count_once(tmp_path: Path) -> None:
    opened = Store(tmp_path / "events.db", (), 0)
    readings = readings_of(points(sample("litellm_metrics.pb")), replace(ARRIVAL, service="assistant")).readings
    for _ in range(3):
        opened.write([Batch((), readings, NOW)], 0)
    assert counted(opened) == 25
    opened.close()


def test_of_strange_names_only_so_many_are_told_apart(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        names, "OTHERS", {"model": (2, "_other_models"), "provider": (9, "_p"), "source": (1, "_other_sources")}
    )
    monkeypatch.setattr(names, "MOST_SERVICES", 2)
    several = [event(str(n), model=f"m{n}", source=f"s{n}", service=f"service-{n}") for n in range(4)]
    assert opened.write([batch(*several)], 0) == [Outcome(accepted=2, unmatched=2)]
    told = [one.event for one in waiting_after(opened._connection, 0, 9)]
    assert [one.model for one in told] == ["m0", "m1"]
    assert [one.source for one in told] == ["s0", "_other_sources"]
    assert {one.event.model for one in opened.unmatched(9)} == {"_other_models"}
    # those that are known go on, and what is configured always has room
    assert opened.write([batch(event("9", model="m1", service="service-1"), event("10"))], 0) == [Outcome(accepted=2)]


def test_names_that_came_long_ago_make_room(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "MOST_SERVICES", 1)
    opened.write([batch(event("1", service="one"), arrived=NOW)], 0)
    later = NOW + 10 * names.HOUR
    assert opened.write([batch(event("2", service="two"), arrived=later)], 0) == [Outcome(unmatched=1)]
    opened.tidy(NOW + names.HOUR)
    assert opened.write([batch(event("3", service="two"), arrived=later)], 0) == [Outcome(accepted=1)]


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    opened = Store(tmp_path / "events.db", (), NOW)
    opened._connection.execute("PRAGMA user_version = 99")
    opened.close()
    with pytest.raises(NewerError, match="version 99"):
        Store(tmp_path / "events.db", (), NOW)
