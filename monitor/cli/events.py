"""`empreinte events`: what happens, as it happens, and what could not be told to others."""

import contextlib
import json
from typing import Annotated

import typer

from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Session, Status, session_of
from monitor.config import Config, Language
from monitor.core.calendar import utc
from monitor.core.cloudevent import is_asked_for, names
from monitor.core.delivery import DeadLetter

TYPES = typer.Option(
    "--type", metavar="GLOB", help="Show only events of this type: gap_found, 'service_*'. May be given several times."
)


def commands() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
    group.callback()(alone)
    group.command()(tail)
    group.command()(dead)
    return group


def alone(context: typer.Context) -> None:
    """Follow what happens, and see what could not be told."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def tail(
    context: typer.Context,
    *,
    types: Annotated[list[str] | None, TYPES] = None,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Show events of the daemon that runs here, as they happen, until Ctrl-C.

    When the daemon is started again, it goes on where it was. Each event and its fields: docs/events.md.

    \b
    Examples:
      empreinte events tail
      empreinte events tail --type 'service_*' --type gap_found
      empreinte events tail --json | jq -c '{time, type, data}'

    Exit status: 0 ended with Ctrl-C; 1 no daemon answers; 2 wrong use or configuration.
    """
    session = session_of(context, config, debug=debug)
    globs = tuple(types or ("*",))
    for glob in globs:
        if not any(is_asked_for(name, (glob,)) for name in names()):
            message = f"no event is of type {glob!r}: there are {', '.join(names())}"
            raise CommandError(message, Status.WRONG)
    with contextlib.suppress(KeyboardInterrupt):
        _follow(session, globs, lang, as_json=as_json)
    return Status.DONE


def dead(
    context: typer.Context,
    *,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Show what could not be told to the addresses of [[notify]], and why.

    That is what a receiver refused for good, and what waited for three days while it failed. It is kept for a month.

    \b
    Examples:
      empreinte events dead
      empreinte events dead --json | jq -c .event

    Exit status: 0 shown; 1 there is nothing; 2 wrong configuration; 3 the queue can't be read.
    """
    from monitor.cli.event_lines import EventLines
    from monitor.cli.speech import Speech

    loaded = session_of(context, config, debug=debug).config()
    letters = _dead_letters(loaded)
    speech = Speech(lang or loaded.organisation.language, loaded.organisation.timezone)
    if as_json:
        for one in letters:
            said = {"address": one.address, "given_up_at": utc(one.at), "attempts": one.attempts, "error": one.error}
            typer.echo(json.dumps({**said, "event": json.loads(one.body)}, ensure_ascii=False))
    elif not letters:
        typer.echo(speech.say("events.none_dead"))
    else:
        lines = EventLines(speech)
        for one in letters:
            typer.echo(lines.of(json.loads(one.body)))
            why = {"address": one.address, "moment": speech.write.moment(one.at), "attempts": one.attempts}
            typer.echo(f"  {speech.say('events.dead', error=one.error, **why)}")
    return Status.DONE if letters else Status.NO


def _dead_letters(config: Config) -> list[DeadLetter]:
    """Return what was given up. Raises CommandError where the queue can't be read."""
    import sqlite3

    from monitor.notify.outbox import FILE, Outbox, OutboxError

    path = config.paths.state / FILE
    try:
        if not path.exists():
            return []
        with Outbox(path) as outbox:
            return outbox.dead()
    except (OutboxError, sqlite3.Error) as error:
        raise CommandError(str(error), Status.IMPOSSIBLE) from error


def _follow(session: Session, globs: tuple[str, ...], lang: Language | None, *, as_json: bool) -> None:
    from monitor.cli.event_lines import EventLines, name_of
    from monitor.cli.following import Following, RefusedError
    from monitor.cli.speech import Speech

    config = session.config()
    speech = Speech(lang or config.organisation.language, config.organisation.timezone)
    lines, where = EventLines(speech), f"http://{config.web.listen}/"

    def say(key: str) -> None:
        typer.echo(speech.say(key, where=where), err=True)

    following = Following(
        config.web.listen, on_loss=lambda: say("events.lost"), on_answer=lambda: say("events.listening")
    )
    try:
        for event in following.events():
            if is_asked_for(name_of(event), globs):
                typer.echo(json.dumps(event, ensure_ascii=False) if as_json else lines.of(event))
    except RefusedError as error:
        message = f"the daemon at {where} lets nobody else listen ({error})"
        raise CommandError(message, Status.NO) from error
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        message = f"no daemon answers at {where}: start one with `empreinte run`"
        raise CommandError(message, Status.NO) from error
