"""The past of the counters as text for a time-series database: the names and labels of the page of metrics, with times.

A value is made of the ledger's amount as the page makes it, and so has the same digits. Source of both forms:
`monitor.exposition.text`; how they are read in: Prometheus, storage, "Backfilling from OpenMetrics format";
VictoriaMetrics, "How to import data in Prometheus exposition format".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from monitor.core.activity import Unit
from monitor.core.past import Totals
from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_JOULE,
    MICROLITERS_PER_LITER,
    NANOSECONDS_PER_SECOND,
)
from monitor.exposition import catalogue
from monitor.exposition.activity import DIRECTIONS, OTHERS, UNITS
from monitor.exposition.impacts import PHASES, SOURCES
from monitor.exposition.text import openmetrics_head, series_name, text_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.past import Point
    from monitor.exposition.metric import Metric

    Labels = Mapping[str, str]


class Form(StrEnum):
    """Who reads it."""

    OPENMETRICS = "openmetrics"
    """`promtool tsdb create-blocks-from openmetrics`: times in seconds."""
    TEXT = "text"
    """`/api/v1/import/prometheus` of VictoriaMetrics: times in milliseconds."""


TICKS: Final[Mapping[Form, int]] = {Form.OPENMETRICS: 1, Form.TEXT: 1000}
"""How many of the units that times are written in are a second."""


@dataclass(frozen=True, slots=True)
class Family:
    """One counter of the catalogue, and the totals of the ledger that it shows.

    `found` has what the keys of its series end with: by which label each is shown, and how many of the ledger's
    units are one. It is empty where the keys are the labels, in microjoules.
    """

    metric: Metric
    totals: Totals
    found: Mapping[str, tuple[tuple[str, ...], int]] = field(default_factory=dict)

    def series(self, key: tuple[str, ...], more: Labels) -> tuple[str, int]:
        """Return how the series of *key* is called, with its labels, and how many of the ledger's units are one."""
        if not self.found:
            return series_name(self.metric, key, more.items()), MICROJOULES_PER_JOULE
        labels, per = self.found[key[-1]]
        return series_name(self.metric, (*key[:-1], *labels), more.items()), per


FAMILIES: Final = (
    Family(catalogue.HOST_ENERGY, Totals.MEASURED),
    Family(catalogue.SERVICE_ENERGY, Totals.ENERGY),
    Family(
        catalogue.SERVICE_EMISSIONS,
        Totals.IMPACTS,
        {indicator.value: ((phase,), MICROGRAMS_PER_GRAM) for indicator, phase in PHASES.items()},
    ),
    Family(
        catalogue.SERVICE_WATER,
        Totals.IMPACTS,
        {indicator.value: ((source,), MICROLITERS_PER_LITER) for indicator, source in SOURCES.items()},
    ),
    Family(catalogue.SERVICE_REQUESTS, Totals.ACTIVITY, {Unit.REQUESTS.value: ((), 1)}),
    Family(
        catalogue.SERVICE_TOKENS,
        Totals.ACTIVITY,
        {unit.value: ((direction,), 1) for unit, direction in DIRECTIONS.items()},
    ),
    Family(catalogue.SERVICE_COMPUTED_TOKENS, Totals.ACTIVITY, {Unit.COMPUTED_INPUT_TOKENS.value: ((), 1)}),
    Family(
        catalogue.SERVICE_ACTIVITY,
        Totals.ACTIVITY,
        {unit.value: ((UNITS[unit][0],), UNITS[unit][1]) for unit in OTHERS},
    ),
    Family(catalogue.SERVICE_ACTIVITY_ENERGY, Totals.ACTIVITY, {Unit.ENERGY.value: ((), MICROJOULES_PER_JOULE)}),
)
"""In the order of the catalogue. The other counters are of the daemon's own running, or of bought services."""


def own_labels() -> frozenset[str]:
    """Return the labels that the families have of their own: no other can be called so."""
    return frozenset(label for family in FAMILIES for label in family.metric.labels)


def head(family: Family, form: Form) -> bytes:
    """Return the lines before the samples of *family*."""
    return _bytes(openmetrics_head(family.metric) if form is Form.OPENMETRICS else text_head(family.metric))


def lines(family: Family, key: tuple[str, ...], points: Iterable[Point], form: Form, more: Labels) -> bytes:
    """Return the samples of the series of *key*: its *points*, in order of time. It has the labels *more* as well."""
    name, per = family.series(key, more)
    tick = NANOSECONDS_PER_SECOND // TICKS[form]
    return _bytes("".join(f"{name} {amount / per!r} {moment // tick}\n" for moment, amount in points))


def end(form: Form) -> bytes:
    """Return what the whole ends with."""
    return b"# EOF\n" if form is Form.OPENMETRICS else b""


def _bytes(text: str) -> bytes:
    # a name with bytes that are no text: as the page of metrics has it
    return text.encode("utf-8", "replace")
