"""What is kept of an event: when, which model, how much. Nothing else of it survives the parsers.

No prompt, no answer, no user, no key, no team: the record has no field that could hold one, and what is text is cut
down to the letters that a name of a machine, a provider or a model has.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.activity import Authority, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

ID_BYTES: Final = 16
"""Of a SHA-256 so many are kept: among ten million events two share them with a chance of 1 in 10^24."""
SHORTEST_RESPONSE_ID: Final = 20
"""In characters. Shorter ones (LitServe: `chatcmpl-` and six digits) come again after some thousand answers."""
MOST_AHEAD: Final = 3600 * 10**9
"""Clocks may differ by an hour, in ns: what is said to be later than now counts as of now."""
LONGEST_ID: Final = 1024
LONGEST_NAME: Final = 63
LONGEST_MODEL: Final = 128
MOST_EVENTS: Final = 10_000
"""Of a body."""
MOST_COUNTED: Final = 10**12
"""Of anything, in one event. A model reads some million tokens at most in one call."""
LONGEST_SECONDS: Final = 10**6
"""Eleven days."""
OTHER: Final = "other"
"""The operation of a call whose own is none of those that are told apart."""
OPERATIONS: Final[Mapping[str, str]] = {
    "chat": "chat",
    "completion": "chat",
    "acompletion": "chat",
    "responses": "chat",
    "aresponses": "chat",
    "anthropic_messages": "chat",
    "generate_content": "chat",
    "agenerate_content": "chat",
    "text_completion": "text_completion",
    "atext_completion": "text_completion",
    "embedding": "embeddings",
    "embeddings": "embeddings",
    "aembedding": "embeddings",
    "image_generation": "image_generation",
    "aimage_generation": "image_generation",
    "image_edit": "image_generation",
    "aimage_edit": "image_generation",
    "transcription": "transcription",
    "atranscription": "transcription",
    "speech": "speech",
    "aspeech": "speech",
    "rerank": "rerank",
    "arerank": "rerank",
    "ocr": "ocr",
    "aocr": "ocr",
    "moderation": "moderation",
    "amoderation": "moderation",
    "classification": "classification",
}
"""Names of what was asked for, by the names that senders have for it.

Source: OpenTelemetry semantic conventions, gen_ai.operation.name; LiteLLM, CallTypes.
"""
_SERVICE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_NO_NAME: Final = re.compile(r"[^a-z0-9._-]+")
_NO_MODEL: Final = re.compile(r"[^A-Za-z0-9._:/@+-]+")


class RefusedError(Exception):
    """What was sent can't be taken. The text is one sentence for the sender; it holds nothing that was sent."""


class TooMuchError(RefusedError):
    """What was sent has more parts than are read."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a request beside its body."""

    time: int
    """When it came, in ns since 1970: the time of an event that has none."""
    service: str = ""
    """Key of the service of events that claim none; empty: it is found by what they say."""
    oldest: int = 0
    """Events that are not later, in ns since 1970, may have come before, and it is not known any more."""

    def admitted(self, time: int) -> int:
        """Return *time*, of an event, but no later than now. Raises RefusedError: too old, or ahead of the clock."""
        if time > self.time + MOST_AHEAD:
            raise RefusedError("it is of a time to come: set the clock of who sends it, or ours")
        if time <= self.oldest:
            raise RefusedError("it is too old: it is not known any more whether it came before")
        return min(time, self.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEvent:
    """One call of an AI service, or what a meter counted since it was last read."""

    id_hash: str
    """Of the answer's id, else of the sender and its id for the event. The ids themselves are not kept."""
    time: int
    """When the call ended, in ns since 1970."""
    provider: str
    """Who runs the model, as the sender names it; empty: unknown."""
    model: str
    """Empty: unknown."""
    service: str
    """The key of the service that the sender says it is for; empty: it does not say."""
    operation: str
    """One of the values of OPERATIONS, or OTHER."""
    counts: Mapping[Unit, int]
    """What is unknown is absent."""
    cached: bool = False
    """Whether a gateway answered from its cache: there was no inference."""
    latency_ms: int | None = None
    source: str
    """Name of the host or the application that sent it: no path, no user."""
    authority: Authority = Authority.EVENTS
    span: str = ""
    """A hash of the span that tells of it; empty: it was no span."""
    whole: str = ""
    """A hash of the span that this one is a part of; empty: of none. What a part used is in its whole as well."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a body came to."""

    events: tuple[UsageEvent, ...]
    ignored: int = 0
    """Parts that are right and tell of no use: other spans, failed calls."""
    refused: tuple[tuple[int, str], ...] = ()
    """Parts that are wrong, by their place from 0, and why."""


def hashed(*parts: str) -> str:
    """Return the hash that stands for *parts*, in order: 32 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.digest()[:ID_BYTES].hex()


def identity(response_id: str | None, *otherwise: str) -> str:
    """Return the hash of an event: by the id of the answer, which is the same whoever tells of it; else by *otherwise*.

    Raises RefusedError where an id is longer than LONGEST_ID.
    """
    if any(len(part) > LONGEST_ID for part in (response_id or "", *otherwise)):
        raise RefusedError(f"an id is longer than {LONGEST_ID} characters")
    if response_id and len(response_id) >= SHORTEST_RESPONSE_ID:
        return hashed("response", response_id)
    return hashed("event", *otherwise)


def name_of(text: str | None) -> str:
    """Return *text* as the name of a host, an application or a provider: lower case, no path, no user, no spaces."""
    kept = (text or "")[:LONGEST_ID].lower().rpartition("@")[2]
    return _NO_NAME.sub("-", kept).strip("-._")[:LONGEST_NAME]


def model_of(text: str | None, provider: str = "") -> str:
    """Return the name of a model: of a file without its directory, and without the *provider* before it."""
    name = (text or "")[: 4 * LONGEST_ID].strip()
    if provider:
        name = name.removeprefix(f"{provider}/")
    # a path or an address tells who keeps it where
    if name.startswith(("/", "~", ".", "file:")) or "\\" in name or "//" in name:
        name = re.split(r"[/\\]", re.split("[?#]", name)[0].rstrip("/\\"))[-1].rpartition("@")[2]
    return _NO_MODEL.sub("_", name)[:LONGEST_MODEL]


def service_of(claimed: str | None, arrival: Arrival) -> str:
    """Return the key of the service that an event is for, as far as it is said. Raises RefusedError: it is no key."""
    key = claimed or arrival.service
    if key and _SERVICE.fullmatch(key) is None:
        raise RefusedError(
            "a service is named by its key: up to 63 of a-z, 0-9, . _ -, beginning with a letter or digit"
        )
    return key


def operation_of(text: str | None) -> str:
    """Return what was asked for, of the few kinds that are told apart."""
    return OPERATIONS.get(text or "chat", OTHER)


def count_of(value: float | None, what: str) -> int | None:
    """Return *value* as a count; None stays unknown. Raises RefusedError: it is none."""
    if value is None:
        return None
    if isinstance(value, bool) or not 0 <= value <= MOST_COUNTED or value != int(value):
        raise RefusedError(f"{what} is a whole number from 0 to {MOST_COUNTED}")
    return int(value)


def milliseconds_of(seconds: float | None, what: str) -> int | None:
    """Return a time in ms; None stays unknown. Raises RefusedError: it is none, or of more than eleven days."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not 0 <= seconds <= LONGEST_SECONDS:
        raise RefusedError(f"{what} is a number of seconds from 0 to {LONGEST_SECONDS}")
    return round(seconds * 1000)
