"""Quantities as a person writes them: a number and its unit, "5s", "280 W", "16 GiB". A unit is never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from monitor.core.interval import HOUR, MINUTE
from monitor.core.units import (
    BYTES_PER_GIBIBYTE,
    MICROWATTS_PER_WATT,
    NANOSECONDS_PER_SECOND,
    Duration,
    Memory,
    Power,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class WrongValueError(ValueError):
    """A value can't be what its key asks for. `instead` is what to write, as TOML; empty where only a person knows."""

    def __init__(self, what: str, instead: str = "") -> None:
        super().__init__(f"{what}: write {instead}" if instead else what)
        self.what = what
        self.instead = instead


@dataclass(frozen=True, slots=True)
class Scale:
    """The units of one kind of quantity, smallest first: unit -> how many of the base unit it holds."""

    noun: str
    units: Mapping[str, int]
    usual: str
    """The unit suggested where there is none."""
    space: str
    """What stands between the number and the unit."""
    mistaken: Mapping[str, str]
    """What people write in its place, in lower case -> the unit they probably mean. Suggested, never taken."""

    def written(self, number: str, unit: str) -> str:
        """Return *number* and *unit* as TOML text."""
        return f'"{number}{self.space}{unit}"'


DURATIONS: Final = Scale(
    noun="a duration",
    units={
        "ms": NANOSECONDS_PER_SECOND // 1000,
        "s": NANOSECONDS_PER_SECOND,
        "min": MINUTE.nanoseconds,
        "h": HOUR.nanoseconds,
        "d": 24 * HOUR.nanoseconds,
    },
    usual="s",
    space="",
    mistaken={
        "sec": "s",
        "secs": "s",
        "second": "s",
        "seconds": "s",
        "seconde": "s",
        "secondes": "s",
        "m": "min",
        "mn": "min",
        "mins": "min",
        "minute": "min",
        "minutes": "min",
        "hour": "h",
        "hours": "h",
        "heure": "h",
        "heures": "h",
        "day": "d",
        "days": "d",
        "j": "d",
        "jour": "d",
        "jours": "d",
    },
)
POWERS: Final = Scale(
    noun="a power",
    units={"mW": MICROWATTS_PER_WATT // 1000, "W": MICROWATTS_PER_WATT, "kW": 1000 * MICROWATTS_PER_WATT},
    usual="W",
    space=" ",
    mistaken={"watt": "W", "watts": "W", "kilowatt": "kW", "kilowatts": "kW"},
)
MEMORIES: Final = Scale(
    noun="an amount of memory",
    units={
        "B": 1,
        "kB": 1000,
        "KiB": 1 << 10,
        "MB": 1000**2,
        "MiB": 1 << 20,
        "GB": 1000**3,
        "GiB": BYTES_PER_GIBIBYTE,
        "TB": 1000**4,
        "TiB": 1 << 40,
    },
    usual="GiB",
    space=" ",
    mistaken={
        "o": "B",
        "ko": "kB",
        "mo": "MB",
        "go": "GB",
        "to": "TB",
        "g": "GiB",
        "m": "MiB",
        "t": "TiB",
        "gio": "GiB",
    },
)

_QUANTITY: Final = re.compile(r"\s*(?P<sign>[-+]?)(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>[^\d\s]*)\s*")
_DECIMALS: Final = 3
"""The most decimals that a quantity is printed with: below that a smaller unit reads better."""


def duration(value: object) -> Duration:
    """Return the duration that *value* says. Raises WrongValueError: no text, no unit, an unknown one, negative."""
    return Duration(_amount(value, DURATIONS))


def power(value: object) -> Power:
    """Return the power that *value* says. Raises WrongValueError: no text, no unit, an unknown one, negative."""
    return Power(_amount(value, POWERS))


def memory(value: object) -> Memory:
    """Return the memory that *value* says. Raises WrongValueError: no text, no unit, an unknown one, negative."""
    return Memory(_amount(value, MEMORIES))


def duration_text(value: Duration) -> str:
    """Return *value* as `duration` reads it: `5s`, `1.5h`."""
    return _text(value.nanoseconds, DURATIONS)


def power_text(value: Power) -> str:
    """Return *value* as `power` reads it: `280 W`."""
    return _text(value.microwatts, POWERS)


def memory_text(value: Memory) -> str:
    """Return *value* as `memory` reads it: `16 GiB`."""
    return _text(value.bytes, MEMORIES)


def _amount(value: object, scale: Scale) -> int:
    """Return how many of the base unit *value* says, rounded to a whole one."""
    example = scale.written("5", scale.usual)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        message = f"{scale.noun} is text, a number and its unit"
        raise WrongValueError(message, example)
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        message = f"{value!r} is not {scale.noun}"
        raise WrongValueError(message, example)
    number = match["number"].replace(",", ".")
    if match["sign"] == "-":
        message = f"{scale.noun} can't be negative"
        raise WrongValueError(message)
    if not match["unit"]:
        raise WrongValueError("a bare number needs a unit", scale.written(number, scale.usual))
    if match["unit"] not in scale.units:
        raise WrongValueError(_unknown(match["unit"], scale), scale.written(number, _nearest(match["unit"], scale)))
    if "," in match["number"]:
        raise WrongValueError("decimals follow a point", scale.written(number, match["unit"]))
    return round(Decimal(number) * scale.units[match["unit"]])


def _unknown(unit: str, scale: Scale) -> str:
    return f"{unit!r} is not a unit that {scale.noun} can have ({', '.join(scale.units)})"


def _nearest(unit: str, scale: Scale) -> str:
    by_lower = {known.lower(): known for known in scale.units} | dict(scale.mistaken)
    close = get_close_matches(unit.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else scale.usual


def _text(amount: int, scale: Scale) -> str:
    """Return *amount* in the largest unit that says it exactly in few decimals."""
    for unit, size in sorted(scale.units.items(), key=lambda item: -item[1]):
        number = Decimal(amount) / size
        if number >= 1 and number == round(number, _DECIMALS):
            return f"{_plain(number)}{scale.space}{unit}"
    unit, size = min(scale.units.items(), key=lambda item: item[1])
    return f"{_plain(Decimal(amount) / size)}{scale.space}{unit}"


def _plain(number: Decimal) -> str:
    """Return *number* without an exponent and without the zeros that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
