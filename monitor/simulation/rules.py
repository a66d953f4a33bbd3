"""The services of a simulated host, as the configuration of its organisation would name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.entries import ServiceFacts
from monitor.core.services import CONFIGURED, Match, ServiceRule

if TYPE_CHECKING:
    from monitor.simulation.spec import WorldSpec


def service_rules(spec: WorldSpec) -> tuple[ServiceRule, ...]:
    """Return each service of *spec*, with what describes it and how it is recognised."""
    return tuple(
        ServiceRule(
            ServiceFacts(one.consumer, one.name, one.department, one.contract, found_by=CONFIGURED),
            _match(*one.match),
        )
        for one in spec.services
        if one.match is not None
    )


def _match(kind: str, value: str) -> Match:
    return {
        "systemd": Match(systemd=value),
        "container": Match(container=value),
        "pod": Match(pod=value),
        "process": Match(process=value),
    }[kind]
