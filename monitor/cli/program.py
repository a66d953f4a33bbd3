"""The program as a whole: its commands, and what a person sees when one of them fails."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.cli import (
    assets,
    config,
    contracts,
    dashboards,
    doctor,
    events,
    explain,
    external,
    factors,
    ledger,
    notify,
    record,
    register,
    report,
    restate,
    simulate,
    status,
)
from monitor.cli import run as run_daemon
from monitor.cli.session import CommandError, ConfigFile, Debug, Session, Status
from monitor.config import ConfigError, Surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME: Final = "empreinte"
CURES: Final = {
    errno.EACCES: ": run as a user who may, or name another place",
    errno.EPERM: ": run as a user who may, or name another place",
    errno.ENOENT: ": make it, or name another place",
    errno.ENOTDIR: ": name a directory",
    errno.EEXIST: ": it is a file, name a directory",
    errno.ENOSPC: ": free some space on its disk",
    errno.EROFS: ": name a place that can be written",
}
INTERRUPTED: Final = 130
"""Exit status after Ctrl-C. Source: POSIX shells, 128 plus the number of SIGINT."""


def program() -> typer.Typer:
    """Return the command line, with all commands."""
    app = typer.Typer(
        name=NAME,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_options)
    app.command("run")(run_daemon.run)
    app.command("doctor")(doctor.doctor)
    app.command("status")(status.status)
    app.add_typer(events.commands(), name="events")
    app.add_typer(report.commands(), name="report")
    app.add_typer(register.commands(), name="register")
    app.add_typer(contracts.commands(), name="contracts")
    app.add_typer(notify.commands(), name="notify")
    app.command("explain")(explain.explain)
    app.command("restate")(restate.restate)
    app.add_typer(config.commands(), name="config")
    app.add_typer(factors.commands(), name="factors")
    app.add_typer(ledger.commands(), name="ledger")
    app.add_typer(assets.commands(), name="assets")
    app.add_typer(external.commands(), name="external")
    app.add_typer(dashboards.commands(), name="dashboards")
    app.command("record")(record.record)
    app.command("simulate")(simulate.simulate)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command; return the exit status. Faults go to standard error, each in one sentence with the cure."""
    session = Session(Surroundings.of_this_process())
    try:
        status = program()(list(arguments), prog_name=NAME, standalone_mode=False, obj=session)
        if sys.stdout is not None:
            sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets one sentence
        if session.debug:
            traceback.print_exc()
        return _failed(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as end:
        # typer's own answer to a closed pipe (`| head`): the reader has seen enough, which is no failure
        return Status.DONE if isinstance(end.__context__, BrokenPipeError) else INTERRUPTED
    return int(status or 0)


def _failed(error: Exception) -> int:
    """Say what went wrong; return the exit status."""
    if isinstance(error, typer.Exit | typer.Abort):
        return error.exit_code if isinstance(error, typer.Exit) else INTERRUPTED
    _let_go_of_output()
    if isinstance(error, BrokenPipeError):
        # the reader has seen enough (`| head`), which is no failure
        return Status.DONE
    sentence, status = _sentence(error)
    print(f"{NAME}: {sentence}", file=sys.stderr)  # noqa: T201 - this is where the program speaks to its user
    return status


def _let_go_of_output() -> None:
    """Have what can't be written not fail once more when the program ends."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _sentence(error: Exception) -> tuple[str, Status]:
    match error:
        case ConfigError():
            return str(error), Status.WRONG
        case CommandError():
            return str(error), error.status
        case typer.TyperException():
            return _usage(error), Status.WRONG
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            cure = CURES.get(error.errno or 0, "")
            return f"{where}{error.strerror or error}{cure}", Status.IMPOSSIBLE
    kind = type(error).__name__
    return f"a defect of the program, {kind}: {error} (please report it, with what --debug shows)", Status.IMPOSSIBLE


def _usage(error: typer.TyperException) -> str:
    sentence = error.format_message().rstrip(".?").replace("Value error, ", "")
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else NAME
    return f"{sentence[:1].lower()}{sentence[1:]}: see `{command} --help`"


def _options(
    context: typer.Context,
    file: ConfigFile = None,
    debug: Debug = False,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Measure what the AI services of this machine consume, keep it, and report it.

    \b
    It works without any configuration:
      empreinte doctor      what can be measured here, what can't, why, and the cure
      empreinte run         measure, until Ctrl-C; then open http://127.0.0.1:21031/
      empreinte status      what is consumed now, by service
      empreinte simulate    the same on a simulated machine, to look around

    \b
    Exit status: 0 done; 1 the answer is no; 2 wrong use or configuration; 3 it can't work here.
    """
    context.obj.take(file, debug=debug)
    if show_version:
        typer.echo(f"{NAME} {version(NAME)}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())
