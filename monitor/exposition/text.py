"""How a metric begins and how a series is called, in the text format 0.0.4 and in OpenMetrics 1.0.0.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (text); OpenMetrics 1.0, section 4 (ABNF).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.exposition.metric import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.exposition.metric import Metric


def text_head(metric: Metric) -> str:
    """Return the lines before the samples of *metric* in the text format."""
    kind = Kind.GAUGE if metric.kind is Kind.INFO else metric.kind
    text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {metric.name} {text}\n# TYPE {metric.name} {kind}\n"


def openmetrics_head(metric: Metric) -> str:
    """Return the lines before the samples of *metric* in OpenMetrics."""
    head = f"# HELP {metric.family} {_escaped(metric.help)}\n# TYPE {metric.family} {metric.kind}\n"
    return f"{head}# UNIT {metric.family} {metric.unit}\n" if metric.unit else head


def series_name(metric: Metric, values: Sequence[str], more: Iterable[tuple[str, str]] = ()) -> str:
    """Return the name of a series of *metric* with its labels, sorted; *values* are in the order of the metric's.

    *more* are labels that it is to have beside its own.
    """
    pairs = sorted([*zip(metric.labels, values, strict=True), *more])
    labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in pairs)
    return f"{metric.name}{{{labels}}}" if labels else metric.name


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
