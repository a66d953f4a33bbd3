"""What happened, as others are told it: CloudEvents 1.0 in JSON. docs/events.md is its reference.

What happens with each reading (collections, energy, activity, intensities) is not told: the metrics have it.
Source: CloudEvents 1.0.2, spec.md (attributes) and formats/json-format.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from monitor.core.contract_told import event_told
from monitor.core.events import (
    BudgetCrossed,
    ClauseBreached,
    ClauseEvaluated,
    CollectionFailed,
    CollectorBecameUnavailable,
    CollectorRecovered,
    EntryCorrected,
    GapFound,
    HandlerFailed,
    ImpactAccounted,
    MetersAgreed,
    MetersDisagreed,
    ServiceAppeared,
    ServiceDisappeared,
)
from monitor.core.indicator_names import ranges
from monitor.core.units import NANOSECONDS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.core.events import Event
    from monitor.core.impact import Bounds, HourImpacts, Indicator
    from monitor.core.interval import Interval

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
PREFIX: Final = "eu.empreinte."
VERSION: Final = ".v1"
TOLD: Final = (
    ServiceAppeared,
    ServiceDisappeared,
    GapFound,
    CollectionFailed,
    CollectorBecameUnavailable,
    CollectorRecovered,
    MetersDisagreed,
    MetersAgreed,
    ImpactAccounted,
    EntryCorrected,
    BudgetCrossed,
    ClauseBreached,
    ClauseEvaluated,
    HandlerFailed,
)
"""All that is ever told to others: what happens seldom, and holds nothing of a process, a user or a prompt."""
_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")
ID_DIGITS: Final = 32


def name_of(kind: type[Event]) -> str:
    """Return how an event is called outside: `gap_found` of GapFound."""
    return _CAPITAL.sub("_", kind.__name__).lower()


def names() -> tuple[str, ...]:
    """Return the names of all events that are told."""
    return tuple(name_of(kind) for kind in TOLD)


def is_asked_for(name: str, globs: Iterable[str]) -> bool:
    """Return whether one of *globs* fits the event *name*."""
    return any(fnmatchcase(name, glob) for glob in globs)


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """One event, ready to be told. The same event has the same `id`, however often it is told."""

    name: str
    id: str
    source: str
    subject: str
    """Which service, collector, resource, budget, contract or subscriber it is about; empty: all."""
    time: str
    """When it became known: RFC 3339, UTC."""
    simulated: bool
    data: dict[str, Any] = field(hash=False)

    @property
    def type(self) -> str:
        """Its type, with the version of its data."""
        return f"{PREFIX}{self.name}{VERSION}"

    def as_json(self) -> str:
        """Return it in structured mode, on one line."""
        attributes: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "time": self.time,
            "datacontenttype": "application/json",
        }
        if self.subject:
            attributes["subject"] = self.subject
        if self.simulated:
            attributes["simulated"] = True
        return _compact({**attributes, "data": self.data})


def told(event: Event, source: str, *, simulated: bool = False) -> CloudEvent | None:
    """Return *event* as it is told by *source* (a reference, `/ia-01`); None where it is of a kind that is not told."""
    if not isinstance(event, TOLD):
        return None
    subject, data = _content(event)
    name = name_of(type(event))
    # the nanosecond is in it: what happens twice within the millisecond that is shown is not one event
    identity = _compact([source, name, subject, event.at.wall, event.at.boot, data])
    identifier = hashlib.sha256(identity.encode()).hexdigest()[:ID_DIGITS]
    return CloudEvent(name, identifier, source, subject, _time(event.at.wall), simulated, data)


def _content(event: Event) -> tuple[str, dict[str, Any]]:
    """Return what *event* is about, and what it says."""
    match event:
        case ServiceAppeared(service=facts):
            told = {name: getattr(facts, name) for name in ("name", "department", "contract", "kind", "found_by")}
            return facts.key, {"service": facts.key, **told}
        case ServiceDisappeared(service=key):
            return key, {"service": key}
        case GapFound():
            return event.resource, {"resource": event.resource, "cause": event.cause, **_span(event.interval)}
        case ImpactAccounted() | EntryCorrected():
            return "", _hours(event)
        case BudgetCrossed() | ClauseBreached() | ClauseEvaluated():
            return _of_a_limit(event)
    return _of_a_part(event)


def _of_a_part(event: Event) -> tuple[str, dict[str, Any]]:
    """Return the same where it is about a part of the program."""
    match event:
        case HandlerFailed():
            return event.handler, {"handler": event.handler, "error": event.error}
        case CollectionFailed():
            said: dict[str, Any] = {"why": event.why, "defect": event.defect}
        case CollectorBecameUnavailable():
            said = {"reason": event.reason, "what": event.what, "cure": event.cure}
        case MetersDisagreed():
            said = _disagreement(event)
        case CollectorRecovered() | MetersAgreed():
            said = {}
        case _:
            raise TypeError(type(event).__name__)
    return event.collector, {"collector": event.collector, **said}


def _disagreement(event: MetersDisagreed) -> dict[str, Any]:
    """Return what the meters show, in watts; what is not learnt yet is None."""
    return {
        "why": event.why,
        "platform_watts": event.platform.watts,
        "components_watts": event.components.watts,
        "expected_watts": None if event.expected is None else event.expected.watts,
    }


def _budget(event: BudgetCrossed) -> dict[str, Any]:
    """Return what a budget came to; what is unknown, or will not be within the period, is None."""
    coming = None if event.forecast_ratio is None else float(event.forecast_ratio)
    return {
        "budget": event.budget,
        "name": event.name,
        "limit": event.limit,
        "start": _time(event.interval.start),
        "end": _time(event.interval.end),
        "threshold": float(event.threshold),
        "used_ratio": float(event.used_ratio),
        "forecast_ratio": coming,
        "exhausted": None if event.exhausted_at is None else _time(event.exhausted_at),
    }


def _of_a_limit(event: BudgetCrossed | ClauseBreached | ClauseEvaluated) -> tuple[str, dict[str, Any]]:
    """Return the same where it is about what was set: a budget, or a clause of a contract."""
    if isinstance(event, BudgetCrossed):
        return event.budget, _budget(event)
    told = event_told(event.evaluation)
    before = {"verdict_before": event.before} if isinstance(event, ClauseEvaluated) else {}
    return event.evaluation.contract, {**told, **before}


def _span(interval: Interval) -> dict[str, Any]:
    seconds = interval.length.nanoseconds / NANOSECONDS_PER_SECOND
    return {"start": _time(interval.start), "end": _time(interval.end), "duration_seconds": seconds}


def _hours(event: ImpactAccounted | EntryCorrected) -> dict[str, Any]:
    if isinstance(event, ImpactAccounted):
        return _impacts(event.impacts)
    return {"generation": event.generation, "reason": event.reason, **_span(event.interval)}


def _impacts(impacts: HourImpacts) -> dict[str, Any]:
    """Return what an hour came to, by consumer; an indicator that is not there is unknown."""
    consumers: dict[str, dict[Indicator, Bounds]] = {}
    for series, bounds in sorted(impacts.amounts.items()):
        consumers.setdefault(series.consumer, {})[series.indicator] = bounds
    return {
        "start": _time(impacts.start),
        "zone": impacts.terms.zone,
        "filled": impacts.terms.filled,
        "consumers": {consumer: ranges(amounts) for consumer, amounts in consumers.items()},
    }


def _time(wall: int) -> str:
    """Return *wall*, in ns since the epoch, as RFC 3339 in UTC, to the millisecond."""
    seconds, rest = divmod(wall, NANOSECONDS_PER_SECOND)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _compact(content: object) -> str:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    # Linux takes names of files that are no UTF-8, and an error may tell one
    return text.encode(errors="replace").decode()
