"""This file is a provider of grid intensity: a real server on loopback that answers as it is told, well or badly.

`Odre` answers as ODRÉ's records do, from rows in memory; `ElectricityMaps` as their API, from figures in memory.
"""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from tests.parts.listening import Handler, Listening

if TYPE_CHECKING:
    import ssl
    import threading
    from collections.abc import Callable, Mapping, Sequence
    from email.message import Message

MOST: Final = 100
"""The most rows that ODRÉ gives in one answer. Source: Opendatasoft, Explore API 2.1."""
LONGEST: Final = 240
"""The most hours of one range of the past. Source: Electricity Maps, API reference."""
ASKED: Final = re.compile(r"date_heure in \[date'([^']+)' TO (?:now\(\)|date'([^']+)')\] and taux_co2 is not null")


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    path: str
    query: dict[str, str]
    headers: Message
    target: str = ""
    """The path and the query as they were sent."""
    method: str = "GET"
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """One answer, and how badly it is given."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    """What Content-Length says; None: the truth."""
    silent: bool = False
    """Say nothing, until the server stops."""
    drip: float = 0.0
    """Seconds from one byte of the body to the next."""

    @classmethod
    def of(cls, content: object, **how: Any) -> Reply:
        """Return an answer of JSON."""
        return cls(json.dumps(content).encode(), **how)


class GridServer(Listening):
    """Gives the answers that were laid out for it, one by one; when there are none left, those of *answer*."""

    def __init__(
        self, answer: Callable[[Asked], Reply], now: datetime, context: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        super().__init__(_Handler, context=context, port=port)
        self.answer = answer
        self.now: datetime | None = now
        """What its clock shows; None: it tells no time."""
        self.next: deque[Reply] = deque()
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.origin

    def reply_to(self, asked: Asked) -> Reply:
        """Return what is answered to *asked*, which is noted."""
        self.asked.append(asked)
        return self.next.popleft() if self.next else self.answer(asked)


class _Handler(Handler):
    part: GridServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        self._answer()

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        self._answer()

    def do_DELETE(self) -> None:  # noqa: N802 - http.server's name
        self._answer()

    def _answer(self) -> None:
        grid = self.part
        parts = urlsplit(self.path)
        # as a proxy is asked, the path begins with the address of the host that is meant
        place = f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.scheme else parts.path
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        reply = grid.reply_to(
            Asked(place, dict(parse_qsl(parts.query)), self.headers, self.path, self.command or "", body)
        )
        if reply.silent:
            grid.stopping.wait()
            self.close_connection = True
            return
        try:
            self._head(reply, grid.now)
            self._body(reply, grid.stopping)
        except OSError:
            self.close_connection = True  # the other side had enough

    def _head(self, reply: Reply, now: datetime | None) -> None:
        self.send_response_only(reply.status)
        if now is not None:
            self.send_header("Date", format_datetime(now, usegmt=True))
        self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = reply.length is not None

    def _body(self, reply: Reply, stopping: threading.Event) -> None:
        step = 1 if reply.drip else max(len(reply.body), 1)
        for place in range(0, len(reply.body), step):
            self.wfile.write(reply.body[place : place + step])
            if reply.drip and stopping.wait(reply.drip):
                return


class Odre:
    """Answers questions for records as ODRÉ does, from `rows`: data set -> rows, as its API has them."""

    def __init__(self, clock: Callable[[], datetime | None], **rows: Sequence[Mapping[str, object]]) -> None:
        self.clock = clock
        self.rows = {"eco2mix-national-" + name.replace("_", "-"): list(given) for name, given in rows.items()}

    def __call__(self, asked: Asked) -> Reply:
        """Return the answer to *asked*; a question in a form that the API does not know is refused as it does."""
        data = asked.path.removeprefix("/api/explore/v2.1/catalog/datasets/").removesuffix("/records")
        where = ASKED.fullmatch(asked.query.get("where", ""))
        order = re.fullmatch("date_heure (asc|desc)", asked.query.get("order_by", ""))
        limit = int(asked.query.get("limit", "10"))
        if where is None or order is None or not 0 <= limit <= MOST:
            return Reply.of({"error_code": "ODSQLError", "message": "the query is invalid"}, status=400)
        last = datetime.fromisoformat(where[2]) if where[2] else self.clock() or datetime.max.replace(tzinfo=UTC)
        first = datetime.fromisoformat(where[1])
        known = [row for row in self.rows.get(data, ()) if row["taux_co2"] is not None]
        found = [row for row in known if first <= datetime.fromisoformat(str(row["date_heure"])) <= last]
        found.sort(key=lambda row: datetime.fromisoformat(str(row["date_heure"])), reverse=order[1] == "desc")
        names = asked.query["select"].split(",")
        results = [{name: row.get(name) for name in names} for row in found[:limit]]
        return Reply.of({"total_count": len(found), "results": results})


class ElectricityMaps:
    """Answers as Electricity Maps does, of one zone: up to its clock's hour."""

    def __init__(self, clock: Callable[[], datetime], zone: str = "FR") -> None:
        self.clock = clock
        self.zone = zone
        self.revised: dict[datetime, int] = {}
        """Hours that are measured by now -> g/kWh; all others are estimated."""

    def figure(self, hour: datetime) -> dict[str, object]:
        """Return the row of *hour*."""
        measured = hour in self.revised
        told = (hour + timedelta(minutes=51)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return {
            "zone": self.zone,
            "carbonIntensity": self.revised.get(hour, 20 + hour.hour),
            "datetime": hour.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "updatedAt": told,
            "createdAt": told,
            "emissionFactorType": "lifecycle",
            "isEstimated": not measured,
            "estimationMethod": None if measured else "TIME_SLICER_AVERAGE",
        }

    def __call__(self, asked: Asked) -> Reply:
        """Return the answer to *asked*."""
        kind = asked.path.removeprefix("/v3/carbon-intensity/")
        newest = self.clock().replace(minute=0, second=0, microsecond=0)
        if asked.headers.get("auth-token") != "k3y":
            return Reply.of({"status": "error", "message": "Invalid auth-token"}, status=401)
        if kind == "latest":
            return Reply.of(self.figure(newest))
        if kind == "history":
            hours = [newest - timedelta(hours=back) for back in range(23, -1, -1)]
            return Reply.of({"zone": self.zone, "history": [self.figure(hour) for hour in hours]})
        begin, end = (datetime.fromisoformat(asked.query[name]) for name in ("start", "end"))
        hours = [begin + timedelta(hours=on) for on in range(round((end - begin) / timedelta(hours=1)))]
        if len(hours) > LONGEST:
            return Reply.of({"status": "error", "message": "the range is too long"}, status=400)
        return Reply.of({"zone": self.zone, "data": [self.figure(hour) for hour in hours]})
