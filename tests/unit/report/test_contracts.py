"""The section of contracts: each clause with its figure, its range and what that shows, in both languages."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import jsonschema_rs
import pytest

from monitor.config import Language
from monitor.core.contracts import METRICS, ContractStanding, Operator, Reason, Verdict
from monitor.report.document import Figure, Paragraph, Table
from monitor.report.material import Material
from monitor.report.metrics import metric_name
from monitor.report.model import make
from monitor.report.opendata import opendata
from monitor.report.schema import schema_files
from monitor.report.sections.contracts import contracts, judged_of, threshold_of
from monitor.report.stated import Stated
from monitor.wording import words
from tests.fixtures.contracts import CLAUSES, clause, standings
from tests.fixtures.snapshots import NOW
from tests.unit.report.test_stated import whole_year

if TYPE_CHECKING:
    from monitor.report.document import Section

STANDINGS = standings(NOW.wall)


def material(language: Language = Language.ENGLISH, found: tuple[ContractStanding, ...] = STANDINGS) -> Material:
    return Material(make(whole_year()), words("monitor.report", language), stated=Stated(evaluations=found))


def section(language: Language = Language.ENGLISH) -> Section:
    made = contracts(material(language))
    assert made is not None
    return made


def test_each_clause_has_a_row_with_its_range_in_its_unit() -> None:
    table = next(one for one in section().blocks if isinstance(one, Table))
    keys = [column.key for column in table.columns]
    energy, carbon, idle, water = (dict(zip(keys, cells, strict=True)) for cells in table.rows)
    assert (energy["clause"], energy["clause_period"]) == (
        "Au plus 3 Wh pour 1 000 jetons produits",
        "2026-11",
    )
    assert [energy[f"clause_{one}"] for one in ("low", "value", "high")] == [
        Decimal("1.100"),
        Decimal("1.222"),
        Decimal("1.344"),
    ]
    assert (energy["result_unit"], energy["verdict"], energy["verdict_reason"]) == ("Wh", "met", "")
    assert (carbon["clause_value"], carbon["result_unit"], carbon["verdict"]) == (Decimal(93), "kgCO₂e", "breached")
    assert (idle["verdict"], idle["clause_coverage_percent"]) == ("not shown", Decimal("99.1"))
    assert idle["verdict_reason"] == "The threshold lies within the range of the figure."
    assert (water["clause_value"], water["verdict"], water["verdict_reason"]) == (None, "put aside", "Avenant n°1")


def test_the_figure_says_in_words_what_it_draws_and_has_its_data() -> None:
    drawn = next(one for one in section().blocks if isinstance(one, Figure))
    assert "(2026-DSI-042, 2026-11): 1.222\N{NO-BREAK SPACE}Wh" in drawn.alternative
    assert len(drawn.data.rows) == len(CLAUSES)
    assert drawn.svg.count("breached") == 1


def test_only_the_last_window_of_a_clause_is_drawn_and_all_are_in_the_table() -> None:
    (one,) = STANDINGS
    twice = replace(one, evaluations=(*one.evaluations, replace(one.evaluations[0], verdict=Verdict.BREACHED)))
    made = contracts(material(found=(twice,)))
    assert made is not None
    drawn = next(it for it in made.blocks if isinstance(it, Figure))
    assert [cells[-2] for cells in drawn.data.rows] == ["breached", "breached", "not shown", "put aside"]
    assert len(judged_of(material(found=(twice,)))) == 5


def test_it_counts_the_verdicts() -> None:
    counted = [one.text for one in section().blocks if isinstance(one, Paragraph)][1]
    assert counted == "Clauses and periods: met 1, breached 1, not shown 1, put aside 1."


def test_without_a_clause_there_is_no_section() -> None:
    assert contracts(material(found=())) is None
    assert contracts(material(found=(replace(STANDINGS[0], evaluations=()),))) is None


def test_a_tolerance_is_told_beside_the_threshold() -> None:
    ceiling = replace(clause(), tolerance=Fraction(1, 10))
    floor = replace(ceiling, operator=Operator.AT_LEAST, tolerance=Fraction(1, 8))
    assert [threshold_of(one).partition("(")[2] for one in (ceiling, floor)] == [
        "+10\N{NO-BREAK SPACE}%)",
        "\N{MINUS SIGN}12.5\N{NO-BREAK SPACE}%)",
    ]


@pytest.mark.parametrize("language", Language)
def test_every_metric_and_reason_has_words(language: Language) -> None:
    made = material(language)
    assert len({metric_name(made, metric) for metric in METRICS.values()}) == len(METRICS)
    assert [one for one in Reason if not made.say(f"undecided.{one.value}")] == []


def test_the_published_file_has_them_and_fits_its_schema() -> None:
    made = material()
    (content,) = opendata(made.report, {}, made.words, made.stated).values()
    whole = json.loads(content)
    schema = json.loads(next(one for name, one in schema_files().items() if "tables" not in name))
    jsonschema_rs.validator_for(schema).validate(whole)
    assert [one["verdict"] for one in whole["stated"]["evaluations"]] == ["met", "breached", "undecided", "waived"]
