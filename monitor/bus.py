"""Tell subscribers what happened: in order, on the caller's thread; one that fails does not stop its neighbours."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from monitor.core.events import HandlerFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from monitor.core.events import Event
    from monitor.core.interval import Stamp

log = logging.getLogger(__name__)


class Subscriber(Protocol):
    """Something that reacts to events."""

    name: str

    def handle(self, event: Event) -> None:
        """React to *event*. What it raises is told to the others as `HandlerFailed`."""
        ...


@runtime_checkable
class Gatherer(Subscriber, Protocol):
    """A subscriber that gathers events, and does with all those of one commit together what takes long."""

    def settle(self) -> None:
        """Do so now: all of them were handed over, which may be none."""
        ...


@runtime_checkable
class Holder(Gatherer, Protocol):
    """A gatherer that keeps events on disk before they are true, so that the end of the daemon takes none of them."""

    def hold(self, events: Sequence[Event], at: Stamp) -> None:
        """Keep *events*, untold: they are true once the ledger has the commit of the moment *at*."""
        ...


class Bus:
    """Hands each event to every subscriber."""

    def __init__(self, subscribers: Sequence[Subscriber]) -> None:
        self._subscribers = tuple(subscribers)
        self._failed: list[Event] = []
        self._last: Stamp | None = None

    def hold(self, events: Sequence[Event], at: Stamp) -> None:
        """Have *events* kept by those that hold them, before the commit of the moment *at* in which they are."""
        for subscriber in self._subscribers:
            if isinstance(subscriber, Holder):
                self._failed += self._attempt(subscriber, partial(subscriber.hold, events, at), "what is to come", at)

    def publish(self, events: Iterable[Event]) -> None:
        """Tell every subscriber of each event, in order. A failure is told once: not that of telling of it.

        Those that gather do their work at the end; where one of them fails, the others hear of it with the next events.
        """
        told = [*self._failed, *events]
        self._failed = []
        for event in told:
            for failure in self._tell(event):
                self._tell(failure)
            self._last = event.at
        for subscriber in self._subscribers:
            if isinstance(subscriber, Gatherer) and self._last is not None:
                self._failed += self._attempt(subscriber, subscriber.settle, "its work", self._last)

    def _tell(self, event: Event) -> list[HandlerFailed]:
        what = type(event).__name__
        return [
            failure
            for subscriber in self._subscribers
            for failure in self._attempt(subscriber, partial(subscriber.handle, event), what, event.at)
        ]

    def _attempt(self, subscriber: Subscriber, work: Callable[[], None], what: str, at: Stamp) -> list[HandlerFailed]:
        try:
            work()
        except Exception as error:  # a subscriber may fail in any way, and its neighbours must still run
            log.exception("%s failed on %s", subscriber.name, what)
            return [HandlerFailed(at=at, handler=subscriber.name, error=f"{error}")]
        return []
