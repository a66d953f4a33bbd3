"""Which service an event is of: the one that it names, else the first whose globs fit."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.core.services import EventRule, ServiceRule
    from monitor.intake.usage import UsageEvent


def consumer_of(event: UsageEvent, services: Sequence[ServiceRule]) -> str:
    """Return the key of the service that *event* is of; empty: of none that is known. A former key is its service's."""
    if event.service:
        return next((rule.facts.key for rule in services if event.service in rule.facts.was), event.service)
    return next((rule.facts.key for rule in services if rule.events and _fits(rule.events, event)), "")


def _fits(rule: EventRule, event: UsageEvent) -> bool:
    return _one_fits(rule.models, event.model) and _one_fits(rule.sources, event.source)


def _one_fits(globs: Iterable[str], name: str) -> bool:
    """Whether one of *globs*, where there are any, fits *name*."""
    return not globs or any(fnmatchcase(name, glob) for glob in globs)
