"""How time is cut so that in each piece nothing changes: neither names and facts, nor the generation that counts."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING

from monitor.core.interval import Interval, bucket_of
from monitor.ledger.schema import AS_BOOKED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from monitor.core.units import Duration


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time over which the generation does not change."""

    interval: Interval
    generation: int


def next_hour(moment: int, grain: Duration) -> int:
    """Return the first beginning of an hour at or after *moment*; *grain* is how long hours are."""
    return moment + -moment % grain.nanoseconds


def whole_hours(interval: Interval, grain: Duration) -> Interval:
    """Return the time of the hours that lie whole in *interval*."""
    start = next_hour(interval.start, grain)
    return Interval(start, max(start, bucket_of(interval.end, grain)))


def cut(interval: Interval, moments: Iterable[int], grain: Duration) -> Iterator[Interval]:
    """Yield the whole hours of *interval*, cut at the first hour that begins at or after each of the *moments*."""
    whole = whole_hours(interval, grain)
    inner = {edge for moment in moments if whole.start < (edge := next_hour(moment, grain)) < whole.end}
    for first, last in pairwise(sorted({whole.start, *inner, whole.end})):
        yield Interval(first, last)


def stretches(interval: Interval, corrections: Iterable[Stretch], grain: Duration) -> Iterator[Stretch]:
    """Yield the whole hours of *interval* by the generation that counts: the highest of the *corrections* over them.

    Neighbours of the same generation are one stretch.
    """
    whole = whole_hours(interval, grain)
    over = _over(whole, corrections, grain)
    edges = sorted({whole.start, whole.end, *(edge for one in over for edge in (one.interval.start, one.interval.end))})
    begun: list[tuple[int, int]] = []
    last = Stretch(Interval(whole.start, whole.start), AS_BOOKED)
    for first, end in pairwise(edges):
        while over and over[-1].interval.start <= first:
            one = over.pop()
            heappush(begun, (-one.generation, one.interval.end))
        while begun and begun[0][1] <= first:
            heappop(begun)
        generation = -begun[0][0] if begun else AS_BOOKED
        if generation != last.generation:
            if last.interval.start < last.interval.end:
                yield last
            last = Stretch(Interval(first, first), generation)
        last = Stretch(Interval(last.interval.start, end), generation)
    if last.interval.start < last.interval.end:
        yield last


def runs(hours: Iterable[int], grain: Duration) -> tuple[Interval, ...]:
    """Return the *hours*, by their beginnings in order of time, as times: those that join are one."""
    return merged(Interval(start, start + grain.nanoseconds) for start in hours)


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the *intervals*, which come in the order of their beginnings: those that touch are one."""
    found: list[Interval] = []
    for one in intervals:
        if found and one.start <= found[-1].end:
            found[-1] = Interval(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return tuple(found)


def _over(whole: Interval, corrections: Iterable[Stretch], grain: Duration) -> list[Stretch]:
    """Return the *corrections* with the hours of *whole* that begin in them, the last first."""
    found = []
    for one in corrections:
        start = max(whole.start, next_hour(one.interval.start, grain))
        end = min(whole.end, next_hour(one.interval.end, grain))
        if start < end:
            found.append(Stretch(Interval(start, end), one.generation))
    return sorted(found, key=lambda one: one.interval.start, reverse=True)
