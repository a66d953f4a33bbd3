"""What all tables of the ledger hang on."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Integer, MetaData, String, Table, Text

metadata: Final = MetaData()

hosts: Final = Table(
    "hosts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("name", Text, nullable=False),
)
"""The machines that were measured."""


def addressed(name: str) -> Table:
    """Return a table of texts that are known by the SHA-256 of what they say."""
    return Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        Column("digest", String(64), nullable=False, unique=True),
        Column("body", Text, nullable=False),
    )
