"""What one unit of a service's work took: energy and greenhouse gases per 1,000 tokens, request, image, page, minute.

Numerator and denominator are kept, so that figures of several times or services are put together by adding those, and
never by a mean of quotients. Definitions, limits and a worked example: docs/functional-units.md. Source: Green Software
Foundation, SCI 1.1 (ISO/IEC 21031:2024); SCI for AI (2025), functional units of the consumer's boundary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from monitor.core.activity import RANKS, Authority, Unit
from monitor.core.impact import Bounds, Indicator, nearest
from monitor.core.uncertainty import emissions, measure_error, with_measure
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_KILOWATT_HOUR, Energy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.entries import Meter
    from monitor.core.figures import Figures


class Functional(StrEnum):
    """What energy and emissions are told per. The names are those of the API, and of the clauses of contracts."""

    OUTPUT_TOKENS = "1000_output_tokens"
    INPUT_TOKENS = "1000_input_tokens"
    """Of a service that generates none: embeddings, ranking, classifying."""
    REQUEST = "request"
    ITEM = "item"
    IMAGE = "image"
    PAGE = "page"
    AUDIO_MINUTE = "audio_minute"


PARTS: Final[Mapping[Functional, tuple[tuple[Unit, ...], int]]] = {
    Functional.OUTPUT_TOKENS: ((Unit.OUTPUT_TOKENS,), 1000),
    Functional.INPUT_TOKENS: ((Unit.COMPUTED_INPUT_TOKENS, Unit.INPUT_TOKENS), 1000),
    Functional.REQUEST: ((Unit.REQUESTS,), 1),
    Functional.ITEM: ((Unit.ITEMS,), 1),
    Functional.IMAGE: ((Unit.IMAGES,), 1),
    Functional.PAGE: ((Unit.PAGES,), 1),
    Functional.AUDIO_MINUTE: ((Unit.AUDIO_MILLISECONDS,), 60_000),
}
"""What is counted for each, the first that is known, and how many of that make one."""
PLAUSIBLE: Final = (Fraction(1, 100), Fraction(5))
"""Watt-hours per 1,000 output tokens between which those of large language models lie that were published.

Source: our reading of ML.ENERGY v3 (2025; 0.03 to 0.06 Wh on a full GPU), EcoLogits 0.11 (1.4 to 2.4 Wh) and
InferenceMAX (up to 2 Wh). A small model on a processor may well lie above: it is a reason to look, and no error.
"""
TOLERANCE: Final = Fraction(1, 20)
"""How far a cross-check may be off: clients that hang up, and readings at other moments, make some per cent."""
_MICROJOULES_PER_WATT_HOUR: Final = MICROJOULES_PER_KILOWATT_HOUR // 1000


class Caution(StrEnum):
    """What a reader of the figures has to know."""

    IMPLAUSIBLE = "implausible"
    """The energy per 1,000 output tokens is not between those that were published: see `PLAUSIBLE`."""
    IMPACTS_PARTLY_KNOWN = "impacts_partly_known"
    """The impacts of a part of the energy are unknown; the rest is taken for all of it."""
    CROSS_CHECK_DIFFERS = "cross_check_differs"
    """Somebody who was not believed says something else by more than `TOLERANCE`."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one authority says of one unit: how much of it counts, and how much is beside what others said."""

    counted: int = 0
    beside: int = 0

    def __add__(self, other: Said) -> Said:
        return Said(self.counted + other.counted, self.beside + other.beside)


@dataclass(frozen=True, slots=True)
class Work:
    """All that is known of what one service did over a time. What is not there is unknown."""

    amounts: Mapping[tuple[str, Unit], int]
    """What counts, by model and unit; the energy that it took is under the unit of that name."""
    energy: Energy = Energy.ZERO
    """All that it used over that time, also while it is not known what it did."""
    idle: Energy = Energy.ZERO
    """What of that it used to be ready: residency, and its part of the floor."""
    impacts: Mapping[Indicator, Bounds] = field(default_factory=dict)
    meters: Mapping[Meter, Energy] = field(default_factory=dict)
    """The energy by resource and method: how sure it is."""
    said: Mapping[tuple[Authority, Unit], Said] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """What the work took, all of it together: the numerators."""

    energy: Bounds
    """In microjoules, while it is known what the service did, with the error of the measure."""
    facility: Bounds | None
    """That energy with what the room needs for it, in microjoules; None: no PUE is known."""
    use: Bounds | None
    """Greenhouse gases of the electricity, in micrograms CO2e, with the range of the factors."""
    embodied: Bounds | None
    """Those of making the hardware, likewise."""
    emissions: Bounds | None
    """Both together, as far as they are known, with the error of the measure; None: both are unknown."""


