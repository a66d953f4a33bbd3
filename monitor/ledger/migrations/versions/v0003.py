"""Activity: what services did in each closed hour, by whoever says so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables. The open books keep their layout until the next commit: all of them are read."""
    op.create_table(
        "activity_series",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("host_id", sa.Integer, sa.ForeignKey("hosts.id"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("consumer", "authority", "meter", "model", "unit")),
        sa.Column("measured", sa.Boolean, nullable=False),
        sa.UniqueConstraint("host_id", "consumer", "authority", "meter", "model", "unit", "measured"),
    )
    op.create_table(
        "hour_activity",
        sa.Column("bucket", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("series_id", sa.Integer, sa.ForeignKey("activity_series.id"), primary_key=True, autoincrement=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("counted", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
