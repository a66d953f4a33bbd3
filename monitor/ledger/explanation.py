"""By which terms a time was reckoned, and what one consumer's energy came to under each: for who redoes a figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from monitor.core.impact import Bounds
from monitor.core.units import Energy
from monitor.ledger.stretches import runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.entries import Series
    from monitor.core.impact import Indicator, Terms
    from monitor.core.interval import Interval
    from monitor.core.units import Duration
    from monitor.ledger.impacts import Reckoned
    from monitor.ledger.reading import Reader


@dataclass(frozen=True, slots=True)
class AppliedTerms:
    """Terms at work, in which generation, over which hours: those that join are one time, in order."""

    terms: Terms
    generation: int
    hours: tuple[Interval, ...]


class UnderTerms(NamedTuple):
    """What one consumer used, and what that came to, in the hours of the same terms."""

    applied: AppliedTerms
    energy: Mapping[Series, Energy]
    impacts: Mapping[Indicator, Bounds]


def applied_terms(reader: Reader, interval: Interval, grain: Duration) -> tuple[AppliedTerms, ...]:
    """Return by which terms the hours that lie whole in *interval* were reckoned, in order of time."""
    return tuple(_by_terms(reader, reader.impacts.reckoned(reader.impacts.over(interval)), grain).values())


def by_terms(reader: Reader, interval: Interval, consumer: str, grain: Duration) -> list[UnderTerms]:
    """Return what *consumer* used and what that came to, by the terms of each hour, in order of time.

    What was booked under keys that *consumer* carries on is its own. Energy of hours without terms is not among it.
    """
    reckoned = reader.impacts.reckoned(reader.impacts.over(interval))
    key_of = {one.start: (one.terms, one.generation) for one in reckoned}
    energy: dict[tuple[int, int], dict[Series, int]] = {}
    for start, series, microjoules in reader.entries_of(interval, consumer):
        if start in key_of:
            sums = energy.setdefault(key_of[start], {})
            sums[series] = sums.get(series, 0) + microjoules
    impacts: dict[tuple[int, int], dict[Indicator, Bounds]] = {}
    for start, indicator, amount in reader.impacts.rows_of(interval, consumer):
        if start in key_of:
            found = impacts.setdefault(key_of[start], {})
            found[indicator] = found.get(indicator, Bounds.ZERO) + amount
    concerned = [one for one in reckoned if key_of[one.start] in energy or key_of[one.start] in impacts]
    return [
        UnderTerms(
            applied,
            {series: Energy(amount) for series, amount in energy.get(key, {}).items()},
            impacts.get(key, {}),
        )
        for key, applied in _by_terms(reader, concerned, grain).items()
    ]


def _by_terms(reader: Reader, reckoned: list[Reckoned], grain: Duration) -> dict[tuple[int, int], AppliedTerms]:
    """Return the hours *reckoned*, which are in order of time, by terms and generation, the earliest first."""
    hours: dict[tuple[int, int], list[int]] = {}
    for one in reckoned:
        hours.setdefault((one.terms, one.generation), []).append(one.start)
    terms = reader.impacts.terms({number for number, _ in hours})
    return {
        (number, generation): AppliedTerms(terms[number], generation, runs(starts, grain))
        for (number, generation), starts in hours.items()
    }
