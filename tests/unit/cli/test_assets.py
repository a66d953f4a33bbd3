import json
import tomllib
from pathlib import Path

import pytest

from monitor.config import Surroundings, load
from tests.fixtures.machine import Machine, server
from tests.unit.cli.conftest import Call

HEADINGS = "Nom;Type;Composants - Processeur;Composants - Nombre de processeurs;Composants - Mémoire;Date d'achat"
IA_01 = "ia-01;Serveur;Intel(R) Xeon(R) Gold 6430;2;512 Gio;2024-03-14"


@pytest.fixture
def machine(place: Path) -> Machine:
    """Return a server that the configuration in force reads, with no card that a driver would name."""
    made = server(place / "host")
    file = place / "empreinte.toml"
    roots = f'sysfs = "{made.sysfs}"\nprocfs = "{made.procfs}"\n'
    file.write_text(file.read_text().replace("[paths]\n", f"[paths]\n{roots}"))
    return made


def listed(place: Path, *rows: str, encoding: str = "utf-8-sig") -> str:
    file = place / "glpi.csv"
    file.write_bytes("\r\n".join((HEADINGS, *rows)).encode(encoding))
    return str(file)


def test_what_is_found_is_shown_with_its_making_and_its_source(call: Call, machine: Machine) -> None:
    said = call("assets", "detect")
    assert said.err == ""
    out = " ".join(said.out.split())
    assert "memory 992 (560-1,888) 198 5 years 512 GB" in out
    assert "chassis 150 (75.0-225) 30.0 5 years one, as every machine has" in out
    assert f"Read in: {machine.sysfs}/firmware/dmi/entries/17-*: memory" in out
    assert "Making: BoaviztAPI 2.5.0, computed (2026): cpu, memory" in out
    assert "of which 278 kg fall in a year" in said.out


def test_it_speaks_french(call: Call, machine: Machine) -> None:
    assert machine.sysfs.is_dir()
    said = call("assets", "detect", "--lang", "fr")
    assert "Matériel dont la fabrication compte sur ia-01" in said.out
    assert "1\N{NARROW NO-BREAK SPACE}888" in said.out


def test_rounded_memory_says_so(call: Call, machine: Machine) -> None:
    for file in (machine.sysfs / "firmware/dmi/entries").iterdir():
        (file / "raw").unlink()
    assert "512 GB, rounded up" in call("assets", "detect").out


def test_programs_get_every_figure_with_its_range_and_factors(call: Call, machine: Machine) -> None:
    assert machine.sysfs.is_dir()
    said = json.loads(call("assets", "detect", "--json").out)
    memory = next(one for one in said["assets"] if one["name"] == "memory")
    assert memory["gwp_kg"] == {"low": 560.0, "central": 992.0, "high": 1888.0}
    assert memory["gwp_kg_per_year"] == 198.4
    assert memory["lifetime_years"] == 5
    assert [one["quantity"] for one in memory["factors"]] == ["hardware_gwp", "hardware_adpe", "hardware_lifetime"]
    assert all(one["source"] and one["address"] for one in memory["factors"])


def test_as_toml_it_is_what_the_configuration_reads(call: Call, machine: Machine, place: Path) -> None:
    found = call("assets", "detect", "--toml").out
    (place / "assets.toml").write_text(found)
    (place / "other.toml").write_text(f'[inventory]\ndetect = false\nfiles = ["{place}/assets.toml"]\n')
    assert len(load(Surroundings.of_this_process(), place / "other.toml").assets) == 7
    file = place / "empreinte.toml"
    before = json.loads(call("assets", "detect", "--json").out)["assets"]
    file.write_text(f'{file.read_text()}[inventory]\ndetect = false\nfiles = ["{place}/assets.toml"]\n')
    after = json.loads(call("assets", "detect", "--json").out)["assets"]
    assert {one["name"]: one["gwp_kg"] for one in after} == {one["name"]: one["gwp_kg"] for one in before}
    assert machine.sysfs.is_dir()


def test_what_is_not_counted_is_told_with_the_cure_and_status_1(call: Call, machine: Machine) -> None:
    machine.processors(flags="fpu hypervisor")
    said = call("assets", "detect")
    assert said.status == 1
    assert "Not counted" in said.out
    assert "Cure: give the physical machine's as [[asset]]" in said.out
    assert call("assets", "detect", "--toml").out.startswith("# not counted: this is a virtual machine")


