"""What `status` shows: who uses how much now, today, this month, this year; from the daemon, or from the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from monitor.cli.terminal import Tone
from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.units import Energy, Power

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal
    from monitor.core.entries import ServiceFacts

PERIODS: Final = ("day", "month", "year")


@dataclass(frozen=True, slots=True)
class Use:
    """One consumer: its power now and its energy by period. None, or missing: unknown."""

    key: str
    name: str
    power: Power | None
    energy: Mapping[str, Energy]


@dataclass(frozen=True, slots=True)
class Overview:
    """All that is shown. What is unknown is None or missing, never zero."""

    host: str
    at: str
    """The moment it is true of, ISO 8601, UTC."""
    from_ledger: bool
    uses: tuple[Use, ...]
    power: Power | None
    energy: Mapping[str, Energy]
    coverage: Mapping[str, float]
    not_measured: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    """(collector, why) of those that somebody could make readable."""
    ledger_error: str = ""
    simulated: bool = False
    """Whether the figures are made up."""


def told_by_daemon(status: Mapping[str, Any]) -> Overview:
    """Return what the daemon's own *status* says. Raises KeyError where it is of another version."""
    periods = status["periods"]
    return Overview(
        host=status["host"],
        at=status["measured_at"],
        from_ledger=False,
        uses=tuple(
            Use(one["key"], one["name"], _power(one["power_watts"]), _energies(one["energy_joules"]))
            for one in status["consumers"]
        ),
        power=_power(status["power_watts"]),
        energy=_energies({name: period["energy_joules"] for name, period in periods.items()}),
        coverage={name: ratio for name, period in periods.items() if (ratio := period["coverage_ratio"]) is not None},
        not_measured=tuple(status["not_measured"]),
        unreadable=tuple(
            (one["name"], one["what"])
            for one in status["collectors"]
            if not one["success"] and one["reason"] != "absent"
        ),
        ledger_error=status["ledger"]["error"],
        simulated=status["simulated"],
    )


def told_by_ledger(
    host: str,
    at: str,
    energy: Mapping[tuple[str, str], Energy],
    coverage: Mapping[str, float | None],
    services: Mapping[str, ServiceFacts],
    *,
    simulated: bool = False,
) -> Overview:
    """Return what the ledger says, last written *at*: *energy* by (consumer, period), *coverage* by period."""
    known = {period: ratio for period, ratio in coverage.items() if ratio and period in PERIODS}
    keys = {consumer for consumer, period in energy if period in known}

    def of(key: str) -> dict[str, Energy]:
        return {period: energy.get((key, period), Energy.ZERO) for period in known}

    ordered = sorted(keys - set(PSEUDO_SERVICES), key=lambda key: (-of(key).get("year", Energy.ZERO).microjoules, key))
    named = {key: services[key].name if key in services else key for key in ordered}
    uses = [Use(key, name, None, of(key)) for key, name in named.items()]
    uses += [Use(key, "", None, of(key)) for key in PSEUDO_SERVICES if key in keys]
    totals = {period: Energy(sum(use.energy[period].microjoules for use in uses)) for period in known}
    return Overview(host, at, True, tuple(uses), None, totals, known, simulated=simulated)


def page(overview: Overview, speech: Speech, terminal: Terminal) -> str:
    """Return the overview for a person."""
    header = (
        speech.say("status.service"),
        *(() if overview.from_ledger else (speech.say("status.now"),)),
        *(speech.say(f"status.{period}") for period in PERIODS),
    )
    rows = [header, *(_row(use, overview, speech) for use in overview.uses), _total(overview, speech)]
    rows.append(_covered(overview, speech))
    widths = frozenset(range(1, len(header)))
    table = terminal.table(rows, right=widths, indent="").split("\n")
    lines = [terminal.paint(table[0], Tone.HEADING), *table[1:-2], terminal.paint(table[-2], Tone.HEADING), table[-1]]
    return "\n".join([*lines, *_notes(overview, speech, terminal)])


def as_json(overview: Overview) -> dict[str, Any]:
    """Return an overview of the ledger for a program, in the shape of the daemon's own status."""
    return {
        "source": "ledger",
        "simulated": overview.simulated,
        "host": overview.host,
        "ledger": {"committed_at": overview.at},
        "power_watts": None,
        "periods": {
            period: {
                "energy_joules": overview.energy[period].joules if period in overview.energy else None,
                "coverage_ratio": overview.coverage.get(period),
            }
            for period in PERIODS
        },
        "consumers": [
            {
                "key": use.key,
                "name": use.name,
                "power_watts": None,
                "energy_joules": {period: energy.joules for period, energy in use.energy.items()},
            }
            for use in overview.uses
        ],
    }


def _row(use: Use, overview: Overview, speech: Speech) -> tuple[str, ...]:
    power = () if overview.from_ledger else (speech.write.power(use.power) if use.power is not None else "-",)
    return speech.name(use.key, use.name), *power, *(_energy(use.energy, period, speech) for period in PERIODS)


def _total(overview: Overview, speech: Speech) -> tuple[str, ...]:
    unknown = speech.say("status.unknown")
    power = () if overview.from_ledger else (speech.write.power(overview.power) if overview.power else unknown,)
    return speech.say("status.total"), *power, *(_energy(overview.energy, period, speech) for period in PERIODS)


def _covered(overview: Overview, speech: Speech) -> tuple[str, ...]:
    shares = (
        speech.write.share(overview.coverage[period]) if period in overview.coverage else speech.say("status.unknown")
        for period in PERIODS
    )
    return speech.say("status.coverage"), *(() if overview.from_ledger else ("",)), *shares


def _energy(energies: Mapping[str, Energy], period: str, speech: Speech) -> str:
    return speech.write.energy(energies[period]) if period in energies else speech.say("status.unknown")


def _notes(overview: Overview, speech: Speech, terminal: Terminal) -> Iterator[str]:
    if overview.simulated:
        yield terminal.paint(terminal.paragraph(speech.page.say("banner.simulated")), Tone.WARNING)
    if overview.not_measured:
        resources = speech.page.resources(overview.not_measured)
        yield terminal.paragraph(speech.say("status.not_measured", resources=resources))
    for collector, what in overview.unreadable:
        yield terminal.paragraph(speech.say("status.unreadable", collector=collector, what=what))
    if overview.ledger_error:
        sentence = speech.say("status.ledger_error", error=overview.ledger_error)
        yield terminal.paint(terminal.paragraph(sentence), Tone.BAD)


def _power(watts: float | None) -> Power | None:
    return None if watts is None else Power.from_watts(watts)


def _energies(joules: Mapping[str, float | None]) -> dict[str, Energy]:
    return {period: Energy.from_joules(value) for period, value in joules.items() if value is not None}
