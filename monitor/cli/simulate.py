"""`empreinte simulate`: the daemon on a simulated town hall's server, so that anyone sees every screen in a minute."""

import dataclasses
import os
from typing import Annotated, Final

import typer

from monitor.cli.ledger import FIRST_YEAR, LAST_YEAR
from monitor.cli.run import daemon_failures, log_to_standard_error
from monitor.cli.session import CommandError, ConfigFile, Debug, Status, session_of
from monitor.config import Config
from monitor.config.quantities import WrongValueError
from monitor.config.values import ledger_url, without_password

SEED: Final = 2026


def simulate(
    context: typer.Context,
    *,
    seed: Annotated[int, typer.Option(help="Another seed is another town.")] = SEED,
    ledger: Annotated[
        str, typer.Option(metavar="URL", help="Ledger to fill. [default: simulated.db beside the real one]")
    ] = "",
    history: Annotated[
        list[int] | None,
        typer.Option(
            metavar="YYYY", help="Fill the ledger with this year first, as far as it has passed. May be repeated."
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Stop when that is done.")] = False,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Run on a simulated server, to look around.

    It has a town hall's AI services, and runs in real time until Ctrl-C.

    Nothing of this machine is measured, and what is made up is marked so: the ledger is one of its own, and a ledger of
    real figures is refused. The page is at http://127.0.0.1:21031/.

    \b
    Examples:
      empreinte simulate
      empreinte simulate --history 2025 --history 2026
      empreinte simulate --history 2026 --once && empreinte report --year 2026
    """
    from monitor.app import fill_year
    from monitor.app import simulate as run_simulation

    session = session_of(context, config, debug=debug)
    loaded = _with_own_ledger(session.config(), ledger)
    years = sorted(set(history or ()))
    if once and not years:
        message = "--once stops after the history: give --history YYYY as well"
        raise CommandError(message, Status.WRONG)
    for year in years:
        if not FIRST_YEAR <= year <= LAST_YEAR:
            message = f"no ledger holds the year {year}: write one such as 2026"
            raise CommandError(message, Status.WRONG)
    log_to_standard_error(debug=session.debug, journal="JOURNAL_STREAM" in os.environ)
    with daemon_failures():
        for year in years:
            hours = fill_year(loaded, year, seed)
            typer.echo(f"{hours} simulated hours of {year} came into {without_password(loaded.ledger.url)}.")
        if not once:
            run_simulation(loaded, seed)
    return Status.DONE


def _with_own_ledger(config: Config, url: str) -> Config:
    """Return *config* with the ledger at *url*, else with one beside the real one."""
    try:
        own = ledger_url(url or f"sqlite:///{config.paths.state}/simulated.db")
    except WrongValueError as error:
        message = f"--ledger: {error}"
        raise CommandError(message, Status.WRONG) from error
    return dataclasses.replace(config, ledger=dataclasses.replace(config.ledger, url=own))
