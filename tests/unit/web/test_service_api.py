"""What programs are told of the services' work."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from monitor.core.activity import Authority, Unit
from monitor.core.functional import Caution, Functional, Said
from monitor.web.service_api import services_as_json
from monitor.web.status import status_of
from tests.fixtures.snapshots import ABOUT, at_work, just_started, without_a_zone

if TYPE_CHECKING:
    from monitor.exposition.snapshot import Snapshot

DOCS = Path(__file__).parents[3] / "docs" / "http.md"


def told(snapshot: Snapshot) -> dict[str, Any]:
    made = services_as_json(status_of(snapshot), ABOUT, stale=False)
    content: dict[str, Any] = json.loads(json.dumps(made, allow_nan=False))
    return content


def of(snapshot: Snapshot, key: str, period: str = "year") -> dict[str, Any]:
    (service,) = (one for one in told(snapshot)["services"] if one["key"] == key)
    found: dict[str, Any] = service["periods"][period]
    return found


def test_every_service_is_there_and_those_that_tell_nothing_have_no_period() -> None:
    services = {one["key"]: one["periods"] for one in told(at_work())["services"]}
    assert set(services) == set(at_work().services)
    assert services["ollama"] == services["ocr"] == {}
    assert set(services["assistant"]) == {"day", "month", "quarter", "year"}
    assert all(one["periods"] == {} for one in told(just_started())["services"])


def test_quotients_are_those_of_the_numerators_and_denominators_beside_them() -> None:
    year = of(at_work(), "assistant")
    tokens = year["per_unit"]["1000_output_tokens"]
    assert tokens["units"] == year["activity"]["output_tokens"] / 1000
    for bound in ("low", "central", "high"):
        for name in ("energy_joules", "emissions_grams"):
            assert tokens[name][bound] * tokens["units"] == pytest.approx(year["taken"][name][bound])
    assert year["taken"]["energy_joules"]["central"] == pytest.approx(0.9 * year["energy_joules"])
    assert (year["known_ratio"], year["idle_ratio"]) == (pytest.approx(0.9), pytest.approx(0.4))
    assert tokens["energy_joules"]["central"] == pytest.approx(0.9 * 3.6e6 / (0.9 * 540))
    assert tokens["taken"] == year["taken"], "tokens were told in all hours in which anything was"


def test_what_was_done_while_nothing_was_measured_is_told_and_divides_nothing() -> None:
    year = of(at_work(), "assistant")
    assert 0 < year["measured"]["requests"] < year["activity"]["requests"]
    assert year["per_unit"]["request"]["units"] == year["measured"]["requests"]


def test_the_score_is_told_with_its_parts() -> None:
    sci = of(at_work(), "assistant", "month")["per_unit"]["request"]["sci"]
    operational = sci["energy_kilowatt_hours"] * sci["intensity_grams_per_kilowatt_hour"]
    assert sci["score_grams"] == pytest.approx((operational + sci["embodied_grams"]) / sci["functional_units"])
    assert sci["intensity_grams_per_kilowatt_hour"] == pytest.approx(51.9)
    assert told(at_work())["boundary"] == "consumer"


def test_models_are_told_apart_without_energy() -> None:
    models = of(at_work(), "assistant")["models"]
    assert [one["model"] for one in models] == ["mistral-small", "qwen3"]
    assert set(models[1]["activity"]) == {"output_tokens"}
    total = of(at_work(), "assistant")["activity"]["output_tokens"]
    assert sum(one["activity"]["output_tokens"] for one in models) == total


def test_audio_is_in_seconds_and_its_unit_is_a_minute() -> None:
    year = of(at_work(), "transcription")
    assert year["per_unit"]["audio_minute"]["units"] == pytest.approx(year["activity"]["audio_seconds"] / 60)


def test_who_is_believed_and_what_others_say_is_told() -> None:
    year = of(at_work(), "assistant")
    assert year["authorities"] == ["events"]
    (check,) = year["cross_checks"]
    assert (check["authority"], check["unit"]) == ("server", "output_tokens")
    assert check["difference"] == check["amount"] - check["counted"] > 0
    assert year["cautions"] == [Caution.IMPACTS_PARTLY_KNOWN]
    key = ("assistant", Authority.SERVER, Unit.OUTPUT_TOKENS, "year")
    far = replace(at_work(), period_said={**at_work().period_said, key: Said(beside=1)})
    assert Caution.CROSS_CHECK_DIFFERS in of(far, "assistant")["cautions"]


def test_without_a_zone_there_is_energy_and_no_emission() -> None:
    tokens = of(without_a_zone(), "assistant")["per_unit"]["1000_output_tokens"]
    assert tokens["energy_joules"]["central"] > 0
    assert (tokens["emissions_grams"], tokens["sci"]) == (None, None)


def test_work_without_energy_has_amounts_and_no_quotient() -> None:
    counted = {("assistant", "", Unit.REQUESTS, "day"): 7}
    day = of(replace(at_work(), period_activity=counted), "assistant", "day")
    assert day["activity"] == {"requests": 7}
    assert day["taken"] is None
    assert day["per_unit"] == {
        "request": {"units": 7.0, "taken": None, "energy_joules": None, "emissions_grams": None, "sci": None}
    }


def test_every_key_is_in_the_documentation() -> None:
    section = DOCS.read_text(encoding="utf-8").partition("\n## /api/v1/services\n")[2].partition("\n## ")[0]
    described = set(re.findall(r"`(?:periods\.\*|per_unit\.\*)?\.?([a-z0-9_]+)`", section))
    content = told(at_work())
    service = content["services"][0]
    period = service["periods"]["month"]
    unit = period["per_unit"]["1000_output_tokens"]
    keys = {*content, *service, *period, *period["taken"], *unit, *unit["sci"], *period["cross_checks"][0]}
    assert keys - described == set()
    assert {*Functional, *Caution, *Authority} - described == set()
