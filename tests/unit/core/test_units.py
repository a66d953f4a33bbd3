from hypothesis import given
from hypothesis import strategies as st

from monitor.core.units import Duration, Energy, Memory, Power


def test_energy_over_time_is_mean_power() -> None:
    assert Energy.from_joules(620).over(Duration.from_seconds(10)) == Power.from_watts(62)


def test_power_during_time_is_energy() -> None:
    assert Power.from_watts(62).during(Duration.from_seconds(10)) == Energy.from_joules(620)


def test_a_kilowatt_hour_is_three_point_six_megajoules() -> None:
    assert Energy.from_joules(3_600_000).kilowatt_hours == 1.0


def test_memory_is_counted_in_binary_gibibytes() -> None:
    assert Memory.from_gibibytes(2).bytes == 2_147_483_648
    assert Memory(1_073_741_824).gibibytes == 1.0


@given(st.integers(-(10**18), 10**18), st.integers(-(10**18), 10**18))
def test_sums_and_differences_are_exact(left: int, right: int) -> None:
    assert Energy(left) + Energy(right) - Energy(right) == Energy(left)
    assert Duration(left) + Duration(right) - Duration(right) == Duration(left)
    assert (Power(left) + Power(right)).microwatts == left + right


def test_quantities_are_ordered_within_their_kind() -> None:
    assert Energy(1) < Energy(2)
    assert Duration(1) < Duration(2)
    assert Power(1) < Power(2)
