"""What one unit of a service's work took: energy and greenhouse gases per 1,000 tokens, request, image, page, minute.

Numerator and denominator are kept, so that figures of several times or services are put together by adding those, and
never by a mean of quotients. Definitions, limits and a worked example: docs/functional-units.md. Source: Green Software
Foundation, SCI 1.1 (ISO/IEC 21031:2024); SCI for AI (2025), functional units of the consumer's boundary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Final

from monitor.core.activity import RANKS, Authority, Unit
from monitor.core.impact import Bounds, Indicator, nearest
from monitor.core.uncertainty import emissions, measure_error, with_measure
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_KILOWATT_HOUR, Energy

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

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
SEPARATOR: Final = "+"
_MICROJOULES_PER_WATT_HOUR: Final = MICROJOULES_PER_KILOWATT_HOUR // 1000


def counted(functional: Functional, told: Container[Unit]) -> Unit | None:
    """Return which unit is counted for *functional*, of those that are *told*; None: none of its own is."""
    return next((unit for unit in PARTS[functional][0] if unit in told), None)


def over(units: Iterable[Unit]) -> str:
    """Return how the energy of hours is called in which *units* were told: it stands in place of a model."""
    return SEPARATOR.join(sorted({unit.value for unit in units}))


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
    """What counts, by model and unit; the energy that it took is under the unit of that name, by `over` what it is."""
    energy: Energy = Energy.ZERO
    """All that it used over that time, also while it is not known what it did."""
    idle: Energy = Energy.ZERO
    """What of that it used to be ready: residency, and its part of the floor."""
    impacts: Mapping[Indicator, Bounds] = field(default_factory=dict)
    meters: Mapping[Meter, Energy] = field(default_factory=dict)
    """The energy by resource and method: how sure it is."""
    said: Mapping[tuple[Authority, Unit], Said] = field(default_factory=dict)
    unmeasured: Mapping[tuple[str, Unit], int] = field(default_factory=dict)
    """What of the amounts was done while it was not measured what it took: no divisor."""


@dataclass(frozen=True)
class Taken:
    """What the work took, all of it together: the numerators."""

    microjoules: int
    """The energy while it is known what the service did; never 0."""
    impacts: Mapping[Indicator, Bounds]
    """Those of all its energy: each has the same part in the work as the energy has."""
    meters: Mapping[Meter, Energy]

    @cached_property
    def energy(self) -> Bounds:
        """In microjoules, with the error of the measure."""
        whole = Bounds(self.microjoules, self.microjoules, self.microjoules)
        return with_measure(whole, measure_error(self.meters))

    @cached_property
    def facility(self) -> Bounds | None:
        """That energy with what the room needs for it, in microjoules; None: no PUE is known."""
        return self._part(Indicator.FACILITY_ENERGY)

    @cached_property
    def use(self) -> Bounds | None:
        """Greenhouse gases of the electricity, in micrograms CO2e, with the range of the factors."""
        return self._part(Indicator.GWP_USE)

    @cached_property
    def embodied(self) -> Bounds | None:
        """Those of making the hardware, likewise."""
        return self._part(Indicator.GWP_EMBODIED)

    @cached_property
    def emissions(self) -> Bounds | None:
        """Both together, as far as they are known, with the error of the measure; None: both are unknown."""
        return emissions(self.use, self.embodied, self.meters)

    def _part(self, indicator: Indicator) -> Bounds | None:
        """Return what of the *indicator* goes with the work, by the energy whose impacts these are."""
        reckoned = self.impacts.get(Indicator.ENERGY, Bounds.ZERO).central
        if not reckoned or indicator not in self.impacts:
            return None
        whole = self.impacts[indicator]
        return Bounds(*(nearest(one * self.microjoules, reckoned) for one in (whole.low, whole.central, whole.high)))


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
    """How much was done of what is counted, while it was measured what that took; never 0."""
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


@dataclass(frozen=True)
class FunctionalUnits:
    """What a service did over a time, and what one unit of it took. None wherever one of the two is unknown."""

    work: Work

    @cached_property
    def amounts(self) -> Mapping[Unit, int]:
        """What was done, all models together. Energy is not told apart by model."""
        return _by_unit(self.work.amounts)

    @cached_property
    def measured(self) -> Mapping[Unit, int]:
        """What of it was done while it was measured what it took: the denominators."""
        unmeasured = _by_unit(self.work.unmeasured)
        return {unit: amount - unmeasured.get(unit, 0) for unit, amount in self.amounts.items()}

    @cached_property
    def taken(self) -> Taken | None:
        """What the work took; None: no energy is known of the time over which it is known what the service did."""
        return self._taken(self._known)

    @cached_property
    def taken_by(self) -> Mapping[Unit, Taken]:
        """What the work took in the hours in which each unit was told: what is divided by `measured` of that unit.

        Hours have several units: what each took is no part of a sum with the others.
        """
        known = {unit: self._taken(self._known_of(unit)) for unit in self.measured if unit is not Unit.ENERGY}
        return {unit: taken for unit, taken in known.items() if taken is not None}

    @property
    def known_share(self) -> Fraction | None:
        """For how much of the energy of the service it is known what it did, 0 to 1; None: it used none."""
        return _share(self._known, self.work.energy)

    @property
    def idle_share(self) -> Fraction | None:
        """How much of its energy it used to be ready, 0 to 1; None: it used none."""
        return _share(self.work.idle.microjoules, self.work.energy)

    @cached_property
    def per_unit(self) -> Mapping[Functional, PerUnit]:
        """What one unit took, of what was done: of nothing, there is nothing per unit."""
        found: dict[Functional, PerUnit] = {}
        for functional in PARTS:
            unit = counted(functional, self.measured)
            amount = 0 if unit is None else self.measured[unit]
            # what reads to write is told by what it writes: no counter says which of the two took the energy
            if unit and amount and not (functional is Functional.INPUT_TOKENS and Functional.OUTPUT_TOKENS in found):
                found[functional] = PerUnit(functional, amount, self.taken_by.get(unit))
        return found

    @property
    def first(self) -> PerUnit | None:
        """What one figure is to be told of: tokens before requests, and requests before the rest; None: nothing."""
        return next(iter(self.per_unit.values()), None)

    @property
    def authorities(self) -> tuple[Authority, ...]:
        """Who was believed, the one that is believed first before the others."""
        counted = {key for key, one in self.work.said.items() if one.counted}
        # energy counts whoever it came with, also with a page that was not believed
        told = {by for by, unit in counted if unit is not Unit.ENERGY} or {by for by, _ in counted}
        return tuple(sorted(told, key=RANKS.__getitem__))

    @cached_property
    def cross_checks(self) -> tuple[CrossCheck, ...]:
        """What the others say."""
        said, checks = self.work.said, []
        for (authority, unit), one in said.items():
            better = [
                other.counted for (by, what), other in said.items() if what is unit and RANKS[by] < RANKS[authority]
            ]
            # what those who are believed do not tell of at all is no check of them
            if better and (one.beside or not one.counted):
                checks.append(CrossCheck(authority, unit, one.beside, sum(better)))
        return tuple(sorted(checks, key=lambda check: (RANKS[check.authority], check.unit)))

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What a reader has to know."""
        tokens = self.per_unit.get(Functional.OUTPUT_TOKENS)
        watt_hours = tokens.watt_hours if tokens is not None else None
        low, high = PLAUSIBLE
        reckoned = self.work.impacts.get(Indicator.ENERGY, Bounds.ZERO).central
        found = {
            Caution.IMPLAUSIBLE: watt_hours is not None and not low <= watt_hours <= high,
            Caution.IMPACTS_PARTLY_KNOWN: bool(self._known) and 0 < reckoned < self.work.energy.microjoules,
            Caution.CROSS_CHECK_DIFFERS: any(
                abs(one.difference) > TOLERANCE * one.counted for one in self.cross_checks
            ),
        }
        return tuple(caution for caution, holds in found.items() if holds)

    @cached_property
    def _known(self) -> int:
        return sum(amount for (_, unit), amount in self.work.amounts.items() if unit is Unit.ENERGY)

    def _known_of(self, unit: Unit) -> int:
        """Return the energy of the hours in which *unit* was told: a page may count less than events tell of."""
        return sum(
            amount
            for (told, what), amount in self.work.amounts.items()
            if what is Unit.ENERGY and (not told or unit.value in told.split(SEPARATOR))
        )

    def _taken(self, microjoules: int) -> Taken | None:
        return Taken(microjoules, self.work.impacts, self.work.meters) if microjoules else None


