from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from monitor.config.clause_values import UNITS, metric, operator, threshold
from monitor.config.quantities import WrongValueError
from monitor.config.reference import shown
from monitor.core.contracts import METRICS, Basis, Operator, Quantity, Window
from tests.unit.config.reading import faults, read

CONTRACT = '[[contract]]\nuid = "2026-DSI-042"\nstarts = 2026-01-01\n'
CLAUSE = '[[contract.clause]]\nmetric = "energy_per_1000_output_tokens"\noperator = "<="\n'
WHOLE = f'{CONTRACT}{CLAUSE}threshold = "3 Wh"\nperiod = "month"\n'
SERVICE = '[[service]]\nkey = "assistant"\ncontract = "2026-DSI-042"\nmatch = { port = 80 }\n'
BOUGHT = '[[external]]\nkey = "redac"\nprovider = "mistral"\nmodels = ["*"]\ncontract = "2026-DSI-042"\n'


@pytest.mark.parametrize(
    ("written", "quantity", "amount"),
    [
        ("3 Wh", Quantity.ENERGY, 10_800),
        ("250 mWh", Quantity.ENERGY, 900),
        ("1.5 kWh", Quantity.ENERGY, 5_400_000),
        ("0.5 mgCO2e", Quantity.EMISSIONS, Fraction(1, 2000)),
        ("120 kgCO2e", Quantity.EMISSIONS, 120_000),
        ("2 m3", Quantity.WATER, 2_000),
        ("12.5 %", Quantity.SHARE, Fraction(1, 8)),
        ("100 g/kWh", Quantity.INTENSITY, 100),
        ("0.4 L/kWh", Quantity.WATER_USE, Fraction(2, 5)),
        ("1.4", Quantity.RATIO, Fraction(7, 5)),
    ],
)
def test_a_threshold_keeps_its_digits_and_says_what_it_is_of(
    written: str, quantity: Quantity, amount: Fraction
) -> None:
    found = threshold(written)
    assert (found.amount, found.quantity, str(found)) == (amount, quantity, written)


def test_there_is_a_unit_for_every_quantity_but_a_plain_ratio() -> None:
    assert {quantity for quantity, _ in UNITS.values()} == set(Quantity) - {Quantity.RATIO}


@pytest.mark.parametrize(
    ("value", "instead"),
    [("3 watt", '"3 Wh", for example'), ("12 t", '"12 tCO2e"'), ("0 Wh", ""), ("0", ""), (True, '"3 Wh"')],
)
def test_a_threshold_that_says_nothing_is_refused(value: object, instead: str) -> None:
    with pytest.raises(WrongValueError) as wrong:
        threshold(value)
    assert wrong.value.instead == instead


def test_what_cannot_be_known_is_refused_with_all_that_can() -> None:
    with pytest.raises(WrongValueError, match="'renewable_share' is not among what can be known here") as wrong:
        metric("renewable_share")
    assert all(name in wrong.value.what for name in METRICS)
    with pytest.raises(WrongValueError) as close:
        metric("energy_per_1000_output_token")
    assert close.value.instead == '"energy_per_1000_output_tokens"'


def test_what_people_write_for_an_operator_is_suggested_and_not_taken() -> None:
    assert operator(">") is Operator.ABOVE
    with pytest.raises(WrongValueError) as wrong:
        operator("≤")
    assert wrong.value.instead == '"<="'


