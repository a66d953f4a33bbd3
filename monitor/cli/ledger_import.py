"""`empreinte ledger import`: runs that CodeCarbon tracked, in a scope of their own."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.restate import login
from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Status, session_of

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.external.emissions_list import EmissionsList
    from monitor.ledger.store import ImportedRuns, Ledger


def import_runs(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="CodeCarbon's emissions.csv.")],
    machine: Annotated[
        str,
        typer.Option(
            "--machine", metavar="NAME", help="Where it ran. This host's own name: it may be counted already."
        ),
    ],
    service: Annotated[
        list[str] | None,
        typer.Option(
            "--service", metavar="KEY|PROJECT=KEY", help="The service that the runs, or those of PROJECT, are of."
        ),
    ] = None,
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="ZONE", help="Of that machine's clock. [default: the ledger's]")
    ] = "",
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who. [default: the user who runs it]")] = "",
    as_json: AsJson = False,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Take in what CodeCarbon tracked, in a scope of its own.

    It is marked as imported, with the file's hash, and tagged `modelled`: the file does not say how it was measured.
    None of it is in a figure of this host; the report shows it apart, and together where it is of another machine. A
    run counts from its beginning, so of its rows each contains the earlier ones; a row counts in the month in which it
    was written. The same file twice changes nothing. What can't be used is told on standard error with its line. It may
    be run while the daemon runs. Rules: docs/imported.md.

    \b
    Examples:
      empreinte ledger import emissions.csv --machine gpu-lab-02
      empreinte ledger import emissions.csv --machine gpu-lab-02 --service training=assistant

    Exit status: 0 all of it is in the ledger; 1 some lines are not; 2 wrong use, or no such file; 3 the ledger can't be
    used.
    """
    from monitor.cli.ledger import ledger_failures
    from monitor.core.imported import Source
    from monitor.ledger.store import Ledger, LedgerRefused

    loaded = session_of(context, config, debug=debug).config()
    if not machine.strip():
        message = "--machine is empty: name the machine that the runs are of"
        raise CommandError(message, Status.WRONG)
    content = _content(file)
    with ledger_failures(), Ledger.change(loaded.ledger.url) as ledger:
        found, now = _read(content, file, loaded, ledger, (service or [], timezone))
        source = Source(found.digest, file.name, machine.strip(), by or login(), now)
        try:
            done = ledger.import_runs(found.rows, source)
        except LedgerRefused as error:
            raise CommandError(str(error), Status.WRONG) from error
    _tell(file, found, done, as_json=as_json)
    return Status.NO if found.faults or done.refused else Status.DONE


def _content(file: Path) -> bytes:
    from monitor.external.emissions_list import LARGEST

    try:
        with file.open("rb") as stream:
            # a byte more shows that it is too large
            return stream.read(LARGEST + 1)
    except OSError as error:
        message = f"{file} can't be read ({error.strerror}): name an emissions.csv that this user may read"
        raise CommandError(message, Status.WRONG) from error


def _read(
    content: bytes, file: Path, config: "Config", ledger: "Ledger", asked: tuple[list[str], str]
) -> "tuple[EmissionsList, int]":
    """Return what the file says, and when it was read, in ns since the epoch. Raises CommandError."""
    from monitor.clock import SystemClock
    from monitor.external.emissions_list import EmissionsListError, Rules, read_emissions

    services, timezone = asked
    now = SystemClock(config.paths.procfs).stamp().wall
    rules = Rules(_zone(timezone or ledger.timezone), now, _services(services, ledger))
    try:
        found = read_emissions(content, rules)
    except EmissionsListError as error:
        message = f"{file}: {error}"
        raise CommandError(message, Status.WRONG) from error
    if ledger.host in found.own_hosts:
        message = (
            f"{file} holds figures that this host's own report has: import them into the ledger of another machine"
        )
        raise CommandError(message, Status.WRONG)
    return found, now


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        message = f"--timezone {name} is no time zone: write one such as Europe/Paris"
        raise CommandError(message, Status.WRONG) from error


def _services(asked: list[str], ledger: "Ledger") -> dict[str, str]:
    """Return the key of a service by project; "" is for all others. Raises CommandError for one that is not known."""
    known, found = ledger.services(), dict[str, str]()
    for one in asked:
        project, _, key = one.rpartition("=")
        if key not in known:
            message = (
                f"--service {one}: the ledger knows no service {key}, name one of {', '.join(sorted(known)) or 'none'}"
            )
            raise CommandError(message, Status.WRONG)
        found[project] = key
    return found


def _tell(file: Path, found: "EmissionsList", done: "ImportedRuns", *, as_json: bool) -> None:
    refused = sorted([*found.faults, *done.refused])
    for line, why in refused:
        typer.echo(f"{file}, line {line}: {why}", err=True)
    if as_json:
        told = {
            "sha256": found.digest,
            "written": done.written,
            "known": done.known,
            "refused": [{"line": line, "reason": why} for line, why in refused],
        }
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        typer.echo(f"{len(done.written)} rows imported, {len(done.known)} imported before.")
