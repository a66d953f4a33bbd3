"""What the platform draws beside its components: never falling, so never less than nothing."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.core.meters import Booking
from monitor.core.readings import REST
from monitor.core.units import Energy


@dataclass(slots=True)
class Platform:
    """What the platform's meter and the components' have counted since the former was first booked, in microjoules.

    What the components counted while the platform was not measured is left out, in proportion to the time.
    """

    platform: int = 0
    components: int = 0
    booked: int = 0
    waiting: int = 0
    """What components have counted since the platform was last booked."""
    since: int = 0
    until: int = 0
    """From when to when they counted that (boot clock, ns)."""
    origin: int | None = None
    """When the platform's first booking began (boot clock, ns)."""

    def component(self, booking: Booking) -> None:
        """Add what a component drew."""
        self.since = min(self.since, booking.start.boot) if self.waiting else booking.start.boot
        self.until = max(self.until, booking.end.boot) if self.waiting else booking.end.boot
        self.waiting += booking.energy.microjoules

    def rest(self, booking: Booking) -> Booking:
        """Return the platform's booking as that of the rest: never falling, so never less than nothing."""
        self.origin = booking.start.boot if self.origin is None else self.origin
        if self.waiting:
            self.components += self.waiting * self._compared(booking, self.origin) // (self.until - self.since)
            self.waiting = 0
        self.platform += booking.energy.microjoules
        due = max(0, self.platform - self.components - self.booked)
        self.booked += due
        return Booking(REST, booking.method, booking.collector, booking.start, booking.end, Energy(due), booking.missed)

    def _compared(self, booking: Booking, origin: int) -> int:
        """Return for how long of the time of what is waiting the platform was measured as well, in ns."""
        since = min(max(self.since, origin), self.until)
        missed = sum(max(0, min(one.end.boot, self.until) - max(one.start.boot, since)) for one in booking.missed)
        return self.until - since - missed
