"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _identity()
    _services()
    for grain in ("minute", "hour"):
        _buckets(grain)
    _missed()
    _state()


def _identity() -> None:
    op.create_table(
        "hosts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("uuid", sa.String(36), nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_table(
        "meta",
        sa.Column("one", sa.Integer, sa.CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("host_id", sa.Integer, sa.ForeignKey("hosts.id"), nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("grain", sa.BigInteger, nullable=False),
        sa.Column("simulated", sa.Boolean, nullable=False),
        sa.Column("begun", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "remembered",
        _host_key(),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def _services() -> None:
    op.create_table(
        "services",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("host_id", sa.Integer, sa.ForeignKey("hosts.id"), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.UniqueConstraint("host_id", "key"),
    )
    op.create_table(
        "service_attributes",
        sa.Column("service_id", sa.Integer, sa.ForeignKey("services.id"), primary_key=True),
        sa.Column("valid_from", sa.BigInteger, primary_key=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("name", "department", "contract", "kind", "found_by", "was")
        ),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("host_id", sa.Integer, sa.ForeignKey("hosts.id"), nullable=False),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("share", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.UniqueConstraint("host_id", "consumer", "resource", "share", "method"),
    )


def _buckets(grain: str) -> None:
    op.create_table(
        f"{grain}_entries",
        _number_key("bucket"),
        sa.Column("series_id", sa.Integer, sa.ForeignKey("series.id"), primary_key=True, autoincrement=False),
        sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("energy", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        f"{grain}_measured",
        _number_key("bucket"),
        _host_key(),
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("method", sa.Text, primary_key=True),
        sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("energy", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        f"{grain}_covered",
        _number_key("bucket"),
        _host_key(),
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("covered", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _missed() -> None:
    op.create_table(
        "gaps",
        _number_key("since"),
        _host_key(),
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("cause", sa.Text, primary_key=True),
        _number_key("until"),
        sqlite_with_rowid=False,
    )


def _state() -> None:
    op.create_table(
        "generations",
        sa.Column("number", sa.Integer, sa.CheckConstraint("number > 0"), primary_key=True, autoincrement=False),
        _host_key(),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "open_books",
        _host_key(),
        sa.Column("commit_number", sa.BigInteger, nullable=False),
        sa.Column("writer", sa.String(32), nullable=False),
        sa.Column("closed_through", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=True),
    )
    op.create_table("exposure_offsets", _host_key(), sa.Column("body", sa.LargeBinary, nullable=False))


def _number_key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def _host_key() -> sa.Column[int]:
    return sa.Column("host_id", sa.Integer, sa.ForeignKey("hosts.id"), primary_key=True, autoincrement=False)
