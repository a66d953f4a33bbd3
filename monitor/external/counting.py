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

    from monitor.core.activity import EventSum
    from monitor.core.external import Basis, ExternalRule
    from monitor.core.units import Duration


def amounts_of_events(
    told: Iterable[EventSum],
    rules: Sequence[ExternalRule],
    found: Mapping[tuple[ExternalRule, str], Basis],
    hour: Duration,
) -> tuple[ExternalAmount, ...]:
    """Return what events count of bought services, by the *hour* of their time, with the bases *found* for them.

    One that is of no bought service, or of one that is not configured any more, counts nothing here.
    """
    return tuple(
        replace(amount, authority=one.series.authority)
        for one in told
        if (rule := rule_of(rules, one.series.model, one.series.consumer)) is not None
        for amount in amounts(
            (rule, one.series.model),
            {one.series.unit: one.amount},
            _hour(one.newest, hour),
            found[rule, one.series.model],
        )
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
