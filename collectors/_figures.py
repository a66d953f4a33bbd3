"""What the collectors of grid intensity share: reading one figure out of a provider's JSON, or refusing it.

Types slip: a number comes as a number or as a string. What is out of all bounds is refused rather than kept.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
YEARS: Final = range(2000, 2200)
"""What a figure may be of, so that a moment is a 64-bit number of ns. Our choice."""
HIGHEST: Final = Decimal(2000)
"""The most that a kWh can emit, in g. Our choice: the worst grids, of coal and oil alone, stay below 1,300."""
NUMBER: Final = re.compile(r"-?\d{1,9}(\.\d{1,12})?", re.ASCII)
LONGEST: Final = 8192
"""How long one figure's JSON may be, in characters. Our choice: a row of all that ODRE has is a tenth of that."""


class NoFigureError(ValueError):
    """What the provider sent of one time is no figure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What one row says: a moment, in ns since the epoch, and g CO2e/kWh; the row itself, and its JSON."""

    start: int
    grams: Decimal
    row: Mapping[str, object]
    raw: str


def figure(row: object, moment: str, grams: str) -> Figure | None:
    """Return what *row* says in its fields *moment* and *grams*; None where it says that there is nothing yet.

    Raises NoFigureError.
    """
    if not isinstance(row, dict) or grams not in row:
        raise NoFigureError
    if row[grams] in (None, "", "ND"):  # "ND": not available. Source: ODRE, eco2mix-national-tr
        return None
    return Figure(moment_of(row.get(moment)), number_of(row[grams]), row, text_of(row))


def number_of(value: object) -> Decimal:
    """Return the intensity that *value*, a number or a string with one, stands for. Raises NoFigureError."""
    text = value.strip() if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
    if isinstance(value, bool) or not NUMBER.fullmatch(text):
        raise NoFigureError
    number = Decimal(text)
    if not 0 <= number <= HIGHEST:
        raise NoFigureError
    return number


def moment_of(value: object) -> int:
    """Return the moment that *value* says (ISO 8601 with its offset), in ns since the epoch. Raises NoFigureError."""
    if not isinstance(value, str):
        raise NoFigureError
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise NoFigureError from error
    if moment.tzinfo is None or moment.year not in YEARS:
        raise NoFigureError
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def text_of(row: Mapping[str, object]) -> str:
    """Return *row* as JSON text, in ASCII. Raises NoFigureError where that can't be, or is far too long."""
    try:
        text = json.dumps(row, allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError) as error:
        raise NoFigureError from error
    if len(text) > LONGEST:
        raise NoFigureError
    return text


def iso(moment: int) -> str:
    """Return *moment* (ns since the epoch) as ISO 8601 in UTC, to the second."""
    return (EPOCH + timedelta(microseconds=moment // 1000)).isoformat(timespec="seconds")


def rows_in(content: object, *keys: str) -> Sequence[object] | None:
    """Return the list that *content* holds under the first of *keys* that it has; None where there is none."""
    if not isinstance(content, dict):
        return None
    return next((content[key] for key in keys if isinstance(content.get(key), list)), None)
