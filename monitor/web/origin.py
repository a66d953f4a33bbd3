"""What every answer to programs begins with: of which moment and machine it is, and whether it may be relied on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.core.calendar import utc

if TYPE_CHECKING:
    from monitor.exposition.about import About
    from monitor.exposition.snapshot import Snapshot


def origin(snapshot: Snapshot, about: About, *, stale: bool) -> dict[str, Any]:
    """Return it as plain values. *stale*: the figures are older than they should be."""
    return {
        "measured_at": utc(snapshot.at.wall),
        "stale": stale,
        "simulated": about.simulated,
        "version": about.version,
        "host": about.host,
        "organisation": about.organisation,
        "site": about.site,
    }
