"""Budgets: so much energy, greenhouse gases, water or money for a month, a quarter or a year, and how it will end.

What is used is the ledger's figure; what is unknown has no ratio, and is never zero. Rules, formula and a worked
example: docs/budgets.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeVar

from monitor.core.groups import Group
from monitor.core.impact import Bounds, Indicator
from monitor.core.interval import HOUR
from monitor.core.uncertainty import emissions, measure_error, root, with_measure
from monitor.core.units import Energy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from monitor.core.entries import Meter
    from monitor.core.figures import Figures
    from monitor.core.groups import Holder
    from monitor.core.interval import Interval

FEWEST_DAYS: Final = 3
"""Of fewer days no forecast is made: their spread says nothing yet. Our choice."""
MOST_DAYS: Final = 28
"""So many of the last days tell how it goes on: four whole weeks, so that each day of the week counts alike."""
MEASURED: Final = Fraction(9, 10)
"""The share of a day that has to be measured for the day to count. Our choice."""
LIKELY: Final = Fraction("1.2816")
"""Standard deviations within which 80 % of a normal distribution lie, to either side of its mean.

Source: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.1: the quantile of 0.90.
"""
ALL: Final = Fraction(1)
"""The threshold at which a budget is spent."""
DAY: Final = "day"
"""The name under which the figures of one day are given."""
_DAY: Final = 24 * HOUR.nanoseconds
Key = TypeVar("Key")
"""Whose an amount is."""


class Measure(StrEnum):
    """What is budgeted, in the unit that is given."""

    ENERGY = "energy"
    """Energy of the machine as measured, without the room's, in microjoules."""
    EMISSIONS = "emissions"
    """Greenhouse gases of use (location-based) and making together, in micrograms CO2e."""
    WATER = "water"
    """Water that the site and the grid used up, as far as it is known, in microlitres."""
    COST = "cost"
    """What the electricity cost by the configured tariff, in millionths of a euro."""


class Period(StrEnum):
    """For how long a budget is: a local month, quarter or year."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class State(StrEnum):
    """How a budget stands."""

    UNKNOWN = "unknown"
    WITHIN = "within"
    WARNED = "warned"
    """As much is used as the budget warns at."""
    EXCEEDED = "exceeded"
    """All of it is used."""


@dataclass(frozen=True, slots=True)
class Budget:
    """So much of `measure` that `holder` may come to in each `period`."""

    key: str
    name: str
    holder: Holder | None
    """A service by its key, or a group of them; None: all of this host."""
    measure: Measure
    period: Period
    limit: int
    """In the unit of the measure, more than nothing."""
    warn_at: Fraction
    """The share of the limit that is told of before it is reached: more than 0, at most 1."""
    written: str
    """The limit as somebody wrote it: "120 kgCO2e"."""

    @property
    def scope(self) -> str:
        """What kind of holder it has: `service`, `department`, `contract` or `all`."""
        if self.holder is None:
            return "all"
        return self.holder.by.value if isinstance(self.holder, Group) else "service"

    @property
    def held_by(self) -> str:
        """The key of the service or the name of the group; empty: all of this host."""
        return self.holder.name if isinstance(self.holder, Group) else self.holder or ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a budget's holder will have come to at the end of the period, if it goes on as it did."""

    amount: Bounds
    """In the unit of the measure; the bounds are those of 80 % of such periods, widened by the error of the figures."""
    crosses_at: int | None
    """When the limit is reached, ns since the epoch; None: not within the period."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands in the period that lasts."""

    budget: Budget
    interval: Interval
    """The whole period, up to its end."""
    used: Bounds | None
    """In the unit of the measure; None: unknown."""
    forecast: Forecast | None
    """None: unknown, since too few days were measured."""
    reached_at: int | None = None
    """When it was told that the limit was reached, ns since the epoch; None: it was not."""

    @property
    def used_ratio(self) -> Fraction | None:
        """The share of the limit that is used, exact; None: unknown."""
        return None if self.used is None else self._ratio(self.used.central)

    @property
    def forecast_ratios(self) -> tuple[Fraction, Fraction, Fraction] | None:
        """The share of the limit at the end of the period: low, central, high; None: unknown."""
        if self.forecast is None:
            return None
        amount = self.forecast.amount
        return self._ratio(amount.low), self._ratio(amount.central), self._ratio(amount.high)

    @property
    def state(self) -> State:
        """How it stands."""
        ratio = self.used_ratio
        if ratio is None:
            return State.UNKNOWN
        if ratio >= ALL:
            return State.EXCEEDED
        return State.WARNED if ratio >= self.budget.warn_at else State.WITHIN

    @property
    def exhausted_at(self) -> int | None:
        """When the limit was, or will be, reached, ns since the epoch; None: not within the period, or unknown."""
        if self.state is State.EXCEEDED and self.reached_at is not None:
            return self.reached_at
        return self.forecast.crosses_at if self.forecast else None

    @property
    def crossed(self) -> tuple[Fraction, ...]:
        """The thresholds that are reached, in order: the one that it warns at, and 1."""
        ratio = self.used_ratio
        thresholds = sorted({self.budget.warn_at, ALL})
        return () if ratio is None else tuple(threshold for threshold in thresholds if ratio >= threshold)

    def _ratio(self, amount: int) -> Fraction:
        return Fraction(amount, self.budget.limit)


