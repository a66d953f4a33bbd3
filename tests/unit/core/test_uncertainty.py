from fractions import Fraction

import pytest

from monitor.core.entries import Meter
from monitor.core.impact import Bounds
from monitor.core.readings import Method
from monitor.core.uncertainty import METHOD_ERROR, measure_error, together, with_measure
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Energy


def kwh(amount: str) -> Energy:
    return Energy(int(Fraction(amount) * MICROJOULES_PER_KILOWATT_HOUR))


def test_every_method_has_an_error_and_none_is_certain() -> None:
    assert {
        Method.COUNTER: Fraction(1, 10),
        Method.INTEGRATED: Fraction(1, 4),
        Method.DECLARED: Fraction(1, 4),
        Method.MODELLED: Fraction(1, 2),
    } == METHOD_ERROR
    assert METHOD_ERROR.keys() == set(Method)


@pytest.mark.parametrize("method", list(Method))
def test_one_meter_has_the_error_of_its_method(method: Method) -> None:
    assert measure_error({Meter("package", method): kwh("3")}) == METHOD_ERROR[method]


def test_two_meters_of_the_same_error_are_surer_than_one() -> None:
    """Each of 3 and 4 kWh is off by a tenth: together sqrt(0.3^2 + 0.4^2) = 0.5 kWh of 7."""
    energies = {Meter("gpu0", Method.COUNTER): kwh("3"), Meter("gpu1", Method.COUNTER): kwh("4")}
    assert measure_error(energies) == Fraction(5, 70)


def test_meters_of_different_methods_each_count_by_their_own_error() -> None:
    """1.2 kWh by a counter (0.12) and 1 kWh by a model (0.5): sqrt(0.0144 + 0.25) = 0.5141984 kWh of 2.2."""
    error = measure_error({Meter("package", Method.COUNTER): kwh("1.2"), Meter("rest", Method.MODELLED): kwh("1")})
    assert round(error, 6) == Fraction("0.233727")


def test_one_resource_by_two_methods_in_turn_is_two_meters() -> None:
    energies = {Meter("package", Method.COUNTER): kwh("3"), Meter("package", Method.MODELLED): kwh("0.8")}
    assert measure_error(energies) == Fraction(5, 38)


def test_no_energy_has_no_error() -> None:
    assert measure_error({}) == 0
    assert measure_error({Meter("package", Method.COUNTER): Energy.ZERO}) == 0


def test_the_error_of_the_meters_and_the_range_of_the_factor_are_independent() -> None:
    """300 below and 400 above by the factor, 10 % of 4,000 by the meter: 500 below, and sqrt(2) x 400 above."""
    assert with_measure(Bounds(3_700, 4_000, 4_400), Fraction(1, 10)) == Bounds(3_500, 4_000, 4_566)


def test_without_an_error_of_the_meters_the_range_is_the_factor_s() -> None:
    assert with_measure(Bounds(31, 51, 58), Fraction(0)) == Bounds(31, 51, 58)


def test_no_amount_goes_below_nothing() -> None:
    assert with_measure(Bounds(0, 100, 300), Fraction(1, 2)).low == 0
    assert together([Bounds(0, 100, 300), Bounds(0, 100, 100)]) == Bounds(58, 200, 400)
    assert together([Bounds(0, 100, 100), with_measure(Bounds(0, 10, 10), Fraction(9, 10))]).low >= 0


def test_independent_amounts_come_together_by_the_root_of_their_squares() -> None:
    assert together([Bounds(70, 100, 120), Bounds(160, 200, 250)]) == Bounds(250, 300, 354)


def test_what_shares_its_factor_adds_up_linearly() -> None:
    assert Bounds(70, 100, 130) + Bounds(160, 200, 240) == Bounds(230, 300, 370)


def test_one_amount_is_itself_and_none_is_nothing() -> None:
    assert together([Bounds(1, 2, 3)]) == Bounds(1, 2, 3)
    assert together([]) == Bounds.ZERO


def test_an_error_is_rounded_up() -> None:
    assert with_measure(Bounds(10, 10, 10), Fraction(1, 100)) == Bounds(9, 10, 11)


def test_the_sum_of_ten_thousand_hosts_is_exact() -> None:
    huge = 10**24
    assert with_measure(Bounds(huge, huge, huge), Fraction(1, 10)) == Bounds(9 * huge // 10, huge, 11 * huge // 10)
    energies = {Meter("gpu0", Method.COUNTER): Energy(3 * huge), Meter("gpu1", Method.COUNTER): Energy(4 * huge)}
    assert measure_error(energies) == Fraction(1, 14)
