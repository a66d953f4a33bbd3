"""`empreinte run`: the daemon, in the foreground."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from monitor.cli.session import CommandError, ConfigFile, Debug, Status, session_of

PRIORITIES: Final = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""Source: sd-daemon(3), systemd 252: the priority of a line, before it in angle brackets."""


def run(context: typer.Context, config: ConfigFile = None, debug: Debug = False) -> int:
    """Measure, attribute, keep and serve, until told to stop.

    It needs no configuration: AI services are discovered, and what can be measured is. `empreinte doctor` says what
    that is here. Ctrl-C or SIGTERM ends it, and nothing is lost. The page, the metrics for Prometheus and the API are
    at http://127.0.0.1:21031/.

    \b
    Examples:
      empreinte run
      empreinte run --config ./empreinte.toml

    Exit status: 0 it was told to stop; 2 wrong configuration; 3 the ledger or the port can't be had.
    """
    from monitor.app import run as run_daemon

    session = session_of(context, config, debug=debug)
    loaded = session.config()
    log_to_standard_error(debug=session.debug, journal="JOURNAL_STREAM" in os.environ)
    with daemon_failures():
        run_daemon(loaded)
    return Status.DONE


@contextmanager
def daemon_failures() -> Iterator[None]:
    """Turn what keeps a daemon from starting into the end of the command."""
    from monitor.intake.spool import SpoolError
    from monitor.ledger.store import LedgerError
    from monitor.notify.outbox import OutboxError
    from monitor.reckoning import ReckoningError
    from monitor.web.server import WebError
    from monitor.web.tokens import TokenError

    try:
        yield
    except (ReckoningError, TokenError) as error:
        raise CommandError(str(error), Status.WRONG) from error
    except (LedgerError, OutboxError, SpoolError, WebError) as error:
        raise CommandError(str(error), Status.IMPOSSIBLE) from error


def log_to_standard_error(*, debug: bool, journal: bool) -> None:
    """Log in lines: with the time for a person, with the priority for the *journal*, which knows the time."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JournalLines() if journal else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.DEBUG if debug else logging.INFO)
    # it tells of every job that it starts, twice, and at every tick of one that hangs, which is told as its failure
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


class _JournalLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return the message, each line with its priority."""
        mark = f"<{PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(f"{mark}{line}" for line in super().format(record).split("\n"))