@dataclass(frozen=True, slots=True)
class Sci:
    """(E x I + M) / R of one functional unit. Source: SCI 1.1 (ISO/IEC 21031:2024)."""

    energy: int
    """E, in microjoules: with what the room needs, where a PUE is known."""
    operational: int
    """E x I, location-based, in micrograms CO2e."""
    embodied: int
    """M, in micrograms CO2e."""
    units: Fraction
    """R, in functional units."""

    @property
    def kilowatt_hours(self) -> Fraction:
        """E, in kWh."""
        return Fraction(self.energy, MICROJOULES_PER_KILOWATT_HOUR)

    @property
    def intensity(self) -> Fraction:
        """I, in grams CO2e per kWh: the mean of the hours, each by its energy."""
        return Fraction(self.operational, MICROGRAMS_PER_GRAM) / self.kilowatt_hours

    @property
    def score(self) -> Fraction:
        """Grams CO2e per functional unit."""
        return Fraction(self.operational + self.embodied, MICROGRAMS_PER_GRAM) / self.units


@dataclass(frozen=True, slots=True)
class PerUnit:
    """What one functional unit took: `Taken` over `units`."""

    functional: Functional
    amount: int
    """How much was done of what is counted; never 0."""
    taken: Taken | None
    """None: it is not known what it took."""

    @property
    def units(self) -> Fraction:
        """The denominator, in functional units."""
        return Fraction(self.amount, PARTS[self.functional][1])

    @property
    def watt_hours(self) -> Fraction | None:
        """Watt-hours of the machine per functional unit."""
        if self.taken is None:
            return None
        return Fraction(self.taken.energy.central, _MICROJOULES_PER_WATT_HOUR) / self.units

    @property
    def grams(self) -> Fraction | None:
        """Grams CO2e of use and making, as far as they are known, per functional unit."""
        if self.taken is None or self.taken.emissions is None:
            return None
        return Fraction(self.taken.emissions.central, MICROGRAMS_PER_GRAM) / self.units

    @property
    def sci(self) -> Sci | None:
        """The score with its parts; None where one of them is unknown."""
        taken = self.taken
        if taken is None or taken.use is None or taken.embodied is None:
            return None
        energy = taken.energy if taken.facility is None else taken.facility
        if not energy.central:
            return None
        return Sci(energy.central, taken.use.central, taken.embodied.central, self.units)


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """What an authority says that was not believed, and what counted instead where it was not."""

    authority: Authority
    unit: Unit
    amount: int
    counted: int

    @property
    def difference(self) -> int:
        """What it says more than what counted; less, where negative."""
        return self.amount - self.counted


@dataclass(frozen=True, slots=True)
class FunctionalUnits:
    """What a service did over a time, and what one unit of it took."""

    amounts: Mapping[Unit, int]
    """All models together."""
    models: Mapping[tuple[str, Unit], int]
    """By model, as far as its meters tell models apart. Energy is not told apart by model."""
    taken: Taken | None
    """None: no energy is known of the time over which it is known what it did."""
    known_share: Fraction | None
    """For how much of the energy of the service it is known what it did, 0 to 1; None: it used none."""
    idle_share: Fraction | None
    """How much of its energy it used to be ready, 0 to 1; None: it used none."""
    per_unit: Mapping[Functional, PerUnit]
    """Only what was done: of nothing, there is nothing per unit."""
    authorities: tuple[Authority, ...]
    """Who was believed, the one that is believed first before the others."""
    cross_checks: tuple[CrossCheck, ...]
    cautions: tuple[Caution, ...]

    @property
    def first(self) -> PerUnit | None:
        """What one figure is to be told of: tokens before requests, and requests before the rest; None: nothing."""
        return next((self.per_unit[one] for one in Functional if one in self.per_unit), None)


def functional_units(work: Work) -> FunctionalUnits:
    """Return what one unit of *work* took. None wherever numerator or denominator is unknown."""
    amounts: dict[Unit, int] = {}
    for (_, unit), amount in work.amounts.items():
        amounts[unit] = amounts.get(unit, 0) + amount
    known = amounts.pop(Unit.ENERGY, 0)
    taken = _taken(known, work)
    per_unit = _per_unit(amounts, taken)
    checks = _cross_checks(work.said)
    return FunctionalUnits(
        amounts=amounts,
        models={key: amount for key, amount in work.amounts.items() if key[1] is not Unit.ENERGY},
        taken=taken,
        known_share=_share(known, work.energy),
        idle_share=_share(work.idle.microjoules, work.energy),
        per_unit=per_unit,
        authorities=tuple(sorted({by for (by, _), one in work.said.items() if one.counted}, key=RANKS.__getitem__)),
        cross_checks=checks,
        cautions=tuple(_cautions(work, taken, per_unit, checks)),
    )


