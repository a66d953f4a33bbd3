"""Why emissions differ from those of the year before: what each cause added or took away.

The emissions of a service's electricity are a product: what was done x energy for each unit x what the room adds x
the intensity of the grid. The logarithmic mean Divisia index (LMDI-I, additive) parts the difference of two products
exactly, without a rest. Source: B. W. Ang, Decomposition analysis for policymaking in energy, Energy Policy 32 (2004).
Only months that are closed and measured in both years are compared: a part of a year is not set against a whole.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Context, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from monitor.core.activity import Unit
from monitor.core.impact import Indicator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.report.model import Month, Report, Use

MEASURED: Final = frozenset({"counter", "integrated"})
_EXACT: Final = Context(prec=50)


class Effect(StrEnum):
    """A cause of a difference, in the order in which they are told."""

    SCOPE = "scope"
    """Services that are in one of the years only, or whose emissions are known in one of them only."""
    ACTIVITY = "activity"
    """More or less was done."""
    EFFICIENCY = "efficiency"
    """A unit took more or less energy."""
    CONSUMPTION = "consumption"
    """More or less energy of services of which it is not known what they did: activity or efficiency."""
    METHOD = "method"
    """The energy was measured in one year and not in the other: what changed otherwise can't be told from that."""
    ROOM = "room"
    """The room added more or less (PUE)."""
    GRID = "grid"
    """The electricity had another intensity."""
    HARDWARE = "hardware"
    """More or less for making the hardware."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Two years over the same months: emissions in micrograms CO2e, and what each effect added to those before."""

    months: tuple[int, ...]
    emissions_known: bool
    """Whether any are known in each of the months of both years; else they are not compared, and have no effects."""
    before: int
    now: int
    effects: Mapping[Effect, int]
    """Those that are not nothing; with `before` they sum to `now`."""
    energy_before: int
    energy_now: int
    """In microjoules."""


@dataclass(slots=True)
class _Sum:
    """What one service came to over the months that are compared."""

    energy: int = 0
    measured: int = 0
    amounts: dict[Indicator, int] = field(default_factory=dict)
    units: dict[Unit, int] = field(default_factory=dict)

    def add(self, use: Use) -> None:
        self.energy += use.total.microjoules
        self.measured += sum(use.methods[name].microjoules for name in use.methods.keys() & MEASURED)
        for indicator, bounds in use.impacts.amounts.items():
            self.amounts[indicator] = self.amounts.get(indicator, 0) + bounds.central
        for unit, amount in (use.units.amounts if use.units is not None else {}).items():
            self.units[unit] = self.units.get(unit, 0) + amount

    def of(self, indicator: Indicator) -> int:
        return self.amounts.get(indicator, 0)

    @property
    def is_measured(self) -> bool:
        return 2 * self.measured > self.energy


def compare(now: Report, before: Report) -> Compared | None:
    """Return how *now* differs from the year *before*; None where no month is known of both."""
    months = tuple(
        one.number
        for one, other in zip(now.months, before.months, strict=True)
        if _is_whole(one, now.closed_through) and _is_whole(other, before.closed_through)
    )
    if not months:
        return None
    new, old = (_by_service(report, months) for report in (now, before))
    emitted = [sum(map(_emissions, years.values())) for years in (old, new)]
    used = [sum(one.energy for one in years.values()) for years in (old, new)]
    known = all(_is_known(report, months) for report in (now, before))
    effects = _whole(_summed(old, new), emitted[1] - emitted[0]) if known else {}
    return Compared(months, known, emitted[0], emitted[1], effects, used[0], used[1])


def _is_known(report: Report, months: Sequence[int]) -> bool:
    return all(month.impacts.emissions is not None for month in report.months if month.number in months)


def _summed(old: Mapping[str, _Sum], new: Mapping[str, _Sum]) -> dict[Effect, Decimal]:
    effects: dict[Effect, Decimal] = defaultdict(Decimal)
    for key in sorted(new.keys() | old.keys()):
        for effect, amount in _effects(old.get(key), new.get(key)):
            effects[effect] += amount
    return effects


def _is_whole(month: Month, closed_through: int) -> bool:
    return bool(month.coverage) and month.interval.end <= closed_through


def _by_service(report: Report, months: Sequence[int]) -> dict[str, _Sum]:
    sums: dict[str, _Sum] = defaultdict(_Sum)
    for month in report.months:
        if month.number in months:
            for use in month.uses:
                sums[use.facts.key].add(use)
    return dict(sums)


def _emissions(one: _Sum) -> int:
    return one.of(Indicator.GWP_USE) + one.of(Indicator.GWP_EMBODIED)


def _effects(old: _Sum | None, new: _Sum | None) -> Iterator[tuple[Effect, Decimal]]:
    """Yield what each effect added to the emissions of one service; None: it was not there."""
    if old is None or new is None:
        yield Effect.SCOPE, Decimal(_emissions(new or _Sum()) - _emissions(old or _Sum()))
        return
    yield Effect.HARDWARE, Decimal(new.of(Indicator.GWP_EMBODIED) - old.of(Indicator.GWP_EMBODIED))
    then, now = old.of(Indicator.GWP_USE), new.of(Indicator.GWP_USE)
    if not (then and now and old.energy and new.energy):
        yield Effect.SCOPE, Decimal(now - then)
        return
    weight = _logarithmic_mean(then, now)
    for effect, ratio in _ratios(old, new):
        yield effect, _EXACT.multiply(weight, _EXACT.ln(ratio))


def _ratios(old: _Sum, new: _Sum) -> Iterator[tuple[Effect, Decimal]]:
    """Yield by how much each factor of the product has grown; their product is that of the emissions."""
    # not in the order of the rows, which no database promises
    unit = next((one for one in Unit if new.units.get(one) and old.units.get(one)), None)
    changed = old.is_measured != new.is_measured
    energy = _ratio(new.energy, old.energy)
    if unit is None:
        yield Effect.METHOD if changed else Effect.CONSUMPTION, energy
    else:
        done = _ratio(new.units[unit], old.units[unit])
        yield Effect.ACTIVITY, done
        yield Effect.METHOD if changed else Effect.EFFICIENCY, _EXACT.divide(energy, done)
    rooms = [one.of(Indicator.FACILITY_ENERGY) for one in (new, old)]
    emitted = _ratio(new.of(Indicator.GWP_USE), old.of(Indicator.GWP_USE))
    rest = _EXACT.divide(emitted, energy)
    if all(rooms):
        room = _EXACT.divide(_ratio(*rooms), energy)
        yield Effect.ROOM, room
        rest = _EXACT.divide(rest, room)
    yield Effect.GRID, rest


def _ratio(new: int, old: int) -> Decimal:
    return _EXACT.divide(Decimal(new), Decimal(old))


def _logarithmic_mean(one: int, other: int) -> Decimal:
    """Return the logarithmic mean of two amounts above zero: (b - a) / (ln b - ln a); of equal ones, either."""
    if one == other:
        return Decimal(one)
    return _EXACT.divide(Decimal(other - one), _EXACT.subtract(_EXACT.ln(Decimal(other)), _EXACT.ln(Decimal(one))))


def _whole(effects: Mapping[Effect, Decimal], difference: int) -> dict[Effect, int]:
    """Return *effects* in whole micrograms, summing to the *difference*: what rounding leaves is the largest's."""
    found = {effect: round(effects[effect]) for effect in Effect if effect in effects}
    rest = difference - sum(found.values())
    if rest and found:
        largest = max(found, key=lambda effect: abs(found[effect]))
        found[largest] += rest
    return {effect: amount for effect, amount in found.items() if amount}
