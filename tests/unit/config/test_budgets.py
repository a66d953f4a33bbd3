from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from monitor.config.budgets import UNITS, limit
from monitor.config.quantities import WrongValueError
from monitor.config.reference import shown
from monitor.core.budgets import Budget, Measure, Period
from monitor.core.groups import Group, Grouping
from tests.unit.config.reading import faults, read

KWH = 3_600_000_000_000


@pytest.mark.parametrize(
    ("written", "measure", "amount"),
    [
        ("750 Wh", Measure.ENERGY, KWH * 3 // 4),
        ("1.5 kWh", Measure.ENERGY, KWH * 3 // 2),
        ("2 MWh", Measure.ENERGY, 2000 * KWH),
        ("5 gCO2e", Measure.EMISSIONS, 5 * 10**6),
        ("120 kgCO2e", Measure.EMISSIONS, 120 * 10**9),
        ("0.1 tCO2e", Measure.EMISSIONS, 100 * 10**9),
        ("40 L", Measure.WATER, 40 * 10**6),
        ("1.2 m3", Measure.WATER, 1200 * 10**6),
        ("300 EUR", Measure.COST, 300 * 10**6),
        ("300€", Measure.COST, 300 * 10**6),
    ],
)
def test_a_limit_says_by_its_unit_what_it_limits(written: str, measure: Measure, amount: int) -> None:
    found = limit(written)
    assert (found.measure, found.amount, str(found)) == (measure, amount, written)


def test_there_is_a_unit_for_every_measure() -> None:
    assert {measure for measure, _ in UNITS.values()} == set(Measure)


@pytest.mark.parametrize(
    ("value", "instead"),
    [
        (120, '"120 kgCO2e"'),
        ("120", '"120 kgCO2e"'),
        ("120 kg", '"120 kgCO2e"'),
        ("3 t", '"3 tCO2e"'),
        ("3 GWh", '"3000 MWh"'),
        ("2 k€", '"2000 EUR"'),
        ("12 kwh", '"12 kWh"'),
        ("5 m³", '"5 m3"'),
        ("1,5 kWh", '"1.5 kWh"'),
        ("-5 kWh", ""),
        ("0 kWh", ""),
        ("0.0000000001 Wh", '"1 Wh", for example'),
        ("lots", '"120 kgCO2e"'),
    ],
)
def test_what_is_no_limit_is_refused_with_what_was_meant(value: object, instead: str) -> None:
    with pytest.raises(WrongValueError) as error:
        limit(value)
    assert error.value.instead == instead


def test_a_budget_is_read_with_all_that_it_says(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        '[[budget]]\nkey = "ia"\nname = "Budget IA"\ndepartment = "État civil"\nperiod = "quarter"\n'
        'limit = "120 kgCO2e"\nwarn_at = 0.75\n',
    )
    assert config.budgets == (
        Budget(
            "ia",
            "Budget IA",
            Group(Grouping.DEPARTMENT, "État civil"),
            Measure.EMISSIONS,
            Period.QUARTER,
            120 * 10**9,
            Fraction(3, 4),
            "120 kgCO2e",
        ),
    )


def test_what_is_not_said_is_made_of_the_rest_and_each_key_is_there_once(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        '[[budget]]\nperiod = "year"\nlimit = "9 kWh"\n'
        '[[budget]]\nservice = "assistant"\nperiod = "month"\nlimit = "9 EUR"\n'
        '[[budget]]\nservice = "assistant"\nperiod = "month"\nlimit = "8 EUR"\n'
        '[[budget]]\nkey = "contract-42-water-year"\nperiod = "year"\nlimit = "9 L"\n'
        '[[budget]]\ncontract = "Contract/42"\nperiod = "year"\nlimit = "9 L"\n'
        '[[budget]]\ndepartment = "État civil"\nperiod = "year"\nlimit = "9 L"\n',
    )
    keys = [budget.key for budget in config.budgets]
    assert keys == [
        "all-energy-year",
        "assistant-cost-month",
        "assistant-cost-month-2",
        "contract-42-water-year",
        "contract-42-water-year-2",
        "etat-civil-water-year",
    ]
    assert [budget.name for budget in config.budgets] == keys
    assert [budget.holder for budget in config.budgets] == [
        None,
        "assistant",
        "assistant",
        None,
        Group(Grouping.CONTRACT, "Contract/42"),
        Group(Grouping.DEPARTMENT, "État civil"),
    ]
    assert {budget.warn_at for budget in config.budgets} == {Fraction(4, 5)}


def test_a_key_that_is_made_of_a_long_name_is_still_a_key(tmp_path: Path) -> None:
    budget = f'[[budget]]\ndepartment = "{"Direction générale " * 20}"\nperiod = "year"\nlimit = "9 L"\n'
    keys = [one.key for one in read(tmp_path, budget * 2).budgets]
    assert [len(key) <= 63 for key in keys] == [True, True]
    assert keys[0].endswith("generale-water-year")
    assert keys[1] == f"{keys[0]}-2"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('limit = "9 kWh"\n', "period: this key is needed"),
        ('period = "year"\n', "limit: this key is needed"),
        ('period = "week"\nlimit = "9 kWh"\n', "'week' is none of month, quarter, year"),
        ('period = "year"\nlimit = "9"\n', 'a bare number needs a unit: write "9 kgCO2e"'),
        ('period = "year"\nlimit = "9 kWh"\nwarn_at = 1.2\n', "budget[0].warn_at"),
        ('period = "year"\nlimit = "9 kWh"\nwarn_at = "80 %"\n', "budget[0].warn_at"),
        (
            'period = "year"\nlimit = "9 kWh"\nwarn_art = 0.8\n',
            "budget[0].warn_art: there is no such key: write warn_at",
        ),
        ('period = "year"\nlimit = "9 kWh"\nservice = "_idle"\n', "reserved"),
        (
            'period = "year"\nlimit = "9 kWh"\nservice = "a"\ncontract = "b"\n',
            "budget[0]: a budget is of one service, one department or one contract: keep one of them",
        ),
    ],
)
def test_what_can_not_be_is_refused(tmp_path: Path, lines: str, expected: str) -> None:
    assert expected in faults(tmp_path, f"[[budget]]\n{lines}")


def test_no_two_budgets_have_one_key(tmp_path: Path) -> None:
    budget = '[[budget]]\nkey = "ia"\nperiod = "year"\nlimit = "9 kWh"\n'
    assert "budget[1].key: 'ia' is already the key of another budget, at budget[0]" in faults(tmp_path, budget * 2)


def test_what_is_in_force_is_shown_as_it_is_read(tmp_path: Path) -> None:
    config = read(tmp_path, '[[budget]]\nperiod = "year"\nlimit = "9  kWh"\n')
    told = {path: value for path, value, _ in shown(config) if path.startswith("budget")}
    assert told == {
        "budget[0].key": '"all-energy-year"',
        "budget[0].name": '"all-energy-year"',
        "budget[0].period": '"year"',
        "budget[0].limit": '"9 kWh"',
        "budget[0].warn_at": "0.8",
    }
    assert config.budget_tables[0].warn_at == Decimal("0.8")
