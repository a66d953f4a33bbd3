"""The names that strangers may bring in: so many of each kind, and what is beyond is counted under one name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from monitor.intake.usage import UsageEvent

OTHERS: Final[Mapping[str, tuple[int, str]]] = {
    "model": (200, "_other_models"),
    "provider": (32, "_other_providers"),
    "source": (32, "_other_sources"),
}
"""By field of an event: how many names are told apart, and the name for all others."""
MOST_SERVICES: Final = 64
"""Services that events name and the configuration doesn't. Events of further ones are of none."""
SERVICE: Final = "service"
HOUR: Final = 3600 * 10**9


class Names:
    """Which names came, and when last, to the hour. What is new is written by `save`, in the transaction of events."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        rows = connection.execute("SELECT kind, name, seen FROM names")
        self._seen: dict[tuple[str, str], int] = {(kind, name): seen for kind, name, seen in rows}
        self._changed: set[tuple[str, str]] = set()

    def bounded(self, event: UsageEvent, now: int) -> UsageEvent:
        """Return *event* with no name that is one too many."""
        model, provider, source = (
            self._told_apart(kind, name, now)
            for kind, name in (("model", event.model), ("provider", event.provider), ("source", event.source))
        )
        if (model, provider, source) == (event.model, event.provider, event.source):
            return event
        return replace(event, model=model, provider=provider, source=source)

    def admits(self, service: str, now: int) -> bool:
        """Whether events may be of *service*, which the configuration doesn't know."""
        return self._has_room(SERVICE, service, MOST_SERVICES, now)

    def save(self) -> None:
        """Write what changed."""
        rows = [(*key, self._seen[key]) for key in self._changed]
        self._connection.executemany("INSERT OR REPLACE INTO names VALUES (?, ?, ?)", rows)
        self._changed.clear()

    def forget(self, before: int) -> None:
        """Forget the names that did not come since *before*, in ns since 1970."""
        self._connection.execute("DELETE FROM names WHERE seen < ?", (before,))
        self._seen = {key: seen for key, seen in self._seen.items() if seen >= before}

    def _told_apart(self, kind: str, name: str, now: int) -> str:
        most, others = OTHERS[kind]
        return name if not name or self._has_room(kind, name, most, now) else others

    def _has_room(self, kind: str, name: str, most: int, now: int) -> bool:
        seen = self._seen.get((kind, name))
        if seen is None and sum(key[0] == kind for key in self._seen) >= most:
            return False
        if seen is None or now - seen > HOUR:
            self._seen[kind, name] = now
            self._changed.add((kind, name))
        return True
