"""What each metric of the catalogue shows of a snapshot: one line of filling for each row of the catalogue.

A series that is not known is absent. None is ever shown as 0 because it is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.units import MICROJOULES_PER_JOULE, NANOSECONDS_PER_SECOND
from monitor.exposition import (
    activity,
    agreement,
    budgets,
    catalogue,
    contracts,
    departments,
    external,
    impacts,
    webhooks,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.exposition.about import About
    from monitor.exposition.catalogue import Metric
    from monitor.exposition.snapshot import Snapshot

    Filling = Callable[[Snapshot, About], Mapping[tuple[str, ...], float]]
    """From label values, in the order of the metric's labels, to the value in the metric's unit."""


def _host_energy(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    return {
        (meter.resource, meter.method): energy.microjoules / MICROJOULES_PER_JOULE
        for meter, energy in snapshot.host_energy.items()
    }


def _service_energy(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    sums: dict[tuple[str, ...], int] = {}
    for series, energy in snapshot.service_energy.items():
        key = (series.consumer, series.resource, series.share)
        sums[key] = sums.get(key, 0) + energy.microjoules
    return {key: microjoules / MICROJOULES_PER_JOULE for key, microjoules in sums.items()}


def _host_power(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    return {(meter.resource, meter.method): power.watts for meter, power in snapshot.host_power.items()}


def _service_power(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    # while the host's power is unknown, so is everybody's share of it
    if not snapshot.host_power:
        return {}
    return {(service,): power.watts for service, power in snapshot.service_power.items()}


def _period_energy(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    # of a period that was not measured at all, nothing booked means unknown
    return {
        (service, period): energy.microjoules / MICROJOULES_PER_JOULE
        for (service, period), energy in snapshot.period_energy.items()
        if energy.microjoules or snapshot.period_coverage.get(period)
    }


def _period_methods(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    return {
        (method, period): energy.microjoules / MICROJOULES_PER_JOULE
        for (period, method), energy in snapshot.period_methods.items()
        if energy.microjoules
    }


def _coverage(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    return {(period,): share for period, share in snapshot.period_coverage.items() if share is not None}


def _gap(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    return {(cause,): time.seconds for cause, time in snapshot.gaps.items()}


def _conservation_error(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    return {(): snapshot.conservation_error.joules}


def _collector_success(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    return {(health.name,): float(health.success) for health in snapshot.collectors}


def _collector_duration(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    return {(health.name,): health.took.seconds for health in snapshot.collectors}


def _collector_last_success(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    return {
        (health.name,): health.last_success / NANOSECONDS_PER_SECOND
        for health in snapshot.collectors
        if health.last_success is not None
    }


def _energy_source(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    used = snapshot.used_sources
    return {
        (health.name, source.resource, source.meter, source.method, _flag((health.name, source.resource) in used)): 1.0
        for health in snapshot.collectors
        for source in health.sources
    }


def _ledger_commit_success(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    tried = snapshot.ledger_commit or snapshot.ledger_error
    return {(): float(not snapshot.ledger_error)} if tried else {}


def _ledger_last_commit(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    at = snapshot.ledger_committed_at
    return {} if at is None else {(): at / NANOSECONDS_PER_SECOND}


def _service_info(snapshot: Snapshot, _: About) -> Mapping[tuple[str, ...], float]:
    return {
        (facts.key, facts.name, facts.department, facts.contract, facts.kind): 1.0
        for facts in snapshot.services.values()
    }


def _build_info(_: Snapshot, about: About) -> Mapping[tuple[str, ...], float]:
    return {(about.version, about.python): 1.0}


def _host_info(_: Snapshot, about: About) -> Mapping[tuple[str, ...], float]:
    return {(about.host, about.kernel, about.architecture, about.site, _flag(about.simulated)): 1.0}


def _flag(value: bool) -> str:
    return "true" if value else "false"


FILLINGS: Final[Mapping[Metric, Filling]] = {
    catalogue.HOST_ENERGY: _host_energy,
    catalogue.SERVICE_ENERGY: _service_energy,
    catalogue.HOST_POWER: _host_power,
    catalogue.SERVICE_POWER: _service_power,
    catalogue.PERIOD_ENERGY: _period_energy,
    catalogue.PERIOD_METHOD_ENERGY: _period_methods,
    **impacts.FILLINGS,
    **departments.FILLINGS,
    **budgets.FILLINGS,
    **contracts.FILLINGS,
    **activity.FILLINGS,
    **external.FILLINGS,
    catalogue.COVERAGE: _coverage,
    catalogue.GAP: _gap,
    catalogue.CONSERVATION_ERROR: _conservation_error,
    catalogue.COLLECTOR_SUCCESS: _collector_success,
    catalogue.COLLECTOR_DURATION: _collector_duration,
    catalogue.COLLECTOR_LAST_SUCCESS: _collector_last_success,
    catalogue.ENERGY_SOURCE: _energy_source,
    **agreement.FILLINGS,
    catalogue.LEDGER_COMMIT_SUCCESS: _ledger_commit_success,
    catalogue.LEDGER_LAST_COMMIT: _ledger_last_commit,
    **webhooks.FILLINGS,
    catalogue.SERVICE_INFO: _service_info,
    catalogue.BUILD_INFO: _build_info,
    catalogue.HOST_INFO: _host_info,
}
