from dataclasses import replace

import pytest

from monitor.accounting import Accounting, Rules
from monitor.core.attribution import FloorRule
from monitor.core.entries import IDLE, OTHER, UNATTRIBUTED, Bucket, Gap, Grain, Meter, OpenBooks, Series, Share
from monitor.core.events import (
    CollectionSucceeded,
    CollectorBecameUnavailable,
    EnergyMeasured,
    Event,
    GapFound,
    Observed,
)
from monitor.core.interval import HOUR, MINUTE, Interval, Stamp
from monitor.core.readings import (
    CounterReading,
    GpuUsageReading,
    GpuUse,
    HostUsageReading,
    Method,
    PowerReading,
    Reading,
    UsageReading,
)
from monitor.core.units import Duration, Energy, Memory, Power

SECOND = 1_000_000_000
NOON = 1_790_000_000 * SECOND // HOUR.nanoseconds * HOUR.nanoseconds
COUNTER = Method.COUNTER


def stamp(seconds: float, jump: float = 0) -> Stamp:
    return Stamp(NOON + round((seconds + jump) * SECOND), round((1000 + seconds) * SECOND))


def counter(resource: str, joules: float) -> CounterReading:
    return CounterReading(resource, resource, Energy.from_joules(joules), Power.from_watts(500))


def host(busy: float) -> HostUsageReading:
    return HostUsageReading(Duration.from_seconds(busy), 4, Memory.from_gibibytes(16), Memory.from_gibibytes(8))


def use(consumer: str, cpu: float, gibibytes: float = 2) -> UsageReading:
    return UsageReading(consumer, "processes", Duration.from_seconds(cpu), Memory.from_gibibytes(gibibytes), "run")


def observed(at: Stamp, **outcomes: tuple[Reading, ...]) -> Observed:
    return Observed(
        at=at,
        outcomes=tuple(
            CollectionSucceeded(at=at, collector=name, readings=readings, took=Duration.ZERO)
            for name, readings in outcomes.items()
        ),
    )


def accounting(rules: Rules | None = None, opening: OpenBooks | None = None, **more: str) -> Accounting:
    return Accounting(
        rules or Rules(),
        opening,
        boot_id=more.get("boot_id", "boot"),
        run_id=more.get("run_id", "run"),
        now=opening.at if opening is not None else stamp(0),
    )


def joules(books: OpenBooks) -> dict[tuple[str, str, Share], float]:
    return {(s.consumer, s.resource, s.share): energy.joules for s, energy in books.energy.items()}


def test_energy_is_shared_by_the_use_of_the_same_interval() -> None:
    account = accounting()
    account.take(observed(stamp(0), rapl=(counter("package", 100),), process=(host(50), use("a", 0), use("b", 0))))
    events = account.take(
        observed(stamp(5), rapl=(counter("package", 500),), process=(host(58), use("a", 4), use("b", 2)))
    )
    assert joules(account.books(stamp(5))) == {
        ("a", "package", Share.ACTIVE): 200,
        ("b", "package", Share.ACTIVE): 100,
        (OTHER, "package", Share.ACTIVE): 100,
    }
    assert events == [
        EnergyMeasured(
            at=stamp(5),
            meter=Meter("package", COUNTER),
            interval=Interval(NOON, NOON + 5 * SECOND),
            energy=Energy.from_joules(400),
        )
    ]
    assert account.conservation_error == Energy.ZERO


def test_energy_waits_until_the_use_of_its_interval_is_known() -> None:
    account = accounting()
    account.take(observed(stamp(0), rapl=(counter("package", 0),), process=(host(0), use("a", 0))))
    assert account.take(observed(stamp(5), rapl=(counter("package", 100),))) == []
    account.take(observed(stamp(10), rapl=(counter("package", 300),), process=(host(4), use("a", 3))))
    assert joules(account.books(stamp(10))) == {
        ("a", "package", Share.ACTIVE): 225,
        (OTHER, "package", Share.ACTIVE): 75,
    }


def test_energy_nobody_can_explain_for_too_long_is_unattributed() -> None:
    account = accounting()
    for seconds in range(0, 75, 5):
        account.take(observed(stamp(seconds), rapl=(counter("package", 10 * seconds),)))
    assert joules(account.books(stamp(70))) == {(UNATTRIBUTED, "package", Share.ACTIVE): 700}


