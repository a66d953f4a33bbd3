"""All that the author of a destination for events must read.

A destination is a function in another package, with an entry point in the group `monitor.subscribers`: the daemon loads
it when there is something to tell and the configuration asks for it, on a thread of its own. What is told waits in the
queue on disk; the destination brings one event at a time, and says what became of it. The queue does the rest: order,
pauses, what survives the end of the daemon. An event may be brought twice: the same `id` is the same event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo
    from pathlib import Path

    from monitor.core.delivery import Accepted, Failed

GROUP: Final = "monitor.subscribers"
"""The entry points of all that hears of events."""
GRAFANA: Final = "grafana"
"""The one that marks events in Grafana: a `Bringer`. Those of other names make a subscriber of the bus."""
LOST: Final = "events_lost"
"""The name of what is told, beside the events, of those that could not be: `count`, `start`, `end`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where events are brought, and how they are written there."""

    url: str
    token_file: Path | None
    """File with the token, to be read for each event: it may be exchanged. It must be in no message."""
    proxy: str = field(default="", repr=False)
    """The proxy to go through, maybe with its password, which must be in no message; empty: none."""
    certificates: tuple[Path, ...] = ()
    """Files of authorities (PEM) to trust beside the system's."""
    language: str
    """`fr` or `en`."""
    zone: tzinfo
    """In which moments are written."""


class Bringer(Protocol):
    """Brings one event to a place."""

    def __call__(self, place: Place, event: Mapping[str, Any], /) -> Accepted | Failed:
        """Bring *event*, a CloudEvent as JSON has it, unless it is there already; return what became of it."""
        ...
