"""What a ledger promises, on whichever database it is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.entries import Gap, OpenBooks, Series, ServiceFacts
from monitor.core.interval import HALF_HOUR, HOUR, MINUTE, Interval
from monitor.core.units import Duration, Energy
from monitor.ledger.errors import (
    LedgerAbsent,
    LedgerBusy,
    LedgerCorrupt,
    LedgerError,
    LedgerLocked,
    LedgerMismatch,
    LedgerNewer,
    LedgerTaken,
)
from monitor.ledger.store import Ledger
from tests.contract.bookkeeping import (
    PACKAGE,
    PARIS,
    START,
    Bookkeeping,
    Commit,
    books_of,
    hour_bucket,
    minute_bucket,
    series,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.contract.conftest import Site

HR, MIN, SEC = HOUR.nanoseconds, MINUTE.nanoseconds, 10**9
GIGAWATT_HOUR = 3_600_000_000_000 * 10**6
ASSISTANT = ServiceFacts("assistant", "Assistant rédactionnel", "Communication", "2026-DSI-042", "vllm", "configured")


def amounts(energy: Mapping[Series, Energy]) -> Counter[Series]:
    return Counter({one: amount.microjoules for one, amount in energy.items()})


def hours_from(*starts: int, of: str = "assistant", microjoules: int = 10**6) -> Commit:
    closed = [hour_bucket(start, {series(of): microjoules}) for start in starts]
    return Commit(books_of(closed, max(starts) + HR), closed)


# --- what was committed is there -------------------------------------------------------------------------------------


def test_a_new_ledger_holds_nothing(ledger: Ledger) -> None:
    assert ledger.load() is None
    assert ledger.exposure_offset() == OpenBooks(at=ledger.exposure_offset().at, boot_id="", closed_through=0)
    assert ledger.sums(Interval(0, START + HR)).energy == {}
    assert ledger.minutes(0) == []
    assert ledger.services() == {}
    assert ledger.remembered("cpu_power") is None


def test_what_was_committed_is_there_after_a_restart(site: Site) -> None:
    keeping = Bookkeeping()
    with site.open() as ledger:
        for _ in range(70):
            commit = keeping.tick(61)
            commit.to(ledger)
    with site.open(now=keeping.now) as ledger:
        assert ledger.load() == commit.books
        assert amounts(ledger.sums(Interval(START, START + HR)).energy) == keeping.total(Interval(START, START + HR))


def test_a_part_whose_name_is_no_utf8_survives(site: Site) -> None:
    commit = Bookkeeping().tick()
    odd = replace(commit.books.usage[0], part="cgroup:/caf\udce9.slice")
    with site.open() as ledger:
        ledger.commit(replace(commit.books, usage=(odd,)), [], [], [])
    with site.open() as ledger:
        books = ledger.load()
    assert books is not None
    assert books.usage == (odd,)


def test_commits_are_numbered_one_by_one_across_restarts(site: Site) -> None:
    keeping = Bookkeeping()
    with site.open() as ledger:
        assert [keeping.tick().to(ledger) for _ in range(3)] == [1, 2, 3]
    with site.open() as ledger:
        assert keeping.tick().to(ledger) == 4


def test_a_commit_given_twice_changes_nothing(site: Site) -> None:
    keeping = Bookkeeping()
    with site.open() as ledger:
        keeping.tick(1800).to(ledger)
        commit = keeping.tick(2000)
        commit.gaps = keeping.skip(60)
        commit.services = [ASSISTANT]
        first = commit.to(ledger)
        before = site.contents()
        assert commit.to(ledger) == first + 1
        assert site.contents() == before
        assert ledger.load() == commit.books


def test_a_closed_bucket_is_never_booked_twice(ledger: Ledger) -> None:
    commit = hours_from(START)
    commit.to(ledger)
    hours_from(START, START + HR).to(ledger)
    assert ledger.sums(Interval(START, START + 2 * HR)).measured == {PACKAGE: Energy(2 * 10**6)}


def test_while_another_writes_nothing_is_written_and_the_same_may_be_given_again(site: Site) -> None:
    keeping = Bookkeeping()
    with site.open() as ledger:
        first = keeping.tick()
        first.to(ledger)
        commit = keeping.tick(3600)
        commit.services = [ASSISTANT]
        with site.written_by_another():
            with pytest.raises(LedgerBusy) as failure:
                commit.to(ledger)
            assert site.file is None or str(site.file) in failure.value.sentence
        assert ledger.load() == first.books
        assert ledger.services() == {}
        commit.to(ledger)
        assert ledger.load() == commit.books
        assert ledger.services() == {"assistant": ASSISTANT}
        assert amounts(ledger.sums(Interval(START, keeping.now)).energy) == keeping.total(Interval(START, START + HR))


def test_small_facts_are_remembered(site: Site) -> None:
    with site.open() as ledger:
        ledger.remember("cpu_power", "65 W")
        ledger.remember("cpu_power", "95 W")
        ledger.remember("name", "Ville de Château-Thierry")
    with site.read() as ledger:
        assert ledger.remembered("cpu_power") == "95 W"
        assert ledger.remembered("name") == "Ville de Château-Thierry"
        assert ledger.remembered("else") is None


# --- one daemon ------------------------------------------------------------------------------------------------------


def test_a_second_daemon_is_refused_and_told_who_holds_the_ledger(site: Site) -> None:
    with site.open(holder="empreinte, pid 4711 on ia-01"), pytest.raises(LedgerLocked) as refusal:
        site.open(holder="another")
    assert "empreinte, pid 4711 on ia-01" in refusal.value.holder
    with site.open(holder="another"):
        pass


def test_who_holds_the_ledger_is_known_without_being_told(site: Site) -> None:
    with site.open(), pytest.raises(LedgerLocked, match=r"kept by another daemon \(.*\bia-01\b.*\): stop that one"):
        site.open()


def test_a_refused_daemon_leaves_the_other_undisturbed(site: Site) -> None:
    keeping = Bookkeeping()
    with site.open() as ledger:
        keeping.tick().to(ledger)
        with pytest.raises(LedgerLocked):
            site.open()
        commit = keeping.tick()
        assert commit.to(ledger) == 2
        assert ledger.load() == commit.books


def test_a_daemon_whose_ledger_was_opened_by_another_writes_no_more(site: Site) -> None:
    keeping = Bookkeeping()
    with site.open() as ledger:
        first = keeping.tick()
        first.to(ledger)
        site.sql("UPDATE open_books SET writer = 'somebody else'")
        with pytest.raises(LedgerTaken):
            keeping.tick().to(ledger)
    with site.open() as ledger:
        assert ledger.load() == first.books


def test_a_command_reads_beside_the_daemon_and_sees_every_commit(site: Site) -> None:
    keeping = Bookkeeping()
    with site.open() as ledger, site.read() as reader:
        assert reader.load() is None
        for _ in range(2):
            commit = keeping.tick(3600)
            commit.to(ledger)
            assert reader.load() == commit.books
        whole = Interval(START, keeping.now)
        assert reader.sums(whole) == ledger.sums(whole)
        assert (reader.uuid, reader.host_uuid, reader.timezone) == (ledger.uuid, ledger.host_uuid, PARIS)


def test_a_command_can_read_the_ledger_of_a_daemon_that_has_stopped(site: Site) -> None:
    commit = Bookkeeping().tick()
    with site.open() as ledger:
        commit.to(ledger)
    with site.read() as reader:
        assert reader.load() == commit.books


def test_who_only_reads_writes_nothing(site: Site) -> None:
    with site.open() as ledger:
        hours_from(START).to(ledger)
    with site.read() as reader, pytest.raises(LedgerError):
        hours_from(START + HR).to(reader)
    with site.read() as reader:
        assert reader.sums(Interval(START, START + 2 * HR)).measured == {PACKAGE: Energy(10**6)}


# --- what it is ------------------------------------------------------------------------------------------------------


def test_a_ledger_keeps_its_identity_and_its_hosts(site: Site) -> None:
    with site.open() as ledger:
        first = (ledger.uuid, ledger.host_uuid, ledger.grain, ledger.simulated)
    with site.open(host="ia-02") as ledger:
        assert (ledger.uuid, ledger.host_uuid, ledger.grain, ledger.simulated) == first
    assert len({*first[:2]}) == 2
    assert first[2:] == (HOUR, False)


@pytest.mark.parametrize("made_simulated", [True, False])
def test_simulated_and_real_do_not_mix(site: Site, made_simulated: bool) -> None:
    with site.open(simulated=made_simulated) as ledger:
        assert ledger.simulated is made_simulated
    with pytest.raises(LedgerMismatch, match=r"simulated machine.*: use another ledger\.url"):
        site.open(simulated=not made_simulated)
    with site.open(simulated=made_simulated), site.read() as reader:
        assert reader.simulated is made_simulated


def test_a_zone_at_half_an_hour_fixes_the_grain_for_good(site: Site) -> None:
    with site.open(timezone="Pacific/Marquesas") as ledger:
        assert ledger.grain == HALF_HOUR
    with site.open(timezone=PARIS) as ledger:
        assert ledger.grain == HALF_HOUR
        assert ledger.timezone == PARIS


def test_hours_are_not_cut_anew_for_a_zone_that_they_do_not_fit(site: Site) -> None:
    with site.open():
        pass
    with pytest.raises(LedgerMismatch, match="Pacific/Marquesas"):
        site.open(timezone="Pacific/Marquesas")
    with site.read() as reader:
        assert reader.timezone == PARIS


@pytest.mark.parametrize("how", ["open", "read"])
def test_a_newer_schema_is_refused(site: Site, how: str) -> None:
    with site.open():
        pass
    site.sql("UPDATE schema_version SET version_num = '9999'")
    with pytest.raises(LedgerNewer, match=r"made by a newer program .*9999.*: install"):
        getattr(site, how)()


@pytest.mark.parametrize("how", ["open", "read"])
def test_books_that_are_damaged_are_refused(site: Site, how: str) -> None:
    with site.open() as ledger:
        Bookkeeping().tick().to(ledger)
    site.sql("UPDATE open_books SET body = :body", body=b"\0damaged")
    with pytest.raises(LedgerCorrupt), getattr(site, how)() as ledger:
        ledger.load()


# --- sums ------------------------------------------------------------------------------------------------------------


def test_sums_are_exact_above_what_64_bits_hold(ledger: Ledger) -> None:
    huge = 2 * GIGAWATT_HOUR + 999_999
    closed = hours_from(*(START + number * HR for number in range(5)), microjoules=huge).closed
    ledger.commit(books_of([], START + 5 * HR), closed, [], [])
    sums = ledger.sums(Interval(START, START + 5 * HR))
    assert sums.energy == {series("assistant"): Energy(5 * huge)}
    assert sums.measured == {PACKAGE: Energy(5 * huge)}
    assert 5 * huge > 2**63


def test_sums_are_those_of_the_hours_that_lie_whole_in_the_interval(site: Site) -> None:
    keeping = Bookkeeping()
    with site.open() as ledger:
        for _ in range(9):
            keeping.tick(3600).to(ledger)
        for first, last in [(0, 9), (1, 2), (3, 8), (4, 4)]:
            interval = Interval(START + first * HR, START + last * HR)
            found = ledger.sums(interval)
            assert amounts(found.energy) == keeping.total(interval)
            assert sum(one.microjoules for one in found.measured.values()) == keeping.total(interval).total()
            assert {found.covered.get(name, Duration(0)) for name in ("package", "dram")} == {
                Duration((last - first) * HR)
            }
        assert ledger.sums(Interval(START + 1, START + 2 * HR)) == ledger.sums(Interval(START + HR, START + 3 * HR - 1))


def test_only_what_is_closed_is_summed(ledger: Ledger) -> None:
    Bookkeeping().tick(3599).to(ledger)
    assert ledger.sums(Interval(START, START + HR)).energy == {}


def test_what_each_resource_was_measured_for_is_its_own(ledger: Ledger) -> None:
    bucket = hour_bucket(START, {series("assistant"): 10, series("assistant", "gpu0"): 5})
    uneven = replace(bucket, covered={"package": HOUR, "gpu0": Duration(HR // 4)})
    ledger.commit(books_of([uneven], START + HR), [uneven], [], [])
    assert ledger.sums(Interval(START, START + HR)).covered == {"package": HOUR, "gpu0": Duration(HR // 4)}


def test_the_last_hours_power_is_there_for_the_chart(ledger: Ledger) -> None:
    minutes = [
        minute_bucket(
            START + number * MIN, {series("assistant"): (number + 1) * 60 * 10**6, series("_idle"): 6 * 10**7}
        )
        for number in range(5)
    ]
    ledger.commit(books_of([], START + 5 * MIN), minutes, [], [])
    assert ledger.minutes(START + 2 * MIN) == [(START + number * MIN, number + 2.0) for number in range(2, 5)]


def test_gaps_are_kept_once_and_cut_to_what_is_asked(ledger: Ledger) -> None:
    gaps = [
        Gap("package", Interval(START - HR, START + 10), "daemon_down"),
        Gap("gpu0", Interval(START + 5, START + 7), "unreadable"),
        Gap("package", Interval(START + HR, START + HR + 1), "reboot"),
    ]
    for _ in range(2):
        ledger.commit(books_of([], START + 2 * HR), [], gaps, [])
    assert list(ledger.gaps(Interval(START, START + HR))) == [
        Gap("package", Interval(START, START + 10), "daemon_down"),
        Gap("gpu0", Interval(START + 5, START + 7), "unreadable"),
    ]


# --- who it was ------------------------------------------------------------------------------------------------------


def test_a_service_without_change_gets_no_new_date(site: Site) -> None:
    for later in range(3):
        with site.open(now=START + later * HR) as ledger:
            ledger.commit(books_of([], START + later * HR), [], [], [ASSISTANT])
            assert ledger.services() == {"assistant": ASSISTANT}
    assert site.sql("SELECT valid_from FROM service_attributes") == [(START,)]


def test_a_report_by_department_uses_what_was_true_in_each_hour(ledger: Ledger) -> None:
    moved = replace(ASSISTANT, department="Culture")
    ledger.commit(books_of([], START - 10), [], [], [ASSISTANT])
    first = hour_bucket(START, {series("assistant"): 3})
    ledger.commit(books_of([first], START + HR), [first], [], [moved])
    second = hour_bucket(START + HR, {series("assistant"): 5})
    ledger.commit(books_of([first, second], START + 2 * HR), [second], [], [])
    rows = ledger.monthly(2026).rows
    assert {(row.month, row.facts, row.energy) for row in rows} == {
        (3, ASSISTANT, Energy(3)),
        (3, moved, Energy(5)),
    }
    assert ledger.services() == {"assistant": moved}


def test_what_is_told_of_a_service_late_holds_for_what_it_used_before(ledger: Ledger) -> None:
    hours_from(START).to(ledger)
    ledger.commit(books_of([], START + 9 * HR), [], [], [ASSISTANT])
    (row,) = ledger.monthly(2026).rows
    assert row.facts == ASSISTANT


def test_a_renamed_service_keeps_its_history(site: Site) -> None:
    new = replace(ASSISTANT, key="redaction", was=("assistant",))
    with site.open() as ledger:
        first = hour_bucket(START, {series("assistant"): 3, series("_idle"): 1})
        ledger.commit(books_of([first], START + HR), [first], [], [ASSISTANT])
    with site.open(now=START + HR) as ledger:
        second = hour_bucket(START + HR, {series("redaction"): 5})
        books = books_of([first, second], START + 2 * HR)
        ledger.commit(books, [second], [], [new])
        both = {series("redaction"): Energy(8), series("_idle"): Energy(1)}
        assert ledger.sums(Interval(START, START + 2 * HR)).energy == both
        by_series: Counter[Series] = Counter()
        for row in ledger.monthly(2026).rows:
            by_series[row.series] += row.energy.microjoules
            assert row.facts.key == row.series.consumer
        assert by_series == amounts(both)
        assert ledger.services().keys() == {"redaction"}
        # what was told to others stays as it was told
        assert ledger.load() == books


def test_a_key_that_was_used_before_the_rename_adds_to_what_it_carries_on(site: Site) -> None:
    new = replace(ASSISTANT, key="redaction", was=("assistant",))
    with site.open() as ledger:
        first = hour_bucket(START, {series("assistant"): 3, series("redaction"): 4})
        ledger.commit(books_of([first], START + HR), [first], [], [ASSISTANT, replace(new, was=())])
        ledger.commit(books_of([first], START + HR + 1), [], [], [new])
        assert ledger.sums(Interval(START, START + HR)).energy == {series("redaction"): Energy(7)}


def test_a_key_that_is_given_to_another_service_later_is_the_new_ones(ledger: Ledger) -> None:
    first = hour_bucket(START, {series("assistant"): 3})
    ledger.commit(books_of([first], START + HR), [first], [], [ASSISTANT])
    moved = replace(ASSISTANT, key="redaction", was=("assistant",))
    ledger.commit(books_of([first], START + HR + 1), [], [], [moved])
    second = hour_bucket(START + 2 * HR, {series("assistant"): 5, series("redaction"): 1})
    another = replace(ASSISTANT, name="Un autre")
    ledger.commit(books_of([first, second], START + 3 * HR), [second], [], [another])
    sums = ledger.sums(Interval(START, START + 3 * HR)).energy
    assert sums == {series("redaction"): Energy(4), series("assistant"): Energy(5)}


# --- months of minutes are not kept ----------------------------------------------------------------------------------


def test_minutes_older_than_the_retention_go_and_hours_stay(site: Site) -> None:
    keeping = Bookkeeping(("assistant",))
    with site.open() as ledger:
        keeping.tick(3600).to(ledger)
        assert len(ledger.minutes(0)) == 60
        keeping.skip(41 * 86_400)
        keeping.tick(3600)
        for _ in range(3):
            keeping.tick(3600).to(ledger)
        assert min(start for start, _ in ledger.minutes(0)) >= keeping.now - 40 * 86_400 * SEC
        assert ledger.minutes(0)
        assert amounts(ledger.sums(Interval(START, START + HR)).energy) == keeping.total(Interval(START, START + HR))


def test_a_ledger_that_is_not_there_is_not_made_by_reading(tmp_path: object) -> None:
    with pytest.raises(LedgerAbsent, match="start the daemon"):
        Ledger.read(f"sqlite:///{tmp_path}/ledger.db")
    with pytest.raises(LedgerError, match="names neither"):
        Ledger.read("mysql://localhost/ledger")
