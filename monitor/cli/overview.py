"""What `status` shows: who uses how much now, today, this month, this year, and what that came to.

It comes from the daemon, or from the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from monitor.cli.budget_lines import budget_lines
from monitor.cli.terminal import Tone
from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.impact import Bounds, Indicator
from monitor.core.summary import UNKNOWN, Impacts
from monitor.core.units import Energy, Power
from monitor.exposition.impacts import coverage as coverage_of
from monitor.exposition.snapshot import emissions_of
from monitor.web import impact_api
from monitor.web.budget_api import budget_told
from monitor.web.impacts import WATER, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal
    from monitor.core.budgets import Standing
    from monitor.core.entries import ServiceFacts
    from monitor.core.figures import Figures

PERIODS: Final = ("day", "month", "year")
MAIN: Final = "year"
"""The period whose emissions stand beside the energies of each consumer."""
SHORTEST_NAME: Final = 16
"""Of a name at least so much is left where the width does not suffice."""
GAP: Final = 2


@dataclass(frozen=True, slots=True)
class Use:
    """One consumer: its power now and its energy by period. None, or missing: unknown."""

    key: str
    name: str
    power: Power | None
    energy: Mapping[str, Energy]
    emissions: Mapping[str, Bounds] = field(default_factory=dict)
    """By period, those of use and embodied together, in micrograms CO2e."""


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
    impacts: Mapping[str, Impacts] = field(default_factory=dict)
    """What everybody came to together, by period."""
    impact_coverage: Mapping[str, float] = field(default_factory=dict)
    """The share of the energy whose impacts are known, by period."""
    no_zone: bool = False
    """Whether the daemon was told no zone of the grid, so that impacts are unknown."""
    factor_fault: str = ""
    """Why they are unknown although it was told one, with the cure."""
    budgets: tuple[Mapping[str, Any], ...] = ()
    """How each budget stands, as /api/v1/budgets tells it."""

    @property
    def has_impacts(self) -> bool:
        """Whether anything is known of impacts."""
        return any(one.amounts or one.emissions is not None for one in self.impacts.values())


def told_by_daemon(status: Mapping[str, Any]) -> Overview:
    """Return what the daemon's own *status* says. Raises KeyError where it is of another version."""
    periods = status["periods"]
    return Overview(
        host=status["host"],
        at=status["measured_at"],
        from_ledger=False,
        uses=tuple(
            Use(
                one["key"],
                one["name"],
                _power(one["power_watts"]),
                _energies(one["energy_joules"]),
                _emissions(one),
            )
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
        impacts={name: impact_api.impacts_told(period) for name, period in periods.items()},
        impact_coverage={name: ratio for name, one in periods.items() if (ratio := one.get("impact_coverage_ratio"))},
        no_zone="grid" in status and status["grid"]["zone"] is None and not status["grid"].get("fault"),
        factor_fault=status.get("grid", {}).get("fault") or "",
        budgets=tuple(status.get("budgets", ())),
    )


def told_by_ledger(
    host: str,
    at: str,
    figures: Figures,
    services: Mapping[str, ServiceFacts],
    *,
    simulated: bool,
    budgets: Iterable[Standing] = (),
) -> Overview:
    """Return what the ledger says, last written *at*.

    The impacts of *figures* are those of closed hours: the daemon alone knows by which terms the open one is reckoned.
    """
    known = {period: ratio for period, ratio in figures.coverage.items() if ratio and period in PERIODS}
    table = Table(figures.impacts, figures.meters, emissions_of(figures.impacts, figures.meters))
    uses = tuple(_uses(figures, known, services, table))
    return Overview(
        host,
        at,
        from_ledger=True,
        uses=uses,
        power=None,
        energy={period: Energy(sum(use.energy[period].microjoules for use in uses)) for period in known},
        coverage=known,
        simulated=simulated,
        impacts={period: table.total(period) for period in PERIODS},
        impact_coverage=coverage_of(figures.impacts, figures.energy) if figures.impacts else {},
        budgets=tuple(budget_told(one) for one in budgets),
    )


def _uses(figures: Figures, known: Iterable[str], services: Mapping[str, ServiceFacts], table: Table) -> Iterator[Use]:
    """Yield everybody who used energy in a period that is *known*, or emitted in one: who used most comes first."""
    energy = {
        key: {period: figures.energy.get((key, period), Energy.ZERO) for period in known}
        for key in {
            *(consumer for consumer, period in figures.energy if period in known),
            *(consumer for consumer, _, period in figures.impacts if period in PERIODS),
        }
    }
    own = sorted(
        energy.keys() - set(PSEUDO_SERVICES), key=lambda key: (-energy[key].get(MAIN, Energy.ZERO).microjoules, key)
    )
    for key in (*own, *(key for key in PSEUDO_SERVICES if key in energy)):
        name = "" if key in PSEUDO_SERVICES else services[key].name if key in services else key
        told = {period: table.of((key,), period, energy[key].get(period)).emissions for period in PERIODS}
        emitted = {period: bounds for period, bounds in told.items() if bounds is not None}
        yield Use(key, name, None, energy[key], emitted)


def page(overview: Overview, speech: Speech, terminal: Terminal) -> str:
    """Return the overview for a person."""
    columns = [
        *([] if overview.from_ledger else [_now(overview, speech)]),
        *(_of_period(period, overview, speech) for period in PERIODS),
        *([_emitted(overview, speech)] if overview.has_impacts else []),
    ]
    room = terminal.width - sum(GAP + max(map(len, column)) for column in columns)
    names = [speech.say("status.service"), *(speech.name(use.key, use.name) for use in overview.uses)]
    names = [_shortened(name, max(room, SHORTEST_NAME)) for name in names]
    rows = list(zip([*names, speech.say("status.total")], *columns, strict=True))
    below = [_covered(overview, speech), *_came(overview, speech)]
    width = len(rows[0])
    # what stands below has a cell for each period, the first of which follows the power of now
    first = 1 if overview.from_ledger else 2
    rows += [(row[0], *[""] * (first - 1), *row[1:], *[""] * (width - first - len(PERIODS))) for row in below]
    table = terminal.table(rows, right=frozenset(range(1, width)), indent="").split("\n")
    total = len(overview.uses) + 1
    bold = {0, total}
    lines = [terminal.paint(line, Tone.HEADING) if number in bold else line for number, line in enumerate(table)]
    held = budget_lines(overview.budgets, speech, terminal)
    return "\n".join([*(line.rstrip() for line in lines), *_notes(overview, speech, terminal), *held])


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
                "impact_coverage_ratio": overview.impact_coverage.get(period),
                **impact_api.totals(overview.impacts.get(period, UNKNOWN)),
            }
            for period in PERIODS
        },
        "consumers": [
            {
                "key": use.key,
                "name": use.name,
                "power_watts": None,
                "energy_joules": {period: energy.joules for period, energy in use.energy.items()},
                **impact_api.by_period(use.emissions),
            }
            for use in overview.uses
        ],
        "budgets": list(overview.budgets),
    }


