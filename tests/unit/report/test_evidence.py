"""Evidence on a contract: it asserts a breach only where one was measured, and asks for the rest."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from monitor.config import Language
from monitor.core.contracts import Basis, Reason, Verdict, evaluate
from monitor.core.procurement import Declared
from monitor.report.declarations import Declaration
from monitor.report.document import Listing, Paragraph, Table
from monitor.report.evidence import (
    COLUMNS,
    Evidence,
    content_of,
    evaluations_csv,
    evidence_document,
    evidence_seal,
    file_name,
    requests_of,
)
from monitor.report.rendering.html import page
from monitor.report.seal import faults, read, written
from monitor.report.stated import Stated
from tests.fixtures.contracts import CONTRACT, figure
from tests.unit.report.test_contracts import STANDINGS, material

ENERGY = STANDINGS[0].evaluations[0]
DECLARED = Declaration("/srv/annexe 2.pdf", "declaration-1-annexe-2.pdf", b"signed")
MISSING = Declaration("/srv/gone.pdf", "declaration-2-gone.pdf", None)


def evidence(language: Language = Language.ENGLISH, **changes: object) -> Evidence:
    made = Evidence(CONTRACT, material(language), (DECLARED, MISSING))
    return replace(made, **changes)  # type: ignore[arg-type]  # the tests name fields


def with_figure(measured: str, low: float, high: float, basis: Basis = Basis.MEASURED) -> Evidence:
    """Return evidence on the one clause of at most 10,800 J, of which so much was found and was measured."""
    clause = replace(ENERGY.clause, basis=basis)
    judged = evaluate(CONTRACT, clause, ENERGY.span, figure(low, (low + high) / 2, high, measured=measured))
    found = replace(material(), stated=Stated(evaluations=(replace(STANDINGS[0], evaluations=(judged,)),)))
    return evidence(material=found)


def said(found: Evidence, key: str) -> str:
    section = next(one for one in evidence_document(found).sections if one.key == key)
    texts = [one.text for one in section.blocks if isinstance(one, Paragraph)]
    texts += [item for one in section.blocks if isinstance(one, Listing) for item in one.items]
    return "\n".join(texts)


def test_a_modelled_figure_beyond_the_threshold_asserts_no_breach_and_is_asked_about() -> None:
    found = with_figure("0", 20_000, 30_000)
    assert json.loads(json.dumps(content_of(found)))["evaluations"][0]["verdict"] == "undecided"
    (text,) = requests_of(found)
    assert "was not measured: 2026-11 (6.944\N{NO-BREAK SPACE}Wh, 5.556 to 8.333)" in text
    assert text.endswith("Please send us what would show it: relevé mensuel.")
    assert text in said(found, "requests")
    assert "100 EUR" not in said(found, "requests")


def test_a_measured_breach_is_asserted_with_its_penalty_and_nothing_is_asked() -> None:
    found = with_figure("1", 20_000, 30_000)
    assert requests_of(found) == ()
    assert "put aside 0" in said(found, "contracts")
    assert "breached 1" in said(found, "contracts")
    assert "100 EUR par mois" in said(found, "requests")


def test_what_is_met_by_a_declaration_that_suffices_is_not_asked_about() -> None:
    found = with_figure("0", 1, 2, Basis.MODELLED)
    assert content_of(found)["evaluations"][0]["verdict"] == "met"  # type: ignore[index]  # a list of evaluations
    assert requests_of(found) == ()


def test_a_clause_without_evidence_in_it_asks_for_readings() -> None:
    found = with_figure("0", 20_000, 30_000)
    plain = replace(ENERGY.clause, evidence=())
    judged = evaluate(CONTRACT, plain, ENERGY.span, figure(20_000, 25_000, 30_000, measured="0"))
    stated = Stated(evaluations=(replace(STANDINGS[0], evaluations=(judged, judged)),))
    (text,) = requests_of(replace(found, material=replace(found.material, stated=stated)))
    assert "the measured readings of the period" in text


def test_nothing_known_is_nothing_to_ask_about() -> None:
    judged = evaluate(CONTRACT, ENERGY.clause, ENERGY.span, Reason.NO_DATA)
    stated = Stated(evaluations=(replace(STANDINGS[0], evaluations=(judged,)),))
    assert requests_of(evidence(material=replace(material(), stated=stated))) == ()
    assert judged.verdict is Verdict.UNDECIDED


def test_the_table_of_evaluations_has_what_the_columns_say() -> None:
    rows = list(csv.DictReader(evaluations_csv(evidence()).decode().splitlines()))
    assert list(rows[0]) == [name for name, _ in COLUMNS]
    assert [(one["clause"], one["central"], one["verdict"], one["reasons"]) for one in rows] == [
        ("energie", "4400.0", "met", ""),
        ("carbone", "93000.0", "breached", ""),
        ("repos", "0.24", "undecided", "straddles"),
        ("eau", "", "waived", ""),
    ]


def test_declarations_are_told_with_their_hashes_and_missing_ones_as_missing() -> None:
    table = next(one for one in evidence_document(evidence()).tables() if one.key == "declarations")
    assert isinstance(table, Table)
    assert [(row[0], row[-1]) for row in table.rows] == [
        ("declaration-1-annexe-2.pdf", hashlib.sha256(b"signed").hexdigest()),
        ("declaration-2-gone.pdf", "missing"),
    ]
    assert evidence(declarations=()).fingerprint != evidence().fingerprint


def test_the_seal_holds_no_figures_of_other_services() -> None:
    files = {"a.html": b"a", DECLARED.name: b"signed"}
    made = evidence_seal(evidence(), files, {"program": "1"}, None, "")
    assert (made.totals, made.stem, made.edition) == ({}, "empreinte-evidence-2026-DSI-042-2026", 1)
    assert read(written(made), "seal") == made
    assert faults(made, files) == ()
    assert faults(made, files | {DECLARED.name: b"forged"}) == ((DECLARED.name, "changed"),)
    again = evidence_seal(evidence(), files, {"program": "1"}, made, "a new declaration")
    assert (again.edition, again.reason, again.changes) == (2, "a new declaration", ())


@pytest.mark.parametrize("uid", ["../../etc", "a/b c", "é"])
def test_no_number_of_a_contract_leads_out_of_the_folder(uid: str) -> None:
    assert "/" not in evidence(contract=replace(CONTRACT, uid=uid)).stem


@pytest.mark.parametrize("language", Language)
def test_the_statement_can_be_printed_in_each_language(language: Language) -> None:
    found = evidence(language)
    text = page(evidence_document(found), found.material.words).decode()
    assert found.fingerprint in text
    assert page(evidence_document(found), found.material.words).decode() == text
    keys = [one.key for one in evidence_document(found).tables()]
    assert len(set(keys)) == len(keys)


def test_the_table_of_clauses_is_set_closer_as_it_has_many_columns() -> None:
    found = evidence()
    text = page(evidence_document(found), found.material.words).decode()
    before, _, after = text.partition('<span id="table-clauses">')
    assert after
    assert before.rpartition("<table")[2].startswith(' class="dense"')
    assert '<table>\n<caption><span id="table-declarations">' in text


def test_two_contracts_never_have_files_of_one_name() -> None:
    numbers = ["2026/42", "2026-42", "2026 42", "a", "-a", "東京", "大阪"]
    assert len({file_name(number) for number in numbers}) == len(numbers)
    assert file_name("2026-42") == "2026-42"
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", file_name(number)) for number in numbers)


def test_figures_of_a_declaration_are_written_as_the_language_does() -> None:
    told = Declared(file="/srv/annexe 2.pdf", pue=Decimal("1.30"), output_tokens=120_000_000, energy=Decimal("4812.5"))
    (made,) = (
        one
        for one in evidence_document(evidence(Language.FRENCH, declarations=(replace(DECLARED, told=told),))).tables()
        if one.key == "declared"
    )
    nothing = "\N{NARROW NO-BREAK SPACE}"
    assert [row[1:] for row in made.rows] == [
        ("Énergie", f"4{nothing}812,5", "kWh"),
        ("PUE", "1,30", ""),
        ("Jetons produits", f"120{nothing}000{nothing}000", ""),
    ]
