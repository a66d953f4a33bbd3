"""What was bought as an API in a report: apart from the host's figures, and never measured."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.config import Language
from monitor.core.activity import Unit
from monitor.core.external import Basis, ExternalRule, ExternalSeries, ExternalSum, Impact, Origin, TokenRate
from monitor.core.impact import Bounds
from monitor.report.external import COLUMNS, Bought
from monitor.report.model import make
from monitor.report.opendata import opendata
from monitor.report.sheets import sheets
from monitor.wording import words
from tests.unit.report.test_model import books, row

ENGLISH = words("monitor.report", Language.ENGLISH)
DOCS = Path(__file__).parents[3] / "docs"
STUDY = Basis(
    (
        TokenRate(
            impact=Impact.GWP,
            origin=Origin.PUBLISHED,
            amount=Bounds(1_425_000_000, 2_850_000_000, 4_275_000_000),
            source="A study",
            year=2025,
        ),
    ),
    "the energy can't be told",
)
RULE = ExternalRule(key="api", name="API", department="DSI", contract="42", provider="mistralai", models=("*",))


def told(unit: Unit, amount: int, basis: Basis | None = None, model: str = "large") -> ExternalSum:
    return ExternalSum(ExternalSeries("api", "mistralai", model, unit), amount, basis)


BOUGHT = Bought(
    (
        (1, (told(Unit.REQUESTS, 2), told(Unit.OUTPUT_TOKENS, 800, STUDY))),
        (3, (told(Unit.OUTPUT_TOKENS, 400, STUDY), told(Unit.OUTPUT_TOKENS, 9, Basis((), "unknown"), "new"))),
    ),
    {"api": RULE},
)
BOOKS = replace(books(row(1, 3_600_000_000_000)), bought=BOUGHT)


def lines() -> list[dict[str, str]]:
    content = sheets(make(BOOKS), ENGLISH)["empreinte-2026-external.csv"]
    return list(csv.DictReader(io.StringIO(content.decode())))


def section() -> dict[str, Any]:
    (content,) = opendata(make(BOOKS), {}, ENGLISH).values()
    found: dict[str, Any] = json.loads(content)["external"]
    return found


def test_each_month_service_and_model_has_a_line_and_what_is_unknown_is_empty() -> None:
    january, march, new = lines()
    assert (january["month"], january["external_name"], january["contract"]) == ("1", "API", "42")
    assert (january["requests"], january["input_tokens"], january["output_tokens"]) == ("2", "", "800")
    grams = [january[name] for name in ("emissions_grams", "emissions_low_grams", "emissions_high_grams")]
    assert grams == ["2.28", "1.14", "3.42"]
    assert (january["energy_joules"], january["methods"], january["origins"]) == ("", "modelled", "published")
    assert march["emissions_grams"] == "1.14"
    assert (new["model"], new["emissions_grams"], new["methods"], new["missing"]) == ("new", "", "", "unknown")


def test_the_open_data_has_a_section_of_its_own_with_what_it_is_reckoned_by() -> None:
    found = section()
    (service,) = found["services"]
    assert service["activity"] == {"output_tokens": 1209, "requests": 2}
    assert service["emissions_grams"] == {"low": 1.71, "central": 3.42, "high": 5.13}
    assert service["output_tokens_without"]["emissions_grams"] == 9
    assert [one["month"] for one in found["months"]] == [1, 3]
    assert [(one["model"], one["output_tokens"]) for one in found["bases"]] == [("large", 1200), ("new", 9)]
    assert found["bases"][0]["rates"][0]["source"] == "A study"
    # the impacts of the host are unknown in these books
    assert found["totals"]["host_and_external_emissions_grams"] is None
    assert found["totals"]["external_emissions_grams"]["central"] == 3.42


def test_nothing_else_in_the_report_changes_by_it() -> None:
    without = make(replace(BOOKS, bought=Bought()))
    with_it = make(BOOKS)
    assert replace(with_it, bought=Bought()) == without
    files = sheets(with_it, ENGLISH)
    assert {name: files[name] for name in sheets(without, ENGLISH)} == sheets(without, ENGLISH)


def test_every_column_is_in_the_documentation() -> None:
    page = (DOCS / "external.md").read_text(encoding="utf-8")
    assert [name for name, _ in COLUMNS if f"`{name}`" not in page] == []
