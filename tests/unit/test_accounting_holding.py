"""Who holds the hardware, as accounting books it."""

from monitor.accounting import Accounting, Rules
from monitor.core.entries import IDLE, OTHER, UNATTRIBUTED, Bucket, Grain
from monitor.core.interval import HALF_HOUR, HOUR
from monitor.core.readings import GpuUsageReading, GpuUse, Reading
from monitor.core.units import Memory
from tests.unit.test_accounting import NOON, SECOND, accounting, counter, host, observed, stamp, use

S = SECOND


def gpu(resource: str = "gpu0", total: float | None = 80, **gibibytes: float) -> GpuUsageReading:
    uses = tuple(GpuUse(consumer, 1, 50, Memory.from_gibibytes(held)) for consumer, held in gibibytes.items())
    whole = Memory.from_gibibytes(total) if total is not None else None
    return GpuUsageReading(resource, uses, utilisation_known=True, memory_total=whole)


def held(account: Accounting, resource: str) -> dict[str, int]:
    found = account.reserved().items()
    return {key.consumer: time.nanoseconds for key, time in found if key.resource == resource}


def hours(buckets: tuple[Bucket, ...] | list[Bucket], resource: str) -> dict[int, dict[str, int]]:
    """Return who held *resource* for how long, by hour."""
    return {
        bucket.start: {
            key.consumer: time.nanoseconds for key, time in bucket.reserved.items() if key.resource == resource
        }
        for bucket in buckets
        if bucket.grain is not Grain.MINUTE
    }


def take(account: Accounting, seconds: float, *usage: Reading, **others: tuple[Reading, ...]) -> None:
    account.take(observed(stamp(seconds), process=usage, **others))


def test_who_holds_processors_memory_and_a_gpu_is_booked_beside_the_energy() -> None:
    """Ten seconds, 4 CPUs, 16 GiB of which 8 are free, 80 GiB on the card."""
    account = accounting()
    take(account, 0, host(0), use("a", 0), nvidia=(gpu(a=60),))
    assert account.reserved() == {}
    take(account, 10, host(20), use("a", 10), nvidia=(gpu(a=60),))
    assert held(account, "package") == {"a": 2_500_000_000, OTHER: 2_500_000_000, IDLE: 5 * S}
    assert held(account, "dram") == {"a": 1_250_000_000, OTHER: 3_750_000_000, IDLE: 5 * S}
    assert held(account, "gpu0") == {"a": 7_500_000_000, IDLE: 2_500_000_000}
    assert account.books(stamp(10)).energy == {}


def test_two_cards_are_held_apart() -> None:
    account = accounting()
    for seconds in (0, 10):
        take(account, seconds, host(seconds), nvidia=(gpu(a=20, b=60), gpu("gpu1", 40, b=10)))
    assert held(account, "gpu0") == {"a": 2_500_000_000, "b": 7_500_000_000}
    assert held(account, "gpu1") == {"b": 2_500_000_000, IDLE: 7_500_000_000}


def test_what_a_card_does_not_say_of_its_memory_is_not_known() -> None:
    account = accounting()
    for seconds in (0, 10):
        take(account, seconds, host(seconds), nvidia=(gpu(total=None, a=20),))
    assert held(account, "gpu0") == {}


def test_a_machine_that_nobody_uses_is_idle() -> None:
    account = accounting()
    for seconds in (0, 10):
        take(account, seconds, host(0), nvidia=(gpu(),))
    assert held(account, "package") == {IDLE: 10 * S}
    assert held(account, "gpu0") == {IDLE: 10 * S}


def test_a_tick_without_an_answer_is_made_up_for_by_the_next() -> None:
    """The host's use waits for the cgroups; the card's does not."""
    account = accounting()
    take(account, 0, host(0), use("a", 0), cgroup=(use("c", 0),), nvidia=(gpu(a=80),))
    take(account, 10, host(20), use("a", 10), nvidia=(gpu(a=80),))
    assert held(account, "package") == held(account, "dram") == {}
    assert held(account, "gpu0") == {"a": 10 * S}
    take(account, 20, host(40), use("a", 20), cgroup=(use("c", 16),), nvidia=(gpu(a=40),))
    assert held(account, "package") == {"a": 5 * S, "c": 4 * S, OTHER: 1 * S, IDLE: 10 * S}
    assert held(account, "gpu0") == {"a": 15 * S, IDLE: 5 * S}


def test_the_time_made_up_for_goes_to_the_hours_it_is_of() -> None:
    account = accounting()
    take(account, 3590, host(0), use("a", 0), cgroup=(use("c", 0),))
    take(account, 3600, host(20), use("a", 20))
    take(account, 3610, host(40), use("a", 40), cgroup=(use("c", 0),))
    assert hours(account.books(stamp(3610)).open, "package") == {
        NOON: {"a": 5 * S, IDLE: 5 * S},
        NOON + HOUR.nanoseconds: {"a": 5 * S, IDLE: 5 * S},
    }


