"""Send what is in the queue: for each address one thread, which sleeps while there is nothing.

In order, and at least once: what was sent and not noted when the daemon ended is sent again, under the same id.
"""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
from abc import ABC, abstractmethod
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Protocol, Self

from monitor.core.cloudevent import is_asked_for, told
from monitor.core.delivery import FEWEST_FAILURES, GIVEN_UP_AFTER, Accepted, Failed, pause
from monitor.notify.outbox import FILE, MOST_WAITING, Letter, Outbox, OutboxError, address_of
from monitor.notify.posting import Poster

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from monitor.collector import Outgoing
    from monitor.config import NotifyTable
    from monitor.core.cloudevent import CloudEvent
    from monitor.core.delivery import Standing
    from monitor.core.events import Event
    from monitor.core.interval import Stamp
    from monitor.core.units import Duration

log = logging.getLogger(__name__)

FAREWELL: Final = 20.0
"""In seconds: how long a stop waits for an answer under way. What is not noted by then is sent again."""
DISK_PAUSE: Final = 60.0
"""In seconds: after how long the queue is tried again where it could not be written."""


class Sender(Protocol):
    """Brings one letter to where it is to go."""

    def post(self, letter: Letter, now: int) -> Accepted | Failed:
        """Send *letter* as of *now* (ns since the epoch); return what became of it."""
        ...


