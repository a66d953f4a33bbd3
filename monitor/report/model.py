"""What a report says: energy and impacts of each service in each month, how they are known, and what is not known.

It is made of the ledger's rows and of nothing else, so that the same ledger gives the same report. Energies are whole
microjoules: sums are exact. A month without any measurement has no energy: unknown is not zero.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from monitor.core.calendar import months_of
from monitor.core.entries import PSEUDO_SERVICES, Share
from monitor.core.impact import Bounds, Indicator
from monitor.core.interval import Interval
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Duration, Energy
from monitor.report.activity import ActivityLine, spreads, units_of
from monitor.report.external import Bought
from monitor.report.factors import reckoning_of
from monitor.report.impacts import ImpactLine, summed
from monitor.report.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from monitor.core.activity import ActivitySeries, Unit
    from monitor.core.corrections import Correction
    from monitor.core.entries import Gap, Series, ServiceFacts
    from monitor.core.functional import Functional, FunctionalUnits
    from monitor.core.imported import ImportedUse
    from monitor.core.spread import Spread, UnitHours
    from monitor.core.summary import Impacts
    from monitor.report.activity import ActivityRow
    from monitor.report.factors import Generation, Reckoned, Reckoning
    from monitor.report.impacts import ImpactRow

KILOWATT_HOUR_DECIMALS: Final = 6
"""A milliwatt-hour: what one answer of a small model takes."""


@dataclass(frozen=True, slots=True)
class Row:
    """The energy of one series in one month, 1 to 12, by the facts about its service that held then."""

    month: int
    series: Series
    facts: ServiceFacts
    energy: Energy


@dataclass(frozen=True, slots=True)
class Covered:
    """For how long of one month one resource was measured."""

    month: int
    resource: str
    time: Duration


@dataclass(frozen=True, slots=True)
class Books:
    """All that the ledger says of one year, in the organisation's time zone, through `closed_through` (ns, UTC)."""

    year: int
    time_zone: ZoneInfo
    closed_through: int
    rows: tuple[Row, ...]
    covered: tuple[Covered, ...]
    gaps: tuple[Gap, ...]
    impacts: tuple[ImpactRow, ...] = ()
    reckoned: tuple[Reckoned, ...] = ()
    generations: tuple[Generation, ...] = ()
    """All restatements that count."""
    activity: tuple[ActivityRow, ...] = ()
    """What services did: what counts, and the cross-checks."""
    simulated: bool = False
    """Whether its figures are made up, for a demonstration."""
    corrections: tuple[Correction, ...] = ()
    """What people corrected or explained of its time by hand, those that were revoked too."""
    bought: Bought = field(default_factory=Bought)
    """What was bought as an API: in none of the others."""
    imported: tuple[ImportedUse, ...] = ()
    """What runs of other programs came to: in none of the others."""
    hourly: Mapping[int, Energy] = field(default_factory=dict)
    """What the machine used in each hour that was measured, by its start, ns since the epoch."""
    unit_hours: Mapping[tuple[ServiceFacts, Unit], UnitHours] = field(default_factory=dict)
    """What services did of each unit hour by hour, and what that took."""
    scope: Scope = field(default_factory=Scope)
    """What of it they have."""


