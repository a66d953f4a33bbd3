"""What emissions compare with: at most three comparisons, each with its value and its source.

Only emissions are compared: there is nothing everyday that water or minerals could honestly be compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.core.units import MICROGRAMS_PER_GRAM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.core.factors import Factor

MOST: Final = 3
PICTURED: Final = (Decimal(1), Decimal(100_000))
"""Numbers below and above say nothing to people: our choice."""
ORDER: Final = (
    "thermal_car",
    "beef_meal",
    "smartphone",
    "high_speed_train",
    "laptop",
    "flight_paris_new_york",
)
"""What everybody knows, first what is near to most; a message or a search on the web is nobody's measure."""
_MICROGRAMS_PER_KILOGRAM: Final = 1000 * MICROGRAMS_PER_GRAM


@dataclass(frozen=True, slots=True)
class Equivalence:
    """So many of what the factor is of."""

    factor: Factor
    amount: Decimal


def equivalences(micrograms: int, factors: Iterable[Factor]) -> tuple[Equivalence, ...]:
    """Return what so many *micrograms* CO2e compare with, by *factors* in kilograms; few compare with nothing."""
    by_subject = {factor.subject: factor for factor in factors}
    kilograms = Decimal(micrograms) / _MICROGRAMS_PER_KILOGRAM
    found = (
        Equivalence(by_subject[subject], kilograms / by_subject[subject].value)
        for subject in ORDER
        if subject in by_subject
    )
    low, high = PICTURED
    return tuple(one for one in found if low <= one.amount <= high)[:MOST]
