"""Several connections that read at the same time: all see the same commit, and nothing is read twice or left out."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, text

from monitor.ledger.abreast import MOST, Beside, most_abreast, share_out
from monitor.ledger.database import Access, Place, place_of
from monitor.ledger.errors import LedgerError, LedgerReadOnly
from monitor.ledger.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WAIT = 20


@pytest.fixture
def place(url: str) -> Place:
    return place_of(url)


@pytest.fixture
def keeper(place: Place) -> Iterator[Session]:
    made = Session(place, Access.KEEP, "test")
    note(made, "first")
    yield made
    made.close()


@pytest.fixture
def path(place: Place) -> Path:
    """Return the file of the ledger."""
    assert place.path
    return place.path


def note(session: Session, name: str) -> None:
    with session.transaction(writes=True) as connection:
        connection.execute(text("INSERT INTO hosts (uuid, name) VALUES (:name, :name)"), {"name": name})


def noted(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT name FROM hosts ORDER BY id")).scalars())


class Disturbed(Session):
    """A session in whose ledger somebody commits at the last moment."""

    def __init__(self, place: Place, other: Session) -> None:
        super().__init__(place, Access.READ, "disturbed")
        self._other = other

    @contextmanager
    def transaction(self, *, writes: bool = False) -> Iterator[Connection]:
        note(self._other, "meanwhile")
        with super().transaction(writes=writes) as connection:
            yield connection


# --- one commit ------------------------------------------------------------------------------------------------------


def test_connections_abreast_see_no_commit_that_comes_after(place: Place, keeper: Session) -> None:
    reader = Session(place, Access.READ, "reader")
    with reader.abreast(3) as connections:
        note(keeper, "second")
        assert [noted(connection) for connection in connections] == [["first"]] * 3
    with reader.abreast(3) as connections:
        assert [noted(connection) for connection in connections] == [["first", "second"]] * 3
    reader.close()


def test_where_somebody_commits_meanwhile_one_reads_alone(place: Place, keeper: Session) -> None:
    reader = Disturbed(place, keeper)
    with reader.abreast(3) as connections:
        assert [noted(connection) for connection in connections] == [["first", "meanwhile"]]
    reader.close()


def test_a_keeper_reads_abreast_what_it_has_committed(keeper: Session) -> None:
    with keeper.abreast(2) as connections:
        assert [noted(connection) for connection in connections] == [["first"]] * 2
    note(keeper, "second")


def test_a_commit_since_it_was_made_is_noticed_by_each_connection(path: Path, keeper: Session) -> None:
    undisturbed, disturbed = Beside(path), Beside(path)
    assert undisturbed.begin()
    note(keeper, "second")
    assert not disturbed.begin()
    assert noted(undisturbed.connection) == ["first"]
    assert noted(disturbed.connection) == ["first", "second"]
    undisturbed.close()
    disturbed.close()


@pytest.mark.usefixtures("keeper")
def test_another_thread_may_be_given_a_connection(path: Path) -> None:
    beside, found = Beside(path), list[str]()
    assert beside.begin()
    thread = threading.Thread(target=lambda: found.extend(noted(beside.connection)))
    thread.start()
    thread.join(WAIT)
    beside.close()
    assert found == ["first"]


def test_whoever_reads_beside_writes_nothing(keeper: Session) -> None:
    with pytest.raises(LedgerReadOnly), keeper.abreast(2) as (_, other):
        other.execute(text("DELETE FROM hosts"))


def test_what_can_not_be_opened_is_an_error_of_the_ledger(place: Place, path: Path) -> None:
    reader = Session(place, Access.READ, "reader")
    path.unlink()
    with pytest.raises(LedgerError), reader.abreast(2):
        pytest.fail("there is no ledger")


# --- who does what ---------------------------------------------------------------------------------------------------


def test_there_is_one_for_each_processor_up_to_a_few() -> None:
    assert 1 <= most_abreast() <= min(MOST, len(os.sched_getaffinity(0)))


def test_what_comes_back_is_in_the_order_of_the_tasks_whoever_did_them() -> None:
    all_others_are_done = threading.Event()

    def work(worker: str, task: int) -> tuple[str, int]:
        # whoever has the first task is busy until the other worker has done all the others
        if task == 0:
            assert all_others_are_done.wait(WAIT)
        elif task == 4:
            all_others_are_done.set()
        return worker, task

    done = share_out(work, ["one", "other"], range(5))
    assert [task for _, task in done] == [0, 1, 2, 3, 4]
    assert {worker for worker, task in done if task} == {"one", "other"} - {done[0][0]}


def test_each_works_in_a_thread_of_its_own_and_the_first_in_that_of_the_caller() -> None:
    together, threads = threading.Barrier(3), dict[str, int]()

    def work(worker: str, _: int) -> None:
        threads[worker] = threading.get_ident()
        together.wait(WAIT)

    share_out(work, ["a", "b", "c"], range(3))
    assert threads["a"] == threading.get_ident()
    assert len(set(threads.values())) == 3


def test_one_alone_does_all() -> None:
    assert share_out(lambda worker, task: worker * task, [7], [1, 2, 3]) == [7, 14, 21]
    assert share_out(lambda worker, task: worker * task, [7, 8], list[int]()) == []


@pytest.mark.parametrize("failing", ["caller", "other"])
def test_where_one_fails_that_is_raised_and_no_task_is_begun_any_more(failing: str) -> None:
    both, begun = threading.Barrier(2), list[int]()

    def work(worker: str, task: int) -> None:
        begun.append(task)
        if task < 2:
            both.wait(WAIT)
        if worker == failing:
            raise ValueError(worker)
        time.sleep(0.001)

    with pytest.raises(ValueError, match=failing):
        share_out(work, ["caller", "other"], range(100_000))
    assert len(begun) < 100_000
