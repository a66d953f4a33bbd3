"""Restating: a new generation beside what was there, on whichever database, seen by nobody before it is whole."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from monitor.core.entries import ServiceFacts
from monitor.core.impact import Bounds, HourImpacts, ImpactSeries, Indicator
from monitor.core.interval import Interval
from monitor.core.units import Energy
from monitor.ledger import impacts, restatement
from monitor.ledger.errors import LedgerAbsent, LedgerBusy, LedgerError, LedgerReadOnly
from monitor.ledger.restatement import Restatement
from monitor.ledger.store import Ledger
from monitor.ledger.verify import verify
from tests.contract.bookkeeping import START, Bookkeeping, books_of
from tests.contract.reckoned import CARD, HR, SERVER, came_to, reckoned, terms
from tests.contract.test_ledger_impacts import added

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from monitor.core.entries import Bucket
    from tests.contract.conftest import Site

ROOT = Path(__file__).parents[2]
GASES = Indicator.GWP_USE
HOURS = 10
WHOLE = Interval(START, START + HOURS * HR)
NEWER = terms("41", assets=(SERVER, CARD))


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


def restate(ledger: Ledger, hours: Iterable[HourImpacts], interval: Interval = WHOLE) -> Restatement | None:
    return ledger.restate(
        hours, interval, made=START + 99 * HR, author="anna", reason="ADEME 2026", factor_set="2026.1"
    )


def generation(site: Site, number: int) -> list[tuple[object, ...]]:
    """Return every row of a generation."""
    return [
        row
        for table in ("hour_impacts", "hour_terms")
        for row in site.sql(f"SELECT * FROM {table} WHERE generation = {number} ORDER BY 1, 2, 3")  # noqa: S608 - no input
    ]


def by_indicator(hours: Iterable[HourImpacts]) -> dict[Indicator, Bounds]:
    sums: dict[Indicator, Bounds] = {}
    for series, amount in added(hours).items():
        sums[series.indicator] = sums.get(series.indicator, Bounds.ZERO) + amount
    return sums


# --- what counts -----------------------------------------------------------------------------------------------------


def test_a_restatement_counts_from_then_on_and_what_was_there_stays(site: Site, closed: list[Bucket]) -> None:
    before, new = generation(site, 0), reckoned(closed, NEWER)
    old = by_indicator(reckoned(closed, terms(assets=(SERVER,))))
    with site.open() as daemon, Ledger.change(site.url) as ledger:
        seen = daemon.corrections()
        made = restate(ledger, new)
        assert made is not None
        assert (made.number, made.interval, made.author, made.reason) == (1, WHOLE, "anna", "ADEME 2026")
        assert (made.factor_set, made.made, made.hours) == ("2026.1", START + 99 * HR, HOURS)
        assert made.differences == {one: (old.get(one), amount) for one, amount in by_indicator(new).items()}
        assert made.differences[Indicator.ADPE_EMBODIED][0] is None
        assert daemon.restatements() == (made,)
        assert daemon.corrections() != seen
        assert daemon.sums(WHOLE).impacts == added(new)
        assert {row.amount for row in daemon.monthly(2026).impacts} == set(added(new).values())
    assert generation(site, 0) == before


def test_restating_with_the_same_set_changes_nothing(site: Site, closed: list[Bucket]) -> None:
    before = site.contents()
    with Ledger.change(site.url) as ledger:
        assert restate(ledger, reckoned(closed, terms(assets=(SERVER,)))) is None
        assert site.contents() == before
        first = restate(ledger, reckoned(closed, NEWER))
        before = site.contents()
        assert restate(ledger, reckoned(closed, NEWER)) is None
        assert ledger.restatements() == (first,)
    assert site.contents() == before


def test_other_terms_are_a_difference_where_the_amounts_are_the_same(site: Site, closed: list[Bucket]) -> None:
    with Ledger.change(site.url) as ledger:
        made = restate(ledger, reckoned(closed, replace(terms(assets=(SERVER,)), filled=True)))
        assert made is not None
        assert made.hours == HOURS
        assert all(before == after for before, after in made.differences.values())


def test_of_several_the_last_over_an_hour_counts(site: Site, closed: list[Bucket]) -> None:
    parts = [(0, 10, "30"), (2, 5, "31"), (4, 7, "32"), (4, 5, "33")]
    expected: dict[int, HourImpacts] = {}
    with Ledger.change(site.url) as ledger:
        for number, (first, last, level) in enumerate(parts, 1):
            interval = Interval(START + first * HR, START + last * HR)
            hours = [one for one in reckoned(closed, terms(level)) if interval.start <= one.start < interval.end]
            expected |= {one.start: one for one in hours}
            made = restate(ledger, hours, interval)
            assert made is not None
            assert made.number == number
            for start in range(HOURS):
                piece = Interval(START + start * HR, START + HOURS * HR)
                if number == len(parts):
                    assert ledger.sums(piece).impacts == added(expected.values(), piece)
        found = [(one.generation, one.hours) for one in ledger.applied(WHOLE)]
    hour = [START + number * HR for number in range(11)]
    assert found == [
        (1, (Interval(hour[0], hour[2]), Interval(hour[7], hour[10]))),
        (2, (Interval(hour[2], hour[4]),)),
        (4, (Interval(hour[4], hour[5]),)),
        (3, (Interval(hour[5], hour[7]),)),
    ]


def test_hours_that_were_restated_one_by_one_are_summed_like_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # more than one statement asks for at once
    monkeypatch.setattr(impacts, "AT_ONCE", 5)
    many = 22
    hours = [came_to(START + number * HR, {("s", GASES): (1, 2, 3)}) for number in range(many)]
    with site.open() as ledger:
        ledger.commit(books_of([], START + many * HR), [], [], [], impacts=hours)
        for number in range(0, many, 2):
            interval = Interval(START + number * HR, START + (number + 1) * HR)
            restate(ledger, [came_to(interval.start, {("s", GASES): (10, 20, 30)})], interval)
        whole = Interval(START, START + many * HR)
        expected = Bounds(11 + 110, 22 + 220, 33 + 330)
        assert ledger.sums(whole).impacts == {ImpactSeries("s", GASES): expected}


def test_hours_that_are_left_out_are_unknown_from_then_on(site: Site, closed: list[Bucket]) -> None:
    assert closed
    with Ledger.change(site.url) as ledger:
        made = restate(ledger, [])
        assert made is not None
        assert made.hours == HOURS
        assert {after for _, after in made.differences.values()} == {None}
        sums = ledger.sums(WHOLE)
        assert sums.impacts == {}
        assert sums.energy != {}


# --- by which terms --------------------------------------------------------------------------------------------------


def test_terms_are_read_back_as_they_were_given(site: Site) -> None:
    many = [
        terms(),
        terms(filled=True),
        terms("52.000", pue="1.375", assets=(SERVER, CARD)),
        terms("0.000000000123", assets=(CARD, SERVER)),
        replace(terms(), zone="FR-20", applied=()),
    ]
    hours = [came_to(START + number * HR, {("s", GASES): (1, 2, 3)}, one) for number, one in enumerate(many)]
    with site.open() as ledger:
        ledger.commit(books_of([], START + 9 * HR), [], [], [], impacts=hours)
    with site.read() as reader:
        found = reader.applied(WHOLE)
        assert [one.terms for one in found] == many
        assert [one.terms.rates for one in found] == [one.rates for one in many]
        made = [[asset.making for asset in one.terms.assets] for one in found]
        assert made == [[asset.making for asset in one.assets] for one in many]
        assert reader.filled(START) == (Interval(START + HR, START + 2 * HR),)
        assert reader.filled(START + 2 * HR) == ()


def test_factors_that_stay_the_same_take_one_row(site: Site, closed: list[Bucket]) -> None:
    assert len(closed) > HOURS
    assert [site.sql(f"SELECT count(*) FROM {name}") for name in ("terms", "factors", "hour_terms")] == [  # noqa: S608 - no input
        [(1,)],
        [(4,)],
        [(HOURS,)],
    ]


def test_a_person_can_redo_the_grams_of_each_stretch(site: Site, closed: list[Bucket]) -> None:
    interval = Interval(START + 4 * HR, START + 8 * HR)
    with Ledger.change(site.url) as ledger:
        hours = [one for one in reckoned(closed, NEWER) if interval.start <= one.start < interval.end]
        restate(ledger, hours, interval)
        parts = ledger.by_terms(WHOLE, "assistant")
        assert [part.applied.generation for part in parts] == [0, 1]
        assert [part.applied.hours for part in parts] == [
            (Interval(START, interval.start), Interval(interval.end, WHOLE.end)),
            (interval,),
        ]
        energy: dict[object, int] = {}
        for applied, by_series, impacts in parts:
            whole = sum(one.microjoules for one in by_series.values())
            exact = applied.terms.rates[GASES].of(Energy(whole)).central
            # each hour is rounded by itself
            assert abs(impacts[GASES].central - exact) <= HOURS
            assert impacts[Indicator.ENERGY].central == whole
            for series, amount in by_series.items():
                energy[series] = energy.get(series, 0) + amount.microjoules
        sums = ledger.sums(WHOLE)
        assert energy == {one: amount.microjoules for one, amount in sums.energy.items() if one.consumer == "assistant"}
        for indicator in (GASES, Indicator.ENERGY, Indicator.FACILITY_ENERGY):
            apart = [part.impacts[indicator] for part in parts]
            assert apart[0] + apart[1] == sums.impacts[ImpactSeries("assistant", indicator)]
        assert ledger.by_terms(WHOLE, "nobody") == []


def test_what_was_booked_under_an_old_key_is_explained_under_the_new_one(site: Site, closed: list[Bucket]) -> None:
    assert closed
    renamed = ServiceFacts("redaction", "R", was=("assistant",))
    with site.open() as ledger:
        books = ledger.load()
        assert books is not None
        ledger.commit(books, [], [], [renamed])
        (part,) = ledger.by_terms(WHOLE, "redaction")
        assert {series.consumer for series in part.energy} == {"redaction"}
        assert part.impacts[GASES] == ledger.sums(WHOLE).impacts[ImpactSeries("redaction", GASES)]
        assert ledger.by_terms(WHOLE, "assistant") == []


def test_hours_that_waited_for_an_intensity_wait_no_more_once_restated(site: Site, closed: list[Bucket]) -> None:
    with site.open() as ledger:
        assert ledger.filled(0) == ()
        restate(ledger, reckoned(closed, terms(filled=True)))
        assert ledger.filled(0) == (WHOLE,)
        interval = Interval(START + 3 * HR, START + 5 * HR)
        hours = [one for one in reckoned(closed, NEWER) if interval.start <= one.start < interval.end]
        restate(ledger, hours, interval)
        assert ledger.filled(0) == (Interval(START, interval.start), Interval(interval.end, WHOLE.end))


# --- refused ---------------------------------------------------------------------------------------------------------


def test_only_closed_hours_are_restated(site: Site, closed: list[Bucket]) -> None:
    before = site.contents()
    with Ledger.change(site.url) as ledger:
        with pytest.raises(LedgerError, match=r"not closed yet.*: restate up to 2026-03-04T15:00:00Z"):
            restate(ledger, [], Interval(START, WHOLE.end + HR))
        assert restate(ledger, [], Interval(START + 1, START + HR)) is None
        hours = reckoned(closed, NEWER)
        for wrong in ([hours[1], hours[0]], [hours[0], hours[0]], [replace(hours[0], start=START + 1)]):
            with pytest.raises(ValueError, match="out of order"):
                restate(ledger, wrong)
        with pytest.raises(ValueError, match="not one of those"):
            restate(ledger, hours, Interval(START, START + 9 * HR))
    assert {**site.contents(), "terms": [], "factors": [], "impact_series": []} == {
        **before,
        "terms": [],
        "factors": [],
        "impact_series": [],
    }


def test_who_only_reads_restates_nothing(site: Site, closed: list[Bucket]) -> None:
    with site.read() as reader, pytest.raises(LedgerReadOnly):
        restate(reader, reckoned(closed, NEWER))


def test_who_changes_keeps_nothing(site: Site, closed: list[Bucket]) -> None:
    assert closed
    done = Bookkeeping().tick()
    with Ledger.change(site.url) as ledger, pytest.raises(LedgerReadOnly):
        done.to(ledger)


def test_a_ledger_that_is_not_there_is_not_made_by_restating(tmp_path: Path) -> None:
    with pytest.raises(LedgerAbsent):
        Ledger.change(f"sqlite:///{tmp_path}/ledger.db")


def test_two_do_not_restate_at_once(site: Site, closed: list[Bucket]) -> None:
    with site.open() as daemon, Ledger.change(site.url) as ledger:

        def meanwhile() -> Iterator[HourImpacts]:
            with pytest.raises(LedgerBusy, match="being restated by another program"):
                restate(daemon, reckoned(closed, terms("1")))
            yield from reckoned(closed, NEWER)

        assert restate(ledger, meanwhile()) is not None
        assert restate(daemon, reckoned(closed, terms("1"))) is not None
        assert [one.number for one in daemon.restatements()] == [1, 2]


# --- cut off ---------------------------------------------------------------------------------------------------------


def test_a_failure_of_who_reckons_leaves_nothing(
    site: Site, closed: list[Bucket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restatement, "MOST_HOURS", 2)
    before = generation(site, 0)

    def broken() -> Iterator[HourImpacts]:
        yield from reckoned(closed, NEWER)[:7]
        raise ZeroDivisionError

    with Ledger.change(site.url) as ledger:
        with pytest.raises(ZeroDivisionError):
            restate(ledger, broken())
        assert site.sql("SELECT * FROM impact_generations") == []
        assert generation(site, 1) == []
        assert generation(site, 0) == before


KILLED = """
import os, sys
from monitor.core.interval import Interval
from monitor.ledger import impacts, restatement
from monitor.ledger.store import Ledger
from tests.contract.bookkeeping import START, Bookkeeping
from tests.contract.reckoned import HR, reckoned, terms
from tests.contract.test_ledger_restating import HOURS, NEWER, WHOLE, restate