def test_a_slow_meter_is_shared_by_the_use_since_its_last_reading() -> None:
    account = accounting()
    power = PowerReading("package", "acpi", Power.from_watts(10), Duration.from_seconds(60))
    account.take(observed(stamp(0), process=(host(0), use("a", 0))))
    account.take(observed(stamp(1), hwmon=(power,)))
    account.take(observed(stamp(5), process=(host(4), use("a", 4))))
    account.take(observed(stamp(11), hwmon=(power,)))
    assert account.books(stamp(11)).energy == {}
    account.take(observed(stamp(15), process=(host(8), use("a", 4))))
    shared = joules(account.books(stamp(15)))
    assert shared[("a", "package", Share.ACTIVE)] == pytest.approx(50)
    assert sum(shared.values()) == pytest.approx(100)


def test_a_slow_meter_read_just_before_the_use_is_not_unattributed_where_ticks_are_as_long_as_the_patience() -> None:
    account = accounting()
    power = PowerReading("package", "acpi", Power.from_watts(10), Duration.from_seconds(300))
    for seconds in (0, 60, 120, 180):
        account.take(observed(stamp(seconds + 0.01), hwmon=(power,)))
        account.take(observed(stamp(seconds + 0.02 * (seconds > 0)), process=(host(seconds), use("a", seconds))))
    assert set(joules(account.books(stamp(181)))) == {("a", "package", Share.ACTIVE)}


def test_what_the_platform_draws_beside_its_components_is_the_rest() -> None:
    account = accounting()
    usage = (host(0), use("a", 0))
    account.take(observed(stamp(0), rapl=(counter("package", 0), counter("platform", 0)), process=usage))
    later = (host(4), use("a", 3))
    account.take(observed(stamp(5), rapl=(counter("package", 100), counter("platform", 180)), process=later))
    books = account.books(stamp(5))
    assert books.measured == {
        Meter("package", COUNTER): Energy.from_joules(100),
        Meter("rest", COUNTER): Energy.from_joules(80),
    }
    assert joules(books)[("a", "rest", Share.ACTIVE)] == 60
    assert joules(books)[(OTHER, "rest", Share.ACTIVE)] == 20


def test_the_rest_never_falls() -> None:
    account = accounting()
    readings = [(0, 0), (100, 180), (300, 290), (400, 500)]
    for tick, (package, platform) in enumerate(readings):
        meters = (counter("package", package), counter("platform", platform))
        account.take(observed(stamp(5 * tick), rapl=meters, process=(host(tick), use("a", tick))))
    assert account.books(stamp(15)).measured[Meter("rest", COUNTER)] == Energy.from_joules(100)


def test_what_components_drew_while_the_platform_was_not_measured_is_not_taken_from_its_rest() -> None:
    account = accounting()
    power = PowerReading("platform", "bmc", Power.from_watts(50), Duration.from_seconds(10))
    for seconds in range(0, 105, 5):
        bmc = (power,) if seconds in {0, 5, 95, 100} else ()
        usage = (host(seconds), use("a", seconds))
        account.take(observed(stamp(seconds), rapl=(counter("package", 20.0 * seconds),), bmc=bmc, process=usage))
    books = account.books(stamp(100))
    # measured from 0 to 15 s, the hold included, and from 95 to 100 s: 50 W less 20 W
    assert books.covered["rest"] == Duration.from_seconds(20)
    assert books.measured[Meter("rest", Method.INTEGRATED)] == Energy.from_joules(20 * 30)


def test_what_components_drew_before_the_platform_was_read_is_not_taken_from_its_rest() -> None:
    account = accounting()
    for tick in range(5):
        meters = (counter("package", 100.0 * tick), *([counter("platform", 250.0 * tick)] if tick >= 2 else []))
        account.take(observed(stamp(5 * tick), rapl=meters, process=(host(tick), use("a", tick))))
    assert account.books(stamp(20)).measured[Meter("rest", COUNTER)] == Energy.from_joules(300)


