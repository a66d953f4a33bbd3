"""`empreinte restate`: reckon closed hours anew, as a new generation that counts from then on."""

import getpass
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.explain import period_in
from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Session, Status, session_of
from monitor.cli.terminal import Terminal
from monitor.config import Language
from monitor.core.interval import Interval

if TYPE_CHECKING:
    from monitor.cli.restated import Change, Order, Outcome
    from monitor.config import Config
    from monitor.core.impact import HourImpacts
    from monitor.core.terms import Reckoner
    from monitor.ledger.store import Ledger

WITHOUT_ZONE = (
    "impacts can't be reckoned without a zone of the electricity grid: set host.zone (`empreinte doctor` proposes one)"
)
STEP = 24
"""Hours between two signs of progress."""


def restate(
    context: typer.Context,
    *,
    period: Annotated[
        str, typer.Argument(metavar="PERIOD", help="2026, 2026-Q1, 2026-03, 2026-03-14, month, previous_year ...")
    ] = "",
    first: Annotated[
        str, typer.Option("--from", metavar="YYYY-MM-DD", help="Instead of PERIOD: from this day on.")
    ] = "",
    last: Annotated[str, typer.Option("--to", metavar="YYYY-MM-DD", help="Instead of PERIOD: through this day.")] = "",
    factors: Annotated[
        str,
        typer.Option(
            metavar="SET|FILE",
            help="A set of factors, or a file of your own beside those of the configuration. [default: as configured]",
        ),
    ] = "",
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why. It is kept, and shown with the figures.")] = "",
    author: Annotated[str, typer.Option(metavar="NAME", help="Who. [default: the user who runs it]")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")] = False,
    list_them: Annotated[bool, typer.Option("--list", help="Show all restatements that were made.")] = False,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Reckon the impacts of closed hours anew.

    With the zone, PUE, hardware and tariffs of the present configuration and the set of factors that is named. What
    was measured stays, and so do the earlier figures: the new ones are a generation beside them, which counts from
    then on. It may be run while the daemon runs. Step by step: docs/restating.md.

    \b
    Examples:
      empreinte restate 2026 --factors ademe-2027.toml --dry-run
      empreinte restate 2026 --factors ademe-2027.toml --reason "ADEME's factors of 2026"
      empreinte restate --from 2026-03-01 --to 2026-03-31 --reason "the PUE was measured"
      empreinte restate --list

    Exit status: 0 restated, or nothing changes; 1 no hour of that time is closed; 2 wrong use, configuration or
    factors; 3 the ledger can't be used.
    """
    from monitor.cli.restated import Order

    session = session_of(context, config, debug=debug)
    if list_them:
        typer.echo(_listed(session, lang, as_json=as_json))
        return Status.DONE
    if not reason.strip() and not dry_run:
        message = 'say why, it is kept with the figures: --reason "..." (or look first: --dry-run)'
        raise CommandError(message, Status.WRONG)
    loaded = session.config()
    with _ledger(loaded, dry_run=dry_run) as ledger:
        order = Order(_asked(loaded, ledger, period, first, last), author or login(), reason.strip(), dry_run)
        with _told_where_interrupted():
            outcome = _restated(_with_factors(loaded, factors), ledger, order)
        typer.echo(_said(outcome, ledger, lang or loaded.organisation.language, as_json=as_json))
    return Status.DONE


def login() -> str:
    """Return the name of the user who runs the program; who became root by sudo is told by it."""
    if named := os.environ.get("SUDO_USER"):
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # a user without a name, as in containers
        return f"uid {os.getuid()}"


@contextmanager
def _told_where_interrupted() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("interrupted: what was not finished counts nowhere (`empreinte restate --list`)", err=True)
        raise


@contextmanager
def _ledger(config: "Config", *, dry_run: bool) -> "Iterator[Ledger]":
    from monitor.cli.ledger import ledger_failures
    from monitor.ledger.store import Ledger

    access = Ledger.read if dry_run else Ledger.change
    with ledger_failures(), access(config.ledger.url) as ledger:
        yield ledger


def _asked(config: "Config", ledger: "Ledger", period: str, first: str, last: str) -> Interval:
    from monitor.cli.ledger import days
    from monitor.clock import SystemClock

    if bool(period) == bool(first or last):
        message = "name the time to restate: a PERIOD such as 2026 or 2026-03, or --from and --to"
        raise CommandError(message, Status.WRONG)
    zone = ZoneInfo(ledger.timezone)
    if period:
        return period_in(period, SystemClock(config.paths.procfs).stamp().wall, zone)
    return days(first, last, zone)


def _with_factors(config: "Config", named: str) -> "Config":
    """Return *config* with the set, or the file, that was *named*. Raises CommandError where it is neither."""
    from monitor.factors.loading import names

    if not named:
        return config
    if named in names():
        return replace(config, factors=replace(config.factors, set=named))
    file = Path(named).absolute()
    if not file.is_file():
        message = f"--factors {named} is neither a file nor a set: the sets are {', '.join(names())}"
        raise CommandError(message, Status.WRONG)
    files = (*(one for one in config.factors.files if one != file), file)
    return replace(config, factors=replace(config.factors, files=files))


def _restated(config: "Config", ledger: "Ledger", order: "Order") -> "Outcome":
    from monitor.cli.restated import Outcome, Tally
    from monitor.clock import SystemClock
    from monitor.core.factors import NoFactorError
    from monitor.live_intensity import told
    from monitor.restating import reckon_anew

    now = SystemClock(config.paths.procfs).stamp().wall
    reckoner = _reckoner(config, now, simulated=ledger.simulated)
    interval = _closed(ledger, order)
    tally = Tally(ledger, interval)
    anew = reckon_anew(interval, ledger.grain, reckoner, ledger.hours, partial(told, config, ledger))
    hours = _with_progress(tally.following(anew), interval.length.nanoseconds // ledger.grain.nanoseconds)
    try:
        change = _made(ledger, hours, interval, order, (now, reckoner.catalogue.name))
    except NoFactorError as error:
        raise CommandError(str(error), Status.WRONG) from error
    return Outcome(order, interval, reckoner.catalogue.name, change, tally.services(), ledger.simulated)


def _closed(ledger: "Ledger", order: "Order") -> Interval:
    from monitor.ledger.rehearsal import closed_hours

    interval = closed_hours(ledger, order.interval)
    if interval is None:
        message = "no hour of that time is closed in the ledger: an hour closes about a minute after its end"
        raise CommandError(message, Status.NO)
    return interval


def _made(
    ledger: "Ledger", hours: "Iterator[HourImpacts]", interval: Interval, order: "Order", occasion: tuple[int, str]
) -> "Change":
    from monitor.cli.restated import Change
    from monitor.ledger.rehearsal import rehearse

    if order.dry_run:
        compared = rehearse(ledger, hours, interval)
        return Change(compared.hours, compared.differences(), None)
    now, factor_set = occasion
    made = ledger.restate(hours, interval, made=now, author=order.author, reason=order.reason, factor_set=factor_set)
    return Change(0, {}, None) if made is None else Change(made.hours, made.differences, made.number)


def _reckoner(config: "Config", now: int, *, simulated: bool) -> "Reckoner":
    from monitor.app import assembly_of
    from monitor.reckoning import ReckoningError

    try:
        assembly = assembly_of(config, now, simulated=simulated)
    except ReckoningError as error:
        raise CommandError(str(error), Status.WRONG) from error
    if assembly.reckoner is None:
        raise CommandError(WITHOUT_ZONE, Status.WRONG)
    return assembly.reckoner


def _with_progress(hours: "Iterable[HourImpacts]", total: int) -> "Iterator[HourImpacts]":
    """Yield *hours*, and say on a terminal how far it is; where it is cut off, that nothing has changed."""
    shows = sys.stderr is not None and sys.stderr.isatty()
    try:
        for number, hour in enumerate(hours, start=1):
            if shows and number % STEP == 0:
                typer.echo(f"\r{number} / {total} h", nl=False, err=True)
            yield hour
    finally:
        if shows:
            # carriage return, erase in line. Source: ECMA-48, 8.3.41
            typer.echo("\r\x1b[K", nl=False, err=True)


def _said(outcome: "Outcome", ledger: "Ledger", language: Language, *, as_json: bool) -> str:
    from monitor.cli.figures import Figures
    from monitor.cli.restated import for_programs, page
    from monitor.cli.speech import Speech

    if as_json:
        return json.dumps(for_programs(outcome), ensure_ascii=False, indent=1)
    zone = ZoneInfo(ledger.timezone)
    speech = Speech(language, zone)
    names = {key: facts.name for key, facts in ledger.services().items()}
    return page(outcome, names, speech, Figures(speech, zone), Terminal.of_output())


def _listed(session: Session, lang: Language | None, *, as_json: bool) -> str:
    from monitor.cli.figures import Figures
    from monitor.cli.ledger import opened
    from monitor.cli.restated import list_for_programs, list_page
    from monitor.cli.speech import Speech

    loaded = session.config()
    with opened(loaded) as ledger:
        made, zone = ledger.restatements(), ZoneInfo(ledger.timezone)
    if as_json:
        return json.dumps(list_for_programs(made), ensure_ascii=False, indent=1)
    speech = Speech(lang or loaded.organisation.language, zone)
    return list_page(made, speech, Figures(speech, zone), Terminal.of_output())
