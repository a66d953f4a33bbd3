"""What the verification finds of activity, on whichever database the ledger is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.activity import Unit, resource_of
from monitor.core.entries import Gap
from monitor.core.interval import Interval
from monitor.ledger.verify import verify
from tests.contract.bookkeeping import START, Bookkeeping
from tests.contract.reckoned import HR
from tests.contract.test_ledger_activity import EVENTS, act

if TYPE_CHECKING:
    from monitor.ledger.store import Ledger
    from tests.contract.conftest import Site

SECOND = 10**9

ENERGY = "series_id IN (SELECT id FROM activity_series WHERE unit = 'energy')"


def kept_well(ledger: Ledger) -> Bookkeeping:
    """Keep books of a service with a page, and for some time with events beside it, into an open hour."""
    keeping = Bookkeeping()
    for tick in range(30):
        start = keeping.now
        since = Interval(start, start + 600 * SECOND)
        done = keeping.tick(600)
        keeping.books.act(since, {act(): 70, act(unit=Unit.ENERGY, meter=""): 900})
        if tick > 10:
            keeping.books.act(since, {EVENTS: 68})
        books = replace(done.books, open=keeping.books.open(), activity=keeping.books.activity())
        ledger.commit(replace(books, counted=keeping.books.counted()), done.closed, [], [])
    return keeping


def faults(ledger: Ledger, interval: Interval | None = None) -> list[str]:
    return [fault.sentence for fault in verify(ledger, interval).faults]


def test_a_ledger_whose_activity_is_sound_has_no_fault(site: Site) -> None:
    with site.open() as ledger:
        kept_well(ledger)
        assert faults(ledger) == []
    with site.read() as reader:
        assert faults(reader, Interval(START, START + 2 * HR)) == []
        assert reader.sums(Interval(START, START + 4 * HR)).cross_checks


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (
            "UPDATE hour_activity SET counted = true WHERE bucket = {late}",
            "output_tokens of assistant (by server, http://127.0.0.1:8000/metrics) counts, and is a cross-check",
        ),
        (
            "UPDATE hour_activity SET counted = false WHERE bucket = {start}",
            "energy of assistant (by server) does not count, and is not a cross-check",
        ),
        ("UPDATE hour_activity SET amount = amount + 1 WHERE bucket = {start}", "and 2100 by the totals"),
        ("DELETE FROM hour_activity WHERE bucket = {start}", "in all hours, closed and open, and 2100 by the totals"),
        ("UPDATE hour_activity SET amount = -1 WHERE bucket = {start}", "(by server) is -1"),
        (
            "UPDATE activity_series SET model = 'requests' WHERE model = 'output_tokens'",
            "energy of assistant (by server) is not by what was told then",
        ),
        (
            "UPDATE hour_activity SET amount = 9000000000000 WHERE {energy}",
            "and it is known what it did with",
        ),
    ],
)
def test_whatever_is_changed_in_the_tables_of_activity_is_found(site: Site, harm: str, found: str) -> None:
    with site.open() as ledger:
        kept_well(ledger)
    site.sql(harm.format(energy=ENERGY, start=START, late=START + 3 * HR))
    with site.read() as reader:
        assert any(found in sentence for sentence in faults(reader)), faults(reader)


def test_a_gap_of_activity_does_not_explain_an_hour_that_nothing_is_known_of(site: Site) -> None:
    keeping = Bookkeeping()
    with site.open() as ledger:
        first = keeping.tick(3600)
        ledger.commit(first.books, first.closed, [], [])
        keeping.skip(3 * 3600)
        second = keeping.tick(3600 + 60)
        missed = Interval(START, keeping.now)
        ledger.commit(second.books, second.closed, [Gap(resource_of("assistant"), missed, "counter_reset")], [])
        found = faults(ledger)
        assert len(found) == 3
        assert all("no gap says why" in sentence for sentence in found)
        (gap,) = ledger.gaps(Interval(0, 2**62))
        assert gap.resource == "activity:assistant"


def test_what_came_in_late_is_no_fault(site: Site) -> None:
    """A page that could not be read for hours is booked later than the energy that it took."""
    keeping = Bookkeeping(joules=1)
    with site.open() as ledger:
        for _ in range(4):
            done = keeping.tick(3600)
            ledger.commit(done.books, done.closed, [], [])
        used = sum(energy.microjoules for one, energy in done.books.energy.items() if one.consumer == "assistant")
        keeping.books.act(Interval(START, keeping.now), {act(): 5, act(unit=Unit.ENERGY, meter=""): used})
        done = keeping.tick(3700)
        ledger.commit(replace(done.books, activity=keeping.books.activity()), done.closed, [], [])
        assert faults(ledger) == []
