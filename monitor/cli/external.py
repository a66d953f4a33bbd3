"""`empreinte external`: services that are bought as an API, from lists of what was used of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Status, session_of

if TYPE_CHECKING:
    from monitor.cli.external_page import Told
    from monitor.config import Config, Language
    from monitor.core.external import ExternalSum
    from monitor.core.impact import Bounds
    from monitor.core.interval import Interval
    from monitor.core.units import Duration
    from monitor.external.usage_list import UsageList
    from monitor.ledger.store import Imported, Ledger


def commands() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
    group.callback()(alone)
    group.command("import")(import_list)
    group.command("show")(show)
    return group


def alone(context: typer.Context) -> None:
    """Count what is bought as an API, apart from this machine."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def import_list(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The list of what was used.")],
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Count what a list says was used of services that are bought as an API.

    Its first line names the columns: date (2026-03-14, or a whole month, 2026-03), model, and of requests,
    input_tokens, output_tokens at least one; external (key of the service) and provider may be there. The same list
    twice changes nothing, and what events or another list have told already is not counted again. What can't be used
    is told on standard error with its line. It may be run while the daemon runs. Columns and rules: docs/external.md.

    \b
    Example:
      empreinte external import usage-2026-03.csv

    Exit status: 0 all of it counts; 1 some lines do not; 2 wrong configuration, or no such list; 3 the ledger can't be
    used.
    """
    from monitor.cli.ledger import ledger_failures
    from monitor.ledger.store import Ledger

    loaded = session_of(context, config, debug=debug).config()
    if not loaded.externals:
        message = "no bought service is configured: describe it in an [[external]] table (docs/external.md)"
        raise CommandError(message, Status.WRONG)
    content = _content(file)
    with ledger_failures(), Ledger.change(loaded.ledger.url) as ledger:
        found = _read(content, file, loaded, ledger)
        done = ledger.import_external(found.rows, found.digest)
    _tell(file, found, done)
    return Status.NO if found.faults or done.refused else Status.DONE


def _content(file: Path) -> bytes:
    from monitor.external.usage_list import LARGEST

    try:
        with file.open("rb") as stream:
            # a byte more shows that it is too large
            return stream.read(LARGEST + 1)
    except OSError as error:
        message = f"{file} can't be read ({error.strerror}): name a list in CSV that this user may read"
        raise CommandError(message, Status.WRONG) from error


def _read(content: bytes, file: Path, config: "Config", ledger: "Ledger") -> "UsageList":
    from monitor.clock import SystemClock
    from monitor.external.bases import Bases
    from monitor.external.usage_list import Reading, UsageListError, read_usage
    from monitor.factors.studies import shipped_studies

    now = SystemClock(config.paths.procfs).stamp().wall
    reading = Reading(config.external_rules, ZoneInfo(ledger.timezone), now)
    try:
        return read_usage(content, reading, Bases(shipped_studies()))
    except UsageListError as error:
        message = f"{file}: {error}"
        raise CommandError(message, Status.WRONG) from error


def _tell(file: Path, found: "UsageList", done: "Imported") -> None:
    twice = "events or another list have told of its time otherwise: take it out, or correct it"
    for line, why in sorted([*found.faults, *((line, twice) for line in done.refused)]):
        typer.echo(f"{file}, line {line}: {why}", err=True)
    unknown = {one.basis.missing for row in found.rows for one in row.amounts if one.basis is not None} - {""}
    for sentence in sorted(unknown):
        typer.echo(f"{file}: {sentence}", err=True)
    typer.echo(f"{len(done.written)} lines counted, {len(done.known)} counted before.")


def show(
    context: typer.Context,
    *,
    period: Annotated[
        str, typer.Argument(metavar="PERIOD", help="2026, 2026-Q1, 2026-03, 2026-03-14, month, previous_year ...")
    ] = "year",
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Show what bought services did and cost, who says so, and this host's figures beside it.

    Nothing of it was measured: it is declared or modelled, with wide bounds, and no part of the host's figures. --json
    has by what each model was reckoned, whole.

    \b
    Examples:
      empreinte external show 2026
      empreinte external show previous_month --json | jq .bases

    Exit status: 0 shown; 2 wrong use or configuration; 3 the ledger can't be read.
    """
    import json

    from monitor.cli.explain import period_in
    from monitor.cli.ledger import opened
    from monitor.clock import SystemClock

    loaded = session_of(context, config, debug=debug).config()
    now = SystemClock(loaded.paths.procfs).stamp().wall
    with opened(loaded) as ledger:
        zone = ZoneInfo(ledger.timezone)
        interval = period_in(period, now, zone)
        sums = ledger.external(_counted(interval, period, now, ledger.grain))
        host = _of_host(ledger, interval)
    if as_json:
        typer.echo(json.dumps(_for_programs(loaded, interval, sums, host), ensure_ascii=False, indent=1))
    else:
        from monitor.cli.external_page import Told
        from monitor.core.external import by_service

        rules = {rule.key: rule for rule in loaded.external_rules}
        told = Told(interval, rules, by_service(sums), host)
        typer.echo(_for_people(told, lang or loaded.organisation.language, zone))
    return Status.DONE


def _counted(interval: "Interval", period: str, now: int, hour: "Duration") -> "Interval":
    """Return the time that *period* counts: one that goes up to *now* has its open hour in it, as on the page."""
    from monitor.core.interval import Interval, bucket_of
    from monitor.ledger.external_periods import OPEN

    if period not in OPEN:
        return interval
    return Interval(interval.start, bucket_of(now, hour) + hour.nanoseconds)


def _for_people(told: "Told", language: "Language", zone: ZoneInfo) -> str:
    from monitor.cli.external_page import Page
    from monitor.cli.figures import Figures
    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal

    speech = Speech(language, zone)
    return Page(told, speech, Figures(speech, zone), Terminal.of_output()).text()


def _for_programs(
    config: "Config", interval: "Interval", sums: "tuple[ExternalSum, ...]", host: "Bounds | None"
) -> dict[str, Any]:
    from monitor.core.calendar import utc
    from monitor.core.external import by_service, use_of
    from monitor.core.external_told import apart_and_together, bases_told, service_told, use_told

    rules = {rule.key: rule for rule in config.external_rules}
    return {
        "from": utc(interval.start),
        "to": utc(interval.end),
        "services": [{**service_told(key, rules.get(key)), **use_told(use)} for key, use in by_service(sums).items()],
        "bases": bases_told(sums),
        "totals": apart_and_together(host, use_of(sums) if sums else None),
    }


def _of_host(ledger: "Ledger", interval: "Interval") -> "Bounds | None":
    """Return the emissions of the host's closed hours, in micrograms with their error; None: unknown."""
    from monitor.core.entries import Meter
    from monitor.core.impact import Bounds
    from monitor.core.summary import Impacts
    from monitor.core.units import Energy

    sums = ledger.sums(interval)
    amounts: dict[Any, Bounds] = {}
    for key, amount in sums.impacts.items():
        amounts[key.indicator] = amounts.get(key.indicator, Bounds.ZERO) + amount
    meters: dict[Meter, Energy] = {}
    for series, energy in sums.energy.items():
        meter = Meter(series.resource, series.method)
        meters[meter] = meters.get(meter, Energy.ZERO) + energy
    return Impacts.of(amounts, meters).emissions
