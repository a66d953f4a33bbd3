import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.core.calendar import PERIODS
from monitor.exposition.snapshot import Snapshot
from monitor.web.api import as_json
from monitor.web.status import status_of
from tests.fixtures.snapshots import ABOUT, at_work, in_trouble, just_started

DOCS = Path(__file__).parents[3] / "docs" / "http.md"


def told(snapshot: Snapshot, *, stale: bool = False) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(json.dumps(as_json(status_of(snapshot), ABOUT, stale=stale), allow_nan=False))
    return content


def test_figures_are_in_base_units() -> None:
    content = told(at_work())
    assert content["power_watts"] == 460.08
    assert content["measured_at"] == "2026-11-24T22:00:05Z"
    assistant = content["consumers"][0]
    assert (assistant["key"], assistant["role"], assistant["power_watts"]) == ("assistant", "service", 231.4)
    assert assistant["energy_joules"]["day"] == pytest.approx(231.4 * 21 * 3600 * 0.8)
    assert content["gaps_seconds"] == {"daemon_down": 7380, "reboot": 95}
    assert content["recent_power"][0]["at"] == "2026-11-24T21:00:00Z"
    assert content["ledger"] == {"commit": 41207, "committed_at": "2026-11-24T22:00:05Z", "error": ""}


def test_consumers_sum_to_the_host_in_each_period() -> None:
    content = told(at_work())
    for period in ("day", "month", "quarter", "year"):
        total = content["periods"][period]["energy_joules"]
        assert sum(one["energy_joules"][period] for one in content["consumers"]) == pytest.approx(total)
        assert sum(content["periods"][period]["methods_joules"].values()) == pytest.approx(total)


def test_what_is_unknown_is_null_and_never_zero() -> None:
    content = told(just_started())
    assert content["power_watts"] is None
    assert content["power"] == []
    assert set(content["periods"]) == set(PERIODS)
    assert all(period["energy_joules"] is None for period in content["periods"].values())
    assert all(one["power_watts"] is None and one["energy_joules"] == {} for one in content["consumers"])
    assert content["ledger"]["committed_at"] is None


def test_trouble_is_told_with_its_cure() -> None:
    content = told(in_trouble(), stale=True)
    assert content["stale"] is True
    rapl = next(one for one in content["collectors"] if one["name"] == "rapl")
    assert (rapl["success"], rapl["reason"]) == (False, "forbidden")
    assert rapl["cure"]
    assert rapl["last_success_at"] == "2026-11-24T21:45:05Z"
    assert content["ledger"]["error"]
    assert [source["used"] for source in content["sources"]] == [True]


def test_a_simulated_host_says_so() -> None:
    assert told(at_work())["simulated"] is False
    assert as_json(status_of(at_work()), replace(ABOUT, simulated=True), stale=False)["simulated"] is True


def test_every_key_is_in_the_documentation() -> None:
    described = set(re.findall(r"`(?:consumers\[\])?\.?([a-z_]+)`", DOCS.read_text(encoding="utf-8")))
    content = told(in_trouble())
    keys = set(content)
    for several in ("power", "consumers", "sources", "collectors", "recent_power"):
        keys |= content[several][0].keys()
    keys |= content["ledger"].keys() | content["periods"]["day"].keys()
    assert keys - described == set()