def test_a_stop_of_the_daemon_is_a_gap_of_the_rest_too() -> None:
    power = PowerReading("platform", "bmc", Power.from_watts(50), Duration.from_seconds(10))

    def tick(account: Accounting, seconds: int) -> None:
        usage = (host(seconds), use("a", 0))
        account.take(observed(stamp(seconds), rapl=(counter("package", 20 * seconds),), bmc=(power,), process=usage))

    first = accounting()
    tick(first, 0)
    tick(first, 5)
    again = accounting(opening=first.books(stamp(5)))
    for seconds in (65, 70, 75):
        tick(again, seconds)
    assert again.take_gaps() == [Gap("rest", Interval(NOON + 5 * SECOND, NOON + 65 * SECOND), "daemon_down")]
    assert again.books(stamp(75)).measured[Meter("rest", Method.INTEGRATED)] == Energy.from_joules(15 * 30)


def test_a_platform_meter_alone_is_shared_by_use() -> None:
    account = accounting()
    for tick in range(3):
        usage = (host(4 * tick), use("a", 3 * tick))
        account.take(observed(stamp(5 * tick), rapl=(counter("platform", 100 * tick),), process=usage))
    assert joules(account.books(stamp(10))) == {("a", "rest", Share.ACTIVE): 150, (OTHER, "rest", Share.ACTIVE): 50}


def test_the_rest_is_shared_by_its_own_use_where_no_component_drew_anything() -> None:
    account = accounting()
    readings = [(100, 0, 0), (200, 180, 4), (1, 280, 8)]
    for tick, (package, platform, busy) in enumerate(readings):
        meters = (counter("package", package), counter("platform", platform))
        cpu = 4 if tick == 2 else 0
        account.take(observed(stamp(5 * tick), rapl=meters, process=(host(busy), use("a", cpu))))
    assert joules(account.books(stamp(10))) == {
        (OTHER, "package", Share.ACTIVE): 100,
        (OTHER, "rest", Share.ACTIVE): 80,
        ("a", "rest", Share.ACTIVE): 100,
    }


def gpu_tick(account: Accounting, tick: int, energy: float, *uses: GpuUse) -> None:
    nvidia = (counter("gpu0", energy), GpuUsageReading("gpu0", uses))
    account.take(observed(stamp(5 * tick), nvidia=nvidia, process=(host(tick), use("a", 0))))


def test_a_gpus_floor_is_learnt_only_while_no_context_is_open() -> None:
    account = accounting()
    resident = GpuUse("a", 7, 0, Memory.from_gibibytes(10))
    for tick in range(10):
        gpu_tick(account, tick, 300.0 * tick, resident)
    assert "gpu0/counter" not in account.books(stamp(45)).floors
    assert set(joules(account.books(stamp(45)))) == {("a", "gpu0", Share.RESIDENCY)}
    for tick in range(10, 20):
        gpu_tick(account, tick, 2700 + 100.0 * (tick - 9))
    assert account.books(stamp(95)).floors["gpu0/counter"] == Power.from_watts(20)
    assert joules(account.books(stamp(95)))[(IDLE, "gpu0", Share.FLOOR)] == 1000


def test_residency_is_learnt_and_kept_apart_from_computing() -> None:
    account = accounting(Rules(floor_powers={"gpu0": Power.from_watts(20)}))
    resident = GpuUse("a", 7, 0, Memory.from_gibibytes(10))
    for tick in range(8):
        gpu_tick(account, tick, 300.0 * tick, resident)
    before = joules(account.books(stamp(35)))
    gpu_tick(account, 8, 2100 + 1500, replace(resident, sm_percent=80))
    after = joules(account.books(stamp(40)))
    assert after[("a", "gpu0", Share.RESIDENCY)] - before[("a", "gpu0", Share.RESIDENCY)] == 200
    assert after[("a", "gpu0", Share.ACTIVE)] == 1500 - 200 - 100


def test_an_idle_processor_teaches_its_floor() -> None:
    account = accounting(Rules(floor=FloorRule.UNASSIGNED))
    for tick in range(9):
        meters = (counter("package", 200.0 * tick),)
        account.take(observed(stamp(5 * tick), rapl=meters, process=(host(0.1 * tick), use("a", 0.05 * tick))))
    assert account.books(stamp(40)).floors["package/counter"] == Power.from_watts(40)
    account.take(observed(stamp(45), rapl=(counter("package", 2600),), process=(host(20.8), use("a", 20.4))))
    assert joules(account.books(stamp(45)))[(IDLE, "package", Share.FLOOR)] >= 200