restatement.MOST_HOURS = 2
keeping = Bookkeeping()
closed = [bucket for _ in range(HOURS) for bucket in keeping.tick(3600).closed]

def hours():
    yield from reckoned(closed, NEWER)[:7]
    os.kill(os.getpid(), 9)

with Ledger.change(sys.argv[1]) as ledger:
    restate(ledger, hours())
"""


def test_one_that_was_killed_is_seen_by_nobody_and_removed_by_the_next(site: Site, closed: list[Bucket]) -> None:
    with site.read() as reader:
        before = (reader.sums(WHOLE), reader.applied(WHOLE), reader.corrections())
    done = subprocess.run([sys.executable, "-c", KILLED, site.url], cwd=ROOT, check=False)
    assert done.returncode == -9
    left = generation(site, 1)
    assert {row[0] for row in left} == {START + number * HR for number in range(6)}
    with site.read() as reader:
        assert (reader.sums(WHOLE), reader.applied(WHOLE), reader.corrections()) == before
        assert reader.restatements() == ()
        assert verify(reader).faults == ()
    with Ledger.change(site.url) as ledger:
        part = Interval(START + 4 * HR, START + 5 * HR)
        hours = [one for one in reckoned(closed, terms("7")) if one.start == part.start]
        made = restate(ledger, hours, part)
        assert made is not None
        assert made.number == 1
        assert {row[0] for row in generation(site, 1)} == {part.start}
        assert verify(ledger).faults == ()


class Restating(Thread):
    """A command that restates while others go on."""

    def __init__(self, url: str, hours: list[HourImpacts], interval: Interval) -> None:
        super().__init__()
        self._asked = (url, hours, interval)
        self.outcome: Restatement | LedgerError | None = None

    def run(self) -> None:
        url, hours, interval = self._asked
        try:
            with Ledger.change(url) as ledger:
                self.outcome = restate(ledger, hours, interval)
        except LedgerError as error:
            self.outcome = error


def test_a_daemon_commits_all_the_while(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restatement, "MOST_HOURS", 5)
    keeping = Bookkeeping()
    closed: list[Bucket] = []
    key = ImpactSeries("assistant", GASES)
    with site.open() as daemon:
        for _ in range(100):
            done = keeping.tick(3600)
            closed += done.closed
            daemon.commit(done.books, done.closed, [], [], impacts=reckoned(done.closed))
        interval = Interval(START, keeping.now)
        restating = Restating(site.url, reckoned(closed, NEWER), interval)
        restating.start()
        seen = [daemon.sums(interval).impacts[key]]
        while restating.is_alive():
            keeping.tick(60).to(daemon)
            seen.append(daemon.sums(interval).impacts[key])
        restating.join()
        assert isinstance(restating.outcome, Restatement)
        # either all as it was, or all as it is: never a part
        assert set(seen) <= {added(reckoned(closed))[key], added(reckoned(closed, NEWER))[key]}
        assert daemon.sums(interval).impacts == added(reckoned(closed, NEWER))
        assert verify(daemon).faults == ()