def test_an_asset_that_can_not_be_used_is_told_with_close_ones(call: Call, machine: Machine, place: Path) -> None:
    assert machine.sysfs.is_dir()
    file = place / "empreinte.toml"
    file.write_text(
        f'{file.read_text()}[[asset]]\nname = "card"\nkind = "gpu"\nmodel = "nvidia-t40"\nresource = "gpu0"\n'
    )
    said = call("assets", "detect")
    assert said.status == 2
    assert "the asset card: there is no model nvidia-t40 in 2026-11: did you mean nvidia-t4" in said.err


def test_two_forms_at_once_are_refused(call: Call) -> None:
    said = call("assets", "detect", "--json", "--toml")
    assert (said.status, said.err) == (2, "empreinte: give either --json or --toml\n")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp1252"])
def test_a_computer_of_glpis_list_is_imported_to_a_file(call: Call, place: Path, encoding: str) -> None:
    file = listed(place, IA_01, "pc-7;Portable;;;;", encoding=encoding)
    said = call("assets", "import", file, "--output", str(place / "assets.toml"))
    assert (said.status, said.err) == (0, "")
    assert "has 5 assets; 1 other computers of the list were left out" in said.out
    assets = tomllib.loads((place / "assets.toml").read_text())["asset"]
    assert [one["model"] for one in assets] == [
        "intel-xeon-gold-6430",
        "memory",
        "mainboard",
        "power_supply",
        "chassis",
    ]


def test_imported_assets_count_in_place_of_what_is_detected(call: Call, machine: Machine, place: Path) -> None:
    assert machine.sysfs.is_dir()
    call("assets", "import", listed(place, IA_01), "--output", str(place / "assets.toml"))
    file = place / "empreinte.toml"
    file.write_text(f'{file.read_text()}[inventory]\nfiles = ["{place}/assets.toml"]\n')
    found = json.loads(call("assets", "detect", "--json").out)["assets"]
    bought = {one["name"]: one["bought"] for one in found}
    assert bought == {
        **dict.fromkeys(
            [f"ia-01: {part}" for part in ("cpu", "memory", "mainboard", "power_supply", "chassis")], "2024-03-14"
        ),
        "ssd nvme0n1": None,
        "hdd sda": None,
    }


def test_without_a_file_the_assets_are_printed_and_what_is_to_be_looked_at_is_not_among_them(
    call: Call, place: Path
) -> None:
    said = call("assets", "import", listed(place, "x;y", IA_01.replace(";2;", ";;")))
    assert said.status == 0
    assert len(tomllib.loads(said.out)["asset"]) == 5
    assert said.out.startswith("# ia-01, from GLPI's list glpi.csv\n")
    assert "glpi.csv, line 2: it has 2 cells" in said.err
    assert "glpi.csv, line 3: it is counted with one processor" in said.err


def test_a_row_that_can_not_be_used_ends_with_status_1(call: Call, place: Path) -> None:
    said = call("assets", "import", listed(place, "ia-01;Machine virtuelle;;;;"))
    assert (said.status, said.out) == (1, "")
    assert "line 2: it is a virtual machine" in said.err


def test_another_computer_can_be_named(call: Call, place: Path) -> None:
    file = listed(place, IA_01.replace("ia-01", "ia-02"))
    assert 'name = "ia-02: cpu"' in call("assets", "import", file, "--host", "ia-02").out
    said = call("assets", "import", file)
    assert said.status == 2
    assert (
        "there is no computer ia-01 among the 1 of the list: name it with --host, for example --host ia-02" in said.err
    )


def test_a_file_of_another_kind_is_told_in_one_sentence(call: Call, place: Path) -> None:
    (place / "glpi.xlsx").write_bytes(b"PK\x03\x04")
    said = call("assets", "import", str(place / "glpi.xlsx"))
    assert said.status == 2
    assert "is an Excel or OpenDocument file, not CSV: in GLPI, open the list of computers" in said.err
    assert said.err.count("\n") == 1


def test_a_file_that_is_not_there_is_told(call: Call, place: Path) -> None:
    said = call("assets", "import", str(place / "none.csv"))
    assert said.status == 3
    assert "none.csv: No such file or directory" in said.err


def test_what_somebody_may_have_completed_is_not_written_over(call: Call, place: Path) -> None:
    (place / "assets.toml").write_text("mine")
    said = call("assets", "import", listed(place, IA_01), "--output", str(place / "assets.toml"))
    assert said.status == 2
    assert (place / "assets.toml").read_text() == "mine"


def test_alone_it_shows_its_help(call: Call) -> None:
    assert "detect" in call("assets").out
