"""Services that are bought as an API, as the file says it."""

from decimal import Decimal
from pathlib import Path

import pytest

from monitor.config import external
from monitor.config.quantities import WrongValueError
from monitor.config.reference import shown
from monitor.core.external import ExternalRule, Impact, Origin
from monitor.core.impact import Bounds
from tests.unit.config.test_file import faults, read

EXTERNAL = '[[external]]\nkey = "mistral-api"\nprovider = "mistralai"\nmodels = ["mistral-*", "codestral-*"]\n'
DECLARED = 'declared = { gwp_per_1000_output_tokens = "0.8 gCO2e", source = "Annexe 2", year = 2026 }\n'


def test_a_bought_service_is_read_and_only_what_is_needed_has_to_be_said(tmp_path: Path) -> None:
    (rule,) = read(tmp_path, EXTERNAL).external_rules
    assert rule == ExternalRule(
        key="mistral-api", name="mistral-api", provider="mistralai", models=("mistral-*", "codestral-*")
    )


def test_what_the_supplier_declares_is_a_rate_for_a_million_tokens_with_the_error_of_its_class(tmp_path: Path) -> None:
    text = EXTERNAL + (
        'zone = "SE"\ndepartment = "Communication"\ncontract = "2026-DSI-042"\n'
        'declared = { energy_per_1000_output_tokens = "2 Wh", gwp_per_1000_output_tokens = "800 mgCO2e",'
        ' water_per_1000_output_tokens = "40 mL", adpe_per_1000_output_tokens = "0.4 mgSbe",'
        ' source = "Annexe 2", year = 2026 }\n'
    )
    (rule,) = read(tmp_path, text).external_rules
    assert (rule.zone, rule.department, rule.contract) == ("SE", "Communication", "2026-DSI-042")
    assert {one.impact: one.amount for one in rule.declared} == {
        # 2 Wh for 1,000 are 2 kWh for a million
        Impact.ENERGY: Bounds(5_400_000_000_000, 7_200_000_000_000, 9_000_000_000_000),
        Impact.GWP: Bounds(600_000_000, 800_000_000, 1_000_000_000),
        Impact.WATER: Bounds(30_000_000, 40_000_000, 50_000_000),
        Impact.ADPE: Bounds(300_000_000_000, 400_000_000_000, 500_000_000_000),
    }
    assert {(one.origin, one.source, one.year) for one in rule.declared} == {(Origin.DECLARED, "Annexe 2", 2026)}


def test_it_is_shown_with_its_origin(tmp_path: Path) -> None:
    rows = {path: (value, origin) for path, value, origin in shown(read(tmp_path, EXTERNAL + DECLARED))}
    assert rows["external[0].provider"] == ('"mistralai"', "line 3")
    assert rows["external[0].declared"][0] == (
        '{ gwp_per_1000_output_tokens = "0.8 gCO2e", source = "Annexe 2", year = 2026 }'
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (EXTERNAL.replace('models = ["mistral-*", "codestral-*"]\n', ""), "external[0].models"),
        (EXTERNAL.replace('provider = "mistralai"\n', ""), "external[0].provider"),
        (EXTERNAL + 'declared = { source = "Annexe 2", year = 2026 }\n', "external[0].declared: nothing is declared"),
        (EXTERNAL + DECLARED.replace("0.8 gCO2e", "0.8 g"), '"0.8 gCO2e"'),
        (EXTERNAL + DECLARED.replace(", year = 2026", ""), "external[0].declared.year"),
        (EXTERNAL + 'zone = "sweden"\n', "external[0].zone"),
        (EXTERNAL * 2, "external[1].key: 'mistral-api' is already the key of another, at external[0]"),
        (
            '[[service]]\nkey = "mistral-api"\nmatch = { port = 8000 }\n' + EXTERNAL,
            "external[0].key: 'mistral-api' is already the key of a service that runs here",
        ),
    ],
)
def test_what_can_not_be_is_refused(tmp_path: Path, text: str, what: str) -> None:
    assert any(what in str(fault) for fault in faults(tmp_path, text)), faults(tmp_path, text)


def test_amounts_are_read_exactly_and_a_mistaken_unit_is_suggested() -> None:
    assert external.energy("0.0012 kWh") == Decimal("1.2")
    assert external.gases("800 mgCO2e") == external.gases("0.8 gCO2e") == Decimal("0.8")
    assert external.drink("45 mL") == Decimal("0.045")
    assert external.metals("0.16 mgSbe") == Decimal("0.00016")
    for reader, written in ((external.gases, "0.8 g"), (external.drink, "4.5 cl"), (external.energy, "1.2 W")):
        with pytest.raises(WrongValueError) as caught:
            reader(written)
        assert reader(caught.value.instead.strip('"')) > 0