def test_a_contract_is_read_with_its_clauses_in_order(tmp_path: Path) -> None:
    texts = 'title = "Assistant"\nsupplier = "Rédac SCOP"\ncpv = ["72212000-4"]\nends = 2028-12-31\n'
    second = (
        '[[contract.clause]]\nid = "repos"\nmetric = "idle_share"\noperator = "<"\nthreshold = "20 %"\n'
        'text = "Au repos : moins de 20 %"\ntolerance = 0.1\nbasis = "declared"\nmin_coverage = 0.8\n'
        'min_measured = 0.5\nevidence = ["relevé mensuel"]\npenalty = "1 000 EUR"\nstarts = 2026-07-01\n'
        'period = "year"\nservice = "assistant"\n'
    )
    [contract] = read(tmp_path, f"{CONTRACT}{texts}{WHOLE.removeprefix(CONTRACT)}{second}{SERVICE}").contracts
    first, other = contract.clauses
    assert (contract.uid, contract.supplier, contract.cpv) == ("2026-DSI-042", "Rédac SCOP", ("72212000-4",))
    assert (contract.starts, contract.ends) == (date(2026, 1, 1), date(2028, 12, 31))
    assert (first.id, first.window, first.basis) == ("clause-1", Window.MONTH, Basis.MEASURED)
    assert first.limit == Fraction(10_800)
    assert (first.min_coverage, first.min_measured) == (Fraction(9, 10), Fraction(9, 10))
    assert (other.id, other.operator, other.basis) == ("repos", Operator.BELOW, Basis.DECLARED)
    assert (other.limit, other.min_coverage, other.min_measured) == (Fraction(22, 100), Fraction(4, 5), Fraction(1, 2))
    assert (other.text, other.evidence, other.penalty) == (
        "Au repos : moins de 20 %",
        ("relevé mensuel",),
        "1 000 EUR",
    )
    assert (other.starts, other.service) == (date(2026, 7, 1), "assistant")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{CONTRACT}{CLAUSE}threshold = "20 %"\nperiod = "month"\n', "20 % is no threshold of energy_per_1000_output"),
        (f'{CONTRACT}{CLAUSE}threshold = 3\nperiod = "month"\n', "in Wh, mWh, kWh, MWh, J"),
        (f'{WHOLE}id = "a"\n{CLAUSE}id = "a"\nthreshold = "3 Wh"\nperiod = "month"\n', "'a' is already the id"),
        (f"{CONTRACT}{CONTRACT}", "'2026-DSI-042' is already the contract at contract[0]"),
        (f"{CONTRACT}ends = 2025-12-31\n", "2025-12-31 is before the first day, 2026-01-01"),
        (f"{WHOLE}starts = 2026-07-01\nends = 2026-06-30\n", "2026-06-30 is before its first day"),
        (f'[[contract]]\nuid = "a"\n{CLAUSE}threshold = "3 Wh"\nperiod = "contract"\n', "has no beginning"),
        (f'{WHOLE}service = "asistant"\n{SERVICE}', "there is no service 'asistant' in this file"),
        (f"{WHOLE}{SERVICE}{BOUGHT}", "what is measured is never added to what is not"),
        (f"{WHOLE}{SERVICE.replace('042', '024')}", "there is no contract '2026-DSI-024'"),
        (f'{CONTRACT}cpv = ["7221"]\n', "'7221' is no code of the common procurement vocabulary"),
        ('contract = "a"\n', "[[contract]], with two brackets"),
        (f'{CONTRACT}clause = "a"\n', "with two brackets"),
        (f"{CONTRACT}{CLAUSE}", "this key is needed"),
        (f'{WHOLE}penality = "100 EUR"\n', "write penalty"),
    ],
)
def test_what_can_not_be_is_told_with_its_cure(tmp_path: Path, text: str, said: str) -> None:
    assert said in faults(tmp_path, text)


def test_the_line_of_a_clause_is_told(tmp_path: Path) -> None:
    told = faults(tmp_path, f'{WHOLE}{CLAUSE}threshold = "3 L"\nperiod = "month"\n')
    assert "line 12: contract[0].clause[1].threshold" in told


def test_a_clause_may_name_one_of_measured_and_bought_services(tmp_path: Path) -> None:
    named = f'{WHOLE}service = "redac"\n{SERVICE}{BOUGHT}'
    assert read(tmp_path, named).contracts[0].clauses[0].service == "redac"


def test_services_may_name_contracts_where_none_is_declared(tmp_path: Path) -> None:
    assert read(tmp_path, SERVICE).contracts == ()


def test_what_is_in_force_is_shown_as_it_is_read(tmp_path: Path) -> None:
    rows = {path: value for path, value, _ in shown(read(tmp_path, WHOLE))}
    assert rows["contract[0].uid"] == '"2026-DSI-042"'
    assert rows["contract[0].clause[0].metric"] == '"energy_per_1000_output_tokens"'
    assert rows["contract[0].clause[0].threshold"] == '"3 Wh"'
    assert rows["contract[0].clause[0].min_coverage"] == "0.9"