def units_by_period(figures: Figures) -> dict[tuple[str, str], FunctionalUnits]:
    """Return what services did in each period of *figures*, by (consumer, period); only of those that told any."""
    amounts: dict[tuple[str, str], dict[tuple[str, Unit], int]] = {}
    said: dict[tuple[str, str], dict[tuple[Authority, Unit], Said]] = {}
    impacts: dict[tuple[str, str], dict[Indicator, Bounds]] = {}
    for (consumer, model, unit, period), amount in figures.activity.items():
        amounts.setdefault((consumer, period), {})[model, unit] = amount
    for (consumer, authority, unit, period), one in figures.said.items():
        said.setdefault((consumer, period), {})[authority, unit] = one
    for (consumer, indicator, period), bounds in figures.impacts.items():
        impacts.setdefault((consumer, period), {})[indicator] = bounds
    return {
        key: functional_units(
            Work(
                amounts=done,
                energy=figures.energy.get(key, Energy.ZERO),
                idle=figures.idle.get(key, Energy.ZERO),
                impacts=impacts.get(key, {}),
                meters=figures.meters.get(key, {}),
                said=said.get(key, {}),
            )
        )
        for key, done in amounts.items()
    }


def _taken(known: int, work: Work) -> Taken | None:
    if not known:
        return None
    use, embodied, facility = (
        _part(work.impacts, one, known)
        for one in (Indicator.GWP_USE, Indicator.GWP_EMBODIED, Indicator.FACILITY_ENERGY)
    )
    return Taken(
        energy=with_measure(Bounds(known, known, known), measure_error(work.meters)),
        facility=facility,
        use=use,
        embodied=embodied,
        emissions=emissions(use, embodied, work.meters),
    )


def _part(impacts: Mapping[Indicator, Bounds], indicator: Indicator, known: int) -> Bounds | None:
    """Return what of the *indicator* goes with *known* microjoules, by the energy whose impacts these are."""
    reckoned = impacts.get(Indicator.ENERGY, Bounds.ZERO).central
    if not reckoned or indicator not in impacts:
        return None
    whole = impacts[indicator]
    return Bounds(*(nearest(one * known, reckoned) for one in (whole.low, whole.central, whole.high)))


def _per_unit(amounts: Mapping[Unit, int], taken: Taken | None) -> dict[Functional, PerUnit]:
    found: dict[Functional, PerUnit] = {}
    for functional, (units, _) in PARTS.items():
        amount = next((amounts[unit] for unit in units if unit in amounts), 0)
        # what reads to write is told by what it writes: no counter says which of the two took the energy
        if amount and not (functional is Functional.INPUT_TOKENS and Functional.OUTPUT_TOKENS in found):
            found[functional] = PerUnit(functional, amount, taken)
    return found


def _cross_checks(said: Mapping[tuple[Authority, Unit], Said]) -> tuple[CrossCheck, ...]:
    checks = []
    for (authority, unit), one in said.items():
        better = [other.counted for (by, what), other in said.items() if what is unit and RANKS[by] < RANKS[authority]]
        # what those who are believed do not tell of at all is no check of them
        if better and (one.beside or not one.counted):
            checks.append(CrossCheck(authority, unit, one.beside, sum(better)))
    return tuple(sorted(checks, key=lambda check: (RANKS[check.authority], check.unit)))


def _share(part: int, whole: Energy) -> Fraction | None:
    """Return *part* of *whole*: no more than all of it, though what came in late may be booked beyond the edge."""
    return min(Fraction(1), Fraction(part, whole.microjoules)) if whole.microjoules else None


def _cautions(
    work: Work, taken: Taken | None, per_unit: Mapping[Functional, PerUnit], checks: tuple[CrossCheck, ...]
) -> list[Caution]:
    tokens = per_unit.get(Functional.OUTPUT_TOKENS)
    watt_hours = tokens.watt_hours if tokens is not None else None
    low, high = PLAUSIBLE
    reckoned = work.impacts.get(Indicator.ENERGY, Bounds.ZERO).central
    found = {
        Caution.IMPLAUSIBLE: watt_hours is not None and not low <= watt_hours <= high,
        Caution.IMPACTS_PARTLY_KNOWN: taken is not None and 0 < reckoned < work.energy.microjoules,
        Caution.CROSS_CHECK_DIFFERS: any(abs(one.difference) > TOLERANCE * one.counted for one in checks),
    }
    return [caution for caution, holds in found.items() if holds]
