"""Events on their way into the books: on disk before they are answered for, counted once however often they are sent.

One thread writes. What came while it wrote goes into its next transaction together: however many senders there are, a
sender waits for two of them at most. The books take events in order and remember how far they came, in the same commit
as what the events add up to: an event that is taken twice is in them once.
"""

from __future__ import annotations

import logging
import os
import queue
import sqlite3
import threading
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.activity import Taken
from monitor.intake.file import connected, locked
from monitor.intake.store import NewerError, Store, Wanted, sums_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Self

    from monitor.core.units import Duration
    from monitor.intake.matching import Owner
    from monitor.intake.store import Accepted, Batch, Outcome, Standing

log = logging.getLogger(__name__)

FILE: Final = "events.db"
"""Its name, in paths.state."""
MOST_QUEUED: Final = 1024
"""Requests that wait for the disk."""
MOST_WAITING: Final = 200_000
"""Events that wait for the books."""
MOST_TAKEN: Final = 50_000
"""Events that are added up at once: what took 0.1 s where it was measured. The others follow at the next tick."""
TIDY_EVERY: Final = 60.0
"""In seconds."""
SOON: Final = 1
LATER: Final = 30
"""In seconds: when to ask again where the disk is behind, or the books are."""
SHOWN: Final = 100
"""Events of no service that are shown."""


class SpoolError(Exception):
    """Events can't be kept. The text is one sentence; `retry_after` says in how many seconds to try again."""

    retry_after: int = LATER


