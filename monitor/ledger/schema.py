"""The tables of the ledger, the same on SQLite and PostgreSQL.

Energy is in microjoules, impacts are in whole units of their indicator, time is in ns (moments: since the epoch, UTC).
What grows is keyed by its bucket first, so that a commit touches few pages. Every row has a natural key: writing it
twice changes nothing.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from monitor.core.entries import Grain
from monitor.ledger import schema_base, schema_outside
from monitor.ledger.schema_base import addressed

SCHEMA: Final = 5
"""Number of the last migration that this program knows."""
VERSION_TABLE: Final = "schema_version"
"""Where Alembic keeps the number of the last migration that was applied."""
AS_BOOKED: Final = 0
"""The generation of what was booked, or derived, first."""

metadata: Final = schema_base.metadata
hosts: Final = schema_base.hosts

meta: Final = Table(
    "meta",
    metadata,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("uuid", String(36), nullable=False),
    Column("host_id", ForeignKey("hosts.id"), nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("grain", BigInteger, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("begun", BigInteger, nullable=False),
)
"""What the ledger is: one row. `grain` is the length of its closed hours, fixed when it was made."""

services: Final = Table(
    "services",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("host_id", ForeignKey("hosts.id"), nullable=False),
    Column("key", Text, nullable=False),
    UniqueConstraint("host_id", "key"),
)

service_attributes: Final = Table(
    "service_attributes",
    metadata,
    Column("service_id", ForeignKey("services.id"), primary_key=True),
    Column("valid_from", BigInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("found_by", Text, nullable=False),
    Column("was", Text, nullable=False),
)
"""What describes a service from `valid_from` on. `was` is a JSON list of the keys it had before."""

series: Final = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("host_id", ForeignKey("hosts.id"), nullable=False),
    Column("consumer", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("share", Text, nullable=False),
    Column("method", Text, nullable=False),
    UniqueConstraint("host_id", "consumer", "resource", "share", "method"),
)


def _entries(grain: Grain) -> Table:
    return Table(
        f"{grain}_entries",
        metadata,
        Column("bucket", BigInteger, primary_key=True, autoincrement=False),
        Column("series_id", ForeignKey("series.id"), primary_key=True, autoincrement=False),
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("energy", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _measured(grain: Grain) -> Table:
    return Table(
        f"{grain}_measured",
        metadata,
        Column("bucket", BigInteger, primary_key=True, autoincrement=False),
        Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
        Column("resource", Text, primary_key=True),
        Column("method", Text, primary_key=True),
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("energy", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _covered(grain: Grain) -> Table:
    return Table(
        f"{grain}_covered",
        metadata,
        Column("bucket", BigInteger, primary_key=True, autoincrement=False),
        Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
        Column("resource", Text, primary_key=True),
        Column("covered", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


entries: Final = {grain: _entries(grain) for grain in Grain}
"""Who used how much, by grain."""
measured: Final = {grain: _measured(grain) for grain in Grain}
"""What was measured, by grain: the entries of a bucket and meter sum exactly to it."""

covered: Final = {grain: _covered(grain) for grain in Grain}
"""For how long of a bucket a resource was measured, by grain."""

gaps: Final = Table(
    "gaps",
    metadata,
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
    Column("resource", Text, primary_key=True),
    Column("cause", Text, primary_key=True),
    Column("until", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

generations: Final = Table(
    "generations",
    metadata,
    Column("number", Integer, CheckConstraint("number > 0"), primary_key=True, autoincrement=False),
    Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)
"""Corrections. A bucket is read in the current generation with the highest number over it; else as first booked, 0."""

impact_series: Final = Table(
    "impact_series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("host_id", ForeignKey("hosts.id"), nullable=False),
    Column("consumer", Text, nullable=False),
    Column("indicator", Text, nullable=False),
    UniqueConstraint("host_id", "consumer", "indicator"),
)

hour_impacts: Final = Table(
    "hour_impacts",
    metadata,
    Column("bucket", BigInteger, primary_key=True, autoincrement=False),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("series_id", ForeignKey("impact_series.id"), primary_key=True, autoincrement=False),
    Column("low", BigInteger, nullable=False),
    Column("central", BigInteger, nullable=False),
    Column("high", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What a closed hour came to, in each generation."""

