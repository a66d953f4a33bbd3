"""What becomes of a delivery, when it is tried again and when given up, and how it stands with an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitor.core.interval import HOUR
from monitor.core.units import Duration

FIRST_PAUSE: Final = 5.0
"""Seconds after the first failure; each further one doubles them. Our choice."""
LONGEST_PAUSE: Final = HOUR.seconds
"""However often it failed, and whatever the receiver asks for."""
DOUBLINGS: Final = 10
"""After so many the longest pause is reached: 5 s times 2^10 is more than an hour."""
GIVEN_UP_AFTER: Final = Duration(3 * 24 * HOUR.nanoseconds)
"""How old an event gets while its receiver fails: a long weekend."""
FEWEST_FAILURES: Final = 5
"""In a row, before anything is given up: a clock that was set gives up nothing."""
ACCEPTED: Final = range(200, 300)
UNACCEPTABLE: Final = frozenset({400, 406, 409, 410, 413, 415, 422})
"""A receiver that answers so will not take this event, however often it is sent.

It is asked, so it works: what comes after goes on. Source: RFC 9110, section 15.5.
"""


@dataclass(frozen=True, slots=True)
class Accepted:
    """It arrived."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not arrive. `why` is one sentence's end, and names no path, which may be secret."""

    why: str
    final: bool = False
    """The receiver works, and will never take it."""
    pause: float | None = None
    """For how many seconds the receiver asks to be left alone."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with one address. `address` has no path: that may be secret."""

    address: str
    waiting: int
    """To be told. What the ledger does not hold yet is not among it."""
    dead: int
    """Given up, and kept for a while."""
    delivered: int
    dropped: int
    """Oldest ones that found no more room, while the receiver failed."""
    error: str
    """Why the next one could not be delivered so far; empty: nothing failed."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was given up."""

    address: str
    at: int
    """When that was, ns since the epoch."""
    attempts: int
    error: str
    body: str
    """The event, as it would have been sent."""


def pause(failures: int, luck: float, asked: float | None = None) -> float:
    """Return for how many seconds to wait after so many *failures* in a row; *luck* is random, from 0 to 1.

    Between half and all of the doubled pause, so that who failed together does not come back together; not less than
    the receiver *asked* for, within bounds.
    """
    whole = min(FIRST_PAUSE * 2.0 ** min(failures - 1, DOUBLINGS), LONGEST_PAUSE)
    return max(whole * (1 + luck) / 2, min(asked or 0.0, LONGEST_PAUSE))
