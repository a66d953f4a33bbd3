"""What collectors over the network share: asking a provider for JSON, within limits, and what its refusals mean.

Every wait has a limit, and so have the answer's size and the whole of a read. The key is in a header and in no
message: what is told of a failure is our own words, never the provider's or the library's. The proxy is that of
`Outgoing`. Not limited: the time that the system takes to look a name up.
"""

from __future__ import annotations

import json
import threading
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urljoin

from collectors._deadline import end_reads_in_time
from monitor.adapters.connections import asked_pause, meaning_of, moment_of, parts_of, pool_to
from monitor.collector import Outgoing, Reason, Retry, Unavailable
from monitor.core.units import NANOSECONDS_PER_SECOND

# What is imported within functions is slow to load, and most hosts never need it.
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from urllib.parse import SplitResult

    from urllib3 import BaseHTTPResponse

    from collectors._digest import Digest
    from monitor.core.units import Duration

PORTS: Final = {"https": 443, "http": 80}
REDIRECTS: Final = 3
"""How many redirects within the provider's own host are followed. Our choice."""
LONGEST_PAUSE: Final = 3600.0
"""The longest that a provider is left alone at its wish, in seconds; it may ask for a day. Our choice."""
MINUTE: Final = 60
PIECE: Final = 1 << 16
OK: Final = 200
TOO_MANY: Final = 429
UNAVAILABLE: Final = 503
UNKNOWN_CALLER: Final = 401
REFUSED: Final = frozenset({UNKNOWN_CALLER, 403})
NOT_HAD: Final = REFUSED | {400, 402, 404}
"""What else may be said of something that the key's plan doesn't have."""
FINAL: Final = frozenset(range(400, 500)) - {408, 425, TOO_MANY} | {501}
"""A server that answers so will answer the same the next time: it has no such page, or not for us."""
SERVERS_FAULT: Final = range(500, 600)
ELSEWHERE: Final = frozenset({301, 302, 303, 307, 308})
"""Source: RFC 9110, section 15; RFC 6585, section 4."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, how much and how often, at most. Our choices."""

    connect: float = 5.0
    """Seconds until there is a connection."""
    read: float = 10.0
    """Seconds until the next piece of the answer."""
    total: float = 30.0
    """Seconds for all that is asked in one read of the collector, waits included: a stop may take as long."""
    body: int = 4 << 20
    """Bytes of an answer, unpacked."""
    retries: int = 2
    """How often a question is repeated within one read."""
    pause: float = 1.0
    """Seconds before the first repetition; each further one waits twice as long."""
    patience: float = 5.0
    """Seconds that a provider may ask to be left alone for within one read; for more it is asked at a later one."""


class Refusal(Exception):  # noqa: N818 - an answer, which may be a fact of the key's plan
    """The provider refuses to answer: the key is missing, wrong, or not for this; a server has no such page."""

    def __init__(self, what: str = "", status: int = 0) -> None:
        super().__init__(what)
        self.status = status
        """What it answers with (RFC 9110, section 15)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered."""

    content: object
    """Its JSON."""
    now: int | None
    """The moment that it took for now (ns since the epoch); None where it doesn't say."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server replied, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def now(self) -> int | None:
        """The moment that the server took for now (ns since the epoch); None where it doesn't say."""
        moment = moment_of(self.headers.get("Date", ""))
        return None if moment is None else round(moment) * NANOSECONDS_PER_SECOND

    @property
    def may_change(self) -> bool:
        """Whether the same question may have another answer within seconds."""
        return self.status == TOO_MANY or self.status in SERVERS_FAULT

    def pause(self) -> float | None:
        """Return for how many seconds the provider asks to be left alone, within bounds; None where it doesn't."""
        if self.status not in {TOO_MANY, UNAVAILABLE}:
            return None
        asked = asked_pause(self.headers)
        return None if asked is None else min(asked, LONGEST_PAUSE)