class SpoolFullError(SpoolError):
    """There is no room for more events now."""

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the books have taken events over. They keep it, as text, in the commit of what the events add up to."""

    spool: str
    """Identity of the file: a number of another one says nothing here."""
    number: int

    def __str__(self) -> str:
        return f"{self.spool}:{self.number}"

    @classmethod
    def of(cls, text: str) -> Cursor:
        """Return the cursor that *text* says; without any, that of nothing taken yet."""
        spool, _, number = text.partition(":")
        return cls(spool, int(number or 0))


@dataclass(frozen=True, slots=True)
class _Ask:
    batch: Batch
    answer: Future[Outcome]


class Spool:
    """The events, for two who don't know each other: the web, which submits them, and the daemon, which takes them."""

    def __init__(self, path: Path, owners: Sequence[Owner], now: Callable[[], int], retention: Duration) -> None:
        """Open the file at *path*, or make it. *now* is in ns since 1970.

        Raises SpoolError where the file can't be had: in use, forbidden, damaged, of a later version.
        """
        self._path = path
        self._bought = tuple(owner.key for owner in owners if owner.bought)
        self._now = now
        self._retention = retention
        self._asked: queue.Queue[_Ask | Cursor | None] = queue.Queue(MOST_QUEUED)
        self._reader: sqlite3.Connection | None = None
        self._said = ""
        self._thread = threading.Thread(target=self._write, name="intake", daemon=True)
        with ExitStack() as stack:
            try:
                stack.callback(os.close, locked(path))
                self._store = Store(path, owners, now())
            except BlockingIOError:
                raise SpoolError(
                    f"{path} is in use by another daemon: stop that one, or set another paths.state for this one"
                ) from None
            except (sqlite3.Error, NewerError, OSError) as error:
                raise SpoolError(
                    f"events can't be kept in {path} ({error}): move that file away, or set paths.state"
                ) from error
            self._lock = stack.pop_all()
        self._standing = self._store.standing
        self._unmatched = tuple(self._store.unmatched(SHOWN))

    @property
    def standing(self) -> Standing:
        """How it stands, as of the last commit."""
        return self._standing

    @property
    def unmatched(self) -> tuple[Accepted, ...]:
        """The newest events of no service, as of the last look."""
        return self._unmatched

    @property
    def oldest(self) -> int:
        """Events that are not later, in ns since 1970, can't be taken: they may have come before."""
        return max(self._now() - self._retention.nanoseconds, self._standing.forgotten)

    def __enter__(self) -> Self:
        """Begin to write."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is asked for, and stop."""
        self._asked.put(None)
        self._thread.join()
        self._store.close()
        if self._reader is not None:
            self._reader.close()
        self._lock.close()

    def submit(self, batch: Batch) -> Future[Outcome]:
        """Have *batch* written. What comes is what became of it, once it is on the disk, or SpoolError.

        Raises SpoolFullError where too much waits already, for the disk or for the books.
        """
        if self._standing.waiting + len(batch.events) > MOST_WAITING:
            raise SpoolFullError(f"{MOST_WAITING} events wait to be booked: send again later", LATER)
        answer: Future[Outcome] = Future()
        try:
            self._asked.put_nowait(_Ask(batch, answer))
        except queue.Full:
            raise SpoolFullError("the disk is behind: send again later", SOON) from None
        return answer

    def take(self, after: Cursor, hour: Duration, *, bought: bool = False, limit: int = MOST_TAKEN) -> Taken:
        """Return what the events that follow *after* come to, at most *limit*, by the *hour* of their time.

        Those of services that are *bought*, or those of the others. Where nothing is new, without a look at the disk.
        A cursor of another file is of no use here: all that waits is new then. One thread may call this.
        Raises SpoolError where the file can't be read now.
        """
        standing = self._standing
        start = after.number if after.spool == standing.identity else 0
        if standing.last <= start or not standing.waiting:
            return Taken((), str(Cursor(standing.identity, start)))
        last = min(standing.last, max(start, standing.done) + limit)
        try:
            if self._reader is None:
                self._reader = connected(self._path, "ro")
            sums = sums_of(self._reader, Wanted(start, last, self._bought, bought, hour))
        except sqlite3.Error as error:
            raise SpoolError(f"the events in {self._path} can't be read ({error})") from error
        return Taken(tuple(sums), str(Cursor(standing.identity, last)))

    def acknowledge(self, cursor: Cursor) -> None:
        """Say that the books have, on disk, all up to *cursor*: it is dropped with the next write. Costs nothing."""
        standing = self._standing
        if cursor.spool == standing.identity and cursor.number > standing.done:
            # where there is no room to ask, the next acknowledgement says the same
            with suppress(queue.Full):
                self._asked.put_nowait(cursor)

    def _write(self) -> None:
        """Do what is asked for, in groups, until told to stop."""
        tidied, going = self._now(), True
        while going:
            group, going = self._next()
            self._commit(group)
            # a clock that was set back says nothing of how long ago that was
            if not 0 <= self._now() - tidied <= TIDY_EVERY * 10**9:
                tidied = self._tidy(self._now())

    def _next(self) -> tuple[list[_Ask | Cursor], bool]:
        """Return all that is asked for, waiting for the first a while; and whether more may come."""
        group: list[_Ask | Cursor] = []
        with suppress(queue.Empty):
            one = self._asked.get(timeout=TIDY_EVERY)
            while one is not None:
                group.append(one)
                one = self._asked.get_nowait()
            return group, False
        return group, True

    def _commit(self, group: Sequence[_Ask | Cursor]) -> None:
        if not group:
            return
        asks = [one for one in group if isinstance(one, _Ask) and one.answer.set_running_or_notify_cancel()]
        done = max((one.number for one in group if isinstance(one, Cursor)), default=0)
        error = self._attempt(asks, done)
        if error is None:
            self._said = ""
        elif isinstance(error, sqlite3.OperationalError):
            # where the disk is full, what is booked makes room
            if done and asks and _is_full(error):
                self._attempt([], done)
            self._refuse(asks, error)
        else:
            self._part(asks, done)

    def _part(self, asks: Sequence[_Ask], done: int) -> None:
        """Do by itself each thing that is asked for: what can't be written takes nothing with it."""
        if done:
            self._attempt([], done)
        for ask in asks:
            if (error := self._attempt([ask], 0)) is not None:
                self._refuse([ask], error)

    def _refuse(self, asks: Sequence[_Ask], error: Exception) -> None:
        refusal = _refusal(self._path, error)
        if self._said != str(refusal):
            log.warning("%s", refusal)
        self._said = str(refusal)
        for ask in asks:
            ask.answer.set_exception(refusal)

    def _attempt(self, asks: Sequence[_Ask], done: int) -> Exception | None:
        """Write what is asked for, and answer; return what went wrong: nothing is written or answered then."""
        try:
            outcomes = self._store.write([ask.batch for ask in asks], done)
        except Exception as error:  # noqa: BLE001 - whoever waits is answered, whatever it was
            return error
        self._standing = self._store.standing
        for ask, outcome in zip(asks, outcomes, strict=True):
            ask.answer.set_result(outcome)
        return None

    def _tidy(self, now: int) -> int:
        """Forget what is old or too much; return when that was: long ago, where there is more to forget."""
        try:
            more = self._store.tidy(now - self._retention.nanoseconds)
            self._unmatched = tuple(self._store.unmatched(SHOWN))
        except sqlite3.Error as error:
            log.warning("what is old in %s can't be forgotten now (%s)", self._path, error)
            return now
        self._standing = self._store.standing
        return 0 if more else now


def _is_full(error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _refusal(path: Path, error: Exception) -> SpoolError:
    if _is_full(error):
        return SpoolFullError(
            f"there is no more room for events: the disk is full, or {path.name} has its full size", LATER
        )
    return SpoolError(f"events can't be written to {path.name} now ({type(error).__name__})")
