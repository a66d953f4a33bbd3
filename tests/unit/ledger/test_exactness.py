"""Sums of whole numbers are exact whatever they come to; on PostgreSQL too: tests/contract/test_ledger.py."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, create_engine, event, insert, select
from sqlalchemy.exc import OperationalError

from monitor.ledger.exactness import summed, summed_by_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Select

ROWS = Table("rows", MetaData(), Column("key", Integer), Column("one", BigInteger), Column("other", BigInteger))
LARGEST = 2**63 - 1
numbers = st.integers(-LARGEST, LARGEST) | st.integers(-5, 5)


def by_key() -> Select[Any]:
    return select(ROWS.c.key).group_by(ROWS.c.key)


@contextmanager
def database(rows: Sequence[tuple[int, int, int]]) -> Iterator[Connection]:
    """Give a database with the *rows*."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        ROWS.create(connection)
        if rows:
            connection.execute(insert(ROWS), [dict(zip(("key", "one", "other"), row, strict=True)) for row in rows])
        yield connection
    engine.dispose()


def sums_of(rows: Sequence[tuple[int, int, int]]) -> tuple[list[tuple[Any, ...]], int]:
    """Return the sums of the *rows* by key, and how many statements they took."""
    said: list[str] = []
    with database(rows) as connection:
        event.listen(connection, "before_cursor_execute", lambda *arguments: said.append(arguments[2]))
        return summed(connection, by_key(), ROWS.c.one, ROWS.c.other), len(said)


@given(st.lists(st.tuples(st.integers(0, 2), numbers, numbers), max_size=12))
def test_sums_are_those_of_adding_up_one_by_one(rows: list[tuple[int, int, int]]) -> None:
    one, other = Counter[int](), Counter[int]()
    for key, first, second in rows:
        one[key] += first
        other[key] += second
    expected = [(key, one[key], other[key]) for key in sorted(one)]
    assert sorted(sums_of(rows)[0]) == expected
    with database(rows) as connection:
        assert sorted(summed_by_number(connection, select(ROWS.c.key, ROWS.c.one, ROWS.c.other))) == expected


def test_what_fits_is_read_once() -> None:
    assert sums_of([(1, LARGEST - 1, -LARGEST), (1, 1, 0), (2, 3, 4)]) == ([(1, LARGEST, -LARGEST), (2, 3, 4)], 1)


def test_what_does_not_fit_is_exact_by_a_second_reading() -> None:
    # also where the whole would fit, and a part of it does not
    assert sums_of([(1, LARGEST, 7), (1, LARGEST, 8), (1, -LARGEST, 9)]) == ([(1, LARGEST, 24)], 2)


def test_sums_by_number_are_of_their_own_rows_and_in_the_order_of_the_numbers() -> None:
    with database([(2, 10, 1), (1, 20, 2), (2, 30, 3)]) as connection:
        rows = select(ROWS.c.key, ROWS.c.one, ROWS.c.other)
        assert summed_by_number(connection, rows) == [(1, 20, 2), (2, 40, 4)]
        assert summed_by_number(connection, rows.where(ROWS.c.other > 1)) == [(1, 20, 2), (2, 30, 3)]
        assert summed_by_number(connection, select(ROWS.c.key, ROWS.c.one)) == [(1, 20), (2, 40)]
        assert summed_by_number(connection, rows.where(ROWS.c.other > 9)) == []


def test_a_sum_by_number_that_was_too_large_for_a_while_is_exact() -> None:
    with database([(1, 3, 0), (1, LARGEST, 0), (1, LARGEST, 0), (1, -LARGEST, 0), (1, -LARGEST, 0)]) as connection:
        assert summed_by_number(connection, select(ROWS.c.key, ROWS.c.one)) == [(1, 3)]


def test_what_else_a_database_says_is_not_taken_for_a_sum() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(OperationalError, match="no such table"):
        summed(connection, by_key(), ROWS.c.one)
    engine.dispose()
