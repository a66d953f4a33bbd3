"""`empreinte ledger correct`: what people know better than a meter, with their name, reason and evidence."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer

from monitor.cli.moments import time_between
from monitor.cli.restate import login
from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Session, Status, session_of
from monitor.config import Language
from monitor.core.corrections import (
    WHOLE_MACHINE,
    Declare,
    Evidence,
    Explain,
    Grounds,
    Move,
    Order,
    Reason,
    Revoke,
    Strike,
)
from monitor.core.interval import Interval

if TYPE_CHECKING:
    from monitor.cli.ledger_corrected import Page
    from monitor.config import Config
    from monitor.core.units import Energy
    from monitor.ledger.store import Corrected, Ledger

CHUNK: Final = 1 << 20

First = Annotated[
    str,
    typer.Option("--from", metavar="TIME", help="From then on: 2026-03-14, or 2026-03-14T08:00 by the clock there."),
]
Last = Annotated[str, typer.Option("--to", metavar="TIME", help="Until then; of a day, through its end.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why. It is kept, and shown with the figures.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who. [default: the user who runs it]")]
EvidenceFile = Annotated[
    Path | None,
    typer.Option("--evidence", metavar="FILE", help="What shows it: its name and SHA-256 are kept, the file is not."),
]
Resource = Annotated[
    str, typer.Option("--resource", metavar="PART", help="Of this part of the machine: package, dram, gpu0, rest ...")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")]


@dataclass(frozen=True, slots=True)
class _Said:
    """On what grounds, as it stands in the options."""

    why: str
    by: str
    evidence: Path | None


@dataclass(frozen=True, slots=True)
class _Shown:
    """How it is shown, and whether it is done."""

    dry_run: bool
    as_json: bool
    lang: Language | None


def commands() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
    group.callback()(alone)
    group.command("gap")(gap)
    group.command("move")(move)
    group.command("declare")(declare)
    group.command("strike")(strike)
    group.command("revoke")(revoke)
    return group


def alone(context: typer.Context) -> None:
    """Correct closed hours by hand, as a new generation.

    What was booked stays in the ledger, and the counters of the metrics don't change; reports, `explain` and the
    figures of periods follow. It may be run while the daemon runs. How, and when which: docs/corrections.md.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def gap(
    context: typer.Context,
    *,
    first: First,
    last: Last,
    cause: Annotated[Reason, typer.Option(metavar="|".join(Reason), help="What kind of reason it was.")],
    resource: Resource = "",
    why: Why = "",
    by: By = "",
    evidence: EvidenceFile = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Say why something was not measured. It changes no figure: the gap stays one, and the report explains it.

    \b
    Example:
      empreinte ledger correct gap --from 2026-03-14T08:00 --to 2026-03-14T12:00 --cause maintenance \\
        --why "the power supply was replaced" --evidence intervention-2026-117.pdf

    Exit status: 0 it is recorded; 2 wrong use, or there is no such gap; 3 the ledger can't be used.
    """

    def order(interval: Interval) -> Order:
        return Explain(interval, cause, resource)

    session = session_of(context, config, debug=debug)
    return _timed(session, (first, last), order, _Said(why, by, evidence), _Shown(dry_run, as_json, lang))


def move(
    context: typer.Context,
    *,
    first: First,
    last: Last,
    service: Annotated[
        str, typer.Option("--service", metavar="KEY", help="Whose the energy was; _other: no service's.")
    ],
    into: Annotated[
        str, typer.Option("--into", metavar="KEY", help="Whose it is: a service, _other, or _unattributed (not known).")
    ],
    energy: Annotated[
        str, typer.Option("--energy", metavar="AMOUNT", help='Only so much: "12 kWh". [default: all that it used]')
    ] = "",
    resource: Resource = "",
    why: Why = "",
    by: By = "",
    evidence: EvidenceFile = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Give energy that was booked for one service to the one that used it. What was measured stays.

    Each hour, part of the machine and share gives in proportion. The hardware that a service held, and what it did,
    stay with it.

    \b
    Example:
      empreinte ledger correct move --from 2026-03-14T08:00 --to 2026-03-14T20:00 --service assistant --into search \\
        --energy "3.2 kWh" --why "the indexing ran in the assistant's container" --dry-run

    Exit status: 0 it counts; 2 wrong use, or it can't be; 3 the ledger can't be used.
    """

    def order(interval: Interval) -> Order:
        return Move(interval, service, into, _energy(energy) if energy else None, resource)

    session = session_of(context, config, debug=debug)
    return _timed(session, (first, last), order, _Said(why, by, evidence), _Shown(dry_run, as_json, lang))


def declare(
    context: typer.Context,
    *,
    first: First,
    last: Last,
    energy: Annotated[str, typer.Option("--energy", metavar="AMOUNT", help='How much, in the gaps alone: "12 kWh".')],
    into: Annotated[
        str, typer.Option("--into", metavar="KEY", help="Who used it: a service, _other, or _unattributed (not known).")
    ],
    resource: Annotated[
        str,
        typer.Option(
            "--resource",
            metavar="PART",
            help=f"Of which part: package, dram, gpu0, rest ...; {WHOLE_MACHINE}: all, where none was measured.",
        ),
    ],
    why: Why = "",
    by: By = "",
    evidence: EvidenceFile = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """State the energy of a gap, which no meter of this program saw: from the electrician's meter, say.

    It is spread over the gaps of that part in that time, by their length, and tagged `declared`. The gaps stay gaps:
    coverage tells what was measured.

    \b
    Example:
      empreinte ledger correct declare --from 2026-03-14T08:00 --to 2026-03-14T12:00 --resource platform \\
        --energy "4.8 kWh" --into _unattributed --why "reading of the PDU" --evidence pdu-2026-03.csv

    Exit status: 0 it counts; 2 wrong use, or there is no such gap; 3 the ledger can't be used.
    """

    def order(interval: Interval) -> Order:
        return Declare(interval, resource, into, _energy(energy))

    session = session_of(context, config, debug=debug)
    return _timed(session, (first, last), order, _Said(why, by, evidence), _Shown(dry_run, as_json, lang))


def strike(
    context: typer.Context,
    *,
    first: First,
    last: Last,
    resource: Annotated[
        str, typer.Option("--resource", metavar="PART", help="Which part's meter was wrong: package, dram, gpu0 ...")
    ],
    why: Why = "",
    by: By = "",
    evidence: EvidenceFile = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Let nothing count that a meter measured wrongly. The time becomes a gap: unknown, and not zero.

    What is known of it instead can be declared afterwards.

    \b
    Example:
      empreinte ledger correct strike --from 2026-03-01 --to 2026-03-03 --resource gpu1 \\
        --why "the card's sensor showed 0 W under load" --evidence nvidia-bug-report.log

    Exit status: 0 it counts no more; 2 wrong use, or nothing was measured then; 3 the ledger can't be used.
    """

    def order(interval: Interval) -> Order:
        return Strike(interval, resource)

    session = session_of(context, config, debug=debug)
    return _timed(session, (first, last), order, _Said(why, by, evidence), _Shown(dry_run, as_json, lang))


def revoke(
    context: typer.Context,
    *,
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", help="Which: its number in `empreinte ledger corrections`.")
    ],
    why: Why = "",
    by: By = "",
    evidence: EvidenceFile = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Let a correction not count any more: what counted before it counts again. Both stay on record.

    \b
    Example:
      empreinte ledger correct revoke 3 --why "the wrong service was named"

    Exit status: 0 it counts no more; 2 there is no such correction; 3 the ledger can't be used.
    """
    session = session_of(context, config, debug=debug)
    return _done(session, lambda _: Revoke(number), _Said(why, by, evidence), _Shown(dry_run, as_json, lang))


def corrections(
    context: typer.Context,
    *,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Show what people corrected by hand, who, and why.

    \b
    Example:
      empreinte ledger corrections

    Exit status: 0 shown; 1 there is no ledger; 3 it can't be read.
    """
    from monitor.cli.ledger import opened
    from monitor.cli.ledger_corrected import listed
    from monitor.core.corrections_told import correction_told

    loaded = session_of(context, config, debug=debug).config()
    with opened(loaded) as ledger:
        made = ledger.made_by_hand()
        if as_json:
            typer.echo(json.dumps([correction_told(one) for one in made], ensure_ascii=False, indent=1))
        else:
            typer.echo(listed(made, _page(ledger, lang or loaded.organisation.language)))
    return Status.DONE


def _timed(
    session: Session, time: tuple[str, str], order: Callable[[Interval], Order], said: _Said, shown: _Shown
) -> int:
    return _done(session, lambda zone: order(time_between(*time, zone)), said, shown)


def _done(session: Session, order: Callable[[ZoneInfo], Order], said: _Said, shown: _Shown) -> int:
    """Do what is ordered, or rehearse it, and show what it comes to."""
    from monitor.clock import SystemClock

    if not said.why.strip() and not shown.dry_run:
        message = 'say why, it is kept with the figures: --why "..." (or look first: --dry-run)'
        raise CommandError(message, Status.WRONG)
    loaded = session.config()
    evidence = Evidence() if said.evidence is None else _evidence(said.evidence)
    now = SystemClock(loaded.paths.procfs).stamp().wall
    grounds = Grounds(now, said.by or login(), said.why.strip(), evidence)
    with _ledger(loaded, dry_run=shown.dry_run) as ledger:
        made = ledger.correct(order(ZoneInfo(ledger.timezone)), grounds, dry_run=shown.dry_run)
        typer.echo(_shown(made, ledger, shown, loaded))
    return Status.DONE


@contextmanager
def _ledger(config: "Config", *, dry_run: bool) -> "Iterator[Ledger]":
    from monitor.cli.ledger import ledger_failures
    from monitor.ledger.store import Ledger, LedgerRefused

    access = Ledger.read if dry_run else Ledger.change
    with ledger_failures(), access(config.ledger.url) as ledger:
        try:
            yield ledger
        except LedgerRefused as error:
            raise CommandError(str(error), Status.WRONG) from error


def _shown(made: "Corrected", ledger: "Ledger", shown: _Shown, config: "Config") -> str:
    from monitor.cli.ledger_corrected import for_programs, page

    if shown.as_json:
        return json.dumps({"dry_run": shown.dry_run, **for_programs(made)}, ensure_ascii=False, indent=1)
    return page(made, _page(ledger, shown.lang or config.organisation.language))


def _page(ledger: "Ledger", language: Language) -> "Page":
    from monitor.cli.ledger_corrected import Page

    return Page.of(language, ZoneInfo(ledger.timezone), ledger.services(), simulated=ledger.simulated)


def _energy(text: str) -> "Energy":
    """Return the energy that *text* says. Raises CommandError."""
    from monitor.config.amounts import energy
    from monitor.config.quantities import WrongValueError
    from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Energy

    try:
        return Energy(round(energy(text) * MICROJOULES_PER_KILOWATT_HOUR))
    except WrongValueError as error:
        message = f"--energy: {error}"
        raise CommandError(message, Status.WRONG) from error


def _evidence(file: Path) -> Evidence:
    """Return the name of *file*, and the hash of what is in it. Raises CommandError."""
    digest = hashlib.sha256()
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
    except OSError as error:
        message = f"the evidence {file} can't be read ({error.strerror}): name a file that this user may read"
        raise CommandError(message, Status.WRONG) from error
    return Evidence(digest.hexdigest(), file.name)
