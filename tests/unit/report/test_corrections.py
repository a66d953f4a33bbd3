"""What people corrected by hand, in the report: with who, why and the evidence, in every format that has tables."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import jsonschema_rs
import pytest

from monitor.config import Language
from monitor.core.corrections import Correction, Evidence, Grounds, Kind
from monitor.core.interval import HOUR, Interval
from monitor.core.units import Duration
from monitor.report.composing import fingerprint_of
from monitor.report.document import Paragraph
from monitor.report.model import make
from monitor.report.opendata import figures
from monitor.wording import words
from tests.unit.report.test_composing import KWH, blocks, document, table
from tests.unit.report.test_model import books
from tests.unit.report.test_schema import closed, schema

if TYPE_CHECKING:
    from monitor.report.model import Report

MADE = 1_773_000_000 * 10**9
TIME = Interval(MADE, MADE + 4 * HOUR.nanoseconds)
GROUNDS = Grounds(MADE + HOUR.nanoseconds, "Anna", "the batch was of search", Evidence("ab" * 32, "log.txt"))
ALL = (
    Correction(1, Kind.GAP, TIME, GROUNDS, cause="power_cut", time=Duration(2 * HOUR.nanoseconds)),
    Correction(2, Kind.MOVE, TIME, GROUNDS, origin="assistant", target="_unattributed", energy=3 * KWH),
    Correction(
        3,
        Kind.DECLARE,
        TIME,
        replace(GROUNDS, evidence=Evidence()),
        "package",
        target="assistant",
        energy=5 * KWH,
        time=Duration(2 * HOUR.nanoseconds),
    ),
    Correction(
        4, Kind.STRIKE, TIME, GROUNDS, "gpu1", energy=7 * KWH, time=Duration(4 * HOUR.nanoseconds), revoked_by=5
    ),
    Correction(5, Kind.REVOKE, TIME, GROUNDS, "gpu1", energy=7 * KWH, revokes=4),
)
ENGLISH = words("monitor.report", Language.ENGLISH)


def corrected(*made: Correction) -> Report:
    return make(replace(books(), corrections=made))


def test_each_correction_is_told_with_what_it_does_and_whether_it_counts() -> None:
    rows = table(document(corrected(*ALL)), "corrections").rows
    assert [(row[0], row[1], row[5], row[6], row[7]) for row in rows] == [
        (Decimal(1), "Gap explained: power cut", None, Decimal("2.0"), "yes"),
        (Decimal(2), "From “assistant” to “Of an unknown user”", Decimal("3.000"), None, "yes"),
        (Decimal(3), "Declared for “assistant”", Decimal("5.00"), Decimal("2.0"), "yes"),
        (Decimal(4), "Struck out: the meter was wrong", Decimal("7.00"), Decimal("4.0"), "no: no. 5 revokes it"),
        (Decimal(5), "No. 4 revoked", None, None, "yes"),
    ]


def test_who_why_and_the_evidence_are_told() -> None:
    rows = table(document(corrected(*ALL)), "correction_grounds").rows
    assert rows[1][2:] == ("Anna", "the batch was of search", "log.txt", "ab" * 32)
    assert rows[2][4:] == (None, None)


def test_what_is_declared_stands_beside_the_coverage_that_it_does_not_raise() -> None:
    def said(*made: Correction) -> str:
        return " ".join(one.text for one in blocks(document(corrected(*made)), "quality") if isinstance(one, Paragraph))

    assert "state 5.000\N{NO-BREAK SPACE}kWh for 2.0 h that were not measured" in said(*ALL)
    assert "that were not measured" not in said(replace(ALL[2], revoked_by=9))
    assert "Nothing was corrected or explained by hand." in said()


@pytest.mark.parametrize("language", Language)
def test_both_languages_tell_all_kinds(language: Language) -> None:
    made = document(corrected(*ALL), language)
    cells = [
        str(cell) for key in ("corrections", "correction_grounds") for row in table(made, key).rows for cell in row
    ]
    assert not any("{" in cell or "correction." in cell for cell in cells)


def test_the_json_has_them_as_its_schema_says_and_a_year_without_any_keeps_its_fingerprint() -> None:
    told, without = (figures(one, {}, ENGLISH) for one in (corrected(*ALL), corrected()))
    jsonschema_rs.validator_for(closed(schema("report-1.json"))).validate(json.loads(json.dumps(told)))
    assert told["corrections"][1]["evidence"] == {"name": "log.txt", "sha256": "ab" * 32}
    assert "corrections" not in without
    # a gap that is explained changes no figure, and the report all the same: a closed year needs another edition
    assert fingerprint_of(figures(corrected(ALL[0]), {}, ENGLISH)) != fingerprint_of(without)
