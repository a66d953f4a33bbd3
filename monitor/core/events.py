"""Everything that happens, as frozen records named in the past tense. The docstring of an event is its reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    from monitor.core.activity import ActivitySeries
    from monitor.core.contracts import Evaluation, Verdict
    from monitor.core.entries import Meter, ServiceFacts
    from monitor.core.impact import HourImpacts
    from monitor.core.interval import Interval, Stamp
    from monitor.core.readings import IntensityReading, Reading
    from monitor.core.reconciliation import Disagreement
    from monitor.core.units import Duration, Energy, Power


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionSucceeded:
    """A collector was read: what it saw, and how long the read took."""

    at: Stamp
    collector: str
    readings: tuple[Reading, ...]
    took: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionFailed:
    """A collector could not be read this time. `why` is one sentence; `defect` says that the fault is the program's."""

    at: Stamp
    collector: str
    why: str
    took: Duration
    defect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorBecameUnavailable:
    """A collector can't be read here, for a reason that will not pass by itself."""

    at: Stamp
    collector: str
    reason: str
    what: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorRecovered:
    """A collector that could not be read can be read again."""

    at: Stamp
    collector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyMeasured:
    """A resource drew energy over an interval, and it was booked."""

    at: Stamp
    meter: Meter
    interval: Interval
    energy: Energy


@dataclass(frozen=True, slots=True, kw_only=True)
class GapFound:
    """A resource was not measured over an interval, and will not be."""

    at: Stamp
    resource: str
    interval: Interval
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetersDisagreed:
    """The platform's meter and those of its components no longer go together: once, until that has changed.

    `collector` reads the platform's, which shows `platform`; what the components show is `components`. `expected` is
    what the platform's would usually show beside that; None where that was not learnt yet.
    """

    at: Stamp
    collector: str
    why: Disagreement
    platform: Power
    components: Power
    expected: Power | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetersAgreed:
    """The platform's meter and those of its components go together again, or what they show is what is usual now."""

    at: Stamp
    collector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityObserved:
    """A service did something, and it was booked: so many of a unit over an interval, by whoever says so."""

    at: Stamp
    series: ActivitySeries
    interval: Interval
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IntensityObserved:
    """A live intensity of the grid became known, or was revised."""

    at: Stamp
    reading: IntensityReading


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactAccounted:
    """An hour closed, and this is what it came to."""

    at: Stamp
    impacts: HourImpacts


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCorrected:
    """Closed hours were restated: from now on `generation` is what the ledger says of `interval`."""

    at: Stamp
    interval: Interval
    generation: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAppeared:
    """A service was seen that was not there at the reading before."""

    at: Stamp
    service: ServiceFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDisappeared:
    """A service that was there at the reading before is gone."""

    at: Stamp
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetCrossed:
    """So much of a budget was used as it warns at, or all of it: once for each budget, period and threshold.

    `interval` is the whole period. `threshold`, `used_ratio` and `forecast_ratio` (of what it will be at the end) are
    shares of `limit`, which is as somebody wrote it. `exhausted_at` is when the limit was or will be reached, ns since
    the epoch. What is unknown, or will not be within the period, is None.
    """

    at: Stamp
    budget: str
    name: str
    limit: str
    interval: Interval
    threshold: Fraction
    used_ratio: Fraction
    forecast_ratio: Fraction | None
    exhausted_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseBreached:
    """It is shown that a clause of a contract is breached: once for each clause and window, which may not be over yet.

    `evaluation` has the clause, its window, and the figure with its range.
    """

    at: Stamp
    evaluation: Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseEvaluated:
    """The window of a clause is over, and this is what is shown of it: once, and again where that has changed since.

    `before` is the verdict that was told of the same window before; None: none was.
    """

    at: Stamp
    evaluation: Evaluation
    before: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerFailed:
    """A subscriber raised on an event; its neighbours still ran. `error` is one sentence."""

    at: Stamp
    handler: str
    error: str


Outcome = CollectionSucceeded | CollectionFailed | CollectorBecameUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Outcomes read together, in one go, at one moment: what the inbox carries."""

    at: Stamp
    outcomes: tuple[Outcome, ...]
    slow: bool = False
    """Whether a slow collector was read by itself: that says nothing of whether the fast ones still are."""


Event = (
    CollectionSucceeded
    | CollectionFailed
    | CollectorBecameUnavailable
    | CollectorRecovered
    | EnergyMeasured
    | GapFound
    | MetersDisagreed
    | MetersAgreed
    | ActivityObserved
    | IntensityObserved
    | ImpactAccounted
    | EntryCorrected
    | ServiceAppeared
    | ServiceDisappeared
    | BudgetCrossed
    | ClauseBreached
    | ClauseEvaluated
    | HandlerFailed
)
