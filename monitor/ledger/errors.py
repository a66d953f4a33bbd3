# ruff: noqa: N818 - each names a state of the ledger; their base says that they are errors
"""Why the ledger can't be used: each case one sentence, with the cure. Understands what the databases say."""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import OperationalError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.exc import SQLAlchemyError


class LedgerError(Exception):
    """The ledger can't be used so. `sentence` says why, `cure` what a person can do; as text: both, with a colon."""

    def __init__(self, sentence: str, cure: str) -> None:
        super().__init__(f"{sentence}: {cure}")
        self.sentence = sentence
        self.cure = cure


class LedgerAbsent(LedgerError):
    """There is no ledger yet."""


class LedgerLocked(LedgerError):
    """Another daemon keeps it; `holder` says who."""

    def __init__(self, where: str, holder: str) -> None:
        super().__init__(
            f"the ledger {where} is kept by another daemon ({holder})",
            "stop that one, or set ledger.url to a ledger of this daemon's own",
        )
        self.holder = holder


class LedgerBusy(LedgerError):
    """Another program has been writing to it for longer than a call may wait."""


class LedgerCorrupt(LedgerError):
    """What is there is damaged, or is no ledger."""


class LedgerFull(LedgerError):
    """There is no room left to write."""


class LedgerMismatch(LedgerError):
    """It is a ledger of another kind: simulated or not, or cut into other hours."""


class LedgerNewer(LedgerError):
    """A newer program made it."""


class LedgerOlder(LedgerError):
    """An older program made it, and it has not been migrated."""


class LedgerReadOnly(LedgerError):
    """This user may not write it, or not even read it."""


class LedgerRefused(LedgerError):
    """What is asked for can't be done with what the ledger holds."""


class LedgerTaken(LedgerError):
    """Another daemon has opened it, or another copy has taken its place, since this daemon opened it."""


class LedgerUnreachable(LedgerError):
    """The database does not answer."""


@dataclass(frozen=True, slots=True)
class _Case:
    kind: type[LedgerError]
    sentence: str
    """Where the ledger is stands for the braces."""
    cure: str

    def at(self, where: str, detail: str = "") -> LedgerError:
        """Return the error for the ledger at *where*, with what the database said in *detail*."""
        sentence = self.sentence.format(where)
        return self.kind(f"{sentence} ({detail})" if detail else sentence, self.cure)


_BUSY: Final = _Case(
    LedgerBusy,
    "another program has been writing to the ledger {} for too long",
    "wait until it is done, or end it",
)
_DAMAGED: Final = _Case(
    LedgerCorrupt,
    "the ledger {} is damaged, or is no ledger",
    "put its last backup in its place, or move it away to begin anew (docs/ledger.md)",
)
_FORBIDDEN: Final = _Case(
    LedgerReadOnly,
    "the ledger {} can't be opened or written by this user",
    "run as the user who owns it, where it can be written",
)
_NO_ROOM: Final = _Case(LedgerFull, "there is no room left for the ledger {}", "free some space on its disk")
_FAILING: Final = _Case(
    LedgerUnreachable,
    "the disk of the ledger {} fails",
    "look at the kernel's log (dmesg), and replace the disk",
)
_SILENT: Final = _Case(
    LedgerUnreachable,
    "the server of the ledger {} does not answer",
    "start it, or look at the network between",
)
_REFUSED: Final = _Case(
    LedgerUnreachable,
    "the server of the ledger {} refuses this user",
    "put the password in a .pgpass file that only the daemon's user can read",
)
_NO_DATABASE: Final = _Case(LedgerAbsent, "there is no database for the ledger {}", "make it with createdb")
_UNEXPECTED: Final = _Case(LedgerError, "the ledger {} can't be used", "please report it, with the log of the program")

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SQLITE: Final = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_FULL: _NO_ROOM,
    sqlite3.SQLITE_READONLY: _FORBIDDEN,
    sqlite3.SQLITE_CANTOPEN: _FORBIDDEN,
    sqlite3.SQLITE_PERM: _FORBIDDEN,
    sqlite3.SQLITE_AUTH: _FORBIDDEN,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_IOERR: _FAILING,
}
"""By primary result code. Source: sqlite.org/rescode.html."""
_POSTGRESQL: Final[Sequence[tuple[tuple[str, ...], _Case]]] = (
    (("53100",), _NO_ROOM),
    (("55P03", "57014", "40"), _BUSY),
    (("42501", "25006"), _FORBIDDEN),
    (("28",), _REFUSED),
    (("3D000",), _NO_DATABASE),
    (("XX001", "XX002"), _DAMAGED),
    (("08", "53", "57P", "58"), _SILENT),
)
"""By the beginning of the SQLSTATE, the first that fits. Source: PostgreSQL 15 documentation, appendix A."""


def understand(error: SQLAlchemyError | sqlite3.Error, where: str) -> LedgerError:
    """Return what *error*, raised by the database at *where*, means for a person."""
    cause = getattr(error, "orig", None) or error
    said = next(iter(str(cause).strip().splitlines()), type(cause).__name__)
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause).at(where, said)
    case = _of_postgresql(getattr(cause, "sqlstate", None), said)
    no_answer = case is None and isinstance(error, OperationalError)
    return (case or (_SILENT if no_answer else _UNEXPECTED)).at(where, said)


def forbidden_or_full(error: OSError, where: str) -> LedgerError:
    """Return what *error*, raised by the file system about the ledger at *where*, means for a person."""
    case = _NO_ROOM if error.errno in _NO_SPACE else _FORBIDDEN
    return case.at(where, error.strerror or str(error))


def _of_sqlite(cause: sqlite3.Error) -> _Case:
    # the low byte of an extended code is the primary one; an error of the driver itself has none
    code = getattr(cause, "sqlite_errorcode", 0)
    # the file that the processes share could not grow: the first thing to fail on a full disk
    return _NO_ROOM if code == sqlite3.SQLITE_IOERR_SHMSIZE else _SQLITE.get(code & 0xFF, _UNEXPECTED)


def _of_postgresql(state: str | None, said: str) -> _Case | None:
    if state is not None:
        return next((case for states, case in _POSTGRESQL if state.startswith(states)), _UNEXPECTED)
    # libpq tells what the server answered while connecting as text alone
    if "password" in said or "no pg_hba.conf entry" in said:
        return _REFUSED
    return _NO_DATABASE if said.endswith("does not exist") else None