def test_energy_that_waits_for_its_meter_does_not_keep_who_held_the_hardware_waiting() -> None:
    account = accounting()
    take(account, 0, host(0), use("a", 0))
    take(account, 10, host(40), use("a", 40))
    take(account, 20, host(80), use("a", 80), rapl=(counter("package", 0),))
    assert held(account, "package") == {"a": 20 * S}


def test_each_nanosecond_of_a_closed_hour_is_somebody_s() -> None:
    account = accounting()
    closed: list[Bucket] = []
    for seconds in range(0, 3730, 7):
        meters = (counter("package", seconds),)
        take(account, seconds, host(3.3 * seconds), use("a", 1.1 * seconds), rapl=meters, nvidia=(gpu(a=33),))
        closed += account.close(stamp(seconds))
    for resource in ("package", "dram", "gpu0"):
        assert sum(hours(closed, resource)[NOON].values()) == HOUR.nanoseconds


def test_a_zone_at_half_an_hour_has_what_is_held_by_the_half_hour() -> None:
    account = accounting(Rules(hour=HALF_HOUR))
    take(account, 1790, host(0), use("a", 0))
    take(account, 1810, host(80), use("a", 80))
    assert hours(account.books(stamp(1810)).open, "package") == {
        NOON: {"a": 10 * S},
        NOON + HALF_HOUR.nanoseconds: {"a": 10 * S},
    }


def test_after_a_restart_it_is_not_known_who_held_the_memory_meanwhile_and_of_a_card_nothing() -> None:
    account = accounting()
    take(account, 0, host(0), use("a", 0), nvidia=(gpu(a=80),))
    take(account, 10, host(20), use("a", 20), nvidia=(gpu(a=80),))
    opening = account.books(stamp(10))
    again = accounting(opening=opening)
    assert again.reserved() == {}
    take(again, 30, host(60), use("a", 40), nvidia=(gpu(a=80),))
    # a's clock spans the stop; what else the host did was nobody's that is known
    assert held(again, "package") == {"a": 5 * S, UNATTRIBUTED: 5 * S, IDLE: 10 * S}
    assert held(again, "dram") == {UNATTRIBUTED: 10 * S, IDLE: 10 * S}
    assert held(again, "gpu0") == {}
    take(again, 40, host(60), use("a", 40), nvidia=(gpu(a=80),))
    assert held(again, "dram") == {"a": S + S // 4, OTHER: 3 * S + 3 * S // 4, UNATTRIBUTED: 10 * S, IDLE: 15 * S}
    assert held(again, "gpu0") == {"a": 10 * S}
    (hour,) = hours(again.books(stamp(40)).open, "package").values()
    assert hour == {"a": 10 * S, UNATTRIBUTED: 5 * S, IDLE: 25 * S}


def test_after_a_reboot_nothing_is_known_of_the_time_before() -> None:
    account = accounting()
    take(account, 0, host(0), use("a", 0))
    take(account, 10, host(20), use("a", 20))
    opening = account.books(stamp(10))
    again = Accounting(Rules(), opening, boot_id="another", run_id="run 2", now=stamp(20))
    take(again, 20, host(0), use("a", 0))
    assert again.reserved() == {}
    take(again, 30, host(40), use("a", 40))
    assert held(again, "package") == {"a": 10 * S}


def test_while_the_machine_sleeps_its_memory_is_still_held() -> None:
    account = accounting()
    take(account, 0, host(0), use("a", 0, 16))
    take(account, 1000, host(0), use("a", 0, 16))
    assert held(account, "dram") == {"a": 1000 * S}
    assert held(account, "package") == {IDLE: 1000 * S}


def test_a_clock_set_back_gives_a_closed_hour_s_time_to_no_other() -> None:
    """From 02:05 to 01:05: the second time between 01:05 and 02:00 is of an hour that is over."""
    account = accounting()
    closed: list[Bucket] = []
    for seconds in range(0, 14_000, 10):
        at = stamp(seconds, jump=0 if seconds < 7500 else -3600)
        meters = (counter("package", seconds),)
        account.take(observed(at, rapl=meters, process=(host(seconds), use("a", seconds))))
        closed += account.close(at)
    whole = [sum(times.values()) for times in hours(closed, "package").values()]
    assert whole == [HOUR.nanoseconds] * 2
    (rest,) = hours(account.books(at).open, "package").values()
    assert sum(rest.values()) == (7490 - 7200) * S + (13_990 - 3600 - 7200) * S


def test_a_card_that_answers_again_after_hours_is_held_in_the_open_hour_alone() -> None:
    account = accounting()
    for seconds in range(0, 11_000, 10):
        cards: dict[str, tuple[Reading, ...]] = {"nvidia": (gpu(a=80),)} if seconds in {0, 10_990} else {}
        take(account, seconds, host(seconds), rapl=(counter("package", seconds),), **cards)
        account.close(stamp(seconds))
    (hour,) = hours(account.books(stamp(10_990)).open, "gpu0").values()
    assert hour == {"a": (10_990 - 10_800) * S}
