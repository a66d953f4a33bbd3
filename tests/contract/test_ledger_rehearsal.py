"""What a restatement would change is known without writing anything, on whichever database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.core.interval import Interval
from monitor.ledger.rehearsal import closed_hours, rehearse
from monitor.ledger.store import Ledger
from tests.contract.bookkeeping import START, Bookkeeping
from tests.contract.reckoned import HR, SERVER, reckoned, terms

if TYPE_CHECKING:
    from monitor.core.entries import Bucket
    from tests.contract.conftest import Site

HOURS = 10
WHOLE = Interval(START, START + HOURS * HR)
EVER = Interval(0, 1 << 62)


@pytest.fixture
def closed(site: Site) -> list[Bucket]:
    """Keep a ledger for ten hours; return what was closed."""
    keeping = Bookkeeping()
    buckets: list[Bucket] = []
    with site.open() as ledger:
        for _ in range(HOURS):
            done = keeping.tick(3600)
            buckets += done.closed
            ledger.commit(done.books, done.closed, [], [], impacts=reckoned(done.closed, terms(assets=(SERVER,))))
    return buckets


def test_a_rehearsal_says_what_the_restatement_then_does(site: Site, closed: list[Bucket]) -> None:
    hours = reckoned(closed, terms("41", assets=(SERVER,)))
    with Ledger.read(site.url) as ledger:
        said = rehearse(ledger, hours, WHOLE)
        assert ledger.restatements() == ()
    with Ledger.change(site.url) as ledger:
        made = ledger.restate(hours, WHOLE, made=START, author="anna", reason="r", factor_set="s")
    assert made is not None
    assert (said.hours, said.differences()) == (made.hours, made.differences)


def test_of_the_same_hours_nothing_would_change(site: Site, closed: list[Bucket]) -> None:
    with Ledger.read(site.url) as ledger:
        assert rehearse(ledger, reckoned(closed, terms(assets=(SERVER,))), WHOLE).hours == 0


def test_hours_that_would_lose_their_impacts_are_among_those_that_change(site: Site, closed: list[Bucket]) -> None:
    hours = reckoned(closed, terms(assets=(SERVER,)))
    with Ledger.read(site.url) as ledger:
        assert rehearse(ledger, hours[:4], WHOLE).hours == len(hours) - 4


def test_the_closed_hours_begin_with_the_first_that_is_known(site: Site, closed: list[Bucket]) -> None:
    assert closed
    with Ledger.read(site.url) as ledger:
        assert closed_hours(ledger, EVER) == Interval(START, ledger.closed_through())
        assert closed_hours(ledger, Interval(START + 1, START + 3 * HR - 1)) == Interval(START + HR, START + 2 * HR)
        assert closed_hours(ledger, Interval(0, START)) is None
        assert closed_hours(ledger, Interval(ledger.closed_through(), 1 << 62)) is None


def test_a_ledger_without_hours_has_none(site: Site) -> None:
    site.open().close()
    with Ledger.read(site.url) as ledger:
        assert closed_hours(ledger, EVER) is None
