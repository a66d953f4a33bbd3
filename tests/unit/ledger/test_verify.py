"""Which part of a ledger is looked at: what is found in it is in tests/contract/test_ledger_figures.py."""

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from monitor.core.entries import Grain
from monitor.core.interval import HOUR, Interval, Stamp
from monitor.ledger.schema import entries
from monitor.ledger.store import Ledger
from monitor.ledger.verify import MOST, verify
from tests.contract.bookkeeping import START, Bookkeeping

HR, MIN = HOUR.nanoseconds, 60 * 10**9


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    keeping = Bookkeeping()
    with Ledger.open(url, host="h", timezone="Europe/Paris", now=Stamp(START, 0)) as opened:
        for _ in range(8):
            keeping.tick(1800).to(opened)
        yield opened


def test_an_empty_ledger_is_sound(url: str) -> None:
    with Ledger.open(url, host="h", timezone="Europe/Paris", now=Stamp(START, 0)) as ledger:
        found = verify(ledger)
    assert (found.minutes, found.hours, found.faults) == (0, 0, ())


def test_all_is_looked_at_unless_told_otherwise(ledger: Ledger) -> None:
    found = verify(ledger)
    assert (found.minutes, found.hours, found.faults) == (240, 4, ())


def test_an_interval_is_looked_at_from_its_first_whole_hour_on(ledger: Ledger) -> None:
    found = verify(ledger, Interval(START + 20 * MIN, START + 2 * HR + 10 * MIN))
    assert (found.minutes, found.hours, found.faults) == (70, 2, ())


def test_damage_outside_of_the_interval_is_not_told(ledger: Ledger) -> None:
    with ledger.transaction(writes=True) as connection:
        table = entries[Grain.MINUTE]
        connection.execute(update(table).where(table.c.bucket < START + HR).values(energy=table.c.energy + 1))
    assert verify(ledger, Interval(START + HR, START + 9 * HR)).faults == ()
    assert verify(ledger, Interval(START, START + HR)).faults != ()


def test_of_very_many_faults_of_a_kind_some_are_told(ledger: Ledger) -> None:
    with ledger.transaction(writes=True) as connection:
        connection.exec_driver_sql("UPDATE minute_measured SET energy = energy + 1")
    faults = verify(ledger).faults
    assert len(faults) == MOST
    assert all("minute" in fault.sentence for fault in faults)


def test_what_is_still_open_is_no_fault(ledger: Ledger, url: str) -> None:
    keeping = Bookkeeping(opening=ledger.load(), start=START + 4 * HR)
    keeping.tick(90).to(ledger)
    with Ledger.read(url) as reader:
        assert verify(reader).faults == ()