def _now(overview: Overview, speech: Speech) -> list[str]:
    unknown = speech.say("status.unknown")
    powers = (speech.write.power(use.power) if use.power is not None else "-" for use in overview.uses)
    total = speech.write.power(overview.power) if overview.power is not None else unknown
    return [speech.say("status.now"), *powers, total]


def _of_period(period: str, overview: Overview, speech: Speech) -> list[str]:
    energies = (_energy(one, period, speech) for one in (*(use.energy for use in overview.uses), overview.energy))
    return [speech.say(f"status.{period}"), *energies]


def _emitted(overview: Overview, speech: Speech) -> list[str]:
    """Return the column of emissions in the main period."""
    told = [use.emissions.get(MAIN) for use in overview.uses]
    total = overview.impacts.get(MAIN, UNKNOWN).emissions
    return [speech.say("status.emitted"), *(_mass(one, speech) for one in (*told, total))]


def _mass(bounds: Bounds | None, speech: Speech) -> str:
    return speech.say("status.unknown") if bounds is None else speech.write.bare(Indicator.GWP_USE, bounds.central)


def _covered(overview: Overview, speech: Speech) -> tuple[str, ...]:
    return speech.say("status.coverage"), *(_share(overview.coverage.get(period), speech) for period in PERIODS)


def _came(overview: Overview, speech: Speech) -> Iterator[tuple[str, ...]]:
    """Yield a line for each impact that is known: its name, and what it is in each period."""
    lines: dict[str, Callable[[Impacts], str | None]] = {
        "emissions": lambda impacts: _bound(impacts, lambda bounds: bounds.central, speech),
        "at_least": lambda impacts: _bound(impacts, lambda bounds: bounds.low, speech),
        "at_most": lambda impacts: _bound(impacts, lambda bounds: bounds.high, speech),
        "water": lambda impacts: _amount(Indicator.WATER_GRID, impacts.together(WATER), speech),
        "cost": lambda impacts: _amount(Indicator.COST, impacts.amounts.get(Indicator.COST), speech),
    }
    for name, written in lines.items():
        cells = [written(overview.impacts.get(period, UNKNOWN)) for period in PERIODS]
        if any(cells):
            yield speech.say(f"status.{name}"), *(cell or speech.say("status.unknown") for cell in cells)
    shares = [overview.impact_coverage.get(period) for period in PERIODS]
    if overview.has_impacts and any(share is not None and share < 1 for share in shares):
        yield speech.say("status.impact_coverage"), *(_share(share, speech) for share in shares)


def _bound(impacts: Impacts, bound: Callable[[Bounds], int], speech: Speech) -> str | None:
    return None if impacts.emissions is None else speech.write.bare(Indicator.GWP_USE, bound(impacts.emissions))


def _amount(indicator: Indicator, bounds: Bounds | None, speech: Speech) -> str | None:
    return None if bounds is None else speech.write.amount(indicator, bounds.central)


def _share(share: float | None, speech: Speech) -> str:
    return speech.say("status.unknown") if share is None else speech.write.share(share)


def _shortened(name: str, room: int) -> str:
    return name if len(name) <= room else f"{name[: room - 1].rstrip()}…"


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
    if overview.no_zone:
        yield terminal.paragraph(speech.say("status.no_impacts", cure=speech.page.say("cure.zone")))
    if overview.factor_fault:
        yield terminal.paragraph(speech.say("status.no_impacts", cure=speech.page.whole(overview.factor_fault)))
    if overview.from_ledger and overview.has_impacts:
        yield terminal.paragraph(speech.say("status.closed_hours"))
    if overview.ledger_error:
        sentence = speech.say("status.ledger_error", error=overview.ledger_error)
        yield terminal.paint(terminal.paragraph(sentence), Tone.BAD)


def _power(watts: float | None) -> Power | None:
    return None if watts is None else Power.from_watts(watts)


def _emissions(told: Mapping[str, Any]) -> dict[str, Bounds]:
    """Return the emissions of a consumer by period, as the daemon tells them."""
    central = told.get("emissions_grams", {})
    found = {period: impact_api.impacts_told(impact_api.of_period(told, period)).emissions for period in central}
    return {period: bounds for period, bounds in found.items() if bounds is not None}


def _energies(joules: Mapping[str, float | None]) -> dict[str, Energy]:
    return {period: Energy.from_joules(value) for period, value in joules.items() if value is not None}
