"""Each rule and each alert does what it says, minute by minute; none of them asks for a metric that is not there."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.exposition.catalogue import METRICS
from tests.rules.deployed import DEPLOYED, TESTS, names_in, rules

OF_THE_PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes"}
"""By the client library: they are not in the catalogue."""
NAME = re.compile(r"[a-z_]+:empreinte_[a-z_]+:(?:ratio_)?(?:rate|increase|delta)\d+[mhd]")
"""level:metric:operations. Source: Prometheus, practices, recording rules."""


def cases(kind: str) -> Iterator[dict[str, Any]]:
    for file in TESTS:
        for test in yaml.safe_load(file.read_text())["tests"]:
            yield from test.get(kind, ())


def test_promtool_has_something_to_do() -> None:
    assert TESTS
    assert rules("alert")
    assert rules("record")


@pytest.mark.real("prometheus")
@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_each_rule_does_what_is_expected(file: Path) -> None:
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_seen_firing_with_its_words_and_silent() -> None:
    firing = {one["alertname"] for one in cases("alert_rule_test") if one.get("exp_alerts")}
    silent = {one["alertname"] for one in cases("alert_rule_test") if not one.get("exp_alerts")}
    assert (firing, silent) == (set(rules("alert")), set(rules("alert")))
    expected = [alert for one in cases("alert_rule_test") for alert in one.get("exp_alerts", ())]
    assert all(alert["exp_annotations"].keys() == {"summary", "description", "runbook_url"} for alert in expected)


def test_each_recording_rule_is_seen_recording() -> None:
    asked = " ".join(one["expr"] for one in cases("promql_expr_test"))
    assert [name for name in rules("record") if name not in asked] == []


def test_what_is_asked_for_is_in_the_catalogue_or_recorded() -> None:
    known = {metric.name for metric in METRICS} | rules("record").keys() | OF_THE_PROCESS
    asked = {name: names_in(rule["expr"]) - known for name, rule in (rules("record") | rules("alert")).items()}
    assert {name: unknown for name, unknown in asked.items() if unknown} == {}


def test_a_name_that_nobody_has_is_found() -> None:
    assert names_in('rate(empreinte_hots_energy_joules_total{a="b"}[5m]) / instance:empreinte_x:rate5m') == {
        "empreinte_hots_energy_joules_total",
        "instance:empreinte_x:rate5m",
    }


def test_recorded_names_say_level_metric_and_operations() -> None:
    assert [name for name in rules("record") if not NAME.fullmatch(name)] == []


def test_what_is_joined_has_the_labels_that_it_is_joined_by() -> None:
    known = {"job", "instance"} | {label for metric in METRICS for label in metric.labels}
    for name, rule in (rules("record") | rules("alert")).items():
        lists = re.findall(r"(?:by|on|group_left) \(([^)]*)\)", rule["expr"])
        labels = {label.strip() for one in lists for label in one.split(",") if label.strip()}
        assert labels <= known, name


def test_each_alert_says_how_bad_it_is_to_whom_and_waits_longer_than_a_flicker() -> None:
    for name, alert in rules("alert").items():
        assert alert["labels"].keys() == {"severity", "audience"}, name
        assert alert["labels"]["severity"] in {"critical", "warning", "info"}, name
        assert alert["labels"]["audience"] in {"operators", "managers"}, name
        assert re.fullmatch(r"\d+[mhd]", alert["for"]), name


@pytest.mark.real("prometheus")
def test_promtool_has_no_complaint_about_the_files() -> None:
    files = sorted(DEPLOYED.glob("empreinte.*.yml"))
    done = subprocess.run(["promtool", "check", "rules", *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.real("alertmanager")
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"severity": "critical", "audience": "operators"}, "on-call"),
        ({"severity": "warning", "audience": "operators"}, "operators"),
        ({"severity": "info", "audience": "operators"}, "operators"),
        ({"severity": "critical", "audience": "managers", "scope": "all"}, "managers"),
        (
            {"severity": "warning", "audience": "managers", "scope": "department", "holder": "Communication"},
            "communication",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "-".join(one.values()),
)
def test_alertmanager_takes_the_example_and_leads_each_alert_to_somebody(labels: dict[str, str], receiver: str) -> None:
    example = DEPLOYED / "alertmanager.yml"
    checked = subprocess.run(["amtool", "check-config", example], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    pairs = [f"{name}={value}" for name, value in labels.items()]
    command = ["amtool", "config", "routes", "test", f"--config.file={example}", *pairs]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == [receiver]


def test_who_is_inhibited_is_an_alert() -> None:
    rows = yaml.safe_load((DEPLOYED / "alertmanager.yml").read_text())["inhibit_rules"]
    matchers = [matcher for row in rows for side in ("source_matchers", "target_matchers") for matcher in row[side]]
    named = {name for one in matchers for name in re.findall(r"Empreinte\w+", one)}
    assert named - rules("alert").keys() == set()
