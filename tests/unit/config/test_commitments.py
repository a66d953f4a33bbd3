from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from monitor.config.commitments import target
from monitor.config.quantities import WrongValueError
from monitor.config.reference import shown
from monitor.core.bills import Covers
from monitor.core.commitments import Action, Progress
from monitor.core.contracts import Basis, Operator, Quantity
from tests.unit.config.reading import faults, read

if TYPE_CHECKING:
    from pathlib import Path

COMMITMENT = (
    '[[commitment]]\nkey = "sobriete"\ntext = "Réduire de 20 %"\nindicator = "energy"\noperator = "<="\nyear = 2030\n'
)
ACTION = '[[commitment.action]]\ntext = "Extinction la nuit"\nstatus = "done"\nowner = "DSI"\nday = 2026-06-30\n'
BILL = '[[bill]]\nsource = "F-1"\nstarts = 2026-01-01\nends = 2026-01-31\nenergy = "4.5 MWh"\ncovers = "room"\n'


@pytest.mark.parametrize(
    ("written", "change"),
    [
        ("-20 %", Fraction(-1, 5)),
        ("-12.5%", Fraction(-1, 8)),
        ("\u221220 %", Fraction(-1, 5)),
        ("+5 %", Fraction(1, 20)),
    ],
)
def test_with_its_sign_a_percentage_is_a_change(written: str, change: Fraction) -> None:
    assert (target(written).change, target(written).amount) == (change, None)


def test_without_a_sign_it_is_the_target_itself() -> None:
    found = target("20 %")
    assert found.change is None
    assert found.amount is not None
    assert (found.amount.amount, found.amount.quantity) == (Fraction(1, 5), Quantity.SHARE)


@pytest.mark.parametrize("written", ["-100 %", "-0 %", "+0 %", "-130 %", "-20", "-20 kWh"])
def test_what_can_not_be_aimed_at_is_refused(written: str) -> None:
    with pytest.raises(WrongValueError):
        target(written)


def test_a_commitment_is_read_with_its_actions(tmp_path: Path) -> None:
    config = read(tmp_path, f'{COMMITMENT}target = "-20 %"\nbaseline_year = 2025\nbaseline = "1200 kWh"\n{ACTION}')
    (one,) = config.commitments
    assert (one.key, one.metric.name, one.operator, one.year) == ("sobriete", "energy", Operator.AT_MOST, 2030)
    assert one.baseline is not None
    assert (one.baseline_year, one.baseline.amount, one.basis) == (2025, Fraction(1200 * 3_600_000), Basis.MEASURED)
    assert one.actions == (
        Action(text="Extinction la nuit", progress=Progress.DONE, owner="DSI", day=date(2026, 6, 30)),
    )
    told = {path: value for path, value, _ in shown(config)}
    assert told["commitment[0].target"] == '"-20 %"'
    assert told["commitment[0].action[0].owner"] == '"DSI"'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('target = "-20 %"\n', "commitment[0].baseline_year: a change is of some year: say which"),
        ('target = "9 kWh"\nbaseline = "9 kWh"\n', "a baseline is of some year"),
        ('target = "9 kWh"\nbaseline_year = 2030\n', "2030 is not before the target's year, 2030"),
        ('target = "9 kgCO2e"\n', "commitment[0].target: 9 kgCO2e is no amount of energy, which is in Wh"),
        ('target = "9 kWh"\nbaseline_year = 2025\nbaseline = "9 L"\n', "commitment[0].baseline: 9 L is no amount"),
        ('target = "9 kWh"\nservice = "a"\ndepartment = "B"\n', "one service or one department"),
        ('target = "9 kWh"\nservice = "nobody"\n', "there is no service 'nobody' in this file"),
        ('target = "9 kWh"\n[[commitment.action]]\ntext = "a"\n', "commitment[0].action[0].status: this key is needed"),
    ],
)
def test_what_is_wrong_with_a_commitment_is_said(tmp_path: Path, text: str, said: str) -> None:
    assert said in faults(tmp_path, COMMITMENT + text)


def test_no_key_belongs_to_two_commitments(tmp_path: Path) -> None:
    one = f'{COMMITMENT}target = "9 kWh"\n'
    assert "'sobriete' is already the key of another commitment, at commitment[0]" in faults(tmp_path, one + one)
    assert "[[commitment]], with two brackets" in faults(tmp_path, '[commitment]\nkey = "a"\n')


def test_a_bill_is_read_in_the_ledgers_units(tmp_path: Path) -> None:
    (bill,) = read(tmp_path, f"{BILL}share = 0.25\n").bills
    assert (bill.energy, bill.covers, bill.share) == (4_500 * 3_600_000_000_000, Covers.ROOM, Fraction(1, 4))
    assert read(tmp_path, BILL).bills[0].share is None
    assert "bill[0].ends" in faults(tmp_path, BILL.replace("2026-01-31", "2025-12-31"))
    assert '"4500 kWh"' in faults(tmp_path, BILL.replace("4.5 MWh", "4500 kW"))


def test_a_contract_may_say_what_it_is_worth_and_the_organisation_who_answers(tmp_path: Path) -> None:
    text = (
        '[organisation]\naccountable = "La directrice"\ncontact = "a@ville.example"\n'
        '[[contract]]\nuid = "2026-1"\namount = "48000 EUR"\n'
    )
    config = read(tmp_path, text)
    assert config.contract_tables[0].amount == 48_000
    assert (config.organisation.accountable, config.organisation.contact) == ("La directrice", "a@ville.example")
