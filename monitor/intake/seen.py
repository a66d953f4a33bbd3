"""Which events came, so that none counts twice: hashes of ids, and of the spans that tell of one call together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.intake.usage import hashed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from monitor.intake.usage import UsageEvent


class Seen:
    """The table of the same name. What is written is in the transaction of who asks."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.added = 0
        """Rows that were added since this was set to 0."""

    def is_new(self, event: UsageEvent, consumer: str, arrived: int) -> bool:
        """Whether neither *event* has counted, nor a part of its span, nor the span that it is a part of; remember it.

        What is of no service (an empty *consumer*) counts nowhere: it is new once, and in nobody's way.
        """
        counted = {event.id_hash, _parts_of(event.span), event.whole} - {""}
        known = any(self._has(name) for name in counted)
        if known or consumer:
            self._add({event.id_hash, event.span, _parts_of(event.whole)} - {""}, arrived)
            return not known
        return self._add({hashed("unmatched", event.id_hash)}, arrived) == 1

    def _has(self, name: str) -> bool:
        key = bytes.fromhex(name)
        return self._connection.execute("SELECT 1 FROM seen WHERE id = ?", (key,)).fetchone() is not None

    def _add(self, names: Iterable[str], arrived: int) -> int:
        """Remember *names*, and return how many of them are new."""
        rows = [(bytes.fromhex(name), arrived) for name in names]
        new = self._connection.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows).rowcount
        self.added += new
        return new


def _parts_of(span: str) -> str:
    """Return the name under which it is remembered that a part of *span* told of a call; empty: there is no span."""
    return hashed("parts", span) if span else ""
