from collections.abc import Sequence
from typing import ClassVar, Self

from monitor.adapters.codecarbon import Comparison
from monitor.collector import Host, Reason, Source, Unavailable
from monitor.comparison import Line, Measured, Ours, Part, Why, beside, measure
from monitor.core.interval import Stamp
from monitor.core.readings import CounterReading, Method, PowerReading, Reach, Reading
from monitor.core.units import Duration, Energy, Power

SECOND = 10**9


class SteppedClock:
    """A clock that somebody moves."""

    boot_id = "boot"

    def __init__(self) -> None:
        self.now = 0

    def stamp(self) -> Stamp:
        return Stamp(10**18 + self.now, self.now)


class TenWatts:
    """A counter that ten watts go through, and memory at two."""

    name: ClassVar[str] = "rapl"
    slow: ClassVar[bool] = False

    def __init__(self, clock: SteppedClock) -> None:
        self._clock = clock
        self.closed = False

    @classmethod
    def open(cls, host: Host) -> Self:
        raise Unavailable(Reason.UNSUPPORTED, f"opened by the test, not for {host.run_id}")

    def sources(self) -> Sequence[Source]:
        return ()

    def collect(self) -> Sequence[Reading]:
        energy = Energy.from_joules(10 * self._clock.now / SECOND)
        return (
            CounterReading("package", "0", energy, Power.from_watts(500)),
            PowerReading("dram", "m", Power.from_watts(2), Duration(60 * SECOND), Method.MODELLED),
        )

    def close(self) -> None:
        self.closed = True


def absent() -> TenWatts:
    raise Unavailable(Reason.ABSENT, "nothing there")


def theirs(*hardware: str, gpu: float = 0) -> Comparison:
    return Comparison(
        elapsed=Duration(10 * SECOND),
        cpu=Energy.from_joules(50),
        ram=Energy.from_joules(200),
        gpu=Energy.from_joules(gpu),
        hardware=hardware,
        grams_per_kilowatt_hour=None,
        basis="",
        version="3.3.2",
    )


def test_we_measure_until_told_to_stop() -> None:
    clock = SteppedClock()
    collector = TenWatts(clock)

    def wait(time: Duration) -> bool:
        clock.now += time.nanoseconds
        return clock.now >= 20 * SECOND

    found = measure([("rapl", lambda: collector), ("hwmon", absent)], clock, Duration(5 * SECOND), wait)
    assert found.components == {
        "package": (Method.COUNTER, Power.from_watts(10)),
        "dram": (Method.MODELLED, Power.from_watts(2)),
    }
    assert found.machine == {}
    assert collector.closed


class Wall(TenWatts):
    """A plug of the whole machine, or psys inside it."""

    def __init__(self, clock: SteppedClock, watts: float, reach: Reach = Reach.SUPPLY) -> None:
        super().__init__(clock)
        self._watts, self._reach = watts, reach

    def collect(self) -> Sequence[Reading]:
        energy = Energy.from_joules(self._watts * self._clock.now / SECOND)
        return (CounterReading("platform", "0", energy, Power.from_watts(500), reach=self._reach),)


class Mute(Wall):
    """A plug that tells something once, and nothing more."""

    def collect(self) -> Sequence[Reading]:
        return super().collect() if self._clock.now == 0 else ()


def test_each_meter_of_the_whole_machine_is_read_by_itself() -> None:
    clock = SteppedClock()

    def wait(time: Duration) -> bool:
        clock.now += time.nanoseconds
        return clock.now >= 20 * SECOND

    found = measure(
        [
            ("rapl", lambda: TenWatts(clock)),
            ("shelly:prise", lambda: Wall(clock, 30)),
            ("perf", lambda: Wall(clock, 15, Reach.BOARD)),
            ("nut:ups", lambda: Mute(clock, 40)),
        ],
        clock,
        Duration(5 * SECOND),
        wait,
    )
    assert found.machine == {
        "shelly:prise": (Reach.SUPPLY, Power.from_watts(30)),
        "perf": (Reach.BOARD, Power.from_watts(15)),
        "nut:ups": (Reach.SUPPLY, None),
    }
    assert found.components["package"] == (Method.COUNTER, Power.from_watts(10))


def test_both_figures_stand_side_by_side_as_power() -> None:
    ours = {"package": (Method.COUNTER, Power.from_watts(10)), "dram": (Method.MODELLED, Power.from_watts(2))}
    assert beside(Measured(ours), theirs("CPU(Intel Rapl)")) == (
        Line(Part.CPU, Ours(Power.from_watts(10), Method.COUNTER), Power.from_watts(5), (Why.BOTH_COUNT,)),
        Line(Part.RAM, Ours(Power.from_watts(2), Method.MODELLED), Power.from_watts(20), (Why.THEY_SUPPOSE,)),
    )


def test_a_model_is_named_on_either_side() -> None:
    modelled = {"package": (Method.MODELLED, Power.from_watts(10))}
    assert beside(Measured(modelled), theirs("CPU(Cpu Load)"))[0].why == (Why.THEY_MODEL, Why.WE_MODEL)
    counted = {"package": (Method.COUNTER, Power.from_watts(10))}
    assert beside(Measured(counted), theirs("CPU(Cpu Load)"))[0].why == (Why.THEY_MODEL,)


def test_what_one_of_them_does_not_know_is_unknown_and_not_zero() -> None:
    assert [line.ours for line in beside(Measured({}), theirs("CPU(Cpu Load)"))] == [Ours(None, None), Ours(None, None)]
    gpus = {f"gpu{index}": (Method.COUNTER, Power.from_watts(100)) for index in range(2)}
    line = beside(Measured(gpus), theirs("CPU(Cpu Load)"))[2]
    assert (line.ours.power, line.theirs, line.why) == (Power.from_watts(200), None, (Why.THEY_SEE_NONE,))
    assert beside(Measured(gpus), theirs("GPU(NVIDIA)", gpu=50))[2].theirs == Power.from_watts(5)
