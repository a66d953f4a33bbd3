"""Corrections, and what months are cut into: the rest is in tests/contract/test_ledger.py."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from monitor.core.entries import Gap, Grain, Meter, ServiceFacts
from monitor.core.interval import HOUR, Interval, Stamp
from monitor.core.readings import Method
from monitor.core.units import Energy
from monitor.ledger.consulting import Corrections
from monitor.ledger.exactness import exact
from monitor.ledger.schema import entries, generations, measured
from monitor.ledger.store import Ledger
from tests.contract.bookkeeping import PACKAGE, books_of, hour_bucket, ns, series

HR = HOUR.nanoseconds
START = ns("2026-03-04T05:00:00")
ASSISTANT = series("assistant")


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """Four hours of 10 microjoules each."""
    with Ledger.open(url, host="h", timezone="Europe/Paris", now=Stamp(START, 0)) as opened:
        closed = [hour_bucket(START + number * HR, {ASSISTANT: 10}) for number in range(4)]
        opened.commit(books_of(closed, START + 4 * HR), closed, [], [])
        yield opened


def correct(ledger: Ledger, number: int, first: int, last: int, energy: int, *, current: bool = True) -> None:
    """Book *energy* for each hour from the *first* to before the *last*, as generation *number*."""
    with ledger.transaction(writes=True) as connection:
        connection.execute(
            generations.insert().values(
                number=number,
                host_id=1,
                since=START + first * HR,
                until=START + last * HR,
                current=current,
                made=START,
                reason="a wrong meter",
            )
        )
        for hour in range(first, last):
            row = {"bucket": START + hour * HR, "generation": number, "energy": energy}
            connection.execute(entries[Grain.HOUR].insert().values(series_id=1, **row))
            connection.execute(
                measured[Grain.HOUR].insert().values(host_id=1, resource="package", method="counter", **row)
            )


def hourly(ledger: Ledger) -> list[int]:
    found = []
    for number in range(4):
        sums = ledger.sums(Interval(START + number * HR, START + (number + 1) * HR))
        assert sums.measured == {PACKAGE: sums.energy[ASSISTANT]}
        found.append(sums.energy[ASSISTANT].microjoules)
    return found


def total(ledger: Ledger) -> int:
    return ledger.sums(Interval(START, START + 4 * HR)).energy[ASSISTANT].microjoules


def test_a_correction_counts_instead_of_what_was_booked_first(ledger: Ledger) -> None:
    correct(ledger, 1, 1, 3, 7)
    assert hourly(ledger) == [10, 7, 7, 10]
    assert total(ledger) == 34
    assert ledger.corrections() == Corrections(frozenset({1}), 0)
    (row,) = ledger.monthly(2026).rows
    assert row.energy == Energy(34)
    assert ledger.monthly(2026).measured == {(3, PACKAGE): Energy(34)}


def test_of_two_corrections_the_later_counts(ledger: Ledger) -> None:
    correct(ledger, 1, 0, 3, 7)
    correct(ledger, 2, 2, 4, 5)
    assert hourly(ledger) == [7, 7, 5, 5]
    assert total(ledger) == 24


def test_a_correction_that_was_withdrawn_does_not_count(ledger: Ledger) -> None:
    correct(ledger, 1, 0, 4, 7)
    correct(ledger, 2, 0, 4, 5, current=False)
    assert hourly(ledger) == [7, 7, 7, 7]
    assert ledger.corrections() == Corrections(frozenset({1}), 0)


def test_an_hour_that_a_correction_leaves_out_is_gone(ledger: Ledger) -> None:
    correct(ledger, 1, 0, 0, 7)
    with ledger.transaction(writes=True) as connection:
        connection.execute(generations.update().values(until=START + HR))
    assert total(ledger) == 30


def test_a_name_that_changes_often_cuts_no_hour_and_loses_none(ledger: Ledger) -> None:
    facts = ServiceFacts("assistant", "A")
    for minutes in range(0, 240, 25):
        books = books_of([], START + minutes * 60 * 10**9)
        ledger.commit(books, [], [], [replace(facts, department=str(minutes))])
    rows = {row.facts.department: row.energy.microjoules for row in ledger.monthly(2026).rows}
    # at 5:00, 6:00, 7:00, 8:00 the last changes were those of minutes 0, 50, 100 and 175
    assert rows == {"0": 10, "50": 10, "100": 10, "175": 10}


def test_gaps_that_touch_are_one_and_others_are_not(ledger: Ledger) -> None:
    told = [
        Gap("package", Interval(START, START + 5), "unreadable"),
        Gap("package", Interval(START + 5, START + 9), "unreadable"),
        Gap("package", Interval(START + 7, START + 8), "unreadable"),
        Gap("package", Interval(START + 9, START + 12), "reboot"),
        Gap("dram", Interval(START + 12, START + 13), "reboot"),
        Gap("package", Interval(START + 14, START + 15), "reboot"),
    ]
    ledger.commit(books_of([], START + 4 * HR), [], told, [])
    assert ledger.gaps(Interval(START, START + HR)) == (
        Gap("package", Interval(START, START + 9), "unreadable"),
        *told[3:],
    )
    assert ledger.gaps(Interval(START + 6, START + 7)) == (
        Gap("package", Interval(START + 6, START + 7), "unreadable"),
    )
    assert ledger.gaps(Interval(START + 13, START + 14)) == ()


def test_an_interval_without_a_whole_hour_has_no_sum(ledger: Ledger) -> None:
    for interval in (Interval(START + 1, START + HR), Interval(START, START), Interval(START + 1, START + 2 * HR - 1)):
        sums = ledger.sums(interval)
        assert (sums.energy, sums.measured, sums.covered) == ({}, {}, {})


def test_quotients_and_remainders_make_the_whole_also_below_zero() -> None:
    amounts = [2**62, 999_999, -1_000_001, 0, 7]
    quotients = sum(int(amount / 10**6) if amount < 0 else amount // 10**6 for amount in amounts)
    remainders = sum(-(-amount % 10**6) if amount < 0 else amount % 10**6 for amount in amounts)
    assert exact(quotients, remainders) == sum(amounts)


def test_a_meter_is_of_one_method(ledger: Ledger) -> None:
    both = {ASSISTANT: 3, replace(ASSISTANT, method=Method.MODELLED): 4}
    bucket = hour_bucket(START + 4 * HR, both)
    ledger.commit(books_of([bucket], START + 5 * HR), [bucket], [], [])
    found = ledger.sums(Interval(START + 4 * HR, START + 5 * HR)).measured
    assert found == {PACKAGE: Energy(3), Meter("package", Method.MODELLED): Energy(4)}
