import re

import pytest

from monitor.exposition.catalogue import METRICS, PREFIX, Kind, Metric

UNITS = {
    "joules",
    "watts",
    "seconds",
    "grams",
    "liters",
    "euros",
    "ratio",
    "grams_per_kilowatt_hour",
    "requests",
    "tokens",
    "events",
    "",
}
"""Base units, counts, and what everybody gives the intensity of a grid in. Source: Prometheus, naming practices."""
REVEALING = {"pid", "cmdline", "command", "user", "exe", "path", "prompt", "cgroup", "container_id"}


def ids(metric: Metric) -> str:
    return metric.name


def test_no_name_is_used_twice() -> None:
    assert len({metric.name for metric in METRICS}) == len({metric.family for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize("metric", METRICS, ids=ids)
def test_a_name_says_its_type_and_its_unit(metric: Metric) -> None:
    assert metric.name.startswith(PREFIX)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert metric.name.endswith("_info") == (metric.kind is Kind.INFO)
    assert metric.unit in UNITS
    assert metric.family.endswith(f"_{metric.unit}" if metric.unit else "")


@pytest.mark.parametrize("metric", METRICS, ids=ids)
def test_a_quantity_has_a_unit_and_what_has_none_is_a_flag_or_information_or_has_it_in_a_label(metric: Metric) -> None:
    assert (
        metric.unit
        or metric.kind is Kind.INFO
        or metric.name.endswith("_success")
        or {"unit", "verdict", "why"} & set(metric.labels)
    )


@pytest.mark.parametrize("metric", METRICS, ids=ids)
def test_labels_are_few_and_reveal_nobody(metric: Metric) -> None:
    # what is told once of each thing may have more: it makes no series of its own for each value
    assert len(set(metric.labels)) == len(metric.labels) <= (7 if metric.kind is Kind.INFO else 5)
    assert not REVEALING & set(metric.labels)


@pytest.mark.parametrize("metric", METRICS, ids=ids)
def test_the_help_is_a_sentence(metric: Metric) -> None:
    assert metric.help.endswith(".")
    assert "\n" not in metric.help
