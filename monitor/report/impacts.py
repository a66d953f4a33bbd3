"""What services came to: sums of the ledger's rows by indicator, and the emissions of use and making together.

What is not there is unknown, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.core.entries import Meter
from monitor.core.impact import Bounds, Indicator
from monitor.core.summary import Impacts
from monitor.core.units import Energy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.core.entries import Series, ServiceFacts
    from monitor.core.readings import Method


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """What one service came to in one month, 1 to 12, by the facts about it that held then."""

    month: int
    facts: ServiceFacts
    indicator: Indicator
    amount: Bounds


@dataclass(frozen=True, slots=True)
class ImpactLine:
    """What one service came to in one month, under the same facts."""

    month: int
    facts: ServiceFacts
    impacts: Impacts


def summed(rows: Iterable[ImpactRow], energies: Iterable[tuple[Series, Energy]]) -> Impacts:
    """Return the sum of *rows*; *energies* are what those that they are of used."""
    amounts: dict[Indicator, Bounds] = {}
    for row in rows:
        amounts[row.indicator] = amounts.get(row.indicator, Bounds.ZERO) + row.amount
    used: dict[tuple[str, Method], int] = {}
    for series, energy in energies:
        key = (series.resource, series.method)
        used[key] = used.get(key, 0) + energy.microjoules
    meters = {Meter(*key): Energy(microjoules) for key, microjoules in used.items()}
    ordered = {indicator: amounts[indicator] for indicator in Indicator if indicator in amounts}
    return Impacts.of(ordered, meters)
