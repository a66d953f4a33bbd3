"""Contracts, their environmental clauses, and what may be said of each: met, breached, or not shown.

A verdict is asserted only where the whole range of a figure lies on one side of the threshold and enough of it is
known; else the clause is undecided, with the reasons. A breach needs figures that are measured. Rules and limits:
docs/contracts.md. Source: the contract object and the rule of three outcomes are our reading of what French buyers are
asked to write (MiNumEco, DAE and CGDD, sheet on buying AI, 2025; RGESN 2024, criteria 8.3 to 8.6).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from monitor.core.functional import Functional
from monitor.core.interval import HOUR
from monitor.core.procurement import ClauseKind, ContractEvent, Declared, Procurement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal

    from monitor.core.interval import Interval

SOONEST: Final = 24 * HOUR.nanoseconds
"""Of less closed time no mean is judged while its window lasts: an hour is no month. Our choice."""


class Quantity(StrEnum):
    """What a threshold is an amount of. The value is the unit in which it is told."""

    ENERGY = "joules"
    EMISSIONS = "grams"
    WATER = "liters"
    SHARE = "share"
    """0 to 1."""
    RATIO = "ratio"
    INTENSITY = "grams_per_kilowatt_hour"
    WATER_USE = "liters_per_kilowatt_hour"


class Measured(StrEnum):
    """What a clause is about."""

    ENERGY = "energy"
    """Energy of the machine, all of a window: joules."""
    FACILITY_ENERGY = "facility_energy"
    """The same with what the room needs for it."""
    EMISSIONS = "emissions"
    """Greenhouse gases of use (location-based) and making together: grams CO2e. Unknown where one of them is."""
    USE_EMISSIONS = "use_emissions"
    """Those of the electricity alone."""
    WATER = "water"
    """Water that the site and the grid used up: litres. Unknown where one of them is."""
    ENERGY_PER = "energy_per"
    """Energy of the machine for each functional unit."""
    EMISSIONS_PER = "emissions_per"
    """Use and making for each functional unit: the SCI score (ISO/IEC 21031)."""
    USE_EMISSIONS_PER = "use_emissions_per"
    """Those of the electricity alone for each functional unit."""
    IDLE_SHARE = "idle_share"
    """The share of the energy that services used to be ready."""
    COVERAGE = "coverage"
    """The share of the time for which the host was measured."""
    MEASURED_SHARE = "measured_share"
    """The share of the energy that was measured, and not modelled or declared."""
    PUE = "pue"
    """Energy of the room over that of the machines, as it was declared for each hour."""
    WUE = "wue"
    """Litres that the site used up for each kilowatt-hour of the machines, as declared."""
    GRID_INTENSITY = "grid_intensity"
    """Grams CO2e of a kilowatt-hour that was used, by the factor of each hour."""


TOTALS: Final = frozenset(
    {Measured.ENERGY, Measured.FACILITY_ENERGY, Measured.EMISSIONS, Measured.USE_EMISSIONS, Measured.WATER}
)
"""What only grows while a window lasts. All else is a mean over it."""
_PER_UNIT: Final[Mapping[Measured, Quantity]] = {
    Measured.ENERGY_PER: Quantity.ENERGY,
    Measured.EMISSIONS_PER: Quantity.EMISSIONS,
    Measured.USE_EMISSIONS_PER: Quantity.EMISSIONS,
}
_WHOLE: Final[Mapping[Measured, Quantity]] = {
    Measured.ENERGY: Quantity.ENERGY,
    Measured.FACILITY_ENERGY: Quantity.ENERGY,
    Measured.EMISSIONS: Quantity.EMISSIONS,
    Measured.USE_EMISSIONS: Quantity.EMISSIONS,
    Measured.WATER: Quantity.WATER,
    Measured.IDLE_SHARE: Quantity.SHARE,
    Measured.COVERAGE: Quantity.SHARE,
    Measured.MEASURED_SHARE: Quantity.SHARE,
    Measured.PUE: Quantity.RATIO,
    Measured.WUE: Quantity.WATER_USE,
    Measured.GRID_INTENSITY: Quantity.INTENSITY,
}


@dataclass(frozen=True, slots=True)
class Metric:
    """What a clause limits: a figure of a whole window, or one for each functional unit."""

    measured: Measured
    functional: Functional | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """How it is written in a configuration: `energy_per_1000_output_tokens`."""
        return f"{self.measured}_{self.functional}" if self.functional else self.measured.value

    @property
    def quantity(self) -> Quantity:
        """What its threshold is an amount of."""
        return _PER_UNIT[self.measured] if self.functional else _WHOLE[self.measured]

    @property
    def grows(self) -> bool:
        """Whether it is a total, which only grows while its window lasts."""
        return self.measured in TOTALS


METRICS: Final[Mapping[str, Metric]] = {
    metric.name: metric
    for metric in (
        *(Metric(measured) for measured in _WHOLE),
        *(Metric(measured, functional) for measured in _PER_UNIT for functional in Functional),
    )
}
"""All that can be known, by name."""


class Operator(StrEnum):
    """How a figure that meets a clause stands to the threshold."""

    AT_MOST = "<="
    BELOW = "<"
    AT_LEAST = ">="
    ABOVE = ">"

    @property
    def is_ceiling(self) -> bool:
        """Whether less is better."""
        return self in {Operator.AT_MOST, Operator.BELOW}


class Window(StrEnum):
    """Over what time a clause is judged: each local month, quarter or year, or the whole contract so far."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    CONTRACT = "contract"


