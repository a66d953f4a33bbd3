"""Connections to the database of a ledger: where it is, and how it must be spoken to; not what is in it."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from monitor.ledger.errors import LedgerAbsent, LedgerError, forbidden_or_full

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BUSY: Final = 2.0
"""Seconds that a call waits for another writer: less than a tick."""
ANSWER: Final = 10.0
"""Seconds that a server may take for one statement of the daemon."""
PATIENT: Final = 300.0
"""Seconds that a server may take for one statement of a command: a report reads years, a migration rewrites tables."""
SECRET: Final = ("password", "sslpassword")
"""Options of a connection that nobody may see. Source: PostgreSQL 15 documentation, 34.1.2."""
CONNECT: Final = 3
"""Seconds that a server may take to be connected to."""


class Access(Enum):
    """What a connection is for."""

    KEEP = "keep"
    """The daemon's: writes, and never waits for long."""
    READ = "read"
    """Reads only, beside a running daemon."""
    CHANGE = "change"
    """Writes, and may take its time: migrations."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ledger is: a file of SQLite (`path`), or a database of PostgreSQL."""

    url: URL
    path: Path | None

    def __str__(self) -> str:
        """Return it as it may be shown: without a password."""
        return str(self.path) if self.path else shown(self.url)

    @property
    def text(self) -> str:
        """The whole URL, with the password: not to be shown."""
        return self.url.render_as_string(hide_password=False)


def shown(url: URL) -> str:
    """Return *url* as it may be shown: without the passwords that it has, also among its options."""
    return url.difference_update_query(SECRET).render_as_string(hide_password=True)


def place_of(url: str) -> Place:
    """Return where *url* says the ledger is. Raises LedgerError where it names neither of the two databases."""
    cure = "write sqlite:////var/lib/empreinte/ledger.db, or postgresql+psycopg://HOST/DATABASE"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise LedgerError("the address of the ledger can't be understood", cure) from None
    if parsed.drivername == "sqlite" and parsed.database not in {None, "", ":memory:"} and not parsed.query:
        return Place(parsed, Path(parsed.database or "").resolve())
    if parsed.drivername == "postgresql+psycopg":
        return Place(parsed, None)
    raise LedgerError(f"{shown(parsed)} names neither an SQLite file nor a PostgreSQL database", cure)


def make_file(path: Path) -> None:
    """Make the file of an SQLite ledger, and its directory, where missing, for its user alone. Raises LedgerError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise forbidden_or_full(error, str(path)) from error


def engine_of(place: Place, access: Access, name: str = "empreinte") -> Engine:
    """Return an engine that connects anew each time; *name* is what a PostgreSQL server shows of who is connected.

    Raises LedgerAbsent where there is no such file, LedgerReadOnly where this user may not even look for it.
    """
    if place.path is None:
        return _postgresql(place, access, name)
    try:
        place.path.stat()
    except FileNotFoundError:
        raise LedgerAbsent(f"there is no ledger {place} yet", "start the daemon: empreinte run") from None
    except OSError as error:
        raise forbidden_or_full(error, str(place)) from error
    return _sqlite(place.path, access)


def engine_beside(path: Path) -> Engine:
    """Return an engine that reads the SQLite file at *path*, and whose connections other threads may be given."""
    return _sqlite(path, Access.READ, given_away=True)


def _sqlite(path: Path, access: Access, *, given_away: bool = False) -> Engine:
    mode = "ro" if access is Access.READ else "rw"

    def connect() -> sqlite3.Connection:
        uri = f"file:{quote(str(path))}?mode={mode}"
        # transactions are begun below: Python's own way leaves changes of the schema outside of them
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY, isolation_level=None, check_same_thread=not given_away
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if access is not Access.READ:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    # a transaction that begins by reading may not be able to write later: one that will write says so at once
    options = connection.get_execution_options()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


def _postgresql(place: Place, access: Access, name: str) -> Engine:
    seconds = ANSWER if access is Access.KEEP else PATIENT
    settings = {
        "statement_timeout": round(seconds * 1000),
        "lock_timeout": round(BUSY * 1000),
        "idle_in_transaction_session_timeout": round(PATIENT * 1000),
        "synchronous_commit": "on",
        "default_transaction_read_only": "on" if access is Access.READ else "off",
        "default_transaction_isolation": "repeatable\\ read" if access is Access.READ else "read\\ committed",
        # so that the server soon frees what a machine that vanished has locked
        "tcp_keepalives_idle": 30,
        "tcp_keepalives_interval": 10,
        "tcp_keepalives_count": 3,
    }
    options = " ".join(f"-c {key}={value}" for key, value in settings.items())
    arguments: dict[str, Any] = {
        "connect_timeout": CONNECT,
        "application_name": name,
        "options": f"{place.url.query.get('options', '')} {options}".strip(),
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": round(ANSWER * 1000),
    }
    return create_engine(place.url, connect_args=arguments, poolclass=NullPool, paramstyle="format")
