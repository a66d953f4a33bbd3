"""`empreinte external`: lists of what was used of bought services, and what they came to."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import USAGE, Call


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


def test_lines_that_can_not_be_used_are_told_and_the_others_count(call: Call, usage: str) -> None:
    Path(usage).write_text(USAGE + "2026-02,mistral-small,1,x,1\n", encoding="utf-8")
    said = call("external", "import", usage)
    assert (said.status, said.out) == (1, "2 lines counted, 0 counted before.\n")
    assert "line 4: output_tokens is 'x'" in said.err
    Path(usage).write_text(USAGE.replace("4000", "4001"), encoding="utf-8")
    again = call("external", "import", usage)
    assert (again.status, again.out) == (1, "0 lines counted, 1 counted before.\n")
    assert "line 2: events or another list have told of its time otherwise" in again.err


def test_without_a_bought_service_the_cure_is_told(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    (place / "usage.csv").write_text(USAGE, encoding="utf-8")
    said = call("external", "import", str(place / "usage.csv"))
    assert said.status == 2
    assert "describe it in an [[external]] table" in said.err


def test_another_file_is_refused(call: Call, usage: str) -> None:
    Path(usage).write_text("name,kind\n", encoding="utf-8")
    said = call("external", "import", usage)
    assert said.status == 2
    assert "the first line has to be date,model" in said.err


@pytest.mark.parametrize("name", ["lists", "absent.csv"])
def test_what_can_not_be_read_as_a_list_is_told_with_the_cure(call: Call, usage: str, name: str) -> None:
    path = Path(usage).with_name(name)
    if name == "lists":
        path.mkdir()
    said = call("external", "import", str(path))
    assert said.status == 2
    assert f"{path} can't be read (" in said.err
    assert "name a list in CSV" in said.err


def test_the_group_alone_shows_its_help(call: Call) -> None:
    assert "import" in call("external").out
