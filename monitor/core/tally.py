"""Impacts booked as they are used, with the factors then known: what the counters show. None of them ever falls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.embodied import by_resource, shares, summed, written_off
from monitor.core.entries import Tallied
from monitor.core.hours import by_consumer
from monitor.core.impact import ENERGY_STEPS, RATE_STEPS, ImpactSeries, Indicator
from monitor.core.interval import HOUR, Interval
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Duration, Energy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.entries import Holding, OpenBooks
    from monitor.core.impact import Terms

LONGEST_ABSENCE: Final = Duration(366 * 24 * HOUR.nanoseconds)
"""Time without any measurement has its part of the hardware; beyond this the clock was set, not the daemon away."""
COUNTED: Final = (Indicator.GWP_USE, Indicator.WATER_SITE, Indicator.WATER_GRID)
"""What is counted of the energy used, beside the greenhouse gases of making the hardware."""


class Tally:
    """Holds the counters, and up to where energy and time are in them."""

    def __init__(self, opening: OpenBooks | None) -> None:
        """Go on where *opening* left off; None: begin with nothing."""
        self._steps: dict[ImpactSeries, int] = {}
        self._energy: dict[str, Energy] = {}
        self._held: dict[str, dict[str, int]] = {}
        self._last = None if opening is None else (opening.at, opening.boot_id)
        if opening is not None:
            self._energy = by_consumer(opening.energy)
            self._steps = {key: one.units * ENERGY_STEPS + one.rest for key, one in opening.impacts.items()}

    def book(self, books: OpenBooks, reserved: Mapping[Holding, Duration], terms: Terms | None) -> None:
        """Count what *books* hold more than the last ones, under *terms*; None: it stays unknown, and is not counted.

        *reserved* is cumulative since the daemon began.
        """
        energy = by_consumer(books.energy)
        held = by_resource(reserved)
        if terms is not None:
            self._use(energy, terms)
            self._embody(books, held, terms)
        self._energy, self._held, self._last = energy, held, (books.at, books.boot_id)

    def counters(self) -> dict[ImpactSeries, Tallied]:
        """Return the counters."""
        return {key: Tallied(*divmod(steps, ENERGY_STEPS)) for key, steps in self._steps.items()}

    def _use(self, energy: Mapping[str, Energy], terms: Terms) -> None:
        for indicator in COUNTED:
            if (rate := terms.rates.get(indicator)) is None:
                continue
            for consumer, amount in energy.items():
                used = amount - self._energy.get(consumer, Energy.ZERO)
                self._add(ImpactSeries(consumer, indicator), used.microjoules * rate.central)

    def _embody(self, books: OpenBooks, held: Mapping[str, Mapping[str, int]], terms: Terms) -> None:
        """Count in steps of a rate: what a tick has of a small piece of hardware may be less than a microgram."""
        elapsed = self._elapsed(books)
        wholes = written_off(terms.assets, Indicator.GWP_EMBODIED, elapsed, RATE_STEPS)
        centrals = {resource: whole.central for resource, whole in wholes.items()}
        since = {resource: _less(times, self._held.get(resource, {})) for resource, times in held.items()}
        for consumer, amount in summed(shares(centrals, since, elapsed.length).values()).items():
            self._add(ImpactSeries(consumer, Indicator.GWP_EMBODIED), amount * MICROJOULES_PER_KILOWATT_HOUR)

    def _elapsed(self, books: OpenBooks) -> Interval:
        """Return the time since the last booking: that of the boot clock, which no one sets; over a boot, the other.

        Nothing where that is longer than any absence: then the clock was set, and nobody knows how long it was.
        """
        at = books.at
        if self._last is None:
            return Interval(at.wall, at.wall)
        last, boot_id = self._last
        same_boot = boot_id == books.boot_id
        length = at.boot - last.boot if same_boot else at.wall - last.wall
        if not same_boot and length > LONGEST_ABSENCE.nanoseconds:
            length = 0
        return Interval(at.wall - max(0, length), at.wall)

    def _add(self, key: ImpactSeries, steps: int) -> None:
        self._steps[key] = self._steps.get(key, 0) + steps


def _less(times: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {consumer: time - before.get(consumer, 0) for consumer, time in times.items()}
