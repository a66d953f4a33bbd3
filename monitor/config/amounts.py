"""Amounts that become factors, exactly as they are written: "12 g/kWh", "0.2016 EUR/kWh", "273 kgCO2e", days, hours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.config.quantities import WrongValueError

if TYPE_CHECKING:
    from collections.abc import Mapping

EARLIEST_YEAR: Final = 1990
LATEST_YEAR: Final = 2100
"""Years outside are taken for typing errors."""
MINUTES_AN_HOUR: Final = 60
MINUTES_A_DAY: Final = 24 * MINUTES_AN_HOUR
_ONE: Final = Decimal(1)
_AMOUNT: Final = re.compile(
    r"\s*(?P<sign>[-+]?)(?P<number>\d+(?:[.,]\d+)?(?:[eE][-+]?\d{1,3})?)\s*(?P<unit>[^\d\s.,+-].*?)?\s*"
)
_SPAN: Final = re.compile(r"\s*(\d{1,2})[:hH](\d{2})?\s*[-\u2013\u2014]\s*(\d{1,2})[:hH](\d{2})?\s*")
_FRENCH_DAY: Final = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")


@dataclass(frozen=True, slots=True)
class Exact:
    """A reader of one kind of amount, which keeps every digit. It returns how many of the first of its units."""

    noun: str
    units: Mapping[str, Decimal]
    """unit -> how many of the first one it holds."""
    example: str
    """As TOML."""
    highest: Decimal
    """Beyond that somebody mistook the unit."""
    positive: bool = False
    """Whether zero is impossible."""
    mistaken: Mapping[str, tuple[str, Decimal]] | None = None
    """What people write, in lower case and without spaces -> what they mean, and how many. Suggested, never taken."""

    def __call__(self, value: object) -> Decimal:
        """Return what *value* says. Raises WrongValueError: no text, no unit, an unknown one, out of range."""
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
            message = f"{self.noun} is text, a number and its unit"
            raise WrongValueError(message, self.example)
        match = _AMOUNT.fullmatch(str(value))
        if match is None:
            message = f"{str(value)!r} is not {self.noun}"
            raise WrongValueError(message, self.example)
        if match["sign"] == "-":
            message = f"{self.noun} can't be negative"
            raise WrongValueError(message)
        number = Decimal(match["number"].replace(",", "."))
        self._check_unit(number, match["unit"] or "")
        if "," in match["number"]:
            raise WrongValueError("decimals follow a point", self.written(number, match["unit"]))
        return self._in_range(number * self.units[match["unit"]])

    def written(self, number: Decimal, unit: str = "") -> str:
        """Return *number* of *unit*, the first one where none is given, as TOML."""
        return f'"{plain(number)} {unit or self.base}"'

    @property
    def base(self) -> str:
        """The unit in which amounts are returned."""
        return next(iter(self.units))

    def _check_unit(self, number: Decimal, unit: str) -> None:
        if not unit:
            raise WrongValueError("a bare number needs a unit", self.written(number))
        if unit in self.units:
            return
        word = "".join(unit.lower().split())
        known = {one.lower(): (one, _ONE) for one in self.units} | dict(self.mistaken or {})
        message = f"{unit!r} is not a unit that {self.noun} can have ({', '.join(self.units)})"
        if word in known:
            meant, many = known[word]
            raise WrongValueError(message, self.written(number * many, meant))
        raise WrongValueError(message, f"{self.example}, for example")

    def _in_range(self, amount: Decimal) -> Decimal:
        if amount > self.highest:
            message = (
                f"{plain(amount)} {self.base} can't be {self.noun}: the most is {plain(self.highest)} {self.base}; "
                "look at the unit"
            )
            raise WrongValueError(message)
        if self.positive and not amount:
            message = f"{self.noun} can't be zero"
            raise WrongValueError(message)
        return amount


intensity: Final = Exact(
    noun="a carbon intensity",
    units={"g/kWh": _ONE, "kg/kWh": Decimal(1000)},
    example='"12 g/kWh"',
    highest=Decimal(3000),  # coal has 910 at most. Source: IPCC, AR5 WG III, annex III, table A.III.2
    mistaken={
        **dict.fromkeys(("gco2e/kwh", "gco2/kwh", "gco2eq/kwh", "geqco2/kwh", "kg/mwh", "g"), ("g/kWh", _ONE)),
        **dict.fromkeys(("kgco2e/kwh", "kgco2/kwh", "kgco2eq/kwh", "t/mwh", "tco2e/mwh"), ("kg/kWh", _ONE)),
        "kgco2e/mwh": ("g/kWh", _ONE),
    },
)
"""A `Read` of the greenhouse gases of a kilowatt-hour, in g/kWh."""
water: Final = Exact(
    noun="an amount of water for each kilowatt-hour",
    units={"L/kWh": _ONE},
    example='"0.4 L/kWh"',
    highest=Decimal(50),
    mistaken=dict.fromkeys(("litre/kwh", "litres/kwh", "liter/kwh", "m3/mwh", "m³/mwh", "l"), ("L/kWh", _ONE)),
)
"""A `Read` of a water usage effectiveness, in L/kWh."""
price: Final = Exact(
    noun="a price of a kilowatt-hour",
    units={"EUR/kWh": _ONE, "EUR/MWh": Decimal("0.001")},
    example='"0.2016 EUR/kWh"',
    highest=Decimal(10),
    mistaken={
        **dict.fromkeys(("€/kwh", "euro/kwh", "euros/kwh", "€", "eur", "k€/mwh"), ("EUR/kWh", _ONE)),
        **dict.fromkeys(("€/mwh", "euro/mwh", "euros/mwh"), ("EUR/MWh", _ONE)),
        **{word: ("EUR/kWh", Decimal("0.01")) for word in ("ct/kwh", "cts/kwh", "c€/kwh", "cent/kwh", "centimes/kwh")},
    },
)
"""A `Read` of what a kilowatt-hour costs, in EUR/kWh."""
energy: Final = Exact(
    noun="an energy",
    units={"kWh": _ONE, "Wh": Decimal("0.001"), "MWh": Decimal(1000)},
    example='"12 kWh"',
    highest=Decimal(1_000_000_000),
    positive=True,
    mistaken={
        **dict.fromkeys(("kw", "kw/h"), ("kWh", _ONE)),
        "gwh": ("MWh", Decimal(1000)),
    },
)
"""A `Read` of an energy, in kWh."""
emissions: Final = Exact(
    noun="an amount of greenhouse gases",
    units={"kgCO2e": _ONE},
    example='"273 kgCO2e"',
    highest=Decimal(1_000_000),
    positive=True,
    mistaken={
        **dict.fromkeys(("kg", "kgco2", "kgco2eq", "kgco₂e", "kgeqco2", "kgéqco2"), ("kgCO2e", _ONE)),
        **{word: ("kgCO2e", Decimal(1000)) for word in ("t", "tco2e", "tco2", "tco2eq", "teqco2")},
        **{word: ("kgCO2e", Decimal("0.001")) for word in ("g", "gco2e", "gco2", "gco2eq")},
    },
)
"""A `Read` of the greenhouse gases of making a thing, in kgCO2e."""
antimony: Final = Exact(
    noun="an amount of minerals and metals",
    units={"kgSbe": _ONE},
    example='"0.0089 kgSbe"',
    highest=Decimal(1000),
    positive=True,
    mistaken={
        **dict.fromkeys(("kgsb", "kgsbeq", "kgeqsb", "kgéqsb", "kg"), ("kgSbe", _ONE)),
        **{word: ("kgSbe", Decimal("0.001")) for word in ("g", "gsbe", "gsb", "gsbeq")},
    },
)
"""A `Read` of the minerals and metals (ADPe) of making a thing, in kgSbe."""
lifetime: Final = Exact(
    noun="a lifetime",
    units={"years": _ONE, "year": _ONE},
    example='"5 years"',
    highest=Decimal(50),
    positive=True,
    mistaken=dict.fromkeys(("y", "yr", "yrs", "a", "an", "ans", "année", "années"), ("years", _ONE)),
)
"""A `Read` of for how long hardware is used, in years."""
capacity: Final = Exact(
    noun="a capacity",
    units={"GB": _ONE, "TB": Decimal(1000)},
    example='"512 GB"',
    highest=Decimal(1_000_000),
    positive=True,
    mistaken={
        **dict.fromkeys(("go", "gib", "gio", "g"), ("GB", _ONE)),
        **dict.fromkeys(("to", "tib", "tio", "t"), ("TB", _ONE)),
    },
)
"""A `Read` of the capacity of memory or a disk as it is sold, in GB."""


@dataclass(frozen=True, slots=True)
class DayHours:
    """Hours of the local day, in minutes since midnight. One that ends before it begins passes midnight."""

    begin: int
    end: int
    """Not included; 1440 is the end of the day."""

    def __str__(self) -> str:
        return f"{_clock(self.begin)}-{_clock(self.end)}"


def day_hours(value: object) -> tuple[DayHours, ...]:
    """Return a list of hours of the day: `["22:30-06:30"]`."""
    if not isinstance(value, list) or not value:
        raise WrongValueError("it is a list of hours", f'["{value}"]' if isinstance(value, str) else '["22:30-06:30"]')
    return tuple(_day_hours(one) for one in value)


def _day_hours(value: object) -> DayHours:
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    numbers = [int(part or 0) for part in match.groups()] if match is not None else []
    if not numbers or numbers[1] >= MINUTES_AN_HOUR or numbers[3] >= MINUTES_AN_HOUR:
        message = f"{value!r} does not say from when to when"
        raise WrongValueError(message, '"22:30-06:30"')
    begin, end = numbers[0] * MINUTES_AN_HOUR + numbers[1], numbers[2] * MINUTES_AN_HOUR + numbers[3]
    if begin >= MINUTES_A_DAY or end > MINUTES_A_DAY or begin == end:
        message = f"{value!r} is no part of a day, which goes from 00:00 to 24:00"
        raise WrongValueError(message)
    span = DayHours(begin, end)
    if str(span) != value:
        message = f"{value!r} is not written as hours are here"
        raise WrongValueError(message, f'"{span}"')
    return span


def day(value: object) -> date:
    """Return a day: a date of TOML, without quotes."""
    if isinstance(value, date) and not isinstance(value, datetime):
        if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
            message = f"{value} is not between {EARLIEST_YEAR} and {LATEST_YEAR}"
            raise WrongValueError(message)
        return value
    raise WrongValueError("it is a day, year-month-day, without quotes", _meant_day(value))


def year(value: object) -> int:
    """Return a year."""
    if isinstance(value, bool) or not isinstance(value, int):
        number = str(value).strip()
        raise WrongValueError("it is a year, without quotes", number if re.fullmatch(r"(19|20)\d\d", number) else "")
    if not EARLIEST_YEAR <= value <= LATEST_YEAR:
        message = f"{value} is not between {EARLIEST_YEAR} and {LATEST_YEAR}"
        raise WrongValueError(message)
    return value


def count(value: object) -> int:
    """Return how many there are, one or more."""
    if isinstance(value, bool) or not isinstance(value, int):
        digits = str(value).strip()
        raise WrongValueError("it is a whole number, without quotes", digits if digits.isdecimal() else "")
    if not 1 <= value <= MOST_PIECES:
        message = f"{value} is not between 1 and {MOST_PIECES}"
        raise WrongValueError(message)
    return value


MOST_PIECES: Final = 10_000
"""Of one thing in one machine: beyond that somebody wrote something else."""


def plain(number: Decimal) -> str:
    """Return *number* without an exponent, and without the zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _clock(minute: int) -> str:
    return f"{minute // MINUTES_AN_HOUR:02}:{minute % MINUTES_AN_HOUR:02}"


def _meant_day(value: object) -> str:
    """Return the day that *value* probably means, as TOML."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    written = str(value).strip()
    french = _FRENCH_DAY.fullmatch(written)
    try:
        if french is not None:
            return date(int(french[3]), int(french[2]), int(french[1])).isoformat()
        return date.fromisoformat(written).isoformat()
    except ValueError:
        return "2026-01-01, for example"
