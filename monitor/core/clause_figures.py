"""What services under a contract came to over a window, as a figure that a clause can be held against.

Numerators and denominators of several services and months are added before they are divided. What was not measured,
or not reckoned, is never taken for nothing: the upper bound of a total has it in, as much as the measured part by time.
Rules: docs/contracts.md; how sure a figure is: docs/method.md, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Final

from monitor.core.activity import Unit
from monitor.core.contracts import Figure, Measured, Metric, Range, Reason
from monitor.core.external import ExternalUse, Impact, Origin
from monitor.core.functional import Functional, FunctionalUnits, Taken, Work
from monitor.core.impact import Bounds, Indicator
from monitor.core.readings import Method
from monitor.core.uncertainty import emissions, measure_error, with_measure
from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_JOULE,
    MICROJOULES_PER_KILOWATT_HOUR,
    MICROLITERS_PER_LITER,
    Energy,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from monitor.core.entries import Meter

ALL: Final = Fraction(1)
NONE: Final = Fraction(0)
MEASURING: Final = frozenset({Method.COUNTER, Method.INTEGRATED})
"""Methods of which a figure counts as measured."""
TOKENS: Final = 1000
"""How many output tokens make one functional unit."""


@dataclass(frozen=True)
class Use:
    """What services did under one contract over the closed part of a window."""

    works: Mapping[str, Work] = field(default_factory=dict)
    """Those of this host, by key."""
    bought: Mapping[str, ExternalUse] = field(default_factory=dict)
    """Those that are bought as an API, by key."""
    covered: Fraction = NONE
    """The share of the time for which the host was measured."""

    def of(self, service: str) -> Use:
        """Return what *service* alone did; empty: all of them."""
        if not service:
            return self
        return Use(
            {key: work for key, work in self.works.items() if key == service},
            {key: use for key, use in self.bought.items() if key == service},
            self.covered,
        )

    @cached_property
    def whole(self) -> Work:
        """What the services of this host did together."""
        return added(self.works.values())

    @property
    def error(self) -> Fraction:
        """Relative error of the energy."""
        return measure_error(self.whole.meters)

    @property
    def reckoned(self) -> Fraction:
        """The share of the energy whose impacts are known."""
        known = self.whole.impacts.get(Indicator.ENERGY, Bounds.ZERO).central
        return _share(known, self.whole.energy.microjoules)

    def share_of(self, *methods: Method) -> Fraction:
        """Return the share of the energy that was obtained by *methods*."""
        found = sum(energy.microjoules for meter, energy in self.whole.meters.items() if meter.method in methods)
        return _share(found, sum(energy.microjoules for energy in self.whole.meters.values()))


def added(works: Iterable[Work]) -> Work:
    """Return all of *works* together: of several services, or of several times.

    An impact is unknown where it is unknown of any of them that has any reckoned.
    """
    amounts: dict[tuple[str, Unit], int] = {}
    unmeasured: dict[tuple[str, Unit], int] = {}
    meters: dict[Meter, Energy] = {}
    energy = idle = Energy.ZERO
    impacts: dict[Indicator, Bounds] | None = None
    for work in works:
        energy, idle = energy + work.energy, idle + work.idle
        for key, amount in work.amounts.items():
            amounts[key] = amounts.get(key, 0) + amount
        for key, amount in work.unmeasured.items():
            unmeasured[key] = unmeasured.get(key, 0) + amount
        for meter, part in work.meters.items():
            meters[meter] = meters.get(meter, Energy.ZERO) + part
        if work.impacts:
            impacts = dict(work.impacts) if impacts is None else _in_both(impacts, work.impacts)
    return Work(amounts, energy, idle, impacts or {}, meters, unmeasured=unmeasured)


def figure_of(metric: Metric, use: Use) -> Figure | Reason:
    """Return what *use* came to by *metric*, in the unit of its quantity; else why that is unknown."""
    if metric.measured is Measured.COVERAGE:
        return Figure(Range(use.covered, use.covered, use.covered), ALL, ALL, NONE)
    if use.works and use.bought:
        return Reason.MIXED
    if use.bought:
        return _of_bought(metric, use.bought.values())
    if not use.whole.energy.microjoules:
        return Reason.NO_DATA
    if metric.functional is not None:
        return _per_unit(metric, metric.functional, use)
    return _FIGURES[metric.measured](use)


def _energy(use: Use) -> Figure | Reason:
    joules = use.whole.energy.microjoules
    amount = with_measure(Bounds(joules, joules, joules), use.error)
    return _total(use, amount, MICROJOULES_PER_JOULE, use.covered)


def _facility(use: Use) -> Figure | Reason:
    found = use.whole.impacts.get(Indicator.FACILITY_ENERGY)
    return Reason.UNKNOWN if found is None else _reckoned(use, with_measure(found, use.error), MICROJOULES_PER_JOULE)


def _emissions(use: Use) -> Figure | Reason:
    electricity, made = (use.whole.impacts.get(one) for one in (Indicator.GWP_USE, Indicator.GWP_EMBODIED))
    both = emissions(electricity, made, use.whole.meters)
    if electricity is None or made is None or both is None:
        return Reason.UNKNOWN
    return _reckoned(use, both, MICROGRAMS_PER_GRAM)


def _use_emissions(use: Use) -> Figure | Reason:
    found = use.whole.impacts.get(Indicator.GWP_USE)
    return Reason.UNKNOWN if found is None else _reckoned(use, with_measure(found, use.error), MICROGRAMS_PER_GRAM)


def _water(use: Use) -> Figure | Reason:
    site, grid = (use.whole.impacts.get(one) for one in (Indicator.WATER_SITE, Indicator.WATER_GRID))
    if site is None or grid is None:
        return Reason.UNKNOWN
    return _reckoned(use, with_measure(site + grid, use.error), MICROLITERS_PER_LITER)


def _idle_share(use: Use) -> Figure | Reason:
    share = _share(use.whole.idle.microjoules, use.whole.energy.microjoules)
    spread = share * use.error
    return _known(use, Range(max(NONE, share - spread), share, min(ALL, share + spread)), use.covered)


def _measured_share(use: Use) -> Figure | Reason:
    share = use.share_of(*MEASURING)
    return Figure(Range(share, share, share), use.covered, ALL, NONE)


def _quotient(
    over: Indicator, units: Fraction, under: Indicator = Indicator.ENERGY
) -> Callable[[Use], Figure | Reason]:
    """Return what tells the impact *over* for each of *under*: by factors that others declare, and by no meter."""

    def figure(use: Use) -> Figure | Reason:
        impacts = use.whole.impacts
        found, of = impacts.get(over), impacts.get(under) or impacts.get(Indicator.ENERGY)
        if found is None or of is None or not of.central:
            return Reason.UNKNOWN
        bounds = (Fraction(one, of.central) * units for one in (found.low, found.central, found.high))
        return Figure(Range(*bounds), min(use.covered, use.reckoned), NONE, ALL)

    return figure


_FIGURES: Final[Mapping[Measured, Callable[[Use], Figure | Reason]]] = {
    Measured.ENERGY: _energy,
    Measured.FACILITY_ENERGY: _facility,
    Measured.EMISSIONS: _emissions,
    Measured.USE_EMISSIONS: _use_emissions,
    Measured.WATER: _water,
    Measured.IDLE_SHARE: _idle_share,
    Measured.MEASURED_SHARE: _measured_share,
    Measured.PUE: _quotient(Indicator.FACILITY_ENERGY, ALL),
    Measured.WUE: _quotient(Indicator.WATER_SITE, Fraction(MICROJOULES_PER_KILOWATT_HOUR, MICROLITERS_PER_LITER)),
    Measured.GRID_INTENSITY: _quotient(
        Indicator.GWP_USE, Fraction(MICROJOULES_PER_KILOWATT_HOUR, MICROGRAMS_PER_GRAM), Indicator.FACILITY_ENERGY
    ),
}


def _per_unit(metric: Metric, functional: Functional, use: Use) -> Figure | Reason:
    """Return what one unit took: the work of all services that do it, over all that they did."""
    known = {key: FunctionalUnits(work) for key, work in use.works.items()}
    told = [(units, found) for units in known.values() if (found := units.per_unit.get(functional)) is not None]
    taken = [one.taken for _, one in told if one.taken is not None]
    count = sum((one.units for _, one in told if one.taken is not None), NONE)
    if not count:
        return Reason.NOT_COUNTED
    amount, units = _taken(metric.measured, taken, use.whole.meters)
    if amount is None:
        return Reason.UNKNOWN
    used = sum(one.work.energy.microjoules for one, _ in told)
    share = _share(sum((one.known_share or NONE) * one.work.energy.microjoules for one, _ in told), used)
    coverage = min(use.covered, share, ALL if metric.measured is Measured.ENERGY_PER else use.reckoned)
    low, central, high = (Fraction(bound, units) / count for bound in (amount.low, amount.central, amount.high))
    return _known(use, Range(low, central, high), coverage)


def _taken(measured: Measured, taken: Iterable[Taken], meters: Mapping[Meter, Energy]) -> tuple[Bounds | None, int]:
    """Return what all of *taken* came to together, and how many of that make the unit; None: a part is unknown."""
    parts = tuple(taken)
    if measured is Measured.ENERGY_PER:
        whole = sum(one.microjoules for one in parts)
        return with_measure(Bounds(whole, whole, whole), measure_error(meters)), MICROJOULES_PER_JOULE
    use, made = _sum(one.use for one in parts), _sum(one.embodied for one in parts)
    if use is None or (made is None and measured is Measured.EMISSIONS_PER):
        return None, 1
    return emissions(use, made if measured is Measured.EMISSIONS_PER else None, meters), MICROGRAMS_PER_GRAM


def _of_bought(metric: Metric, bought: Iterable[ExternalUse]) -> Figure | Reason:
    """Return the figure of services that nobody here measures: by rates for each output token."""
    use = sum(bought, ExternalUse())
    impact = _BOUGHT.get(metric.measured)
    if impact is None or metric.functional not in {None, Functional.OUTPUT_TOKENS}:
        return Reason.UNKNOWN
    tokens = use.counts.get(Unit.OUTPUT_TOKENS, 0)
    known = tokens - use.unknown.get(impact[0], 0)
    if not tokens:
        return Reason.NOT_COUNTED
    if not known or impact[0] not in use.impacts:
        return Reason.UNKNOWN
    found, coverage = use.impacts[impact[0]], Fraction(known, tokens)
    units = impact[1] * (Fraction(known, TOKENS) if metric.functional else ALL)
    low, central, high = (bound / units for bound in (found.low, found.central, found.high))
    declared = ALL if use.origins == {Origin.DECLARED} else NONE
    value = Range(low, central, high if metric.functional else high / coverage)
    return Figure(value, coverage, NONE, declared)


_BOUGHT: Final[Mapping[Measured, tuple[Impact, int]]] = {
    # what a provider's machines take is known with their cooling only
    Measured.ENERGY: (Impact.ENERGY, MICROJOULES_PER_JOULE),
    Measured.FACILITY_ENERGY: (Impact.ENERGY, MICROJOULES_PER_JOULE),
    Measured.ENERGY_PER: (Impact.ENERGY, MICROJOULES_PER_JOULE),
    Measured.EMISSIONS: (Impact.GWP, MICROGRAMS_PER_GRAM),
    Measured.EMISSIONS_PER: (Impact.GWP, MICROGRAMS_PER_GRAM),
    Measured.WATER: (Impact.WATER, MICROLITERS_PER_LITER),
}
"""What is told of a bought service, and how many of its units make the figure's."""


