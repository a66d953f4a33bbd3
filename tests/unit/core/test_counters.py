from hypothesis import given
from hypothesis import strategies as st

from monitor.core.counters import Advanced, CounterState, First, Reset, Wrapped, step
from monitor.core.units import Duration, Energy, Power

RANGE = Energy.from_joules(262_143.328850)
TICK = Duration.from_seconds(5)
PLAUSIBLE = Power.from_watts(500)


def _step(
    before: Energy | None, after: Energy, *, elapsed: Duration = TICK, epochs: tuple[str, str] = ("", "")
) -> object:
    previous = None if before is None else CounterState(before, epochs[0])
    return step(previous, CounterState(after, epochs[1]), wraps_after=RANGE, plausible=PLAUSIBLE, awake=elapsed)


def test_the_first_reading_is_a_baseline() -> None:
    assert _step(None, Energy.from_joules(7)) == First()


def test_a_larger_value_advanced() -> None:
    assert _step(Energy.from_joules(100), Energy.from_joules(720)) == Advanced(Energy.from_joules(620))


def test_a_counter_that_stands_still_advanced_by_nothing() -> None:
    assert _step(Energy.from_joules(100), Energy.from_joules(100)) == Advanced(Energy.ZERO)


def test_a_decrease_from_near_the_maximum_is_a_wrap() -> None:
    near_the_end = RANGE - Energy.from_joules(10)
    assert _step(near_the_end, Energy.from_joules(5)) == Wrapped(Energy.from_joules(15))


def test_a_decrease_from_afar_is_a_reset() -> None:
    """A peer took 200 kJ -> 1 J for a wrap and booked a phantom 62,144 J (17 Wh)."""
    assert _step(Energy.from_joules(200_000), Energy.from_joules(1)) == Reset("counter_reset")


def test_a_new_epoch_is_a_reset_even_if_the_value_grew() -> None:
    grown = (Energy.from_joules(1), Energy.from_joules(2))
    assert _step(*grown, epochs=("driver 1", "driver 2")) == Reset("counter_reset")


def test_more_than_the_hardware_can_draw_is_a_reset() -> None:
    assert _step(Energy.from_joules(0), Energy.from_joules(100_000)) == Reset("counter_reset")


def test_a_time_in_which_it_may_have_wrapped_unseen_is_not_booked() -> None:
    ten_minutes = Duration.from_seconds(600)
    assert _step(Energy.from_joules(5), Energy.from_joules(9), elapsed=ten_minutes) == Reset("may_have_wrapped")


def test_a_counter_without_a_range_never_wraps() -> None:
    state = CounterState(Energy.from_joules(10), "")
    lower = CounterState(Energy.from_joules(9), "")
    assert step(state, lower, wraps_after=None, plausible=PLAUSIBLE, awake=TICK) == Reset("counter_reset")


def test_a_step_of_the_counter_just_after_a_read_is_plausible() -> None:
    """NVML's counter moves every 100 ms: two reads 1 ms apart may show a tenth of a second of energy."""
    moment = Duration.from_seconds(0.001)
    assert _step(Energy.ZERO, Energy.from_joules(50), elapsed=moment) == Advanced(Energy.from_joules(50))


def test_a_coarse_counter_may_show_at_once_what_it_held_back() -> None:
    """A power strip counts tenths of a kilowatt-hour: 360 kJ come to light in one second, of a machine of 500 W."""
    step_of_it = Energy.from_joules(360_000)
    held_back = Duration.from_seconds(1 + 360_000 / PLAUSIBLE.watts)
    before, after = CounterState(Energy.ZERO, ""), CounterState(step_of_it, "")
    taken = {"wraps_after": None, "plausible": PLAUSIBLE, "awake": TICK}
    assert step(before, after, **taken, settling=held_back) == Advanced(step_of_it)  # type: ignore[arg-type] - as above
    assert step(before, after, **taken) == Reset("counter_reset")  # type: ignore[arg-type] - as above


@given(st.integers(0, RANGE.microjoules - 1), st.integers(0, 2_500_000_000))
def test_wrapping_and_unwrapping_is_the_identity(start: int, drawn: int) -> None:
    after = (start + drawn) % RANGE.microjoules
    outcome = _step(Energy(start), Energy(after))
    assert isinstance(outcome, Advanced | Wrapped)
    assert outcome.energy == Energy(drawn)
