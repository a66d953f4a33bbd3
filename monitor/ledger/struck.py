"""Hours of which a correction struck out what was measured, as the gaps that they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.corrections import STRUCK_OUT
from monitor.core.entries import Gap
from monitor.core.interval import Interval
from monitor.ledger.stretches import merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from monitor.core.units import Duration


def struck_gaps(
    gaps: Iterable[Gap], struck: Iterable[tuple[int, str, int]], within: Interval, grain: Duration
) -> list[Gap]:
    """Return the gaps that the *struck* hours are: (its beginning, of which resource, for how long), cut to *within*.

    *grain* is how long an hour is. What is in *gaps* already, of the same resource, is not one again.
    """
    hours: dict[str, list[Interval]] = {}
    for start, resource, _ in struck:
        hour = Interval(max(start, within.start), min(start + grain.nanoseconds, within.end))
        if hour.start < hour.end:
            hours.setdefault(resource, []).append(hour)
    known: dict[str, list[Interval]] = {}
    for gap in gaps:
        known.setdefault(gap.resource, []).append(gap.interval)
    return [
        Gap(resource, free, STRUCK_OUT)
        for resource, times in hours.items()
        for whole in merged(sorted(times))
        for free in _free(whole, merged(sorted(known.get(resource, []))))
    ]


def _free(whole: Interval, taken: Sequence[Interval]) -> Iterator[Interval]:
    """Yield the parts of *whole* that are in none of *taken*, which are in order of time and don't touch."""
    start = whole.start
    for one in taken:
        if one.end <= start or one.start >= whole.end:
            continue
        if start < one.start:
            yield Interval(start, one.start)
        start = max(start, one.end)
    if start < whole.end:
        yield Interval(start, whole.end)