def test_the_floor_and_the_live_power_are_those_of_the_time_that_was_measured() -> None:
    account = accounting(Rules(floor_powers={"package": Power.from_watts(40)}))
    for seconds in (0, 5, 95):
        power = PowerReading("package", "acpi", Power.from_watts(60), Duration.from_seconds(10))
        meters = {"hwmon": (power,)} if seconds != 5 else {}
        account.take(observed(stamp(seconds), process=(host(seconds), use("a", seconds)), **meters))
    assert joules(account.books(stamp(95))) == {
        ("a", "package", Share.ACTIVE): 200,
        ("a", "package", Share.FLOOR): 400,
    }
    draw = account.draws["package"]
    assert draw.energy.over(draw.length) == Power.from_watts(60)


def test_a_suspended_machine_teaches_no_floor() -> None:
    account = accounting()
    for tick in range(9):
        asleep = 0 if tick < 8 else 3600 * SECOND
        at = Stamp(stamp(5 * tick).wall + asleep, stamp(5 * tick).boot + asleep, asleep)
        meters = (counter("package", 200.0 * tick),)
        account.take(observed(at, rapl=meters, process=(host(0.1 * tick), use("a", 0.05 * tick))))
    assert account.books(at).floors["package/counter"] == Power.from_watts(40)


def test_what_a_slow_collector_saw_before_a_jump_is_not_a_second_jump() -> None:
    account = accounting()
    account.take(observed(stamp(0)))
    account.take(observed(stamp(5, 3600)))
    account.take(observed(stamp(4)))
    account.take(observed(stamp(10, 3600)))
    assert [gap.cause for gap in account.take_gaps()] == ["clock_step"]


def test_a_reset_is_a_gap_with_its_time_and_cause() -> None:
    account = accounting()
    account.take(observed(stamp(0), rapl=(counter("package", 1000),), process=(host(0), use("a", 0))))
    events = account.take(observed(stamp(5), rapl=(counter("package", 1),), process=(host(1), use("a", 1))))
    interval = Interval(NOON, NOON + 5 * SECOND)
    assert events == [GapFound(at=stamp(5), resource="package", interval=interval, cause="counter_reset")]
    assert account.take_gaps() == [Gap("package", interval, "counter_reset")]
    assert account.take_gaps() == []
    assert account.books(stamp(5)).gaps == {"counter_reset": Duration.from_seconds(5)}


def test_two_sockets_reset_together_are_one_gap() -> None:
    account = accounting()

    def sockets(*joules: float) -> tuple[CounterReading, ...]:
        return tuple(replace(counter("package", energy), meter=f"socket {n}") for n, energy in enumerate(joules))

    account.take(observed(stamp(0), rapl=sockets(1000, 1000), process=(host(0), use("a", 0))))
    account.take(observed(stamp(5), rapl=sockets(1100, 1100)))
    account.take(observed(stamp(10), rapl=sockets(1, 1), process=(host(1), use("a", 1))))
    books = account.books(stamp(10))
    assert books.gaps == {"counter_reset": Duration.from_seconds(5)}
    assert books.covered == {"package": Duration.from_seconds(5)}
    assert len(account.take_gaps()) == 1


def test_a_socket_that_stays_away_while_nobody_says_who_computes_is_one_gap() -> None:
    account = accounting()
    away = [replace(counter("package", 0), meter="socket 1")]
    for seconds in range(0, 85, 5):
        usage = (host(seconds), use("a", seconds)) if seconds in {0, 25, 80} else ()
        meters = (counter("package", 10.0 * seconds), *(away if seconds == 0 else ()))
        account.take(observed(stamp(seconds), rapl=meters, process=usage))
    books = account.books(stamp(80))
    assert books.gaps == {"unreadable": Duration.from_seconds(80)}
    assert [gap.interval.length for gap in account.take_gaps()] == [Duration.from_seconds(80)]


def test_a_restart_goes_on_where_the_ledger_was() -> None:
    first = accounting()
    first.take(observed(stamp(0), rapl=(counter("package", 0),), process=(host(0), use("a", 0))))
    first.take(observed(stamp(5), rapl=(counter("package", 100),), process=(host(5), use("a", 5))))
    again = accounting(opening=first.books(stamp(5)), run_id="run 2")
    fresh_use = replace(use("a", 0), epoch="run 2")
    again.take(observed(stamp(65), rapl=(counter("package", 700),), process=(host(50), fresh_use)))
    assert joules(again.books(stamp(65))) == {
        ("a", "package", Share.ACTIVE): 100,
        (UNATTRIBUTED, "package", Share.ACTIVE): 600,
    }
    assert again.books(stamp(65)).gaps == {}