class Basis(StrEnum):
    """How a figure was obtained, the surest first."""

    MEASURED = "measured"
    DECLARED = "declared"
    MODELLED = "modelled"


class Verdict(StrEnum):
    """What may be said of a clause over a window."""

    MET = "met"
    BREACHED = "breached"
    UNDECIDED = "undecided"
    """Neither is shown."""
    WAIVED = "waived"
    """The buyer has put the clause aside, and said why."""


class Reason(StrEnum):
    """Why nothing is shown. Each says what would decide."""

    NO_TIME = "no_time"
    """No hour of the window has closed."""
    TOO_SHORT = "too_short"
    """Less than a day of the window has closed: see `SOONEST`."""
    NO_DATA = "no_data"
    """Nothing was booked under the contract in the window."""
    NOT_COUNTED = "not_counted"
    """Nobody told of the functional unit, or none was done while it was measured."""
    UNKNOWN = "unknown"
    """A part of the figure is unknown: no zone, no hardware, no PUE or WUE, no declared rate."""
    MIXED = "mixed"
    """Services of this host and bought ones are under it: measured and unmeasured figures are never added."""
    COVERAGE = "coverage"
    """Too little of it is known."""
    STRADDLES = "straddles"
    """The threshold lies within the range of the figure."""
    BASIS = "basis"
    """The figure is modelled or declared where it has to be measured: ask the supplier for evidence."""
    NOT_OVER = "not_over"
    """It is a total, and what is left of the window decides."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a figure is compared with."""

    amount: Fraction
    """In the unit of its quantity, more than nothing."""
    quantity: Quantity
    written: str
    """As somebody wrote it: "3 Wh"."""

    def __str__(self) -> str:
        return self.written


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One environmental clause that figures can be held against."""

    id: str
    text: str
    """What the contract says, in its own words; empty: not given."""
    article: str = ""
    """Where it says so: "CCTP art. 4.2"."""
    service: str = ""
    """The key of the one service that it is about; empty: all under the contract."""
    metric: Metric
    operator: Operator
    threshold: Threshold
    tolerance: Fraction = Fraction(0)
    """By which share the threshold may be missed."""
    window: Window
    starts: date | None = None
    ends: date | None = None
    """First and last day on which it holds; None: those of the contract."""
    basis: Basis = Basis.MEASURED
    """The least sure basis that shows that it is met. A breach is shown by measured figures alone."""
    min_coverage: Fraction
    min_measured: Fraction
    """The share of the energy that has to be measured for the figure to count as measured."""
    evidence: tuple[str, ...] = ()
    """What the supplier has to hand in, in the words of the contract."""
    penalty: str = ""
    """What a breach costs, in the words of the contract: told, and never reckoned."""
    waived: str = ""
    """Why the buyer has put it aside; empty: it holds."""
    kind: ClauseKind | None = None
    """What sort of a clause it is; None: not told."""
    remedy_days: int | None = None
    """How many days the supplier has to put a breach right, in the words of the contract: told, and never reckoned."""

    @property
    def limit(self) -> Fraction:
        """The threshold with its tolerance, in the unit of its quantity."""
        return self.threshold.amount * (1 + self.tolerance if self.operator.is_ceiling else 1 - self.tolerance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A public contract, as the buyer knows it."""

    uid: str
    title: str = ""
    supplier: str = ""
    supplier_siret: str = ""
    lot: str = ""
    cpv: tuple[str, ...] = ()
    """Codes of the common procurement vocabulary."""
    starts: date | None = None
    """First day; None: unknown, and then there is no figure of the whole contract."""
    ends: date | None = None
    """Last day; None: it has no end yet."""
    clauses: tuple[Clause, ...] = ()
    amount: Decimal | None = None
    """What it is worth, in euros without VAT; None: unknown."""
    procurement: Procurement = field(default_factory=Procurement)
    declared: tuple[Declared, ...] = ()
    """What the supplier has handed in."""
    events: tuple[ContractEvent, ...] = ()
    """What happened to it, in the order in which it is written down."""


