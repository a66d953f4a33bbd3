"""One rule to add whole numbers up on every database: their millions and what is left of each, apart.

SQLite adds in 64 bits: the microjoules of 2.6 GWh are too many for it. PostgreSQL adds in decimals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func

if TYPE_CHECKING:
    from decimal import Decimal

    from sqlalchemy import ColumnElement

MILLION: Final = 1_000_000


def exact(millions: int | Decimal, rest: int | Decimal) -> int:
    """Return the sum of numbers from the sums of their whole *millions* and of the *rest* of each."""
    return int(millions) * MILLION + int(rest)


def split_sum(number: ColumnElement[int]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Return the two sums that `exact` puts together."""
    return func.sum(number // MILLION), func.sum(number % MILLION)