class Client:
    """Asks one provider. Between two reads nothing stays open."""

    def __init__(
        self,
        address: str,
        every: Duration | None,
        headers: Mapping[str, str] | None = None,
        certificates: Path | None = None,
        *,
        fingerprint: str = "",
        digest: Digest | None = None,
        outgoing: Outgoing | None = None,
        limits: Limits | None = None,
        direct: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Ask at *address*, every *every*, with *headers*, trusting *certificates* too, by way of *outgoing*.

        *fingerprint*: trusting the one certificate that has it. *digest* proves who asks, where that is asked for.
        *direct*: through no proxy. Raises Unavailable where the address is none, a header can't be sent, or the
        certificates or the password for the proxy can't be read.
        """
        self._address = address.rstrip("/")
        self._origin = _split(self._address)
        self.again: Final = _again(every)
        """When, for the end of a sentence that says why there is no answer this time."""
        self._limits = limits or Limits()
        self._monotonic = monotonic
        self._wait = wait or threading.Event().wait
        self._not_before = monotonic()
        self._deadline = self._not_before
        sent = _headers(self.host, headers or {})
        way = outgoing or Outgoing()
        self._pool = pool_to(self._origin, way, sent, certificates=certificates, fingerprint=fingerprint, direct=direct)
        self._digest = digest
        end_reads_in_time(self._pool, lambda: min(self._limits.read, self._left()))

    @property
    def host(self) -> str:
        """The host that is asked, for a person."""
        return str(self._origin.hostname)

    def begin(self) -> None:
        """Begin a read of the collector: its time runs from now. Raises Retry where the provider asked for a pause."""
        now = self._monotonic()
        if now < self._not_before:
            raise Retry(f"{self.host} asked to be left alone for another {self._not_before - now:.0f} s")
        self._deadline = now + self._limits.total

    def get(self, path: str, query: Mapping[str, str], refusals: frozenset[int] = REFUSED) -> Answer:
        """Return the answer to *query* at *path*.

        Raises Retry, with when it is asked again; Refusal on a status of *refusals*.
        """
        url = f"{self._address}{path}?{urlencode(query)}"
        reply = self._reply(url)
        for attempt in range(self._limits.retries):
            if not reply.may_change or not self._waited(reply, self._limits.pause * 2**attempt):
                break
            reply = self._reply(url)
        return self._answer(reply, refusals)

    def read(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        """Return the body of the answer at *path*, whatever it is; *headers* go with the question.

        Raises Refusal, with the status, where the server will not answer this; Retry where it may the next time.
        """
        reply = self._reply(f"{self._address}{path}", headers)
        if reply.status in FINAL:
            raise Refusal(f"{self.host} answers with status {reply.status}", reply.status)
        return self._checked(reply).body

    def send(self, method: str, path: str, headers: Mapping[str, str] | None = None, content: object = None) -> Reply:
        """Return the reply to a request that has something done at *path*: JSON of *content* goes with it, if any.

        It is sent once, and no redirect is followed. Raises Retry where no whole reply comes in time.
        """
        body = None if content is None else json.dumps(content).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        return self._sent(f"{self._address}{path}", {**kind, **(headers or {})}, method, body)

    def rest(self) -> None:
        """End a read: close what is open."""
        for key in self._pool.pools.keys():  # noqa: SIM118 - a container of urllib3's, which can't be iterated over
            self._pool.pools[key].close()
        self._pool.clear()

    def _answer(self, reply: Reply, refusals: frozenset[int]) -> Answer:
        if reply.status in refusals:
            raise Refusal(status=reply.status)
        try:
            return Answer(json.loads(self._checked(reply).body), reply.now)
        except (ValueError, RecursionError) as error:
            raise Retry(f"what {self.host} answers is no JSON, or not all of it: {self.again}") from error

    def _checked(self, reply: Reply) -> Reply:
        """Return *reply* where it is an answer. Raises Retry where it is none."""
        if reply.status != OK:
            pause = reply.pause() or 0.0
            self._not_before = self._monotonic() + pause
            wish = f" and asks to be left alone for {pause:.0f} s" if pause else ""
            what = "is asked too often" if reply.status == TOO_MANY else f"answers with status {reply.status}"
            raise Retry(f"{self.host} {what}{wish}: {self.again}{', not before that' if pause else ''}")
        return reply

    def _waited(self, reply: Reply, least: float) -> bool:
        """Wait before a repetition and return True; or return False where that is too long for one read."""
        seconds = max(reply.pause() or 0.0, least)
        if seconds > self._limits.patience or self._monotonic() + seconds > self._deadline:
            return False
        self._wait(seconds)
        return True

    def _reply(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Return the reply to *url*, redirects within the provider's host followed. Raises Retry."""
        for _ in range(REDIRECTS + 1):
            reply = self._once(url, headers or {})
            if reply.status not in ELSEWHERE:
                return reply
            url = _joined(url, reply.headers.get("Location", ""))
            if not _same_origin(parts_of(url), self._origin):
                raise Retry(f"{self.host} redirects to another host, which is not followed: {self.again}")
        raise Retry(f"{self.host} redirects in a circle: {self.again}")

    def _once(self, url: str, headers: Mapping[str, str]) -> Reply:
        """Ask once; once more with proof of who asks, where that is asked for. Raises as `_sent` does."""
        reply = self._sent(url, headers)
        if reply.status != UNKNOWN_CALLER or self._digest is None:
            return reply
        asked = reply.headers.get("WWW-Authenticate", "")
        return self._sent(url, headers) if self._digest.challenged(asked) else reply

    def _sent(self, url: str, headers: Mapping[str, str], method: str = "GET", body: bytes | None = None) -> Reply:
        """Ask once. Raises Retry where no whole answer comes in time."""
        from urllib3 import Timeout, exceptions  # noqa: PLC0415 - see above

        left = self._left()
        timeout = Timeout(connect=min(self._limits.connect, left), read=min(self._limits.read, left))
        proof = self._digest.proof(method, url) if self._digest is not None else ""
        sent = {**self._pool.headers, **headers, **({"Authorization": proof} if proof else {})}
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers=sent,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            with response:
                return Reply(response.status, response.headers, self._body(response))
        except exceptions.HTTPError as error:
            self._left()
            raise Retry(f"{self.host} {meaning_of(error)}: {self.again}") from error
        except (OSError, ValueError, zlib.error) as error:
            raise Retry(f"what {self.host} answers can't be read: {self.again}") from error

    def _body(self, response: BaseHTTPResponse) -> bytes:
        """Return the whole body, unpacked. Raises Retry where it is too long, or does not end in time."""
        pieces, size = [], 0
        while piece := response.read1(PIECE, decode_content=False):
            self._left()
            size += len(piece)
            self._fits(size)
            pieces.append(piece)
        packed = b"".join(pieces)
        if response.headers.get("Content-Encoding", "identity").lower() not in {"gzip", "x-gzip"}:
            return packed
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)  # 16: gzip's header. Source: zlib manual, inflateInit2
        body = unpacking.decompress(packed, self._limits.body + 1)
        self._fits(len(body))
        if not unpacking.eof:
            raise Retry(f"{self.host} broke off its answer: {self.again}")
        # a page in several packed pieces would be taken for its first one
        if unpacking.unused_data.strip(b"\0"):
            raise Retry(f"{self.host} packs its answer in a way that can't be read: {self.again}")
        return body

    def _fits(self, size: int) -> None:
        if size > self._limits.body:
            raise Retry(f"{self.host} answers with more than {self._limits.body} bytes: {self.again}")

    def _left(self) -> float:
        """Return how many seconds are left of this read. Raises Retry where there are none."""
        left = self._deadline - self._monotonic()
        if left <= 0:
            raise Retry(f"{self.host} took longer than {self._limits.total:g} s: {self.again}")
        return left


