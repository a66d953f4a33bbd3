"""`empreinte contracts`: what may be said of the clauses of contracts, model clauses, and evidence for a supplier."""

import json
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer

from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Status, session_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from monitor.config import Config
    from monitor.core.contracts import Contract, ContractStanding
    from monitor.ledger.store import Ledger
    from monitor.report.clauses import ModelClause

WHOLE: Final = "contract"
"""The period of those clauses that are about a contract as a whole."""


def commands() -> typer.Typer:
    """Return the commands of contracts."""
    app = typer.Typer(help="Hold the clauses of contracts against what was measured.")
    app.command("evaluate")(evaluate)
    app.command("clauses")(clauses)
    app.command("evidence")(evidence)
    return app


def evaluate(
    context: typer.Context,
    *,
    contract: Annotated[str, typer.Option(metavar="UID", help="This contract alone.")] = "",
    period: Annotated[
        str,
        typer.Option(
            metavar="PERIOD",
            help="2026, 2026-Q1, 2026-03, month, quarter, year, previous_month ..., contract."
            " [default: what lasts, and the one before]",
            show_default=False,
        ),
    ] = "",
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Show what may be said of each clause: met, breached, or not shown, and why.

    With --period, each clause is judged in those of its months, quarters and years that begin in that time; `contract`
    judges those that are about a whole contract. It reads the closed hours of the ledger. How a verdict is reached:
    docs/contracts.md. It is no legal advice.

    \b
    Examples:
      empreinte contracts evaluate
      empreinte contracts evaluate --contract 2026-DSI-042 --period 2026
      empreinte contracts evaluate --period previous_quarter --json

    Exit status: 0 no breach is shown; 1 at least one is; 2 wrong use, or there are no contracts; 3 no ledger can be
    read.
    """
    from monitor.cli.contracts_page import Page
    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal
    from monitor.core.contract_told import standing_told
    from monitor.core.contracts import Verdict

    loaded = session_of(context, config, debug=debug).config()
    asked = contracts_of(loaded, contract)
    with opened(loaded) as ledger:
        found = _standings(ledger, loaded, asked, period)
        closed, zone, simulated = ledger.closed_through(), ZoneInfo(ledger.timezone), ledger.simulated
    if as_json:
        from monitor.core.calendar import utc

        content = {"closed_through": utc(closed), "simulated": simulated}
        told = content | {"contracts": [standing_told(one) for one in found]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        speech = Speech(lang or loaded.organisation.language, zone)
        typer.echo(Page(speech, Terminal.of_output(), simulated=simulated).text(found, closed))
    breached = any(it.verdict is Verdict.BREACHED for one in found for it in one.evaluations)
    return Status.NO if breached else Status.DONE


def clauses(
    key: Annotated[str, typer.Argument(metavar="KEY", help="This one alone.")] = "",
    *,
    as_json: AsJson = False,
) -> int:
    """Show model clauses for contracts of AI services.

    Of each the French text to paste and adapt, the [[contract.clause]] that checks it, and where the demand comes from.
    Thresholds are proposals. It is no legal advice.

    \b
    Examples:
      empreinte contracts clauses
      empreinte contracts clauses energie-par-unite >> /etc/empreinte/empreinte.toml

    Exit status: 0 shown; 2 there is no such clause.
    """
    from monitor.cli.contracts_page import clause_json, clause_text, clause_titles
    from monitor.cli.terminal import Terminal
    from monitor.report.clauses import model_clauses

    found = _models(model_clauses(), key)
    if as_json:
        typer.echo(json.dumps([clause_json(one) for one in found], ensure_ascii=False, indent=1))
    elif key:
        typer.echo(clause_text(found[0]))
    else:
        typer.echo(clause_titles(found, Terminal.of_output()))
    return Status.DONE


def evidence(
    context: typer.Context,
    *,
    contract: Annotated[str, typer.Option(metavar="UID", help="The contract.  [required]")] = "",
    year: Annotated[int | None, typer.Option(metavar="YYYY", help="The year.  [required]")] = None,
    output: Annotated[Path, typer.Option(metavar="DIR", help="Where to write it; made where missing.")] = Path(),
    correct: Annotated[
        str, typer.Option(metavar="REASON", help="Why sealed evidence is replaced by a corrective edition.")
    ] = "",
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Write a sealed folder on one contract: what is shown of its clauses in a year, and by what.

    It holds the statement (HTML, and PDF/UA-1 where typst is), the evaluations (CSV and JSON, with the clauses), the
    factors, what the supplier has handed in (declarations and [[contract.declaration]]), and the hashes of all of them.
    A figure that is modelled or declared shows no breach: the statement has a text that asks the supplier for more. It
    is no legal advice.

    \b
    Examples:
      empreinte contracts evidence --contract 2026-DSI-042 --year 2026 --output /srv/evidence/042
      empreinte report verify /srv/evidence/042/empreinte-evidence-2026-DSI-042-2026-seal.json

    Exit status: 0 written; 1 it is sealed and has changed, or a declaration is missing or another file; 2 wrong use; 3
    no ledger can be read.
    """
    from monitor.cli.evaluated import evaluated_in
    from monitor.cli.evidence import declarations_of, evidence_files, seal_evidence, wrong
    from monitor.cli.report import material_of, write
    from monitor.cli.reported import reported
    from monitor.report.evidence import Evidence
    from monitor.report.scope import Scope
    from monitor.report.stated import Stated

    if year is None or not contract:
        message = "which contract and year? add both, such as --contract 2026-DSI-042 --year 2026"
        raise CommandError(message, Status.WRONG)
    loaded = session_of(context, config, debug=debug).config()
    (asked,) = contracts_of(loaded, contract)
    with opened(loaded) as ledger:
        made, host = reported(ledger, year, loaded.external_rules, Scope()), ledger.host
        stated = Stated(evaluations=evaluated_in(ledger, loaded, (asked,), made.interval))
    material = material_of((made, None), stated, loaded, host, lang or loaded.organisation.language)
    found = Evidence(asked, material, declarations_of(asked.declared))
    files = evidence_files(found)
    files |= seal_evidence(found, files, output, loaded.file, correct)
    write(files, output)
    for name in files:
        typer.echo(output / name)
    for sentence in wrong(found.declarations):
        typer.echo(sentence, err=True)
    return Status.NO if wrong(found.declarations) else Status.DONE


def contracts_of(config: "Config", uid: str) -> "tuple[Contract, ...]":
    """Return the configured contracts; that of *uid* alone, where it is given. Raises CommandError."""
    contracts = config.contracts
    if not contracts:
        message = "no contract is configured: add a [[contract]] with its clauses, see docs/contracts.md"
        raise CommandError(message, Status.WRONG)
    found = tuple(one for one in contracts if uid in {"", one.uid})
    if not found:
        raise CommandError(
            f"there is no contract {uid!r}: {_choices(uid, (one.uid for one in contracts))}", Status.WRONG
        )
    return found


@contextmanager
def opened(config: "Config") -> "Iterator[Ledger]":
    """Give the configured ledger, to read. Raises CommandError, also where there is none: 1 says that of a breach."""
    from monitor.cli.ledger import opened as open_ledger

    try:
        with open_ledger(config) as ledger:
            yield ledger
    except CommandError as error:
        raise CommandError(str(error), Status.IMPOSSIBLE if error.status is Status.NO else error.status) from error


def _standings(
    ledger: "Ledger", config: "Config", contracts: "Sequence[Contract]", period: str
) -> "tuple[ContractStanding, ...]":
    from monitor.cli.evaluated import evaluated_at, evaluated_in
    from monitor.cli.explain import period_in
    from monitor.clock import SystemClock

    now = SystemClock(config.paths.procfs).stamp().wall
    if period and period != WHOLE:
        within = period_in(period, now, ZoneInfo(ledger.timezone))
        return evaluated_in(ledger, config, contracts, within)
    found = evaluated_at(ledger, config, contracts, now)
    if not period:
        return found
    return tuple(
        replace(one, evaluations=tuple(it for it in one.evaluations if it.span.period == WHOLE)) for one in found
    )


def _models(known: "tuple[ModelClause, ...]", key: str) -> "tuple[ModelClause, ...]":
    found = tuple(one for one in known if key in {"", one.key})
    if not found:
        raise CommandError(f"there is no clause {key!r}: {_choices(key, (one.key for one in known))}", Status.WRONG)
    return found


def _choices(asked: str, known: "Iterable[str]") -> str:
    names = list(known)
    close = get_close_matches(asked, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(names)}"
