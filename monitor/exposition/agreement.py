"""The metrics of how the machine's meter stands to those of its components: their rows, and what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.reconciliation import Disagreement
from monitor.exposition.metric import Kind, metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.exposition.about import About
    from monitor.exposition.metric import Metric
    from monitor.exposition.snapshot import Snapshot

    Values = Mapping[tuple[str, ...], float]
    Filling = Callable[[Snapshot, About], Values]

SEEN: Final = metric(
    "meters_seen_ratio",
    Kind.GAUGE,
    "ratio",
    "",
    "Which part of the whole machine's energy the meters of its components saw, in the last window of ten minutes.",
)
USUAL: Final = metric(
    "meters_usual_seen_ratio",
    Kind.GAUGE,
    "ratio",
    "",
    "Which part of it they usually see, as was learnt here; absent until four hours have taught it.",
)
DISAGREE: Final = metric(
    "meters_disagree",
    Kind.GAUGE,
    "",
    "why",
    "Whether the whole machine's meter and its components' don't go together, and why: 1 for what is found, else 0.",
)
METRICS: Final = (SEEN, USUAL, DISAGREE)
"""In the order in which they are exposed."""


def _seen(snapshot: Snapshot, _: About) -> Values:
    ratio = snapshot.platform.seen_ratio if snapshot.platform else None
    return {} if ratio is None else {(): ratio}


def _usual(snapshot: Snapshot, _: About) -> Values:
    ratio = snapshot.platform.usual_seen_ratio if snapshot.platform else None
    return {} if ratio is None else {(): ratio}


def _disagree(snapshot: Snapshot, _: About) -> Values:
    found = snapshot.platform
    return {} if found is None else {(why.value,): float(why is found.finding) for why in Disagreement}


FILLINGS: Final[Mapping[Metric, Filling]] = {SEEN: _seen, USUAL: _usual, DISAGREE: _disagree}
"""In the order of the catalogue."""
