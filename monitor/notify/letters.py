"""What is written to people: events of some minutes as one message, in their language, in plain text.

What others named (a service, a reason) is put on one line before it is in a message: no name adds a header or a line.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final

from monitor.core.calendar import local_time
from monitor.core.cloudevent import PREFIX, VERSION
from monitor.core.line import on_one_line
from monitor.core.readings import gpu_title
from monitor.core.units import NANOSECONDS_PER_SECOND, Duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from monitor.config.email import EmailTable
    from monitor.wording import Words

MOST_TOLD: Final = 50
"""Events that one message tells one by one; of those beyond, their number."""
LONGEST_SUBJECT: Final = 120
ABSENT: Final = "absent"
MINUTE: Final = 60
HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to the people of *table*, in the language of *words*, about the host *host*."""

    table: EmailTable
    words: Words
    zone: tzinfo
    host: str
    organisation: str = ""

    def is_worth_telling(self, event: Mapping[str, Any]) -> bool:
        """Return whether people are told of *event*: not of parts that the machine never had, nor of short gaps."""
        name, data = _name_of(event), event.get("data", {})
        if name == "collector_became_unavailable":
            return bool(data.get("reason") != ABSENT)
        if name == "gap_found":
            return float(data.get("duration_seconds", 0)) >= self.table.shortest_gap.seconds
        return True

    def of_events(self, events: Sequence[Mapping[str, Any]], ids: Sequence[str], now: int) -> EmailMessage:
        """Return one message of *events*, the oldest first, at *now* (ns since the epoch)."""
        sentences = [self.sentence(event) for event in events]
        subject = sentences[0]
        if len(sentences) > 1:
            subject = self.words.say("events.subject", count=len(sentences), first=sentences[0])
        lines = [
            f"- {self._moment(event)} : {one}" if self._french else f"- {self._moment(event)}: {one}"
            for event, one in zip(events, sentences, strict=True)
        ]
        if len(lines) > MOST_TOLD:
            lines = [*lines[:MOST_TOLD], self.words.say("events.more", count=len(lines) - MOST_TOLD)]
        simulated = [self.words.say("simulated"), ""] if any(event.get("simulated") for event in events) else []
        head = self.words.say("events.head", host=on_one_line(self.host))
        text = "\n".join([*simulated, head, "", *lines, "", self.words.say("events.foot")])
        return self.message(subject, text, self.table.to, ids, now)

    def test(self, now: int, to: Sequence[str]) -> EmailMessage:
        """Return a message that says that messages arrive."""
        say = self.words.say
        return self.message(
            say("test.subject"), say("test.text", host=on_one_line(self.host)), to, [f"test-{now}"], now
        )

    def message(self, subject: str, text: str, to: Sequence[str], ids: Sequence[str], now: int) -> EmailMessage:
        """Return a message with its headers. The same *ids* make the same Message-ID: who gets it twice can tell."""
        message = EmailMessage(policy=SMTP)
        message["From"] = self.table.sender
        message["To"] = ", ".join(to)
        shown = f"[Empreinte {on_one_line(self.host)}] {on_one_line(subject)}"[:LONGEST_SUBJECT]
        # a header decodes what looks encoded (RFC 2047, 2), and an encoded end of line would begin another header
        message["Subject"] = shown.replace("=?", "= ?")
        message["Date"] = format_datetime(local_time(now, self.zone))
        digest = hashlib.sha256("\n".join(ids).encode()).hexdigest()[:32]
        message["Message-ID"] = f"<{digest}@{self.table.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message["Content-Language"] = self.words.language.value
        message.set_content(f"{text}\n", charset="utf-8", cte="quoted-printable")
        return message

    def sentence(self, event: Mapping[str, Any]) -> str:
        """Return *event* in one sentence. One that this version has no sentence for has its name."""
        name = _name_of(event)
        named = on_one_line(f"{name} {event.get('subject', '')}")
        template = self.words.maybe(f"told.{name}", "")
        try:
            return on_one_line(template.format(**self._parts(event["data"]))) if template else named
        except (KeyError, TypeError, ValueError):
            return named

    def _parts(self, data: Mapping[str, Any]) -> dict[str, object]:
        parts: dict[str, object] = dict(data)
        say = self.words.maybe
        if "service" in data:
            parts["service"] = data.get("name") or data["service"]
        if "duration_seconds" in data:
            parts["duration"] = self._duration(Duration.from_seconds(data["duration_seconds"]))
        if "resource" in data:
            parts["resource"] = self._resource(str(data["resource"]))
        for part, table in (("cause", "cause"), ("verdict", "verdict"), ("why", "disagreement")):
            if part in data:
                parts[part] = say(f"{table}.{data[part]}", str(data[part]))
        for share in ("threshold", "used_ratio"):
            if isinstance(data.get(share), float):
                parts[share] = self._share(data[share])
        parts |= {name: self._at(data[name]) for name in ("start", "end") if data.get(name)}
        parts["coming"] = self._coming(data)
        return parts

    def _coming(self, data: Mapping[str, Any]) -> str:
        """Return what a budget will come to, as a further sentence; empty where that is unknown."""
        if data.get("exhausted") and float(data.get("used_ratio", 1)) < 1:
            return " " + self.words.say("coming.exhausted", when=self._at(data["exhausted"]))
        if data.get("forecast_ratio") is not None:
            return " " + self.words.say("coming.forecast", share=self._share(data["forecast_ratio"]))
        return ""

    def _resource(self, name: str) -> str:
        if title := gpu_title(name):
            return self.words.say("resource.gpu", number=title)
        if name.startswith("activity:"):
            return self.words.say("resource.activity", service=name.removeprefix("activity:"))
        return self.words.maybe(f"resource.{name}", name)

    def _share(self, ratio: float) -> str:
        space = "\N{NARROW NO-BREAK SPACE}" if self._french else ""
        return f"{self.words.number(100 * ratio, 0)}{space}%"

    def _duration(self, duration: Duration) -> str:
        seconds = duration.seconds
        amount, unit = (seconds, "s") if seconds < MINUTE else (seconds / MINUTE, "min")
        if seconds >= HOUR:
            amount, unit = seconds / HOUR, "h"
        return f"{self.words.number(amount, 0 if amount == int(amount) else 1)}\N{NO-BREAK SPACE}{unit}"

    @property
    def _french(self) -> bool:
        return self.words.language.value == "fr"

    def _moment(self, event: Mapping[str, Any]) -> str:
        return self._at(event.get("time"))

    def _at(self, time: object) -> str:
        """Return a moment in the organisation's time zone; as it is where it is none."""
        try:
            wall = int(datetime.fromisoformat(str(time)).timestamp()) * NANOSECONDS_PER_SECOND
        except ValueError:
            return str(time)
        return local_time(wall, self.zone).strftime("%d/%m/%Y %H:%M" if self._french else "%Y-%m-%d %H:%M")


def _name_of(event: Mapping[str, Any]) -> str:
    return str(event.get("type", "")).removeprefix(PREFIX).removesuffix(VERSION)