@dataclass(frozen=True, slots=True)
class Use:
    """The energy of one service over a time, by share, by method and by resource; each of them sums to the total.

    One that only held hardware used no energy.
    """

    facts: ServiceFacts
    shares: Mapping[Share, Energy]
    methods: Mapping[str, Energy]
    resources: Mapping[str, Energy]
    impacts: Impacts
    units: FunctionalUnits | None
    """What it did; None: it told nothing."""

    @property
    def total(self) -> Energy:
        """All of it."""
        return Energy(sum(energy.microjoules for energy in self.shares.values()))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a time one resource was measured, of what has passed of it by the watermark."""

    resource: str
    measured: Duration
    elapsed: Duration

    @property
    def ratio(self) -> float:
        """Measured over elapsed, 0 to 1."""
        return self.measured.nanoseconds / self.elapsed.nanoseconds if self.elapsed.nanoseconds else 0.0


@dataclass(frozen=True, slots=True)
class Month:
    """One month, 1 to 12, as far as the ledger is closed. No use at all where nothing was measured: unknown."""

    number: int
    interval: Interval
    uses: tuple[Use, ...]
    coverage: tuple[Coverage, ...]
    impacts: Impacts
    """What all services, and the parts that none has, came to together."""


@dataclass(frozen=True, slots=True)
class Report:
    """One year."""

    year: int
    time_zone: str
    interval: Interval
    """The whole time that it is of, closed or not, UTC."""
    closed_through: int
    """What the report knows of ends here, ns since the epoch."""
    rows: tuple[Row, ...]
    months: tuple[Month, ...]
    uses: tuple[Use, ...]
    """Each service over the year."""
    gaps: tuple[Gap, ...]
    impacts: Impacts
    """What all services, and the parts that none has, came to together over the year."""
    impact_lines: tuple[ImpactLine, ...]
    activity: tuple[ActivityRow, ...]
    activity_lines: tuple[ActivityLine, ...]
    reckoning: Reckoning
    generations: tuple[Generation, ...]
    """The restatements that the figures of the year are from."""
    simulated: bool
    """Whether its figures are made up."""
    corrections: tuple[Correction, ...] = ()
    """What people corrected or explained of its time by hand, those that were revoked too."""
    bought: Bought = field(default_factory=Bought)
    """What was bought as an API: in none of the others, and never measured."""
    imported: tuple[ImportedUse, ...] = ()
    """What runs of other programs came to: in none of the others."""
    hourly: Mapping[int, Energy] = field(default_factory=dict)
    """What the machine used in each hour that was measured, by its start, ns since the epoch."""
    spreads: Mapping[tuple[str, Functional], Spread] = field(default_factory=dict)
    """How what a unit took differs from hour to hour, by key of the service and functional unit, where it is known."""
    scope: Scope = field(default_factory=Scope)
    """What of the year it is of."""

    @property
    def stem(self) -> str:
        """How the names of its files begin: made-up figures can't be taken for others."""
        made_up = "-simulated" if self.simulated else ""
        return f"empreinte-{self.year}{self.scope.suffix}{made_up}"

    @property
    def impact_coverage(self) -> Fraction | None:
        """Share of the energy whose impacts are known, 0 to 1; None where there is no energy."""
        energy = sum(use.total.microjoules for use in self.uses)
        known = self.impacts.amounts.get(Indicator.ENERGY, Bounds.ZERO).central
        return Fraction(known, energy) if energy else None

    @property
    def complete(self) -> bool:
        """Whether all of its time is closed."""
        return self.closed_through >= self.interval.end


def make(books: Books) -> Report:
    """Return what the *books* say of their year. Services come by their key, the program's own after them."""
    reckoning = reckoning_of(books.reckoned)
    used = {number for number, _ in reckoning.generations}
    months = tuple(
        _month(number, interval, books)
        for number, interval in enumerate(months_of(books.year, books.time_zone), start=1)
        if number in books.scope.months
    )
    interval = Interval(months[0].interval.start, months[-1].interval.end)
    uses = _uses(books.rows, books.impacts, books.activity)
    return Report(
        year=books.year,
        time_zone=books.time_zone.key,
        interval=interval,
        # what closes after the end is none of its figures: a final report is the same whenever it is made
        closed_through=min(books.closed_through, interval.end),
        rows=tuple(sorted(books.rows, key=_row_order)),
        months=months,
        uses=uses,
        gaps=tuple(sorted(books.gaps, key=lambda gap: (gap.interval, gap.resource, gap.cause))),
        impacts=_impacts(books.impacts, books.rows),
        impact_lines=_lines(books),
        activity=tuple(sorted(books.activity, key=_activity_order)),
        activity_lines=_activity_lines(books),
        reckoning=reckoning,
        generations=tuple(sorted((one for one in books.generations if one.number in used), key=lambda one: one.number)),
        simulated=books.simulated,
        corrections=books.corrections,
        bought=books.bought,
        imported=books.imported,
        hourly=books.hourly,
        spreads=spreads(uses, books.unit_hours),
        scope=books.scope,
    )


def kilowatt_hours(energy: Energy) -> str:
    """Return *energy* in kWh as text, rounded to the milliwatt-hour, without the detour through a float."""
    return f"{Decimal(energy.microjoules) / MICROJOULES_PER_KILOWATT_HOUR:.{KILOWATT_HOUR_DECIMALS}f}"


def _month(number: int, interval: Interval, books: Books) -> Month:
    elapsed = Duration(max(0, min(interval.end, books.closed_through) - interval.start))
    covered = sorted((one.resource, one.time) for one in books.covered if one.month == number)
    rows = [row for row in books.rows if row.month == number]
    impacts = [row for row in books.impacts if row.month == number]
    activity = [row for row in books.activity if row.month == number]
    return Month(
        number,
        interval,
        _uses(rows, impacts, activity),
        tuple(Coverage(resource, time, elapsed) for resource, time in covered),
        _impacts(impacts, rows),
    )


