"""`empreinte status`: who uses how much and what it came to, from the daemon that runs here, else from the ledger."""

import json
import threading
from datetime import datetime
from typing import Annotated, Any

import typer

from monitor.cli.overview import Overview, page, told_by_daemon, told_by_ledger
from monitor.cli.overview import as_json as ledger_as_json
from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Session, Status, session_of
from monitor.cli.terminal import Terminal, Tone, is_terminal
from monitor.config import Config, Language

CLEAR = "\x1b[H\x1b[2J"
"""Cursor home, erase the display. Source: ECMA-48, 8.3.21 and 8.3.39."""


def status(
    context: typer.Context,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again at each reading, until Ctrl-C.")] = False,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Show what each service consumes.

    Now, today, this month and this year, with greenhouse gases, water and cost. It asks the daemon that runs here.
    Where none does, it shows the ledger as it was last written, and says so.

    \b
    Examples:
      empreinte status
      empreinte status --watch
      empreinte status --json | jq '.consumers[] | {name, power_watts}'

    Exit status: 0 shown; 1 there is nothing to show yet; 2 wrong configuration; 3 the ledger can't be read.
    """
    session = session_of(context, config, debug=debug)
    if not watch:
        typer.echo(_shown(session, lang, as_json=as_json))
        return Status.DONE
    every = session.config().sampling.every
    never = threading.Event()
    try:
        while True:
            typer.echo(_again(session, lang, as_json=as_json))
            never.wait(max(every.seconds, 1.0))
    except KeyboardInterrupt:
        return Status.DONE


def _again(session: Session, lang: Language | None, *, as_json: bool) -> str:
    """Return one view of the watch; what can't be shown this time is told, and the watch goes on."""
    try:
        shown = _shown(session, lang, as_json=as_json, compact=True)
    except CommandError as error:
        shown = json.dumps({"error": str(error)}) if as_json else str(error)
    return f"{CLEAR}{shown}" if is_terminal() and not as_json else f"{shown}{'' if as_json else chr(10)}"


def _shown(session: Session, lang: Language | None, *, as_json: bool, compact: bool = False) -> str:
    from monitor.cli.speech import Speech

    config = session.config()
    told = _ask_daemon(config)
    view = told_by_daemon(told) if told is not None else _ask_ledger(config)
    if as_json:
        content = {"source": "daemon", **told} if told is not None else ledger_as_json(view)
        return json.dumps(content, ensure_ascii=False, indent=None if compact else 1)
    speech = Speech(lang or config.organisation.language, config.organisation.timezone)
    terminal = Terminal.of_output()
    moment = speech.write.moment(int(datetime.fromisoformat(view.at).timestamp()) * 10**9)
    heading = terminal.paint(speech.say("status.title", host=view.host, moment=moment), Tone.HEADING)
    where = speech.say("status.from_ledger", where=f"http://{config.web.listen}/")
    note = [terminal.paint(terminal.paragraph(where), Tone.WARNING)] if view.from_ledger else []
    return "\n".join([heading, *note, "", page(view, speech, terminal)])


def _ask_daemon(config: Config) -> dict[str, Any] | None:
    from monitor.cli.inquiry import StartingError, ask

    try:
        return ask(config.web.listen)
    except StartingError as error:
        message = f"the daemon is starting ({error}): ask again in some seconds"
        raise CommandError(message, Status.NO) from error


def _ask_ledger(config: Config) -> Overview:
    """Return what the ledger said last. Raises CommandError where there is none, or it holds nothing."""
    from monitor.budgets import Budgets
    from monitor.cli.ledger import opened
    from monitor.clock import SystemClock
    from monitor.core.calendar import utc
    from monitor.ledger.periods import Periods

    with opened(config, "no daemon answers, and ") as ledger:
        books = ledger.load()
        if books is None:
            message = "no daemon answers, and the ledger holds nothing yet: start the daemon with `empreinte run`"
            raise CommandError(message, Status.NO)
        now = SystemClock(config.paths.procfs).stamp()
        figures = Periods(ledger).of(books, now)
        held = Budgets(config.budgets, ledger, config.organisation.timezone).standings(figures, books, now)
        services, simulated = ledger.services(), ledger.simulated
        return told_by_ledger(ledger.host, utc(books.at.wall), figures, services, simulated=simulated, budgets=held)
