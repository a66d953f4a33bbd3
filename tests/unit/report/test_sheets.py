import csv
import io
from pathlib import Path

from monitor.config import Language
from monitor.core.entries import ServiceFacts
from monitor.report.model import make
from monitor.report.sheets import ACTIVITY, COVERAGE, ENERGY, FACTORS, GAPS, IMPACTS, UNITS, sheets
from monitor.wording import words
from tests.unit.report.test_model import OTHER, books, row

FRENCH = words("monitor.report", Language.FRENCH)
DOCS = Path(__file__).parents[3] / "docs"


def lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_each_line_is_one_fact_with_its_unit() -> None:
    files = sheets(make(books(row(1, 3_600_000_000_000), row(1, 5, facts=OTHER))), FRENCH)
    assert lines(files["empreinte-2026-energy.csv"]) == [
        {
            "year": "2026",
            "month": "1",
            "service": "assistant",
            "service_name": "Assistant",
            "department": "Communication",
            "contract": "2026-DSI-042",
            "resource": "package",
            "share": "active",
            "method": "counter",
            "method_name": "mesuré",
            "energy_microjoules": "3600000000000",
            "energy_kilowatt_hours": "1.000000",
        },
        {
            "year": "2026",
            "month": "1",
            "service": "_other",
            "service_name": "Autres processus",
            "department": "",
            "contract": "",
            "resource": "package",
            "share": "active",
            "method": "counter",
            "method_name": "mesuré",
            "energy_microjoules": "5",
            "energy_kilowatt_hours": "0.000000",
        },
    ]


def test_what_was_measured_and_what_was_missed_have_files_of_their_own() -> None:
    files = sheets(make(books()), FRENCH)
    coverage = lines(files["empreinte-2026-coverage.csv"])
    assert [(line["month"], line["coverage_ratio"]) for line in coverage] == [("1", "1.000000"), ("2", "0.148810")]
    gaps = lines(files["empreinte-2026-gaps.csv"])
    assert gaps[1] == {
        "resource": "package",
        "start": "2026-02-02T00:00:00Z",
        "end": "2026-02-03T00:00:00Z",
        "seconds": "86400.000",
        "cause": "daemon_down",
    }


def test_the_same_report_gives_the_same_bytes() -> None:
    rows = (row(1, 5), row(2, 7))
    assert sheets(make(books(*rows)), FRENCH) == sheets(make(books(*reversed(rows))), FRENCH)


def test_a_name_is_not_taken_for_a_formula() -> None:
    trap = ServiceFacts("trap", "=HYPERLINK(1)", "@SUM")
    line = lines(sheets(make(books(row(1, 5, facts=trap))), FRENCH)["empreinte-2026-energy.csv"])[0]
    assert (line["service_name"], line["department"]) == ("'=HYPERLINK(1)", "'@SUM")


def test_every_column_is_documented() -> None:
    page = (DOCS / "report.md").read_text(encoding="utf-8")
    for name, meaning in (*ENERGY, *IMPACTS, *ACTIVITY, *UNITS, *FACTORS, *COVERAGE, *GAPS):
        assert f"| `{name}` | {meaning} |" in page, name
