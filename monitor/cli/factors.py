"""`empreinte factors`: which factors there are, what a zone gets and why, and whether a file of your own is right."""

import json
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Status, session_of
from monitor.cli.terminal import Terminal
from monitor.core.calendar import local_time
from monitor.core.factors import Catalogue, NoFactorError, Quantity
from monitor.core.zones import is_known

if TYPE_CHECKING:
    from monitor.config import Config

Files = Annotated[
    list[Path] | None,
    typer.Option(
        "--file", metavar="FILE", help="A file of your own, beside those of the configuration. May be given again."
    ),
]


def commands() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
    group.callback()(alone)
    group.command("list")(list_factors)
    group.command()(show)
    group.command()(check)
    return group


def alone(context: typer.Context) -> None:
    """Look at the factors, and check your own."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def list_factors(
    context: typer.Context,
    *,
    zone: Annotated[
        str, typer.Option(metavar="ZONE", help="What this zone gets, how it is chosen, and from what.")
    ] = "",
    quantity: Annotated[
        Quantity | None, typer.Option(metavar="QUANTITY", help=f"Only these: {', '.join(Quantity)}.")
    ] = None,
    day: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="With --zone: on this day. [default: today]")] = "",
    file: Files = None,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """List the factors, or say which of them a zone gets.

    A figure stands with its range. With --zone, the first lines are what is chosen, and how: the exact year, an older
    one, the country's in place of a part of it, another source in place of the preferred one. Then comes what else
    there is.

    \b
    Examples:
      empreinte factors list --zone FR
      empreinte factors list --zone RE --day 2024-06-01
      empreinte factors list --quantity hardware_gwp
      empreinte factors list --json | jq '.factors[] | select(.provider == "ademe")'

    Exit status: 0 listed; 1 there is no electricity factor for the zone; 2 wrong use, configuration or file.
    """
    from monitor.cli.factors_page import Page, choices_of, listed

    session = session_of(context, config, debug=debug)
    loaded = session.config()
    catalogue = _catalogue(loaded, file or [])
    quantities = [quantity] if quantity is not None else list(Quantity)
    if not zone:
        factors = [one for one in catalogue.factors if one.quantity in quantities]
        page = Page(session.words(lang), Terminal.of_output())
        typer.echo(
            _json({"set": catalogue.name, "factors": listed(factors)}) if as_json else page.all(catalogue, factors)
        )
        return Status.DONE
    when = _day(day, loaded)
    catalogue = _completed(catalogue, zone)
    choices = choices_of(catalogue, zone, when, loaded.factors.provider, quantities)
    if as_json:
        typer.echo(_json({"set": catalogue.name, "zone": zone, "day": str(when)} | choices.for_programs()))
    else:
        typer.echo(Page(session.words(lang), Terminal.of_output()).zone(catalogue, zone, when, choices))
    return Status.DONE if choices.has_electricity else Status.NO


def show(
    context: typer.Context,
    *,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key of a factor, as `factors list` shows it.")],
    file: Files = None,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Show all that is known of one factor: figure, range, year, basis, source, licence.

    \b
    Example:
      empreinte factors show electricity/FR/ademe/2024

    Exit status: 0 shown; 1 there is no such factor; 2 wrong configuration or file.
    """
    from monitor.cli.factors_page import Page
    from monitor.core.factor_facts import facts_of

    session = session_of(context, config, debug=debug)
    catalogue = _catalogue(session.config(), file or [])
    try:
        factor = catalogue.get(key)
    except NoFactorError as error:
        raise CommandError(str(error), Status.NO) from error
    page = Page(session.words(lang), Terminal.of_output())
    typer.echo(_json(facts_of(factor, float)) if as_json else page.factor(catalogue, factor))
    return Status.DONE


def check(
    context: typer.Context,
    *,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Files of your own. [default: those of the configuration]"),
    ] = None,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Say everything that is wrong with files of factors.

    \b
    Examples:
      empreinte factors check
      empreinte factors check new-factors.toml

    Exit status: 0 they are right; 1 they are not, and what is wrong was printed; 2 wrong configuration.
    """
    from monitor.factors.loading import FactorsError, load

    session = session_of(context, config, debug=debug)
    loaded = session.config()
    asked = files or list(loaded.factors.files)
    words = session.words(lang)
    try:
        catalogue = load(loaded.factors.set, asked)
    except FactorsError as error:
        for fault in error.faults:
            typer.echo(str(fault))
        typer.echo(words.say("factors.faults", count=len(error.faults)))
        return Status.NO
    own = sum(catalogue.is_own(factor) for factor in catalogue.factors)
    sentence = "factors.right" if asked else "factors.no_files"
    typer.echo(words.say(sentence, own=own, count=len(catalogue.factors), name=catalogue.name))
    return Status.DONE


def _catalogue(config: "Config", files: list[Path]) -> Catalogue:
    """Return the factors in force, with those of *files*. Raises CommandError, with every fault."""
    from monitor.factors.loading import FactorsError, load

    try:
        return load(config.factors.set, [*config.factors.files, *files])
    except FactorsError as error:
        raise CommandError(str(error), Status.WRONG) from error


def _completed(catalogue: Catalogue, zone: str) -> Catalogue:
    """Return *catalogue*, with CodeCarbon's factor of a country that it lacks, where there is one.

    Raises CommandError for what is no zone.
    """
    if not is_known(zone):
        close = get_close_matches(zone.upper(), catalogue.zones(), n=3)
        cure = f"did you mean {' or '.join(close)}?" if close else "write one such as FR, FR-COR, RE or US-CA"
        message = f"{zone} is no zone: {cure}"
        raise CommandError(message, Status.WRONG)
    from monitor.adapters.codecarbon import CodeCarbonFailed
    from monitor.factors.codecarbon import completed

    try:
        return completed(catalogue, zone)
    except CodeCarbonFailed:
        return catalogue


def _day(text: str, config: "Config") -> date:
    """Return the day that is asked for, in the organisation's time zone: today where none is."""
    from monitor.clock import SystemClock

    if not text:
        return local_time(SystemClock(config.paths.procfs).stamp().wall, config.organisation.timezone).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"--day {text} is not a day: write it as {date(2026, 3, 31)}"
        raise CommandError(message, Status.WRONG) from error


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
