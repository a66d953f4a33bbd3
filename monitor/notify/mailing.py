"""Couriers that write to people: what happens within minutes goes in one message, and so many messages an hour."""

from __future__ import annotations

import json
import logging
import random
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from monitor.core.cloudevent import is_asked_for
from monitor.core.delivery import Accepted
from monitor.core.interval import HOUR
from monitor.notify.delivery import Courier
from monitor.notify.mailer import Mailer
from monitor.notify.outbox import MOST_WAITING, Letter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from email.message import EmailMessage
    from pathlib import Path

    from monitor.collector import Outgoing
    from monitor.config.email import EmailTable
    from monitor.core.cloudevent import CloudEvent
    from monitor.notify.letters import Writer
    from monitor.notify.outbox import Outbox

log = logging.getLogger(__name__)

SUMMARY: Final = "eu.empreinte.monthly_summary.v1"
"""The type of what is in the queue for a summary: `data` holds its subject and its text."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message: what it is called in the queue, to whom it goes, and how it is written."""

    endpoint: str
    to: Sequence[str]
    write: Callable[[Sequence[Mapping[str, Any]], Sequence[str], int], EmailMessage]
    most: int
    """How much goes in one message."""
    wait: float
    """Seconds for which what comes next is waited for."""


class MailCourier(Courier):
    """Sends one kind of message, on a thread of its own."""

    def __init__(
        self,
        kind: Kind,
        mailer: Mailer,
        path: Path,
        now: Callable[[], int],
        *,
        most_per_hour: int,
        luck: Callable[[], float] = random.random,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Send what the queue at *path* holds of *kind* by *mailer*. *now* is in ns since the epoch."""
        super().__init__(kind.endpoint, path, now, luck=luck, wait=wait)
        self._kind = kind
        self._mailer = mailer
        self._sent: deque[int] = deque(maxlen=most_per_hour)

    def _send(self, outbox: Outbox, _: Letter) -> None:
        """Send what waits once so much time has passed."""
        if seconds := self._patience():
            self._wait(seconds)
        if not self._stopping.is_set():
            self._send_together(outbox, outbox.waiting(self._endpoint, self._kind.most))

    def _patience(self) -> float:
        """Return for how many seconds more is waited for, so that there is no flood of messages."""
        full = len(self._sent) == self._sent.maxlen
        hour_over = (self._sent[0] + HOUR.nanoseconds - self._now()) / 1e9 if full else 0.0
        # a clock that was set back must not silence us for days
        return max(0.0 if self._failures else self._kind.wait, min(hour_over, HOUR.seconds))

    def _send_together(self, outbox: Outbox, letters: Sequence[Letter]) -> None:
        events = [json.loads(letter.body) for letter in letters]
        message = self._kind.write(events, [letter.id for letter in letters], self._now())
        outcome = self._mailer.send(message, self._kind.to)
        if isinstance(outcome, Accepted):
            self._sent.append(self._now())
            for letter in letters:
                outbox.delivered(letter)
            self._recovered()
        elif outcome.final:
            for letter in letters:
                outbox.give_up(letter, outcome.why, self._now())
            log.warning("a message was refused for good: %s; `empreinte events dead` shows what was in it", outcome.why)
            self._recovered()
        else:
            self._wait(self._failed(outbox, letters[0], outcome))


class Mail:
    """All that goes out by e-mail for one table."""

    def __init__(self, table: EmailTable, writer: Writer, outgoing: Outgoing) -> None:
        self._table = table
        self._writer = writer
        self._mailer = Mailer(table, outgoing)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """What the queue calls them: of events, and of summaries, as far as somebody gets them."""
        named = ((self._table.tells_events, self._table.url), (self._table.sends_summaries, self._table.summary_url))
        return tuple(url for wanted, url in named if wanted)

    def letter(self, event: CloudEvent, made: int) -> Letter | None:
        """Return what the queue gets of *event*, which happened at *made* (ns since the epoch); None: nothing."""
        if not self._table.tells_events or not is_asked_for(event.name, self._table.events):
            return None
        if not self._writer.is_worth_telling({"type": event.type, "data": event.data}):
            return None
        return Letter(self._table.url, event.id, event.as_json(), made)

    def couriers(self, path: Path, now: Callable[[], int]) -> list[MailCourier]:
        """Return who sends them, not begun yet."""
        kinds = (
            Kind(self._table.url, self._table.to, self._writer.of_events, MOST_WAITING, self._table.wait.seconds),
            Kind(self._table.summary_url, self._table.summary_to, self._of_a_month, 1, 0.0),
        )
        return [
            MailCourier(kind, self._mailer, path, now, most_per_hour=self._table.most_per_hour)
            for kind in kinds
            if kind.endpoint in self.endpoints
        ]

    def _of_a_month(self, bodies: Sequence[Mapping[str, Any]], ids: Sequence[str], now: int) -> EmailMessage:
        data = bodies[0]["data"]
        return self._writer.message(data["subject"], data["text"], self._table.summary_to, ids, now)
