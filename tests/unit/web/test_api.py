import json
import re
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.core.calendar import PERIODS
from monitor.core.factors import Factor
from monitor.core.interval import HOUR
from monitor.core.units import Duration
from monitor.exposition.snapshot import Snapshot
from monitor.web.api import as_json
from monitor.web.impact_api import impacts_as_json
from monitor.web.status import status_of
from tests.fixtures import impacts as impacts_fixture
from tests.fixtures.snapshots import ABOUT, at_work, in_trouble, just_started, without_a_zone

DOCS = Path(__file__).parents[3] / "docs" / "http.md"


def told(snapshot: Snapshot, *, stale: bool = False) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(json.dumps(as_json(status_of(snapshot), ABOUT, stale=stale), allow_nan=False))
    return content


def impacts(snapshot: Snapshot) -> dict[str, Any]:
    made = impacts_as_json(status_of(snapshot), ABOUT, stale=False)
    content: dict[str, Any] = json.loads(json.dumps(made, allow_nan=False))
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


def described(heading: str) -> set[str]:
    """Return the keys that a section of the documentation names."""
    section = DOCS.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"`(?:consumers\[\]|periods\.\*|terms)?\.?([a-z_]+)`", section))


def test_every_key_is_in_the_documentation() -> None:
    content = told(in_trouble())
    keys = set(content)
    for several in ("power", "consumers", "sources", "collectors", "recent_power"):
        keys |= content[several][0].keys()
    keys |= content["ledger"].keys() | content["periods"]["day"].keys()
    keys |= content["grid"].keys() | content["grid"]["live"].keys()
    assert keys - described("/api/v1/status") == set()


def test_every_key_of_the_impacts_is_in_the_documentation() -> None:
    content = impacts(in_trouble())
    keys = {*content, *content["consumers"][0], *content["periods"]["day"], *content["periods"]["day"]["cost_euros"]}
    terms = content["terms"]
    keys |= {*terms, *terms["factors"][0], *terms["hardware"][0], *terms["hardware"][0]["gwp"]}
    assert keys - described("/api/v1/impacts") == set()


def test_the_status_tells_what_a_period_came_to() -> None:
    day = told(at_work())["periods"]["day"]
    energy = day["energy_joules"] / 3.6e6
    assert day["impact_coverage_ratio"] == 1.0
    assert day["facility_energy_joules"] == pytest.approx(day["energy_joules"] * 1.4)
    assert day["water_grid_liters"] == pytest.approx(energy * 1.4 * 3.6737)
    assert day["water_site_liters"] == pytest.approx(energy * 0.4)
    assert day["primary_energy_joules"] == pytest.approx(day["energy_joules"] * 1.4 * 1.9)
    assert day["emissions_market_grams"] == pytest.approx(energy * 1.4 * 12)
    assert day["cost_euros"] == pytest.approx(energy * 1.4 * 0.2016, abs=1e-5)
    made = 2 * 273_000 * 21 / (5 * 8760)
    assert day["emissions_grams"] == pytest.approx(energy * 1.4 * 51.9 + made)
    assert day["emissions_low_grams"] < day["emissions_grams"] < day["emissions_high_grams"]
    making = 2 * 0.0089 * 1000 * 21 / (5 * 8760)
    assert day["abiotic_resources_grams"] == pytest.approx(energy * 1.4 * 4.858e-5 + making)


def test_consumers_emissions_sum_to_those_of_the_host() -> None:
    content = told(at_work())
    for period in ("day", "month", "quarter", "year"):
        whole = content["periods"][period]["emissions_grams"]
        assert sum(one["emissions_grams"][period] for one in content["consumers"]) == pytest.approx(whole)


def test_what_is_known_of_the_grid_is_told_with_the_age_of_the_live_intensity() -> None:
    grid = told(at_work())["grid"]
    assert (grid["zone"], grid["filled"]) == ("FR", False)
    assert grid["applied_grams_per_kilowatt_hour"] == pytest.approx(51.9 * 18 / 21.7)
    assert grid["live"] == {
        "zone": "FR",
        "provider": "rte",
        "cycle": "direct",
        "grams_per_kilowatt_hour": 18.0,
        "estimated": True,
        "from": "2026-11-24T21:30:00Z",
        "until": "2026-11-24T21:45:00Z",
        "age_seconds": 905.0,
    }
    live = impacts_fixture.live(at_work().at.wall)
    ahead = replace(at_work(), intensity=replace(live, length=Duration(HOUR.nanoseconds)))
    assert told(ahead)["grid"]["live"]["age_seconds"] == 0.0


def test_without_a_zone_the_impacts_are_null_or_absent_and_the_energy_is_there() -> None:
    content = told(without_a_zone())
    nothing = dict.fromkeys(("zone", "applied_grams_per_kilowatt_hour", "filled", "fault", "live"))
    assert content["grid"] == nothing
    lacking = replace(without_a_zone(), terms_fault="there is no factor: give one")
    assert told(lacking)["grid"] == {**nothing, "fault": "there is no factor: give one"}
    day = content["periods"]["day"]
    assert day["energy_joules"] > 0
    assert [name for name in ("emissions_grams", "water_grid_liters", "cost_euros") if day[name] is not None] == []
    assert all(one["emissions_grams"] == {} for one in content["consumers"])
    told_of = impacts(without_a_zone())
    assert (told_of["terms"], told_of["unknown"]) == (None, ["zone"])
    assert told_of["periods"]["day"] == {"impact_coverage_ratio": 0.0}


def test_impacts_are_told_with_their_range_and_emissions_with_the_error_of_the_meters() -> None:
    content = impacts(at_work())
    day = content["periods"]["day"]
    energy = day["energy_joules"]["central"] / 3.6e6
    assert day["emissions_use_grams"] == pytest.approx(
        {"low": energy * 1.4 * 31, "central": energy * 1.4 * 51.9, "high": energy * 1.4 * 58}
    )
    below = (day["emissions_use_grams"]["central"] - day["emissions_use_grams"]["low"]) ** 2
    below += (day["emissions_embodied_grams"]["central"] - day["emissions_embodied_grams"]["low"]) ** 2
    assert day["emissions_grams"]["central"] - day["emissions_grams"]["low"] > below**0.5
    assert day["cost_euros"]["low"] == day["cost_euros"]["high"]
    assistant = content["consumers"][0]
    assert (assistant["key"], assistant["role"]) == ("assistant", "service")
    assert assistant["periods"]["day"].keys() | {"impact_coverage_ratio"} == day.keys()
    assert assistant["periods"]["previous_day"] == {}


def test_the_terms_are_told_with_every_field_of_their_factors() -> None:
    terms = impacts(at_work())["terms"]
    assert terms["zone"] == "FR"
    electricity = next(one for one in terms["factors"] if one["role"] == "electricity")
    assert electricity["how"] == ["older_year"]
    fields = {"role", "how", *(field.name for field in dataclass_fields(Factor)), "cycle", "boundary", "accounting"}
    assert electricity.keys() == fields - {"basis"}
    assert (electricity["value"], electricity["unit"], electricity["year"]) == (51.9, "gCO2e/kWh", 2024)
    assert (electricity["cycle"], electricity["accounting"]) == ("life_cycle", "location")
    assert electricity["address"].startswith("https://")
    assert next(one["year"] for one in terms["factors"] if one["role"] == "pue") is None
    (first, _) = terms["hardware"]
    assert (first["resource"], first["gwp"]["value"], first["lifetime"]["value"]) == ("gpu0", 273.0, 5.0)
