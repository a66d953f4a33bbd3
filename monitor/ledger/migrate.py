"""`python -m monitor.ledger.migrate URL`: brings the schema of a ledger up to date. `-`: the URL is on standard input.

A program of its own, because Alembic is heavy and needed once in a version: the daemon never loads it. Exit status: 0
the schema is up to date; 3 it can't be brought there, and then nothing was changed.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import SQLAlchemyError

from monitor.ledger import migrations
from monitor.ledger.database import Access, engine_of, place_of
from monitor.ledger.errors import LedgerError, understand

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED: Final = 3


def configuration() -> Config:
    """Return how Alembic finds the steps."""
    found = Config()
    found.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return found


def migrate(url: str) -> None:
    """Apply what is missing, in one transaction. Raises LedgerError: nothing was changed."""
    place = place_of(url)
    alembic = configuration()
    try:
        with engine_of(place, Access.CHANGE).connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin():
                alembic.attributes["connection"] = connection
                command.upgrade(alembic, "head")
    except SQLAlchemyError as error:
        raise understand(error, str(place)) from error


def main(arguments: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    (url,) = arguments or ("-",)
    try:
        migrate(sys.stdin.readline().strip() if url == "-" else url)
    except LedgerError as error:
        print(type(error).__name__, error.sentence, error.cure, sep="\n", file=sys.stderr)  # noqa: T201 - a program speaks to who started it
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
