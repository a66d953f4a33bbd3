"""Impacts booked as they are used, with the factors then known: what the counters show. None of them ever falls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.embodied import embodied
from monitor.core.entries import Tallied
from monitor.core.impact import ENERGY_STEPS, ImpactSeries, Indicator
from monitor.core.interval import Interval
from monitor.core.units import Duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.entries import Holding, OpenBooks
    from monitor.core.impact import Terms

COUNTED: Final = (Indicator.GWP_USE, Indicator.WATER_SITE, Indicator.WATER_GRID)
"""What is counted of the energy used, beside the embodied impacts."""
EMBODIED: Final = (Indicator.GWP_EMBODIED,)


class Tally:
    """Holds the counters, and up to where energy and time are in them."""

    def __init__(self, opening: OpenBooks | None) -> None:
        """Go on where *opening* left off; None: begin with nothing."""
        self._steps: dict[ImpactSeries, int] = {}
        self._energy: dict[str, int] = {}
        self._reserved: dict[Holding, int] = {}
        self._last = None if opening is None else (opening.at, opening.boot_id)
        if opening is not None:
            self._energy = _by_consumer(opening)
            self._steps = {key: one.units * ENERGY_STEPS + one.rest for key, one in opening.impacts.items()}

    def book(self, books: OpenBooks, reserved: Mapping[Holding, Duration], terms: Terms | None) -> None:
        """Count what *books* hold more than the last ones, under *terms*; None: it stays unknown, and is not counted.

        *reserved* is cumulative since the daemon began.
        """
        energy = _by_consumer(books)
        held = {key: time.nanoseconds for key, time in reserved.items()}
        if terms is not None:
            self._use(energy, terms)
            self._embody(books, held, terms)
        self._energy, self._reserved, self._last = energy, held, (books.at, books.boot_id)

    def counters(self) -> dict[ImpactSeries, Tallied]:
        """Return the counters."""
        return {key: Tallied(*divmod(steps, ENERGY_STEPS)) for key, steps in self._steps.items()}

    def _use(self, energy: Mapping[str, int], terms: Terms) -> None:
        for indicator in COUNTED:
            if (rate := terms.rates.get(indicator)) is None:
                continue
            for consumer, amount in energy.items():
                self._add(ImpactSeries(consumer, indicator), (amount - self._energy.get(consumer, 0)) * rate.central)

    def _embody(self, books: OpenBooks, held: Mapping[Holding, int], terms: Terms) -> None:
        since = {key: Duration(time - self._reserved.get(key, 0)) for key, time in held.items()}
        for key, bounds in embodied(self._elapsed(books), since, terms.assets, EMBODIED).items():
            self._add(key, bounds.central * ENERGY_STEPS)

    def _elapsed(self, books: OpenBooks) -> Interval:
        """Return the time since the last booking: that of the boot clock, which no one sets; over a boot, the other."""
        at = books.at
        if self._last is None:
            return Interval(at.wall, at.wall)
        last, boot_id = self._last
        length = at.boot - last.boot if boot_id == books.boot_id else at.wall - last.wall
        return Interval(at.wall - max(0, length), at.wall)

    def _add(self, key: ImpactSeries, steps: int) -> None:
        self._steps[key] = self._steps.get(key, 0) + steps


def _by_consumer(books: OpenBooks) -> dict[str, int]:
    energy: dict[str, int] = {}
    for series, amount in books.energy.items():
        energy[series.consumer] = energy.get(series.consumer, 0) + amount.microjoules
    return energy
