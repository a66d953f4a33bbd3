"""What the configuration states, in the report of a real ledger: one hour of 4 Wh is closed on 10 March 2026."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Call

BILL = '[[bill]]\nsource = "{}"\nstarts = {}\nends = {}\nenergy = "2 kWh"\ncovers = "machine"\n'
COMMITMENT = (
    '[[commitment]]\nkey = "less"\ntext = "Less"\nindicator = "energy"\noperator = "<="\ntarget = "-20 %"\n'
    'year = 2030\nbaseline_year = {}\nbaseline = "1 kWh"\n'
)
CONTRACT = '[[contract]]\nuid = "{}"\nstarts = {}\nends = {}\n'


def rows(call: Call, place: Path, stated: str, table: str, *scope: str) -> list[dict[str, str]]:
    """Return the lines of one table of the report, under a configuration that also states *stated*."""
    file = place / "empreinte.toml"
    file.write_text(file.read_text(encoding="utf-8") + stated, encoding="utf-8")
    said = call("report", "--year", "2026", "--format", "csv", "--output", str(place / "out"), *scope)
    assert (said.status, said.err) == (0, "")
    found = sorted((place / "out").glob(f"*-table-{table}.csv"))
    return list(csv.DictReader(found[0].read_text(encoding="utf-8").splitlines())) if found else []


@pytest.mark.parametrize(
    ("starts", "ends", "found"),
    [
        ("2026-03-10", "2026-03-10", ("0.004000", "4.2")),
        ("2026-02-01", "2026-03-10", ("0.004000", "0.1")),
        ("2026-03-01", "2026-03-09", ("", "0.0")),
        ("2025-12-01", "2026-01-01", ("", "0.0")),
    ],
)
@pytest.mark.usefixtures("ledger")
def test_a_bill_is_set_beside_exactly_its_days(
    call: Call, place: Path, starts: str, ends: str, found: tuple[str, str]
) -> None:
    (told,) = rows(call, place, BILL.format("F", starts, ends), "bills")
    assert (told["first_day"], told["last_day"], told["billed_kwh"]) == (starts, ends, "2.000")
    assert (told["measured_kwh"], told["days_coverage_percent"]) == found


@pytest.mark.usefixtures("ledger")
def test_bills_of_other_years_and_of_a_part_of_the_machine_are_left_out(call: Call, place: Path) -> None:
    other = BILL.format("F", "2025-11-01", "2025-12-31")
    assert not rows(call, place, other, "bills")
    assert not rows(call, place, BILL.format("G", "2026-03-10", "2026-03-10"), "bills", "--service", "assistant")


@pytest.mark.usefixtures("ledger")
def test_a_year_with_gaps_shows_nothing_of_a_commitment(call: Call, place: Path) -> None:
    (found,) = rows(call, place, COMMITMENT.format(2025), "commitments")
    assert (found["outcome"], found["result"], found["held_against"]) == ("not shown", "0.004", "0.960")


@pytest.mark.usefixtures("ledger")
def test_a_baseline_year_without_a_ledger_is_the_stated_one(call: Call, place: Path) -> None:
    (found,) = rows(call, place, COMMITMENT.format(2019), "commitments")
    # 1 kWh less 20 % of it times 7 of 11 years
    assert found["held_against"] == "0.873"


@pytest.mark.usefixtures("ledger")
def test_only_contracts_that_run_in_the_year_are_counted(call: Call, place: Path) -> None:
    days = (
        ("before", "2024-01-01", "2025-12-31"),
        ("last", "2026-12-31", "2030-01-01"),
        ("after", "2027-01-01", "2028-01-01"),
    )
    stated = "".join(CONTRACT.format(*one) for one in days) + '[[contract]]\nuid = "always"\n'
    assert [one["contract_uid"] for one in rows(call, place, stated, "procurement")] == ["last", "always"]


@pytest.mark.usefixtures("ledger")
def test_what_is_stated_in_a_sealed_report_does_not_change_unseen(call: Call, place: Path) -> None:
    file = place / "empreinte.toml"
    plain = file.read_text(encoding="utf-8")
    seal = ("report", "--year", "2026", "--format", "json", "--output", str(place / "out"), "--seal")
    file.write_text(plain + COMMITMENT.format(2025), encoding="utf-8")
    assert call(*seal).status == 0
    assert call(*seal).status == 0
    file.write_text(plain + COMMITMENT.format(2025).replace("-20 %", "-2 %"), encoding="utf-8")
    said = call(*seal)
    assert (said.status, "is sealed" in said.err) == (1, True)
    assert call(*seal, "--correct", "the council lowered the target").status == 0
