from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from monitor.config import Surroundings, load
from monitor.config.impact_tables import AssetKind, AssetTable
from monitor.inventory.assets import made
from monitor.inventory.csv_list import ListError
from monitor.inventory.glpi import Imported, import_list
from monitor.inventory.models import Models, shipped_models
from monitor.inventory.writing import asset_file
from tests.fixtures.factors import shipped_factors

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.core.embodied import Asset

FRENCH = (
    "Nom;Entité;Statut;Fabricant;Numéro de série;Type;Modèle;Lieu;Dernière modification;Composants - Processeur;"
    "Composants - Nombre de processeurs;Composants - Mémoire;Composants - Disque dur : Type;"
    "Composants - Disque dur : Capacité par défaut;Composants - Carte graphique;"
    "Informations financières et administratives - Date d'achat"
)
IA_01 = {
    "Nom": "ia-01",
    "Entité": "Ville de Rennes > DSI",
    "Type": "Serveur",
    "Modèle": "PowerEdge R760xa",
    "Composants - Processeur": "Intel(R) Xeon(R) Gold 6430",
    "Composants - Nombre de processeurs": "2",
    "Composants - Mémoire": "512 Gio",
    "Composants - Disque dur : Type": "SSD",
    "Composants - Disque dur : Capacité par défaut": "6.98 Tio",
    "Composants - Carte graphique": "Matrox G200eW3<br>NVIDIA Corporation GH100 [H100 PCIe]",
    "Informations financières et administratives - Date d'achat": "14-03-2024",
}


def exported(*rows: dict[str, str], headings: str = FRENCH, separator: str = ";", end: str = "\r\n") -> str:
    """Return a list as GLPI exports it: every cell in quotes."""
    names = headings.split(";")
    lines = [names, *([row.get(name, "") for name in names] for row in rows)]
    return "".join(separator.join('"' + cell.replace('"', '""') + '"' for cell in line) + end for line in lines)


@pytest.fixture(scope="module")
def models() -> Models:
    return shipped_models()


def taken(models: Models, text: str | bytes, host: str = "ia-01") -> Imported:
    return import_list(text if isinstance(text, bytes) else text.encode("utf-8-sig"), host, models)


def with_cells(**cells: str) -> dict[str, str]:
    names = {
        "processor": "Composants - Processeur",
        "number": "Composants - Nombre de processeurs",
        "memory": "Composants - Mémoire",
        "kind": "Composants - Disque dur : Type",
        "capacity": "Composants - Disque dur : Capacité par défaut",
        "card": "Composants - Carte graphique",
        "bought": "Informations financières et administratives - Date d'achat",
        "type": "Type",
        "model": "Modèle",
        "name": "Nom",
    }
    return IA_01 | {names[name]: cell for name, cell in cells.items()}


def brief(found: Imported) -> list[tuple[str, str, int, Decimal | None]]:
    return [(one.name.removeprefix("ia-01: "), one.model, one.count, one.capacity) for one in found.tables]


def said(found: Imported) -> str:
    return "\n".join(f"{one.line}: {one.what}: {one.cure}" for one in found.remarks)


def test_a_server_of_the_list_becomes_its_parts(models: Models) -> None:
    found = taken(models, exported({"Nom": "pc-42", "Type": "Portable"}, IA_01))
    assert brief(found) == [
        ("cpu", "intel-xeon-gold-6430", 2, None),
        ("memory", "memory", 1, Decimal(512)),
        ("ssd", "ssd", 1, Decimal(7675)),
        ("mainboard", "mainboard", 1, None),
        ("power_supply", "power_supply", 1, None),
        ("chassis", "chassis", 1, None),
        ("gpu0", "nvidia-h100-pcie-80gb", 1, None),
    ]
    assert {one.bought for one in found.tables} == {date(2024, 3, 14)}
    assert found.others == 1


def test_what_is_imported_is_what_the_configuration_reads(models: Models, tmp_path: Path) -> None:
    found = taken(models, exported(IA_01))
    (tmp_path / "assets.toml").write_text(asset_file(found.tables, ["From GLPI"]), encoding="utf-8")
    (tmp_path / "empreinte.toml").write_text(f'[inventory]\nfiles = ["{tmp_path}/assets.toml"]\n', encoding="utf-8")
    read = load(Surroundings.of_this_process(), tmp_path / "empreinte.toml").assets
    assert [reckoned(one) for one in read] == [reckoned(one) for one in found.tables]
    assert len(read) == 7


def reckoned(table: AssetTable) -> Asset:
    return made(table, shipped_factors(), Decimal(1))


