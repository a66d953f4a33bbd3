"""The metrics as one page: docs/metrics.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.entries import Cause
from monitor.exposition.catalogue import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.exposition.catalogue import Metric

_INTRODUCTION: Final = """\
# Metrics

This page is made from the program (`make docs`); a test fails where it is stale.

`/metrics` serves the text format 0.0.4 and, to those who ask for it, OpenMetrics 1.0.0. Both are made at most once
between two readings, however many scrape and however often; a scrape changes nothing. Before the first reading the
answer is 503: nothing is known, and a counter must not show 0 where its total is larger.

- Units are base units: joules, watts, seconds, grams, litres, euros. A kilowatt-hour is 3,600,000 joules.
- A counter is the ledger's total since the ledger began. It survives restarts and is right from the first scrape; only
  what is written to the ledger is shown, so that it never falls. Should a ledger be restored from a backup, it starts
  again from zero.
- A series that is not known is absent, never 0.
- A service is named by its key. Four are not services: `_other` (processes that belong to no service), `_monitor`
  (Empreinte itself), `_idle` (drawn while nobody used it, given to nobody), `_unattributed` (known energy of an unknown
  user). No label holds a pid, a command line, a user or a prompt.

"""

_USE: Final = """\
What a period came to is the ledger's current figure and equals the report, whatever Prometheus keeps. It is a gauge: a
correction may lower it, and impacts are restated where a factor changes; their counters keep what was first booked.
Without a grid zone (`host.zone`) impacts are unknown, and their series are absent.

For a stretch of time of your own, use the counters:
`increase(empreinte_service_energy_joules_total[1h]) / 3.6e6` is in kilowatt-hours.

What a unit of work took is a quotient of sums: add up first, then divide, and never take a mean of quotients
(docs/functional-units.md). Watt-hours per 1,000 output tokens of each service, of this month and live:
`empreinte_period_activity_energy_joules{period="month", unit="output_tokens"} / 3.6`
`/ empreinte_period_activity_measured{period="month", unit="output_tokens"}` and
`rate(empreinte_service_activity_energy_joules_total[15m]) / 3.6`
`/ ignoring (direction) rate(empreinte_service_tokens_total{direction="output"}[15m])`.
The energy is that of the time in which the unit was told: several units share it, so never add up those of two.

What is bought as an API is a scope of its own (`empreinte_external_*`, `empreinte_period_external_*`): it was never
measured, and is in no sum of this machine. Show both apart; who adds them up says so (docs/external.md).

Information (`_info`) is joined by its labels:
`empreinte_service_power_watts * on (service) group_left (name, department) empreinte_service_info`.

A budget is joined to what it is in the same way: `empreinte_budget_used_ratio * on (budget) group_left (name, limit)
empreinte_budget_info`. How far it is from its end, and what the forecast rests on: docs/budgets.md.

A clause's value is in the unit that its label names, with its threshold in the same: divide the two only. What a
verdict rests on: docs/contracts.md.

