"""What belongs to the one daemon that keeps a ledger: the lock, the number of its last commit, the file beside."""

from __future__ import annotations

import logging
import os
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from monitor.core.units import NANOSECONDS_PER_SECOND, Duration
from monitor.ledger.database import Access, make_file
from monitor.ledger.errors import LedgerUnreachable
from monitor.ledger.locks import FileLock
from monitor.ledger.session import Session

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from monitor.core.interval import Stamp
    from monitor.ledger.database import Place
    from monitor.ledger.sidecar import Sidecar
    from monitor.ledger.writing import Pen

log = logging.getLogger(__name__)

PAUSE: Final = Duration(15 * NANOSECONDS_PER_SECOND)
"""A server that did not answer is left alone for this long: to ask takes seconds, in which nothing is shown."""


_LONGEST_WHO: Final = 36


@dataclass(slots=True)
class Keeping:
    """The state of one daemon's keeping."""

    retention: Duration
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Written into the ledger, so that a daemon that came later is noticed."""
    number: int = 0
    """Of the last commit."""
    pen: Pen | None = None
    sidecar: Sidecar | None = None
    _silent: tuple[LedgerUnreachable, int] | None = None
    _noting_failed: bool = False

    def is_restored(self, ledger: str) -> bool:
        """Whether the file beside has seen another ledger than *ledger* (its uuid), or this one at a later commit."""
        seen = self.sidecar.read() if self.sidecar is not None else None
        return seen is not None and seen.later_than(ledger, self.number)

    def note(self, ledger: str) -> None:
        """Note the number of the last commit beside the *ledger*. A file that can't be written is told once."""
        if self.sidecar is None:
            return
        try:
            self.sidecar.write(ledger, self.number)
        except OSError as error:
            if not self._noting_failed:
                log.warning(
                    "the file beside the ledger can't be written (%s): a restored backup would go unseen", error
                )
            self._noting_failed = True
        else:
            self._noting_failed = False

    def note_silence(self, error: LedgerUnreachable, at: Stamp) -> None:
        """Leave the server alone for a while after *at*."""
        self._silent = (error, at.boot + PAUSE.nanoseconds)

    def require_patience(self, at: Stamp) -> None:
        """Raise again what the server's silence raised, until it has been left alone for long enough."""
        if self._silent is not None:
            error, until = self._silent
            if at.boot < until:
                raise LedgerUnreachable(error.sentence, error.cure)
            self._silent = None


def locked_session(place: Place, who: str, now: Stamp, stack: ExitStack) -> Session:
    """Return a session that keeps the ledger at *place* for *who*; *stack* gives up the lock after the connection.

    Raises LedgerLocked (who keeps it), LedgerReadOnly, LedgerFull, LedgerUnreachable.
    """
    name = f"{who}, pid {os.getpid()}"
    if place.path is not None:
        make_file(place.path)
        since = datetime.fromtimestamp(now.wall // NANOSECONDS_PER_SECOND, UTC)
        lock = place.path.with_name(f"{place.path.name}.lock")
        stack.callback(FileLock(lock, str(place), f"{name}, since {since:%Y-%m-%d %H:%M:%S} UTC").release)
    # its own connections are known by this name: the server keeps the first 63 characters, in ASCII
    short = who.encode("ascii", "replace").decode()[:_LONGEST_WHO]
    session = Session(place, Access.KEEP, f"{short}, pid {os.getpid()}, {uuid.uuid4().hex[:8]}")
    stack.callback(session.close)
    if place.path is None:
        with session.transaction():
            return session
    # to connect would make the file of another program a ledger's: it has not been looked into yet
    return session


def path_of_sidecar(place: Place, chosen: Path | None) -> Path | None:
    """Return where the file beside is kept: as *chosen*; else `<file>.seen`, and for a server nowhere."""
    if chosen is not None or place.path is None:
        return chosen
    return place.path.with_name(f"{place.path.name}.seen")
