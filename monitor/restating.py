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
    from monitor.core.impact import HourImpacts, Terms
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
            if start in measured or terms.assets:
                yield _reckoned(hour, measured.get(start), terms)


class Applied(Protocol):
    """Terms at work, over which hours."""

    @property
    def terms(self) -> Terms:
        """By which they were reckoned."""
        ...

    @property
    def hours(self) -> Sequence[Interval]:
        """Which: those that join are one time."""
        ...


def reshape(
    applied: Iterable[Applied],
    readings: Iterable[IntensityReading],
    grain: Duration,
    reckoner: Reckoner,
    patient_since: int,
) -> dict[int, Terms]:
    """Return the new terms of those hours of *applied* of which the live *readings* tell something else by now.

    By their beginnings. One of which only a part is told waits for the rest, unless it ended by *patient_since*. Raises
    NoFactorError.
    """
    told = _by_hour(readings, grain)
    found: dict[int, Terms] = {}
    for one in applied:
        for start in (start for part in one.hours for start in range(part.start, part.end, grain.nanoseconds)):
            hour = Interval(start, start + grain.nanoseconds)
            terms = reckoner.reshaped(hour, one.terms, told.get(start, ()))
            if terms != one.terms and not (terms.filled and hour.end > patient_since):
                found[start] = terms
    return found


def in_runs(
    reshaped: Mapping[int, Terms], grain: Duration, facts: Callable[[Interval], Iterable[Facts]]
) -> Iterator[tuple[Interval, list[HourImpacts]]]:
    """Yield what the hours that are *reshaped* come to by their new terms, in runs that join."""
    for run in _joined(sorted(reshaped), grain):
        measured = {one.start: one for one in facts(run)}
        yield (
            run,
            [
                _reckoned(Interval(start, start + grain.nanoseconds), measured.get(start), reshaped[start])
                for start in range(run.start, run.end, grain.nanoseconds)
            ],
        )


def _reckoned(hour: Interval, known: Facts | None, terms: Terms) -> HourImpacts:
    return reckon(hour, {}, {}, terms) if known is None else reckon(hour, known.energies, known.reserved, terms)


def _joined(starts: Iterable[int], grain: Duration) -> Iterator[Interval]:
    """Yield the hours of *starts*, which are in order, as times: those that join are one."""
    run: Interval | None = None
    for start in starts:
        if run is not None and run.end == start:
            run = Interval(run.start, start + grain.nanoseconds)
            continue
        if run is not None:
            yield run
        run = Interval(start, start + grain.nanoseconds)
    if run is not None:
        yield run


def _by_hour(readings: Iterable[IntensityReading], grain: Duration) -> dict[int, list[IntensityReading]]:
    hours: dict[int, list[IntensityReading]] = {}
    for one in readings:
        end = one.start + one.length.nanoseconds
        for start in range(bucket_of(one.start, grain), end, grain.nanoseconds):
            hours.setdefault(start, []).append(one)
    return hours
