"""From events to what the books count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.core.activity import ActivitySeries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from monitor.intake.usage import UsageEvent


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that is on disk, and whose it is."""

    number: int
    """Its place among all events: it grows."""
    consumer: str
    """The key of its service; empty: of none."""
    event: UsageEvent


def activity_of(accepted: Accepted) -> Iterator[tuple[ActivitySeries, int]]:
    """Yield what *accepted* counts. An answer from a gateway's cache counts nothing: there was no inference."""
    event = accepted.event
    if event.cached or not accepted.consumer:
        return
    for unit, count in event.counts.items():
        yield ActivitySeries(accepted.consumer, event.authority, event.source, event.model, unit), count


def events_to_activity(accepted: Iterable[Accepted]) -> Mapping[ActivitySeries, int]:
    """Return what *accepted* count together, whatever their times are."""
    sums: dict[ActivitySeries, int] = {}
    for one in accepted:
        for series, count in activity_of(one):
            sums[series] = sums.get(series, 0) + count
    return sums
