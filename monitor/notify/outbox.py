"""The queue of what is to be told: a file of SQLite of its own, which survives the daemon and holds so much at most."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from monitor.core.delivery import DeadLetter, Standing
from monitor.core.interval import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

FILE: Final = "notify.db"
"""Its name, in paths.state."""
FORM: Final = 2
MOST_WAITING: Final = 10_000
"""For each address; then the oldest are dropped, and counted."""
MOST_DEAD: Final = 1_000
"""Of all addresses; then the oldest are forgotten."""
DEAD_FOR: Final = 30 * 24 * HOUR.nanoseconds
PATIENCE: Final = 5.0
"""In seconds: for another thread's transaction to end."""
GONE: Final = "it is not configured any more"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS letters (
    number INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
    made INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', dead INTEGER,
    held INTEGER, UNIQUE (endpoint, id)
);
CREATE INDEX IF NOT EXISTS queue ON letters (endpoint, dead, number);
CREATE TABLE IF NOT EXISTS tallies (
    endpoint TEXT PRIMARY KEY, delivered INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS losses (
    endpoint TEXT PRIMARY KEY, count INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL
);
"""


class OutboxError(Exception):
    """The queue can't be used. The text is one sentence, with the cure."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One event for one address. Its `id` is the event's."""

    endpoint: str
    id: str
    body: str
    made: int
    """When it happened, ns since the epoch."""
    number: int = 0
    """Its place in the queue; 0: it is in none."""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Loss:
    """Events that an address will not be told of any more: they were too many, or too old, while it failed."""

    count: int
    first: int
    last: int
    """When the first and the last of them happened, ns since the epoch."""


def address_of(endpoint: str) -> str:
    """Return the address of *endpoint* without its path, which may be secret."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"


def standings(path: Path, endpoints: Sequence[str]) -> list[Standing]:
    """Return how it stands with each of *endpoints* in the queue at *path*, and change nothing there.

    Where there is no queue yet, nothing was to be told. Raises OutboxError where it can't be read.
    """
    try:
        if not path.exists():
            return [Standing(address_of(endpoint), 0, 0, 0, 0, "") for endpoint in endpoints]
        with closing(_reading(path)) as database:
            return [_standing(database, endpoint) for endpoint in endpoints]
    except (OSError, sqlite3.Error) as error:
        message = f"the queue of webhooks, {path}, can't be read ({error}): look as the daemon's user"
        raise OutboxError(message) from error


class Outbox:
    """One connection to the queue. A thread has its own."""

    def __init__(self, path: Path, room: int = MOST_WAITING) -> None:
        """Open the queue at *path*, or make it, for its owner alone to read. Raises OutboxError."""
        self._room = room
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
            self._make()
        except (OSError, sqlite3.Error) as error:
            raise OutboxError(
                f"the queue of webhooks, {path}, can't be used ({error}): let the daemon write it, or move it away"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def put(self, letters: Sequence[Letter], held: int | None = None) -> None:
        """Keep *letters*, in order, in one transaction; one that is there already is not kept twice.

        Those that are *held* are not sent until they are put without, or `release` says so: *held* is the moment of the
        ledger's commit that makes them true.
        """
        rows = [(one.endpoint, one.id, one.body, one.made, held) for one in letters]
        with self._transaction():
            self._database.executemany(
                "INSERT INTO letters (endpoint, id, body, made, held) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET held = excluded.held WHERE held IS NOT NULL",
                rows,
            )
            for endpoint in sorted({one.endpoint for one in letters}):
                self._make_room(endpoint)

    def release(self, committed: int | None) -> None:
        """Free what was held when the daemon ended and the ledger's last commit, of *committed*, has; forget the rest.

        None: the ledger holds nothing.
        """
        with self._transaction():
            self._database.execute("UPDATE letters SET held = NULL WHERE held <= ?", (committed,))
            self._database.execute("DELETE FROM letters WHERE held IS NOT NULL")

    def next(self, endpoint: str) -> Letter | None:
        """Return the oldest letter that waits for *endpoint*; None where there is none."""
        row = self._database.execute(
            "SELECT endpoint, id, body, made, number, attempts FROM letters"
            " WHERE endpoint = ? AND dead IS NULL AND held IS NULL ORDER BY number LIMIT 1",
            (endpoint,),
        ).fetchone()
        return None if row is None else Letter(*row)

    def waiting(self, endpoint: str, most: int) -> list[Letter]:
        """Return the letters that wait for *endpoint*, *most* of them, the oldest first."""
        rows = self._database.execute(
            "SELECT endpoint, id, body, made, number, attempts FROM letters"
            " WHERE endpoint = ? AND dead IS NULL AND held IS NULL ORDER BY number LIMIT ?",
            (endpoint, most),
        )
        return [Letter(*row) for row in rows]

    def delivered(self, letter: Letter) -> None:
        """Note that *letter* arrived."""
        with self._transaction():
            self._database.execute("DELETE FROM letters WHERE number = ?", (letter.number,))
            self._count(letter.endpoint, "delivered", 1)

    def failed(self, letter: Letter, error: str) -> None:
        """Note that *letter* did not arrive this time, and why."""
        statement = "UPDATE letters SET attempts = attempts + 1, error = ? WHERE number = ?"
        self._database.execute(statement, (error, letter.number))

    def give_up(self, letter: Letter, error: str, now: int) -> None:
        """Note that *letter* is not tried any more, and why."""
        with self._transaction():
            self.failed(letter, error)
            self._bury("number = ?", (letter.number,), now)

    def give_up_older(self, endpoint: str, than: int, error: str, now: int) -> int:
        """Give up all that waits for *endpoint* and happened before *than*; return how many they are."""
        with self._transaction():
            where = "endpoint = ? AND made < ? AND dead IS NULL"
            self._lose(where, (endpoint, than))
            self._database.execute(f"UPDATE letters SET error = ? WHERE {where}", (error, endpoint, than))  # noqa: S608 - our own words
            return self._bury(where, (endpoint, than), now)

    def keep_only(self, endpoints: Iterable[str], now: int) -> None:
        """Give up what waits for any other than *endpoints*."""
        waiting = {row[0] for row in self._database.execute("SELECT DISTINCT endpoint FROM letters WHERE dead IS NULL")}
        for endpoint in waiting - set(endpoints):
            self.give_up_older(endpoint, now + DEAD_FOR, GONE, now)

    def loss(self, endpoint: str) -> Loss | None:
        """Return what *endpoint* will not be told of; None: nothing, or it was told so."""
        row = self._database.execute("SELECT count, first, last FROM losses WHERE endpoint = ?", (endpoint,)).fetchone()
        return None if row is None else Loss(*row)

    def forget(self, endpoint: str, loss: Loss) -> None:
        """Note that *endpoint* was told of *loss*. Where there is more by now, all of it stays."""
        self._database.execute("DELETE FROM losses WHERE endpoint = ? AND count = ?", (endpoint, loss.count))

    def standing(self, endpoint: str) -> Standing:
        """Return how it stands with *endpoint*."""
        return _standing(self._database, endpoint)

    def dead(self) -> list[DeadLetter]:
        """Return what was given up, the oldest first."""
        rows = self._database.execute(
            "SELECT endpoint, dead, attempts, error, body FROM letters WHERE dead IS NOT NULL ORDER BY dead, number"
        )
        return [DeadLetter(address_of(endpoint), *rest) for endpoint, *rest in rows]

    def _make(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        form = self._database.execute("PRAGMA user_version").fetchone()[0]
        if form > FORM:
            message = f"it is of a newer version, {form}"
            raise sqlite3.DatabaseError(message)
        if form < FORM:
            self._database.executescript(_TABLES)
            self._database.execute(f"PRAGMA user_version = {FORM}")

    def _make_room(self, endpoint: str) -> None:
        found = self._database.execute(
            "SELECT number FROM letters WHERE endpoint = ? AND dead IS NULL ORDER BY number DESC LIMIT 1 OFFSET ?",
            (endpoint, self._room),
        ).fetchone()
        if found is not None:
            where, values = "endpoint = ? AND dead IS NULL AND number <= ?", (endpoint, found[0])
            self._lose(where, values)
            gone = self._database.execute(f"DELETE FROM letters WHERE {where}", values)  # noqa: S608 - our own words
            self._count(endpoint, "dropped", gone.rowcount)

    def _lose(self, where: str, values: tuple[object, ...]) -> None:
        """Note that an address will not be told of what is *where*."""
        self._database.execute(
            f"INSERT INTO losses SELECT endpoint, COUNT(*), MIN(made), MAX(made) FROM letters WHERE {where}"  # noqa: S608 - our own words
            " GROUP BY endpoint ON CONFLICT DO UPDATE SET count = count + excluded.count,"
            " first = MIN(first, excluded.first), last = MAX(last, excluded.last)",
            values,
        )

    def _bury(self, where: str, values: tuple[object, ...], now: int) -> int:
        buried = self._database.execute(f"UPDATE letters SET dead = ? WHERE {where}", (now, *values))  # noqa: S608 - our own words
        self._database.execute("DELETE FROM letters WHERE dead < ?", (now - DEAD_FOR,))
        self._database.execute(
            "DELETE FROM letters WHERE dead IS NOT NULL AND number NOT IN"
            " (SELECT number FROM letters WHERE dead IS NOT NULL ORDER BY dead DESC, number DESC LIMIT ?)",
            (MOST_DEAD,),
        )
        return buried.rowcount

    def _count(self, endpoint: str, what: str, number: int) -> None:
        self._database.execute("INSERT OR IGNORE INTO tallies (endpoint) VALUES (?)", (endpoint,))
        self._database.execute(f"UPDATE tallies SET {what} = {what} + ? WHERE endpoint = ?", (number, endpoint))  # noqa: S608 - a column's name

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def _reading(path: Path) -> sqlite3.Connection:
    # while nobody has it open there is no journal beside it, and to look for one would make it
    alone = not path.with_name(f"{path.name}-wal").exists()
    address = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    return sqlite3.connect(address, timeout=PATIENCE, uri=True)


def _standing(database: sqlite3.Connection, endpoint: str) -> Standing:
    select, whose = database.execute, (endpoint,)
    count = "SELECT COUNT(*) FROM letters WHERE endpoint = ? AND"
    failing = select(
        "SELECT error FROM letters WHERE endpoint = ? AND dead IS NULL ORDER BY number LIMIT 1", whose
    ).fetchone()
    tally = select("SELECT delivered, dropped FROM tallies WHERE endpoint = ?", whose).fetchone() or (0, 0)
    return Standing(
        address=address_of(endpoint),
        waiting=select(f"{count} dead IS NULL AND held IS NULL", whose).fetchone()[0],
        dead=select(f"{count} dead IS NOT NULL", whose).fetchone()[0],
        delivered=tally[0],
        dropped=tally[1],
        error=failing[0] if failing else "",
    )
