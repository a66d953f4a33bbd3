"""Runs of other programs in the ledger, on whichever database: beside all sums, told once, each with its file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.imported import OWN_MODE, ImportedUse, RunRow, Source
from monitor.core.interval import Interval
from monitor.ledger.errors import LedgerReadOnly, LedgerRefused
from monitor.ledger.store import ImportedRuns, Ledger
from monitor.ledger.verify import verify
from tests.contract.bookkeeping import START, Bookkeeping
from tests.contract.reckoned import HR, reckoned

if TYPE_CHECKING:
    from tests.contract.conftest import Site

SOURCE = Source("a" * 64, "emissions.csv", "gpu-lab-02", "anna", START)
FIRST = RunRow(2, START + 2 * HR, START, "run-1", "training", "assistant", "machine", "3.3.2", "FRA", 1000, 52, 7)
LATER = replace(FIRST, line=3, moment=START + 4 * HR, energy=1600, emissions=80, water=9)
OTHER = replace(FIRST, line=4, run="run-2", since=START + 5 * HR, moment=START + 6 * HR, energy=50, emissions=None)
EVER = Interval(0, 1 << 62)


@pytest.fixture
def kept(site: Site) -> Site:
    keeping = Bookkeeping()
    with site.open() as ledger:
        done = keeping.tick(2 * 3600)
        ledger.commit(done.books, done.closed, [], [], impacts=reckoned(done.closed))
    return site


def taken(site: Site, *rows: RunRow, source: Source = SOURCE) -> ImportedRuns:
    with Ledger.change(site.url) as ledger:
        done = ledger.import_runs(rows, source)
        assert verify(ledger).faults == ()
    return done


def uses(site: Site, interval: Interval = EVER) -> tuple[ImportedUse, ...]:
    with site.read() as ledger:
        return ledger.imported(interval)


def test_of_a_run_each_row_contains_the_earlier_ones(kept: Site) -> None:
    assert taken(kept, FIRST, LATER, OTHER) == ImportedRuns([2, 3, 4], [], [])
    (use,) = uses(kept)
    assert use == ImportedUse(SOURCE, "training", "assistant", ("machine",), ("3.3.2",), 2, 1650, None, 16)
    (use,) = uses(kept, Interval(0, START + 4 * HR))
    assert (use.runs, use.energy, use.emissions, use.water) == (1, 1600, 80, 9)


def test_a_row_counts_when_it_was_written_with_what_was_added_since_the_one_before(kept: Site) -> None:
    taken(kept, FIRST, LATER)
    parts = [uses(kept, Interval(START + first * HR, START + last * HR)) for first, last in ((0, 2), (2, 3), (3, 9))]
    assert [[(one.energy, one.emissions) for one in part] for part in parts] == [[(1000, 52)], [], [(600, 28)]]


def test_nothing_of_it_is_in_a_sum_of_the_host(kept: Site) -> None:
    with kept.read() as ledger:
        before = ledger.sums(EVER), ledger.monthly(2026), ledger.hourly(EVER), ledger.load()
    taken(kept, FIRST, LATER, OTHER)
    with kept.read() as ledger:
        assert (ledger.sums(EVER), ledger.monthly(2026), ledger.hourly(EVER), ledger.load()) == before


def test_the_same_again_changes_nothing_and_a_file_that_grew_adds_what_is_new(kept: Site) -> None:
    taken(kept, FIRST)
    before = kept.contents()
    assert taken(kept, replace(FIRST, service="search")) == ImportedRuns([], [2], [])
    assert kept.contents() == before
    grown = replace(SOURCE, digest="b" * 64, made=START + 9)
    assert taken(kept, FIRST, LATER, source=grown) == ImportedRuns([3], [2], [])
    assert [(use.source.digest[0], use.energy) for use in uses(kept)] == [("a", 1000), ("b", 600)]


def test_what_says_otherwise_is_refused_and_what_is_there_stays(kept: Site) -> None:
    taken(kept, FIRST, LATER)
    before = kept.contents()
    other = replace(FIRST, energy=999)
    falls = replace(LATER, moment=START + 5 * HR, energy=1599)
    rises = replace(LATER, moment=START + 3 * HR, energy=1601)
    done = taken(kept, other, falls, rises)
    assert (done.written, done.known) == ([], [])
    assert [why.partition(" of this run")[0] for _, why in done.refused] == [
        "the ledger has other figures",
        "the ledger has more energy",
        "the ledger has more energy",
    ]
    assert kept.contents() == before


@pytest.mark.parametrize("apart", [False, True], ids=["one file", "two files"])
def test_runs_that_counted_the_same_hardware_at_once_count_once(kept: Site, apart: bool) -> None:
    twice = replace(FIRST, line=9, run="run-9", since=START + HR, moment=START + 3 * HR)
    if apart:
        taken(kept, FIRST)
        done = taken(kept, twice, source=replace(SOURCE, digest="b" * 64))
    else:
        done = taken(kept, twice, FIRST)
    assert [line for line, _ in done.refused] == [9]
    assert "run-1 counted the same hardware" in done.refused[0][1]
    assert [use.energy for use in uses(kept)] == [1000]
    elsewhere = replace(SOURCE, digest="c" * 64, machine="gpu-lab-03")
    assert taken(kept, twice, source=elsewhere).written == [9]


def test_runs_that_follow_each_other_do_not_overlap_by_their_whole_seconds(kept: Site) -> None:
    follows = replace(FIRST, line=9, run="run-9", since=FIRST.moment - 10**9, moment=START + 3 * HR)
    assert taken(kept, FIRST, follows).refused == []


def test_services_of_an_export_of_this_program_run_side_by_side(kept: Site) -> None:
    own = replace(FIRST, mode=OWN_MODE)
    beside = replace(own, line=3, run="run-2", project="search")
    again = replace(own, line=4, run="run-3", since=START + HR)
    done = taken(kept, own, beside, again)
    assert (done.written, [line for line, _ in done.refused]) == ([2, 3], [4])


def test_a_file_is_of_one_machine(kept: Site) -> None:
    taken(kept, FIRST)
    with pytest.raises(LedgerRefused, match="name the machine gpu-lab-02"):
        taken(kept, FIRST, source=replace(SOURCE, machine="gpu-lab-03"))


def test_who_reads_imports_nothing(kept: Site) -> None:
    with kept.read() as ledger, pytest.raises(LedgerReadOnly):
        ledger.import_runs([FIRST], SOURCE)


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        ("UPDATE imported_runs SET energy = -1", "came to less than nothing"),
        ("UPDATE imported_runs SET since = moment + 1", "ends before it begins"),
        ("UPDATE imported_runs SET energy = 1 WHERE water = 9", "has 1 uJ, and had 1000 uJ before"),
    ],
)
def test_whatever_is_changed_in_imported_runs_is_found(kept: Site, harm: str, found: str) -> None:
    taken(kept, FIRST, LATER)
    kept.sql(harm)
    with kept.read() as ledger:
        faults = [one.sentence for one in verify(ledger).faults]
    assert any(found in one for one in faults), faults
