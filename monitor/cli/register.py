"""`empreinte register`: the register of AI services, checked and published with what was measured."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer

from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Status, session_of

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.core.register import Entry
    from monitor.report.material import Material

FORMATS: Final = ("html", "csv", "json")


def commands() -> typer.Typer:
    """Return the commands of the register."""
    app = typer.Typer(help="Check the register of AI services, and publish it.")
    app.command("export")(export)
    app.command("check")(check)
    app.command("example")(example)
    return app


def export(
    context: typer.Context,
    *,
    year: Annotated[
        int | None, typer.Option(metavar="YYYY", help="Whose figures; the ledger's last if not given.")
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", metavar="html,csv,json", help="The kinds of files to write.")
    ] = "html,csv,json",
    output: Annotated[Path, typer.Option(metavar="DIR", help="Where to write them; made where missing.")] = Path(),
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Write the register of AI services, with the year's energy, emissions and water of each.

    What people say comes from the file that `[register] file` names; figures come from the ledger, by the key of the
    service. The CSV has a published schema; the inventory of algorithms has the columns of Etalab's.

    \b
    Examples:
      empreinte register export --year 2026 --output /srv/open-data

    Exit status: 0 written; 1 there is no register; 2 wrong use, or the register has faults; 3 no ledger can be read.
    """
    from monitor.cli.report import write
    from monitor.report.register import register_document, register_files, registered
    from monitor.report.rendering.html import page

    loaded = session_of(context, config, debug=debug).config()
    wanted = _wanted(formats)
    entries = _entries(loaded)
    material = _material(loaded, year, lang)
    services = registered(entries, material)
    data = register_files(services, material)
    files = {name: content for name, content in data.items() if _kind(name) in wanted}
    if "html" in wanted:
        files["register.html"] = page(register_document(services, material), material.words)
    write(files, output)
    for name in files:
        typer.echo(output / name)
    return Status.DONE


def check(
    context: typer.Context,
    *,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Say what the register still lacks, and which rule asks for it.

    \b
    Examples:
      empreinte register check
      empreinte register check --json

    Exit status: 0 nothing is missing; 1 something is, or there is no register; 2 the register has faults.
    """
    from monitor.core.register import is_prohibited, missing
    from monitor.wording import words

    loaded = session_of(context, config, debug=debug).config()
    entries = _entries(loaded)
    lacks = {entry.key: list(missing(entry)) for entry in entries}
    forbidden = [entry.key for entry in entries if is_prohibited(entry)]
    if as_json:
        content = {
            key: {
                "missing": [{"rule": one.rule.value, "field": one.field} for one in found],
                "prohibited": key in forbidden,
            }
            for key, found in lacks.items()
        }
        typer.echo(json.dumps(content, ensure_ascii=False, indent=1))
    else:
        said = words("monitor.report", lang or loaded.organisation.language)
        for entry in entries:
            for one in lacks[entry.key]:
                field, rule = (
                    said.say(f"register.{kind}.{name}") for kind, name in (("field", one.field), ("rule", one.rule))
                )
                typer.echo(f"{entry.key}: {said.say('register.lacks', field=field, rule=rule)}")
            if entry.key in forbidden:
                typer.echo(f"{entry.key}: {said.say('register.is_prohibited')}")
        typer.echo(said.say("register.checked", services=len(entries), missing=sum(map(len, lacks.values()))))
    return Status.NO if forbidden or any(lacks.values()) else Status.DONE


def example() -> int:
    """Print a register of one service, with every key and what it is for: a file to begin with.

    \b
    Examples:
      empreinte register example > /etc/empreinte/register.toml
    """
    from monitor.config.register import example as text

    typer.echo(text(), nl=False)
    return Status.DONE


def _wanted(formats: str) -> tuple[str, ...]:
    from monitor.cli.report_files import named_in

    names = named_in(formats)
    for name in names:
        if name not in FORMATS:
            message = f"there is no format {name!r}: write --format {','.join(FORMATS)}"
            raise CommandError(message, Status.WRONG)
    return names or FORMATS


def _kind(name: str) -> str:
    """Return the format that a file belongs to: the schema of the table is of the table."""
    return "csv" if name == "register.schema.json" else name.rpartition(".")[2]


def _entries(config: "Config") -> "tuple[Entry, ...]":
    from monitor.config.register import RegisterError, entries_of

    if config.register.file is None:
        message = "no register is configured: `empreinte register example` makes one, and `[register] file` names it"
        raise CommandError(message, Status.NO)
    try:
        return entries_of(config.register.file)
    except RegisterError as error:
        raise CommandError(str(error), Status.WRONG) from error


def last_year(closed_through: int, zone: ZoneInfo) -> int:
    """Return the local year in *zone* of the last hour that is closed: that a year has begun closes nothing of it."""
    from monitor.core.calendar import local_time

    return local_time(max(0, closed_through - 1), zone).year


def _material(config: "Config", year: int | None, lang: Lang) -> "Material":
    from monitor.cli.ledger import opened
    from monitor.cli.report import material_of
    from monitor.cli.reported import reported
    from monitor.report.scope import Scope
    from monitor.report.stated import Stated

    with opened(config) as ledger:
        asked = last_year(ledger.closed_through(), ZoneInfo(ledger.timezone)) if year is None else year
        made, host = reported(ledger, asked, config.external_rules, Scope()), ledger.host
    return material_of((made, None), Stated(), config, host, lang or config.organisation.language)
