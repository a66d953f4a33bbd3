"""Impacts: what closed hours came to, by which terms, in which generation; who held the hardware; live intensities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables. The open books keep their layout until the next commit: both are read."""
    _hours()
    _terms()
    _generations()
    _intensities()


def _hours() -> None:
    op.create_table(
        "impact_series",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("host_id", sa.Integer, sa.ForeignKey("hosts.id"), nullable=False),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("indicator", sa.Text, nullable=False),
        sa.UniqueConstraint("host_id", "consumer", "indicator"),
    )
    op.create_table(
        "hour_impacts",
        _number_key("bucket"),
        _generation_key(),
        sa.Column("series_id", sa.Integer, sa.ForeignKey("impact_series.id"), primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("low", "central", "high")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hour_reserved",
        _number_key("bucket"),
        _host_key(),
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _terms() -> None:
    for name in ("factors", "terms"):
        op.create_table(
            name,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("digest", sa.String(64), nullable=False, unique=True),
            sa.Column("body", sa.Text, nullable=False),
        )
    op.create_table(
        "hour_terms",
        _number_key("bucket"),
        _host_key(),
        _generation_key(),
        sa.Column("terms_id", sa.Integer, sa.ForeignKey("terms.id"), nullable=False),
        sa.Column("filled", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )


def _generations() -> None:
    op.create_table(
        "impact_generations",
        sa.Column("number", sa.Integer, sa.CheckConstraint("number > 0"), primary_key=True, autoincrement=False),
        _host_key(),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("author", "reason", "factor_set")),
        sa.Column("differences", sa.Text, nullable=True),
    )


def _intensities() -> None:
    op.create_table(
        "intensities",
        _number_key("start"),
        _host_key(),
        sa.Column("provider", sa.Text, primary_key=True),
        sa.Column("zone", sa.Text, primary_key=True),
        _number_key("received"),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("micrograms", sa.BigInteger, nullable=False),
        sa.Column("cycle", sa.Text, nullable=False),
        sa.Column("estimated", sa.Boolean, nullable=False),
        sa.Column("raw", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def _number_key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def _generation_key() -> sa.Column[int]:
    return sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False)


def _host_key() -> sa.Column[int]:
    return sa.Column("host_id", sa.Integer, sa.ForeignKey("hosts.id"), primary_key=True, autoincrement=False)
