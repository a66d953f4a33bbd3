"""Quantities for people: three digits, the unit that suits, written as the language does."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Context
from typing import TYPE_CHECKING, Final

from monitor.config import Language
from monitor.core.calendar import utc
from monitor.core.impact import Indicator
from monitor.core.interval import HOUR, MINUTE
from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROLITERS_PER_LITER,
    MICROS_PER_EURO,
    NANOSECONDS_PER_SECOND,
    PICOGRAMS_PER_GRAM,
    Energy,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo
    from decimal import Decimal
    from fractions import Fraction

    from monitor.core.units import Duration, Power
    from monitor.wording import Words

WATT_HOURS: Final = ("Wh", "kWh", "MWh", "GWh", "TWh")
WATTS: Final = ("W", "kW", "MW")
GRAMS: Final = ("g", "kg", "t")
LITERS: Final = ("mL", "L", "m³")
MICROGRAMS: Final = ("µg", "mg", "g", "kg")
CARBON: Final = "CO₂e"
ANTIMONY: Final = "kgSbe"
"""Factors of minerals and metals are written in milligrams: in kilograms they are noughts."""
FACTOR_DIGITS: Final = 5
"""How many digits of a factor are written: none that is shipped has more but a mean price, or a mean of readings."""
STEP: Final = 1000
WHOLE: Final = 100
"""From here on no decimals, so that three digits are left."""
SMALLEST: Final = 0.01
"""What is less, and more than nothing, is said to be less than this."""
FINE: Final = 0.1
"""What less of is left of a quotient has too few digits to be compared."""
DAY: Final = 24
_NUMBER_AND_UNIT: Final = re.compile(r"([<\s\d.,]+)\s(\D.*)")


class Quantities:
    """Writes quantities in one language and one time zone. A number stays on the line of its unit."""

    def __init__(self, words: Words, zone: tzinfo) -> None:
        self._words = words
        self._zone = zone
        self._space = "\N{NARROW NO-BREAK SPACE}" if words.language is Language.FRENCH else "\N{NO-BREAK SPACE}"

    def energy(self, energy: Energy) -> str:
        """Return *energy* in watt-hours or a multiple of it: `1,52 kWh`."""
        return self._scaled(energy.kilowatt_hours * STEP, WATT_HOURS)

    def fine_energy(self, watt_hours: Fraction) -> str:
        """Return what one unit of work took: `1,85 Wh`; what is less than a tenth of one in thousandths."""
        return self._fine(float(watt_hours), WATT_HOURS, "mWh")

    def fine_emissions(self, grams: Fraction) -> str:
        """Return what one unit of work emitted, likewise: `0,42 g CO₂e`, `6,10 mg CO₂e`."""
        return f"{self._fine(float(grams), GRAMS, 'mg')}{self._space}{CARBON}"

    def power(self, power: Power) -> str:
        """Return *power* in watts or a multiple of it: `243 W`."""
        return self._scaled(power.watts, WATTS)

    def watts(self, watts: float) -> str:
        """Return a power that is given as a number of watts, as `power` does."""
        return self._scaled(watts, WATTS)

    def emissions(self, micrograms: int) -> str:
        """Return greenhouse gases: `71,2 kg CO₂e`."""
        return self.amount(Indicator.GWP_USE, micrograms)

    def amount(self, indicator: Indicator, units: int) -> str:
        """Return so many *units* of *indicator* in the unit that suits: `1,42 m³`, `71,2 kg CO₂e`, `12,30 €`."""
        bare = self.bare(indicator, units)
        match indicator:
            case Indicator.GWP_USE | Indicator.GWP_USE_MARKET | Indicator.GWP_EMBODIED:
                return f"{bare}{self._space}{CARBON}"
            case Indicator.ADPE_USE | Indicator.ADPE_EMBODIED:
                return f"{bare}{self._space}{self._words.say('unit.antimony')}"
            case _:
                return bare

    def bare(self, indicator: Indicator, units: int) -> str:
        """Return the same without what it is an equivalent of: `71,2 kg`."""
        match indicator:
            case Indicator.GWP_USE | Indicator.GWP_USE_MARKET | Indicator.GWP_EMBODIED:
                return self._scaled(units / MICROGRAMS_PER_GRAM, GRAMS)
            case Indicator.WATER_GRID | Indicator.WATER_SITE:
                return self._scaled(units / MICROLITERS_PER_LITER * STEP, LITERS)
            case Indicator.ADPE_USE | Indicator.ADPE_EMBODIED:
                return self._scaled(units / PICOGRAMS_PER_GRAM * STEP**2, MICROGRAMS)
            case Indicator.COST:
                return self.euros(units / MICROS_PER_EURO)
            case Indicator.ENERGY | Indicator.FACILITY_ENERGY | Indicator.PRIMARY_ENERGY:
                return self.energy(Energy(units))

    def euros(self, euros: float) -> str:
        """Return a sum of money, as the language writes it: `12,30 €`."""
        small = 0 < euros < SMALLEST
        number = self._words.number(max(euros, SMALLEST) if small else euros, 2 if euros < STEP else 0)
        french = self._words.language is Language.FRENCH
        sum_of_money = f"{number}{self._space}€" if french else f"€{number}"
        return f"<{self._space}{sum_of_money}" if small else sum_of_money

    def factor(self, value: Decimal, unit: str) -> str:
        """Return the *value* of a factor as its source gives it, in *unit*: `51,9 g CO₂e/kWh`."""
        name = self._words.say(f"factor_unit.{unit}").replace(" ", self._space)
        figure = value * STEP**2 if unit.startswith(ANTIMONY) else value
        return f"{self.decimal(figure)}{self._space}{name}" if name else self.decimal(figure)

    def intensity(self, grams: float) -> str:
        """Return so many grams CO2e a kilowatt-hour: `51,9 g CO₂e/kWh`."""
        name = self._words.say("factor_unit.gCO2e/kWh").replace(" ", self._space)
        return f"{self._words.number(grams, _decimals(grams))}{self._space}{name}"

    def decimal(self, value: Decimal) -> str:
        """Return *value* with the digits it has, five at most."""
        short = Context(prec=FACTOR_DIGITS).plus(value).normalize()
        exponent = short.as_tuple().exponent
        return self._words.number(float(short), max(0, -exponent if isinstance(exponent, int) else 0))

    def parted(self, text: str) -> tuple[str, str]:
        """Return the number of the quantity *text* and its unit, for a page that sets them apart; empty: none."""
        found = _NUMBER_AND_UNIT.fullmatch(text)
        return (found[1], found[2]) if found else (text, "")

    def count(self, count: int) -> str:
        """Return a whole number: `2 900 000`."""
        return self._words.number(count, 0)

    def share(self, share: float) -> str:
        """Return a share from 0 to 1 in percent. What is not quite all or nothing is not rounded to it."""
        percent = share * 100
        if 0 < percent < SMALLEST * 10:
            return f"<{self._space}{self._percent(0.1, 1)}"
        if 99.9 < percent < 100:  # noqa: PLR2004 - percent, of which the second is all
            return f">{self._space}{self._percent(99.9, 1)}"
        return self._percent(percent, 0 if percent in {0, 100} else 1)

    def duration(self, duration: Duration) -> str:
        """Return *duration* in its two largest units: `2 h 3 min`."""
        seconds = round(duration.seconds)
        minutes, hours = seconds // round(MINUTE.seconds), seconds // round(HOUR.seconds)
        if not minutes:
            return self._joined((seconds, "s"))
        if not hours:
            return self._joined((minutes, "min"), (seconds % 60, "s"))
        if hours < DAY:
            return self._joined((hours, "h"), (minutes % 60, "min"))
        return self._joined((hours // DAY, self._words.say("unit.day")), (hours % DAY, "h"))

    def moment(self, wall: int) -> str:
        """Return date and time of *wall*, in ns since the epoch."""
        return self._at(wall).strftime(self._words.say("format.moment"))

    def day(self, wall: int) -> str:
        """Return the date of *wall*, in ns since the epoch."""
        return self._at(wall).strftime(self._words.say("format.day"))

    def time(self, wall: int) -> str:
        """Return hour and minute of *wall*, in ns since the epoch."""
        return self._at(wall).strftime("%H:%M")

    def machine_time(self, wall: int) -> str:
        """Return *wall*, in ns since the epoch, as programs read it: ISO 8601 in UTC."""
        return utc(wall)

    def _at(self, wall: int) -> datetime:
        return datetime.fromtimestamp(wall / NANOSECONDS_PER_SECOND, self._zone)

    def _fine(self, value: float, units: Sequence[str], thousandth: str) -> str:
        return self._scaled(value * STEP, (thousandth,)) if 0 < value < FINE else self._scaled(value, units)

    def _scaled(self, value: float, units: Sequence[str]) -> str:
        if 0 < value < SMALLEST:
            return f"<{self._space}{self._words.number(SMALLEST, 2)}{self._space}{units[0]}"
        place = 0
        while round(value, _decimals(value)) >= STEP and place < len(units) - 1:
            value /= STEP
            place += 1
        number = self._words.number(value, _decimals(value)) if value else "0"
        return f"{number}{self._space}{units[place]}"

    def _percent(self, percent: float, decimals: int) -> str:
        # English writes no space before the sign
        space = self._space if self._words.language is Language.FRENCH else ""
        return f"{self._words.number(percent, decimals)}{space}%"

    def _joined(self, *parts: tuple[int, str]) -> str:
        return " ".join(f"{number}{self._space}{unit}" for number, unit in parts if number or len(parts) == 1)


def _decimals(value: float) -> int:
    if round(value, 1) >= WHOLE:
        return 0
    return 1 if round(value, 2) >= WHOLE / 10 else 2
