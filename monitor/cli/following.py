"""Listen to the daemon that runs here: its events as they come, across its restarts, none of them twice."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from typing import TYPE_CHECKING, Any, Final

from monitor.cli.inquiry import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from monitor.config import Listen

PATH: Final = "/api/v1/events"
SILENCE: Final = 60.0
"""In seconds: after how long without a word the connection counts as dead. The daemon says something every 15."""
AGAIN_IN: Final = 3.0
"""In seconds: how long to wait before listening again."""
LONGEST_LINE: Final = 8 << 20
SERVED: Final = 200
FULL: Final = 503


class RefusedError(Exception):
    """The daemon does not let anybody listen; the text says why, in its words."""


class Following:
    """The events of the daemon at an address."""

    def __init__(
        self,
        listen: Listen,
        on_loss: Callable[[], None] = lambda: None,
        wait: Callable[[float], object] | None = None,
        silence: float = SILENCE,
        on_answer: Callable[[], None] = lambda: None,
    ) -> None:
        """*on_loss* is called once each time that nobody answers any more; then it is asked until somebody does.

        *on_answer* is called each time that somebody does.
        """
        self._listen = listen
        self._on_loss = on_loss
        self._on_answer = on_answer
        self._wait = wait or threading.Event().wait
        self._silence = silence
        self._last = ""

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield each event, a CloudEvent, as it comes, for ever.

        Raises RefusedError; OSError where nobody answers at first.
        """
        try:
            connection = self._connected()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        while True:
            yield from self._told(*connection)
            self._on_loss()
            connection = self._reached()

    def _reached(self) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Return the next connection that there is."""
        while True:
            self._wait(AGAIN_IN)
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self._connected()

    def _connected(self) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Return a connection and its answer, which has begun. Raises OSError, HTTPException, RefusedError."""
        address = EVERYWHERE.get(self._listen.address, self._listen.address)
        connection = http.client.HTTPConnection(address, self._listen.port, timeout=self._silence)
        headers = {"accept": "text/event-stream", **({"last-event-id": self._last} if self._last else {})}
        try:
            connection.request("GET", PATH, headers=headers)
            response = connection.getresponse()
        except BaseException:
            connection.close()
            raise
        if response.status == SERVED:
            self._on_answer()
            return connection, response
        said = response.read(1024).decode(errors="replace").strip()
        connection.close()
        raise RefusedError(said if response.status == FULL else f"it answers with status {response.status}")

    def _told(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> Iterator[dict[str, Any]]:
        """Yield what is told until the connection ends."""
        try:
            for event in _events(response):
                self._last = str(event.get("id", ""))
                yield event
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()


def _events(response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    """Yield the events in *response*; what is no event of ours is left out."""
    while line := response.readline(LONGEST_LINE):
        name, _, value = line.decode(errors="replace").rstrip("\r\n").partition(":")
        if name != "data":
            continue
        try:
            event = json.loads(value)
        except ValueError:
            continue
        if isinstance(event, dict) and isinstance(event.get("data"), dict):
            yield event
