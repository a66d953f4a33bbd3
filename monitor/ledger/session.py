"""One connection to the database of a ledger, kept for as long as it lasts, and made anew where it was lost.

Whatever the database raises leaves here as a LedgerError.
"""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from monitor.ledger.abreast import Beside
from monitor.ledger.database import Access, engine_of
from monitor.ledger.errors import LedgerTaken, forbidden_or_full, understand
from monitor.ledger.locks import take_session_lock
from monitor.ledger.schema import meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from monitor.ledger.database import Place


class Session:
    """Runs transactions, one after the other, in one thread.

    A session that keeps the ledger holds the lock of a PostgreSQL database by the connection that it writes with, and
    takes it again when it connects again. That of an SQLite file is its caller's to hold.
    """

    def __init__(self, place: Place, access: Access, name: str) -> None:
        """Raises LedgerAbsent where there is no such file. It connects when it is first needed."""
        self._place = place
        self._keeps = access is Access.KEEP
        self._name = name
        self._engine = engine_of(place, access, name)
        self._connection: Connection | None = None
        self._file: tuple[int, int] | None = None

    @contextmanager
    def transaction(self, *, writes: bool = False) -> Iterator[Connection]:
        """Give the connection for one transaction: committed at the end, or undone where anything is raised.

        Raises LedgerError: then nothing was written, or the answer to the commit was lost, and what was written may be
        given again.
        """
        try:
            connection = self._connected()
            self._require_same_file()
            connection.execution_options(writes=writes)
            with connection.begin():
                yield connection
        except SQLAlchemyError as error:
            self._drop_if_lost()
            raise understand(error, str(self._place)) from error

    @contextmanager
    def abreast(self, most: int) -> Iterator[list[Connection]]:
        """Give up to *most* connections, each for one transaction that reads, which all see the same commit.

        The first is for the thread that asks, each other one for a thread of its own. There is only the first where
        somebody commits meanwhile, and on a server, which shares its work out by itself. Raises LedgerError.
        """
        try:
            with ExitStack() as stack:
                paths = [self._place.path] * (most - 1) if self._place.path else []
                beside = [stack.enter_context(closing(Beside(path))) for path in paths]
                first = stack.enter_context(self.transaction())
                first.execute(select(meta.c.one)).all()
                same = [one.begin() for one in beside]
                yield [first, *(one.connection for one in beside)] if all(same) else [first]
        except SQLAlchemyError as error:
            raise understand(error, str(self._place)) from error

    def close(self) -> None:
        """Give the connection back, and with it what it holds."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = self._engine.connect()
            try:
                if self._keeps and self._place.path is None:
                    with connection.begin():
                        take_session_lock(connection, str(self._place), self._name)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            self._file = self._file or self._identity_of_file()
        return self._connection

    def _drop_if_lost(self) -> None:
        """After a server was lost, begin anew; a file stays open."""
        if self._connection is not None and (self._connection.invalidated or self._place.path is None):
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _require_same_file(self) -> None:
        """Refuse to write to a file that nobody will find again: it was removed, or another put in its place."""
        if self._keeps and self._file is not None and self._identity_of_file() != self._file:
            raise LedgerTaken(
                f"the ledger {self._place} was removed, or another file put in its place, while the daemon kept it",
                "restart the daemon, so that it goes on with the file that is there",
            )

    def _identity_of_file(self) -> tuple[int, int] | None:
        if self._place.path is None:
            return None
        try:
            found = self._place.path.stat()
        except FileNotFoundError:
            return (0, 0)
        except OSError as error:
            raise forbidden_or_full(error, str(self._place)) from error
        return (found.st_dev, found.st_ino)