Rules and alerts that are ready for Prometheus: docs/alerts.md.
"""

LABELS: Final = {
    "service": "key of a service, or one of the four above",
    "external": "key of a service that is bought as an API",
    "resource": "`package` (processors), `dram` (memory), `gpu0`, `gpu1` ... (NVIDIA's), `gpu_amd0` ...,"
    " `gpu_intel0` ..., `rest` (what only a meter of the whole machine sees)",
    "method": "`counter` (hardware counter), `integrated` (power readings), `modelled` (+-50 %), `declared`",
    "share": "`active` (it computed), `residency` (it held memory), `floor` (its part of what the idle machine draws)",
    "period": "`day`, `month`, `quarter`, `year` to date, in the organisation's time zone; `previous_day`,"
    " `previous_month`, `previous_quarter`, `previous_year`; `previous_year_to_date` (last year until this day and"
    " hour); of a clause also `contract` (all of it so far)",
    "phase": "`use` (the electricity), `embodied` (making the hardware, its part of the lifetime)",
    "source": "`site` (cooling), `grid` (generating the electricity)",
    "direction": "`input` (the prompts), `output` (what was generated)",
    "unit": "`requests`, `input_tokens`, `computed_input_tokens`, `output_tokens`, `items` (inferences of classic"
    " models), `images`, `pages`, `audio_seconds`; of a clause or a budget what it is told in: `joules`, `grams`"
    " (CO2e), `liters`, `euros`, `share` (0 to 1), `ratio`, `grams_per_kilowatt_hour`, `liters_per_kilowatt_hour`",
    "zone": "of the electricity grid: `FR`, `RE`",
    "provider": "who says so: `ademe`, `ember`, `rte`, `electricity_maps`, `configured`",
    "basis": "`applied` (what is reckoned with now), `yearly_...` (a yearly level, with what it counts), `live_...`",
    "role": "what the factor is for: `electricity`, `pue`, `water` ...",
    "factor, year, how": "key of the factor (`empreinte factors show KEY`), year of its data (empty: it is of none),"
    " how it was chosen",
    "cause": ", ".join(f"`{cause}`" for cause in Cause),
    "budget": "key of a budget",
    "scope, holder": "whose a budget is: `service`, `department`, `contract` or `all`; its key or name, empty for all",
    "measure, limit": "what of: `energy`, `emissions`, `water`, `cost`; how much, as it is configured; a budget's"
    " `period` is `month`, `quarter` or `year`",
    "clause": "id of a clause, within its contract",
    "why": "`less_than_parts`, `frozen`, `drifted`: docs/meters.md#reconciliation",
    "verdict": "`met`, `breached`, `undecided`, `waived`",
    "text, metric, operator, threshold": "of a clause, as configured: its words, what it is about, `<=`, `3 Wh`",
    "window": "over what a clause is judged: `month`, `quarter`, `year`, `contract`",
    "title, supplier, starts, ends": "of a contract, as configured; days are 2026-01-01; empty where they are not",
    "address": "of a webhook, without its path, which may be secret: `https://hooks.example.org`",
    "collector": "name of a collector: `rapl`, `nvidia`, `cgroup` ...",
    "meter": "which of the collector's meters: `intel-rapl:0`, a GPU's uuid or address on the bus",
    "used": "`true`, `false`",
    "name, department, contract": "as configured; empty where they are not",
    "kind": "what software it is, from the catalogue of AI servers: `vllm`, `ollama`; empty where unknown",
    "version, python": "of Empreinte, of the interpreter",
    "host, kernel, architecture, site": "of the machine; site is empty where it is not configured",
    "simulated": "`true`, `false`",
}
"""What each label holds."""

_END: Final = """\
## The daemon itself

What it costs in energy is the service `_monitor`. Its process and interpreter are told by the Prometheus client library
under the usual names: `process_cpu_seconds_total`, `process_resident_memory_bytes`, `process_open_fds`,
`process_start_time_seconds`, `python_info`, `python_gc_collections_total` and their like.
"""


def reference() -> str:
    """Return the reference of the metrics, as Markdown."""
    return "\n".join((_INTRODUCTION, *_labels(), _USE, *(_section(metric) for metric in METRICS), _END))


def _labels() -> Iterator[str]:
    yield "| label | values |\n|---|---|"
    for names, values in LABELS.items():
        yield f"| {', '.join(f'`{name}`' for name in names.split(', '))} | {values} |"
    yield ""


def _section(metric: Metric) -> str:
    return "\n".join((f"## {metric.name}\n", f"{metric.help}\n", ". ".join(_facts(metric)) + ".\n"))


def _facts(metric: Metric) -> Iterator[str]:
    yield f"Type: {metric.kind}"
    if metric.unit:
        yield f"Unit: {metric.unit}"
    yield "Labels: " + (", ".join(f"`{label}`" for label in metric.labels) or "none")
