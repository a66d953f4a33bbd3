"""What events and files count of bought services."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.core.activity import Unit
from monitor.core.external import ExternalAmount, ExternalSeries
from monitor.core.interval import Interval, bucket_of
from monitor.external.bases import rule_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from monitor.core.external import Basis, ExternalRule
    from monitor.core.units import Duration
    from monitor.external.bases import Bases
    from monitor.intake.usage import UsageEvent


def amounts_of_events(
    told: Iterable[tuple[str, UsageEvent]], rules: Sequence[ExternalRule], bases: Bases, grain: Duration
) -> tuple[ExternalAmount, ...]:
    """Return what events count of bought services, by the hour of their time, of length *grain*.

    Each comes with the key that it is for; an empty one: it is found by the model. One that is of no bought service
    counts nothing here, nor does an answer from a gateway's cache: nobody was asked.
    """
    mine = [
        (rule, event)
        for key, event in told
        if not event.cached and (rule := rule_of(rules, event.model, key)) is not None
    ]
    found = bases.of((rule, event.model) for rule, event in mine)
    return tuple(
        replace(one, authority=event.authority)
        for rule, event in mine
        for one in amounts((rule, event.model), event.counts, _hour(event.time, grain), found[rule, event.model])
    )


def amounts(
    whose: tuple[ExternalRule, str], counts: Mapping[Unit, int], time: Interval, basis: Basis
) -> Iterator[ExternalAmount]:
    """Yield the *counts* of a service and its model over a *time*; only output tokens have the *basis*."""
    rule, model = whose
    for unit, count in counts.items():
        if unit is not Unit.ENERGY:
            series = ExternalSeries(rule.key, rule.provider, model, unit)
            yield ExternalAmount(time.start, time.end, series, count, basis if unit is Unit.OUTPUT_TOKENS else None)


def _hour(moment: int, grain: Duration) -> Interval:
    start = bucket_of(moment, grain)
    return Interval(start, start + grain.nanoseconds)