def test_a_reboot_is_a_gap_and_its_counters_are_not_compared() -> None:
    first = accounting()
    first.take(observed(stamp(0), rapl=(counter("package", 0),), process=(host(0), use("a", 0))))
    first.take(observed(stamp(5), rapl=(counter("package", 100),), process=(host(5), use("a", 5))))
    opening = first.books(stamp(5))
    again = Accounting(Rules(), opening, boot_id="boot 2", run_id="run 2", now=stamp(65))
    events = again.take(observed(stamp(65), rapl=(counter("package", 110),), process=(host(1), use("a", 0))))
    events += again.take(observed(stamp(70), rapl=(counter("package", 150),), process=(host(2), use("a", 1))))
    assert sum(joules(again.books(stamp(70))).values()) == 140
    interval = Interval(NOON + 5 * SECOND, NOON + 65 * SECOND)
    assert again.take_gaps() == [Gap("package", interval, "reboot")]
    assert [(event.interval, event.cause) for event in events if isinstance(event, GapFound)] == [(interval, "reboot")]


def test_a_stop_of_hours_is_split_at_the_hours_it_spans() -> None:
    first = accounting()
    first.take(observed(stamp(0), rapl=(counter("package", 0),), process=(host(0), use("a", 0))))
    first.take(observed(stamp(5), rapl=(counter("package", 0),), process=(host(0), use("a", 0))))
    again = accounting(opening=first.books(stamp(5)))
    again.take(observed(stamp(7205), rapl=(counter("package", 7200),), process=(host(10), use("a", 0))))
    hours = [bucket for bucket in again.close(stamp(7205 + 120)) if bucket.grain is Grain.HOUR]
    assert [bucket.measured[Meter("package", COUNTER)].joules for bucket in hours] == [
        pytest.approx(3595),
        pytest.approx(3600),
    ]


def test_the_hours_of_a_stop_stay_open_until_the_counter_answers() -> None:
    first = accounting()
    first.take(observed(stamp(0), rapl=(counter("package", 0),), process=(host(0), use("a", 0))))
    first.take(observed(stamp(5), rapl=(counter("package", 0),), process=(host(0), use("a", 0))))
    again = accounting(opening=first.books(stamp(5)))
    again.take(observed(stamp(7205), process=(host(10), use("a", 0))))
    assert again.close(stamp(7205)) == []
    again.take(observed(stamp(7210), rapl=(counter("package", 7205),), process=(host(10), use("a", 0))))
    hours = [bucket for bucket in again.close(stamp(7210 + 120)) if bucket.grain is Grain.HOUR]
    assert [round(bucket.measured[Meter("package", COUNTER)].joules) for bucket in hours] == [3595, 3600]


def ticks(account: Accounting, start: int, end: int, jump: float = 0) -> list[Event]:
    events: list[Event] = []
    for seconds in range(start, end, 5):
        meters = (counter("package", 10.0 * seconds),)
        at = stamp(seconds, jump)
        events += account.take(observed(at, rapl=meters, process=(host(seconds), use("a", seconds))))
        closed = account.close(at)
        assert all(bucket.start + MINUTE.nanoseconds <= account.books(at).closed_through for bucket in closed)
    return events


def test_a_clock_set_back_an_hour_changes_no_closed_bucket_and_loses_nothing() -> None:
    account = accounting()
    ticks(account, 0, 7000)
    before = account.books(stamp(6995))
    ticks(account, 7000, 7600, jump=-3600)
    after = account.books(stamp(7595, -3600))
    assert after.closed_through >= before.closed_through
    assert sum(joules(after).values()) == 10 * 7595
    assert all(total >= before.energy.get(series, Energy.ZERO) for series, total in after.energy.items())
    assert all(bucket.start >= 0 for bucket in after.open)


