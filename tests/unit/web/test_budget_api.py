"""What programs are told of budgets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from monitor.core.budgets import Measure, State
from monitor.web.api import as_json
from monitor.web.budget_api import UNITS, budgets_as_json
from monitor.web.status import status_of
from tests.fixtures.snapshots import ABOUT, at_work, just_started

if TYPE_CHECKING:
    from monitor.exposition.snapshot import Snapshot

DOCS = Path(__file__).parents[3] / "docs" / "http.md"


def told(snapshot: Snapshot) -> dict[str, Any]:
    made = budgets_as_json(status_of(snapshot), ABOUT, stale=False)
    content: dict[str, Any] = json.loads(json.dumps(made, allow_nan=False))
    return content


def test_amounts_are_in_the_unit_that_is_named_and_ratios_are_of_the_limit() -> None:
    for one in told(at_work())["budgets"][:3]:
        assert one["used"]["low"] < one["used"]["central"] < one["used"]["high"]
        assert one["used_ratio"] == pytest.approx(one["used"]["central"] / one["limit_amount"])
        if one["forecast"]:
            assert one["forecast_ratio"] == pytest.approx(one["forecast"]["central"] / one["limit_amount"])
    assert [(one["unit"], one["limit_amount"], one["limit"]) for one in told(at_work())["budgets"]] == [
        ("joules", 2600 * 3.6e6, "2600 kWh"),
        ("grams", 95_000, "95 kgCO2e"),
        ("euros", 28, "28 EUR"),
        ("liters", 1000, "1 m3"),
    ]
    assert UNITS.keys() == set(Measure)


def test_what_is_unknown_is_none_and_has_its_state() -> None:
    whole, assistant, communication, missing = told(at_work())["budgets"]
    assert [one["state"] for one in (whole, assistant, communication, missing)] == [
        State.WITHIN,
        State.WARNED,
        State.EXCEEDED,
        State.UNKNOWN,
    ]
    assert (whole["exhausted_at"], communication["exhausted_at"]) == (None, "2026-11-22T22:00:05Z")
    assert assistant["exhausted_at"].startswith("2026-12-01T")
    assert (communication["forecast"], missing["used"], missing["used_ratio"]) == (None, None, None)
    assert (whole["starts_at"], whole["ends_at"]) == ("2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z")


def test_the_status_has_the_same_list() -> None:
    status = as_json(status_of(at_work()), ABOUT, stale=False)
    assert status["budgets"] == told(at_work())["budgets"]
    assert told(just_started())["budgets"] == []


def test_every_key_is_in_the_documentation() -> None:
    section = DOCS.read_text(encoding="utf-8").partition("\n## /api/v1/budgets\n")[2].partition("\n## ")[0]
    described = set(re.findall(r"`([a-z0-9_]+)`", section))
    content = told(at_work())
    assert {*content, *content["budgets"][0], *State} - described == set()