def used(budget: Budget, figures: Figures, period: str = "") -> Bounds | None:
    """Return what the holder of *budget* came to by *figures*, in the unit of its measure; None: unknown.

    In the budget's own period so far, else in another one of the *figures*. The bounds have the error of the meters in
    them. Who used nothing in a period that was measured came to nothing; a name that nothing was ever booked under is
    unknown, for it may be wrong.
    """
    within = period or budget.period
    held = _held(budget.holder, figures, within)
    found = _amount(budget.measure, held)
    if found is not None and (found.central or figures.coverage.get(within)):
        return found
    if held.used_anything or not figures.coverage.get(within) or not _is_known(budget.holder, figures):
        return None
    whole = _amount(budget.measure, _held(None, figures, within))
    return Bounds.ZERO if whole is not None else None


def daily(budget: Budget, days: Iterable[Figures]) -> tuple[int, ...]:
    """Return what the holder of *budget* came to on each of *days*, in order, that was measured for long enough.

    Each has its figures under `DAY`. Days before the first on which anything was booked are none of its days; later
    ones without any are, with nothing. A day is left out on which the measure is unknown.
    """
    amounts: list[int] = []
    for day in days:
        if (day.coverage.get(DAY) or 0) < MEASURED:
            continue
        found = used(budget, day, DAY)
        if found is not None:
            amounts.append(found.central)
        elif amounts and not _held(budget.holder, day, DAY).used_anything:
            amounts.append(0)
    return tuple(amounts)


def forecast(so_far: Bounds, days: Sequence[int], now: int, bounds: Interval, limit: int) -> Forecast | None:
    """Return what it will be at the end of *bounds* if it goes on as on the last of *days*; None: they are too few.

    *so_far* is what is used at *now*. The interval is that of a sum of n days yet to come, of which each is drawn as
    the k known ones were: their variance times (n + n^2 / k), where n is for the days and n^2 / k for the mean that is
    known no better; 80 % lie within. The range of *so_far*, which is that of meters and factors, is independent of it
    and added by the root of the sum of squares; and it never ends below what is used.
    Source: Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, 5.5 (the mean method, of
    which this is the sum over n steps); JCGM 100:2008 (GUM), 5.1.2.
    """
    last = days[-MOST_DAYS:]
    if len(last) < FEWEST_DAYS:
        return None
    mean = Fraction(sum(last), len(last))
    # whole numbers: of twenty-eight fractions each step would cost, at every tick
    squares = len(last) * sum(amount**2 for amount in last) - sum(last) ** 2
    variance = Fraction(squares, len(last) * (len(last) - 1))
    left = Fraction(max(0, bounds.end - now), _DAY)
    central = so_far.central + int(mean * left)
    spread = LIKELY**2 * variance * (left + left**2 / len(last))
    grown = Fraction(central, so_far.central) if so_far.central else Fraction(1)
    below, above = grown * (so_far.central - so_far.low), grown * (so_far.high - so_far.central)
    amount = Bounds(max(so_far.low, central - root(below**2 + spread)), central, central + root(above**2 + spread))
    return Forecast(amount, _crossing(so_far.central, mean, now, bounds, limit))


