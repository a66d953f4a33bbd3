"""What CodeCarbon tracked elsewhere, in the report: apart, together where that is true, each with its file."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import jsonschema_rs
import pytest

from monitor.config import Language
from monitor.core.imported import ImportedUse, Source
from monitor.report.document import Paragraph
from monitor.report.imported import emitted, imported_told
from monitor.report.model import Report, make
from monitor.report.opendata import figures
from monitor.report.scope import Scope, narrowed
from monitor.wording import words
from tests.unit.report.test_composing import KG, KWH, blocks, document, rich, table
from tests.unit.report.test_model import books
from tests.unit.report.test_schema import closed, schema

ENGLISH = words("monitor.report", Language.ENGLISH)
LAB = Source("ab" * 32, "emissions.csv", "gpu-lab-02", "Anna", 1_773_000_000 * 10**9)
OWN = Source("cd" * 32, "before.csv", "ia-01", "Anna", 1_773_000_000 * 10**9)
TRAINING = ImportedUse(LAB, "training", "assistant", ("machine",), ("3.3.2",), 2, 8 * KWH, KG // 2, None)
TESTS = ImportedUse(LAB, "tests", "", ("machine",), ("3.3.2",), 1, 2 * KWH, KG // 4, 3_000_000)
BEFORE = ImportedUse(OWN, "pilot", "", ("process",), ("3.0.0",), 1, 5 * KWH, KG, None)
ABOUT = {"host": "ia-01"}


def with_runs(*uses: ImportedUse) -> Report:
    return replace(rich(), imported=uses)


def said(report: Report, section: str) -> str:
    found = (one.text for one in blocks(document(report), section) if isinstance(one, Paragraph))
    return " ".join(found).replace("\N{NO-BREAK SPACE}", " ")


def test_runs_of_other_machines_sum_and_those_of_this_one_are_a_cross_check() -> None:
    made = document(with_runs(TRAINING, TESTS, BEFORE))
    found = table(made, "imported")
    assert [row[:4] for row in found.rows] == [
        ("gpu-lab-02", "training", "Assistant", Decimal(2)),
        ("gpu-lab-02", "tests", None, Decimal(1)),
    ]
    assert found.total is not None
    assert found.total[4:6] == (Decimal("10.00"), Decimal("0.750"))
    (own,) = table(made, "imported_here").rows
    assert own[:2] == ("ia-01", "pilot")
    assert {row[7] for row in found.rows} == {"modelled"}


def test_each_file_is_told_with_its_hash_and_what_wrote_it() -> None:
    rows = table(document(with_runs(TRAINING, TESTS, BEFORE)), "imported_files").rows
    assert [(row[0], row[2], row[5]) for row in rows] == [
        ("emissions.csv", "CodeCarbon 3.3.2, machine", "ab" * 32),
        ("before.csv", "CodeCarbon 3.0.0, process", "cd" * 32),
    ]


def test_nothing_of_it_is_in_another_table() -> None:
    without, made = document(rich()), document(with_runs(TRAINING))
    new = {"imported", "imported_files"}
    assert [one for one in made.tables() if one.key not in new] == list(without.tables())
    assert not new & {one.key for one in without.tables()}


def test_the_emissions_stand_apart_and_together() -> None:
    report = with_runs(TRAINING, TESTS, BEFORE)
    emissions = report.impacts.emissions
    assert emissions is not None
    totals = imported_told(report.imported, "ia-01", emissions.central)["totals"]
    assert totals == {
        "host_emissions_micrograms": emissions.central,
        "imported_emissions_micrograms": 3 * KG // 4,
        "host_and_imported_emissions_micrograms": emissions.central + 3 * KG // 4,
        "imported_energy_microjoules": 10 * KWH,
    }
    assert "imported 0.7500 kgCO₂e" in said(report, "imported")


def test_what_is_unknown_of_one_is_unknown_of_the_sum() -> None:
    unknown = replace(TESTS, emissions=None)
    assert emitted((TRAINING, unknown)) is None
    assert emitted(()) is None
    assert "imported unknown, together unknown" in said(with_runs(TRAINING, unknown), "imported")


def test_the_first_page_says_that_it_is_not_among_the_figures() -> None:
    assert "Not in these figures: 10.00 kWh and 0.7500 kgCO₂e" in said(with_runs(TRAINING, TESTS, BEFORE), "summary")
    assert "Not in these figures" not in said(with_runs(BEFORE), "summary")


@pytest.mark.parametrize("language", Language)
def test_both_languages_tell_it(language: Language) -> None:
    made = document(with_runs(TRAINING, BEFORE), language)
    assert {"imported", "imported_here", "imported_files"} <= {one.key for one in made.tables()}


def test_the_json_has_it_as_its_schema_says_and_only_where_there_is_something() -> None:
    told = figures(with_runs(TRAINING, BEFORE), ABOUT, ENGLISH)
    jsonschema_rs.validator_for(closed(schema("report-1.json"))).validate(json.loads(json.dumps(told)))
    assert [one["counts"] for one in told["imported"]["runs"]] == [True, False]
    assert "imported" not in figures(rich(), ABOUT, ENGLISH)


@pytest.mark.parametrize(
    ("scope", "projects"),
    [
        (Scope(), ["training", "tests"]),
        (Scope(service="assistant"), ["training"]),
        (Scope(service="search"), []),
        (Scope(department="DSI"), []),
    ],
)
def test_a_report_of_one_service_has_its_runs_alone(scope: Scope, projects: list[str]) -> None:
    found = make(narrowed(replace(books(), imported=(TRAINING, TESTS)), scope))
    assert [one.project for one in found.imported] == projects
