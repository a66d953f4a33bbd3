"""A seal tells whether a report is still what it was, and what a corrective edition changed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from monitor.report.model import make
from monitor.report.seal import BrokenSealError, Seal, faults, name_of, read, sealed, written
from tests.unit.report.test_composing import KWH, rich
from tests.unit.report.test_model import books, row

FILES = {"empreinte-2026.html": b"<p>1</p>", "empreinte-2026.json": b"{}"}
INPUTS = {"fingerprint": "f" * 64, "configuration": "c" * 64, "program": "0.1.0"}


def seal() -> Seal:
    return sealed(rich(), FILES, INPUTS)


def test_the_first_edition_has_every_file_by_its_hash() -> None:
    made = seal()
    assert (made.edition, made.reason, made.changes) == (1, "", ())
    assert sorted(made.outputs) == sorted(FILES)
    assert made.totals["assistant"] == {"energy_kwh": "3.000000", "emissions_kgco2e": "7.000000"}
    assert made.totals["_other"]["emissions_kgco2e"] is None
    assert faults(made, FILES) == ()


def test_a_changed_file_and_a_missing_one_are_told() -> None:
    found = {"empreinte-2026.html": b"<p>2</p>", "empreinte-2026.json": None}
    assert faults(seal(), found) == (("empreinte-2026.html", "changed"), ("empreinte-2026.json", "missing"))


def test_what_is_written_is_read_again() -> None:
    made = seal()
    assert written(read(written(made), "seal.json")) == written(made)
    assert written(made) == written(seal())


def test_a_corrective_edition_says_what_has_changed_and_why() -> None:
    now = make(replace(books(row(1, KWH), row(2, KWH)), impacts=()))
    made = sealed(now, FILES, INPUTS, seal(), "a meter was wrong")
    assert (made.edition, made.reason) == (2, "a meter was wrong")
    assert made.changes == ("_other", "assistant", "library")


def test_an_edition_that_is_written_again_is_the_same_edition() -> None:
    second = sealed(rich(), FILES, INPUTS, seal(), "a meter was wrong")
    again = sealed(rich(), {"empreinte-2026.pdf": b"%PDF"}, INPUTS, second)
    assert (again.edition, again.reason, again.changes) == (2, "a meter was wrong", second.changes)
    assert again.outputs == {**second.outputs, "empreinte-2026.pdf": again.outputs["empreinte-2026.pdf"]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is no seal of a report: name the file that ends with -seal.json"),
        (b"%PDF-1.7 \xff", "is no seal"),
        (b'{"format": "empreinte-seal", "vers', "is damaged"),
        (b"[]", "is no seal"),
        (b'{"format": "empreinte-report"}', "is no seal"),
        (b'{"format": "empreinte-seal", "version": 2}', "another version"),
        (b'{"format": "empreinte-seal", "version": 1}', "is damaged"),
        (b"[" * 100_000, "is no seal"),
    ],
)
def test_what_is_no_seal_is_refused(content: bytes, expected: str) -> None:
    with pytest.raises(BrokenSealError, match=expected):
        read(content, "seal.json")


@pytest.mark.parametrize(
    "wrong",
    [
        {"edition": "1"},
        {"edition": True},
        {"edition": 0},
        {"totals": []},
        {"fingerprint": None},
        {"reason": 1},
        {"changes": 1},
        {"changes": [1]},
        {"outputs": []},
    ],
)
def test_a_seal_in_which_something_else_stands_is_damaged(wrong: dict[str, object]) -> None:
    content = json.loads(written(seal())) | wrong
    with pytest.raises(BrokenSealError, match="is damaged"):
        read(json.dumps(content).encode(), "seal.json")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "", "a\0b"])
def test_a_seal_never_leads_out_of_its_directory(name: str) -> None:
    content = json.loads(written(seal()))
    content["outputs"] = {name: "0" * 64}
    with pytest.raises(BrokenSealError, match="is damaged"):
        read(json.dumps(content).encode(), "seal.json")


def test_the_seal_of_an_edition_before_has_its_number() -> None:
    assert [name_of("empreinte-2026"), name_of("empreinte-2026", 1)] == [
        "empreinte-2026-seal.json",
        "empreinte-2026-seal-1.json",
    ]
