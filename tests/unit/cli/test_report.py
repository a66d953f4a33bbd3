import json
import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.core.calendar import year_of
from monitor.ledger.store import Ledger
from monitor.report.quantities import QUANTITIES
from tests.unit.cli.conftest import WATT_HOUR, Call
from tests.unit.cli.reckoned import configure, hours, keep


def test_a_year_is_written_to_files(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    said = call("report", "--year", "2026", "--output", str(place / "out"))
    assert (said.status, said.err) == (0, "")
    names = sorted(path.name for path in (place / "out").iterdir())
    tables = json.loads((place / "out/empreinte-2026-tables.json").read_text())["tables"]
    printed = [f"empreinte-2026-table-{table['key']}.csv" for table in tables]
    assert len(printed) > 10
    assert [name for name in names if name not in printed] == [
        "empreinte-2026-activity.csv",
        "empreinte-2026-coverage.csv",
        "empreinte-2026-datapackage.json",
        "empreinte-2026-energy.csv",
        "empreinte-2026-factors.csv",
        "empreinte-2026-gaps.csv",
        "empreinte-2026-impacts.csv",
        "empreinte-2026-tables.json",
        "empreinte-2026-units.csv",
        "empreinte-2026.html",
        "empreinte-2026.json",
        "empreinte-2026.pdf",
        "empreinte-2026.xlsx",
        "empreinte-report-1.schema.json",
        "empreinte-report-tables-1.schema.json",
    ]
    assert set(printed) < set(names)
    content = json.loads((place / "out/empreinte-2026.json").read_text())
    assert content["months"][2]["services"][0]["energy"]["microjoules"] == 3 * WATT_HOUR
    about = {"organisation": "Ville de Rennes", "host": "ia-01", "version": version("empreinte")}
    assert content["about"] == about
    assert all(name in said.out for name in names)
    assert "Assistant        3.00\N{NO-BREAK SPACE}Wh" in said.out
    assert "<td>" in (place / "out/empreinte-2026.html").read_text()
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
    assert "Énergie et gaz à effet de serre de 2026" in said.out
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


def test_a_format_that_is_not_made_is_refused(call: Call, ledger: str) -> None:
    assert ledger
    said = call("report", "--year", "2026", "--format", "xml")
    assert said.status == 2
    assert "there is no format 'xml': write --format with some of html,pdf,xlsx,ods,csv,json" in said.err


def test_without_typst_no_pdf_is_written_unless_it_is_asked_for(
    call: Call, ledger: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ledger
    monkeypatch.setitem(sys.modules, "typst", None)
    assert call("report", "--year", "2026", "--output", str(place / "usual")).status == 0
    assert not list((place / "usual").glob("*.pdf"))
    assert list((place / "usual").glob("*.xlsx"))
    said = call("report", "--year", "2026", "--format", "pdf", "--output", str(place / "asked"))
    assert said.status == 3
    assert "PDF needs typst, which is not here: pip install 'empreinte[report]'" in said.err
    assert not (place / "asked").exists()


def test_every_format_of_people_is_written(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    assert call("report", "--year", "2026", "--format", "html,pdf,xlsx,ods", "--output", str(place / "out")).status == 0
    beginnings = {path.suffix: path.read_bytes()[:4] for path in (place / "out").iterdir()}
    assert beginnings == {".html": b"<!DO", ".pdf": b"%PDF", ".xlsx": b"PK\x03\x04", ".ods": b"PK\x03\x04"}


def test_a_directory_that_can_not_be_made_is_told(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    said = call("report", "--year", "2026", "--output", str(place / "empreinte.toml" / "out"))
    assert said.status == 3
    assert "Not a directory" in said.err


def test_what_services_came_to_is_the_ledgers_to_the_last_digit(call: Call, place: Path) -> None:
    config = configure(place)
    keep(config, hours())
    content = reported(call, place)
    with Ledger.read(config.ledger.url) as ledger:
        sums = ledger.sums(year_of(2026, ZoneInfo("Europe/Paris"))).impacts
    told = {
        (use["service"], name): amount["central"]
        for use in content["services"]
        for name, amount in use["impacts"].items()
        if amount is not None
    }
    for series, amount in sums.items():
        quantity = QUANTITIES[series.indicator]
        name = f"{quantity.name}_{quantity.unit}"
        assert told[series.consumer, name] == quantity.text(amount.central), series
    assert content["impact_coverage_ratio"] == 1.0
    assert content["reckoning"]["generations"] == [
        {"number": 0, "hours": "36", "made": None, "author": None, "reason": None, "factor_set": None}
    ]
    assert {factor["role"] for factor in content["reckoning"]["factors"]} >= {"electricity", "market", "price", "pue"}
    assert [asset["name"] for asset in content["reckoning"]["hardware"]] == ["H100", "the server"]


def test_it_is_said_what_all_came_to_and_how_sure_that_is(call: Call, place: Path) -> None:
    keep(configure(place), hours())
    said = call("report", "--year", "2026", "--output", str(place / "out"))
    assert "The impacts of 100% of the energy are known." in " ".join(said.out.split())
    assert re.search(r"Assistant +[\d.]+.kWh +[\d.,]+.k?g.CO₂e", said.out)


def test_without_a_zone_impacts_are_unknown_and_the_cure_is_named(call: Call, place: Path) -> None:
    keep(configure(place, "", ""), hours())
    said = call("report", "--year", "2026", "--output", str(place / "out"))
    assert "The impacts are unknown: set host.zone" in " ".join(said.out.split())
    content = json.loads((place / "out/empreinte-2026.json").read_text())
    assert set(content["impacts"].values()) == {None}
    assert content["impact_coverage_ratio"] == 0
    assert content["reckoning"]["factors"] == []


def test_a_report_names_the_generations_that_it_is_from(call: Call, place: Path) -> None:
    keep(configure(place), hours())
    file = place / "empreinte.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("pue = 1.42", "pue = 1.2"), encoding="utf-8")
    before = reported(call, place)
    assert call("restate", "2026-03-11", "--reason", "the PUE was measured", "--author", "marie").status == 0
    content = reported(call, place)
    first, second = content["reckoning"]["generations"]
    assert (first["number"], first["hours"]) == (0, "12")
    assert (second["number"], second["hours"], second["author"]) == (1, "24", "marie")
    assert second["reason"] == "the PUE was measured"
    values = [factor["value"] for factor in content["reckoning"]["factors"] if factor["role"] == "pue"]
    assert sorted(values) == ["1.2", "1.42"]
    assert content["impacts"]["emissions_kilograms"] != before["impacts"]["emissions_kilograms"]
    assert content["services"][0]["energy"] == before["services"][0]["energy"]


def reported(call: Call, place: Path) -> dict[str, Any]:
    assert call("report", "--year", "2026", "--format", "json", "--output", str(place / "out")).status == 0
    content: dict[str, Any] = json.loads((place / "out/empreinte-2026.json").read_text())
    return content


def test_a_month_is_reported_alone(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    assert call("report", "--year", "2026", "--month", "3", "--format", "json,html", "--output", str(place)).status == 0
    content = json.loads((place / "empreinte-2026-03.json").read_text())
    assert [month["month"] for month in content["months"]] == [3]
    assert "March 2026" in (place / "empreinte-2026-03.html").read_text()


def test_a_service_is_reported_alone(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    said = call("report", "--year", "2026", "--service", "assistant", "--format", "json,html", "--output", str(place))
    assert said.status == 0
    content = json.loads((place / "empreinte-2026-service-assistant.json").read_text())
    assert [one["service"] for one in content["services"]] == ["assistant"]
    assert content["scope"] == {"service": "assistant", "department": None, "site": None}
    assert "service “Assistant” alone" in (place / "empreinte-2026-service-assistant.html").read_text()


@pytest.mark.parametrize(
    ("options", "status", "expected"),
    [
        (("--month", "3", "--quarter", "1"), 2, "leave out --month or --quarter"),
        (("--service", "a", "--department", "b"), 2, "leave out --service or --department"),
        (("--department", "a", "--site", "b"), 2, "it is not known that the machine stands at 'b'"),
        (("--site", "annexe"), 2, "write `[host] site` into the configuration"),
        (("--service", "nobody"), 1, "nothing of service 'nobody'"),
        (("--department", "Nowhere"), 1, "nothing of department 'Nowhere'"),
        (("--month", "1"), 1, "no closed hour of 2026-01"),
    ],
)
def test_what_can_not_be_reported_is_refused(
    call: Call, ledger: str, options: tuple[str, ...], status: int, expected: str
) -> None:
    assert ledger
    said = call("report", "--year", "2026", *options)
    assert (said.status, expected in said.err) == (status, True)


def test_a_site_is_the_whole_ledger_of_the_machine_that_stands_there(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    configure(place, "", 'site = "hotel-de-ville"\n')
    assert call("report", "--year", "2026", "--format", "json", "--output", str(place)).status == 0
    said = call("report", "--year", "2026", "--site", "hotel-de-ville", "--format", "json,html", "--output", str(place))
    assert said.status == 0
    whole = json.loads((place / "empreinte-2026.json").read_text())
    content = json.loads((place / "empreinte-2026-site-hotel-de-ville.json").read_text())
    assert content.pop("scope") == {"service": None, "department": None, "site": "hotel-de-ville"}
    assert whole.pop("scope") == dict.fromkeys(("service", "department", "site"))
    assert content == whole
    page = (place / "empreinte-2026-site-hotel-de-ville.html").read_text()
    assert "site “hotel-de-ville”: the machine ia-01" in page


@pytest.mark.parametrize(
    ("options", "status", "expected"),
    [
        (("--site", "annexe"), 1, "write --site 'hotel-de-ville'"),
        (("--site", "hotel-de-ville", "--department", "Culture"), 2, "leave out --department or --site"),
    ],
)
@pytest.mark.usefixtures("ledger")
def test_another_site_is_refused(call: Call, place: Path, options: tuple[str, ...], status: int, expected: str) -> None:
    configure(place, "", 'site = "hotel-de-ville"\n')
    said = call("report", "--year", "2026", *options)
    assert (said.status, expected in said.err) == (status, True)


SEAL = "empreinte-2026-seal.json"


def seal(call: Call, place: Path, *options: str) -> Any:
    return call("report", "--year", "2026", "--format", "csv,json", "--output", str(place / "out"), "--seal", *options)


def test_a_sealed_report_is_verified_file_by_file(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    assert seal(call, place).status == 0
    said = call("report", "verify", str(place / "out" / SEAL))
    count = len(list((place / "out").iterdir())) - 1
    assert (said.status, said.out) == (0, f"edition 1: {count} of {count} files are as they were sealed\n")
    (place / "out/empreinte-2026.json").write_text("{}", encoding="utf-8")
    (place / "out/empreinte-2026-gaps.csv").unlink()
    said = call("report", "verify", str(place / "out" / SEAL), "--json")
    assert said.status == 1
    assert json.loads(said.out)["faults"] == {"empreinte-2026-gaps.csv": "missing", "empreinte-2026.json": "changed"}


def test_a_sealed_report_is_only_replaced_by_an_edition_that_says_why(call: Call, ledger: str, place: Path) -> None:
    assert seal(call, place).status == 0
    assert seal(call, place).status == 0, "the same figures may be written again"
    file = place / "out" / SEAL
    first = json.loads(file.read_text())
    file.write_text(json.dumps({**first, "fingerprint": "0" * 64}), encoding="utf-8")
    said = seal(call, place)
    assert (said.status, ledger != "") == (1, True)
    assert "--seal --correct REASON" in said.err
    assert json.loads(file.read_text())["fingerprint"] == "0" * 64
    assert seal(call, place, "--correct", "a meter was wrong").status == 0
    second = json.loads(file.read_text())
    assert (second["edition"], second["reason"]) == (2, "a meter was wrong")
    assert json.loads((place / "out/empreinte-2026-seal-1.json").read_text())["fingerprint"] == "0" * 64
    assert seal(call, place).status == 0
    assert json.loads(file.read_text()) == second, "the same edition, written again"


def test_files_of_the_edition_before_that_stay_are_named(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    assert seal(call, place).err == ""
    write = ("report", "--year", "2026", "--output", str(place / "out"), "--seal", "--correct", "a meter was wrong")
    said = call(*write, "--format", "csv")
    assert said.status == 0
    assert "of the edition before, and sealed no more: empreinte-2026-tables.json, empreinte-2026.json" in said.err
    assert "empreinte-2026-energy.csv" not in said.err
    assert call(*write, "--format", "csv,json").err == ""


def test_a_sealed_file_is_not_replaced_by_another_one_without_a_seal(call: Call, ledger: str, place: Path) -> None:
    assert seal(call, place).status == 0
    write = ("report", "--year", "2026", "--format", "csv", "--output", str(place / "out"))
    said = call(*write, "--lang", "fr")
    assert (said.status, ledger != "") == (1, True)
    assert "is sealed, and would become another file: write it again with --seal" in said.err
    assert call("report", "verify", str(place / "out" / SEAL)).status == 0
    assert call(*write).status == 0, "the same bytes may be written again"


@pytest.mark.parametrize(
    ("options", "status", "expected"),
    [
        (("report",), 2, "add --year"),
        (("report", "--year", "2026", "--correct", "why"), 2, "add --seal"),
        (("report", "verify", "nowhere.json"), 3, "make it, or name another place"),
    ],
)
def test_a_seal_is_asked_for_in_the_right_way(
    call: Call, ledger: str, options: tuple[str, ...], status: int, expected: str
) -> None:
    assert ledger
    said = call(*options)
    assert (said.status, expected in said.err) == (status, True)


def test_others_formats_are_written_when_asked_for(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    formats = "json,codecarbon,boamps,public-service,pcr-si,decp,dcat"
    said = call("report", "--year", "2026", "--format", formats, "--output", str(place / "out"))
    assert (said.status, said.err) == (0, "")
    assert sorted(path.name for path in (place / "out").iterdir()) == [
        "empreinte-2026-boamps-001.json",
        "empreinte-2026-dcat.jsonld",
        "empreinte-2026-decp.json",
        "empreinte-2026-eforms.json",
        "empreinte-2026-emissions.csv",
        "empreinte-2026-pcr-si.json",
        "empreinte-2026-public-service.csv",
        "empreinte-2026-tables.json",
        "empreinte-2026.json",
        "empreinte-report-1.schema.json",
        "empreinte-report-tables-1.schema.json",
    ]
    record = json.loads((place / "out/empreinte-2026-dcat.jsonld").read_text())
    assert len(record["dcat:distribution"]) == 8
    made = json.loads((place / "out/empreinte-2026-boamps-001.json").read_text())
    # three watt-hours of the machine, and what the room adds
    assert made["measures"][0]["powerConsumption"] == pytest.approx(0.003 * 1.4)


def test_a_file_is_no_directory_to_write_to(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    (place / "file").write_text("mine", encoding="utf-8")
    said = call("report", "--year", "2026", "--format", "json", "--output", str(place / "file"))
    assert (said.status, "it is a file, name a directory" in said.err) == (3, True)
    assert (place / "file").read_text() == "mine"
