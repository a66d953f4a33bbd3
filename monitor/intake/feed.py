"""From the file of events to the books: what they take at each tick, and when it may be dropped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from monitor.core.activity import Taken
from monitor.intake.spool import Cursor, SpoolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.core.units import Duration
    from monitor.intake.spool import Spool

log = logging.getLogger(__name__)

EVERYTHING: Final = 1 << 62


class Feed:
    """Gives the books what events come to. One thread uses it."""

    def __init__(self, spool: Spool, hour: Duration, book_bought: Callable[[], int] = lambda: EVERYTHING) -> None:
        """Give it by the *hour*, the ledger's closed grain.

        *book_bought* books what is of bought services, and returns up to which number it has.
        """
        self._spool = spool
        self._hour = hour
        self._book_bought = book_bought
        self._said: dict[str, str] = {}
        """What was said last of the host's books, and of those of what is bought."""

    def take(self, cursor: str) -> Taken:
        """Return what is new after *cursor*; nothing where it can't be read now: then it is at a later tick."""
        try:
            taken = self._spool.take(Cursor.of(cursor), self._hour)
        except SpoolError as error:
            self._say("host", error)
            return Taken((), cursor)
        self._said.pop("host", None)
        return taken

    def committed(self, cursor: str) -> None:
        """Let go of the events that all books have, which are committed up to *cursor*.

        Raises what the ledger raises: then they are kept.
        """
        try:
            bought = self._book_bought()
        except SpoolError as error:
            self._say("bought", error)
            return
        self._said.pop("bought", None)
        booked = Cursor.of(cursor)
        self._spool.acknowledge(Cursor(booked.spool, min(booked.number, bought)))

    def _say(self, books: str, error: SpoolError) -> None:
        """Say once what keeps events out of the *books*."""
        if self._said.get(books) != str(error):
            log.warning("%s; they are kept, and booked when they can be", error)
        self._said[books] = str(error)
