import json
from typing import Any

from monitor.config import Language
from monitor.core.entries import Share
from monitor.report.model import make
from monitor.report.opendata import opendata
from monitor.wording import words
from tests.unit.report.test_model import OTHER, books, row

ENGLISH = words("monitor.report", Language.ENGLISH)
ABOUT = {"organisation": "Ville de Rennes", "siret": ""}


def content(*rows: Any) -> dict[str, Any]:
    files = opendata(make(books(*rows)), ABOUT, ENGLISH)
    loaded: dict[str, Any] = json.loads(files["empreinte-2026.json"])
    return loaded


def test_it_says_what_it_is_and_how_far_it_goes() -> None:
    said = content(row(1, 5))
    assert (said["format"], said["version"], said["year"]) == ("empreinte-report", 1, 2026)
    assert (said["start"], said["end"]) == ("2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z")
    assert (said["closed_through"], said["complete"]) == ("2026-03-01T00:00:00Z", False)
    assert said["simulated"] is False
    assert said["about"] == {"organisation": "Ville de Rennes"}


def test_a_service_has_its_energy_exactly_and_for_people() -> None:
    said = content(row(1, 3_600_000_000_000), row(1, 5, share=Share.FLOOR))
    use = said["months"][0]["services"][0]
    assert use["energy"] == {"microjoules": 3_600_000_000_005, "kilowatt_hours": "1.000000"}
    assert use["by_share"]["floor"]["microjoules"] == 5
    assert use["by_share"]["residency"]["microjoules"] == 0
    assert (use["name"], use["is_service"]) == ("Assistant", True)
    assert said["services"][0]["energy"] == use["energy"]


def test_what_is_no_service_says_so() -> None:
    other = content(row(1, 5, facts=OTHER))["services"][0]
    assert (other["service"], other["name"], other["is_service"]) == ("_other", "Other processes", False)


def test_a_month_that_was_not_measured_is_unknown_and_not_zero() -> None:
    said = content(row(1, 5))
    assert said["months"][1]["services"] == []
    assert said["months"][2]["services"] is None
    assert said["months"][2]["coverage"] == []


def test_the_same_report_gives_the_same_bytes() -> None:
    rows = (row(1, 5), row(2, 7))
    one = opendata(make(books(*rows)), ABOUT, ENGLISH)
    two = opendata(make(books(*reversed(rows))), dict(reversed(ABOUT.items())), ENGLISH)
    assert one == two
