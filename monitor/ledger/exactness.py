"""Sums of whole numbers that are exact on every database, however large they are.

SQLite adds in 64 bits: the microjoules of 2.6 GWh are too many for it. PostgreSQL adds in decimals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func
from sqlalchemy.exc import OperationalError

if TYPE_CHECKING:
    from decimal import Decimal

    from sqlalchemy import ColumnElement, Connection, Select

MILLION: Final = 1_000_000
_TOO_LARGE: Final = "integer overflow"
"""What SQLite says rather than a sum of whole numbers that is wrong. Source: its documentation of the function sum."""


def summed(
    connection: Connection, asked: Select[*tuple[Any, ...]], *numbers: ColumnElement[int]
) -> list[tuple[Any, ...]]:
    """Return the rows of *asked*, which are groups, each with the exact sums of *numbers* after its own columns.

    They are added up as they are, at half the cost of `split_sum`, which follows where a sum is too large for that.
    """
    own = len(asked.selected_columns)
    try:
        rows = connection.execute(asked.add_columns(*(func.sum(number) for number in numbers))).all()
    except OperationalError as error:
        if str(error.orig) != _TOO_LARGE:
            raise
        return _split(connection, asked, *numbers)
    return [(*row[:own], *map(int, row[own:])) for row in rows]


def exact(millions: int | Decimal, rest: int | Decimal) -> int:
    """Return the sum of numbers from the sums of their whole *millions* and of the *rest* of each."""
    return int(millions) * MILLION + int(rest)


def split_sum(number: ColumnElement[int]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Return the two sums that `exact` puts together: each fits for a million times as many."""
    return func.sum(number // MILLION), func.sum(number % MILLION)


def _split(
    connection: Connection, asked: Select[*tuple[Any, ...]], *numbers: ColumnElement[int]
) -> list[tuple[Any, ...]]:
    own = len(asked.selected_columns)
    rows = connection.execute(asked.add_columns(*(part for number in numbers for part in split_sum(number))))
    return [(*row[:own], *(exact(*row[at : at + 2]) for at in range(own, len(row), 2))) for row in rows]
