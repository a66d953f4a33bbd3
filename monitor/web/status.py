"""What the status page and `/api/v1/status` say of a snapshot: one reading of it for both, so that they agree.

Unknown is None, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from monitor.core.calendar import PERIODS
from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.summary import UNKNOWN
from monitor.core.units import Energy, Power
from monitor.exposition.impacts import coverage
from monitor.web.impacts import Table, unknowns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.collector import Source
    from monitor.core.functional import FunctionalUnits
    from monitor.core.summary import Impacts
    from monitor.exposition.snapshot import CollectorHealth, Snapshot

FORMER: Final = "_former"
"""All services together that ran in a period shown, and are no longer followed."""


class Role(StrEnum):
    """What a consumer is."""

    SERVICE = "service"
    PSEUDO = "pseudo"
    """One of the pseudo-services: not a service, but part of the sum."""
    FORMER = "former"


@dataclass(frozen=True, slots=True)
class Period:
    """What is known of a period. `energy` is None where nothing of it was measured; `coverage` is a share, 0 to 1."""

    energy: Energy | None
    coverage: float | None
    methods: Mapping[str, Energy]
    """How the energy was obtained."""
    impacts: Impacts = UNKNOWN
    """What everybody came to together."""
    impact_coverage: float | None = None
    """Share of the energy whose impacts are known; None where no energy was measured."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """One row of the table. `power` is None while it is unknown, and where the service does not run."""

    key: str
    role: Role
    name: str
    department: str
    contract: str
    kind: str
    present: bool
    """Whether it runs now."""
    power: Power | None
    energy: Mapping[str, Energy]
    """By period, for those that are known: where nothing is booked for it, that is zero."""
    impacts: Mapping[str, Impacts]
    """By period, for all of them."""
    units: Mapping[str, FunctionalUnits] = field(default_factory=dict)
    """What a service did, by period; only where anything is known of it."""


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter that can be read, and whether its energy is booked."""

    collector: str
    source: Source
    used: bool


@dataclass(frozen=True, slots=True)
class Status:
    """All that is shown of one snapshot."""

    snapshot: Snapshot
    power: Power | None
    """Of the host, as far as it is measured."""
    missing: tuple[str, ...]
    """Resources whose power is unknown now, and is not in `power`."""
    periods: Mapping[str, Period]
    consumers: tuple[Consumer, ...]
    """Services first, the greatest of the year before the others; then the pseudo-services. They sum to the host."""
    meters: tuple[Meter, ...]
    unreadable: tuple[CollectorHealth, ...]
    unknowns: tuple[str, ...]
    """What nobody has said, so that impacts are unknown: `zone` (all of them), `hardware`, or roles of factors."""


def status_of(snapshot: Snapshot) -> Status:
    """Return what is to be said of *snapshot*."""
    table = Table(snapshot.period_impacts, snapshot.period_meters, snapshot.emissions)
    covered = coverage(snapshot.period_impacts, snapshot.period_energy)
    periods = {period: _period(snapshot, period, table.total(period), covered.get(period)) for period in PERIODS}
    known = [name for name, period in periods.items() if period.energy is not None]
    return Status(
        snapshot=snapshot,
        power=_sum_of_powers(snapshot.host_power.values()) if snapshot.host_power else None,
        missing=_missing(snapshot),
        periods=periods,
        consumers=tuple(_consumers(snapshot, known, table)),
        meters=tuple(
            Meter(health.name, source, (health.name, source.resource) in snapshot.used_sources)
            for health in snapshot.collectors
            for source in health.sources
        ),
        unreadable=tuple(health for health in snapshot.collectors if not health.success),
        unknowns=unknowns(snapshot.terms, snapshot.terms_fault),
    )


def _period(snapshot: Snapshot, period: str, impacts: Impacts, impact_coverage: float | None) -> Period:
    total = _sum_of_energies(energy for (_, of), energy in snapshot.period_energy.items() if of == period)
    covered = snapshot.period_coverage.get(period)
    methods = {method: energy for (of, method), energy in snapshot.period_methods.items() if of == period}
    known = total if covered or total > Energy.ZERO else None
    return Period(known, covered, methods, impacts, impact_coverage)


def _missing(snapshot: Snapshot) -> tuple[str, ...]:
    live = {meter.resource for meter in snapshot.host_power}
    measured = {meter.resource for meter in snapshot.host_energy}
    return tuple(dict.fromkeys((*snapshot.unknown, *sorted(measured - live))))


def _consumers(snapshot: Snapshot, known: list[str], table: Table) -> Iterable[Consumer]:
    energy, told = _by_consumer(snapshot, known), snapshot.functional_units

    def impacts(key: str) -> Mapping[str, Impacts]:
        return {period: table.of((key,), period, energy[key].get(period)) for period in PERIODS}

    for key in sorted(snapshot.services, key=lambda key: (-energy[key].get("year", Energy.ZERO).microjoules, key)):
        facts = snapshot.services[key]
        present = key in snapshot.present
        power = snapshot.service_power.get(key) if present and snapshot.host_power else None
        description = (facts.name or key, facts.department, facts.contract, facts.kind)
        units = {period: told[key, period] for period in PERIODS if (key, period) in told}
        yield Consumer(key, Role.SERVICE, *description, present, power, energy[key], impacts(key), units)
    if former := [key for key in energy if key not in snapshot.services and key not in PSEUDO_SERVICES]:
        sums = {period: _sum_of_energies(energy[key][period] for key in former) for period in known}
        together = {period: table.of(former, period, sums.get(period)) for period in PERIODS}
        yield Consumer(FORMER, Role.FORMER, "", "", "", "", False, None, sums, together)
    for key in PSEUDO_SERVICES:
        power = snapshot.service_power.get(key, Power.ZERO) if snapshot.host_power else None
        yield Consumer(key, Role.PSEUDO, "", "", "", "", True, power, energy[key], impacts(key))


def _by_consumer(snapshot: Snapshot, known: list[str]) -> Mapping[str, Mapping[str, Energy]]:
    """Return the energies of everybody; of a period that is known, what is not booked for somebody is nothing."""
    booked = (consumer for consumer, *_ in (*snapshot.period_energy, *snapshot.period_impacts))
    everybody = (*snapshot.services, *PSEUDO_SERVICES, *booked)
    return {
        consumer: {period: snapshot.period_energy.get((consumer, period), Energy.ZERO) for period in known}
        for consumer in dict.fromkeys(everybody)
    }


def _sum_of_energies(energies: Iterable[Energy]) -> Energy:
    return sum(energies, Energy.ZERO)


def _sum_of_powers(powers: Iterable[Power]) -> Power:
    return sum(powers, Power.ZERO)
