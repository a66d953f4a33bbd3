import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import WATT_HOUR, Call


def test_a_year_is_written_to_files(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    said = call("report", "--year", "2026", "--output", str(place / "out"))
    assert (said.status, said.err) == (0, "")
    names = sorted(path.name for path in (place / "out").iterdir())
    assert names == [
        "empreinte-2026-coverage.csv",
        "empreinte-2026-energy.csv",
        "empreinte-2026-gaps.csv",
        "empreinte-2026.json",
    ]
    content = json.loads((place / "out/empreinte-2026.json").read_text())
    assert content["months"][2]["services"][0]["energy"]["microjoules"] == 3 * WATT_HOUR
    assert content["about"] == {"organisation": "Ville de Rennes", "host": "ia-01"}
    assert all(name in said.out for name in names)
    assert "Assistant        3.00\N{NO-BREAK SPACE}Wh" in said.out
    assert "Other processes  1.00\N{NO-BREAK SPACE}Wh" in said.out


def test_the_same_ledger_gives_the_same_bytes(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    for name in ("one", "two"):
        assert call("report", "--year", "2026", "--output", str(place / name)).status == 0
    for path in (place / "one").iterdir():
        assert path.read_bytes() == (place / "two" / path.name).read_bytes()


def test_the_language_can_be_chosen(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    said = call("report", "--year", "2026", "--format", "csv", "--lang", "fr", "--output", str(place))
    assert "Énergie de 2026" in said.out
    assert "Autres processus" in (place / "empreinte-2026-energy.csv").read_text()
    assert not (place / "empreinte-2026.json").exists()


def test_what_was_there_is_replaced_whole(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    (place / "empreinte-2026.json").write_text("old", encoding="utf-8")
    assert call("report", "--year", "2026", "--format", "json", "--output", str(place)).status == 0
    assert json.loads((place / "empreinte-2026.json").read_text())["year"] == 2026
    assert not list(place.glob(".*partial"))


def test_a_year_of_which_nothing_is_closed_has_no_report(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    said = call("report", "--year", "2025", "--output", str(place / "out"))
    assert (said.status, said.out) == (1, "")
    assert "has no closed hour of 2025" in said.err
    assert not (place / "out").exists()


@pytest.mark.parametrize(
    ("formats", "expected"),
    [("pdf", "comes with a later version: write --format csv,json"), ("xml", "there is no format 'xml'")],
)
def test_a_format_that_is_not_made_is_refused(call: Call, ledger: str, formats: str, expected: str) -> None:
    assert ledger
    said = call("report", "--year", "2026", "--format", formats)
    assert said.status == 2
    assert expected in said.err


def test_a_directory_that_can_not_be_made_is_told(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    said = call("report", "--year", "2026", "--output", str(place / "empreinte.toml" / "out"))
    assert said.status == 3
    assert "Not a directory" in said.err
