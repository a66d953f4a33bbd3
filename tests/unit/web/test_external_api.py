"""What programs are told of bought services."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from monitor.core.external import Origin
from monitor.web.external_api import external_as_json
from monitor.web.status import status_of
from tests.fixtures.snapshots import ABOUT, at_work, just_started

if TYPE_CHECKING:
    from monitor.exposition.snapshot import Snapshot

DOCS = Path(__file__).parents[3] / "docs" / "http.md"


def told(snapshot: Snapshot) -> dict[str, Any]:
    made = external_as_json(status_of(snapshot), ABOUT, stale=False)
    content: dict[str, Any] = json.loads(json.dumps(made, allow_nan=False))
    return content


def test_a_bought_service_is_told_with_its_bounds_and_one_that_nobody_knows_without() -> None:
    unknown, known = told(at_work())["services"]
    assert (known["key"], known["name"], known["zone"]) == ("mistral-api", "API de Mistral", "SE")
    # 12,000 tokens at 200 micrograms
    assert known["periods"]["day"]["emissions_grams"] == {"low": 0.6, "central": 2.4, "high": 60.0}
    assert known["periods"]["day"]["methods"] == ["modelled"]
    assert unknown["periods"]["day"]["emissions_grams"] is None
    assert unknown["periods"]["day"]["output_tokens_without"]["emissions_grams"] == 1200
    assert "ask the supplier" in unknown["periods"]["day"]["missing"][0]


def test_the_host_and_what_is_bought_are_told_apart_and_together() -> None:
    snapshot = at_work()
    day = told(snapshot)["totals"]["day"]
    host, bought = day["host_emissions_grams"], day["external_emissions_grams"]
    emissions = status_of(snapshot).periods["day"].impacts.emissions
    assert emissions is not None
    assert host["central"] == emissions.central / 1e6
    assert bought["central"] == 2.4
    both = day["host_and_external_emissions_grams"]
    assert both["central"] == pytest.approx(host["central"] + 2.4)
    assert day["output_tokens_not_in_it"] == 1200


def test_where_nothing_is_bought_the_total_is_the_hosts() -> None:
    content = told(just_started())
    assert content["services"] == []
    assert all(one["external_emissions_grams"] is None for one in content["totals"].values())


def test_every_key_is_in_the_documentation() -> None:
    section = DOCS.read_text(encoding="utf-8").partition("\n## /api/v1/external\n")[2].partition("\n## ")[0]
    described = set(re.findall(r"`(?:periods\.\*)?\.?([a-z0-9_]+)`", section))
    content = told(at_work())
    service = content["services"][0]
    assert {*content, *service, *service["periods"]["day"], *content["totals"]["day"], *Origin} - described == set()
