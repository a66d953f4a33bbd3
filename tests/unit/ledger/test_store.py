"""The small questions; what a ledger promises is in tests/contract/test_ledger.py."""

from collections.abc import Iterator

import pytest

from monitor.core.entries import ServiceFacts
from monitor.core.interval import HOUR, MINUTE, Interval, Stamp
from monitor.core.units import Duration, Energy
from monitor.ledger.store import Ledger, LedgerError, LedgerFull, LedgerLocked, LedgerReadOnly
from tests.contract.bookkeeping import START, books_of, hour_bucket, minute_bucket, series

HR, MIN = HOUR.nanoseconds, MINUTE.nanoseconds
ASSISTANT = ServiceFacts("assistant", "Assistant")


def opened(url: str, retention: Duration = HOUR) -> Ledger:
    return Ledger.open(url, host="h", timezone="Europe/Paris", now=Stamp(START, 0), retention=retention)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with opened(url) as found:
        yield found


def test_before_the_first_commit_nothing_is_closed(ledger: Ledger) -> None:
    assert ledger.closed_through() == 0
    assert ledger.monthly(2026).closed_through == 0


def test_what_is_closed_ends_with_a_whole_hour(ledger: Ledger) -> None:
    ledger.commit(books_of([], START + HR + 59 * MIN), [], [], [])
    assert ledger.closed_through() == START + HR


def test_a_ledger_that_was_opened_to_read_says_so_when_it_is_to_write(url: str) -> None:
    opened(url).close()
    with Ledger.read(url) as reader:
        for write in (
            lambda: reader.commit(books_of([], START), [], [], []),
            lambda: reader.remember("key", "value"),
        ):
            with pytest.raises(LedgerReadOnly, match="was opened for reading"):
                write()


def test_it_can_be_closed_twice_and_opened_again(url: str) -> None:
    first = opened(url)
    first.close()
    first.close()
    with opened(url) as second:
        assert second.uuid == first.uuid


def test_an_open_that_fails_gives_the_lock_back(url: str) -> None:
    opened(url).close()
    for _ in range(2):
        with pytest.raises(LedgerError, match="simulated"):
            Ledger.open(url, host="h", timezone="Europe/Paris", now=Stamp(START, 0), simulated=True)
    opened(url).close()


def test_the_facts_of_a_moment_are_those_that_held_then(ledger: Ledger) -> None:
    later = ServiceFacts("assistant", "Helper", was=("old",))
    ledger.commit(books_of([], START), [], [], [ASSISTANT, ServiceFacts("old", "Old")])
    ledger.commit(books_of([], START + HR), [], [], [later])
    assert ledger.services() == {"assistant": later}
    assert ledger.services(START) == {"assistant": ASSISTANT}
    assert ledger.services(START + HR) == {"assistant": later}


def test_names_are_the_same_to_who_keeps_and_to_who_reads(url: str, ledger: Ledger) -> None:
    ledger.commit(books_of([], START), [], [], [ASSISTANT])
    with Ledger.read(url) as reader:
        assert reader.naming().latest() == ledger.naming().latest() == {"assistant": ASSISTANT}


def test_minutes_go_when_an_hour_closes_and_not_before(url: str) -> None:
    with opened(url, retention=Duration(10 * MIN)) as ledger:
        minutes = [minute_bucket(START + number * MIN, {series("a"): 1}) for number in range(60)]
        ledger.commit(books_of([], START + 59 * MIN), minutes[:59], [], [])
        assert len(ledger.minutes(0)) == 59
        hour = hour_bucket(START, {series("a"): 60})
        ledger.commit(books_of([hour], START + HR), [minutes[59], hour], [], [])
        assert [start for start, _ in ledger.minutes(0)] == [START + number * MIN for number in range(50, 60)]
        assert ledger.sums(Interval(START, START + HR)).energy == {series("a"): Energy(60)}


def test_after_a_commit_that_failed_nothing_of_it_is_remembered(url: str, ledger: Ledger) -> None:
    """A number given to a series, or facts thought to be written, must not outlive the transaction."""
    hours = [hour_bucket(START + number * HR, {series(f"new-{number}"): 5}) for number in range(300)]
    books = books_of(hours, START + 300 * HR)
    with ledger.transaction() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(LedgerFull):
        ledger.commit(books, hours, [], [ASSISTANT])
    with ledger.transaction() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert ledger.services() == {}
    assert ledger.commit(books, hours, [], [ASSISTANT]) == 1
    with Ledger.read(url) as reader:
        assert reader.load() == books
        assert reader.sums(Interval(START, START + 300 * HR)).energy == books.energy
        assert reader.services() == {"assistant": ASSISTANT}


def test_to_migrate_needs_the_lock(url: str, ledger: Ledger) -> None:
    with pytest.raises(LedgerLocked):
        Ledger.migrate(url, now=Stamp(START, 0))
    ledger.close()
    assert Ledger.migrate(url, now=Stamp(START, 0)) is False
