"""The state of the daemon at the end of one tick: immutable, replaced whole, read by anybody and changed by nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from monitor.core.calendar import PERIODS
from monitor.core.external import ExternalFigures
from monitor.core.figures import Figures, Grouped
from monitor.core.functional import units_by_period
from monitor.core.impact import Indicator
from monitor.core.uncertainty import emissions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.collector import Source
    from monitor.core.activity import Authority, Unit
    from monitor.core.budgets import Standing as BudgetStanding
    from monitor.core.contracts import ContractStanding
    from monitor.core.delivery import Standing
    from monitor.core.entries import Meter, Series, ServiceFacts
    from monitor.core.functional import FunctionalUnits, Said
    from monitor.core.impact import Bounds, ImpactSeries, Terms
    from monitor.core.interval import Stamp
    from monitor.core.readings import IntensityReading
    from monitor.core.reconciliation import Outcome
    from monitor.core.units import Duration, Energy, Power

__all__ = ["PERIODS", "CollectorHealth", "Snapshot"]

Key = TypeVar("Key")
"""Whose an amount is."""


@dataclass(frozen=True, slots=True)
class CollectorHealth:
    """How a collector fared. `reason`, `what` and `cure` are empty while it can be read."""

    name: str
    success: bool
    took: Duration
    last_success: int | None
    """Wall clock, ns since the epoch; None: never yet."""
    reason: str = ""
    what: str = ""
    cure: str = ""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """What is known at one moment. Totals are the ledger's, committed; powers are live.

    `service_energy` has one energy for each (consumer, resource, share, method). `service_power` is the mean over the
    last tick, by consumer. `period_energy` is by (consumer, period), with the periods of `PERIODS`; `period_coverage`
    is, by period, the share of its elapsed time for which the host was measured, None where nothing has elapsed.
    """

    at: Stamp
    host_energy: Mapping[Meter, Energy]
    service_energy: Mapping[Series, Energy]
    service_power: Mapping[str, Power]
    host_power: Mapping[Meter, Power]
    services: Mapping[str, ServiceFacts]
    """The services seen lately; the pseudo-services are not among them."""
    present: frozenset[str]
    """The services that run now."""
    collectors: tuple[CollectorHealth, ...]
    used_sources: frozenset[tuple[str, str]]
    """The (collector, resource) pairs whose energy is booked; other sources are read and kept in reserve."""
    gaps: Mapping[str, Duration]
    conservation_error: Energy
    period_energy: Mapping[tuple[str, str], Energy]
    period_coverage: Mapping[str, float | None]
    period_methods: Mapping[tuple[str, str], Energy]
    """Energy by (period, method)."""
    recent_power: tuple[tuple[int, float], ...]
    """The last hour, for the chart: (wall clock in ns, host power in watts), a point a minute."""
    unknown: tuple[str, ...]
    """Resources of this host of which nothing is known, for the page to say so: `dram`, `gpu0`, `rest`."""
    ledger_commit: int
    ledger_error: str
    """Why the last commit failed, in one sentence; empty when it did not."""
    ledger_committed_at: int | None = None
    """When the ledger was last written, wall clock in ns since the epoch; None: this run has not written it yet."""
    impacts: Mapping[ImpactSeries, int] = field(default_factory=dict)
    """Counters of impacts, in whole units of their indicator; what is not there is unknown."""
    period_impacts: Mapping[tuple[str, Indicator, str], Bounds] = field(default_factory=dict)
    """By (consumer, indicator, period), in units of the indicator, with the range of the factors alone."""
    period_meters: Mapping[tuple[str, str], Mapping[Meter, Energy]] = field(default_factory=dict)
    """Energy by resource and method, by (consumer, period): what the error of the measure is reckoned from."""
    terms: Terms | None = None
    """By which terms what is used now is reckoned; None: impacts are unknown."""
    terms_fault: str = ""
    """Why they are unknown although a zone is configured, in one sentence with the cure: a factor is missing."""
    intensity: IntensityReading | None = None
    """The newest live intensity of the grid; None where none is known."""
    activity: Mapping[tuple[str, Unit], int] = field(default_factory=dict)
    """Counters of what services did, by (consumer, unit): what counts, as first booked; energy in microjoules."""
    period_activity: Mapping[tuple[str, str, Unit, str], int] = field(default_factory=dict)
    """What services did, by (consumer, model, unit, period)."""
    period_unmeasured: Mapping[tuple[str, str, Unit, str], int] = field(default_factory=dict)
    """What of it was done while it was not measured what it took, by the same."""
    period_said: Mapping[tuple[str, Authority, Unit, str], Said] = field(default_factory=dict)
    """Who says so, by (consumer, authority, unit, period)."""
    period_idle: Mapping[tuple[str, str], Energy] = field(default_factory=dict)
    """What of the energy services used to be ready, by (consumer, period)."""

    groups: Grouped = field(default_factory=Grouped)
    """What departments and contracts came to in each period."""
    external: ExternalFigures = field(default_factory=ExternalFigures)
    """What services did and cost that are bought as an API: a scope of its own, in none of the others."""
    budgets: tuple[BudgetStanding, ...] = ()
    """How each budget stands, in the order in which they are configured."""
    contracts: tuple[ContractStanding, ...] = ()
    """How the clauses of each contract stand, likewise."""
    platform: Outcome | None = None
    """How the meter of the whole machine stands to those of its components; None: there is none."""
    webhooks: tuple[Standing, ...] = ()
    """How it stands with each address that is told of events: looked at when metrics are made, and not before."""

    @cached_property
    def emissions(self) -> Mapping[tuple[str, str], Bounds]:
        """By (consumer, period), use and embodied together in micrograms CO2e, with the error of the measure."""
        return emissions_of(self.period_impacts, self.period_meters)

    @cached_property
    def functional_units(self) -> Mapping[tuple[str, str], FunctionalUnits]:
        """By (consumer, period), what services did and what a unit of it took; only where anything is known of it."""
        return units_by_period(
            Figures(
                energy=self.period_energy,
                impacts=self.period_impacts,
                meters=self.period_meters,
                idle=self.period_idle,
                activity=self.period_activity,
                unmeasured=self.period_unmeasured,
                said=self.period_said,
            )
        )


def emissions_of(
    impacts: Mapping[tuple[Key, Indicator, str], Bounds], meters: Mapping[tuple[Key, str], Mapping[Meter, Energy]]
) -> dict[tuple[Key, str], Bounds]:
    """Return the emissions of use and embodied together among *impacts*, by (whose, period), as far as known.

    Their bounds have the error of the *meters* in them.
    """
    known = dict.fromkeys((consumer, period) for consumer, found, period in impacts if found in _EMISSIONS)
    told: dict[tuple[Key, str], Bounds] = {}
    for consumer, period in known:
        use, made = (impacts.get((consumer, indicator, period)) for indicator in _EMISSIONS)
        if (both := emissions(use, made, meters.get((consumer, period), {}))) is not None:
            told[consumer, period] = both
    return told


_EMISSIONS: Final = (Indicator.GWP_USE, Indicator.GWP_EMBODIED)
