"""One metric of the catalogue: its name, type, unit, labels and help."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PREFIX: Final = "empreinte_"


class Kind(StrEnum):
    """What a value does over time."""

    COUNTER = "counter"
    """It never falls: the ledger's total since the ledger began, across restarts."""
    GAUGE = "gauge"
    """It is what it is now."""
    INFO = "info"
    """It is always 1; the labels tell."""


_SUFFIXES: Final = {Kind.COUNTER: "_total", Kind.INFO: "_info", Kind.GAUGE: ""}
"""What follows the name of the family in that of its samples. Source: OpenMetrics 1.0, Metric Types."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `name` is that of its samples, `unit` the base unit in the name; empty where there is none."""

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    help: str

    @property
    def family(self) -> str:
        """The name of the family in OpenMetrics, which leaves out `_total` and `_info`."""
        return self.name.removesuffix(_SUFFIXES[self.kind])


def metric(name: str, kind: Kind, unit: str, labels: str, text: str) -> Metric:
    """Return the metric *name*, without the prefix; *labels* are parted by spaces."""
    return Metric(PREFIX + name, kind, unit, tuple(labels.split()), text)
