"""Sums of whole numbers that are exact on every database, however large they are.

SQLite adds in 64 bits: the microjoules of 2.6 GWh are too many for it. PostgreSQL adds in decimals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import column, delete, func, select, table, true
from sqlalchemy.dialects import sqlite
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

    They are added up as they are; where a sum is too large for that, once more as `split_sum` does.
    """
    own = len(asked.selected_columns)
    try:
        rows = connection.execute(asked.add_columns(*(func.sum(number) for number in numbers))).all()
    except OperationalError as error:
        if str(error.orig) != _TOO_LARGE:
            raise
        return _split(connection, asked, *numbers)
    return [(*row[:own], *map(int, row[own:])) for row in rows]


def summed_by_number(connection: Connection, rows: Select[*tuple[Any, ...]]) -> list[tuple[int, ...]]:
    """Return the exact sums of *rows* by the number in their first column: it, and the sum of each other column."""
    if connection.dialect.name == "sqlite":
        found = _kept_sums(connection, rows)
        if all(isinstance(amount, int) for sums in found for amount in sums):
            return found
    number, *amounts = rows.subquery().c
    return summed(connection, select(number).group_by(number), *amounts)


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


def _kept_sums(connection: Connection, rows: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the sums that SQLite keeps while it goes through *rows*: it would sort them all to put them into groups.

    What does not fit in 64 bits has become a float, and stays one: the columns have no type that it is changed back to.
    Source: SQLite documentation, Datatypes, 3.1 and 4.2.
    """
    names = [f"amount_{place}" for place in range(1, len(rows.selected_columns))]
    sums = table(f"sums_of_{len(names)}", *map(column, ("number", *names)), schema="temp")
    columns = ", ".join(("number INTEGER PRIMARY KEY", *names))
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE IF NOT EXISTS {sums.name} ({columns})")
    connection.execute(delete(sums))
    # without a condition SQLite would take ON for that of a join
    adding = sqlite.insert(sums).from_select(["number", *names], rows.where(true()))
    added = {name: sums.c[name] + adding.excluded[name] for name in names}
    connection.execute(adding.on_conflict_do_update(index_elements=["number"], set_=added))
    return [tuple(row) for row in connection.execute(select(sums).order_by(sums.c.number)).all()]