def _again(every: Duration | None) -> str:
    if every is None:
        return "it is asked again at the next reading"
    interval = f"{every.seconds / 60:g} min" if every.seconds >= MINUTE else f"{every.seconds:g} s"
    return f"it is asked again in {interval}"


def _split(address: str) -> SplitResult:
    parts = parts_of(address)
    if parts is None or parts.scheme not in PORTS or not parts.hostname or parts.username or parts.query:
        raise Unavailable(
            Reason.UNSUPPORTED,
            "the address that is configured is none",
            "give one that begins with https:// or http://, without a user or a query",
        )
    return parts


def _joined(url: str, place: str) -> str:
    """Return where *place*, said at *url*, is; empty where it is nowhere."""
    try:
        return urljoin(url, place)
    except ValueError:
        return ""


def _same_origin(parts: SplitResult | None, origin: SplitResult) -> bool:
    return parts is not None and _origin(parts) == _origin(origin)


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


def _headers(host: str, further: Mapping[str, str]) -> dict[str, str]:
    """Return what is sent to *host* with each question, the *further* headers among it. Raises Unavailable."""
    from importlib.metadata import version  # noqa: PLC0415 - see above

    if not all(value.isascii() and value.isprintable() for value in further.values()):
        raise Unavailable(
            Reason.FORBIDDEN,
            f"the key that is configured for {host} holds characters that no key has",
            "give the key alone, in one line",
        )
    own = {"User-Agent": f"empreinte/{version('empreinte')}", "Accept": "application/json", "Accept-Encoding": "gzip"}
    return {**own, **further}
