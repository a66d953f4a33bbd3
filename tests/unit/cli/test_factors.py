import json
from pathlib import Path

import pytest

from monitor.factors.loading import NEWEST, shipped
from tests.unit.cli.conftest import Call
from tests.unit.factors.test_loading import OWN


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "own.toml"
    file.write_text(OWN, encoding="utf-8")
    return file


def test_all_factors_are_listed_with_figure_range_and_unit(call: Call) -> None:
    said = call("factors", "list")
    assert said.status == 0
    lines = {line.split()[-1]: line.split() for line in said.out.splitlines() if "/" in line}
    assert lines["electricity/FR/ademe/2024"][:5] == ["51.9", "31", "to", "58.0", "gCO2e/kWh"]
    assert {factor.key for factor in shipped().factors} <= set(lines)


def test_one_quantity_can_be_asked_for(call: Call) -> None:
    said = call("factors", "list", "--quantity", "pue", "--json")
    told = json.loads(said.out)
    assert told["set"] == NEWEST
    assert [factor["key"] for factor in told["factors"]] == ["pue/datacentre", "pue/server_room", "pue/office"]


def test_a_zone_is_told_what_it_gets_how_and_what_else_there_is(call: Call) -> None:
    said = call("factors", "list", "--zone", "US-CA", "--quantity", "electricity", "--day", "2025-06-01")
    assert said.status == 0
    page = " ".join(said.out.split())
    assert "What US-CA gets on 2025-06-01" in page
    assert "383.5492 383.5492 to 420 gCO2e/kWh electricity/US/ember/2024" in page
    assert "none of this year: it is the newest before; There is none for this part of the country" in page
    alone = call("factors", "list", "--zone", "FR", "--quantity", "electricity", "--day", "2024-06-01").out
    assert alone.index("electricity/FR/ademe/2024") < alone.index("What else") < alone.index("electricity/FR/rte/2024")
    assert "It is for this zone and this time" in alone


def test_programs_get_the_choice_as_json(call: Call) -> None:
    told = json.loads(call("factors", "list", "--zone", "FR-974", "--day", "2026-11-25", "--json").out)
    chosen = {one["quantity"]: one for one in told["chosen"]}
    assert chosen["electricity"]["how"] == ["older_year"]
    assert chosen["electricity"]["factor"]["value"] == 208
    assert chosen["electricity"]["factor"]["valid_from"] == "2025-01-01"
    assert chosen["electricity"]["factor"]["valid_to"] is None
    assert "no water factor of RE" in chosen["water"]["error"]
    assert "[factors] files" in chosen["water"]["cure"]
    assert {one["provider"] for one in told["others"]} == {"electricity_maps", "ember"}


def test_a_zone_without_electricity_is_answered_with_no_and_the_cure(call: Call) -> None:
    said = call("factors", "list", "--zone", "WF")
    assert said.status == 1
    assert "None: there is no electricity factor of WF" in said.out
    assert "Cure: give one in a file of your own" in said.out


def test_what_is_no_zone_is_wrong_use(call: Call) -> None:
    said = call("factors", "list", "--zone", "FRA")
    assert (said.status, said.out) == (2, "")
    assert said.err == "empreinte: FRA is no zone: did you mean FR?\n"
    assert call("factors", "list", "--zone", "FR", "--day", "today").status == 2


def test_a_country_that_the_set_lacks_is_looked_up_in_codecarbons_table(call: Call) -> None:
    told = json.loads(call("factors", "list", "--zone", "JP", "--quantity", "electricity", "--json").out)
    assert told["set"].startswith(f"{NEWEST}+codecarbon-")
    assert told["chosen"][0]["factor"]["provider"] == "codecarbon"
    assert "alternative_source" in told["chosen"][0]["how"]


def test_ones_own_file_wins_and_is_marked(call: Call, own: Path) -> None:
    said = call("factors", "list", "--zone", "FR", "--day", "2026-05-01", "--file", str(own))
    assert "electricity/FR/our-supplier/2026 *" in said.out
    assert said.out.index("our-supplier") < said.out.index("What else")


def test_files_and_provider_of_the_configuration_count(call: Call, own: Path, place: Path) -> None:
    configured = place / "empreinte.toml"
    before = configured.read_text(encoding="utf-8")
    configured.write_text(f'{before}[factors]\nfiles = ["{own}"]\n', encoding="utf-8")
    assert "our-supplier/2026 *" in call("factors", "list", "--zone", "FR", "--day", "2026-05-01").out
    configured.write_text(f'{before}[factors]\nprovider = "ember"\n', encoding="utf-8")
    told = json.loads(call("factors", "list", "--zone", "FR", "--json").out)
    assert told["chosen"][0]["factor"]["provider"] == "ember"


def test_french_is_written_as_french_is(call: Call) -> None:
    said = call("factors", "list", "--zone", "FR", "--day", "2024-05-01", "--lang", "fr").out
    assert "Facteurs de FR" in said
    assert "51,9  31 à 58,0  gCO2e/kWh" in said


def test_one_factor_is_shown_with_all_that_defends_it(call: Call) -> None:
    said = " ".join(call("factors", "show", "primary_energy/FR/legal/2021").out.split())
    for part in ("2.3 kWh/kWh", "from 2021-07-01 to 2025-12-31", "Order of 31 March 2021", "official text", NEWEST):
        assert part in said
    told = json.loads(call("factors", "show", "electricity/FR/rte/2024", "--json").out)
    assert (told["value"], told["cycle"], told["year"]) == (21.7, "direct", 2024)


def test_a_factor_that_is_not_there_is_told_the_closest(call: Call) -> None:
    said = call("factors", "show", "electricity/FR/ademe/2030")
    assert said.status == 1
    assert "did you mean electricity/FR/ademe/20" in said.err


def test_a_right_file_is_said_to_be_right(call: Call, own: Path) -> None:
    said = call("factors", "check", str(own))
    assert said.status == 0
    assert said.out.startswith(f"They are right. Factors of your own: 1; they come before the others of {NEWEST}+")
    assert "No file of your own is configured" in call("factors", "check").out


def test_everything_that_is_wrong_with_a_file_is_printed(call: Call, own: Path) -> None:
    own.write_text(OWN.replace("low = 11", "low = 15").replace('"FR"', '"FRA"'), encoding="utf-8")
    said = call("factors", "check", str(own))
    assert said.status == 1
    assert said.out.splitlines()[-1] == "2 faults: nothing of these files can be used (docs/factors.md)."
    assert call("factors", "list", "--file", str(own)).status == 2


def test_alone_it_explains_itself(call: Call) -> None:
    assert "check" in call("factors").out
