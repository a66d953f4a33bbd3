"""Correcting by hand: a new generation beside what was there, on whichever database, with every joule accounted for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.corrections import (
    STRUCK_OUT,
    WHOLE_MACHINE,
    Correction,
    Declare,
    Evidence,
    Explain,
    Grounds,
    HourBook,
    Kind,
    Move,
    Order,
    Reason,
    Revoke,
    Strike,
)
from monitor.core.entries import Gap, Meter, Series, ServiceFacts, Share
from monitor.core.impact import Indicator
from monitor.core.interval import Interval
from monitor.core.readings import Method
from monitor.core.units import Duration, Energy
from monitor.ledger import correcting, hour_books
from monitor.ledger.errors import LedgerBusy, LedgerReadOnly, LedgerRefused
from monitor.ledger.locks import restating
from monitor.ledger.store import Corrected, Ledger
from monitor.ledger.verify import verify
from tests.contract.bookkeeping import PACKAGE, START, Bookkeeping
from tests.contract.reckoned import HR, reckoned, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from tests.contract.conftest import Site

HOURS = 10
WHOLE = Interval(START, START + HOURS * HR)
EVIDENCE = Evidence("a" * 64, "meter.pdf")
GROUNDS = Grounds(START + 99 * HR, "anna", "the batch was of search", EVIDENCE)
GAP = Interval(START + 4 * HR + HR // 2, START + 6 * HR + HR // 2)
"""Of both meters: half an hour, an hour, half an hour."""
SERVICES = [ServiceFacts("assistant", "Assistant"), ServiceFacts("search", "Search")]


@pytest.fixture
def kept(site: Site) -> Bookkeeping:
    """Keep a ledger for ten hours, two of which were missed in the middle."""
    keeping = Bookkeeping()
    with site.open() as ledger:
        for seconds, missed in ((4 * 3600 + 1800, 2 * 3600), (3 * 3600 + 1800, 0)):
            done = keeping.tick(seconds)
            gaps = keeping.skip(missed) if missed else []
            ledger.commit(done.books, done.closed, gaps, SERVICES, impacts=reckoned(done.closed, terms()))
    return keeping


def hours(first: int, last: int) -> Interval:
    return Interval(START + first * HR, START + last * HR)


def correct(site: Site, order: Order, grounds: Grounds = GROUNDS) -> Corrected:
    with Ledger.change(site.url) as ledger:
        made = ledger.correct(order, grounds)
        assert verify(ledger).faults == ()
    return made


def energies(site: Site, interval: Interval = WHOLE) -> Counter[Series]:
    """Return what counts of *interval*, in microjoules."""
    with site.read() as ledger:
        return Counter({one: energy.microjoules for one, energy in ledger.sums(interval).energy.items() if energy})


def used(site: Site, consumer: str, interval: Interval = WHOLE) -> int:
    return sum(energy for one, energy in energies(site, interval).items() if one.consumer == consumer)


def measured(site: Site, interval: Interval = WHOLE) -> dict[Meter, int]:
    with site.read() as ledger:
        return {one: energy.microjoules for one, energy in ledger.sums(interval).measured.items()}


def covered(site: Site, interval: Interval = WHOLE) -> dict[str, int]:
    with site.read() as ledger:
        return {one: time.nanoseconds for one, time in ledger.sums(interval).covered.items()}


# --- to move ---------------------------------------------------------------------------------------------------------


def test_all_that_a_service_used_is_given_to_another_and_nothing_that_was_measured_changes(
    site: Site, kept: Bookkeeping
) -> None:
    booked, before, beyond = kept.total(hours(1, 3)), measured(site), energies(site, hours(3, HOURS))
    first = site.sql("SELECT * FROM hour_entries WHERE generation = 0 ORDER BY bucket, series_id")
    made = correct(site, Move(hours(1, 3), "assistant", "search"))
    expected: Counter[Series] = Counter()
    for one, energy in booked.items():
        expected[replace(one, consumer="search") if one.consumer == "assistant" else one] += energy
    assert energies(site, hours(1, 3)) == expected
    assert energies(site, hours(3, HOURS)) == beyond
    assert measured(site) == before
    gone = sum(energy for one, energy in booked.items() if one.consumer == "assistant")
    assert made.correction == Correction(
        1, Kind.MOVE, hours(1, 3), GROUNDS, origin="assistant", target="search", energy=gone
    )
    assert made.before["assistant"] == gone
    assert made.after == {"assistant": 0, "search": made.before["search"] + gone}
    assert site.sql("SELECT * FROM hour_entries WHERE generation = 0 ORDER BY bucket, series_id") == first
    with site.read() as ledger:
        assert ledger.made_by_hand() == (made.correction,)


def test_a_part_is_taken_in_proportion_and_to_the_microjoule(site: Site, kept: Bookkeeping) -> None:
    assert kept
    before = used(site, "assistant"), used(site, "search")
    correct(site, Move(WHOLE, "assistant", "search", Energy(1_234_567)))
    assert (used(site, "assistant"), used(site, "search")) == (before[0] - 1_234_567, before[1] + 1_234_567)


def test_of_one_resource_alone(site: Site, kept: Bookkeeping) -> None:
    assert kept
    package = Counter({one: energy for one, energy in energies(site).items() if one.resource == "package"})
    correct(site, Move(WHOLE, "assistant", "_unattributed", resource="dram"))
    left = energies(site)
    assert Counter({one: energy for one, energy in left.items() if one.resource == "package"}) == package
    assert not any(one.consumer == "assistant" for one in left if one.resource == "dram")


def test_the_impacts_follow_by_the_terms_that_each_hour_had(site: Site, kept: Bookkeeping) -> None:
    assert kept
    with site.read() as ledger:
        before = ledger.impacts(WHOLE)
        terms_before = [
            (one.terms, sum(part.length.nanoseconds for part in one.hours)) for one in ledger.applied(WHOLE)
        ]
    correct(site, Move(WHOLE, "assistant", "search"))
    with site.read() as ledger:
        after, naming = ledger.impacts(WHOLE), ledger.restatements()
        terms_after = [(one.terms, sum(part.length.nanoseconds for part in one.hours)) for one in ledger.applied(WHOLE)]
    assert terms_after == terms_before
    emitted = {key.consumer: amount.central for key, amount in after.items() if key.indicator is Indicator.GWP_USE}
    whole = sum(amount.central for key, amount in before.items() if key.indicator is Indicator.GWP_USE)
    assert emitted.get("assistant", 0) == 0
    # each consumer's part of an hour is rounded by itself
    assert abs(sum(emitted.values()) - whole) <= 5 * HOURS
    assert naming[-1].reason == "correction 1: the batch was of search"


def test_the_counters_stay_as_they_were_first_booked(site: Site, kept: Bookkeeping) -> None:
    assert kept
    with site.read() as ledger:
        books = ledger.load()
    correct(site, Move(WHOLE, "assistant", "search"))
    with site.read() as ledger:
        assert ledger.load() == books


def test_a_daemon_that_keeps_the_ledger_sees_it(site: Site, kept: Bookkeeping) -> None:
    with site.open(now=kept.now) as daemon:
        seen = daemon.corrections()
        correct(site, Move(WHOLE, "assistant", "search"))
        assert daemon.corrections() != seen
        done = kept.tick(3600)
        daemon.commit(done.books, done.closed, [], [], impacts=reckoned(done.closed, terms()))
        assert verify(daemon).faults == ()


# --- to declare ------------------------------------------------------------------------------------------------------


def test_what_no_meter_saw_is_declared_over_the_gap_and_stays_a_gap(site: Site, kept: Bookkeeping) -> None:
    assert kept
    before, then, gaps = covered(site), measured(site), site.sql("SELECT * FROM gaps ORDER BY 1, 3")
    made = correct(site, Declare(hours(4, 7), "package", "_unattributed", Energy(4_000_001)))
    stated = Meter("package", Method.DECLARED)
    assert measured(site) == {**then, stated: 4_000_001}
    by_hour = [measured(site, hours(hour, hour + 1))[stated] for hour in (4, 5, 6)]
    assert by_hour == [1_000_000, 2_000_000, 1_000_001]
    mine = Series("_unattributed", "package", Share.ACTIVE, Method.DECLARED)
    assert energies(site)[mine] == 4_000_001
    assert covered(site) == before
    assert site.sql("SELECT * FROM gaps ORDER BY 1, 3") == gaps
    assert made.correction.time == Duration(2 * HR)
    # the hour in the middle was of the daemon's absence: nothing says by what it is to be reckoned
    assert made.unknown == 1


def test_the_whole_machine_is_declared_where_nothing_of_it_was_measured(site: Site, kept: Bookkeeping) -> None:
    assert kept
    site.sql(f"UPDATE gaps SET since = {GAP.start + HR} WHERE resource = 'dram'")  # noqa: S608 - no input
    made = correct(site, Declare(hours(4, 7), WHOLE_MACHINE, "search", Energy(3_600_000_000)))
    assert made.correction.time == Duration(HR)
    for resource in (WHOLE_MACHINE, "package"):
        with pytest.raises(LedgerRefused, match="correct revoke 1"):
            correct(site, Declare(hours(4, 7), resource, "search", Energy(1)))


def test_what_was_measured_is_not_declared(site: Site, kept: Bookkeeping) -> None:
    assert kept
    with pytest.raises(LedgerRefused, match="there is no gap of package from"):
        correct(site, Declare(hours(0, 4), "package", "search", Energy(1)))
    with pytest.raises(LedgerRefused, match="nothing can't be declared"):
        correct(site, Declare(hours(4, 7), "package", "search", Energy.ZERO))


# --- to strike out ---------------------------------------------------------------------------------------------------


def test_what_a_meter_saw_wrongly_becomes_a_gap(site: Site, kept: Bookkeeping) -> None:
    assert kept
    lied, before, rest = measured(site, hours(0, 2))[PACKAGE], measured(site), covered(site)
    made = correct(site, Strike(hours(0, 2), "package"))
    assert (made.correction.energy, made.correction.time) == (lied, Duration(2 * HR))
    assert measured(site) == {**before, PACKAGE: before[PACKAGE] - lied}
    assert not any(one.resource == "package" for one in energies(site, hours(0, 2)))
    assert covered(site) == {**rest, "package": rest["package"] - 2 * HR}
    with site.read() as ledger:
        assert ledger.gaps(hours(0, 3)) == (Gap("package", hours(0, 2), STRUCK_OUT),)
        monthly = ledger.monthly(2026)
    assert monthly.covered[3, "package"].nanoseconds == rest["package"] - 2 * HR


def test_all_that_was_measured_can_be_wrong(site: Site, kept: Bookkeeping) -> None:
    assert kept
    for resource in ("package", "dram"):
        correct(site, Strike(hours(0, 3), resource))
    assert energies(site, hours(0, 3)) == {}
    assert covered(site, hours(0, 3)) == {"package": 0, "dram": 0}


def test_a_time_that_was_struck_out_can_be_declared_and_no_time_twice(site: Site, kept: Bookkeeping) -> None:
    assert kept
    correct(site, Strike(hours(3, 8), "package"))
    with site.read() as ledger:
        gaps = [(one.interval, one.cause) for one in ledger.gaps(hours(3, 8)) if one.resource == "package"]
    assert gaps == [
        (Interval(START + 3 * HR, GAP.start), STRUCK_OUT),
        (GAP, "daemon_down"),
        (Interval(GAP.end, START + 8 * HR), STRUCK_OUT),
    ]
    made = correct(site, Declare(hours(3, 8), "package", "search", Energy(5_000_000)))
    assert made.correction.time == Duration(5 * HR)
    # what was stated is not measured, and so not struck out
    with pytest.raises(LedgerRefused, match="nothing was measured of package"):
        correct(site, Strike(hours(3, 8), "package"))


# --- to explain, and to revoke ---------------------------------------------------------------------------------------


def test_an_explanation_of_a_gap_changes_no_figure(site: Site, kept: Bookkeeping) -> None:
    assert kept
    before = site.contents()
    made = correct(site, Explain(hours(4, 7), Reason.MAINTENANCE))
    assert (made.correction.kind, made.correction.cause, made.correction.time) == (
        Kind.GAP,
        "maintenance",
        Duration(2 * HR),
    )
    assert {name: rows for name, rows in site.contents().items() if name != "corrections"} == {
        name: rows for name, rows in before.items() if name != "corrections"
    }
    with pytest.raises(LedgerRefused, match="there is no gap of package from"):
        correct(site, Explain(hours(0, 2), Reason.OTHER, "package"))


def test_what_was_revoked_counts_no_more_and_stays_on_record(site: Site, kept: Bookkeeping) -> None:
    assert kept
    before, rest = energies(site), covered(site)
    with site.read() as ledger:
        impacts = ledger.impacts(WHOLE)
    correct(site, Strike(hours(0, 2), "package"))
    correct(site, Move(hours(1, 4), "assistant", "search"))
    with pytest.raises(LedgerRefused, match="correct revoke 2"):
        correct(site, Revoke(1))
    for number in (2, 1):
        made = correct(site, Revoke(number))
        assert made.correction.revokes == number
    assert energies(site) == before
    assert covered(site) == rest
    with site.read() as ledger:
        assert ledger.impacts(WHOLE) == impacts
        assert ledger.gaps(hours(0, 4)) == ()
        assert [(one.number, one.kind, one.revoked_by) for one in ledger.made_by_hand()] == [
            (1, Kind.STRIKE, 4),
            (2, Kind.MOVE, 3),
            (3, Kind.REVOKE, 0),
            (4, Kind.REVOKE, 0),
        ]
    for number, said in ((1, "was revoked by correction 4"), (3, "no correction 3 that can be revoked"), (9, "none")):
        with pytest.raises(LedgerRefused, match=said):
            correct(site, Revoke(number))


def test_an_explanation_can_be_revoked(site: Site, kept: Bookkeeping) -> None:
    assert kept
    correct(site, Explain(hours(4, 7), Reason.POWER_CUT))
    correct(site, Revoke(1))
    with site.read() as ledger:
        assert [one.revoked_by for one in ledger.made_by_hand()] == [2, 0]


# --- what can't be done ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (Move(hours(8, 12), "assistant", "search"), "are not closed yet.*correct up to 2026-03-04T15:00:00Z"),
        (Move(hours(-40, -30), "assistant", "search"), "the ledger knows nothing of that time"),
        (Move(Interval(START, START + HR + 1), "assistant", "search"), "no time of whole hours"),
        (Move(Interval(START + HR, START), "assistant", "search"), "no time of whole hours"),
        (Move(WHOLE, "nobody", "search"), "knows no service nobody: name one of these: assistant, search"),
        (Move(WHOLE, "assistant", "_idle"), "knows no service _idle: name one of these"),
        (Move(WHOLE, "search", "search"), "search has it already"),
        (Move(WHOLE, "_unattributed", "search"), "_unattributed used 0 kWh from"),
        (Move(WHOLE, "assistant", "search", Energy(10**15)), "take no more than it used"),
        (Move(WHOLE, "assistant", "search", Energy.ZERO), "take no more than it used"),
        (Move(WHOLE, "assistant", "search", resource="gpu0"), "used 0 kWh of gpu0"),
        (Strike(WHOLE, "gpu0"), "nothing was measured of gpu0.*dram, package"),
    ],
)
def test_what_can_not_be_done_changes_nothing_and_names_the_cure(
    site: Site, kept: Bookkeeping, order: Order, said: str
) -> None:
    assert kept
    before = site.contents()
    with pytest.raises(LedgerRefused, match=said):
        correct(site, order)
    assert site.contents() == before


def test_a_rehearsal_says_what_would_change_and_writes_nothing(site: Site, kept: Bookkeeping) -> None:
    assert kept
    before, order = site.contents(), Move(WHOLE, "assistant", "search", Energy(777))
    with site.read() as ledger:
        would = ledger.correct(order, GROUNDS, dry_run=True)
        with pytest.raises(LedgerReadOnly):
            ledger.correct(order, GROUNDS)
    assert site.contents() == before
    done = correct(site, order)
    assert replace(would, correction=replace(would.correction, number=1)) == done


def test_one_corrects_at_a_time(site: Site, kept: Bookkeeping) -> None:
    assert kept
    with (
        Ledger.change(site.url) as other,
        restating(other.place, other.transaction),
        pytest.raises(LedgerBusy, match="wait until it is done"),
    ):
        correct(site, Move(WHOLE, "assistant", "search"))


def test_one_that_was_cut_off_counts_nowhere_and_is_removed(
    site: Site, kept: Bookkeeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept
    before, write = energies(site), hour_books.BookWriter.write

    class PowerCut(BaseException):
        pass

    written: list[int] = []

    def cut(writer: hour_books.BookWriter, connection: Connection, lot: Sequence[HourBook]) -> None:
        if written:
            raise PowerCut
        written.append(len(lot))
        write(writer, connection, lot)

    # several lots, of which the first is written and the second is not
    monkeypatch.setattr(correcting, "MOST_HOURS", 3)
    monkeypatch.setattr(hour_books.BookWriter, "write", cut)
    with pytest.raises(PowerCut):
        correct(site, Move(WHOLE, "assistant", "search"))
    monkeypatch.undo()
    assert site.sql("SELECT count(*) FROM hour_entries WHERE generation = 1") != [(0,)]
    assert energies(site) == before
    with site.read() as ledger:
        assert ledger.made_by_hand() == ()
    assert correct(site, Move(hours(0, 1), "assistant", "search")).correction.number == 1
    kept_hours = site.sql("SELECT DISTINCT bucket FROM hour_entries WHERE generation = 1")
    assert kept_hours == [(START,)]


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        ("UPDATE corrections SET author = ''", "nothing says who made correction 1"),
        ("UPDATE corrections SET evidence = 'x'", "is no SHA-256"),
        ("UPDATE corrections SET until = since", "is of no time"),
        ("UPDATE corrections SET told = replace(told, '\"revokes\": 0', '\"revokes\": 7')", "revokes correction 7"),
        ("UPDATE generations SET current = false", "its generation of energy does not count"),
        (
            "UPDATE hour_entries SET energy = energy + 1 WHERE generation = 1 AND bucket = {hour} AND series_id = 1",
            "when it was made",
        ),
        ("UPDATE hour_measured SET energy = energy + 1 WHERE generation = 1 AND bucket = {hour}", "have to be"),
        ("INSERT INTO hour_struck VALUES ({hour}, 1, 'gpu0', 1, 5)", "5 ns of gpu0 were struck out, and 0 measured"),
    ],
)
def test_whatever_is_changed_behind_a_correction_is_found(site: Site, kept: Bookkeeping, harm: str, found: str) -> None:
    assert kept
    correct(site, Move(WHOLE, "_other", "search"))
    site.sql(harm.format(hour=START))
    with site.read() as ledger:
        faults = [one.sentence for one in verify(ledger).faults]
    assert any(found in one for one in faults), faults
