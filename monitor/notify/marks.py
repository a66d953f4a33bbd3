"""Events as marks in Grafana: the same queue, and a courier that brings them by what the entry point leads to.

Nothing that speaks with Grafana is loaded before there is something to mark: most hosts mark nothing, and what can't be
loaded stops nobody.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from monitor.adapters.connections import proxy_with_password
from monitor.collector import Unavailable
from monitor.config.email import SHORTEST_GAP
from monitor.core.cloudevent import PREFIX, VERSION, is_asked_for
from monitor.core.delivery import Accepted, Failed
from monitor.core.interval import HOUR
from monitor.core.units import NANOSECONDS_PER_SECOND, Duration
from monitor.notify.delivery import LetterCourier
from monitor.notify.outbox import Letter
from monitor.subscriber import LOST, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo
    from pathlib import Path

    from monitor.collector import Outgoing
    from monitor.config import GrafanaTable
    from monitor.core.cloudevent import CloudEvent
    from monitor.notify.delivery import Sender
    from monitor.notify.outbox import Loss, Outbox
    from monitor.subscriber import Bringer

log = logging.getLogger(__name__)

KEEP_FOR: Final = Duration(30 * 24 * HOUR.nanoseconds)
"""How old an event gets while Grafana fails: as far back as the boards look by themselves. Our choice."""


class MarkSender:
    """Brings each event by what *load* returns, which is loaded for the first of them."""

    def __init__(self, place: Place, outgoing: Outgoing, load: Callable[[], Bringer]) -> None:
        self._place = place
        self._outgoing = outgoing
        self._load = load
        self._bring: Bringer | None = None

    def post(self, letter: Letter, _: int) -> Accepted | Failed:
        """Bring *letter*; return what became of it."""
        try:
            if self._bring is None:
                self._bring = self._load()
        except Exception as error:  # noqa: BLE001 - somebody else's package may fail in any way, and stops nobody
            return Failed(f"what marks events in Grafana can't be loaded ({error}): reinstall Empreinte")
        try:
            return self._bring(self._reached(), json.loads(letter.body))
        except Unavailable as error:
            return Failed(f"{error.what}: {error.cure}")
        except Exception as error:
            log.exception("an event could not be marked in Grafana")
            return Failed(f"an event could not be marked ({type(error).__name__}): please report it", final=True)

    def _reached(self) -> Place:
        """Return the place with the proxy of now, whose password may be exchanged. Raises Unavailable."""
        return replace(self._place, proxy=proxy_with_password(urlsplit(self._place.url).hostname or "", self._outgoing))


class MarkCourier(LetterCourier):
    """Brings marks to one Grafana; where some of them were lost while it was away, one more says so."""

    def __init__(
        self,
        endpoint: str,
        path: Path,
        now: Callable[[], int],
        sender: Sender,
        source: str,
        *,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Bring what the queue at *path* holds for *endpoint* by *sender*. *now* is in ns since the epoch."""
        super().__init__(endpoint, path, now, sender, wait=wait, keep_for=KEEP_FOR)
        self._source = source

    def _step(self, outbox: Outbox) -> None:
        super()._step(outbox)
        # while Grafana fails it would only fail too
        if self._failures or self._stopping.is_set():
            return
        loss = outbox.loss(self._endpoint)
        if loss is not None and self._told(loss):
            outbox.forget(self._endpoint, loss)

    def _told(self, loss: Loss) -> bool:
        """Return whether *loss* needs to be told no more."""
        outcome = self._sender.post(_letter_of(self._endpoint, loss, self._source), self._now())
        return isinstance(outcome, Accepted) or outcome.final


class Marks:
    """All that is marked in Grafana for one table."""

    def __init__(
        self,
        table: GrafanaTable,
        outgoing: Outgoing,
        load: Callable[[], Bringer],
        *,
        source: str,
        language: str,
        zone: tzinfo,
    ) -> None:
        self._table = table
        self._outgoing = outgoing
        self._load = load
        self._source = source
        self._language = language
        self._zone = zone

    @property
    def endpoints(self) -> tuple[str, ...]:
        """What the queue calls it."""
        return (self._table.marks_url,)

    def letter(self, event: CloudEvent, made: int) -> Letter | None:
        """Return what the queue gets of *event*, which happened at *made* (ns since the epoch); None: nothing."""
        if not is_asked_for(event.name, self._table.annotations) or _is_short(event):
            return None
        return Letter(self._table.marks_url, event.id, event.as_json(), made)

    def couriers(self, path: Path, now: Callable[[], int]) -> list[MarkCourier]:
        """Return who brings them, not begun yet."""
        trusted = (self._outgoing.certificates, self._table.certificates)
        place = Place(
            url=self._table.url,
            token_file=self._table.token_file,
            certificates=tuple(one for one in trusted if one is not None),
            language=self._language,
            zone=self._zone,
        )
        sender = MarkSender(place, self._outgoing, self._load)
        return [MarkCourier(self._table.marks_url, path, now, sender, self._source)]


def _is_short(event: CloudEvent) -> bool:
    """Return whether *event* is a gap that nobody would see on a curve of days."""
    return event.name == "gap_found" and event.data["duration_seconds"] < SHORTEST_GAP.seconds


def _letter_of(endpoint: str, loss: Loss, source: str) -> Letter:
    """Return what tells of *loss*: told again, it is the same."""
    told = [source, LOST, loss.count, loss.first, loss.last]
    identifier = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]
    event: Mapping[str, Any] = {
        "specversion": "1.0",
        "id": identifier,
        "source": source,
        "type": f"{PREFIX}{LOST}{VERSION}",
        "time": _moment(loss.last),
        "data": {"count": loss.count, "start": _moment(loss.first), "end": _moment(loss.last)},
    }
    return Letter(endpoint, identifier, json.dumps(event), loss.last)


def _moment(wall: int) -> str:
    return datetime.fromtimestamp(wall / NANOSECONDS_PER_SECOND, UTC).isoformat(timespec="milliseconds")
