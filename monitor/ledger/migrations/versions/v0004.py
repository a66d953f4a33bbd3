"""Services that are bought as an API: what they did, and what their tokens are reckoned with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "external_series",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("host_id", sa.Integer, sa.ForeignKey("hosts.id"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("external", "provider", "model", "unit")),
        sa.UniqueConstraint("host_id", "external", "provider", "model", "unit"),
    )
    op.create_table(
        "external_bases",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "external_amounts",
        sa.Column("since", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("until", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("series_id", sa.Integer, sa.ForeignKey("external_series.id"), primary_key=True, autoincrement=False),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("counted", sa.Boolean, nullable=False),
        sa.Column("basis_id", sa.Integer, sa.ForeignKey("external_bases.id"), nullable=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "external_marks",
        sa.Column("host_id", sa.Integer, sa.ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("through", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
