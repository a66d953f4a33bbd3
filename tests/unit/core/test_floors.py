from monitor.core.floors import Floors
from monitor.core.units import Duration, Energy, Power

TICK = Duration.from_seconds(5)


def _idle_for(floors: Floors, ticks: int, watts: float) -> None:
    for _ in range(ticks):
        floors.see("package", Power.from_watts(watts).during(TICK), TICK, idle=True)


def test_half_a_minute_of_idleness_teaches_the_floor() -> None:
    floors = Floors({}, {})
    _idle_for(floors, 5, 40)
    assert floors.of("package") is None
    _idle_for(floors, 1, 40)
    assert floors.of("package") == Power.from_watts(40)


def test_a_quiet_tick_beside_a_burst_teaches_nothing() -> None:
    floors = Floors({}, {})
    for _ in range(20):
        _idle_for(floors, 5, 1)
        floors.see("package", Energy.from_joules(500), TICK, idle=False)
    assert floors.of("package") is None


def test_the_lowest_stretch_counts() -> None:
    floors = Floors({"package": Power.from_watts(40)}, {})
    _idle_for(floors, 6, 50)
    assert floors.of("package") == Power.from_watts(40)
    _idle_for(floors, 6, 30)
    assert floors.of("package") == Power.from_watts(30)
    assert floors.learnt() == {"package": Power.from_watts(30)}


def test_a_configured_floor_is_not_learnt_away() -> None:
    floors = Floors({}, {"package": Power.from_watts(45)})
    _idle_for(floors, 6, 30)
    assert floors.of("package") == Power.from_watts(45)


def test_no_time_teaches_nothing() -> None:
    floors = Floors({}, {})
    floors.see("package", Energy.ZERO, Duration.ZERO, idle=True)
    assert floors.of("package") is None
