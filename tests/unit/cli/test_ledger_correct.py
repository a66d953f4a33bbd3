"""`empreinte ledger correct`, as people and programs run it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from monitor.core.entries import OTHER, UNATTRIBUTED
from monitor.core.interval import HOUR, Interval
from monitor.ledger.locks import restating
from monitor.ledger.store import Ledger
from tests.unit.cli.conftest import CLOSED, WATT_HOUR, Call

TIME = ("--from", "2026-03-10T13:00", "--to", "2026-03-10T14:00")
"""The closed hour, by the clock in Paris."""
BEFORE = ("--from", "2026-03-10T12:00", "--to", "2026-03-10T13:00")
"""The gap."""
WHOLE = Interval(CLOSED - HOUR.nanoseconds, CLOSED + HOUR.nanoseconds)


def correct(call: Call, *arguments: str) -> Any:
    said = call("ledger", "correct", *arguments, "--json")
    assert (said.status, said.err) == (0, "")
    return json.loads(said.out)


def used(url: str) -> dict[str, int]:
    with Ledger.read(url) as ledger:
        sums: dict[str, int] = {}
        for one, energy in ledger.sums(WHOLE).energy.items():
            sums[one.consumer] = sums.get(one.consumer, 0) + energy.microjoules
        return sums


def test_energy_is_moved_with_who_why_and_the_evidence_s_hash(call: Call, ledger: str, tmp_path: Path) -> None:
    evidence = tmp_path / "log.txt"
    evidence.write_bytes(b"it was not the assistant")
    move = ("move", *TIME, "--service", "assistant", "--into", OTHER, "--energy", "2.5 Wh")
    told = correct(call, *move, "--why", "a batch", "--by", "anna", "--evidence", str(evidence))
    digest = hashlib.sha256(evidence.read_bytes()).hexdigest()
    assert told | {"made": ""} == {
        "dry_run": False,
        "number": 1,
        "kind": "move",
        "start": "2026-03-10T12:00:00Z",
        "end": "2026-03-10T13:00:00Z",
        "made": "",
        "author": "anna",
        "reason": "a batch",
        "evidence": {"name": "log.txt", "sha256": digest},
        "resource": None,
        "cause": None,
        "from_service": "assistant",
        "to_service": OTHER,
        "energy_microjoules": 2.5 * WATT_HOUR,
        "seconds": None,
        "revokes": None,
        "revoked_by": None,
        "before": {"assistant": 3 * WATT_HOUR, OTHER: WATT_HOUR},
        "after": {"assistant": 0.5 * WATT_HOUR, OTHER: 3.5 * WATT_HOUR},
        "hours_with_unknown_impacts": 0,
    }
    assert used(ledger) == {"assistant": 0.5 * WATT_HOUR, OTHER: 3.5 * WATT_HOUR}
    assert call("ledger", "verify").status == 0


def test_a_person_sees_what_changes_before_it_does(call: Call, ledger: str) -> None:
    before = used(ledger)
    said = call("ledger", "correct", "move", *TIME, "--service", "assistant", "--into", OTHER, "--dry-run")
    assert (said.status, used(ledger)) == (0, before)
    rows = [line.split() for line in said.out.splitlines()]
    assert ["Assistant", "0.003000", "0.000000", "-0.003000", "kWh"] in rows
    assert ["Other", "processes", "0.001000", "0.004000", "+0.003000", "kWh"] in rows
    assert said.out.rstrip().endswith("Nothing was written.")


def test_each_verb_is_listed_in_both_languages(call: Call, ledger: str) -> None:
    correct(call, "gap", *BEFORE, "--cause", "power_cut", "--why", "storm")
    declare = ("declare", *BEFORE, "--resource", "package", "--energy", "0.2 kWh", "--into", UNATTRIBUTED)
    told = correct(call, *declare, "--why", "the PDU")
    assert told["hours_with_unknown_impacts"] == 1
    correct(call, "strike", *TIME, "--resource", "package", "--why", "it lied")
    correct(call, "revoke", "3", "--why", "it did not lie")
    assert used(ledger) == {"assistant": 3 * WATT_HOUR, OTHER: WATT_HOUR, UNATTRIBUTED: 200 * WATT_HOUR}
    english = " ".join(call("ledger", "corrections").out.split())
    for sentence in (
        "processors: 1 h that were not measured are explained (power cut).",
        "0.200000 kWh are declared for 1 h that were not measured, used by Unknown user.",
        "processors: 0.004000 kWh measured over 1 h are struck out. Correction 4 has revoked it: it does not count.",
        "Correction 3 is revoked: what counted before it counts again.",
    ):
        assert sentence.replace("processors: 1 h", "all parts of the machine: 1 h") in english
    french = call("ledger", "corrections", "--lang", "fr").out
    assert "expliquées (coupure de courant)" in " ".join(french.split())
    listed = json.loads(call("ledger", "corrections", "--json").out)
    assert [(one["number"], one["kind"], one["revoked_by"]) for one in listed] == [
        (1, "gap", None),
        (2, "declare", None),
        (3, "strike", 4),
        (4, "revoke", None),
    ]


def test_nothing_corrected_is_said(call: Call, ledger: str) -> None:
    assert ledger
    assert call("ledger", "corrections").out == "Nothing was corrected by hand.\n"


def test_a_correction_is_told_where_the_hours_are_explained(call: Call, ledger: str) -> None:
    assert ledger
    correct(call, "move", *TIME, "--service", "assistant", "--into", OTHER, "--energy", "1 Wh", "--why", "a batch")
    said = " ".join(call("explain", "assistant", "2026-03").out.split())
    assert "with the factors of each hour: correction 1: a batch" in said
    assert "correction 1: a batch" in call("restate", "--list").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("move", *TIME, "--service", "assistant", "--into", OTHER), "say why"),
        (("move", *TIME, "--service", "asistant", "--into", OTHER, "--why", "x"), "no service asistant: name one of"),
        (("strike", "--from", "2026-03-10", "--to", "2026-03-10", "--resource", "dram", "--why", "x"), "correct up to"),
        (("strike", *TIME, "--resource", "dram", "--why", "x"), "nothing was measured of dram"),
        (("gap", *TIME, "--cause", "other", "--why", "x"), "there is no gap from"),
        (("strike", "--from", "soon", "--to", "2026-03-10", "--resource", "dram", "--why", "x"), "soon is no time"),
        (
            ("strike", "--from", "2026-03-11", "--to", "2026-03-10", "--resource", "dram", "--why", "x"),
            "is not before --to 2026-03-10",
        ),
        (
            ("strike", "--from", "2026-10-25T02:30", "--to", "2026-10-26", "--resource", "dram", "--why", "x"),
            "the clock shows twice, or not at all",
        ),
        (("declare", *BEFORE, "--resource", "package", "--energy", "5", "--into", OTHER, "--why", "x"), '"5 kWh"'),
        (("declare", *BEFORE, "--resource", "package", "--energy", "5 GWh", "--into", OTHER, "--why", "x"), "MWh"),
        (("revoke", "7", "--why", "x"), "there is no correction 7"),
        (("gap", *BEFORE, "--cause", "other", "--why", "x", "--evidence", "/nowhere.pdf"), "evidence /nowhere.pdf"),
        (("gap", *BEFORE, "--cause", "aliens", "--why", "x"), "aliens"),
    ],
)
def test_what_can_not_be_done_is_told_with_the_cure(
    call: Call, ledger: str, arguments: tuple[str, ...], said: str
) -> None:
    before = used(ledger)
    outcome = call("ledger", "correct", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err
    assert used(ledger) == before
    assert call("ledger", "corrections", "--json").out == "[]\n"


def test_a_time_may_have_its_own_offset(call: Call, ledger: str) -> None:
    assert ledger
    time = ("--from", "2026-03-10T12:00Z", "--to", "2026-03-10T13:00+00:00")
    told = correct(call, "strike", *time, "--resource", "package", "--why", "x")
    assert (told["start"], told["end"]) == ("2026-03-10T12:00:00Z", "2026-03-10T13:00:00Z")


def test_while_another_corrects_the_ledger_is_busy(call: Call, ledger: str) -> None:
    with Ledger.change(ledger) as other, restating(other.place, other.transaction):
        said = call("ledger", "correct", "gap", *BEFORE, "--cause", "other", "--why", "x")
    assert said.status == 3
    assert "wait until it is done" in said.err


def test_without_a_ledger_the_status_is_no(call: Call) -> None:
    assert call("ledger", "corrections").status == 1
    assert call("ledger", "correct", "revoke", "1", "--why", "x").status == 1


@pytest.mark.parametrize(
    ("correction", "changes"),
    [
        (("gap", *BEFORE, "--cause", "power_cut"), []),
        (("move", *TIME, "--service", "assistant", "--into", OTHER), [OTHER, "assistant"]),
    ],
)
def test_a_sealed_report_that_a_correction_changes_needs_an_edition_that_says_why(
    call: Call, ledger: str, place: Path, correction: tuple[str, ...], changes: list[str]
) -> None:
    assert ledger
    write = ("report", "--year", "2026", "--format", "csv,json", "--output", str(place / "out"), "--seal")
    assert call(*write).status == 0
    before = {one.name: one.read_bytes() for one in (place / "out").iterdir()}
    correct(call, *correction, "--why", "Zo\u00e9 says so", "--by", "Zo\u00e9")
    said = call(*write)
    assert said.status == 1
    assert "--seal --correct REASON" in said.err
    assert {one.name: one.read_bytes() for one in (place / "out").iterdir()} == before
    assert call(*write, "--correct", "correction 1").status == 0
    seal = json.loads((place / "out/empreinte-2026-seal.json").read_text())
    assert (seal["edition"], seal["reason"], seal["changes"]) == (2, "correction 1", changes)
    told = json.loads((place / "out/empreinte-2026.json").read_text())["corrections"]
    assert [(one["number"], one["author"]) for one in told] == [(1, "Zo\u00e9")]


def test_declared_energy_has_its_share_of_the_methods_in_the_report(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    correct(
        call,
        "declare",
        *BEFORE,
        "--resource",
        "package",
        "--energy",
        "4 Wh",
        "--into",
        UNATTRIBUTED,
        "--why",
        "the PDU",
    )
    assert call("report", "--year", "2026", "--format", "json", "--output", str(place / "out")).status == 0
    tables = json.loads((place / "out/empreinte-2026-tables.json").read_text())["tables"]
    methods = next(one for one in tables if one["key"] == "methods")
    place_of = [column["key"] for column in methods["columns"]].index("share_percent")
    assert sorted(float(row[place_of]) for row in methods["rows"]) == [50.0, 50.0]
    coverage = json.loads((place / "out/empreinte-2026.json").read_text())["months"][2]["coverage"]
    assert [one["measured_seconds"] for one in coverage] == [3600.0]