def _lines(books: Books) -> tuple[ImpactLine, ...]:
    """Return what each service came to in each month, by the facts that held then."""
    rows: dict[tuple[int, ServiceFacts], list[Row]] = defaultdict(list)
    impacts: dict[tuple[int, ServiceFacts], list[ImpactRow]] = defaultdict(list)
    for row in books.rows:
        rows[row.month, row.facts].append(row)
    for impact in books.impacts:
        impacts[impact.month, impact.facts].append(impact)
    ordered = sorted(impacts, key=lambda key: (key[0], _key_order(key[1].key), _facts_order(key[1])))
    return tuple(ImpactLine(*key, _impacts(impacts[key], rows.get(key, ()))) for key in ordered)


def _activity_lines(books: Books) -> tuple[ActivityLine, ...]:
    """Return what each service did in each month, by the facts that held then."""
    told: dict[tuple[int, ServiceFacts], _Rows] = defaultdict(_Rows)
    for activity in books.activity:
        told[activity.month, activity.facts].activity.append(activity)
    for row in books.rows:
        if (row.month, row.facts) in told:
            told[row.month, row.facts].energy.append(row)
    for impact in books.impacts:
        if (impact.month, impact.facts) in told:
            told[impact.month, impact.facts].impacts.append(impact)
    ordered = sorted(told, key=lambda key: (key[0], _key_order(key[1].key), _facts_order(key[1])))
    return tuple(ActivityLine(*key, _units(told[key])) for key in ordered)


def _units(rows: _Rows) -> FunctionalUnits:
    return units_of(rows.activity, ((row.series, row.energy) for row in rows.energy), rows.impacts)


def _impacts(impacts: Iterable[ImpactRow], rows: Iterable[Row]) -> Impacts:
    return summed(impacts, ((row.series, row.energy) for row in rows))


@dataclass(slots=True)
class _Rows:
    """What the ledger says of one service."""

    energy: list[Row] = field(default_factory=list)
    impacts: list[ImpactRow] = field(default_factory=list)
    activity: list[ActivityRow] = field(default_factory=list)

    def latest(self) -> ServiceFacts:
        """Return the last facts about it. Rows of one kind come in order of time: of a month the last one counts."""
        kinds = [[(row.month, row.facts) for row in rows] for rows in (self.energy, self.impacts, self.activity)]
        return max((max(reversed(kind), key=_month_of) for kind in kinds if kind), key=_month_of)[1]


def _uses(rows: Iterable[Row], impacts: Iterable[ImpactRow], activity: Iterable[ActivityRow]) -> tuple[Use, ...]:
    by_key: dict[str, _Rows] = defaultdict(_Rows)
    for row in rows:
        by_key[row.series.consumer].energy.append(row)
    for impact in impacts:
        by_key[impact.facts.key].impacts.append(impact)
    for deed in activity:
        by_key[deed.facts.key].activity.append(deed)
    return tuple(_use(by_key[key]) for key in sorted(by_key, key=_key_order))


def _use(rows: _Rows) -> Use:
    energy = rows.energy
    return Use(
        facts=rows.latest(),
        shares={share: _sum(row.energy for row in energy if row.series.share is share) for share in Share},
        methods=_by((row.series.method.value, row.energy) for row in energy),
        resources=_by((row.series.resource, row.energy) for row in energy),
        impacts=_impacts(rows.impacts, energy),
        units=_units(rows) if rows.activity else None,
    )


def _month_of(dated: tuple[int, ServiceFacts]) -> int:
    return dated[0]


def _by(parts: Iterable[tuple[str, Energy]]) -> dict[str, Energy]:
    sums: dict[str, int] = defaultdict(int)
    for name, energy in parts:
        sums[name] += energy.microjoules
    return {name: Energy(sums[name]) for name in sorted(sums)}


def _sum(energies: Iterable[Energy]) -> Energy:
    return Energy(sum(energy.microjoules for energy in energies))


def _key_order(key: str) -> tuple[int, str]:
    """Services by their key, then the program's own in the order in which they are declared."""
    return (PSEUDO_SERVICES.index(key), "") if key in PSEUDO_SERVICES else (-1, key)


def _row_order(row: Row) -> tuple[int, tuple[int, str], Series, str, str]:
    return row.month, _key_order(row.series.consumer), row.series, row.facts.department, row.facts.contract


def _activity_order(row: ActivityRow) -> tuple[int, tuple[int, str], tuple[str, ...], ActivitySeries, bool]:
    return row.month, _key_order(row.facts.key), _facts_order(row.facts), row.series, row.counted


def _facts_order(facts: ServiceFacts) -> tuple[str, ...]:
    return facts.department, facts.contract, facts.name, facts.kind, facts.found_by, *facts.was
