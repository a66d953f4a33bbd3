"""What programs are told of contracts and their clauses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.core.contracts import Quantity, Reason, Verdict
from monitor.web.contract_api import contracts_as_json
from monitor.web.status import status_of
from tests.fixtures.snapshots import ABOUT, at_work, just_started

if TYPE_CHECKING:
    from monitor.exposition.snapshot import Snapshot

DOCS = Path(__file__).parents[3] / "docs" / "http.md"


def told(snapshot: Snapshot) -> dict[str, Any]:
    made = contracts_as_json(status_of(snapshot), ABOUT, stale=False)
    content: dict[str, Any] = json.loads(json.dumps(made, allow_nan=False))
    return content


def test_each_clause_is_told_with_its_value_in_the_unit_that_is_named() -> None:
    (contract,) = told(at_work())["contracts"]
    assert (contract["uid"], contract["supplier"], contract["starts"]) == ("2026-DSI-042", "Rédac SCOP", "2026-01-01")
    energy = contract["evaluations"][0]
    assert (energy["unit"], energy["limit_amount"], energy["threshold"]) == ("joules", 10_800, "3 Wh")
    assert energy["value"] == {"low": 3_960, "central": 4_400, "high": 4_840}
    assert [one["verdict"] for one in contract["evaluations"]] == ["met", "breached", "undecided", "waived"]


def test_what_is_unknown_is_none_and_says_why() -> None:
    share, water = told(at_work())["contracts"][0]["evaluations"][2:]
    assert (share["reasons"], share["coverage_ratio"]) == (["straddles"], 0.991)
    assert (water["value"], water["coverage_ratio"], water["waived"]) == (None, None, "Avenant n°1")
    assert told(just_started())["contracts"] == []


def test_every_key_is_in_the_documentation() -> None:
    section = DOCS.read_text(encoding="utf-8").partition("\n## /api/v1/contracts\n")[2].partition("\n## ")[0]
    described = set(re.findall(r"`([a-z0-9_]+)`", section))
    content = told(at_work())
    contract = content["contracts"][0]
    shown = {*content, *contract, *contract["evaluations"][0], *Verdict, *Reason, *Quantity}
    assert shown - described == set()
