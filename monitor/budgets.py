"""Looks after the budgets: how each stands by the ledger's figures, and what is to be told of them, once.

Which thresholds were told is kept in the ledger, and only after the commit with which the event went out: an event is
told at least once, also where the daemon is killed in between.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Protocol

from monitor.core.budgets import ALL, DAY, MOST_DAYS, Standing, daily, forecast, used
from monitor.core.calendar import local_day, whole_period
from monitor.core.entries import Meter
from monitor.core.events import BudgetCrossed
from monitor.core.figures import Figures, Grouped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import tzinfo

    from monitor.core.budgets import Budget
    from monitor.core.entries import OpenBooks, Series
    from monitor.core.groups import Group
    from monitor.core.impact import Bounds, ImpactSeries, Indicator
    from monitor.core.interval import Interval, Stamp
    from monitor.core.units import Duration, Energy

log = logging.getLogger(__name__)

KEY: Final = "budgets"
"""Under which the ledger remembers what was told."""


class DaySums(Protocol):
    """The exact sums over the closed hours of a day."""

    @property
    def energy(self) -> Mapping[Series, Energy]:
        """By series."""
        ...

    @property
    def covered(self) -> Mapping[str, Duration]:
        """For how long each resource was measured."""
        ...

    @property
    def impacts(self) -> Mapping[ImpactSeries, Bounds]:
        """As far as they are known."""
        ...

    @property
    def grouped(self) -> Mapping[tuple[Group, Meter], Energy]:
        """The energy again, by the groups that each service was in."""
        ...

    @property
    def grouped_impacts(self) -> Mapping[tuple[Group, Indicator], Bounds]:
        """The impacts again, by the same."""
        ...


class Archive(Protocol):
    """Where days are read, and where it is kept what was told. All of it raises what the keeper of the books does."""

    def sums(self, interval: Interval) -> DaySums:
        """Return the sums over the closed hours that lie whole in *interval*."""
        ...

    def remembered(self, key: str) -> str | None:
        """Return what was last kept under *key*; None where nothing was."""
        ...

    def remember(self, key: str, value: str) -> None:
        """Keep *value* under *key*."""
        ...


@dataclass(frozen=True, slots=True)
class _Told:
    """What was told of a budget as it is, in the period that began at `start`."""

    start: int
    terms: str
    """Whose budget it is, of what, and how much: where they change, it starts anew."""
    thresholds: Mapping[Fraction, int]
    """When each was told, ns since the epoch."""


class Budgets:
    """All budgets of one ledger."""

    def __init__(self, budgets: Sequence[Budget], archive: Archive, zone: tzinfo) -> None:
        """*zone* is that of the organisation, in which periods and days are cut."""
        self._budgets = tuple(budgets)
        self._archive = archive
        self._zone = zone
        self._told: dict[str, _Told] | None = None
        self._unkept = False
        """Whether something was told that the ledger does not remember yet."""
        self._read_through = -1
        self._days: dict[str, tuple[int, ...]] = {}

    def look(
        self, figures: Figures, books: OpenBooks, now: Stamp
    ) -> tuple[tuple[Standing, ...], tuple[BudgetCrossed, ...]]:
        """Return how each budget stands at *now*, and what is to be told with the next commit.

        *figures* are those of *books*, which have been committed, with all that an earlier call said was to be told.
        Raises what the archive raises: then it is told later.
        """
        if not self._budgets:
            return (), ()
        told = self._keep_told()
        standings = self.standings(figures, books, now)
        crossed = tuple(event for one in standings for event in _crossed(one, told.get(one.budget.key), now))
        for event in crossed:
            log.warning("the budget %s: %.1f %% of %s are used", event.name, 100 * event.used_ratio, event.limit)
            told[event.budget] = _with(told[event.budget], event)
        self._unkept = self._unkept or bool(crossed)
        return standings, crossed

    def standings(self, figures: Figures, books: OpenBooks, now: Stamp) -> tuple[Standing, ...]:
        """Return how each budget stands at *now* by the *figures* of *books*; raises what the archive raises.

        It writes nothing: who only looks may ask for it, too.
        """
        if not self._budgets:
            return ()
        if self._told is None:
            self._told = _read(self._archive.remembered(KEY))
        self._read_days(min(books.closed_through, now.wall))
        return tuple(self._standing(budget, figures, now, self._told) for budget in self._budgets)

    def _keep_told(self) -> dict[str, _Told]:
        """Have the ledger remember what has been told by now; return it."""
        if self._told is None:
            self._told = _read(self._archive.remembered(KEY))
        if self._unkept:
            self._archive.remember(KEY, _written(self._told))
            self._unkept = False
        return self._told

    def _read_days(self, closed: int) -> None:
        """Read the last whole days before *closed*, where one has ended since; restated ones are read anew with it."""
        end = local_day(closed, self._zone).start
        if end == self._read_through:
            return
        days = [_figures(self._archive.sums(day), day) for day in reversed(list(self._before(end)))]
        self._days = {budget.key: daily(budget, days) for budget in self._budgets}
        self._read_through = end

    def _before(self, end: int) -> Iterator[Interval]:
        for _ in range(MOST_DAYS):
            day = local_day(end - 1, self._zone)
            yield day
            end = day.start

    def _standing(self, budget: Budget, figures: Figures, now: Stamp, told: dict[str, _Told]) -> Standing:
        interval, terms = whole_period(budget.period, now.wall, self._zone), _terms(budget)
        known = told.get(budget.key)
        if known is None or (known.start, known.terms) != (interval.start, terms):
            known = told[budget.key] = _Told(interval.start, terms, {})
        so_far = used(budget, figures)
        coming = (
            forecast(so_far, self._days[budget.key], now.wall, interval, budget.limit) if so_far is not None else None
        )
        return Standing(budget, interval, so_far, coming, known.thresholds.get(ALL))


def _crossed(standing: Standing, told: _Told | None, now: Stamp) -> Iterator[BudgetCrossed]:
    """Yield what is to be told of *standing* beside what was *told*."""
    budget, ratio, coming = standing.budget, standing.used_ratio, standing.forecast_ratios
    for threshold in standing.crossed:
        if ratio is not None and not (told and threshold in told.thresholds):
            yield BudgetCrossed(
                at=now,
                budget=budget.key,
                name=budget.name,
                limit=budget.written,
                interval=standing.interval,
                threshold=threshold,
                used_ratio=ratio,
                forecast_ratio=coming[1] if coming else None,
                exhausted_at=standing.exhausted_at,
            )


def _with(told: _Told, event: BudgetCrossed) -> _Told:
    return replace(told, thresholds={**told.thresholds, event.threshold: event.at.wall})


def _terms(budget: Budget) -> str:
    return f"{budget.scope} {budget.held_by}: {budget.limit} {budget.measure} a {budget.period}"


def _figures(sums: DaySums, day: Interval) -> Figures:
    """Return what *day* came to, as figures of one day."""
    meters: dict[tuple[str, str], dict[Meter, Energy]] = {}
    for series, energy in sums.energy.items():
        _add(meters.setdefault((series.consumer, DAY), {}), Meter(series.resource, series.method), energy)
    grouped: dict[tuple[Group, str], dict[Meter, Energy]] = {}
    for (group, meter), energy in sums.grouped.items():
        grouped.setdefault((group, DAY), {})[meter] = energy
    longest = max((time.nanoseconds for time in sums.covered.values()), default=0)
    return Figures(
        coverage={DAY: longest / day.length.nanoseconds},
        impacts={(one.consumer, one.indicator, DAY): amount for one, amount in sums.impacts.items()},
        meters=meters,
        groups=Grouped(
            impacts={(group, indicator, DAY): amount for (group, indicator), amount in sums.grouped_impacts.items()},
            meters=grouped,
        ),
    )


def _add(meters: dict[Meter, Energy], meter: Meter, energy: Energy) -> None:
    meters[meter] = meters[meter] + energy if meter in meters else energy


def _written(told: Mapping[str, _Told]) -> str:
    return json.dumps(
        {
            key: {
                "start": one.start,
                "terms": one.terms,
                "told": {str(at): when for at, when in one.thresholds.items()},
            }
            for key, one in told.items()
            if one.thresholds
        }
    )


def _read(kept: str | None) -> dict[str, _Told]:
    """Return what was told before; nothing where nothing was, or where it is in the words of another version."""
    try:
        return {key: _one(told) for key, told in json.loads(kept or "{}").items()}
    except (ValueError, TypeError, KeyError, AttributeError, ZeroDivisionError):
        return {}


def _one(told: Mapping[str, Any]) -> _Told:
    thresholds = {Fraction(threshold): int(when) for threshold, when in told["told"].items()}
    return _Told(int(told["start"]), str(told["terms"]), thresholds)
