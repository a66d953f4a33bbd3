"""From events of bought services to the ledger: a real file of events, and a real ledger."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from monitor.core.activity import Unit
from monitor.core.external import Basis, ExternalRule, by_service
from monitor.core.interval import HOUR, Interval, Stamp
from monitor.core.units import Duration
from monitor.external.bases import Bases
from monitor.external.booking import Booking
from monitor.factors.studies import shipped_studies
from monitor.intake.feed import Feed
from monitor.intake.matching import owners_of
from monitor.intake.spool import FILE, Cursor, Spool, SpoolError
from monitor.intake.store import Batch
from monitor.ledger.errors import LedgerError
from monitor.ledger.store import Ledger
from tests.fixtures.intake import NOW, event
from tests.fixtures.ledgers import empty_ledger
from tests.parts.loopback import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from monitor.adapters.ecologits import Estimate, Question
    from monitor.core.external import ExternalAmount

RULE = ExternalRule(key="api", name="API", provider="mistral", models=("mistral-*",), zone="SE")
WEEK = Duration(7 * 24 * HOUR.nanoseconds)
EVER = Interval(0, 1 << 62)


def nobody(questions: Sequence[Question]) -> tuple[Estimate | None, ...]:
    return (None,) * len(questions)


class Scene:
    """A spool, and a ledger that it is booked into."""

    def __init__(self, directory: Path, bases: Bases | None = None) -> None:
        self.bases = bases or Bases(shipped_studies(), nobody)
        self.spool = Spool(directory / FILE, owners_of((), (RULE,)), lambda: NOW, WEEK)
        self.ledger = Ledger.open(
            empty_ledger(directory / "ledger.db"), host="ia-01", timezone="UTC", now=Stamp(NOW, 10**12)
        )
        self.booking = self.begin()

    def begin(self) -> Booking:
        return Booking(self.spool, self.ledger, (RULE,), self.bases, HOUR)

    def send(self, *names: str) -> int:
        """Return the number of the last event."""
        lot = tuple(event(name, service="", counts={Unit.OUTPUT_TOKENS: 100}) for name in names)
        self.spool.submit(Batch(lot, (), NOW)).result(timeout=60)
        return self.spool.standing.last

    def book(self, through: int) -> None:
        wait_until(lambda: self.booking.book() >= through, what=f"all up to {through} in the ledger")

    def tokens(self) -> int:
        return by_service(self.ledger.external(EVER))["api"].counts[Unit.OUTPUT_TOKENS]


@contextmanager
def scene(directory: Path, bases: Bases | None = None) -> Iterator[Scene]:
    made = Scene(directory, bases)
    with made.spool, made.ledger:
        yield made


def test_what_events_tell_of_bought_services_is_in_the_ledger_once_also_after_a_restart(tmp_path: Path) -> None:
    with scene(tmp_path) as made:
        made.book(made.send("1", "2"))
        assert made.tokens() == 200
        made.booking = made.begin()
        made.book(made.send("3"))
        made.booking.book()
        assert made.tokens() == 300
        use = by_service(made.ledger.external(EVER))["api"]
        assert use.unknown or use.impacts


class Unlucky:
    """A ledger whose answer to the first write is lost, before or after it was written."""

    def __init__(self, ledger: Ledger, *, written: bool) -> None:
        self._ledger = ledger
        self._written = written
        self.failures = 0

    def add_external(self, amounts: Iterable[ExternalAmount], *, stream: str, through: int) -> bool:
        if self.failures:
            return self._ledger.add_external(amounts, stream=stream, through=through)
        self.failures += 1
        if self._written:
            self._ledger.add_external(amounts, stream=stream, through=through)
        raise LedgerError("the answer was lost", "try again")

    def external_mark(self, stream: str) -> int:
        return self._ledger.external_mark(stream)


@pytest.mark.parametrize("written", [True, False])
def test_where_the_ledger_s_answer_is_lost_nothing_is_and_nothing_is_booked_twice(
    tmp_path: Path, *, written: bool
) -> None:
    with scene(tmp_path) as made:
        made.booking = Booking(made.spool, Unlucky(made.ledger, written=written), (RULE,), made.bases, HOUR)
        made.send("1", "2")
        with pytest.raises(LedgerError):
            made.book(2)
        made.book(made.send("3"))
        assert made.tokens() == 300


class BrokenBases(Bases):
    """Bases that fail once in a way that nobody thought of."""

    fails = True

    def of(self, wanted: Iterable[tuple[ExternalRule, str]]) -> Mapping[tuple[ExternalRule, str], Basis]:
        if self.fails:
            self.fails = False
            raise ZeroDivisionError
        return super().of(wanted)


def test_a_defect_in_what_tokens_are_reckoned_with_stops_nobody_and_loses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with scene(tmp_path, BrokenBases(shipped_studies(), nobody)) as made, caplog.at_level(logging.ERROR):
        made.book(made.send("1"))
        assert made.tokens() == 100
    assert "ZeroDivisionError" in caplog.text


def test_events_are_dropped_when_both_books_have_them(tmp_path: Path) -> None:
    with scene(tmp_path) as made:
        done = [0]
        feed = Feed(made.spool, HOUR, lambda: done[0])
        last = made.send("1")
        taken = feed.take("")
        assert (taken.sums, Cursor.of(taken.cursor).number) == ((), last)
        feed.committed(taken.cursor)
        made.send("2")
        assert made.spool.standing.waiting == 2
        done[0] = last
        feed.committed(taken.cursor)
        wait_until(lambda: made.spool.standing.waiting == 1, what="the first event dropped")


def test_a_file_that_can_t_be_read_is_said_once_and_read_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with scene(tmp_path) as made, caplog.at_level(logging.WARNING):
        feed = Feed(made.spool, HOUR)
        made.send("1")
        feed.take("")
        assert made.spool._reader is not None
        made.spool._reader.close()
        made.send("2")
        assert [feed.take(cursor).cursor for cursor in ("", "")] == ["", ""]
        assert caplog.text.count("can't be read") == 1
        made.spool._reader = None
        assert Cursor.of(feed.take("").cursor).number == 2


def test_what_keeps_bought_services_from_being_booked_is_said_once_until_it_is_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[Exception | int] = [SpoolError("no disk"), SpoolError("no disk"), 0, SpoolError("no disk")]

    def book() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with scene(tmp_path) as made, caplog.at_level(logging.WARNING):
        feed = Feed(made.spool, HOUR, book)
        for times in (1, 1, 1, 2):
            feed.committed(feed.take("").cursor)
            assert caplog.text.count("no disk; they are kept") == times
