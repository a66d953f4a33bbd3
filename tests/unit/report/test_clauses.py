"""Model clauses: each can be pasted, and what checks it is a clause that the configuration takes."""

from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest

from monitor.config.contracts import read_contracts
from monitor.config.tables import Faults
from monitor.report.clauses import ModelClause, model_clauses

ALL = model_clauses()


def test_keys_are_unique_and_every_clause_has_a_source() -> None:
    assert len({one.key for one in ALL}) == len(ALL)
    assert all(one.text and one.title and one.source for one in ALL)
    assert {one.place for one in ALL} == {"CCTP", "CCAP"}
    assert {one.checked for one in ALL} == {"measured", "declared", "document"}


@pytest.mark.parametrize("clause", [one for one in ALL if one.check], ids=lambda one: one.key)
def test_what_checks_it_is_a_clause_of_the_configuration(clause: ModelClause) -> None:
    faults = Faults()
    table = {"uid": "2026-1", "clause": [tomllib.loads(clause.check, parse_float=Decimal)]}
    (_, contract), *_ = read_contracts([table], faults, {})
    assert faults.found == []
    assert contract.clauses[0].id == clause.key
    # the number in the text is the one that is checked
    assert contract.clauses[0].threshold.written.split()[0].replace(".", ",") in clause.text.replace(" ", "")


@pytest.mark.parametrize("clause", [one for one in ALL if not one.check], ids=lambda one: one.key)
def test_what_no_figure_checks_says_so(clause: ModelClause) -> None:
    assert clause.checked == "document"