hour_reserved: Final = Table(
    "hour_reserved",
    metadata,
    Column("bucket", BigInteger, primary_key=True, autoincrement=False),
    Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
    Column("consumer", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    Column("reserved", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""For how long of a closed hour a consumer held the whole of a resource: a fact, of no generation."""


factors: Final = addressed("factors")
"""Every factor that was ever at work, whole, as JSON; `digest` is the SHA-256 of the body."""
terms: Final = addressed("terms")
"""Everything that an hour was reckoned with, as JSON, its factors by digest; `digest` is the SHA-256 of the body."""

hour_terms: Final = Table(
    "hour_terms",
    metadata,
    Column("bucket", BigInteger, primary_key=True, autoincrement=False),
    Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("terms_id", ForeignKey("terms.id"), nullable=False),
    Column("filled", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""By which terms a closed hour was reckoned, in each generation. `filled`: a live intensity was not there."""

impact_generations: Final = Table(
    "impact_generations",
    metadata,
    Column("number", Integer, CheckConstraint("number > 0"), primary_key=True, autoincrement=False),
    Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("factor_set", Text, nullable=False),
    Column("differences", Text, nullable=True),
)
"""Restatements. An hour's impacts are read in the current one with the highest number over it; else as derived first.

`differences` is JSON; null as long as the restatement is in the making.
"""

intensities: Final = Table(
    "intensities",
    metadata,
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
    Column("provider", Text, primary_key=True),
    Column("zone", Text, primary_key=True),
    Column("received", BigInteger, primary_key=True, autoincrement=False),
    Column("length", BigInteger, nullable=False),
    Column("micrograms", BigInteger, nullable=False),
    Column("cycle", Text, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("raw", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Live intensities in micrograms CO2e per kilowatt-hour, every revision: of each start the newest received counts."""

activity_series: Final = Table(
    "activity_series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("host_id", ForeignKey("hosts.id"), nullable=False),
    Column("consumer", Text, nullable=False),
    Column("authority", Text, nullable=False),
    Column("meter", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("measured", Boolean, nullable=False),
    UniqueConstraint("host_id", "consumer", "authority", "meter", "model", "unit", "measured"),
)
"""What services do (`unit`), and who says so (`authority`, by `meter`). `measured`: it is known what that took."""

hour_activity: Final = Table(
    "hour_activity",
    metadata,
    Column("bucket", BigInteger, primary_key=True, autoincrement=False),
    Column("series_id", ForeignKey("activity_series.id"), primary_key=True, autoincrement=False),
    Column("amount", BigInteger, nullable=False),
    Column("counted", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""What services did in a closed hour, a fact of no generation. What is not `counted` is a cross-check."""

external_series: Final = schema_outside.external_series
external_bases: Final = schema_outside.external_bases
external_amounts: Final = schema_outside.external_amounts
external_marks: Final = schema_outside.external_marks
imports: Final = schema_outside.imports
imported_runs: Final = schema_outside.imported_runs

corrections: Final = Table(
    "corrections",
    metadata,
    Column("number", Integer, CheckConstraint("number > 0"), primary_key=True, autoincrement=False),
    Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", String(64), nullable=False),
    Column("evidence_name", Text, nullable=False),
    Column("impacts", Integer, nullable=True),
    Column("told", Text, nullable=False),
)
"""What people corrected or explained by hand, and why. One that changes energy is the generation of its number.

`evidence` is the SHA-256 of a file, empty where there is none; `impacts` is the generation of impacts that it made;
`told` is JSON: what it changed.
"""

hour_struck: Final = Table(
    "hour_struck",
    metadata,
    Column("bucket", BigInteger, primary_key=True, autoincrement=False),
    Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
    Column("resource", Text, primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("struck", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""For how long of an hour what was measured of a resource does not count, in a generation of energy: it was wrong."""

open_books: Final = Table(
    "open_books",
    metadata,
    Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
    Column("commit_number", BigInteger, nullable=False),
    Column("writer", String(32), nullable=False),
    Column("closed_through", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=True),
)
"""The state of the open books, written whole at each commit. `writer` is the daemon that opened the ledger last."""

exposure_offsets: Final = Table(
    "exposure_offsets",
    metadata,
    Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)
"""The books as they were when a restored ledger was first opened."""

remembered: Final = Table(
    "remembered",
    metadata,
    Column("host_id", ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Small facts that were looked up once."""
