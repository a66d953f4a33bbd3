"""`empreinte external`: lists of what was used of bought services, and what they came to."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Call

TABLES = """
[[external]]
key = "mistral-api"
name = "API de Mistral"
department = "Communication"
contract = "2026-DSI-042"
provider = "mistralai"
models = ["mistral-*"]
zone = "SE"
[[external]]
key = "others"
provider = "openai"
models = ["*"]
declared = { gwp_per_1000_output_tokens = "0.8 gCO2e", source = "Annexe 2", year = 2026 }
"""
LIST = """\
date,model,input_tokens,output_tokens,requests
2026-02,mistral-large-2411,9000,4000,10
2026-02-03,no-such-model,0,1000,1
"""


@pytest.fixture
def configured(place: Path, ledger: str) -> str:
    """Configure two bought services beside a ledger that has measured an hour."""
    file = place / "empreinte.toml"
    file.write_text(file.read_text(encoding="utf-8") + TABLES, encoding="utf-8")
    return ledger


@pytest.fixture
def usage(place: Path, configured: str) -> str:
    """Write a list of what was used; return where it is."""
    assert configured
    file = place / "usage.csv"
    file.write_text(LIST, encoding="utf-8")
    return str(file)


def shown(call: Call, period: str = "2026") -> Any:
    said = call("external", "show", period, "--json")
    assert (said.status, said.err) == (0, "")
    return json.loads(said.out)


def test_a_list_counts_once_and_is_shown_by_what_it_is_reckoned(call: Call, usage: str) -> None:
    first = call("external", "import", usage)
    assert (first.status, first.out) == (0, "2 lines counted, 0 counted before.\n")
    assert "the energy of mistral-large-2411 can't be told: EcoLogits does not know the model" in first.err
    before = shown(call)
    assert call("external", "import", usage).out == "0 lines counted, 2 counted before.\n"
    assert shown(call) == before
    mistral, others = before["services"]
    assert (mistral["name"], mistral["contract"], mistral["zone"]) == ("API de Mistral", "2026-DSI-042", "SE")
    assert mistral["activity"] == {"input_tokens": 9000, "output_tokens": 4000, "requests": 10}
    # ten times 1.14 g, half and half more of it
    assert mistral["emissions_grams"] == {"low": 5.7, "central": 11.4, "high": 17.1}
    assert (mistral["energy_joules"], mistral["methods"]) == (None, ["modelled"])
    assert others["emissions_grams"] == {"low": 0.6, "central": 0.8, "high": 1.0}
    assert others["methods"] == ["declared"]
    (study, *_), (declared,) = (basis["rates"] for basis in before["bases"])
    assert study["per_1000_output_tokens"] == {"low": 1.425, "central": 2.85, "high": 4.275}
    assert study["source"].startswith("Mistral AI with Carbone 4 and ADEME")
    assert (declared["origin"], declared["source"]) == ("declared", "Annexe 2")


def test_what_was_bought_stands_beside_the_hosts_figures_and_not_in_them(call: Call, usage: str) -> None:
    host = shown(call)["totals"]["host_emissions_grams"]
    assert host["central"] > 0
    call("external", "import", usage)
    totals = shown(call)["totals"]
    assert totals["host_emissions_grams"] == host
    assert totals["external_emissions_grams"]["central"] == 12.2
    both = totals["host_and_external_emissions_grams"]["central"]
    assert both == pytest.approx(host["central"] + 12.2, abs=1e-9)


def told(call: Call, *options: str) -> str:
    """Return what people are shown; every kind of space is one."""
    said = call("external", "show", *options)
    assert (said.status, said.err) == (0, "")
    return " ".join(said.out.split())


def test_people_see_each_service_with_its_bounds_and_who_says_so(call: Call, usage: str) -> None:
    call("external", "import", usage)
    said = told(call, "2026", "--lang", "en")
    assert "AI that is bought as an API From 2026-01-01 00:00 to 2027-01-01 00:00." in said
    assert (
        "API de Mistral (mistral-api) Communication · mistralai · contract 2026-DSI-042 · SE grid"
        " Requests 10 Input tokens 9,000 Output tokens 4,000 Electricity unknown"
        " Greenhouse gases 11.4 g CO₂e between 5.70 g and 17.1 g Water 450 mL between 225 mL and 675 mL"
        " Minerals and metals 1.60 mg Sb eq between 800 µg and 2.40 mg"
        " Modelled, after a study of the model's provider: Mistral AI with Carbone 4" in said
    )
    assert "Counted, impact unknown (electricity): 4,000 output tokens." in said
    assert "The energy of mistral-large-2411 can't be told" in said
    assert "others openai Requests 1 Input tokens 0 Output tokens 1,000 Electricity unknown" in said
    assert "Declared by the supplier: Annexe 2 (2026)" in said
    assert "12.2 g CO₂e for bought AI; together" in said


def test_people_see_it_in_french_and_what_was_not_counted(call: Call, usage: str) -> None:
    said = told(call, "2026-03", "--lang", "fr")
    assert "L'IA achetée en ligne Du 01/03/2026 00:00 au 01/04/2026 00:00." in said
    assert "réseau SE Rien n'a été compté." in said
    assert "ensemble" not in said
    call("external", "import", usage)
    said = told(call, "2026-02", "--lang", "fr")
    assert "Gaz à effet de serre 11,4 g CO₂e entre 5,70 g et 17,1 g" in said
    assert "Comptés, impact inconnu (électricité) : 4 000 jetons produits." in said


def test_a_period_before_the_host_measured_has_no_sum_with_it(call: Call, usage: str) -> None:
    Path(usage).write_text(LIST.replace("2026-02", "2025-02"), encoding="utf-8")
    call("external", "import", usage)
    assert "together: unknown, as one of the two is." in told(call, "2025", "--lang", "en")


def test_lines_that_can_not_be_used_are_told_and_the_others_count(call: Call, usage: str) -> None:
    Path(usage).write_text(LIST + "2026-02,mistral-small,1,x,1\n", encoding="utf-8")
    said = call("external", "import", usage)
    assert (said.status, said.out) == (1, "2 lines counted, 0 counted before.\n")
    assert "line 4: output_tokens is 'x'" in said.err
    Path(usage).write_text(LIST.replace("4000", "4001"), encoding="utf-8")
    again = call("external", "import", usage)
    assert (again.status, again.out) == (1, "0 lines counted, 1 counted before.\n")
    assert "line 2: events or another list have told of its time otherwise" in again.err


def test_without_a_bought_service_the_cure_is_told(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    (place / "usage.csv").write_text(LIST, encoding="utf-8")
    said = call("external", "import", str(place / "usage.csv"))
    assert said.status == 2
    assert "describe it in an [[external]] table" in said.err


def test_where_nothing_is_bought_it_is_said(call: Call, ledger: str) -> None:
    assert ledger
    assert "No bought service is configured, and none was counted" in told(call, "--lang", "en")


def test_another_file_is_refused(call: Call, usage: str) -> None:
    Path(usage).write_text("name,kind\n", encoding="utf-8")
    said = call("external", "import", usage)
    assert said.status == 2
    assert "the first line has to be date,model" in said.err


def test_the_group_alone_shows_its_help(call: Call) -> None:
    assert "import" in call("external").out
