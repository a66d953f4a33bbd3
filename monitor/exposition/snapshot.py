"""The state of the daemon at the end of one tick: immutable, replaced whole, read by anybody and changed by nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.core.calendar import PERIODS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.collector import Source
    from monitor.core.entries import Meter, Series, ServiceFacts
    from monitor.core.interval import Stamp
    from monitor.core.units import Duration, Energy, Power

__all__ = ["PERIODS", "CollectorHealth", "Snapshot"]


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


@dataclass(frozen=True, slots=True)
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
