"""How much the services of an administration are asked for, over the day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from monitor.core.units import Duration

BY_HOUR: Final = (
    *(0.04, 0.03, 0.03, 0.03, 0.03, 0.05, 0.10, 0.30),
    *(0.70, 0.95, 1.00, 0.95, 0.55, 0.60, 0.95, 1.00),
    *(0.95, 0.70, 0.35, 0.20, 0.14, 0.10, 0.07, 0.05),
)
"""Share of the busiest hour, from midnight on: offices open from eight to six, with a break at noon. Our choice."""


def demand(wall: int, day: Duration | None) -> float:
    """Return the demand at *wall* (ns since the epoch), where a day takes *day*; None: always the busiest hour."""
    if day is None:
        return 1.0
    return BY_HOUR[wall % day.nanoseconds * len(BY_HOUR) // day.nanoseconds]
