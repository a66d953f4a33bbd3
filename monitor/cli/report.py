"""`empreinte report`: energy and impacts of a year by service and month, from the ledger, as files."""

import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Status, session_of
from monitor.cli.terminal import Terminal, Tone, progress
from monitor.config import Language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.cli.speech import Speech
    from monitor.config import Config
    from monitor.report.material import Material
    from monitor.report.model import Report
    from monitor.report.scope import Scope
    from monitor.report.stated import Stated


def commands() -> typer.Typer:
    """Return the command that writes a report, with the one that checks it below it."""
    app = typer.Typer(invoke_without_command=True)
    app.callback()(report)
    app.command("verify")(verify)
    return app


def report(
    context: typer.Context,
    *,
    year: Annotated[int | None, typer.Option(metavar="YYYY", help="The year to report.  [required]")] = None,
    month: Annotated[int | None, typer.Option(metavar="1-12", min=1, max=12, help="One month of it.")] = None,
    quarter: Annotated[int | None, typer.Option(metavar="1-4", min=1, max=4, help="One quarter of it.")] = None,
    service: Annotated[str, typer.Option(metavar="KEY", help="One service alone.")] = "",
    department: Annotated[str, typer.Option(metavar="NAME", help="One department alone.")] = "",
    site: Annotated[str, typer.Option(metavar="KEY", help="One site alone: that of [host] site.")] = "",
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="LIST",
            help="The kinds of files to write, parted by commas. [default: html,pdf,xlsx,csv,json; pdf where typst is]",
            show_default=False,
        ),
    ] = "",
    output: Annotated[Path, typer.Option(metavar="DIR", help="Where to write them; made where missing.")] = Path(),
    seal: Annotated[bool, typer.Option("--seal", help="Write the hashes of all that was read and written.")] = False,
    correct: Annotated[
        str, typer.Option(metavar="REASON", help="Why a sealed report is replaced by a corrective edition.")
    ] = "",
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Write a year's energy and impacts to files, by service.

    They say how each figure is known, by which factors it was reckoned, and what was not measured. The same ledger
    gives the same files, byte for byte.
    What the files hold: docs/report.md.

    Formats: html; pdf (PDF/UA-1, needs pip install 'empreinte[report]'); xlsx; ods; csv (a data package); json (with
    its schemas); and for others' tools codecarbon, boamps, public-service (schema of the French State), pcr-si, decp
    (keys of the contracts), dcat (a record of the other files).

    \b
    Examples:
      empreinte report --year 2026
      empreinte report --year 2026 --quarter 3 --department Culture
      empreinte report --year 2026 --format csv --output /srv/reports --lang fr
      empreinte report --year 2026 --output /srv/reports/2026 --seal

    Exit status: 0 written; 1 the ledger has nothing of that time or service; 2 wrong use; 3 the ledger can't be read.
    """
    from monitor.cli.ledger import opened
    from monitor.cli.report_files import files_of, formats_of
    from monitor.cli.reported import earlier, reported
    from monitor.cli.sealing import left_over, no_seal_of, require_unsealed, seal_of
    from monitor.cli.speech import Speech
    from monitor.cli.stated import stated_of

    if context.invoked_subcommand:
        return Status.DONE
    if year is None:
        raise CommandError("which year is to be reported? add --year, such as --year 2026", Status.WRONG)
    if correct and not seal:
        raise CommandError("only a sealed report is corrected: add --seal", Status.WRONG)
    loaded = session_of(context, config, debug=debug).config()
    wanted = formats_of(formats)
    scope = _scope(_months(month, quarter), service=service, department=department, site=_site(site, loaded))
    with opened(loaded) as ledger:
        made, host = reported(ledger, year, loaded.external_rules, scope), ledger.host
        before = earlier(ledger, year, loaded.external_rules, scope)
        stated = stated_of(ledger, made, before, loaded)
    _require_something(made)
    language = lang or loaded.organisation.language
    material = material_of((made, before), stated, loaded, host, language)
    require_unsealed(material, output, correct)
    with progress() as tell:
        files = files_of(material, wanted, tell)
    files |= seal_of(material, files, output, loaded.file, correct) if seal else no_seal_of(material, files, output)
    old = left_over(material, files, output, correct)
    write(files, output)
    typer.echo(_summary(made, Speech(language, ZoneInfo(made.time_zone)), Terminal.of_output()))
    _list(files, old, output)
    return Status.DONE


def _list(files: "Mapping[str, bytes]", old: tuple[str, ...], output: Path) -> None:
    """Say which files were written, and which *old* ones of the edition before stay beside them."""
    for name in files:
        typer.echo(output / name)
    if old:
        message = (
            f"of the edition before, and sealed no more: {', '.join(old)}: write them again with --format, or take"
        )
        typer.echo(f"{message} them out of {output}", err=True)


def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="SEAL", help="The file that ends with -seal.json.")],
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Check that a sealed report is still what it was.

    Each file beside the seal is compared with the hash in it. To check that it follows from the ledger, write it again
    in another directory and compare the fingerprints.

    \b
    Examples:
      empreinte report verify /srv/reports/2026/empreinte-2026-seal.json

    Exit status: 0 all files are the same; 1 one is missing or changed; 2 it is no seal; 3 it can't be read.
    """
    from monitor.cli.sealing import verify_seal

    session_of(context, None, debug=debug)
    seal, wrong = verify_seal(file)
    if as_json:
        content = {
            "edition": seal.edition,
            "fingerprint": seal.fingerprint,
            "files": len(seal.outputs),
            "faults": dict(wrong),
        }
        typer.echo(json.dumps(content, indent=1, sort_keys=True))
    else:
        for name, what in wrong:
            typer.echo(f"{name}: {what}")
        intact = len(seal.outputs) - len(wrong)
        typer.echo(f"edition {seal.edition}: {intact} of {len(seal.outputs)} files are as they were sealed")
    return Status.NO if wrong else Status.DONE


