"""What each month of a year came to, on whichever database the ledger is kept."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from monitor.core.entries import Share
from monitor.core.interval import HOUR, Interval
from monitor.core.units import Duration, Energy
from tests.contract.bookkeeping import DRAM, PACKAGE, PARIS, START, Bookkeeping, books_of, hour_bucket, ns, series
from tests.contract.test_ledger import hours_from

if TYPE_CHECKING:
    from monitor.ledger.store import Ledger
    from tests.contract.conftest import Site

HR = HOUR.nanoseconds


def test_months_are_cut_in_the_organisations_time_zone(ledger: Ledger) -> None:
    last_of_march = ns("2026-03-31T23:00:00", PARIS)
    closed = [
        hour_bucket(last_of_march, {series("assistant"): 3}),
        hour_bucket(last_of_march + HR, {series("assistant"): 4}, Duration(HR // 2)),
        hour_bucket(ns("2025-12-31T23:00:00", PARIS), {series("assistant"): 100}),
        hour_bucket(ns("2026-01-01T00:00:00", PARIS), {series("assistant"): 50}),
        hour_bucket(ns("2026-12-31T23:00:00", PARIS), {series("assistant"): 60}),
        hour_bucket(ns("2027-01-01T00:00:00", PARIS), {series("assistant"): 1000}),
    ]
    ledger.commit(books_of(closed, ns("2027-01-01T02:00:00")), closed, [], [])
    found = ledger.monthly(2026)
    assert {row.month: row.energy.microjoules for row in found.rows} == {1: 50, 3: 3, 4: 4, 12: 60}
    assert found.covered[4, "package"] == Duration(HR // 2)
    assert found.measured[3, PACKAGE] == Energy(3)
    assert found.closed_through == ns("2027-01-01T02:00:00")


def test_all_months_of_a_year_are_of_one_moment_also_while_a_daemon_commits(site: Site) -> None:
    january, december = ns("2026-01-01T00:00:00", PARIS), ns("2026-12-01T00:00:00", PARIS)
    site.open().close()
    read_enough = threading.Event()

    def keep() -> None:
        with site.open(now=december) as daemon:
            for hour in range(600):
                # each commit closes an hour of both months, with the same energy
                hours_from(january + hour * HR, december + hour * HR).to(daemon)
                if read_enough.is_set():
                    break

    found = set[int]()
    with ThreadPoolExecutor(1) as pool, site.read() as ledger:
        keeping = pool.submit(keep)
        while len(found) < 5 and not keeping.done():
            months = Counter({row.month: row.energy.microjoules for row in ledger.monthly(2026).rows})
            assert months[1] == months[12]
            found.add(months[1])
        read_enough.set()
        keeping.result()
    assert len(found) == 5


def test_a_month_can_be_read_alone(ledger: Ledger) -> None:
    last_of_march = ns("2026-03-31T23:00:00", PARIS)
    closed = [
        hour_bucket(last_of_march, {series("assistant"): 3}),
        hour_bucket(last_of_march + HR, {series("assistant"): 4}),
    ]
    ledger.commit(books_of(closed, last_of_march + 2 * HR), closed, [], [])
    whole, april = ledger.monthly(2026), ledger.month(2026, 4)
    assert {(row.month, row.energy) for row in april.rows} == {(1, Energy(4))}
    assert {row.energy for row in whole.rows if row.month == 4} == {row.energy for row in april.rows}
    assert april.covered == {(1, resource): time for (month, resource), time in whole.covered.items() if month == 4}
    assert ledger.month(2026, 5).rows == ()
    only = ledger.monthly(2026, (4, 5))
    assert only.rows == tuple(row for row in whole.rows if row.month == 4)
    assert only.covered == {key: time for key, time in whole.covered.items() if key[0] == 4}
    assert only.measured == {key: energy for key, energy in whole.measured.items() if key[0] == 4}
    assert only.closed_through == whole.closed_through


def test_a_month_of_two_methods_has_a_row_for_each(ledger: Ledger) -> None:
    keeping = Bookkeeping(("assistant",))
    keeping.tick(3600).to(ledger)
    rows = ledger.monthly(2026).rows
    assert Counter({row.series: row.energy.microjoules for row in rows}) == keeping.total(Interval(START, START + HR))
    assert {row.series.share for row in rows} == {Share.ACTIVE, Share.FLOOR}
    assert {row.series.resource for row in rows} == {PACKAGE.resource, DRAM.resource}


def test_an_hour_has_what_the_whole_machine_used(ledger: Ledger) -> None:
    first = ns("2026-03-31T23:00:00", PARIS)
    closed = [
        hour_bucket(first, {series("assistant"): 3, series("_other"): 4}),
        hour_bucket(first + 2 * HR, {series("assistant"): 5}),
    ]
    ledger.commit(books_of(closed, first + 3 * HR), closed, [], [])
    assert ledger.hourly(Interval(first, first + 3 * HR)) == {first: Energy(7), first + 2 * HR: Energy(5)}
    assert ledger.hourly(Interval(first + HR, first + 2 * HR)) == {}
