"""Of which services events tell what they do: who sends events is believed on, also while none come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.core.interval import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.activity import EventSum

BELIEVED: Final = 24 * HOUR.nanoseconds
"""For so long after its last event, in ns, a service that events told of is known to do nothing while none come.

Senders collect for a minute and try again for longer: without it, the server's own page would count at the end of an
hour what an event tells of at the beginning of the next. Our choice: a day of silence, and the page is believed again.
"""

Teller = tuple[str, Authority, Unit]
"""Consumer, who tells, and what."""


class Tellers:
    """Who tells of what, and when it last did (ns since the epoch)."""

    def __init__(self, saved: Mapping[Teller, int]) -> None:
        """Go on with those *saved*."""
        self._newest = dict(saved)

    def hear(self, sums: Iterable[EventSum], now: int) -> None:
        """Take notice of what events tell, and forget who has been silent for too long."""
        for one in sums:
            key = (one.series.consumer, one.series.authority, one.series.unit)
            self._newest[key] = max(one.newest, self._newest.get(key, 0))
        self._newest = {key: newest for key, newest in self._newest.items() if now - newest <= BELIEVED}

    def silent(self) -> list[ActivitySeries]:
        """Return the series of which nothing is done while no event tells of it; no model and no meter says so."""
        return [ActivitySeries(consumer, authority, "", "", unit) for consumer, authority, unit in self._newest]

    def saved(self) -> dict[Teller, int]:
        """Return them, for the run after this one."""
        return dict(self._newest)