def test_a_clock_set_forward_a_day_is_a_gap_not_energy() -> None:
    account = accounting()
    ticks(account, 0, 600)
    account.take_gaps()
    events = ticks(account, 600, 900, jump=86_400)
    assert sum(joules(account.books(stamp(895, 86_400))).values()) == 10 * 895
    jumps = [event for event in events if isinstance(event, GapFound)]
    assert [(event.cause, event.interval.length.seconds) for event in jumps] == [("clock_step", 86_400)]
    assert account.books(stamp(895, 86_400)).gaps == {}


def test_a_minute_closes_when_its_sources_have_passed_it() -> None:
    account = accounting()
    ticks(account, 0, 60)
    assert account.close(stamp(58)) == []
    account.take(observed(stamp(61), rapl=(counter("package", 610),), process=(host(61), use("a", 61))))
    closed = account.close(stamp(61))
    assert [(bucket.grain, bucket.start) for bucket in closed] == [(Grain.MINUTE, NOON)]


def test_a_source_that_is_gone_holds_nothing_up_for_longer_than_the_patience() -> None:
    account = accounting()
    account.take(observed(stamp(0), rapl=(counter("package", 0),), process=(host(0), use("a", 0))))
    assert account.close(stamp(61)) == []
    account.take(observed(stamp(70), process=(host(0), use("a", 0))))
    account.take(observed(stamp(130), process=(host(0), use("a", 0))))
    assert account.books(stamp(130)).closed_through <= NOON + MINUTE.nanoseconds
    account.close(stamp(200))
    assert account.books(stamp(200)).closed_through == NOON + 2 * MINUTE.nanoseconds


def test_the_order_of_the_collectors_changes_nothing() -> None:
    def run(*, flip: bool) -> OpenBooks:
        account = accounting()
        for tick in range(20):
            outcomes: dict[str, tuple[Reading, ...]] = {
                "rapl": (counter("package", 123.4 * tick), counter("dram", 7.7 * tick)),
                "process": (host(3.3 * tick), use("a", 1.1 * tick), use("b", 0.7 * tick)),
            }
            names = list(outcomes)
            ordered = {name: outcomes[name] for name in (reversed(names) if flip else names)}
            account.take(observed(stamp(5 * tick), **ordered))
        return account.books(stamp(100))

    assert run(flip=True) == run(flip=False)


def test_a_collector_that_is_unavailable_is_not_waited_for() -> None:
    account = accounting()
    account.take(
        observed(stamp(0), rapl=(counter("package", 0),), process=(host(0), use("a", 0)), cgroup=(use("c", 0),))
    )
    gone = CollectorBecameUnavailable(at=stamp(5), collector="cgroup", reason="absent", what="gone", cure="")
    rapl = CollectionSucceeded(at=stamp(5), collector="rapl", readings=(counter("package", 50),), took=Duration.ZERO)
    process = CollectionSucceeded(at=stamp(5), collector="process", readings=(host(4), use("a", 4)), took=Duration.ZERO)
    account.take(Observed(at=stamp(5), outcomes=(gone, rapl, process)))
    assert joules(account.books(stamp(5))) == {("a", "package", Share.ACTIVE): 50}


def test_draws_tell_who_drew_what_last() -> None:
    account = accounting()
    account.take(observed(stamp(0), rapl=(counter("package", 0),), process=(host(0), use("a", 0))))
    account.take(observed(stamp(5), rapl=(counter("package", 100),), process=(host(4), use("a", 4))))
    draw = account.draws["package"]
    assert draw.energy.over(draw.length) == Power.from_watts(20)
    assert draw.by_consumer == {"a": 100_000_000}


def _hours(buckets: list[Bucket]) -> list[int]:
    return [bucket.start for bucket in buckets if bucket.grain is Grain.HOUR]


def test_an_hour_is_closed_once() -> None:
    account = accounting()
    closed: list[Bucket] = []
    for seconds in range(0, 3700, 5):
        account.take(
            observed(stamp(seconds), rapl=(counter("package", seconds),), process=(host(seconds), use("a", seconds)))
        )
        closed += account.close(stamp(seconds))
    assert _hours(closed) == [NOON]
    (hour,) = [bucket for bucket in closed if bucket.grain is Grain.HOUR]
    assert hour.measured == {Meter("package", COUNTER): Energy.from_joules(3600)}
    assert hour.entries == {Series("a", "package", Share.ACTIVE, COUNTER): Energy.from_joules(3600)}
    assert hour.covered == {"package": HOUR}
