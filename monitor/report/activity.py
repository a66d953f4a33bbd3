"""What services did, and what a unit of it took: by service and month, from the ledger's rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.core.entries import Meter, Share
from monitor.core.functional import Functional, FunctionalUnits, Said, Work, counted
from monitor.core.impact import Bounds, Indicator
from monitor.core.spread import Spread, spread
from monitor.core.units import Energy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.entries import Series, ServiceFacts
    from monitor.core.spread import UnitHours
    from monitor.report.impacts import ImpactRow
    from monitor.report.model import Use

Spreads = dict[tuple[str, Functional], Spread]
"""By the key of a service and a functional unit."""


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """What one series of activity came to in one month, 1 to 12, by the facts about its service that held then."""

    month: int
    series: ActivitySeries
    facts: ServiceFacts
    amount: int
    counted: bool
    """Whether it counts; else it is a cross-check."""


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """What one service did in one month, under the same facts."""

    month: int
    facts: ServiceFacts
    units: FunctionalUnits


def units_of(
    rows: Iterable[ActivityRow], energies: Iterable[tuple[Series, Energy]], impacts: Iterable[ImpactRow]
) -> FunctionalUnits:
    """Return what the service of these *rows* did, whose *energies* and *impacts* these are over the same time."""
    amounts: dict[tuple[str, Unit], int] = {}
    unmeasured: dict[tuple[str, Unit], int] = {}
    said: dict[tuple[Authority, Unit], Said] = {}
    for row in rows:
        by, done = (row.series.authority, row.series.unit), (row.series.model, row.series.unit)
        said[by] = said.get(by, Said()) + (Said(counted=row.amount) if row.counted else Said(beside=row.amount))
        if row.counted:
            amounts[done] = amounts.get(done, 0) + row.amount
        if row.counted and not row.series.measured:
            unmeasured[done] = unmeasured.get(done, 0) + row.amount
    used = list(energies)
    meters: dict[Meter, Energy] = {}
    for series, energy in used:
        meter = Meter(series.resource, series.method)
        meters[meter] = meters.get(meter, Energy.ZERO) + energy
    reached: dict[Indicator, Bounds] = {}
    for impact in impacts:
        reached[impact.indicator] = reached.get(impact.indicator, Bounds.ZERO) + impact.amount
    idle = sum((energy for series, energy in used if series.share is not Share.ACTIVE), Energy.ZERO)
    whole = sum((energy for _, energy in used), Energy.ZERO)
    return FunctionalUnits(Work(amounts, whole, idle, reached, meters, said, unmeasured))


def spreads(uses: Iterable[Use], hours: Mapping[tuple[ServiceFacts, Unit], UnitHours]) -> Spreads:
    """Return how what each functional unit of *uses* took differs from hour to hour, of those that it is known of."""
    known: dict[tuple[str, Unit | None], list[UnitHours]] = {}
    for (facts, told), one in hours.items():
        known.setdefault((facts.key, told), []).append(one)
    return {
        (use.facts.key, functional): spread(known[unit])
        for use in uses
        if use.units is not None
        for functional in use.units.per_unit
        if (unit := (use.facts.key, counted(functional, use.units.measured))) in known
    }


def together(rows: Iterable[ActivityRow]) -> dict[ActivityRow, int]:
    """Return what *rows* come to, the meters of one authority together, by rows without meter and amount."""
    sums: dict[ActivityRow, int] = {}
    for row in rows:
        one = row.series
        # energy is of no model: by what it is told apart there is which units were told meanwhile
        model = "" if one.unit is Unit.ENERGY else one.model
        series = ActivitySeries(one.consumer, one.authority, "", model, one.unit, one.measured)
        key = ActivityRow(row.month, series, row.facts, 0, row.counted)
        sums[key] = sums.get(key, 0) + row.amount
    return sums
