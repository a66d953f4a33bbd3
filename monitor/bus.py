"""Tell subscribers what happened: in order, on the caller's thread; one that fails does not stop its neighbours."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from monitor.core.events import HandlerFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.core.events import Event

log = logging.getLogger(__name__)


class Subscriber(Protocol):
    """Something that reacts to events."""

    name: str

    def handle(self, event: Event) -> None:
        """React to *event*. What it raises is told to the others as `HandlerFailed`."""
        ...


class Bus:
    """Hands each event to every subscriber."""

    def __init__(self, subscribers: Sequence[Subscriber]) -> None:
        self._subscribers = tuple(subscribers)

    def publish(self, events: Iterable[Event]) -> None:
        """Tell every subscriber of each event, in order. A failure is told once: not that of telling of it."""
        for event in events:
            for failure in self._tell(event):
                self._tell(failure)

    def _tell(self, event: Event) -> list[HandlerFailed]:
        failures = []
        for subscriber in self._subscribers:
            try:
                subscriber.handle(event)
            except Exception as error:  # a subscriber may fail in any way, and its neighbours must still run
                log.exception("%s failed on %s", subscriber.name, type(event).__name__)
                failures.append(HandlerFailed(at=event.at, handler=subscriber.name, error=f"{error}"))
        return failures
