"""Reckon closed hours anew: under another set of factors, or with live intensities that came in late.

It only says what the hours come to; the ledger keeps them as a new generation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from monitor.core.hours import reckon
from monitor.core.interval import HOUR, Interval, bucket_of
from monitor.core.units import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from monitor.core.entries import Holding
    from monitor.core.impact import HourImpacts
    from monitor.core.readings import IntensityReading
    from monitor.core.terms import Reckoner
    from monitor.core.units import Energy

AT_ONCE: Final = Duration(31 * 24 * HOUR.nanoseconds)
"""So much is held in memory."""


class Facts(Protocol):
    """What was measured in one hour, which begins at `start` (ns since the epoch)."""

    @property
    def start(self) -> int:
        """Its beginning."""
        ...

    @property
    def energies(self) -> Mapping[str, Energy]:
        """Energy by consumer."""
        ...

    @property
    def reserved(self) -> Mapping[Holding, Duration]:
        """For how long each consumer held the whole of each resource."""
        ...


def reckon_anew(
    interval: Interval,
    grain: Duration,
    reckoner: Reckoner,
    facts: Callable[[Interval], Iterable[Facts]],
    intensities: Callable[[Interval], Sequence[IntensityReading]],
) -> Iterator[HourImpacts]:
    """Yield what each hour of *interval* comes to, oldest first; *grain* is how long the ledger's hours are.

    An hour of which nothing was measured has its part of the hardware. Raises NoFactorError (what, cure).
    """
    for part in interval.split(AT_ONCE):
        measured = {one.start: one for one in facts(part)}
        told = _by_hour(intensities(part), grain)
        for start in range(part.start, part.end, grain.nanoseconds):
            hour = Interval(start, start + grain.nanoseconds)
            terms = reckoner.terms(hour, told.get(start, ()))
            known = measured.get(start)
            if known is not None:
                yield reckon(hour, known.energies, known.reserved, terms)
            elif terms.assets:
                yield reckon(hour, {}, {}, terms)


def caught_up(
    filled: Iterable[Interval],
    grain: Duration,
    reckoner: Reckoner,
    facts: Callable[[Interval], Iterable[Facts]],
    intensities: Callable[[Interval], Sequence[IntensityReading]],
) -> Iterator[tuple[Interval, list[HourImpacts]]]:
    """Yield the hours of *filled* that the live intensities tell of by now, in runs that join.

    *filled* are hours that were reckoned without. Raises NoFactorError.
    """
    for interval in filled:
        run: list[HourImpacts] = []
        for hour in reckon_anew(interval, grain, reckoner, facts, intensities):
            if run and (hour.terms.filled or hour.start != run[-1].start + grain.nanoseconds):
                yield Interval(run[0].start, run[-1].start + grain.nanoseconds), run
                run = []
            if not hour.terms.filled:
                run.append(hour)
        if run:
            yield Interval(run[0].start, run[-1].start + grain.nanoseconds), run


def _by_hour(readings: Iterable[IntensityReading], grain: Duration) -> dict[int, list[IntensityReading]]:
    hours: dict[int, list[IntensityReading]] = {}
    for one in readings:
        end = one.start + one.length.nanoseconds
        for start in range(bucket_of(one.start, grain), end, grain.nanoseconds):
            hours.setdefault(start, []).append(one)
    return hours
