"""`empreinte report`: energy and impacts of a year by service and month, from the ledger, as files."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer

from monitor.cli.session import CommandError, ConfigFile, Debug, Lang, Status, session_of
from monitor.cli.terminal import Terminal, Tone
from monitor.config import Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.cli.speech import Speech
    from monitor.config import Config
    from monitor.core.external import ExternalRule
    from monitor.ledger.store import Ledger
    from monitor.report.external import Bought
    from monitor.report.material import Material
    from monitor.report.model import Books, Report

FORMATS: Final = ("html", "csv", "json")
LATER: Final = ("pdf", "xlsx", "ods")


def report(
    context: typer.Context,
    *,
    year: Annotated[int, typer.Option(metavar="YYYY", help="The year to report.")],
    formats: Annotated[
        str, typer.Option("--format", metavar="html,csv,json", help="The kinds of files to write.")
    ] = "html,csv,json",
    output: Annotated[Path, typer.Option(metavar="DIR", help="Where to write them; made where missing.")] = Path(),
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Write a year's energy and impacts to files, by service.

    They say how each figure is known, by which factors it was reckoned, and what was not measured. The same ledger
    gives the same files, byte for byte.
    What the files hold: docs/report.md.

    \b
    Examples:
      empreinte report --year 2026
      empreinte report --year 2026 --format csv --output /srv/reports --lang fr

    Exit status: 0 written; 1 the ledger has nothing of that year; 2 wrong use; 3 the ledger can't be read.
    """
    from monitor.cli.ledger import opened
    from monitor.cli.speech import Speech
    from monitor.report.model import make

    loaded = session_of(context, config, debug=debug).config()
    wanted = _wanted(formats)
    with opened(loaded) as ledger:
        made, host = make(_books(ledger, year, loaded.external_rules)), ledger.host
        earlier = make(_books(ledger, year - 1, loaded.external_rules))
    before = earlier if any(month.coverage for month in earlier.months) else None
    if not any(month.coverage for month in made.months):
        message = f"the ledger has no closed hour of {year}: an hour closes about a minute after its end"
        raise CommandError(message, Status.NO)
    language = lang or loaded.organisation.language
    speech = Speech(language, ZoneInfo(made.time_zone))
    files = _files(_material(made, before, loaded, host, language), wanted)
    _write(files, output)
    typer.echo(_summary(made, speech, Terminal.of_output()))
    for name in files:
        typer.echo(output / name)
    return Status.DONE


def _wanted(formats: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip().lower() for name in formats.split(",") if name.strip()))
    for name in names:
        if name in LATER:
            message = f"--format {name} comes with a later version: write --format {','.join(FORMATS)}"
            raise CommandError(message, Status.WRONG)
        if name not in FORMATS:
            message = f"there is no format {name!r}: write --format {','.join(FORMATS)}"
            raise CommandError(message, Status.WRONG)
    return names or FORMATS


def _books(ledger: "Ledger", year: int, rules: "Iterable[ExternalRule]") -> "Books":
    from monitor.cli.ledger import year_in
    from monitor.core.units import Duration
    from monitor.report.activity import ActivityRow
    from monitor.report.factors import Generation, Reckoned
    from monitor.report.impacts import ImpactRow
    from monitor.report.model import Books, Covered, Row

    zone = ZoneInfo(ledger.timezone)
    interval = year_in(year, zone)
    monthly = ledger.monthly(year)
    return Books(
        year=year,
        time_zone=zone,
        closed_through=monthly.closed_through,
        rows=tuple(Row(row.month, row.series, row.facts, row.energy) for row in monthly.rows),
        covered=tuple(Covered(month, resource, time) for (month, resource), time in monthly.covered.items()),
        gaps=ledger.gaps(interval),
        impacts=tuple(ImpactRow(row.month, row.facts, row.series.indicator, row.amount) for row in monthly.impacts),
        reckoned=tuple(
            Reckoned(one.terms, one.generation, Duration(sum(hours.length.nanoseconds for hours in one.hours)))
            for one in ledger.applied(interval)
        ),
        generations=tuple(
            Generation(one.number, one.made, one.author, one.reason, one.factor_set) for one in ledger.restatements()
        ),
        activity=tuple(
            ActivityRow(row.month, row.series, row.facts, row.amount, counted)
            for counted, rows in ((True, monthly.activity), (False, monthly.cross_checks))
            for row in rows
        ),
        simulated=ledger.simulated,
        bought=_bought(ledger, year, monthly.closed_through, rules),
        hourly=ledger.hourly(interval),
    )


def _bought(ledger: "Ledger", year: int, closed_through: int, rules: "Iterable[ExternalRule]") -> "Bought":
    """Return what was bought as an API in the *year*, as far as it is closed."""
    from monitor.core.calendar import months_of
    from monitor.core.interval import Interval
    from monitor.report.external import Bought

    months = (
        (number, ledger.external(Interval(month.start, min(month.end, closed_through))))
        for number, month in enumerate(months_of(year, ZoneInfo(ledger.timezone)), start=1)
        if month.start < closed_through
    )
    return Bought(tuple(one for one in months if one[1]), {rule.key: rule for rule in rules})


def _about(config: "Config", host: str) -> dict[str, str]:
    organisation = config.organisation
    return {
        "organisation": organisation.name,
        "siret": organisation.siret,
        "insee": organisation.insee,
        "host": host,
        "site": config.host.site,
    }


def _material(made: "Report", before: "Report | None", config: "Config", host: str, language: Language) -> "Material":
    from monitor.core.factors import Quantity
    from monitor.factors.loading import load
    from monitor.report.composing import fingerprint_of
    from monitor.report.material import Material
    from monitor.report.opendata import figures
    from monitor.wording import words

    about = _about(config, host)
    catalogue = load(config.factors.set, config.factors.files)
    comparisons = (catalogue.find(Quantity.EQUIVALENCE, one) for one in catalogue.subjects(Quantity.EQUIVALENCE))
    return Material(
        report=made,
        words=words("monitor.report", language),
        about=about,
        before=before,
        comparisons=tuple(factor for found in comparisons for factor in found),
        fingerprint=fingerprint_of(figures(made, about, words("monitor.report", Language.ENGLISH))),
    )


def _files(material: "Material", wanted: tuple[str, ...]) -> dict[str, bytes]:
    from monitor.report.composing import compose
    from monitor.report.opendata import opendata
    from monitor.report.rendering.html import page
    from monitor.report.sheets import sheets

    made, said = material.report, material.words
    csv = sheets(made, said) if "csv" in wanted else {}
    data = opendata(made, material.about, said) if "json" in wanted else {}
    printed = {f"{made.stem}.html": page(compose(material), said)} if "html" in wanted else {}
    return printed | csv | data


def _write(files: "Mapping[str, bytes]", directory: Path) -> None:
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
