"""The services of a simulated host, as the configuration of its organisation would name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.entries import ServiceFacts
from monitor.core.services import CONFIGURED, Match, PageRule, ServiceRule
from monitor.simulation.work import Telling

if TYPE_CHECKING:
    from monitor.simulation.pages import MetricsPages
    from monitor.simulation.spec import ServiceSpec, WorldSpec


def service_rules(spec: WorldSpec, pages: MetricsPages | None = None) -> tuple[ServiceRule, ...]:
    """Return each service of *spec*, with what describes it, how it is recognised, and which of the *pages* is its."""
    return tuple(
        ServiceRule(
            ServiceFacts(one.consumer, one.name, one.department, one.contract, found_by=CONFIGURED),
            _match(*one.match),
            activity=PageRule(pages.address(one.consumer)) if pages is not None and _has_page(one) else None,
        )
        for one in spec.services
        if one.match is not None
    )


def _has_page(service: ServiceSpec) -> bool:
    return service.work is not None and service.work.telling is not Telling.EVENTS


def _match(kind: str, value: str) -> Match:
    return {
        "systemd": Match(systemd=value),
        "container": Match(container=value),
        "pod": Match(pod=value),
        "process": Match(process=value),
    }[kind]
