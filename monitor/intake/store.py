"""The file of accepted events: one SQLite database, written by one thread, in groups.

What is written is what UsageEvent has, and hashes: of events that came, so that none counts twice, and of the series of
meters.
"""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from monitor.core.activity import ActivitySeries, Authority, EventSum, Unit
from monitor.intake.file import connected, make_file
from monitor.intake.matching import consumer_of
from monitor.intake.metering import advance
from monitor.intake.names import Names
from monitor.intake.seen import Seen
from monitor.intake.usage import UsageEvent

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from monitor.core.units import Duration
    from monitor.intake.matching import Owner
    from monitor.intake.metering import Reading

VERSION: Final = 1
PAGE: Final = 1024
"""Bytes of a page: an event touches few, and each is written whole."""
LARGEST: Final = 512 * 1024 * 1024
"""Bytes of the file. What is remembered and what waits fits in well before."""
MOST_REMEMBERED: Final = 2_000_000
"""Events that are known to have come. Where more come within the retention, the oldest are forgotten before."""
MOST_UNMATCHED: Final = 10_000
MOST_SERIES: Final = 50_000
AT_ONCE: Final = 5_000
"""Rows that are forgotten in one transaction: some milliseconds."""
_COLUMNS: Final = (
    "consumer TEXT NOT NULL, time INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, service TEXT NOT NULL,"
    " operation TEXT NOT NULL, counts TEXT NOT NULL, cached INTEGER NOT NULL, latency_ms INTEGER, source TEXT NOT NULL,"
    " authority TEXT NOT NULL, id BLOB NOT NULL, arrived INTEGER NOT NULL"
)
SCHEMA: Final = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    f"CREATE TABLE waiting (number INTEGER PRIMARY KEY AUTOINCREMENT, {_COLUMNS})",
    f"CREATE TABLE unmatched (number INTEGER PRIMARY KEY AUTOINCREMENT, {_COLUMNS})",
    "CREATE TABLE seen (id BLOB PRIMARY KEY, arrived INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX seen_arrived ON seen (arrived)",
    "CREATE TABLE series (key BLOB PRIMARY KEY, start INTEGER, value INTEGER, seen INTEGER) WITHOUT ROWID",
    "CREATE INDEX series_seen ON series (seen)",
    "CREATE TABLE names (kind TEXT, name TEXT, seen INTEGER NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID",
)
_SUMS: Final = """
    SELECT consumer, authority, source, model, count.key, time / :hour, SUM(count.value), MAX(time)
    FROM waiting, json_each(waiting.counts) AS count
    WHERE number > :after AND number <= :last AND NOT cached
    AND (consumer IN (SELECT value FROM json_each(:bought))) = :theirs
    GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""
_ADD: Final = "INSERT INTO {} VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request brings."""

    events: tuple[UsageEvent, ...]
    readings: tuple[Reading, ...]
    arrived: int
    """In ns since 1970."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that is on disk, and whose it is."""

    number: int
    """Its place among all events: it grows."""
    consumer: str
    """The key of its service; empty: of none."""
    event: UsageEvent


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the events of a batch."""

    accepted: int = 0
    """They count once their service's books are written."""
    duplicates: int = 0
    """They came before."""
    unmatched: int = 0
    """They are kept for a while, and count nowhere: they are of no service."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a store stands."""

    identity: str
    """Of the file: a new one numbers its events anew."""
    last: int
    """The number of the last event of a service."""
    done: int
    """The number up to which they are in the books."""
    waiting: int
    unmatched: int
    remembered: int
    forgotten: int
    """Events that arrived up to this time, in ns since 1970, are not known any more."""


