"""What bought services did and cost as JSON, for programs: apart from the host, and together by name.

Its reference: docs/http.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.core.external_told import apart_and_together, service_told, use_told
from monitor.web.origin import origin

if TYPE_CHECKING:
    from monitor.core.external import ExternalFigures, ExternalUse
    from monitor.exposition.about import About
    from monitor.web.status import Status


def external_as_json(status: Status, about: About, *, stale: bool) -> dict[str, Any]:
    """Return what the bought services of *status* did. What is unknown is None, or absent; nothing was measured."""
    figures = status.snapshot.external
    keys = sorted({*figures.services, *figures.total})
    return {
        **origin(status.snapshot, about, stale=stale),
        "services": [_service(figures, key) for key in keys],
        "totals": {
            name: apart_and_together(period.impacts.emissions, _together(figures, name))
            for name, period in status.periods.items()
        },
    }


def _service(figures: ExternalFigures, key: str) -> dict[str, Any]:
    return {
        **service_told(key, figures.services.get(key)),
        "periods": {period: use_told(use) for (one, period), use in figures.periods.items() if one == key},
    }


def _together(figures: ExternalFigures, period: str) -> ExternalUse | None:
    """Return what all bought services did in *period*; None: nothing was bought."""
    uses = [use for (_, name), use in figures.periods.items() if name == period]
    return sum(uses[1:], uses[0]) if uses else None
