"""The metrics of who is told of events: their rows in the catalogue, and what they show of a snapshot.

An address is told without its path, which may be secret: those that differ in their paths alone are one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.exposition.metric import Kind, metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.core.delivery import Standing
    from monitor.exposition.about import About
    from monitor.exposition.metric import Metric
    from monitor.exposition.snapshot import Snapshot

    Values = Mapping[tuple[str, ...], float]
    Filling = Callable[[Snapshot, About], Values]

WAITING: Final = metric(
    "webhook_waiting_events",
    Kind.GAUGE,
    "events",
    "address",
    "Events that wait to be told to an address; those that the ledger does not hold yet are not among them.",
)
DEAD: Final = metric(
    "webhook_dead_events",
    Kind.GAUGE,
    "events",
    "address",
    "Events that were given up, and are kept for a while: `empreinte events dead` shows them.",
)
DELIVERED: Final = metric(
    "webhook_delivered_events_total",
    Kind.COUNTER,
    "events",
    "address",
    "Events that an address has taken, since its queue began.",
)
DROPPED: Final = metric(
    "webhook_dropped_events_total",
    Kind.COUNTER,
    "events",
    "address",
    "Events that found no more room while an address failed, since its queue began: the oldest go.",
)
SUCCESS: Final = metric(
    "webhook_success",
    Kind.GAUGE,
    "",
    "address",
    "Whether nothing that waits for an address has failed: 1, or 0. The status says why.",
)
METRICS: Final = (WAITING, DEAD, DELIVERED, DROPPED, SUCCESS)
"""In the order in which they are exposed."""


def _sums(number: Callable[[Standing], int]) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        sums: dict[tuple[str, ...], float] = {}
        for one in snapshot.webhooks:
            sums[one.address,] = sums.get((one.address,), 0.0) + number(one)
        return sums

    return filling


def _success(snapshot: Snapshot, _: About) -> Values:
    failing = {one.address for one in snapshot.webhooks if one.error}
    return {(one.address,): float(one.address not in failing) for one in snapshot.webhooks}


FILLINGS: Final[Mapping[Metric, Filling]] = {
    WAITING: _sums(lambda one: one.waiting),
    DEAD: _sums(lambda one: one.dead),
    DELIVERED: _sums(lambda one: one.delivered),
    DROPPED: _sums(lambda one: one.dropped),
    SUCCESS: _success,
}
"""In the order of the catalogue."""
