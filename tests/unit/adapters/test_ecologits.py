"""What is asked of EcoLogits and what its answers are worth: the real library, in a child of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from monitor.adapters import ecologits, ecologits_child
from monitor.adapters.ecologits import ANSWER_TOKENS, EcoLogitsFailed, Estimate, Question, estimates
from monitor.core.external import STUDY_ABOVE, Impact, Origin
from monitor.core.impact import Bounds
from monitor.core.units import Duration

ROOT = Path(__file__).parents[3]
LARGE = Question("mistralai", "mistral-large-latest", "FR")


def test_an_answer_costs_what_the_library_says_and_the_parameters_are_told() -> None:
    (found,) = estimates([LARGE])
    assert found is not None
    assert found.version.startswith("0.11.")
    # 1.15 Wh, 91 mg, 4.3 mL, 2.5 micrograms for 400 tokens in France
    watt_hours, _ = found.impacts[Impact.ENERGY]
    assert float(watt_hours) == pytest.approx(1.15 * 3.6e9, rel=0.01)
    assert float(found.impacts[Impact.GWP][0]) == pytest.approx(91_293, rel=0.01)
    assert float(found.impacts[Impact.WATER][0]) == pytest.approx(4_317, rel=0.01)
    assert float(found.impacts[Impact.ADPE][0]) == pytest.approx(2.5e6, rel=0.05)
    parameters = dict(found.parameters)
    assert (parameters["active_parameters_billions"], parameters["total_parameters_billions"]) == ("41", "675")
    assert (parameters["zone"], parameters["grid_grams_per_kilowatt_hour"]) == ("FRA", "41.44")
    assert (parameters["pue"], parameters["wue_liters_per_kilowatt_hour"], parameters["batch"]) == (
        "1.16",
        "0.09",
        "64",
    )


def test_an_unknown_model_or_provider_is_unknown_and_one_child_answers_all() -> None:
    found = estimates([Question("mistralai", "mistral-large-2411", "FR"), LARGE, Question("ovhcloud", "any", "FR")])
    assert [one is not None for one in found] == [False, True, False]


def test_without_a_zone_only_the_energy_is_known_and_it_is_that_of_any_zone() -> None:
    nowhere, here, corsica = estimates([Question("openai", "gpt-4o", zone) for zone in ("", "FR", "FR-COR")])
    assert nowhere is not None
    assert here is not None
    assert corsica is not None
    assert set(nowhere.impacts) == {Impact.ENERGY}
    assert nowhere.impacts[Impact.ENERGY] == here.impacts[Impact.ENERGY]
    assert set(here.impacts) == set(Impact)
    # a grid of its own is never described by the country's
    assert set(corsica.impacts) == {Impact.ENERGY}


def test_other_names_of_a_provider_and_parts_of_a_country_are_found() -> None:
    named, other, part, world = estimates(
        [
            LARGE,
            Question("mistral", "mistral-large-latest", "FR"),
            Question("openai", "gpt-4o", "US-CAL-CISO"),
            Question("openai", "gpt-4o", "WORLD"),
        ]
    )
    assert named == other
    assert part is not None
    assert world is not None
    assert dict(part.parameters)["zone"] == "USA"
    assert dict(world.parameters)["zone"] == "WOR"


def test_a_rate_is_for_a_million_tokens_and_as_wide_as_such_estimates_are_known_to_be() -> None:
    ends = (Fraction(400), Fraction(800))
    (rate,) = Estimate({Impact.GWP: ends}, (("zone", "FRA"),), "0.11.3").rates
    assert rate.amount == Bounds(250_000, 1_500_000, 50_000_000)
    assert (rate.origin, rate.source, rate.parameters) == (Origin.ESTIMATED, "EcoLogits 0.11.3", (("zone", "FRA"),))


def test_mistrals_own_study_lies_within_the_bounds_of_an_estimate_for_a_model_of_its_size() -> None:
    """What the upper bounds are made of: EcoLogits for 123 billion parameters, dense, against the published study."""
    code = (
        "from ecologits.impacts.llm import compute_llm_impacts as c; import json;"
        "i = c(123, 123, 400, if_electricity_mix_adpe=4.858e-8, if_electricity_mix_pe=9.31,"
        " if_electricity_mix_gwp=0.04144, if_electricity_mix_wue=3.6737, datacenter_pue=1.16, datacenter_wue=0.09);"
        "print(json.dumps([i.gwp.value * 1e3, i.wcf.value * 1e3, i.adpe.value * 1e6]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    grams, millilitres, milligrams = json.loads(done.stdout)
    ratios = {Impact.GWP: 1.14 / grams, Impact.WATER: 45 / millilitres, Impact.ADPE: 0.16 / milligrams}
    for impact, ratio in ratios.items():
        # no study above the bound, and no bound far above the study
        assert STUDY_ABOVE[impact] * 0.8 < ratio < STUDY_ABOVE[impact], (impact, ratio)


def test_it_opens_no_socket() -> None:
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1])\n"
        "def spy(event, arguments):\n"
        "    if event.startswith('socket.'): print('SOCKET', event, file=sys.stderr)\n"
        "sys.addaudithook(spy)\n"
        "from monitor.adapters.ecologits_child import answer\n"
        "print(json.dumps(answer({'tokens': 400, 'questions':"
        " [{'provider': 'openai', 'model': 'gpt-4o', 'zone': 'FR'}]})['estimates'][0]['impacts']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True, check=True)
    assert "SOCKET" not in done.stderr
    assert set(json.loads(done.stdout)) == {"energy", "gwp", "adpe", "water"}


def test_where_it_is_not_installed_the_cure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # a child that finds only what this directory has
    monkeypatch.setattr(ecologits, "environment", lambda _, home: {"HOME": home, "PYTHONPATH": str(ROOT)})
    monkeypatch.setattr(sys, "executable", getattr(sys, "_base_executable", sys.executable))
    with pytest.raises(EcoLogitsFailed, match="EcoLogits is not installed: pip install"):
        estimates([LARGE])


def test_a_child_that_does_not_answer_is_not_waited_for() -> None:
    with pytest.raises(EcoLogitsFailed, match="did not answer within 0 s: try again later"):
        estimates([LARGE], Duration.ZERO)


def test_nothing_of_it_is_loaded_here() -> None:
    code = "import sys; import monitor.adapters.ecologits; print('ecologits' in sys.modules, 'pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["False", "False"]
    assert ANSWER_TOKENS == 400


def test_the_child_answers_in_the_order_of_the_questions_and_knows_no_other_country() -> None:
    asked = [
        {"provider": "openai", "model": "gpt-4o", "zone": "XX"},
        {"provider": "openai", "model": "no-such-model", "zone": "FR"},
        {"provider": "mistralai", "model": "mistral-large-latest", "zone": "SE"},
    ]
    unknown_zone, unknown_model, known = ecologits_child.answer({"tokens": 400, "questions": asked})["estimates"]
    assert set(unknown_zone["impacts"]) == {"energy"}
    assert unknown_model is None
    assert known["parameters"]["zone"] == "SWE"
    # one model of a known size has no range, one of a guessed size has
    low, high = known["impacts"]["energy"]
    assert low == high
    low, high = unknown_zone["impacts"]["energy"]
    assert low < high
