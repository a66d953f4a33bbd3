"""The tables of what is not this host's: services bought as an API, and figures of other programs. It is in no sum."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from monitor.ledger.schema_base import addressed, metadata

external_series: Final = Table(
    "external_series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("host_id", ForeignKey("hosts.id"), nullable=False),
    Column("external", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("unit", Text, nullable=False),
    UniqueConstraint("host_id", "external", "provider", "model", "unit"),
)
"""What services that are bought as an API do. Nothing of it is in the sums of a host."""

external_bases: Final = addressed("external_bases")
"""All that the tokens of bought services were ever reckoned with, as JSON; `digest` is the SHA-256 of the body."""

external_amounts: Final = Table(
    "external_amounts",
    metadata,
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("until", BigInteger, primary_key=True, autoincrement=False),
    Column("series_id", ForeignKey("external_series.id"), primary_key=True, autoincrement=False),
    Column("source", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("counted", Boolean, nullable=False),
    Column("basis_id", ForeignKey("external_bases.id"), nullable=True),
    sqlite_with_rowid=False,
)
"""What bought services did in an hour (`source`: events), or in a day or a month (a row of a file).

What is not `counted` is a cross-check. Output tokens have the basis that they are reckoned with.
"""

external_marks: Final = Table(
    "external_marks",
    metadata,
    Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
    Column("stream", Text, primary_key=True),
    Column("through", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Up to which number the events of a stream are in `external_amounts`."""

imports: Final = Table(
    "imports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("host_id", ForeignKey("hosts.id"), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("machine", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("made", BigInteger, nullable=False),
    UniqueConstraint("host_id", "digest"),
)
"""Files of another program's figures, by the SHA-256 of their content, and the machine that they are of."""

imported_runs: Final = Table(
    "imported_runs",
    metadata,
    Column("moment", BigInteger, primary_key=True, autoincrement=False),
    Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
    Column("run", Text, primary_key=True),
    Column("import_id", ForeignKey("imports.id"), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("project", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("energy", BigInteger, nullable=False),
    Column("emissions", BigInteger, nullable=True),
    Column("water", BigInteger, nullable=True),
    sqlite_with_rowid=False,
)
"""What a run of another program had come to at a moment: of each run the later row contains the earlier.

Nothing of it is in the sums of a host.
"""
