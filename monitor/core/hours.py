"""What one hour came to: the impacts of its energy, and its part of making the hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.embodied import embodied
from monitor.core.impact import HourImpacts, operational
from monitor.core.units import Energy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.entries import Holding, Series
    from monitor.core.impact import Terms
    from monitor.core.interval import Interval
    from monitor.core.units import Duration


def reckon(
    hour: Interval, energies: Mapping[str, Energy], reserved: Mapping[Holding, Duration], terms: Terms
) -> HourImpacts:
    """Return what *hour* came to under *terms*, from the *energies* by consumer and from who held the hardware.

    The same arguments give the same result: no other hour has a part in it. An hour of which nothing was measured has
    its part of the hardware all the same, and nobody to give it to.
    """
    amounts = operational(energies, terms) | embodied(hour, reserved, terms.assets)
    return HourImpacts(hour.start, amounts, terms)


def by_consumer(entries: Mapping[Series, Energy]) -> dict[str, Energy]:
    """Return the energy of each consumer, all its resources, shares and methods together."""
    sums: dict[str, int] = {}
    for series, energy in entries.items():
        sums[series.consumer] = sums.get(series.consumer, 0) + energy.microjoules
    return {consumer: Energy(amount) for consumer, amount in sums.items()}
