"""`empreinte notify`: try whether e-mail arrives, and see or send the summary of a month."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.session import CommandError, ConfigFile, Debug, Session, Status, session_of

if TYPE_CHECKING:
    from email.message import EmailMessage

    from monitor.config import Config
    from monitor.monthly import MonthName


def commands() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
    group.callback()(alone)
    group.command("test")(trial)
    group.command()(summary)
    return group


def alone(context: typer.Context) -> None:
    """Try e-mail; see or send the summary of a month."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def trial(context: typer.Context, *, config: ConfigFile = None, debug: Debug = False) -> int:
    """Send a message that says that messages arrive, to all that [email] names.

    Run it as the user that the daemon runs as: the password is read as by the daemon.

    \b
    Example:
      sudo -u empreinte empreinte notify test

    Exit status: 0 the server took it; 1 it did not; 2 wrong configuration.
    """
    from monitor.post import writer_of

    session = session_of(context, config, debug=debug)
    table = _configured(session).email
    to = tuple(dict.fromkeys((*table.to, *table.summary_to)))
    _send(session, writer_of(session.config()).test(time.time_ns(), to), to)
    return Status.DONE


def summary(
    context: typer.Context,
    *,
    month: Annotated[
        str, typer.Option(metavar="YYYY-MM", help="The month; the last one that is over if not given.")
    ] = "",
    send: Annotated[
        bool, typer.Option("--send", help="Send it to email.summary_to, again or for the first time.")
    ] = False,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Show the summary of a month as managers get it by e-mail, or send it now.

    It sends nothing unless asked to. The daemon sends each month by itself, once; it also tells how budgets stand.

    \b
    Examples:
      empreinte notify summary
      empreinte notify summary --month 2026-10 --send

    Exit status: 0 shown, or sent; 1 nothing of the month was measured, or it was not taken; 2 wrong use; 3 the ledger
    can't be read.
    """
    from monitor.cli.ledger import opened
    from monitor.monthly import Summary
    from monitor.post import writer_of

    session = session_of(context, config, debug=debug)
    loaded = _configured(session) if send else session.config()
    name = _month(month, loaded)
    with opened(loaded) as ledger:
        made = Summary(loaded, simulated=ledger.simulated)
        text = made.text(ledger, name)
    if text is None:
        raise CommandError(f"nothing of {name} was measured: name another month, with --month", Status.NO)
    if not send:
        typer.echo(text)
        return Status.DONE
    to = loaded.email.summary_to
    if not to:
        raise CommandError("email.summary_to names nobody: write who gets summaries there", Status.WRONG)
    ids = [f"{name}-{time.time_ns()}"]
    _send(session, writer_of(loaded).message(made.subject(name), text, to, ids, time.time_ns()), to)
    return Status.DONE


def _configured(session: Session) -> "Config":
    loaded = session.config()
    if not loaded.email.host:
        raise CommandError("no e-mail is configured: write host, sender and to in [email]", Status.WRONG)
    return loaded


def _month(text: str, config: "Config") -> "MonthName":
    from monitor.core.calendar import local_time
    from monitor.monthly import MonthName

    if not text:
        today = local_time(time.time_ns(), config.organisation.timezone)
        return MonthName(today.year, today.month).later(-1)
    try:
        return MonthName.of(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is not a month: write one such as 2026-10", Status.WRONG) from error


def _send(session: Session, message: "EmailMessage", to: tuple[str, ...]) -> None:
    from monitor.core.delivery import Failed
    from monitor.notify.mailer import Mailer

    loaded = session.config()
    outcome = Mailer(loaded.email, loaded.network.outgoing).send(message, to)
    if isinstance(outcome, Failed):
        raise CommandError(outcome.why, Status.NO)
    typer.echo(session.words(None).say("notify.sent", server=loaded.email.host, to=", ".join(to)))
