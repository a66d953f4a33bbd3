"""Which schema a ledger has, and how it is brought up to date: by a child process, which alone loads Alembic."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

from sqlalchemy import String, column, inspect, select, table
from sqlalchemy.exc import SQLAlchemyError

from monitor.ledger.database import Access, engine_of, make_file
from monitor.ledger.errors import LedgerAbsent, LedgerCorrupt, LedgerError, LedgerNewer, LedgerOlder, understand
from monitor.ledger.schema import SCHEMA, VERSION_TABLE, metadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from monitor.ledger.database import Place

LONGEST: Final = 900.0
"""Seconds that a migration may take: it rewrites large tables, on slow disks."""


def require_schema(connection: Connection, place: Place) -> None:
    """Return where the schema is the program's own. Raises LedgerAbsent, LedgerOlder, LedgerNewer, LedgerCorrupt."""
    found = _schema(connection, place)
    if found == 0:
        raise LedgerAbsent(f"there is no ledger in {place} yet", "start the daemon: empreinte run")
    if found < SCHEMA:
        raise LedgerOlder(
            f"the ledger {place} was made by an older program (schema {found}, here {SCHEMA})",
            "start the daemon of this version, or run `empreinte ledger migrate`",
        )


def bring_up_to_date(place: Place) -> bool:
    """Make the schema, or migrate it, where needed; return whether it was. The caller holds the lock of the ledger.

    Raises LedgerNewer, LedgerCorrupt; LedgerError where a migration fails: nothing was changed then.
    """
    if place.path is not None:
        make_file(place.path)
    try:
        with engine_of(place, Access.READ).connect() as connection:
            found = _schema(connection, place)
    except SQLAlchemyError as error:
        raise understand(error, str(place)) from error
    if found == SCHEMA:
        return False
    _run_child(place)
    return True


def _schema(connection: Connection, place: Place) -> int:
    """Return the number of the last migration applied; 0 in an empty database. Raises LedgerNewer, LedgerCorrupt."""
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in names:
        if names if place.path is not None else names & metadata.tables.keys():
            raise LedgerCorrupt(
                f"{place} holds tables that are not a ledger's ({', '.join(sorted(names)[:3])})",
                "set ledger.url to a database of its own",
            )
        return 0
    numbers = select(column("version_num", String)).select_from(table(VERSION_TABLE))
    versions = connection.execute(numbers).scalars().all()
    if len(versions) != 1 or not versions[0].isdecimal():
        raise LedgerCorrupt(
            f"the ledger {place} does not say which schema it has", "put its last backup in its place (docs/ledger.md)"
        )
    if (found := int(versions[0])) > SCHEMA:
        raise LedgerNewer(
            f"the ledger {place} was made by a newer program (schema {found}, here {SCHEMA})",
            "install that version of empreinte again, or restore the backup made before it",
        )
    return found


def _run_child(place: Place) -> None:
    # the URL goes by standard input: it may hold a password, and everybody can read a command line
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "monitor.ledger.migrate", "-"],
            input=place.text,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LedgerError(
            f"the ledger {place} could not be migrated ({error})", "run `empreinte ledger migrate` by hand"
        ) from error
    if done.returncode:
        raise failure(place, done.stderr.strip().splitlines())


def failure(place: Place, said: Sequence[str]) -> LedgerError:
    """Return what the child *said* as an error of the same kind."""
    kinds = {kind.__name__: kind for kind in LedgerError.__subclasses__()}
    match said:
        case [kind, sentence, cure]:
            return kinds.get(kind, LedgerError)(f"{sentence}, while it was migrated (it is as it was)", cure)
        case _:
            why = said[-1] if said else "no reason given"
            return LedgerError(
                f"the ledger {place} could not be migrated, and is as it was ({why})",
                "please report it, with the log of the program",
            )