@dataclass(frozen=True, slots=True)
class Range:
    """A figure with its uncertainty: `low <= central <= high`, in the unit of its quantity."""

    low: Fraction
    central: Fraction
    high: Fraction


@dataclass(frozen=True, slots=True)
class Figure:
    """What services under a contract came to, and how well that is known. Shares are 0 to 1."""

    value: Range
    coverage: Fraction
    """For how much of the window, or of what was done in it, it is known: the least of its parts."""
    measured: Fraction
    """The share of the energy that was measured."""
    declared: Fraction
    """The share that somebody declared. The rest is modelled."""


@dataclass(frozen=True, slots=True)
class Span:
    """The window of a clause: those of its days that lie in the contract and for which it holds."""

    period: str
    """`month`, `previous_month` ... or `contract`; a date where somebody asked for one."""
    whole: Interval
    closed: int
    """Up to when its hours are closed, ns since the epoch."""

    @property
    def is_over(self) -> bool:
        """Whether all of it is closed."""
        return self.closed >= self.whole.end

    @property
    def elapsed(self) -> int:
        """How much of it is closed, in ns."""
        return max(0, self.closed - self.whole.start)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What may be said of one clause over one window."""

    contract: str
    clause: Clause
    span: Span
    figure: Figure | None
    """None: unknown."""
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    """Why it is undecided; empty where it is not."""


@dataclass(frozen=True, slots=True)
class ContractStanding:
    """How the clauses of one contract stand: in the windows that last, and in the ones before."""

    contract: Contract
    evaluations: tuple[Evaluation, ...]


def evaluate(contract: Contract, clause: Clause, span: Span, found: Figure | Reason) -> Evaluation:
    """Return what may be said of *clause* over *span*, of which *found* is the figure, or why there is none."""
    figure = found if isinstance(found, Figure) else None
    if clause.waived:
        return Evaluation(contract.uid, clause, span, figure, Verdict.WAIVED)
    if not span.elapsed:
        return Evaluation(contract.uid, clause, span, None, Verdict.UNDECIDED, (Reason.NO_TIME,))
    if not isinstance(found, Figure):
        return Evaluation(contract.uid, clause, span, None, Verdict.UNDECIDED, (found,))
    verdict, reasons = judged(clause, span, found)
    return Evaluation(contract.uid, clause, span, found, verdict, reasons)


def judged(clause: Clause, span: Span, figure: Figure) -> tuple[Verdict, tuple[Reason, ...]]:
    """Return the verdict on *clause* that *figure* supports, and the reasons where it supports none.

    A wider range, less coverage or a less sure basis never make a verdict of what was undecided.
    """
    met, beyond = _sides(clause, figure.value)
    reasons = []
    if figure.coverage < clause.min_coverage:
        reasons.append(Reason.COVERAGE)
    if not (met or beyond):
        reasons.append(Reason.STRADDLES)
    if (beyond and not _is_measured(clause, figure)) or (met and not _suffices(clause, figure)):
        reasons.append(Reason.BASIS)
    if not span.is_over:
        reasons += _of_the_rest(clause, span, met=met)
    if reasons:
        return Verdict.UNDECIDED, tuple(reasons)
    return (Verdict.MET if met else Verdict.BREACHED), ()


def _sides(clause: Clause, value: Range) -> tuple[bool, bool]:
    """Return whether all of *value* meets the clause, and whether all of it misses it."""
    limit = clause.limit
    match clause.operator:
        case Operator.AT_MOST:
            return value.high <= limit, value.low > limit
        case Operator.BELOW:
            return value.high < limit, value.low >= limit
        case Operator.AT_LEAST:
            return value.low >= limit, value.high < limit
        case Operator.ABOVE:
            return value.low > limit, value.high <= limit


def _of_the_rest(clause: Clause, span: Span, *, met: bool) -> list[Reason]:
    """Return why what is left of the window may decide otherwise."""
    if not clause.metric.grows:
        return [Reason.TOO_SHORT] if span.elapsed < SOONEST else []
    # a total only grows: below a ceiling it may yet pass it, below a floor it may yet reach it
    return [] if met is not clause.operator.is_ceiling else [Reason.NOT_OVER]


def _is_measured(clause: Clause, figure: Figure) -> bool:
    return figure.measured >= clause.min_measured


def _suffices(clause: Clause, figure: Figure) -> bool:
    """Return whether the basis of *figure* is as sure as the clause asks for to be met."""
    if clause.basis is Basis.MODELLED or _is_measured(clause, figure):
        return True
    return clause.basis is Basis.DECLARED and figure.measured + figure.declared >= clause.min_measured