def _crossing(so_far: int, mean: Fraction, now: int, bounds: Interval, limit: int) -> int | None:
    if so_far >= limit:
        return now
    if not mean:
        return None
    at = now - int(-(limit - so_far) * _DAY // mean)
    return at if at <= bounds.end else None


@dataclass(frozen=True, slots=True)
class _Held:
    """What a holder came to in one period."""

    impacts: Mapping[Indicator, Bounds]
    meters: Mapping[Meter, Energy]

    @property
    def used_anything(self) -> bool:
        return any(energy.microjoules for energy in self.meters.values())


def _held(holder: Holder | None, figures: Figures, period: str) -> _Held:
    if isinstance(holder, Group):
        return _one(holder, figures.groups.impacts, figures.groups.meters, period)
    if holder is not None:
        return _one(holder, figures.impacts, figures.meters, period)
    consumers = {one for one, _, within in figures.impacts if within == period}
    consumers |= {one for one, within in figures.meters if within == period}
    impacts: dict[Indicator, Bounds] = {}
    meters: dict[Meter, Energy] = {}
    for held in (_one(consumer, figures.impacts, figures.meters, period) for consumer in consumers):
        for indicator, bounds in held.impacts.items():
            impacts[indicator] = impacts.get(indicator, Bounds.ZERO) + bounds
        for meter, energy in held.meters.items():
            meters[meter] = meters.get(meter, Energy.ZERO) + energy
    return _Held(impacts, meters)


def _one(
    holder: Key,
    impacts: Mapping[tuple[Key, Indicator, str], Bounds],
    meters: Mapping[tuple[Key, str], Mapping[Meter, Energy]],
    period: str,
) -> _Held:
    found = {indicator: impacts.get((holder, indicator, period)) for indicator in _INDICATORS}
    known = {indicator: bounds for indicator, bounds in found.items() if bounds is not None}
    return _Held(known, meters.get((holder, period), {}))


def _is_known(holder: Holder | None, figures: Figures) -> bool:
    """Return whether anything was ever booked under *holder*, as far as the figures go back."""
    found = figures.groups.meters if isinstance(holder, Group) else figures.meters
    return any(holder is None or one == holder for one, _ in found)


def _amount(measure: Measure, held: _Held) -> Bounds | None:
    """Return the amount of *measure*, with the error of the meters; None: unknown."""
    impacts, error = held.impacts, measure_error(held.meters)
    if measure is Measure.EMISSIONS:
        return emissions(impacts.get(Indicator.GWP_USE), impacts.get(Indicator.GWP_EMBODIED), held.meters)
    if measure is Measure.ENERGY:
        whole = sum(energy.microjoules for energy in held.meters.values())
        return with_measure(Bounds(whole, whole, whole), error) if held.meters else None
    known = [impacts[indicator] for indicator in _PARTS[measure] if indicator in impacts]
    return with_measure(sum(known, Bounds.ZERO), error) if known else None


_PARTS: Final[Mapping[Measure, tuple[Indicator, ...]]] = {
    Measure.WATER: (Indicator.WATER_SITE, Indicator.WATER_GRID),
    Measure.COST: (Indicator.COST,),
}
_INDICATORS: Final = (Indicator.GWP_USE, Indicator.GWP_EMBODIED, *_PARTS[Measure.WATER], *_PARTS[Measure.COST])
