"""Transactions on a file; what is particular to a server is in tests/contract/test_ledger_server.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from monitor.ledger.database import Access, Place, place_of
from monitor.ledger.errors import LedgerAbsent, LedgerBusy, LedgerError, LedgerReadOnly, LedgerTaken
from monitor.ledger.session import Session

NOTE = text("INSERT INTO remembered (host_id, key, value) VALUES (1, 'key', 'value')")
COUNT = text("SELECT count(*) FROM remembered")


@pytest.fixture
def place(url: str) -> Place:
    return place_of(url)


@pytest.fixture
def session(place: Place) -> Iterator[Session]:
    made = Session(place, Access.KEEP, "test")
    with made.transaction(writes=True) as connection:
        connection.execute(text("INSERT INTO hosts (id, uuid, name) VALUES (1, 'u', 'n')"))
    yield made
    made.close()


def noted(session: Session) -> int:
    with session.transaction() as connection:
        found: int = connection.execute(COUNT).scalar_one()
        return found


def test_a_transaction_is_committed_whole_or_not_at_all(session: Session) -> None:
    def interrupted() -> None:
        with session.transaction(writes=True) as connection:
            connection.execute(NOTE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert noted(session) == 0
    with session.transaction(writes=True) as connection:
        connection.execute(NOTE)
    assert noted(session) == 1


def test_what_the_database_raises_leaves_as_an_error_of_the_ledger(session: Session) -> None:
    with pytest.raises(LedgerError, match="no such table: nowhere"), session.transaction() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    # and the next transaction is not the worse for it
    assert noted(session) == 0


def test_rows_that_speak_of_nothing_are_refused(session: Session) -> None:
    with pytest.raises(LedgerError, match="FOREIGN KEY"), session.transaction(writes=True) as connection:
        connection.execute(text("INSERT INTO remembered (host_id, key, value) VALUES (99, 'key', 'value')"))


def test_who_reads_stops_nobody_from_writing(session: Session, place: Place) -> None:
    reader = Session(place, Access.READ, "reader")
    with reader.transaction() as connection:
        assert connection.execute(COUNT).scalar() == 0
        with session.transaction(writes=True) as writing:
            writing.execute(NOTE)
        # it goes on seeing the moment at which it began
        assert connection.execute(COUNT).scalar() == 0
    assert noted(reader) == 1
    with pytest.raises(LedgerReadOnly), reader.transaction(writes=True) as connection:
        connection.execute(NOTE)
    reader.close()


def test_of_two_who_write_the_second_waits_only_so_long(session: Session, place: Place) -> None:
    other = Session(place, Access.CHANGE, "other")
    with other.transaction(writes=True):
        with pytest.raises(LedgerBusy), session.transaction(writes=True):
            pass
        assert noted(session) == 0
    with session.transaction(writes=True) as connection:
        connection.execute(NOTE)
    other.close()


def test_a_file_that_was_removed_is_not_written_to(session: Session, place: Place) -> None:
    assert place.path is not None
    place.path.unlink()
    with pytest.raises(LedgerTaken, match="was removed"), session.transaction(writes=True) as connection:
        connection.execute(NOTE)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(LedgerAbsent):
        Session(place_of(f"sqlite:///{tmp_path}/absent.db"), Access.KEEP, "test")


def test_it_can_be_closed_twice_and_used_again(session: Session) -> None:
    session.close()
    session.close()
    assert noted(session) == 0


def test_a_file_that_can_not_be_looked_for_is_an_error_of_the_ledger(session: Session, place: Place) -> None:
    """Whoever keeps the ledger survives an error of it, and no other."""
    assert place.path is not None
    directory = place.path.parent
    away = directory.rename(directory.with_name("away"))
    directory.touch()
    with pytest.raises(LedgerError, match="Not a directory"):
        noted(session)
    directory.unlink()
    away.rename(directory)
    assert noted(session) == 0
