"""What the platform draws beside its components: never falling, so never less than nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.core.events import MetersAgreed, MetersDisagreed
from monitor.core.meters import Booking
from monitor.core.readings import REST, Method
from monitor.core.reconciliation import Reconciliation, Stretch
from monitor.core.units import Energy


@dataclass(slots=True)
class Platform:
    """What the platform's meter and the components' have counted since the former was first booked, in microjoules.

    What the components counted while the platform was not measured is left out, in proportion to the time.
    """

    reconciliation: Reconciliation = field(default_factory=Reconciliation)
    """How its meter stands to those of the components."""
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
    compared: Stretch | None = None
    """What both drew over the last booking of the platform; None: one of the meters missed some of it."""
    _sources: set[str] = field(default_factory=set)
    _gapless: bool = True

    def component(self, booking: Booking) -> None:
        """Add what a component drew."""
        self.since = min(self.since, booking.start.boot) if self.waiting else booking.start.boot
        self.until = max(self.until, booking.end.boot) if self.waiting else booking.end.boot
        self.waiting += booking.energy.microjoules
        self._sources.add(f"{booking.collector}/{booking.resource}")
        self._gapless = self._gapless and not booking.missed

    def rest(self, booking: Booking) -> Booking:
        """Return the platform's booking as that of the rest: never falling, so never less than nothing."""
        self.origin = booking.start.boot if self.origin is None else self.origin
        components = 0
        if self.waiting:
            components = self.waiting * self._compared(booking, self.origin) // (self.until - self.since)
            self.waiting = 0
        self.components += components
        whole = self._gapless and not booking.missed and bool(self._sources)
        self.compared = Stretch(booking.energy, Energy(components), booking.measured_time) if whole else None
        self._gapless = True
        self.platform += booking.energy.microjoules
        due = max(0, self.platform - self.components - self.booked)
        self.booked += due
        return Booking(REST, booking.method, booking.collector, booking.start, booking.end, Energy(due), booking.missed)

    def news(self, booking: Booking) -> list[MetersDisagreed | MetersAgreed]:
        """Compare the platform's *booking* with its components, as far as both were measured; return what changed.

        It is for after `rest`, which says what the components drew meanwhile.
        """
        book, compared = self.reconciliation, self.compared
        meters = "|".join((booking.collector, *sorted(self._sources)))
        if compared is None or not book.see(meters, compared, counts=booking.method is not Method.INTEGRATED):
            return []
        if book.finding is None or book.last is None:
            return [MetersAgreed(at=booking.end, collector=booking.collector)]
        return [
            MetersDisagreed(
                at=booking.end,
                collector=booking.collector,
                why=book.finding,
                platform=book.last.platform,
                components=book.last.components,
                expected=book.learnt.expected(book.last.components),
            )
        ]

    def _compared(self, booking: Booking, origin: int) -> int:
        """Return for how long of the time of what is waiting the platform was measured as well, in ns."""
        since = min(max(self.since, origin), self.until)
        missed = sum(max(0, min(one.end.boot, self.until) - max(one.start.boot, since)) for one in booking.missed)
        return self.until - since - missed
