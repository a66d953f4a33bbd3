"""`empreinte ledger`: is it sound, a copy of it, its schema brought up to date, and its past for others."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer

from monitor.cli import ledger_correct, ledger_export, ledger_import
from monitor.cli.session import CommandError, ConfigFile, Debug, Status, session_of
from monitor.core.calendar import local_day, year_of
from monitor.core.interval import Interval
from monitor.core.units import NANOSECONDS_PER_SECOND

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.ledger.store import Ledger

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2261
"""Moments are nanoseconds since 1970 in 64 bits."""


def commands() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
    group.callback()(alone)
    group.command("verify")(check)
    group.command("backup")(backup)
    group.command("migrate")(migrate)
    group.command("export")(ledger_export.export)
    group.command("import")(ledger_import.import_runs)
    group.add_typer(ledger_correct.commands(), name="correct")
    group.command("corrections")(ledger_correct.corrections)
    return group


def alone(context: typer.Context) -> None:
    """Check, copy, export, correct the ledger; import into it."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def check(
    context: typer.Context,
    *,
    year: Annotated[int | None, typer.Option(metavar="YYYY", help="Check this year only.")] = None,
    first: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="Check from this day on.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="YYYY-MM-DD", help="Check through this day.")] = "",
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Prove that every joule has one owner.

    And that every impact has its terms, and nothing is missing or booked twice. It reads only, and may be run while the
    daemon writes. Days and years are those of the ledger's time zone.

    \b
    Examples:
      empreinte ledger verify
      empreinte ledger verify --year 2026
      empreinte ledger verify --from 2026-03-01 --to 2026-03-31

    Exit status: 0 it is sound; 1 it is not, and what is wrong was printed; 3 it can't be read.
    """
    from monitor.ledger.verify import verify

    with opened(session_of(context, config, debug=debug).config()) as ledger:
        verification = verify(ledger, _asked(year, first, last, ZoneInfo(ledger.timezone)))
    for fault in verification.faults:
        typer.echo(fault.sentence)
    checked = f"checked by the hour ({verification.hours}) and by the minute ({verification.minutes})"
    if verification.faults:
        typer.echo(f"{checked}: {len(verification.faults)} faults. A backup may hold what is right (docs/ledger.md).")
        return Status.NO
    typer.echo(f"{checked}: every joule has one owner, every impact its terms; nothing is missing or booked twice.")
    return Status.DONE


def backup(
    context: typer.Context,
    *,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The file to make; it must not exist.")],
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Copy the ledger, while the daemon goes on.

    The copy is whole and consistent. Of SQLite the copy is a ledger itself; of PostgreSQL it is what pg_restore
    reads. To go back to it: stop the daemon, put the copy in the ledger's place, and start again.

    \b
    Example:
      empreinte ledger backup /srv/backup/empreinte-$(date +%F).db
    """
    from monitor.ledger.backup import backup as copy

    url = session_of(context, config, debug=debug).config().ledger.url
    if path.exists():
        message = f"{path} is there already: name another file, a backup is never written over"
        raise CommandError(message, Status.WRONG)
    with ledger_failures():
        copy(url, path)
    typer.echo(f"{path} holds the ledger ({path.stat().st_size / 1e6:.1f} MB).")
    return Status.DONE


def migrate(context: typer.Context, config: ConfigFile = None, debug: Debug = False) -> int:
    """Bring the ledger to the schema of this version. The daemon does so by itself when it starts.

    Make a backup before: an older version can't read the new schema.

    \b
    Example:
      empreinte ledger backup /srv/before.db && empreinte ledger migrate
    """
    from monitor.clock import SystemClock
    from monitor.ledger.store import Ledger

    loaded = session_of(context, config, debug=debug).config()
    with ledger_failures():
        changed = Ledger.migrate(loaded.ledger.url, now=SystemClock(loaded.paths.procfs).stamp())
    typer.echo("The ledger was brought up to date." if changed else "The ledger is up to date.")
    return Status.DONE


@contextmanager
def opened(config: "Config", before: str = "") -> Iterator["Ledger"]:
    """Give the configured ledger, to read. Raises CommandError where it can't be read; *before* begins the sentence."""
    from monitor.ledger.store import Ledger

    with ledger_failures(before), Ledger.read(config.ledger.url) as ledger:
        yield ledger


@contextmanager
def ledger_failures(before: str = "") -> Iterator[None]:
    """Turn what goes wrong with the ledger into the end of the command; *before* begins the sentence."""
    from monitor.ledger.store import LedgerAbsent, LedgerError

    try:
        yield
    except LedgerAbsent as error:
        raise CommandError(f"{before}{error}", Status.NO) from error
    except LedgerError as error:
        raise CommandError(f"{before}{error}", Status.IMPOSSIBLE) from error


def year_in(year: int, zone: ZoneInfo) -> Interval:
    """Return the local *year*. Raises CommandError for one that no ledger can hold."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        message = f"no ledger holds the year {year}: write one such as 2026"
        raise CommandError(message, Status.WRONG)
    return year_of(year, zone)


def _asked(year: int | None, first: str, last: str, zone: ZoneInfo) -> Interval | None:
    """Return the time to check; None for all. Raises CommandError for a time that can't be."""
    if year is not None and (first or last):
        message = "give either --year, or --from and --to"
        raise CommandError(message, Status.WRONG)
    if year is not None:
        return year_in(year, zone)
    return days(first, last, zone) if first or last else None


def days(first: str, last: str, zone: ZoneInfo) -> Interval:
    """Return the local days from *first* to *last*, both included; an empty one: since ever, or for ever.

    Raises CommandError for a day that can't be.
    """
    start = _day(first or f"{FIRST_YEAR}-01-02", "--from", zone).start
    end = _day(last or f"{LAST_YEAR}-12-31", "--to", zone).end
    if start >= end:
        message = f"--from {first} is after --to {last}: give the earlier day first"
        raise CommandError(message, Status.WRONG)
    return Interval(start, end)


def _day(text: str, option: str, zone: ZoneInfo) -> Interval:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        message = f"{option} {text} is not a day: write it as {date(2026, 3, 31)}"
        raise CommandError(message, Status.WRONG) from error
    year_in(day.year, zone)
    noon = datetime.combine(day, time(12), tzinfo=zone)
    return local_day(int(noon.timestamp()) * NANOSECONDS_PER_SECOND, zone)
