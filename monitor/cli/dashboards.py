"""`empreinte dashboards`: bring them to Grafana, over its API or as files."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Session, Status, session_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboards.grafana import Grafana
    from dashboards.push import Plan, Target
    from monitor.cli.dashboards_page import Pushed
    from monitor.collector import Outgoing
    from monitor.config import GrafanaTable, Language


def commands() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
    group.callback()(alone)
    group.command()(push)
    group.command()(export)
    return group


def alone(context: typer.Context) -> None:
    """Bring dashboards to Grafana, or write them as files."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def push(
    context: typer.Context,
    *,
    url: Annotated[str, typer.Option(metavar="URL", help="Address of Grafana. [default: grafana.url]")] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with the token of a service account. [default: grafana.token_file]"),
    ] = None,
    folder: Annotated[str, typer.Option(metavar="UID", help="Uid of the folder. [default: grafana.folder_uid]")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite also what a person edited.")] = False,
    public: Annotated[
        bool, typer.Option("--public", help="Push the dashboard for everybody too, and make it public.")
    ] = False,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Bring the dashboards to a folder of Grafana. Doing it again changes nothing.

    All that is there is read before anything is written. A dashboard that a person edited or moved is left alone.

    \b
    Examples:
      empreinte dashboards push --dry-run
      empreinte dashboards push --url https://grafana.example.org --token-file /etc/empreinte/grafana.token

    Exit status: 0 done; 1 Grafana said no or did not answer, or something edited was left alone; 2 wrong use or
    configuration.
    """
    from dashboards.failures import GrafanaError, WrongRequestError
    from monitor.cli.dashboards_page import Page

    session = session_of(context, config, debug=debug)
    table = _settings(session, url, token_file, folder)
    try:
        with _grafana(table, session.config().network.outgoing) as grafana:
            pushed = _push(grafana, table, _language(session, lang), dry_run=dry_run, force=force, public=public)
    except WrongRequestError as error:
        raise CommandError(str(error), Status.WRONG) from error
    except GrafanaError as error:
        raise CommandError(str(error), Status.NO) from error
    page = Page(session.words(lang))
    typer.echo(json.dumps(page.for_programs(pushed), ensure_ascii=False, indent=1) if as_json else page.told(pushed))
    return Status.NO if pushed.held_back and not dry_run else Status.DONE


def export(
    context: typer.Context,
    *,
    place: Annotated[Path, typer.Argument(metavar="DIR", help="Directory to write to; it is made where it is not.")],
    found_at: Annotated[
        str, typer.Option("--found-at", metavar="PATH", help="Where Grafana finds DIR. [default: DIR itself]")
    ] = "",
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Write the dashboards as files, and those by which Grafana finds them and their data source (provisioning).

    Files of an earlier export are replaced. Grafana saves nothing that comes from files: push, or export, not both.

    \b
    Example:
      empreinte dashboards export /srv/grafana/empreinte --lang fr

    Exit status: 0 done; 2 wrong use or configuration; 3 it can't be written.
    """
    from dashboards.boards import dashboards
    from dashboards.provisioning import USUAL_PROMETHEUS, data_source, files

    session = session_of(context, config, debug=debug)
    table = session.config().grafana
    models = dashboards(_language(session, lang), table.data_source)
    source = data_source(table.data_source, table.prometheus or USUAL_PROMETHEUS)
    made = files(models, _target(table), PurePosixPath(found_at or str(place.resolve())), source)
    for name, content in made.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(content, encoding="utf-8")
    typer.echo(session.words(lang).say("dashboards.exported", count=len(models), place=place))
    return Status.DONE


def _settings(session: Session, url: str, token_file: Path | None, folder: str) -> GrafanaTable:
    """Return the table [grafana] with what the command was told in its place. Raises CommandError."""
    from dataclasses import replace

    from monitor.config import values
    from monitor.config.grafana import uid
    from monitor.config.quantities import WrongValueError

    table = session.config().grafana
    try:
        url = values.web_address(url) if url else table.url
    except WrongValueError as wrong:
        raise CommandError(_instead("--url", wrong), Status.WRONG) from wrong
    try:
        folder = uid(folder) if folder else table.folder_uid
    except WrongValueError as wrong:
        raise CommandError(_instead("--folder", wrong), Status.WRONG) from wrong
    token_file = token_file or table.token_file
    if not url or token_file is None:
        what = "which Grafana: give --url, or url" if not url else "by which token: give --token-file, or token_file"
        message = f"it is not said {what} in [grafana] of the configuration"
        raise CommandError(message, Status.WRONG)
    return replace(table, url=url, token_file=token_file, folder_uid=folder)


def _instead(option: str, wrong: Any) -> str:  # noqa: ANN401 - a WrongValueError, which is loaded late
    return f"{option}: {wrong.what}" + (f": write {wrong.instead}" if wrong.instead else "")


def _language(session: Session, asked: Language | None) -> str:
    return asked or session.config().grafana.language or session.config().organisation.language


def _target(table: GrafanaTable) -> Target:
    from dashboards.push import Target

    return Target(table.folder_uid, table.folder)


def _grafana(table: GrafanaTable, outgoing: Outgoing) -> Grafana:
    """Return what speaks with the Grafana of *table*. Raises CommandError, WrongRequestError."""
    from urllib.parse import urlsplit

    from dashboards.connection import Connection
    from dashboards.grafana import Grafana
    from monitor.adapters.connections import proxy_with_password
    from monitor.collector import Unavailable

    file = table.token_file
    try:
        token = file.read_text(encoding="utf-8").strip() if file is not None else ""
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        message = f"the token can't be read from {file} ({why}): put it there, and let this user alone read it"
        raise CommandError(message, Status.WRONG) from error
    try:
        proxy = proxy_with_password(urlsplit(table.url).hostname or "", outgoing)
    except Unavailable as error:
        raise CommandError(f"{error.what}: {error.cure}", Status.WRONG) from error
    trusted = [one for one in (outgoing.certificates, table.certificates) if one is not None]
    return Grafana(Connection(table.url, token, proxy=proxy, certificates=trusted))


def _push(grafana: Grafana, table: GrafanaTable, language: str, *, dry_run: bool, force: bool, public: bool) -> Pushed:
    from dashboards.board import uid_of
    from dashboards.boards import dashboards
    from dashboards.overview import PUBLIC
    from dashboards.provisioning import data_source
    from dashboards.push import plan
    from dashboards.sources import planned_source
    from monitor.cli.dashboards_page import Pushed

    if public:
        _check_source(grafana, table)
    models = dashboards(language, table.data_source if public else "")
    made = plan(grafana, models, _target(table), force=force)
    settings = data_source(table.data_source, table.prometheus)
    source = planned_source(grafana, settings, force=force) if table.prometheus else None
    pushed = Pushed(grafana.where, table.url, made.target, made.changes, table.data_source, source, dry_run=dry_run)
    return pushed if dry_run else _written(grafana, made, settings, pushed, uid_of(PUBLIC, language) if public else "")


def _written(grafana: Grafana, made: Plan, settings: Mapping[str, Any], pushed: Pushed, public: str) -> Pushed:
    """Write all of it: the data source, the dashboards, and that the one of uid *public* is so, if one is named."""
    from dataclasses import replace
    from importlib.metadata import version

    from dashboards.failures import GrafanaError
    from dashboards.push import HalfDoneError, carry_out
    from dashboards.sources import write_source

    before = []
    if pushed.source is not None and pushed.source.writes:
        write_source(grafana, settings, pushed.source)
        before.append(f"the data source {pushed.source_uid}")
    try:
        changes = carry_out(grafana, made, f"Empreinte {version('empreinte')}")
        before += [change.uid for change in changes if change.fate.writes]
        shared = grafana.publish(public).access_token if public else ""
    except HalfDoneError as error:
        raise HalfDoneError(error.cause, [*before, *error.written]) from error
    except GrafanaError as error:
        if not before:
            raise
        raise HalfDoneError(error, before) from error
    return replace(pushed, changes=changes, access_token=shared)


def _check_source(grafana: Grafana, table: GrafanaTable) -> None:
    """Raise NotPushedError where the public dashboard would have no data source to take its figures from."""
    from dashboards.failures import NotPushedError

    if not table.prometheus and grafana.data_source(table.data_source) is None:
        message = (
            f"Grafana at {grafana.where} has no data source {table.data_source} for the public dashboard: name yours in"
            " [grafana] data_source, or have it made, with the address of Prometheus in [grafana] prometheus"
        )
        raise NotPushedError(message)
