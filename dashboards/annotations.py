"""Mark events in Grafana: each one once, for the whole organisation, in its language.

Found by the entry point `grafana` of the group `monitor.subscribers`: the daemon runs without it, and loads it only
where `[grafana] annotations` asks for marks. To mark a further kind of event, give it a line in `[annotations.told]` of
each language. Source of the fields: Grafana 9.4 and 13.0, HTTP API, annotations; times are in ms since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from dashboards.board import TAG
from dashboards.connection import Connection
from dashboards.failures import GrafanaError, RefusedError
from dashboards.grafana import Grafana
from dashboards.words import Words, words
from monitor.core.cloudevent import PREFIX, VERSION
from monitor.core.delivery import UNACCEPTABLE, Accepted, Failed
from monitor.core.readings import gpu_title

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from monitor.subscriber import Place

LONGEST_TAG: Final = 100
"""In characters. Source: Grafana 9.4, columns key and value of the table tag."""
LONGEST_TEXT: Final = 500
"""In characters. Our choice: it is read in a small box."""
REGIONS: Final = frozenset({"gap_found", "events_lost"})
"""What is marked from its beginning to its end; all else when it became known."""
MINUTE: Final = 60
HOUR: Final = 3600
_ACTIVITY: Final = "activity:"
_SPACES: Final = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
_ANGLES: Final = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
    }
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One event, as Grafana is to hold it."""

    text: str
    tags: tuple[str, ...]
    begin: int
    end: int | None
    """In milliseconds since the epoch; None: it is a moment."""
    identity: str
    """The tag that no other event has."""


def annotate(place: Place, event: Mapping[str, Any]) -> Accepted | Failed:
    """Have *event* marked in the Grafana of *place*, unless it is already; return what became of it."""
    try:
        mark = mark_of(event, words(place.language), place.zone)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Failed(f"the event can't be read ({type(error).__name__}): it is of another version", final=True)
    try:
        with Grafana(_connection(place)) as grafana:
            return _marked(grafana, mark)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        return Failed(
            f"the token can't be read from {place.token_file} ({why}): put it there, for the daemon's user to read"
        )
    except GrafanaError as error:
        return Failed(str(error))


def mark_of(event: Mapping[str, Any], said: Words, zone: tzinfo) -> Mark:
    """Return how *event*, a CloudEvent, is marked: in the language of *said*, with moments in *zone*.

    Raises KeyError, TypeError, ValueError where it is none.
    """
    name = str(event["type"]).removeprefix(PREFIX).removesuffix(VERSION)
    data = event["data"]
    identity = f"event:{event['id']}"
    begin, end = _milliseconds(event["time"]), None
    if name in REGIONS:
        begin, end = _milliseconds(data["start"]), _milliseconds(data["end"])
    simulated = bool(event.get("simulated"))
    tags = [TAG, name, f"host:{unquote(event['source'].removeprefix('/'))}", *_service_tag(data), identity]
    text = _text(name, event, _Told(said, zone))
    if simulated:
        tags.append("simulated")
        text = said("annotations.simulated").format(text=text)
    return Mark(
        _harmless(text)[:LONGEST_TEXT], tuple(_harmless(tag)[:LONGEST_TAG] for tag in tags), begin, end, identity
    )


def _connection(place: Place) -> Connection:
    """Return a connection with the token of now. Raises OSError, UnicodeDecodeError, WrongRequestError."""
    token = "" if place.token_file is None else place.token_file.read_text(encoding="utf-8").strip()
    return Connection(place.url, token, proxy=place.proxy, certificates=place.certificates)


def _marked(grafana: Grafana, mark: Mark) -> Accepted | Failed:
    """Make *mark* unless it is there: who makes it again would double it. Raises GrafanaError."""
    end = mark.begin if mark.end is None else mark.end
    if grafana.annotations([TAG, mark.identity], mark.begin, end, 1):
        return Accepted()
    try:
        grafana.annotate(mark.text, mark.tags, mark.begin, mark.end)
    except RefusedError as error:
        return Failed(str(error), error.status in UNACCEPTABLE)
    return Accepted()


def _service_tag(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the tag of the service that an event is about; nothing where it is about none."""
    service = data.get("service")
    resource = str(data.get("resource", ""))
    if resource.startswith(_ACTIVITY):
        service = resource.removeprefix(_ACTIVITY)
    return (f"service:{service}",) if service else ()


def _text(name: str, event: Mapping[str, Any], told: _Told) -> str:
    """Return *event* in one sentence; one that there are no words for has its name, and what it is about."""
    try:
        sentence = told.said(f"annotations.told.{name}")
    except KeyError:
        return f"{name} {event.get('subject', '')}".strip()
    return sentence.format_map(told.parts(event["data"]))


class _Told:
    """What an event says, as people read it."""

    def __init__(self, said: Words, zone: tzinfo) -> None:
        self.said = said
        self._zone = zone

    def parts(self, data: Mapping[str, Any]) -> dict[str, object]:
        """Return the values of *data*, in words."""
        parts: dict[str, object] = {name: "—" if value is None else value for name, value in data.items()}
        if "service" in data:
            parts["service"] = data.get("name") or data["service"]
        if "resource" in data:
            parts["resource"] = self._resource(str(data["resource"]))
        for key, table in (("cause", "causes"), ("verdict", "verdicts"), ("why", "disagreements")):
            if key in data:
                parts[key] = self._word(f"annotations.{table}.{data[key]}", str(data[key]))
        if "duration_seconds" in data:
            parts["duration"] = _duration(float(data["duration_seconds"]), self.said)
        parts |= {name: self._moment(str(data[name])) for name in ("start", "end") if data.get(name)}
        shares = ((name, data[name]) for name in ("threshold", "used_ratio") if isinstance(data.get(name), float))
        return parts | {name: self._share(share) for name, share in shares}

    def _resource(self, name: str) -> str:
        if title := gpu_title(name):
            return f"GPU {title}"
        if name.startswith(_ACTIVITY):
            return self.said("annotations.resources.activity").format(service=name.removeprefix(_ACTIVITY))
        return self._word(f"annotations.resources.{name}", name)

    def _word(self, key: str, otherwise: str) -> str:
        try:
            return self.said(key)
        except KeyError:
            return otherwise

    def _share(self, ratio: float) -> str:
        return self.said("annotations.share").format(number=f"{100 * ratio:.0f}")

    def _moment(self, time: str) -> str:
        form = self.said("annotations.moment")
        return datetime.fromisoformat(time).astimezone(self._zone).strftime(form)


def _duration(seconds: float, said: Words) -> str:
    amount, unit = (seconds, "s") if seconds < MINUTE else (seconds / MINUTE, "min")
    if seconds >= HOUR:
        amount, unit = seconds / HOUR, "h"
    number = f"{amount:.1f}".removesuffix(".0").replace(".", said("annotations.point"))
    return f"{number}\N{NO-BREAK SPACE}{unit}"


def _harmless(text: str) -> str:
    """Return *text* on one line, with nothing in it that a page takes for a tag: others may have named a service."""
    line = "".join(one if one.isprintable() or one in _SPACES else " " for one in text)
    return line.translate(_ANGLES).strip()


def _milliseconds(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)
