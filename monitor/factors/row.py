"""One `[[factor]]` of a file: its keys, what each says, and how its value is read."""
# annotations are real objects here, not text: they are looked at once for each of hundreds of rows

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from monitor.config.quantities import WrongValueError
from monitor.config.tables import Key
from monitor.config.values import text
from monitor.core.factors import Accounting, Boundary, Cycle, Quantity

Word = TypeVar("Word", bound=StrEnum)

EARLIEST: Final = 1990
LATEST: Final = 2100
"""Years outside are taken for typing errors."""
DIGITS: Final = 40
"""A number of more is a typing error, and exact products of it would take for ever."""
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/+-]*")
_PROVIDER: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_ADDRESS: Final = re.compile(r"https?://\S+|file:\S+")


def key(value: object) -> str:
    """Return the key of a factor."""
    return _shaped(value, _KEY, '"electricity/FR/our-supplier/2026"')


def provider(value: object) -> str:
    """Return the short name of who says so."""
    return _shaped(value, _PROVIDER, '"our-supplier"')


def address(value: object) -> str:
    """Return where the source is found."""
    return _shaped(value, _ADDRESS, '"https://..." (for a paper of your own: "file:where-it-is-kept")')


def _shaped(value: object, shape: re.Pattern[str], example: str) -> str:
    written = text(value)
    if shape.fullmatch(written) is None:
        raise WrongValueError(f"{written} is not of the form that is needed", example)
    return written


def number(value: object) -> Decimal:
    """Return a decimal, zero or more, exactly as it is written."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        message = "it is a number, without quotes and without its unit"
        raise WrongValueError(message)
    exact = Decimal(value)
    if not exact.is_finite() or exact < 0:
        message = "it is a number, zero or more"
        raise WrongValueError(message)
    _, digits, exponent = exact.as_tuple()
    if len(digits) > DIGITS or abs(int(exponent)) > DIGITS:
        message = f"it is a number of at most {DIGITS} digits"
        raise WrongValueError(message)
    return exact


def year(value: object) -> int:
    """Return a year."""
    if isinstance(value, bool) or not isinstance(value, int) or not EARLIEST <= value <= LATEST:
        message = f"it is a year between {EARLIEST} and {LATEST}, without quotes"
        raise WrongValueError(message)
    return value


def day(value: object) -> date:
    """Return a day."""
    if not isinstance(value, date) or isinstance(value, datetime):
        message = "it is a day, without quotes and without a time"
        raise WrongValueError(message, "2026-01-01, for example")
    return value


def word_of(words: type[Word]) -> Callable[[object], Word]:
    """Return what reads one of *words*."""
    known = {one.value: one for one in words}

    def read(value: object) -> Word:
        written = text(value)
        if written in known:
            return known[written]
        close = get_close_matches(written, known, n=1)
        options = " or ".join(f'"{one}"' for one in known)
        raise WrongValueError(f"{written} is no word for it", f'"{close[0]}"' if close else options)

    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A factor as it is written in a file; its fields are those of `monitor.core.factors.Factor`."""

    key: Annotated[str, Key("its name, unique in the set", key, '"electricity/FR/our-supplier/2026"')]
    quantity: Annotated[Quantity, Key("what it is of", word_of(Quantity), '"electricity"')]
    subject: Annotated[str, Key("the zone, kind of site, model of hardware or thing compared with", text, '"FR"')]
    provider: Annotated[str, Key("who says so, as one short word", provider, '"our-supplier"')]
    value: Annotated[Decimal, Key("the figure, in its unit", number, "14.2")]
    low: Annotated[Decimal, Key("the lowest that it may be", number, "11.0")]
    high: Annotated[Decimal, Key("the highest that it may be", number, "18.0")]
    unit: Annotated[str, Key("its unit", text, '"gCO2e/kWh"')]
    year: Annotated[int, Key("the year of its data", year, "2026")]
    valid_from: Annotated[date, Key("the first day that it holds on", day, "2026-01-01")]
    valid_to: Annotated[date | None, Key("the last day", day, "2026-12-31", "until the provider's next one")] = None
    cycle: Annotated[Cycle | None, Key("over which part of the life", word_of(Cycle), '"life_cycle"', "none")] = None
    boundary: Annotated[
        Boundary | None, Key("generated there, or consumed there", word_of(Boundary), '"consumption"', "none")
    ] = None
    accounting: Annotated[
        Accounting | None, Key("by place, or by contract", word_of(Accounting), '"location"', "none")
    ] = None
    source: Annotated[str, Key("who says so, in which publication", text, '"Contract 2026-ELEC-7, annex 2"')]
    address: Annotated[str, Key("where that is found", address, '"https://www.example.org/contract-2026-ELEC-7"')]
    licence: Annotated[str, Key("under which licence it may be shown", text, '"ours"')]
    retrieved: Annotated[date, Key("when it was looked up", day, "2026-11-23")]
    note: Annotated[str, Key("what else one has to know", text, '"guaranteed by the supplier"', "none")] = ""
