"""In what printed tables give amounts, and with how many decimals: what matters in them must not become noughts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_KILOWATT_HOUR,
    MICROLITERS_PER_LITER,
    MICROS_PER_EURO,
    PICOGRAMS_PER_GRAM,
)
from monitor.report.document import Column, Kind
from monitor.report.rounding import alone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.wording import Words

HUNDRED: Final = 100
"""From so many of a unit on one decimal is printed, and one more for each tenth of it: four digits of the whole."""
MOST: Final = 6


@dataclass(frozen=True, slots=True)
class Measure:
    """A unit that amounts are printed in: `size` of the ledger's whole units are one. `key` ends names in files."""

    key: str
    symbol: str
    size: int

    def decimals(self, amounts: Iterable[int | None]) -> int:
        """Return with how many decimals *amounts* are printed, by what they come to."""
        whole = sum(abs(amount) for amount in amounts if amount is not None)
        if not whole:
            return 1
        enough = (decimals for decimals in range(1, MOST) if whole * 10 ** (decimals - 1) >= HUNDRED * self.size)
        return next(enough, MOST)

    def column(self, key: str, words: Words, amounts: Iterable[int | None]) -> Column:
        """Return the column *key* for *amounts*, with the heading and the meaning that *words* have for it."""
        return Column(
            f"{key}_{self.key}",
            words.say(f"column.{key}.heading"),
            words.say(f"column.{key}.meaning"),
            Kind.NUMBER,
            self.symbol,
            self.decimals(amounts),
        )

    def text(self, amount: int | None, words: Words) -> str:
        """Return one *amount* as it is written in a sentence, with its unit; what is unknown is said to be."""
        if amount is None:
            return words.say("document.unknown")
        decimals = self.decimals([amount])
        return f"{words.number(alone(amount, self.size, decimals), decimals)}\N{NO-BREAK SPACE}{self.symbol}"


KILOWATT_HOURS: Final = Measure("kwh", "kWh", MICROJOULES_PER_KILOWATT_HOUR)
KILOGRAMS: Final = Measure("kgco2e", "kgCO₂e", 1000 * MICROGRAMS_PER_GRAM)
LITERS: Final = Measure("l", "L", MICROLITERS_PER_LITER)
MILLIGRAMS: Final = Measure("mgsbe", "mgSbe", PICOGRAMS_PER_GRAM // 1000)
EUROS: Final = Measure("eur", "€", MICROS_PER_EURO)


def text_column(key: str, words: Words, kind: Kind = Kind.TEXT, unit: str = "") -> Column:
    """Return the column *key* of texts, with the heading and the meaning that *words* have for it."""
    return Column(key, words.say(f"column.{key}.heading"), words.say(f"column.{key}.meaning"), kind, unit)


def number_column(key: str, words: Words, decimals: int, unit: str = "") -> Column:
    """Return the column *key* of numbers that are rounded to so many *decimals*."""
    return Column(
        key, words.say(f"column.{key}.heading"), words.say(f"column.{key}.meaning"), Kind.NUMBER, unit, decimals
    )
