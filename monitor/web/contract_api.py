"""What is shown of the clauses of contracts as JSON, for programs. Its reference: docs/http.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.core.contract_told import standing_told
from monitor.web.origin import origin

if TYPE_CHECKING:
    from monitor.exposition.about import About
    from monitor.web.status import Status


def contracts_as_json(status: Status, about: About, *, stale: bool) -> dict[str, Any]:
    """Return each contract with its clauses, in the windows that last and in the ones before. Unknown is None."""
    snapshot = status.snapshot
    return {**origin(snapshot, about, stale=stale), "contracts": [standing_told(one) for one in snapshot.contracts]}
