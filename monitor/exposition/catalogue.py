"""Every metric of the daemon, once: name, type, unit, labels, help. Dashboards, rules and documentation are made of it.

To add one, write a row here and its line in `monitor.exposition.series`.
"""

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


def _metric(name: str, kind: Kind, unit: str, labels: str, text: str) -> Metric:
    return Metric(PREFIX + name, kind, unit, tuple(labels.split()), text)


HOST_ENERGY: Final = _metric(
    "host_energy_joules_total",
    Kind.COUNTER,
    "joules",
    "resource method",
    "Energy of the host by resource and by how it was obtained. Resources never overlap: their sum is the host's.",
)
SERVICE_ENERGY: Final = _metric(
    "service_energy_joules_total",
    Kind.COUNTER,
    "joules",
    "service resource share",
    "Energy of each service. The sum over all services, _other, _monitor, _idle and _unattributed is the host's.",
)
HOST_POWER: Final = _metric(
    "host_power_watts",
    Kind.GAUGE,
    "watts",
    "resource method",
    "Mean power of the host since the reading before, by resource.",
)
SERVICE_POWER: Final = _metric(
    "service_power_watts",
    Kind.GAUGE,
    "watts",
    "service",
    "Mean power of each service since the reading before.",
)
PERIOD_ENERGY: Final = _metric(
    "period_energy_joules",
    Kind.GAUGE,
    "joules",
    "service period",
    "Energy of each service in a calendar period, the open hour included, as the ledger has it now.",
)
COVERAGE: Final = _metric(
    "coverage_ratio",
    Kind.GAUGE,
    "ratio",
    "period",
    "Share of the elapsed time of a period for which the host was measured; absent where no time has elapsed.",
)
GAP: Final = _metric(
    "gap_seconds_total",
    Kind.COUNTER,
    "seconds",
    "cause",
    "Time for which a resource was not measured, by cause, each resource counted apart.",
)
CONSERVATION_ERROR: Final = _metric(
    "conservation_error_joules",
    Kind.GAUGE,
    "joules",
    "",
    "What was measured less what was given to somebody, in the ledger's integers. Anything but 0 is a defect.",
)
COLLECTOR_SUCCESS: Final = _metric(
    "collector_success",
    Kind.GAUGE,
    "",
    "collector",
    "Whether the last read of a collector succeeded: 1, or 0.",
)
COLLECTOR_DURATION: Final = _metric(
    "collector_duration_seconds",
    Kind.GAUGE,
    "seconds",
    "collector",
    "How long the last read of a collector took.",
)
COLLECTOR_LAST_SUCCESS: Final = _metric(
    "collector_last_success_timestamp_seconds",
    Kind.GAUGE,
    "seconds",
    "collector",
    "When a collector was last read with success, since the Unix epoch; absent where it never was.",
)
ENERGY_SOURCE: Final = _metric(
    "energy_source_info",
    Kind.INFO,
    "",
    "collector resource meter method used",
    "A meter that can be read. used says whether its energy is booked (true) or kept in reserve (false).",
)
LEDGER_COMMIT_SUCCESS: Final = _metric(
    "ledger_commit_success",
    Kind.GAUGE,
    "",
    "",
    "Whether the ledger could be written the last time it was tried: 1, or 0. While it is 0, counters stand still.",
)
LEDGER_LAST_COMMIT: Final = _metric(
    "ledger_last_commit_timestamp_seconds",
    Kind.GAUGE,
    "seconds",
    "",
    "When the ledger was last written, since the Unix epoch; absent where this run has not written it yet.",
)
SERVICE_INFO: Final = _metric(
    "service_info",
    Kind.INFO,
    "",
    "service name department contract kind",
    "What describes a service now: its name for people, department, contract, and kind of software.",
)
BUILD_INFO: Final = _metric("build_info", Kind.INFO, "", "version python", "Version of Empreinte and of Python.")
HOST_INFO: Final = _metric(
    "host_info",
    Kind.INFO,
    "",
    "host kernel architecture site simulated",
    "The machine that is measured. simulated is true where its figures are made up.",
)

METRICS: Final = (
    HOST_ENERGY,
    SERVICE_ENERGY,
    HOST_POWER,
    SERVICE_POWER,
    PERIOD_ENERGY,
    COVERAGE,
    GAP,
    CONSERVATION_ERROR,
    COLLECTOR_SUCCESS,
    COLLECTOR_DURATION,
    COLLECTOR_LAST_SUCCESS,
    ENERGY_SOURCE,
    LEDGER_COMMIT_SUCCESS,
    LEDGER_LAST_COMMIT,
    SERVICE_INFO,
    BUILD_INFO,
    HOST_INFO,
)
"""In the order in which they are exposed."""