def _reckoned(use: Use, amount: Bounds, units: int) -> Figure | Reason:
    """Return the total of an impact: of hours without factors, and without measure, it is unknown."""
    return _total(use, amount, units, use.covered * use.reckoned)


def _total(use: Use, amount: Bounds, units: int, known: Fraction) -> Figure | Reason:
    if not known:
        return Reason.UNKNOWN
    return _known(
        use, Range(Fraction(amount.low, units), Fraction(amount.central, units), amount.high / (units * known)), known
    )


def _known(use: Use, value: Range, coverage: Fraction) -> Figure:
    return Figure(value, coverage, use.share_of(*MEASURING), use.share_of(Method.DECLARED))


def _share(part: Fraction | int, whole: int) -> Fraction:
    return min(ALL, Fraction(part) / whole) if whole else NONE


def _sum(amounts: Iterable[Bounds | None]) -> Bounds | None:
    """Return the sum of *amounts*; None where one of them is unknown."""
    whole = Bounds.ZERO
    for amount in amounts:
        if amount is None:
            return None
        whole += amount
    return whole


def _in_both(one: Mapping[Indicator, Bounds], other: Mapping[Indicator, Bounds]) -> dict[Indicator, Bounds]:
    return {indicator: one[indicator] + other[indicator] for indicator in one if indicator in other}
