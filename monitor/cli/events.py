"""`empreinte events`: what happens, as it happens, and what could not be told to others."""

import contextlib
import json
from typing import Annotated

import typer

from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Session, Status, session_of
from monitor.config import Language
from monitor.core.cloudevent import is_asked_for, names

TYPES = typer.Option(
    "--type", metavar="GLOB", help="Show only events of this type: gap_found, 'service_*'. May be given several times."
)


def commands() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
    group.callback()(alone)
    group.command()(tail)
    return group


def alone(context: typer.Context) -> None:
    """Follow what happens."""
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


def _follow(session: Session, globs: tuple[str, ...], lang: Language | None, *, as_json: bool) -> None:
    from monitor.cli.event_lines import EventLines, name_of
    from monitor.cli.following import Following, RefusedError
    from monitor.cli.speech import Speech

    config = session.config()
    speech = Speech(lang or config.organisation.language, config.organisation.timezone)
    lines, where = EventLines(speech), f"http://{config.web.listen}/"
    following = Following(config.web.listen, lambda: typer.echo(speech.say("events.lost", where=where), err=True))
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
