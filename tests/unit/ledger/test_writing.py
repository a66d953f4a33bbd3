from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, event, func, insert, select

from monitor.core.entries import Grain, OpenBooks, ServiceFacts
from monitor.core.interval import MINUTE, Stamp
from monitor.core.units import Energy
from monitor.ledger.database import Access, engine_of, place_of
from monitor.ledger.schema import entries, hosts, measured, open_books, series, service_attributes
from monitor.ledger.writing import MINUTES_AT_ONCE, Pen, claim, read_naming, read_series
from tests.contract.bookkeeping import START, books_of, minute_bucket
from tests.contract.bookkeeping import series as series_of

MIN = MINUTE.nanoseconds
ASSISTANT = ServiceFacts("assistant", "Assistant", was=("a", "é"))


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    with engine_of(place_of(url), Access.KEEP).begin() as connected:
        connected.execute(insert(hosts).values(id=1, uuid="u", name="n"))
        yield connected


@pytest.fixture
def pen(connection: Connection) -> Pen:
    claim(connection, 1, "me")
    return Pen(connection, 1)


def books(*consumers: str) -> OpenBooks:
    return OpenBooks(Stamp(START, 0), "", START, {series_of(one): Energy(1) for one in consumers})


def minutes(count: int) -> list[int]:
    return [START + number * MIN for number in range(count)]


def test_only_who_claimed_the_ledger_last_writes_it(connection: Connection, pen: Pen) -> None:
    assert pen.write_books(connection, books(), 1, "me", 0)
    claim(connection, 1, "another")
    assert not pen.write_books(connection, books(), 2, "me", 1)
    assert pen.write_books(connection, books(), 2, "another", 1)


def test_a_commit_whose_answer_was_lost_may_be_given_again(connection: Connection, pen: Pen) -> None:
    # the first was committed, and the writer still thinks that its last one is number 0
    assert pen.write_books(connection, books(), 1, "me", 0)
    assert pen.write_books(connection, books("later"), 1, "me", 0)
    assert connection.execute(select(open_books.c.commit_number)).scalar() == 1


def test_a_ledger_older_than_the_last_commit_is_not_written(connection: Connection, pen: Pen) -> None:
    assert pen.write_books(connection, books(), 7, "me", 0)
    assert not pen.write_books(connection, books(), 9, "me", 8)


def test_a_series_gets_one_number_for_good(connection: Connection, pen: Pen) -> None:
    pen.write_books(connection, books("a", "b"), 1, "me", 0)
    first = dict(pen.numbers)
    pen.write_closed(connection, [minute_bucket(START, {series_of("b"): 1, series_of("c"): 2})])
    assert first.items() <= pen.numbers.items()
    assert Pen(connection, 1).numbers == pen.numbers
    assert read_series(connection, 1) == {number: one for one, number in pen.numbers.items()}
    assert connection.execute(select(func.count()).select_from(series)).scalar() == 3


def test_a_commit_without_a_new_series_is_three_statements_or_fewer(connection: Connection, pen: Pen) -> None:
    pen.write_books(connection, books("a", "b"), 1, "me", 0)
    statements: list[str] = []
    event.listen(connection, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    pen.write_closed(connection, [])
    pen.write_gaps(connection, [])
    pen.write_services(connection, [], START)
    pen.write_books(connection, books("a", "b"), 2, "me", 1)
    assert [one.split()[0] for one in statements] == ["UPDATE"]
    statements.clear()
    pen.write_closed(connection, [minute_bucket(START, {series_of("a"): 1, series_of("b"): 2})])
    assert [one.split()[:3] for one in statements] == [
        ["INSERT", "INTO", f"minute_{kind}"] for kind in ("entries", "measured", "covered")
    ]


def test_facts_that_did_not_change_are_not_written_again(connection: Connection, pen: Pen) -> None:
    for moment in (5, 6, 7):
        pen.write_services(connection, [ASSISTANT], moment)
    assert connection.execute(select(service_attributes.c.valid_from)).scalars().all() == [5]
    assert read_naming(connection, 1).latest() == {"assistant": ASSISTANT}


def test_facts_go_back_and_forth(connection: Connection, pen: Pen) -> None:
    other = ServiceFacts("assistant", "Other")
    for moment, facts in [(5, ASSISTANT), (6, other), (7, ASSISTANT)]:
        pen.write_services(connection, [facts], moment)
    naming = read_naming(connection, 1)
    assert [naming.facts("assistant", moment) for moment in (5, 6, 7)] == [ASSISTANT, other, ASSISTANT]


def test_only_so_many_minutes_go_at_once_the_oldest_first(connection: Connection, pen: Pen) -> None:
    starts = minutes(MINUTES_AT_ONCE + 20)
    pen.write_closed(connection, [minute_bucket(start, {series_of("a"): 1}) for start in starts])
    left = select(entries[Grain.MINUTE].c.bucket)
    pen.delete_minutes(connection, starts[0])
    assert connection.execute(left).scalars().all() == starts
    pen.delete_minutes(connection, starts[-1])
    assert connection.execute(left).scalars().all() == starts[MINUTES_AT_ONCE:]
    pen.delete_minutes(connection, starts[-1])
    assert connection.execute(left).scalars().all() == starts[-1:]
    assert connection.execute(select(measured[Grain.MINUTE].c.bucket)).scalars().all() == starts[-1:]


def test_a_bucket_of_no_energy_is_no_row(connection: Connection, pen: Pen) -> None:
    pen.write_closed(connection, [minute_bucket(START, {})])
    assert connection.execute(select(func.count()).select_from(entries[Grain.MINUTE])).scalar() == 0


def test_an_energy_beyond_64_bits_is_refused_and_not_cut(connection: Connection, pen: Pen) -> None:
    with pytest.raises(OverflowError):
        pen.write_closed(connection, [minute_bucket(START, {series_of("a"): 2**63})])
    assert books_of([], START).energy == {}