def test_headings_may_be_english_and_parted_by_commas(models: Models) -> None:
    headings = (
        "Name;Status;Manufacturer;Type;Model;Components - Processor;Components - Processors number;Components - Memory;"
        "Components - Hard drive: Type;Components - Hard drive: Capacity by default;"
        "Financial and administrative information - Date of purchase"
    )
    row = {
        "Name": "IA-01.ville.fr",
        "Components - Processor": "AMD EPYC 9354 32-Core Processor",
        "Components - Processors number": "2",
        "Components - Memory": "1 TiB",
        "Components - Hard drive: Type": "HDD",
        "Financial and administrative information - Date of purchase": "2023-11-02 00:00",
    }
    found = taken(models, exported(row, headings=headings, separator=",", end="\n"))
    assert brief(found)[:3] == [
        ("cpu", "amd-epyc-9354", 2, None),
        ("memory", "memory", 1, Decimal(1024)),
        ("hdd", "hdd", 1, None),
    ]
    assert found.tables[0].bought == date(2023, 11, 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
def test_any_usual_encoding_is_read(models: Models, encoding: str) -> None:
    found = taken(models, exported(IA_01).encode(encoding))
    assert len(found.tables) == 7


def test_an_older_list_with_a_separator_at_the_end_of_each_line_is_read(models: Models) -> None:
    found = taken(models, exported(IA_01, end=";\r\n"))
    assert len(found.tables) == 7


def test_a_cell_may_have_several_lines_and_the_line_told_is_where_its_row_begins(models: Models) -> None:
    other = with_cells(name="pc-1", processor="A\nB\nC")
    found = taken(models, exported(other, with_cells(card="NVIDIA L4\nNVIDIA T1000")))
    assert ("gpu0", "nvidia-l4", 1, None) in brief(found)
    assert "5: there is no figure for the card NVIDIA T1000" in said(found)


def test_a_row_with_another_number_of_cells_is_told_with_its_line(models: Models) -> None:
    text = exported(IA_01) + '"pc-2";"x"\r\n' + exported(with_cells(name="pc-3")).splitlines()[1] + "\r\n"
    found = taken(models, text)
    assert "3: it has 2 cells, and the headings are 16; the row is left out" in said(found)
    assert found.others == 1


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("14-03-2024", date(2024, 3, 14)),
        ("14/03/2024", date(2024, 3, 14)),
        ("2024-03-14", date(2024, 3, 14)),
        ("14-03-2024 10:15", date(2024, 3, 14)),
        ("04-04-2024", date(2024, 4, 4)),
    ],
)
def test_dates_are_read_as_glpi_writes_them(models: Models, written: str, day: date) -> None:
    found = taken(models, exported(with_cells(bought=written)))
    assert {one.bought for one in found.tables} == {day}
    assert "date" not in said(found)


def test_a_list_whose_dates_have_the_month_first_is_read_so(models: Models) -> None:
    text = exported(with_cells(bought="03-04-2024"), with_cells(name="pc-1", bought="03-25-2024"))
    assert taken(models, text).tables[0].bought == date(2024, 3, 4)


def test_a_date_that_could_be_either_is_told(models: Models) -> None:
    found = taken(models, exported(with_cells(bought="03-04-2024")))
    assert found.tables[0].bought == date(2024, 4, 3)
    assert "03-04-2024 is taken for day, month, year" in said(found)


@pytest.mark.parametrize("written", ["31-02-2024", "0000-00-00", "soon", "14-03-24"])
def test_what_is_no_date_is_told_and_nothing_stands_in(models: Models, written: str) -> None:
    found = taken(models, exported(with_cells(bought=written)))
    assert {one.bought for one in found.tables} == {None}
    assert f"{written} is no date" in said(found)


def test_without_a_date_of_purchase_that_is_told(models: Models) -> None:
    assert "when it was bought is not known" in said(taken(models, exported(with_cells(bought=""))))


def test_equal_processors_are_listed_once_and_that_is_told(models: Models) -> None:
    found = taken(models, exported(with_cells(number="")))
    assert brief(found)[0] == ("cpu", "intel-xeon-gold-6430", 1, None)
    assert "GLPI lists equal ones once" in said(found)


def test_a_processor_of_another_model_has_the_range_of_any(models: Models) -> None:
    found = taken(models, exported(with_cells(processor="Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz")))
    assert brief(found)[0] == ("cpu", "cpu", 2, None)


@pytest.mark.parametrize(
    ("written", "capacity"),
    [("512 Gio", 512), ("524288 Mio", 512), ("524288", 512), ("1,5 Tio", 1536), ("64 Go", 64), ("1 024 Gio", 1024)],
)
def test_memory_is_read_in_glpis_units(models: Models, written: str, capacity: int) -> None:
    found = taken(models, exported(with_cells(memory=written)))
    assert brief(found)[1] == ("memory", "memory", 1, Decimal(capacity))


def test_several_modules_are_summed(models: Models) -> None:
    assert brief(taken(models, exported(with_cells(memory="64 Gio<br>64 Gio"))))[1][3] == 128


