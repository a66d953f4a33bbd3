import errno
import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from monitor.ledger import errors
from monitor.ledger.errors import (
    LedgerAbsent,
    LedgerBusy,
    LedgerCorrupt,
    LedgerError,
    LedgerFull,
    LedgerLocked,
    LedgerReadOnly,
    LedgerUnreachable,
    forbidden_or_full,
    understand,
)

WHERE = "/var/lib/empreinte/ledger.db"


def of_sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


def of_postgresql(state: str) -> DBAPIError:
    cause = psycopg.errors.lookup(state)("said\nDETAIL: more")
    return DBAPIError("SELECT 1", (), cause)


def connecting(said: str) -> OperationalError:
    return OperationalError("", (), psycopg.OperationalError(said))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_BUSY, LedgerBusy),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, LedgerBusy),
        (sqlite3.SQLITE_LOCKED, LedgerBusy),
        (sqlite3.SQLITE_FULL, LedgerFull),
        (sqlite3.SQLITE_READONLY, LedgerReadOnly),
        (sqlite3.SQLITE_READONLY_DIRECTORY, LedgerReadOnly),
        (sqlite3.SQLITE_CANTOPEN, LedgerReadOnly),
        (sqlite3.SQLITE_CORRUPT, LedgerCorrupt),
        (sqlite3.SQLITE_NOTADB, LedgerCorrupt),
        (sqlite3.SQLITE_IOERR_FSYNC, LedgerUnreachable),
        (sqlite3.SQLITE_MISUSE, LedgerError),
    ],
)
def test_what_sqlite_says_is_understood_by_its_code(code: int, kind: type[LedgerError]) -> None:
    for error in (of_sqlite(code), OperationalError("SELECT 1", (), of_sqlite(code))):
        found = understand(error, WHERE)
        assert type(found) is kind
        assert WHERE in found.sentence
        assert "disk I/O error" in found.sentence
        assert str(found) == f"{found.sentence}: {found.cure}"


def test_a_fault_of_the_driver_itself_has_no_code_and_is_told_as_unexpected() -> None:
    assert type(understand(sqlite3.ProgrammingError("Cannot operate on a closed database."), WHERE)) is LedgerError


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", LedgerFull),
        ("53300", LedgerUnreachable),
        ("55P03", LedgerBusy),
        ("57014", LedgerBusy),
        ("40P01", LedgerBusy),
        ("42501", LedgerReadOnly),
        ("25006", LedgerReadOnly),
        ("28P01", LedgerUnreachable),
        ("3D000", LedgerAbsent),
        ("57P01", LedgerUnreachable),
        ("57P03", LedgerUnreachable),
        ("08006", LedgerUnreachable),
        ("58030", LedgerUnreachable),
        ("XX001", LedgerCorrupt),
        ("22003", LedgerError),
        ("42P01", LedgerError),
    ],
)
def test_what_postgresql_says_is_understood_by_its_state(state: str, kind: type[LedgerError]) -> None:
    found = understand(of_postgresql(state), WHERE)
    assert type(found) is kind
    assert "\n" not in str(found)
    assert "DETAIL" not in str(found)


@pytest.mark.parametrize(
    ("said", "kind", "cure"),
    [
        ('FATAL:  password authentication failed for user "empreinte"', LedgerUnreachable, ".pgpass"),
        ("fe_sendauth: no password supplied", LedgerUnreachable, ".pgpass"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1"', LedgerUnreachable, ".pgpass"),
        ('FATAL:  database "ledger" does not exist', LedgerAbsent, "createdb"),
        ("connection refused", LedgerUnreachable, "network"),
        ("", LedgerUnreachable, "network"),
    ],
)
def test_a_server_that_refuses_is_told_from_one_that_is_silent(said: str, kind: type[LedgerError], cure: str) -> None:
    found = understand(connecting(said), WHERE)
    assert type(found) is kind
    assert cure in found.cure


def test_a_defect_in_a_statement_is_no_silent_server() -> None:
    assert type(understand(ProgrammingError("", (), psycopg.ProgrammingError("can't adapt")), WHERE)) is LedgerError


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, LedgerFull),
        (errno.EDQUOT, LedgerFull),
        (errno.EACCES, LedgerReadOnly),
        (errno.EROFS, LedgerReadOnly),
        (errno.ENOTDIR, LedgerReadOnly),
    ],
)
def test_what_the_file_system_says_is_understood(number: int, kind: type[LedgerError]) -> None:
    found = forbidden_or_full(OSError(number, "the reason"), WHERE)
    assert type(found) is kind
    assert "(the reason)" in found.sentence


def test_who_holds_the_ledger_is_told() -> None:
    found = LedgerLocked(WHERE, "empreinte run on ia-01, pid 4711")
    assert found.holder == "empreinte run on ia-01, pid 4711"
    assert found.holder in str(found)


def test_each_kind_is_one_error() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and kind.__name__.startswith("Ledger")]
    assert len(kinds) > 10
    assert all(issubclass(kind, LedgerError) for kind in kinds)
