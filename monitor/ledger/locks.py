"""One ledger has one daemon: the lock that says so, and who holds it."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from monitor.ledger.errors import LedgerBusy, LedgerError, LedgerLocked, forbidden_or_full

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection

    from monitor.ledger.database import Place

KEYS: Final = (0x656D7072, 0x65696E74)
"""Of the advisory lock: `empreint` in ASCII, as two 32-bit numbers. It holds within one database."""
RESTATING: Final = {"first": 0x656D7072, "second": 0x72657374}
"""Likewise of the lock of those who restate: `empr` and `rest`."""
_MUCH: Final = 1000


class FileLock:
    """A lock on a file beside the ledger; the file holds the text that says who has it. It ends with the process."""

    def __init__(self, path: Path, where: str, who: str) -> None:
        """Take the lock. Raises LedgerLocked (who holds it), LedgerReadOnly, LedgerFull."""
        try:
            # a link is not followed: what it leads to would be overwritten
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise forbidden_or_full(error, where) from error
        try:
            _leave_to_owner(self._file, path)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, who.encode(), 0)
        except BlockingIOError:
            holder = os.pread(self._file, _MUCH, 0).decode(errors="replace")
            os.close(self._file)
            raise LedgerLocked(where, holder or "it does not say which") from None
        except OSError as error:
            os.close(self._file)
            raise forbidden_or_full(error, where) from error

    def release(self) -> None:
        """Give the lock up. The file stays: to remove it would let two processes each hold a lock of their own."""
        os.ftruncate(self._file, 0)
        os.close(self._file)


def _leave_to_owner(file: int, path: Path) -> None:
    """Give what root has made at *path* to the owner of the ledger beside it: whose daemon must be able to lock it."""
    made = os.fstat(file)
    if os.geteuid() == 0 and made.st_uid == 0 and made.st_nlink == 1:
        ledger = path.with_suffix("")
        owner = (ledger if ledger.exists() else path.parent).stat()
        os.fchown(file, owner.st_uid, owner.st_gid)


def take_session_lock(connection: Connection, where: str, name: str) -> None:
    """Take the lock of the database for as long as *connection* lasts. Raises LedgerLocked (who holds it).

    The connection that holds the lock is the one that writes: who loses the one can't do the other. *name* is the
    connection's own, different for each daemon: what an earlier connection of that name left behind is ended.
    """
    first, second = KEYS
    connection.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = :name AND pid <> pg_backend_pid() AND usename = current_user"
        ),
        {"name": name},
    )
    taken = connection.execute(
        text("SELECT pg_try_advisory_lock(:first, :second)"), {"first": first, "second": second}
    ).scalar_one()
    if not taken:
        raise LedgerLocked(where, _holder(connection))


def _holder(connection: Connection) -> str:
    first, second = KEYS
    row = connection.execute(
        text(
            "SELECT application_name, backend_start FROM pg_stat_activity JOIN pg_locks USING (pid)"
            " WHERE locktype = 'advisory' AND classid = :first AND objid = :second AND granted"
        ),
        {"first": first, "second": second},
    ).first()
    return f"{row.application_name}, connected since {row.backend_start:%Y-%m-%d %H:%M:%S%z}" if row else "now gone"


@contextmanager
def restating(place: Place, transaction: Callable[[], AbstractContextManager[Connection]]) -> Iterator[None]:
    """Hold the lock of those who restate the ledger at *place*: one at a time. Raises LedgerBusy.

    On a server it is held by the connection of *transaction*: who loses the one has lost the other.
    """
    if place.path is not None:
        try:
            lock = FileLock(place.path.with_name(f"{place.path.name}.restating"), str(place), f"pid {os.getpid()}")
        except LedgerLocked as error:
            raise _restated(place, f" ({error.holder})") from None
        try:
            yield
        finally:
            lock.release()
        return
    with transaction() as connection:
        if not connection.execute(text("SELECT pg_try_advisory_lock(:first, :second)"), RESTATING).scalar_one():
            raise _restated(place, "")
    try:
        yield
    finally:
        # where the connection is lost, the lock is free already
        with suppress(LedgerError), transaction() as connection:
            connection.execute(text("SELECT pg_advisory_unlock(:first, :second)"), RESTATING)


def _restated(place: Place, holder: str) -> LedgerBusy:
    return LedgerBusy(f"the ledger {place} is being restated by another program{holder}", "wait until it is done")
