"""How rows are inserted: many at once, in the order of their keys, each where its key is not there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Table


class Insertion:
    """The statements for one kind of database, made once."""

    def __init__(self, connection: Connection) -> None:
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        self._statements = {table.name: _statement(table, mark) for table in schema.metadata.sorted_tables}

    def into(self, connection: Connection, table: Table, rows: Iterable[tuple[object, ...]]) -> None:
        """Insert *rows*, with a value for each column of *table* but `id`, which the database makes."""
        if batch := sorted(rows):
            connection.exec_driver_sql(self._statements[table.name], batch)


def _statement(table: Table, mark: str) -> str:
    columns = [f'"{column.name}"' for column in table.columns if column.name != "id"]
    marks = [mark for _ in columns]
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join(marks)}) ON CONFLICT DO NOTHING"  # noqa: S608 - the names are the schema's
