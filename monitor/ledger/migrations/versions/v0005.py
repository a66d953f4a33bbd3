"""Corrections by hand, and runs of other programs that were imported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "corrections",
        sa.Column("number", sa.Integer, sa.CheckConstraint("number > 0"), primary_key=True, autoincrement=False),
        sa.Column("host_id", sa.Integer, sa.ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("since", "until", "made")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("author", "reason")),
        sa.Column("evidence", sa.String(64), nullable=False),
        sa.Column("evidence_name", sa.Text, nullable=False),
        sa.Column("impacts", sa.Integer, nullable=True),
        sa.Column("told", sa.Text, nullable=False),
    )
    op.create_table(
        "hour_struck",
        sa.Column("bucket", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("host_id", sa.Integer, sa.ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("struck", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("host_id", sa.Integer, sa.ForeignKey("hosts.id"), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "machine", "author")),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("host_id", "digest"),
    )
    op.create_table(
        "imported_runs",
        sa.Column("moment", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("host_id", sa.Integer, sa.ForeignKey("hosts.id"), primary_key=True, autoincrement=False),
        sa.Column("run", sa.Text, primary_key=True),
        sa.Column("import_id", sa.Integer, sa.ForeignKey("imports.id"), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("project", "service", "mode", "version", "zone")),
        sa.Column("energy", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=True) for name in ("emissions", "water")),
        sqlite_with_rowid=False,
    )