def units_by_period(figures: Figures) -> dict[tuple[str, str], FunctionalUnits]:
    """Return what services did in each period of *figures*, by (consumer, period); only of those that told any."""
    amounts: dict[tuple[str, str], dict[tuple[str, Unit], int]] = {}
    unmeasured: dict[tuple[str, str], dict[tuple[str, Unit], int]] = {}
    said: dict[tuple[str, str], dict[tuple[Authority, Unit], Said]] = {}
    impacts: dict[tuple[str, str], dict[Indicator, Bounds]] = {}
    for (consumer, model, unit, period), amount in figures.activity.items():
        amounts.setdefault((consumer, period), {})[model, unit] = amount
    for (consumer, model, unit, period), amount in figures.unmeasured.items():
        unmeasured.setdefault((consumer, period), {})[model, unit] = amount
    for (consumer, authority, unit, period), one in figures.said.items():
        said.setdefault((consumer, period), {})[authority, unit] = one
    for (consumer, indicator, period), bounds in figures.impacts.items():
        impacts.setdefault((consumer, period), {})[indicator] = bounds
    return {
        key: FunctionalUnits(
            Work(
                amounts=done,
                energy=figures.energy.get(key, Energy.ZERO),
                idle=figures.idle.get(key, Energy.ZERO),
                impacts=impacts.get(key, {}),
                meters=figures.meters.get(key, {}),
                said=said.get(key, {}),
                unmeasured=unmeasured.get(key, {}),
            )
        )
        for key, done in amounts.items()
    }


def _by_unit(amounts: Mapping[tuple[str, Unit], int]) -> dict[Unit, int]:
    """Return *amounts* of all models together, without the energy that they took."""
    sums: dict[Unit, int] = {}
    for (_, unit), amount in amounts.items():
        if unit is not Unit.ENERGY:
            sums[unit] = sums.get(unit, 0) + amount
    return sums


def _share(part: int, whole: Energy) -> Fraction | None:
    """Return *part* of *whole*: no more than all of it, though what came in late may be booked beyond the edge."""
    return min(Fraction(1), Fraction(part, whole.microjoules)) if whole.microjoules else None
