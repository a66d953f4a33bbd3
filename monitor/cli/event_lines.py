"""Events for people: one line each, in the words of the status page."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from monitor.core.cloudevent import PREFIX, VERSION
from monitor.core.units import NANOSECONDS_PER_SECOND, Duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.cli.speech import Speech


_SHARES: Final = ("threshold", "used_ratio")


def name_of(event: Mapping[str, Any]) -> str:
    """Return the name of a CloudEvent of ours: `gap_found`."""
    return str(event.get("type", "")).removeprefix(PREFIX).removesuffix(VERSION)


class EventLines:
    """Writes events in one language."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech

    def of(self, event: Mapping[str, Any]) -> str:
        """Return *event* on one line. One that this version has no sentence for, or that lacks a part, has its name."""
        moment, key = self._moment(event.get("time")), f"events.told.{name_of(event)}"
        named = f"{moment}  {name_of(event)} {event.get('subject', '')}".rstrip()
        if not self._speech.maybe(key, ""):
            return named
        try:
            return f"{moment}  {self._speech.say(key, **self._parts(event['data']))}"
        except KeyError:
            return named

    def _parts(self, data: Mapping[str, Any]) -> dict[str, object]:
        parts: dict[str, object] = dict(data)
        if "service" in data:
            parts["service"] = data.get("name") or data["service"]
        if "duration_seconds" in data:
            parts["duration"] = self._speech.write.duration(Duration.from_seconds(data["duration_seconds"]))
        if "resource" in data:
            parts["resource"] = self._speech.page.resource(data["resource"])
        if "verdict" in data:
            parts["verdict"] = self._speech.say(f"contracts.verdict.{data['verdict']}")
        if "why" in data:
            parts["why"] = self._speech.maybe(f"disagreement.{data['why']}", str(data["why"]))
        if "cause" in data:
            parts["cause"] = self._speech.page.cause(data["cause"])
        # that of a clause is text, as it is configured
        shares = {name: self._speech.write.share(data[name]) for name in _SHARES if isinstance(data.get(name), float)}
        parts |= shares
        return {**parts, **{name: self._moment(data[name]) for name in ("start", "end") if name in data}}

    def _moment(self, time: object) -> str:
        try:
            wall = int(datetime.fromisoformat(str(time)).timestamp()) * NANOSECONDS_PER_SECOND
        except ValueError:
            return str(time)
        return self._speech.write.moment(wall)
