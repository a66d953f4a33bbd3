from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from monitor.intake.seen import Seen
from monitor.intake.store import SCHEMA
from monitor.intake.usage import UsageEvent, hashed
from tests.fixtures.intake import NOW, event

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def seen() -> Iterator[Seen]:
    connection = sqlite3.connect(":memory:")
    for statement in SCHEMA:
        connection.execute(statement)
    yield Seen(connection)
    connection.close()


def span(name: str, whole: str = "", answer: str = "") -> UsageEvent:
    """Return the event of a span, which has the id of an *answer*, or none but its own."""
    return event(
        answer or name, id_hash=hashed(answer or name), span=hashed(name), whole=hashed(whole) if whole else ""
    )


def test_the_same_answer_is_new_once_whoever_tells(seen: Seen) -> None:
    assert seen.is_new(event("answer"), "assistant", NOW)
    assert not seen.is_new(span("client", "library", "answer"), "assistant", NOW)
    # the span that told of it again is known from then on, and so is the one around it
    assert not seen.is_new(span("server", "client"), "assistant", NOW)
    assert not seen.is_new(span("library", "agent"), "assistant", NOW)
    assert not seen.is_new(span("agent"), "assistant", NOW)


def test_parts_of_the_same_span_are_calls_of_their_own(seen: Seen) -> None:
    assert [seen.is_new(span(name, "agent"), "assistant", NOW) for name in ("one", "two", "three")] == [True] * 3
    assert not seen.is_new(span("agent"), "assistant", NOW)


def test_what_is_remembered_is_counted(seen: Seen) -> None:
    for one in (event("call"), event("call"), span("part", "whole"), span("part", "whole")):
        seen.is_new(one, "assistant", NOW)
    assert seen.added == 1 + 2
    assert seen.is_new(span("stray", "whole of stray"), "", NOW)
    assert seen.added == 1 + 2 + 1
