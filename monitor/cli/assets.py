"""`empreinte assets`: the hardware that counts here, and its import from GLPI's inventory."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Status, session_of

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.inventory.assets import Inventory
    from monitor.inventory.glpi import Imported, Remark

IN_TURN: Final = "read it through, and name it in `[inventory] files` of the configuration"


def commands() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
    group.callback()(alone)
    group.command("detect")(detect)
    group.command("import")(import_list)
    return group


def alone(context: typer.Context) -> None:
    """Show the hardware whose making counts, or import it."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def detect(
    context: typer.Context,
    *,
    as_json: AsJson = False,
    as_toml: Annotated[bool, typer.Option("--toml", help="Print [[asset]] tables, to be completed.")] = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Show the hardware whose making counts here, what making it cost, and what is not counted.

    That is what is configured, and what is detected of the kinds that are not. What may be read depends on the user:
    the list of memory modules is root's. How it is found, shared and written off: docs/hardware.md.

    \b
    Examples:
      empreinte assets detect
      sudo empreinte assets detect --toml > /etc/empreinte/assets.toml

    Exit status: 0 all that is here counts; 1 something is not counted.
    """
    import json

    from monitor.cli.assets_page import as_programs_read_it, page
    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal
    from monitor.inventory.writing import asset_file

    if as_json and as_toml:
        message = "give either --json or --toml"
        raise CommandError(message, Status.WRONG)
    session = session_of(context, config, debug=debug)
    loaded = session.config()
    found = _inventory(loaded)
    if as_json:
        typer.echo(json.dumps(as_programs_read_it(found, loaded), ensure_ascii=False, indent=1))
    elif as_toml:
        about = [f"not counted: {one.what}: {one.cure}" for one in found.missing]
        typer.echo(asset_file([item.table for item in found.items], about), nl=False)
    else:
        speech = Speech(lang or loaded.organisation.language, loaded.organisation.timezone)
        typer.echo(page(found, loaded.host.name, speech, session.words(lang), Terminal.of_output()))
    return Status.NO if found.missing else Status.DONE


def _inventory(config: "Config") -> "Inventory":
    """Return what counts here. Raises CommandError for factors or assets that can't be used."""
    from monitor.factors.loading import FactorsError, load
    from monitor.inventory.assets import InventoryError
    from monitor.reckoning import inventory_of

    paths = config.paths
    try:
        catalogue = load(config.factors.set, config.factors.files)
        return inventory_of(config, catalogue, sysfs=paths.sysfs, procfs=paths.procfs)
    except (FactorsError, InventoryError) as error:
        raise CommandError(str(error), Status.WRONG) from error


def import_list(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The list of computers that GLPI exported.")],
    host: Annotated[
        str, typer.Option(metavar="NAME", help="The computer's name in the list. [default: host.name]")
    ] = "",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write the assets; without it, on standard output.")
    ] = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Make [[asset]] tables of a computer in a list that GLPI exported as CSV.

    Name the file that is written in `[inventory] files`. What can't be used, or is to be looked at, is told on standard
    error with its line. Which columns the list needs: docs/hardware.md.

    \b
    Examples:
      empreinte assets import glpi.csv
      empreinte assets import glpi.csv --host ia-01 --output /etc/empreinte/assets.toml

    Exit status: 0 imported; 1 the computer's row can't be used; 2 it is no such list, or lacks the computer.
    """
    from monitor.inventory.csv_list import LARGEST, ListError
    from monitor.inventory.glpi import import_list as read
    from monitor.inventory.models import shipped_models
    from monitor.inventory.writing import asset_file

    name = host or session_of(context, config, debug=debug).config().host.name
    if output is not None and output.exists():
        message = f"{output} is there already: name another file, what somebody may have completed is not written over"
        raise CommandError(message, Status.WRONG)
    try:
        with file.open("rb") as stream:
            # a byte more shows that it is too large
            found = read(stream.read(LARGEST + 1), name, shipped_models())
    except ListError as error:
        message = f"{file}: {error}"
        raise CommandError(message, Status.WRONG) from error
    for remark in found.remarks:
        typer.echo(_told(file, remark), err=True)
    if not found.tables:
        return Status.NO
    _give(asset_file(found.tables, [f"{name}, from GLPI's list {file.name}"]), output, found)
    return Status.DONE


def _told(file: Path, remark: "Remark") -> str:
    cure = f": {remark.cure}" if remark.cure else ""
    return f"{file}, line {remark.line}: {remark.what}{cure}"


def _give(text: str, output: Path | None, found: "Imported") -> None:
    if output is None:
        typer.echo(text, nl=False)
        return
    with output.open("x", encoding="utf-8") as stream:
        stream.write(text)
    others = f"; {found.others} other computers of the list were left out" if found.others else ""
    typer.echo(f"{output} has {len(found.tables)} assets{others}: {IN_TURN}.")