class Store:
    """The tables. Not for two threads."""

    def __init__(self, path: Path, owners: Sequence[Owner], now: int) -> None:
        """Open the file at *path*, or make it. Raises sqlite3.Error, OSError."""
        self._owners = owners
        self._known = frozenset(owner.key for owner in owners)
        make_file(path)
        self._connection = connected(path, "rw")
        try:
            _prepare(self._connection, now)
            self._names = Names(self._connection)
            self._seen = Seen(self._connection)
            self.standing = self._counted()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def write(self, batches: Iterable[Batch], done: int) -> list[Outcome]:
        """Write *batches* in one go, and drop the events up to number *done*; return what became of each.

        When it returns, all of it is on the disk; when it raises (sqlite3.Error), none of it is.
        """
        self._seen.added = 0
        with self._transaction():
            dropped = self._connection.execute("DELETE FROM waiting WHERE number <= ?", (done,)).rowcount
            outcomes = [self._take(batch) for batch in batches]
            self._names.save()
            (last,) = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'waiting'").fetchone() or (
                0,
            )
        accepted, unmatched = sum(one.accepted for one in outcomes), sum(one.unmatched for one in outcomes)
        before = self.standing
        self.standing = replace(
            before,
            last=last,
            done=max(done, before.done),
            waiting=before.waiting + accepted - dropped,
            unmatched=before.unmatched + unmatched,
            remembered=before.remembered + self._seen.added,
        )
        return outcomes

    def tidy(self, before: int) -> bool:
        """Forget some of what came before *before*, in ns since 1970, or is too much; return whether there is more."""
        with self._transaction():
            forgotten = [self._forget_events(before), self._forget_unmatched(before), self._forget_series(before)]
            self._names.forget(before)
        if any(forgotten):
            self.standing = self._counted()
        return max(forgotten) == AT_ONCE

    def unmatched(self, limit: int) -> list[Accepted]:
        """Return the newest events that are of no service, at most *limit*."""
        rows = self._connection.execute("SELECT * FROM unmatched ORDER BY number DESC LIMIT ?", (limit,))
        return [accepted(row) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._names = Names(self._connection)
            raise

    def _take(self, batch: Batch) -> Outcome:
        metered = self._advance(batch.readings, batch.arrived)
        outcome = Outcome()
        for event in (*batch.events, *metered):
            consumer = self._consumer_of(event, batch.arrived)
            if not self._seen.is_new(event, consumer, batch.arrived):
                outcome = replace(outcome, duplicates=outcome.duplicates + 1)
                continue
            row = _row(consumer, self._names.bounded(event, batch.arrived), batch.arrived)
            self._connection.execute(_ADD.format("waiting" if consumer else "unmatched"), row)
            if consumer:
                outcome = replace(outcome, accepted=outcome.accepted + 1)
            else:
                outcome = replace(outcome, unmatched=outcome.unmatched + 1)
        return outcome

    def _consumer_of(self, event: UsageEvent, arrived: int) -> str:
        """Return the key of the service that *event* is of; empty: of none."""
        consumer = consumer_of(event, self._owners)
        if consumer in self._known or (consumer and self._names.admits(consumer, arrived)):
            return consumer
        return ""

    def _advance(self, readings: Sequence[Reading], now: int) -> list[UsageEvent]:
        if not readings:
            return []
        known: dict[str, int] = {}
        for reading in readings:
            key = bytes.fromhex(reading.key)
            for (value,) in self._connection.execute("SELECT value FROM series WHERE key = ?", (key,)):
                known[reading.key] = value
        events, values = advance(readings, known, int(self._meta("floor")))
        starts = {reading.key: reading.start for reading in readings}
        rows = [(bytes.fromhex(key), starts[key], value, now) for key, value in values.items()]
        self._connection.executemany("INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?)", rows)
        return events

    def _forget_events(self, before: int) -> int:
        beyond = max(0, self.standing.remembered - MOST_REMEMBERED)
        rows = self._connection.execute("SELECT id, arrived FROM seen ORDER BY arrived LIMIT ?", (AT_ONCE,)).fetchall()
        old = [row for place, row in enumerate(rows) if row[1] < before or place < beyond]
        if old:
            self._connection.executemany("DELETE FROM seen WHERE id = ?", [row[:1] for row in old])
            self._set_meta("forgotten", max(self.standing.forgotten, old[-1][1]))
        return len(old)

    def _forget_unmatched(self, before: int) -> int:
        beyond = max(0, self.standing.unmatched - MOST_UNMATCHED)
        rows = self._connection.execute("SELECT number, arrived FROM unmatched ORDER BY number LIMIT ?", (AT_ONCE,))
        old = [row[:1] for place, row in enumerate(rows.fetchall()) if row[1] < before or place < beyond]
        self._connection.executemany("DELETE FROM unmatched WHERE number = ?", old)
        return len(old)

    def _forget_series(self, before: int) -> int:
        """Forget series that are silent: one of them, or older, that speaks again tells nothing at first."""
        (number,) = self._connection.execute("SELECT count(*) FROM series").fetchone()
        rows = self._connection.execute(
            "SELECT key, start, seen FROM series ORDER BY seen LIMIT ?", (AT_ONCE,)
        ).fetchall()
        old = [row for place, row in enumerate(rows) if row[2] < before or place < number - MOST_SERIES]
        if old:
            self._connection.executemany("DELETE FROM series WHERE key = ?", [row[:1] for row in old])
            self._set_meta("floor", max(int(self._meta("floor")), *(row[1] for row in old)))
        return len(old)

    def _counted(self) -> Standing:
        count = {
            table: self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own names
            for table in ("waiting", "unmatched", "seen")
        }
        last = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'waiting'").fetchone()
        (first,) = self._connection.execute("SELECT min(number) FROM waiting").fetchone()
        return Standing(
            identity=self._meta("identity"),
            last=last[0] if last else 0,
            done=(last[0] if last else 0) if first is None else first - 1,
            waiting=count["waiting"],
            unmatched=count["unmatched"],
            remembered=count["seen"],
            forgotten=int(self._meta("forgotten")),
        )

    def _meta(self, name: str) -> str:
        (value,) = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(value)

    def _set_meta(self, name: str, value: int) -> None:
        self._connection.execute("UPDATE meta SET value = ? WHERE name = ?", (str(value), name))


class NewerError(Exception):
    """The file is of a later version of the program."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are to be added up: those that follow the number `after`, up to `last`."""

    after: int
    last: int
    bought: tuple[str, ...]
    """The keys of the services that are bought."""
    theirs: bool
    """Whether those of these services are wanted, or those of all others."""
    hour: Duration


def sums_of(connection: sqlite3.Connection, wanted: Wanted) -> list[EventSum]:
    """Return what the events that are *wanted* come to. Raises sqlite3.Error.

    An answer from a gateway's cache counts nothing: there was no inference.
    """
    values = {
        "after": wanted.after,
        "last": wanted.last,
        "bought": json.dumps(wanted.bought),
        "theirs": wanted.theirs,
        "hour": wanted.hour.nanoseconds,
    }
    return [
        EventSum(ActivitySeries(consumer, Authority(authority), source, model, Unit(unit)), amount, newest)
        for consumer, authority, source, model, unit, _, amount, newest in connection.execute(_SUMS, values)
    ]


def accepted(row: Sequence[Any]) -> Accepted:
    """Return the event in *row*, of all columns."""
    (
        number,
        consumer,
        time,
        provider,
        model,
        service,
        operation,
        counts,
        cached,
        latency,
        source,
        authority,
        id_hash,
        _,
    ) = row
    event = UsageEvent(
        id_hash=id_hash.hex(),
        time=time,
        provider=provider,
        model=model,
        service=service,
        operation=operation,
        counts={Unit(unit): count for unit, count in json.loads(counts).items()},
        cached=bool(cached),
        latency_ms=latency,
        source=source,
        authority=Authority(authority),
    )
    return Accepted(number, consumer, event)


def _row(consumer: str, event: UsageEvent, arrived: int) -> tuple[object, ...]:
    return (
        consumer,
        event.time,
        event.provider,
        event.model,
        event.service,
        event.operation,
        json.dumps(event.counts, separators=(",", ":")),
        int(event.cached),
        event.latency_ms,
        event.source,
        event.authority.value,
        bytes.fromhex(event.id_hash),
        arrived,
    )


def _prepare(connection: sqlite3.Connection, now: int) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA max_page_count = {LARGEST // PAGE}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise NewerError(f"it is of version {version}, and this program knows {VERSION}")
    if version == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    for statement in SCHEMA:
        connection.execute(statement)
    first = {"identity": uuid.uuid4().hex, "forgotten": "0", "floor": str(now)}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", first.items())
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
