"""`empreinte explain`: where a figure of one service comes from, from joules to grams, with every factor."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Status, session_of
from monitor.cli.terminal import Terminal
from monitor.core.calendar import named_period
from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.interval import Interval
from monitor.core.units import NANOSECONDS_PER_SECOND

if TYPE_CHECKING:
    from monitor.cli.explain_page import Told
    from monitor.core.explanation import Explanation, Stretch
    from monitor.ledger.store import Ledger


def explain(
    context: typer.Context,
    *,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Key of the service, as `status --json` shows it.")],
    period: Annotated[
        str, typer.Argument(metavar="PERIOD", help="2026, 2026-Q1, 2026-03, 2026-03-14, day, month, previous_year ...")
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="Show all hours, also where each has terms of its own.")
    ] = False,
    as_json: AsJson = False,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Show where the impacts of a service come from.

    From joules to grams: the energy by meter with its error, every factor with its source, and each product, so that
    you can redo it with a calculator. It reads the closed hours of the ledger, in the generation that counts. The
    formulas: docs/method.md.

    \b
    Examples:
      empreinte explain assistant previous_month
      empreinte explain assistant 2026 --lang fr
      empreinte explain _idle 2026-03-14 --json | jq .totals

    Exit status: 0 shown; 1 the ledger has no figures of it for that time; 2 wrong use; 3 the ledger can't be read.
    """
    from monitor.cli.explain_json import for_programs
    from monitor.cli.explain_page import Page
    from monitor.cli.figures import Figures
    from monitor.cli.ledger import opened
    from monitor.cli.speech import Speech
    from monitor.clock import SystemClock

    loaded = session_of(context, config, debug=debug).config()
    with opened(loaded) as ledger:
        interval = period_in(period, SystemClock(loaded.paths.procfs).stamp().wall, ZoneInfo(ledger.timezone))
        told = _told(ledger, service, period, interval)
        zone = ZoneInfo(ledger.timezone)
    if as_json:
        typer.echo(json.dumps(for_programs(told), ensure_ascii=False, indent=1))
        return Status.DONE
    speech = Speech(lang or loaded.organisation.language, zone)
    typer.echo(Page(told, speech, Figures(speech, zone), Terminal.of_output(), everything=everything).text())
    return Status.DONE


def period_in(name: str, now: int, zone: ZoneInfo) -> Interval:
    """Return the time that *name* stands for. Raises CommandError, with what can be written."""
    try:
        return named_period(name, now, zone)
    except (ValueError, OverflowError) as error:
        raise CommandError(str(error), Status.WRONG) from error


def _told(ledger: "Ledger", service: str, period: str, interval: Interval) -> "Told":
    from monitor.cli.explain_page import Told

    services = ledger.services()
    if service not in services and service not in PSEUDO_SERVICES:
        raise CommandError(_unknown(service, services), Status.WRONG)
    found = _explained(ledger, service, interval)
    if not found.energy.microjoules and not found.totals:
        raise CommandError(_without_figures(ledger, service, period), Status.NO)
    return Told(
        explanation=found,
        name=services[service].name if service in services else "",
        host=ledger.host,
        period=period,
        closed_through=ledger.closed_through(),
        generations={one.number: one for one in ledger.restatements()},
        simulated=ledger.simulated,
    )


def _explained(ledger: "Ledger", service: str, interval: Interval) -> "Explanation":
    from monitor.core.explanation import Stretch, by_meter, explain, hardware_of
    from monitor.core.units import Energy

    stretches = [
        Stretch(
            under.applied.terms,
            under.applied.generation,
            under.applied.hours,
            Energy(sum(energy.microjoules for energy in under.energy.values())),
            under.impacts,
        )
        for under in ledger.by_terms(interval, service)
    ]
    measured = ledger.sums(interval).energy
    energies = by_meter({series: energy for series, energy in measured.items() if series.consumer == service})
    facts = ledger.hours(_span(stretches)) if any(one.terms.assets for one in stretches) else ()
    hardware = hardware_of(service, stretches, facts, ledger.grain, ledger.naming().current_key)
    return explain(service, interval, energies, stretches, hardware)


def _span(stretches: "Iterable[Stretch]") -> Interval:
    hours = [hour for one in stretches for hour in one.hours]
    return Interval(min(hour.start for hour in hours), max(hour.end for hour in hours))


def _unknown(service: str, services: Iterable[str]) -> str:
    known = [*services, *PSEUDO_SERVICES]
    close = get_close_matches(service, known, n=3, cutoff=0.5)
    cure = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(known)}"
    return f"there is no service {service} in the ledger: {cure}"


def _without_figures(ledger: "Ledger", service: str, period: str) -> str:
    closed = ledger.closed_through()
    if not closed:
        return "the ledger has no closed hour yet: an hour closes about a minute after its end"
    until = datetime.fromtimestamp(closed // NANOSECONDS_PER_SECOND, UTC)
    return (
        f"the ledger has no figures of {service} for {period}: name a time in which it was measured,"
        f" before {until:%Y-%m-%d %H:%M} UTC"
    )
