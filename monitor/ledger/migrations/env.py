"""Run by Alembic: all steps in one transaction, on the connection that `monitor.ledger.migrate` made."""

from __future__ import annotations

from alembic import context

from monitor.ledger.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # the transaction is begun outside, on SQLite too: a step that fails leaves nothing behind
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
