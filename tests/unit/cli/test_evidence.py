"""A sealed folder on a contract, of a real ledger: one hour in which the assistant used 3 Wh, on 10 March 2026."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from monitor.cli.evidence import declarations_of, wrong
from monitor.core.procurement import Declared
from tests.unit.cli.test_contracts import BREACHED, CONTRACT, add

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Call

WRITE = ("contracts", "evidence", "--contract", "2026-DSI-042", "--year", "2026")
STEM = "empreinte-evidence-2026-DSI-042-2026"


@pytest.fixture
def declaration(place: Path) -> Path:
    """Return a file that the supplier has handed in, which the contract names."""
    file = place / "relevé 2026.pdf"
    file.write_bytes(b"signed")
    add(place, CONTRACT, f'declarations = ["{file}"]\n', BREACHED)
    return file


def written(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir()}


@pytest.mark.usefixtures("ledger", "declaration")
def test_the_same_ledger_gives_the_same_bytes_and_the_seal_holds(call: Call, place: Path) -> None:
    for name in ("one", "two"):
        said = call(*WRITE, "--output", str(place / name))
        assert (said.status, said.err) == (0, "")
    found = written(place / "one")
    assert found == written(place / "two")
    assert {
        f"{STEM}.html",
        f"{STEM}-declarations.csv",
        f"{STEM}-evaluations.csv",
        f"{STEM}-evaluations.json",
        f"{STEM}-factors.csv",
        f"{STEM}-seal.json",
        "declaration-1-relev-2026.pdf",
    } <= found.keys()
    told = json.loads(found[f"{STEM}-evaluations.json"])
    assert ([one["verdict"] for one in told["evaluations"]], told["clauses"][0]["threshold"]) == (["breached"], "1 Wh")
    seal = str(place / "one" / f"{STEM}-seal.json")
    assert call("report", "verify", seal).status == 0
    (place / "one" / "declaration-1-relev-2026.pdf").write_bytes(b"forged")
    said = call("report", "verify", seal)
    assert (said.status, said.out.splitlines()[0]) == (1, "declaration-1-relev-2026.pdf: changed")


@pytest.mark.usefixtures("ledger")
def test_a_declaration_that_changed_is_told_and_replaces_the_sealed_one_for_a_reason_alone(
    call: Call, place: Path, declaration: Path
) -> None:
    output = ("--output", str(place / "out"))
    assert call(*WRITE, *output).status == 0
    sealed = written(place / "out")
    declaration.write_bytes(b"another")
    said = call(*WRITE, *output)
    assert (said.status, f"has changed since ({declaration})" in said.err) == (1, True)
    assert written(place / "out") == sealed
    assert call(*WRITE, *output, "--correct", "a new declaration came in").status == 0
    assert written(place / "out")[f"{STEM}-seal-1.json"] == sealed[f"{STEM}-seal.json"]


@pytest.mark.usefixtures("ledger")
def test_a_missing_declaration_is_told_and_the_rest_is_written(call: Call, place: Path, declaration: Path) -> None:
    declaration.unlink()
    said = call(*WRITE, "--output", str(place / "out"))
    assert (said.status, said.err) == (
        1,
        f"{declaration} is missing: put it there, or take it out of the contract\n",
    )
    assert b"missing" in written(place / "out")[f"{STEM}.html"]
    assert len(wrong(declarations_of([Declared(file=str(declaration))]))) == 1


@pytest.mark.usefixtures("ledger", "declaration")
def test_contract_and_year_are_needed(call: Call) -> None:
    assert call(*WRITE[:4]).status == 2
    assert call("contracts", "evidence", "--year", "2026").status == 2


@pytest.mark.usefixtures("declaration")
def test_without_a_ledger_nothing_is_written(call: Call, place: Path) -> None:
    assert call(*WRITE, "--output", str(place / "out")).status == 3
    assert not (place / "out").exists()


@pytest.mark.usefixtures("ledger")
def test_what_a_declaration_says_stands_beside_the_hash_it_came_with(call: Call, place: Path) -> None:
    file = place / "march.pdf"
    file.write_bytes(b"signed")
    noted = hashlib.sha256(b"signed").hexdigest()
    told = f'[[contract.declaration]]\nfile = "{file}"\nreceived = 2026-04-12\nsha256 = "{noted}"\nenergy = "4.8 MWh"\n'
    event = '[[contract.event]]\nday = 2026-06-30\nkind = "amendment"\ntext = "Avenant n°1"\n'
    award = "[contract.procurement]\nnotified = 2025-12-01\nmonths = 36\n"
    add(place, CONTRACT, award, BREACHED, told, event)
    said = call(*WRITE, "--output", str(place / "out"))
    assert (said.status, said.err) == (0, "")
    found = written(place / "out")
    content = json.loads(found[f"{STEM}-evaluations.json"])
    assert content["contract"]["decp"]["dureeMois"] == 36
    assert content["contract"]["events"] == [{"day": "2026-06-30", "kind": "amendment", "text": "Avenant n°1"}]
    (declared,) = content["declarations"]
    assert (declared["energy_kwh"], declared["noted_sha256"], declared["is_another"]) == ("4800.0", noted, False)
    assert (
        f"2026-DSI-042,declaration-1-march.pdf,{noted},{noted},2026-04-12" in found[f"{STEM}-declarations.csv"].decode()
    )
    assert b"Avenant n\xc2\xb01" in found[f"{STEM}.html"]
    file.write_bytes(b"another")
    said = call(*WRITE, "--output", str(place / "other"))
    assert (said.status, f"{file} is not the file that came in" in said.err) == (1, True)
    assert b"not the file that came in" in written(place / "other")[f"{STEM}.html"]
