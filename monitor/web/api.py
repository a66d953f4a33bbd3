"""The status as JSON, for programs: what the page says, with the unit in each name. docs/http.md is its reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.core.calendar import utc
from monitor.web import impact_api
from monitor.web.budget_api import budget_told
from monitor.web.origin import origin

if TYPE_CHECKING:
    from monitor.exposition.about import About
    from monitor.exposition.snapshot import CollectorHealth, Snapshot
    from monitor.web.status import Consumer, Period, Status


def as_json(status: Status, about: About, *, stale: bool) -> dict[str, Any]:
    """Return *status* as plain values. What is unknown is None. *stale*: the figures are older than they should be."""
    snapshot = status.snapshot
    return {
        **origin(snapshot, about, stale=stale),
        "power_watts": None if status.power is None else status.power.watts,
        "power": [
            {"resource": meter.resource, "method": meter.method.value, "power_watts": power.watts}
            for meter, power in snapshot.host_power.items()
        ],
        "grid": impact_api.grid(snapshot),
        "not_measured": list(status.missing),
        "periods": {name: _period(period) for name, period in status.periods.items()},
        "consumers": [_consumer(consumer) for consumer in status.consumers],
        "budgets": [budget_told(one) for one in snapshot.budgets],
        "sources": [
            {
                "collector": meter.collector,
                "resource": meter.source.resource,
                "meter": meter.source.meter,
                "method": meter.source.method,
                "description": meter.source.description,
                "accuracy": meter.source.accuracy,
                "used": meter.used,
            }
            for meter in status.meters
        ],
        "collectors": [_collector(health) for health in snapshot.collectors],
        "gaps_seconds": {cause: time.seconds for cause, time in snapshot.gaps.items()},
        "recent_power": [{"at": utc(at), "power_watts": watts} for at, watts in snapshot.recent_power],
        "conservation_error_joules": snapshot.conservation_error.joules,
        "ledger": _ledger(snapshot),
    }


def _period(period: Period) -> dict[str, Any]:
    return {
        "energy_joules": None if period.energy is None else period.energy.joules,
        "coverage_ratio": period.coverage,
        "methods_joules": {method: energy.joules for method, energy in period.methods.items()},
        "impact_coverage_ratio": period.impact_coverage,
        **impact_api.totals(period.impacts),
    }


def _consumer(consumer: Consumer) -> dict[str, Any]:
    return {
        "key": consumer.key,
        "role": consumer.role.value,
        "name": consumer.name,
        "department": consumer.department,
        "contract": consumer.contract,
        "kind": consumer.kind,
        "present": consumer.present,
        "power_watts": None if consumer.power is None else consumer.power.watts,
        "energy_joules": {period: energy.joules for period, energy in consumer.energy.items()},
        **impact_api.by_period(
            {period: impacts.emissions for period, impacts in consumer.impacts.items() if impacts.emissions is not None}
        ),
    }


def _collector(health: CollectorHealth) -> dict[str, Any]:
    return {
        "name": health.name,
        "success": health.success,
        "duration_seconds": health.took.seconds,
        "last_success_at": None if health.last_success is None else utc(health.last_success),
        "reason": health.reason,
        "what": health.what,
        "cure": health.cure,
    }


def _ledger(snapshot: Snapshot) -> dict[str, Any]:
    at = snapshot.ledger_committed_at
    return {
        "commit": snapshot.ledger_commit,
        "committed_at": None if at is None else utc(at),
        "error": snapshot.ledger_error,
    }