class Courier(ABC):
    """Sends to one address, on a thread of its own. A context manager."""

    def __init__(
        self,
        endpoint: str,
        path: Path,
        now: Callable[[], int],
        *,
        luck: Callable[[], float] = random.random,
        wait: Callable[[float], object] | None = None,
        keep_for: Duration = GIVEN_UP_AFTER,
    ) -> None:
        """Send what the queue at *path* holds for *endpoint*. *now* is in ns since the epoch; *wait* makes a pause.

        What is older than *keep_for* while the receiver fails is given up.
        """
        self._endpoint = endpoint
        self._path = path
        self._now = now
        self._luck = luck
        self._keep_for = keep_for
        self._failures = 0
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._thread = threading.Thread(target=self._work, name="webhook", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join(FAREWELL)

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopping.set()
        self._news.set()

    def notice(self) -> None:
        """Look at the queue: there is something new in it."""
        self._news.set()

    def _work(self) -> None:
        said = ""
        while not self._stopping.is_set():
            try:
                with Outbox(self._path) as outbox:
                    while not self._stopping.is_set():
                        self._step(outbox)
                        said = ""
            except (OutboxError, sqlite3.Error) as error:
                if said != str(error):
                    log.error("the queue of webhooks can't be used: %s; it is tried again each minute", error)  # noqa: TRY400 - the sentence says it
                said = str(error)
                self._wait(DISK_PAUSE)

    @abstractmethod
    def _send(self, outbox: Outbox, letter: Letter) -> None:
        """Send *letter*, which is the next, and maybe those behind it; note what became of them."""

    def _step(self, outbox: Outbox) -> None:
        """Send what waits; where nothing does, wait for it."""
        self._news.clear()
        # a stop that came before is not waited for: its news were just cleared
        if self._stopping.is_set():
            return
        letter = outbox.next(self._endpoint)
        if letter is None:
            self._news.wait()
        else:
            self._send(outbox, letter)

    def _failed(self, outbox: Outbox, letter: Letter, outcome: Failed) -> float:
        """Note it, and give up what has waited for too long; return for how many seconds to wait."""
        if not self._failures:
            log.warning("events can't be told to %s: %s; they are kept", address_of(self._endpoint), outcome.why)
        self._failures += 1
        outbox.failed(letter, outcome.why)
        if self._failures >= FEWEST_FAILURES:
            oldest = self._now() - self._keep_for.nanoseconds
            if count := outbox.give_up_older(self._endpoint, oldest, outcome.why, self._now()):
                log.warning("%d events were given up: %s; `empreinte events dead` shows them", count, outcome.why)
        return pause(self._failures, self._luck(), outcome.pause)

    def _recovered(self) -> None:
        if self._failures:
            log.info("events can be told to %s again", address_of(self._endpoint))
        self._failures = 0


class LetterCourier(Courier):
    """Sends letter by letter."""

    def __init__(
        self,
        endpoint: str,
        path: Path,
        now: Callable[[], int],
        sender: Sender,
        *,
        luck: Callable[[], float] = random.random,
        wait: Callable[[float], object] | None = None,
        keep_for: Duration = GIVEN_UP_AFTER,
    ) -> None:
        """Send each letter by *sender*; the rest is as of every courier."""
        super().__init__(endpoint, path, now, luck=luck, wait=wait, keep_for=keep_for)
        self._sender = sender

    def _send(self, outbox: Outbox, letter: Letter) -> None:
        outcome = self._sender.post(letter, self._now())
        if isinstance(outcome, Accepted):
            outbox.delivered(letter)
            self._recovered()
        elif outcome.final:
            outbox.give_up(letter, outcome.why, self._now())
            log.warning("an event was refused for good: %s; `empreinte events dead` shows it", outcome.why)
            self._recovered()
        else:
            self._wait(self._failed(outbox, letter, outcome))


class Post(Protocol):
    """Another way by which people are told of events, with couriers of its own on the same queue."""

    @property
    def endpoints(self) -> Sequence[str]:
        """What the queue calls those that it sends to."""
        ...

    def letter(self, event: CloudEvent, made: int) -> Letter | None:
        """Return what the queue gets of *event*, which happened at *made* (ns since the epoch); None: nothing."""
        ...

    def couriers(self, path: Path, now: Callable[[], int]) -> Sequence[Courier]:
        """Return who sends what the queue at *path* holds for it, not begun yet."""
        ...


class Notifier:
    """A subscriber of the bus: keeps what is to be told, and has it sent. A context manager: it owns the couriers."""

    name = "webhooks"

    def __init__(
        self,
        tables: Sequence[NotifyTable],
        state: Path,
        source: str,
        now: Callable[[], int],
        *,
        committed: int | None = None,
        simulated: bool = False,
        outgoing: Outgoing | None = None,
        posts: Sequence[Post] = (),
    ) -> None:
        """Tell *tables*, and those of *posts*, of events of *source*; the queue is in the directory *state*.

        Webhooks are reached by way of *outgoing*.

        *committed* is the moment of the ledger's last commit (ns since the epoch); None: it holds nothing.
        """
        self._tables = tables
        self._outgoing = outgoing
        self._posts = posts
        others = (endpoint for post in posts for endpoint in post.endpoints)
        self._endpoints = [*(table.url for table in tables), *others]
        self._path = state / FILE
        self._source = source
        self._now = now
        self._committed = committed
        self._simulated = simulated
        self._gathered: list[Letter] = []
        self._trouble = False
        self._couriers: list[Courier] = []
        self._outbox: Outbox | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Begin. Raises OutboxError where the queue can't be used."""
        if self._endpoints or self._path.exists():
            self._outbox = self._stack.enter_context(Outbox(self._path))
            self._outbox.release(self._committed)
            self._outbox.keep_only(self._endpoints, self._now())
        couriers = [
            LetterCourier(table.url, self._path, self._now, Poster(table, self._outgoing)) for table in self._tables
        ]
        others = (courier for post in self._posts for courier in post.couriers(self._path, self._now))
        for courier in (*couriers, *others):
            self._couriers.append(self._stack.enter_context(courier))
        return self

    def __exit__(self, *_: object) -> None:
        # all at once: none waits for another's answer
        for courier in self._couriers:
            courier.stop()
        self._stack.close()

    def standing(self) -> list[Standing] | None:
        """Return how it stands with each address; None where the queue can't be read. Any thread may ask."""
        if not self._endpoints:
            return []
        try:
            with Outbox(self._path) as outbox:
                return [outbox.standing(endpoint) for endpoint in self._endpoints]
        except (OutboxError, sqlite3.Error):
            return None

    def hold(self, events: Sequence[Event], at: Stamp) -> None:
        """Put *events* in the queue, to be sent once they are true. Raises sqlite3.Error: they are not held then."""
        letters = [letter for event in events for letter in self._letters(event)]
        if letters and self._outbox is not None and not self._trouble:
            self._outbox.put(letters, held=at.wall)

    def handle(self, event: Event) -> None:
        """Gather *event* for each address that asked for it."""
        self._gathered += self._letters(event)

    def _letters(self, event: Event) -> list[Letter]:
        made = told(event, self._source, simulated=self._simulated) if self._endpoints else None
        if made is None:
            return []
        asking = [table for table in self._tables if is_asked_for(made.name, table.events)]
        body = made.as_json() if asking else ""
        written = (post.letter(made, event.at.wall) for post in self._posts)
        letters = [Letter(table.url, made.id, body, event.at.wall) for table in asking]
        return [*letters, *(letter for letter in written if letter is not None)]

    def settle(self) -> None:
        """Put what was gathered in the queue. Raises sqlite3.Error, once: it is kept, and tried at the next commit."""
        if not self._gathered or self._outbox is None:
            return
        try:
            self._outbox.put(self._gathered)
        except sqlite3.Error:
            del self._gathered[: -MOST_WAITING * len(self._endpoints)]
            if self._trouble:
                return
            self._trouble = True
            raise
        self._gathered, self._trouble = [], False
        self.notice()

    def notice(self) -> None:
        """Have the queue looked at: something was put in it, also by others. Any thread may call it."""
        for courier in self._couriers:
            courier.notice()
