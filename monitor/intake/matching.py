"""Which service an event is of: the one that it names, else the first whose globs fit."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from monitor.core.services import EventRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.core.external import ExternalRule
    from monitor.core.services import ServiceRule
    from monitor.intake.usage import UsageEvent


@dataclass(frozen=True, slots=True)
class Owner:
    """A service that events may be of: one that runs here, or one that is bought."""

    key: str
    was: tuple[str, ...] = ()
    """Keys that it had before."""
    events: EventRule | None = None
    """None: only those that name it."""
    bought: bool = False


def owners_of(services: Iterable[ServiceRule], externals: Iterable[ExternalRule] = ()) -> tuple[Owner, ...]:
    """Return whom events may be of. Where models fit both, what runs here goes before what is bought."""
    return (
        *(Owner(rule.facts.key, rule.facts.was, rule.events) for rule in services),
        *(Owner(rule.key, events=EventRule(models=rule.models), bought=True) for rule in externals),
    )


def consumer_of(event: UsageEvent, owners: Sequence[Owner]) -> str:
    """Return the key of the service that *event* is of; empty: of none that is known. A former key is its service's."""
    if event.service:
        return next((owner.key for owner in owners if event.service in owner.was), event.service)
    return next((owner.key for owner in owners if owner.events and _fits(owner.events, event)), "")


def _fits(rule: EventRule, event: UsageEvent) -> bool:
    return _one_fits(rule.models, event.model) and _one_fits(rule.sources, event.source)


def _one_fits(globs: Iterable[str], name: str) -> bool:
    """Whether one of *globs*, where there are any, fits *name*."""
    return not globs or any(fnmatchcase(name, glob) for glob in globs)
