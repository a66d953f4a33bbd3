"""This file is somebody who is told of events: a real server on loopback that takes them well or badly."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.parts.listening import Handler, Listening

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from email.message import Message


@dataclass(frozen=True)
class Told:
    """One request, as it came."""

    path: str
    headers: Message
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The event in it."""
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def id(self) -> str:
        """The id of the event."""
        return str(self.event["id"])


@dataclass(frozen=True)
class Verdict:
    """How a request is answered."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    """Say nothing, until the server stops."""
    broken: bool = False
    """End the connection in the middle."""


class Receiver(Listening):
    """Notes what it is told, and answers as *verdict* says of the number of the request, from 0."""

    def __init__(
        self,
        verdict: Callable[[int], Verdict] = lambda _: Verdict(),
        *,
        port: int = 0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(_Handler, port=port, context=context)
        self.verdict = verdict
        self.asked: list[Told] = []
        self.taken: list[Told] = []
        """Those that were answered with success."""

    @property
    def url(self) -> str:
        """Where it listens; the path is secret."""
        return f"{self.origin}/secret-path"

    @property
    def ids(self) -> list[str]:
        """The ids of the events that it took, in the order in which they came."""
        return [told.id for told in self.taken]

    def note(self, told: Told) -> Verdict:
        """Return what is answered to *told*, which is noted."""
        verdict = self.verdict(len(self.asked))
        self.asked.append(told)
        if verdict.status in range(200, 300) and not verdict.silent and not verdict.broken:
            self.taken.append(told)
        return verdict


class _Handler(Handler):
    part: Receiver

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        receiver = self.part
        body = self.rfile.read(int(self.headers["Content-Length"]))
        verdict = receiver.note(Told(self.path, self.headers, body))
        if verdict.silent:
            receiver.stopping.wait()
        if verdict.silent or verdict.broken:
            return
        self.send_response_only(verdict.status)
        for name, value in verdict.headers.items():
            self.send_header(name, value)
        self.end_headers()
