from monitor.core.floors import Floors
from monitor.core.readings import Method
from monitor.core.units import Duration, Energy, Power

TICK = Duration.from_seconds(5)
COUNTER = Method.COUNTER


def _idle_for(floors: Floors, ticks: int, watts: float) -> None:
    for _ in range(ticks):
        floors.see("package", COUNTER, Power.from_watts(watts).during(TICK), TICK, idle=True)


def test_half_a_minute_of_idleness_teaches_the_floor() -> None:
    floors = Floors({}, {})
    _idle_for(floors, 5, 40)
    assert floors.of("package", COUNTER) is None
    _idle_for(floors, 1, 40)
    assert floors.of("package", COUNTER) == Power.from_watts(40)


def test_a_quiet_tick_beside_a_burst_teaches_nothing() -> None:
    floors = Floors({}, {})
    for _ in range(20):
        _idle_for(floors, 5, 1)
        floors.see("package", COUNTER, Energy.from_joules(500), TICK, idle=False)
    assert floors.of("package", COUNTER) is None


def test_the_lowest_stretch_counts() -> None:
    floors = Floors({"package/counter": Power.from_watts(40)}, {})
    _idle_for(floors, 6, 50)
    assert floors.of("package", COUNTER) == Power.from_watts(40)
    _idle_for(floors, 6, 30)
    assert floors.of("package", COUNTER) == Power.from_watts(30)
    assert floors.learnt() == {"package/counter": Power.from_watts(30)}


def test_a_configured_floor_is_not_learnt_away() -> None:
    floors = Floors({}, {"package": Power.from_watts(45)})
    _idle_for(floors, 6, 30)
    assert floors.of("package", COUNTER) == Power.from_watts(45)


def test_no_time_teaches_nothing() -> None:
    floors = Floors({}, {})
    floors.see("package", COUNTER, Energy.ZERO, Duration.ZERO, idle=True)
    assert floors.of("package", COUNTER) is None


def test_what_a_model_taught_is_not_used_for_a_counter() -> None:
    floors = Floors({}, {})
    for _ in range(6):
        floors.see("package", Method.MODELLED, Power.from_watts(5).during(TICK), TICK, idle=True)
    assert floors.of("package", Method.MODELLED) == Power.from_watts(5)
    assert floors.of("package", COUNTER) is None


def test_a_counter_that_stands_still_teaches_nothing() -> None:
    floors = Floors({}, {})
    _idle_for(floors, 12, 0)
    assert floors.of("package", COUNTER) is None