def _months(month: int | None, quarter_number: int | None) -> tuple[int, ...]:
    from monitor.report.scope import YEAR, quarter

    if month and quarter_number:
        raise CommandError("a month and a quarter can't both be reported: leave out --month or --quarter", Status.WRONG)
    return (month,) if month else quarter(quarter_number) if quarter_number else YEAR


def _scope(months: tuple[int, ...], **part: str) -> "Scope":
    """Return the *part* of the ledger in *months*. Raises CommandError for more than one part."""
    from monitor.report.scope import Scope

    asked = [name for name, value in part.items() if value]
    if len(asked) > 1:
        message = f"a {asked[0]} and a {asked[1]} can't both be reported: leave out --{asked[0]} or --{asked[1]}"
        raise CommandError(message, Status.WRONG)
    return Scope(months, **part)


def _site(site: str, config: "Config") -> str:
    """Return *site*. Raises CommandError where the machine of the ledger stands elsewhere, with the cure."""
    own = config.host.site
    if not site or site == own:
        return site
    if not own:
        message = f"it is not known that the machine stands at {site!r}: write `[host] site` into the configuration"
        raise CommandError(message, Status.WRONG)
    message = f"this ledger has nothing of site {site!r}, for its only machine stands at {own!r}: write --site {own!r}"
    raise CommandError(message, Status.NO)


def _require_something(made: "Report") -> None:
    """Refuse to write a report of nothing. Raises CommandError."""
    if not any(month.coverage for month in made.months):
        time = made.year if len(made.months) > 1 else f"{made.year}-{made.months[0].number:02}"
        message = f"the ledger has no closed hour of {time}: an hour closes about a minute after its end"
        raise CommandError(message, Status.NO)
    if not made.uses and not made.bought.sums and not made.scope.whole_machine:
        scope = made.scope
        asked = f"service {scope.service!r}" if scope.service else f"department {scope.department!r}"
        message = f"the ledger has nothing of {asked} in that time: `empreinte report --year {made.year}` lists all"
        raise CommandError(message, Status.NO)


def _about(config: "Config", host: str) -> dict[str, str]:
    organisation = config.organisation
    return {
        "organisation": organisation.name,
        "siret": organisation.siret,
        "insee": organisation.insee,
        "accountable": organisation.accountable,
        "contact": organisation.contact,
        "host": host,
        "site": config.host.site,
    }


def material_of(
    years: "tuple[Report, Report | None]", stated: "Stated", config: "Config", host: str, language: Language
) -> "Material":
    """Return what a report is made of, in *language*: the year and the one before, and what is *stated* beside them."""
    from monitor.core.factors import Quantity
    from monitor.factors.loading import load
    from monitor.report.composing import fingerprint_of
    from monitor.report.material import Material
    from monitor.report.opendata import figures
    from monitor.wording import words

    (made, before), about = years, _about(config, host)
    catalogue = load(config.factors.set, config.factors.files)
    comparisons = (catalogue.find(Quantity.EQUIVALENCE, one) for one in catalogue.subjects(Quantity.EQUIVALENCE))
    return Material(
        report=made,
        words=words("monitor.report", language),
        about=about | {"version": version("empreinte")},
        before=before,
        comparisons=tuple(factor for found in comparisons for factor in found),
        fingerprint=fingerprint_of(figures(made, about, words("monitor.report", Language.ENGLISH), stated)),
        stated=stated,
    )


def write(files: "Mapping[str, bytes]", directory: Path) -> None:
    """Write each file whole: whoever reads one meanwhile reads the old one or the new one."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        partial = directory / f".{name}.partial"
        try:
            with partial.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(directory / name)
        finally:
            partial.unlink(missing_ok=True)


def _summary(made: "Report", speech: "Speech", terminal: Terminal) -> str:
    heading = speech.say("report.title", year=made.year, moment=speech.write.moment(made.closed_through))
    warning = [terminal.paint(speech.page.say("banner.simulated"), Tone.WARNING)] if made.simulated else []
    lines = [*warning, terminal.paint(heading, Tone.HEADING), _table(made, speech, terminal)]
    if (emissions := made.impacts.emissions) is not None:
        write = speech.write.emissions
        sentence = speech.say(
            "report.emissions",
            central=write(emissions.central),
            low=write(emissions.low),
            high=write(emissions.high),
            share=speech.write.share(float(made.impact_coverage or 0)),
        )
        lines.append(terminal.paragraph(sentence))
    else:
        lines.append(terminal.paragraph(speech.say("report.unknown")))
    return "\n".join(lines)


def _table(made: "Report", speech: "Speech", terminal: Terminal) -> str:
    """Return each service with its energy and, where any are known, its emissions of use and making."""
    rows = [(speech.name(use.facts.key, use.facts.name), speech.write.energy(use.total)) for use in made.uses]
    if made.impacts.emissions is None:
        return terminal.table(rows, right=frozenset({1}))
    told = [use.impacts.emissions for use in made.uses]
    unknown = speech.say("status.unknown")
    emitted = [unknown if one is None else speech.write.emissions(one.central) for one in told]
    return terminal.table(
        [(*row, emissions) for row, emissions in zip(rows, emitted, strict=True)], right=frozenset({1, 2})
    )
