"""Quantities for people: three digits, the unit that suits, written as the language does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from monitor.config import Language
from monitor.core.interval import HOUR, MINUTE
from monitor.core.units import NANOSECONDS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from monitor.core.units import Duration, Energy, Power
    from monitor.wording import Words

WATT_HOURS: Final = ("Wh", "kWh", "MWh", "GWh", "TWh")
WATTS: Final = ("W", "kW", "MW")
STEP: Final = 1000
WHOLE: Final = 100
"""From here on no decimals, so that three digits are left."""
SMALLEST: Final = 0.01
"""What is less, and more than nothing, is said to be less than this."""
DAY: Final = 24


class Quantities:
    """Writes quantities in one language and one time zone. A number stays on the line of its unit."""

    def __init__(self, words: Words, zone: tzinfo) -> None:
        self._words = words
        self._zone = zone
        self._space = "\N{NARROW NO-BREAK SPACE}" if words.language is Language.FRENCH else "\N{NO-BREAK SPACE}"

    def energy(self, energy: Energy) -> str:
        """Return *energy* in watt-hours or a multiple of it: `1,52 kWh`."""
        return self._scaled(energy.kilowatt_hours * STEP, WATT_HOURS)

    def power(self, power: Power) -> str:
        """Return *power* in watts or a multiple of it: `243 W`."""
        return self._scaled(power.watts, WATTS)

    def watts(self, watts: float) -> str:
        """Return a power that is given as a number of watts, as `power` does."""
        return self._scaled(watts, WATTS)

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

    def time(self, wall: int) -> str:
        """Return hour and minute of *wall*, in ns since the epoch."""
        return self._at(wall).strftime("%H:%M")

    def machine_time(self, wall: int) -> str:
        """Return *wall*, in ns since the epoch, as programs read it: ISO 8601 in UTC."""
        return utc(wall)

    def _at(self, wall: int) -> datetime:
        return datetime.fromtimestamp(wall / NANOSECONDS_PER_SECOND, self._zone)

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


def utc(wall: int) -> str:
    """Return *wall*, in ns since the epoch, as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(wall // NANOSECONDS_PER_SECOND, UTC).isoformat().replace("+00:00", "Z")


def _decimals(value: float) -> int:
    if round(value, 1) >= WHOLE:
        return 0
    return 1 if round(value, 2) >= WHOLE / 10 else 2
