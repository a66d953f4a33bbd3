import math
from collections.abc import Callable
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import LoadModel
from monitor.core.units import Duration, Energy, Power

SECOND = Duration.from_seconds(1)
FULL = LoadModel(Power.from_watts(200))

MEASURED = {
    "EPYC 8024P": (0.20, 0.32, 0.53, 0.51),
    "Threadripper 1950X": (0.24, 0.34, 0.80, 0.93),
    "Xeon E3-1240 v2": (0.08, 0.10, 0.35, 0.72),
    "2 Xeon E5-2620 v3": (0.09, 0.18, 0.36, 0.62),
    "2 Xeon 8275CL": (0.12, 0.37, 0.93, 1.31),
    "2 Xeon 8124M": (0.11, 0.28, 0.61, 0.88),
    "2 Xeon 8175M": (0.12, 0.31, 0.72, 1.00),
    "2 Xeon 8259CL": (0.13, 0.33, 0.73, 1.06),
    "2 Xeon 8151": (0.10, 0.31, 0.75, 0.92),
    "2 Xeon E5-2686 v4": (0.12, 0.34, 0.71, 0.97),
}
"""Power as a share of the design power, idle and at 10, 50 and 100 % load. Source: docs/modelled-host.md 2."""
LOADS = (0.0, 0.1, 0.5, 1.0)


def cubic(load: float) -> float:
    """CodeCarbon 3.3.2's curve."""
    return 0.1 + 0.9 * load**3


def ours(load: float) -> float:
    return LoadModel(Power.from_watts(1)).power(load).watts


def test_an_idle_machine_draws_an_eighth_of_its_design_power() -> None:
    assert FULL.power(0) == Power.from_watts(24)


def test_a_busy_machine_draws_less_than_its_design_power() -> None:
    assert FULL.power(1) == Power.from_watts(174)


def test_half_the_load_draws_more_than_half_the_power() -> None:
    assert FULL.power(0.5).watts == pytest.approx(200 * (0.12 + 0.75 * 0.6598), rel=1e-4)


def test_a_load_outside_the_range_is_taken_as_the_nearest_end() -> None:
    assert FULL.power(-0.1) == FULL.power(0)
    assert FULL.power(1.2) == FULL.power(1)


def test_the_energy_is_that_of_the_mean_load_over_all_cpus() -> None:
    assert FULL.energy(Duration.from_seconds(4), 4, Duration.from_seconds(2)) == Energy.from_joules(
        2 * FULL.power(0.5).watts
    )


def test_an_idle_second_costs_idle_power() -> None:
    assert FULL.energy(Duration.ZERO, 4, SECOND) == Energy.from_joules(24)


def test_no_time_costs_nothing() -> None:
    assert FULL.energy(Duration.ZERO, 4, Duration.ZERO) == Energy.ZERO


def test_a_model_of_its_own_may_be_given() -> None:
    assert LoadModel(Power.from_watts(100), idle=0.5, slope=0.5, exponent=1).power(0.5) == Power.from_watts(75)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_load_never_draws_less(one: float, other: float) -> None:
    assert FULL.power(min(one, other)) <= FULL.power(max(one, other))


@given(st.integers(0, 10**12), st.integers(1, 1024), st.integers(1, 10**12))
def test_the_energy_stays_between_idle_and_full(busy: int, cpus: int, elapsed: int) -> None:
    energy = FULL.energy(Duration(busy), cpus, Duration(elapsed))
    assert FULL.power(0).during(Duration(elapsed)) <= energy <= FULL.power(1).during(Duration(elapsed))


def test_the_curve_is_near_the_middle_of_what_was_measured() -> None:
    ratios = [ours(load) / share for shares in MEASURED.values() for load, share in zip(LOADS, shares, strict=True)]
    assert 0.9 < median(ratios) < 1.1


def test_the_curve_errs_far_less_than_codecarbons() -> None:
    def error(curve: Callable[[float], float]) -> float:
        return fmean(
            abs(math.log(curve(load) / share))
            for shares in MEASURED.values()
            for load, share in zip(LOADS, shares, strict=True)
        )

    assert error(ours) < error(cubic) / 2


@pytest.mark.parametrize("shares", MEASURED.values(), ids=MEASURED)
def test_the_truth_is_within_the_stated_half(shares: tuple[float, ...]) -> None:
    assert sum(shares) == pytest.approx(sum(map(ours, LOADS)), rel=0.5)
