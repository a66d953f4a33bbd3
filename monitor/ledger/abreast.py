"""Years are added up on more than one processor: by several connections to one file, which all see the same commit."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import select

from monitor.ledger.database import engine_beside
from monitor.ledger.schema import meta

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MOST: Final = 4
"""Connections that read at the same time: more would take the machine from what it is there for."""

Worker = TypeVar("Worker")
Task = TypeVar("Task")
Result = TypeVar("Result")


class Beside:
    """A connection that reads the file at *path* beside another one, in a thread of its own."""

    def __init__(self, path: Path) -> None:
        """Take note of which commit is the last one."""
        self.connection = engine_beside(path).connect()
        with self.connection.begin():
            self._version = self._look()

    def begin(self) -> bool:
        """Begin the one transaction that it is for; return whether nobody has committed anything since it was made.

        Then what another connection has begun to read meanwhile is the same commit.
        """
        self.connection.begin()
        return self._look() == self._version

    def close(self) -> None:
        """Give the connection back."""
        self.connection.close()

    def _look(self) -> int:
        """Return a number that is another one after each commit of others.

        Source: SQLite documentation, PRAGMA data_version.
        """
        # what a transaction sees is settled by what it reads first
        self.connection.execute(select(meta.c.one)).all()
        version: int = self.connection.exec_driver_sql("PRAGMA data_version").scalar_one()
        return version


def most_abreast() -> int:
    """Return how many connections may read at the same time: no more than this process has processors."""
    return min(MOST, len(os.sched_getaffinity(0)))


def share_out(work: Callable[[Worker, Task], Result], workers: Sequence[Worker], tasks: Sequence[Task]) -> list[Result]:
    """Return what *work* makes of each of the *tasks*, in their order.

    Each of the *workers* takes the next one as soon as it has done one: the first in this thread, each other in its
    own. Raises what *work* raises; then no task is begun any more, and none is under way.
    """
    waiting, done = deque(enumerate(tasks)), dict[int, Result]()

    def take(worker: Worker) -> None:
        while True:
            try:
                number, task = waiting.popleft()
            except IndexError:
                return
            try:
                done[number] = work(worker, task)
            except BaseException:
                waiting.clear()
                raise

    with ThreadPoolExecutor(MOST) as pool:
        others = [pool.submit(take, worker) for worker in workers[1:]]
        take(workers[0])
        for other in others:
            other.result()
    return [done[number] for number in range(len(tasks))]
