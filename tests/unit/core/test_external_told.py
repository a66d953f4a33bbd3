"""What bought services did and cost, as plain values: apart from the host, and together by name."""

from __future__ import annotations

from monitor.core.activity import Unit
from monitor.core.external import Claim, ExternalRule, ExternalUse, Impact, Origin
from monitor.core.external_told import apart_and_together, service_told, use_told
from monitor.core.impact import Bounds

USE = ExternalUse(
    counts={Unit.REQUESTS: 3, Unit.OUTPUT_TOKENS: 1200},
    impacts={Impact.GWP: Bounds(1_000_000, 2_000_000, 50_000_000)},
    unknown={Impact.ENERGY: 1200, Impact.GWP: 200},
    claims=frozenset({Claim(Origin.ESTIMATED, "EcoLogits 0.11.3", 2026), Claim(Origin.DECLARED, "Annexe 2", 2025)}),
    missing=frozenset({"set the zone"}),
)
HOST = Bounds(8_000_000, 10_000_000, 12_000_000)


def test_the_two_scopes_are_told_apart_and_their_sum_has_a_name_of_its_own() -> None:
    assert apart_and_together(HOST, USE) == {
        "host_emissions_grams": {"low": 8.0, "central": 10.0, "high": 12.0},
        "external_emissions_grams": {"low": 1.0, "central": 2.0, "high": 50.0},
        "host_and_external_emissions_grams": {"low": 9.0, "central": 12.0, "high": 62.0},
        "output_tokens_not_in_it": 200,
    }


def test_a_sum_with_an_unknown_part_is_unknown_and_nothing_bought_is_nothing() -> None:
    unknown = ExternalUse(counts={Unit.OUTPUT_TOKENS: 5}, unknown={Impact.GWP: 5})
    assert apart_and_together(HOST, unknown)["host_and_external_emissions_grams"] is None
    assert apart_and_together(None, USE)["host_and_external_emissions_grams"] is None
    alone = apart_and_together(HOST, None)
    assert alone["host_and_external_emissions_grams"] == alone["host_emissions_grams"]
    assert alone["external_emissions_grams"] is None


def test_what_is_unknown_is_none_and_says_of_how_many_tokens() -> None:
    assert use_told(USE) == {
        "activity": {"output_tokens": 1200, "requests": 3},
        "energy_joules": None,
        "emissions_grams": {"low": 1.0, "central": 2.0, "high": 50.0},
        "water_liters": None,
        "abiotic_resources_grams": None,
        "methods": ["declared", "modelled"],
        "origins": ["declared", "estimated"],
        "claims": [
            {"origin": "declared", "source": "Annexe 2", "year": 2025},
            {"origin": "estimated", "source": "EcoLogits 0.11.3", "year": 2026},
        ],
        "output_tokens_without": {"energy_joules": 1200, "emissions_grams": 200},
        "missing": ["set the zone"],
    }


def test_a_service_that_is_not_configured_any_more_keeps_its_key() -> None:
    assert service_told("old", None)["name"] == "old"
    rule = ExternalRule(key="api", name="API", provider="openai", models=("*",), contract="42")
    assert service_told("api", rule) == {
        "key": "api",
        "name": "API",
        "provider": "openai",
        "department": "",
        "contract": "42",
        "zone": None,
    }