def test_memory_that_says_no_size_is_told(models: Models) -> None:
    found = taken(models, exported(with_cells(memory="DDR5")))
    assert not any(one.kind is AssetKind.MEMORY for one in found.tables)
    assert "DDR5 does not say how much memory it has" in said(found)


@pytest.mark.parametrize(
    ("kind", "capacity", "reason"),
    [
        ("SSD<br>HDD", "4 Tio", "which of its disks are SSDs is not known"),
        ("", "4 Tio", "which of its disks are SSDs is not known"),
        ("SSD", "", "how large its SSDs are is not known"),
        ("SSD", "much", "how large its SSDs are is not known"),
    ],
)
def test_disks_that_are_not_known_well_enough_are_left_out_and_told(
    models: Models, kind: str, capacity: str, reason: str
) -> None:
    found = taken(models, exported(with_cells(kind=kind, capacity=capacity)))
    assert not any(one.kind in {AssetKind.SSD, AssetKind.HDD} for one in found.tables)
    assert reason in said(found)


@pytest.mark.parametrize("card", ["NVIDIA GeForce RTX 4090", "NVIDIA Corporation AD102 [GeForce RTX 4090]"])
def test_an_unknown_card_is_told_and_nothing_similar(models: Models, card: str) -> None:
    found = taken(models, exported(with_cells(card=card)))
    assert not any(one.kind is AssetKind.GPU for one in found.tables)
    assert f"there is no figure for the card {card}" in said(found)


def test_a_chip_that_shows_pictures_is_a_part_of_the_mainboard(models: Models) -> None:
    found = taken(models, exported(with_cells(card="ASPEED AST2600\nIntel(R) UHD Graphics 770")))
    assert "card" not in said(found)


def test_equal_cards_are_listed_once_and_that_is_told(models: Models) -> None:
    assert "`nvidia-smi -L`" in said(taken(models, exported(IA_01)))


def test_a_known_model_stands_for_a_server_without_components(models: Models) -> None:
    row = {"Nom": "ia-01", "Fabricant": "Dell Inc.", "Modèle": "PowerEdge R740"}
    assert brief(taken(models, exported(row))) == [("server", "dell-poweredge-r740", 1, None)]


def test_a_row_that_can_not_be_used_says_why(models: Models) -> None:
    found = taken(models, exported({"Nom": "ia-01", "Modèle": "PowerEdge R9999"}))
    assert found.tables == ()
    assert "2: it has neither processors nor memory, nor a model" in said(found)


@pytest.mark.parametrize("cells", [{"type": "Machine virtuelle"}, {"type": "VMware"}, {"model": "KVM"}])
def test_a_virtual_machine_has_no_hardware_of_its_own(models: Models, cells: dict[str, str]) -> None:
    found = taken(models, exported(with_cells(**cells)))
    assert found.tables == ()
    assert "it is a virtual machine" in said(found)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (b" \r\n", "the file is empty"),
        (b"PK\x03\x04rest", "an Excel or OpenDocument file, not CSV"),
        (b"\xd0\xcf\x11\xe0rest", "an old Excel file"),
        (b"%PDF-1.7", "a PDF"),
        (b'{"a": 1}', "JSON"),
        (b"<!doctype html>", "HTML"),
        (b"Nom;Type\x00\x00", "the file is no text"),
        (b"date;kWh\n2026-01-01;12\n", "not the headings of GLPI's list of computers: date, kWh"),
        ("Nom;Prénom;Service\nDupont;Jean;DSI\n".encode(), "not the headings"),
        (b"Nom;Type;Statut\n", "the list has headings and no computer"),
        (b'Nom;Type\n"' + b"x" * 200_000 + b'";y\n', "line 2 is no CSV"),
    ],
)
def test_a_file_of_another_kind_is_told_for_what_it_is(models: Models, content: bytes, what: str) -> None:
    with pytest.raises(ListError) as caught:
        taken(models, content)
    assert what in caught.value.what
    assert caught.value.cure


def test_a_host_that_is_not_in_the_list_is_told_with_close_ones(models: Models) -> None:
    with pytest.raises(ListError, match=r"no computer ia-02 among the 2 .*--host ia-01"):
        taken(models, exported(IA_01, with_cells(name="zz")), "ia-02")


def test_a_host_that_stands_twice_is_told(models: Models) -> None:
    with pytest.raises(ListError, match=r"ia-01 stands in the list 2 times \(lines 2, 3\)"):
        taken(models, exported(IA_01, IA_01))


def test_odd_names_are_written_so_that_they_can_be_read() -> None:
    table = AssetTable(name='a "b" \\ é\n', kind=AssetKind.CPU, model="cpu", count=2)
    text = asset_file([table], ["one", "two"])
    assert text.startswith("# one\n# two\n")
    assert tomllib.loads(text)["asset"] == [{"name": 'a "b" \\ é\n', "kind": "cpu", "model": "cpu", "count": 2}]
