"""What is read first: the electricity, the greenhouse gases and the water of the year, each with its month and day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.impact import Indicator
from monitor.web.impacts import WATER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor.web.quantities import Quantities
    from monitor.web.status import Period, Status
    from monitor.web.voice import Voice

MAIN: Final = "year"
"""The period of the large figures: what a manager answers for."""
OTHERS: Final = ("month", "day")
_ONE_WATER: Final = {Indicator.WATER_GRID: "impact.water_grid", Indicator.WATER_SITE: "impact.water_site"}
"""What is said where one of them is known alone."""


@dataclass(frozen=True, slots=True)
class Card:
    """A figure with what there is to know of it. `figure` is the number and its unit; None: it is unknown."""

    name: str
    figure: tuple[str, str] | None
    interval: str
    """Between what it lies, in words; may be empty."""
    notes: tuple[str, ...]
    others: tuple[tuple[str, str | None], ...]
    """The same in other periods: (period, quantity); None: unknown."""


def cards_of(status: Status, voice: Voice, write: Quantities) -> tuple[Card, ...]:
    """Return the three cards of *status*, in the order in which they are read."""

    def card(name: str, quantity: Callable[[Period], str | None], notes: Sequence[str], interval: str = "") -> Card:
        main = quantity(status.periods[MAIN])
        others = tuple((period, quantity(status.periods[period])) for period in OTHERS)
        shown = others if main is not None or any(other for _, other in others) else ()
        return Card(name, None if main is None else write.parted(main), interval, tuple(notes), shown)

    def energy(period: Period) -> str | None:
        return None if period.energy is None else write.energy(period.energy)

    def emissions(period: Period) -> str | None:
        found = period.impacts.emissions
        return None if found is None else write.emissions(found.central)

    def water(period: Period) -> str | None:
        found = period.impacts.together(WATER)
        return None if found is None else write.amount(Indicator.WATER_GRID, found.central)

    return (
        card("energy", energy, [_energy_note(status, voice)]),
        card("emissions", emissions, _emissions_notes(status, voice, write), _interval(status, voice)),
        card("water", water, [_water_note(status, voice)]),
    )


def _energy_note(status: Status, voice: Voice) -> str:
    main = status.periods[MAIN]
    return voice.say("reason.no_period") if main.energy is None else voice.provenance(main)


def _interval(status: Status, voice: Voice) -> str:
    found = status.periods[MAIN].impacts.emissions
    return voice.between(Indicator.GWP_USE, found) if found is not None else ""


def _emissions_notes(status: Status, voice: Voice, write: Quantities) -> list[str]:
    main = status.periods[MAIN]
    found, share = main.impacts.emissions, main.impact_coverage
    if found is None:
        missing = next((one for one in ("zone", "factor") if one in status.unknowns), None)
        return [voice.say(f"cure.{missing}" if missing else "impact.none")]
    notes = []
    if "hardware" in status.unknowns:
        notes.append(voice.say("impact.use_alone"))
    if share is not None and share < 1:
        notes.append(voice.say("impact.coverage", share=write.share(share)))
    return notes


def _water_note(status: Status, voice: Voice) -> str:
    known = [indicator for indicator in WATER if indicator in status.periods[MAIN].impacts.amounts]
    if known:
        return voice.say("impact.both_waters" if len(known) == len(WATER) else _ONE_WATER[known[0]])
    missing = next((one for one in ("zone", "factor", "water") if one in status.unknowns), None)
    return voice.say(f"cure.{missing}" if missing else "impact.none")
