from monitor.core.entries import OTHER, UNATTRIBUTED
from monitor.core.interval import Stamp
from monitor.core.readings import GpuUsageReading, GpuUse, HostUsageReading, Reading, UsageReading
from monitor.core.units import Duration, Memory
from monitor.core.usage import Consumption, UsageBook

SECOND = 1_000_000_000
PATIENCE = Duration.from_seconds(60)
TOTAL = Memory.from_gibibytes(16)


def _host(busy: float, available: float = 8) -> HostUsageReading:
    return HostUsageReading(Duration.from_seconds(busy), 4, TOTAL, Memory.from_gibibytes(available))


def _use(
    consumer: str, cpu: float, *, epoch: str = "run", part: str = "processes", fresh: bool = False
) -> UsageReading:
    return UsageReading(consumer, part, Duration.from_seconds(cpu), Memory.from_gibibytes(1), epoch, fresh)


def _take(book: UsageBook, at: float, *readings: Reading, cgroup: tuple[Reading, ...] | None = None) -> bool:
    stamp = Stamp(round(at * SECOND), round(at * SECOND))
    outcomes: dict[str, tuple[Reading, ...]] = {"process": readings}
    if cgroup is not None:
        outcomes["cgroup"] = cgroup
    return book.take(stamp, outcomes)


def test_what_the_host_used_and_no_service_did_is_other() -> None:
    book = UsageBook("run", (), None, PATIENCE)
    _take(book, 0, _host(100), _use("a", 0))
    _take(book, 5, _host(110), _use("a", 6))
    assert book.host.active == {"a": 6 * SECOND, OTHER: 4 * SECOND}
    assert book.host.seen == 5 * SECOND
    assert book.host.capacity == 20 * SECOND


def test_clocks_that_say_more_than_the_ticks_leave_nothing_for_other() -> None:
    """Tick accounting misses 1.6 % of what the process clocks count."""
    book = UsageBook("run", (), None, PATIENCE)
    _take(book, 0, _host(0), _use("a", 0))
    _take(book, 5, _host(4.9), _use("a", 5.0))
    assert book.host.active == {"a": 5 * SECOND, OTHER: 0}


def test_a_service_that_appears_has_used_all_that_its_clock_says() -> None:
    book = UsageBook("run", (), None, PATIENCE)
    _take(book, 0, _host(0))
    _take(book, 5, _host(3), _use("new", 2))
    assert book.host.active == {"new": 2 * SECOND, OTHER: 1 * SECOND}


def test_a_cgroup_found_late_starts_from_a_baseline_and_a_fresh_one_from_zero() -> None:
    book = UsageBook("run", (), None, PATIENCE)
    _take(book, 0, _host(0), cgroup=())
    old = _use("old", 500, epoch="inode 1", part="cgroup:/old")
    new = _use("new", 2, epoch="inode 2", part="cgroup:/new", fresh=True)
    _take(book, 5, _host(5), cgroup=(old, new))
    assert book.host.active == {"old": 0, "new": 2 * SECOND, OTHER: 3 * SECOND}


def test_use_waits_for_a_collector_that_did_not_answer() -> None:
    book = UsageBook("run", (), None, PATIENCE)
    _take(book, 0, _host(0), cgroup=(_use("a", 10, epoch="i", part="cgroup:/a"),))
    assert not _take(book, 5, _host(4))
    assert _take(book, 10, _host(8), cgroup=(_use("a", 16, epoch="i", part="cgroup:/a"),))
    assert book.host.active == {"a": 6 * SECOND, OTHER: 2 * SECOND}


def test_a_collector_that_never_answers_again_is_waited_for_no_longer_than_the_patience() -> None:
    book = UsageBook("run", (), None, PATIENCE)
    _take(book, 0, _host(0), cgroup=(_use("a", 10, epoch="i", part="cgroup:/a"),))
    assert not _take(book, 60, _host(4))
    assert _take(book, 65, _host(8))


def test_a_collector_that_is_gone_is_not_waited_for() -> None:
    book = UsageBook("run", (), None, PATIENCE)
    _take(book, 0, _host(0), cgroup=())
    book.forget("cgroup")
    assert _take(book, 5, _host(4))


def test_what_was_used_while_a_collector_was_gone_is_not_used_when_it_is_back() -> None:
    book = UsageBook("run", (), None, PATIENCE)
    _take(book, 0, _host(0), cgroup=(_use("a", 10, epoch="i", part="cgroup:/a"),))
    book.forget("cgroup")
    _take(book, 3600, _host(3600))
    _take(book, 3605, _host(3605), cgroup=(_use("a", 1810, epoch="i", part="cgroup:/a"),))
    _take(book, 3610, _host(3610), cgroup=(_use("a", 1814, epoch="i", part="cgroup:/a"),))
    assert book.host.active == {"a": 4 * SECOND, OTHER: 3606 * SECOND}


def test_without_the_hosts_own_use_nothing_is_known() -> None:
    book = UsageBook("run", (), None, PATIENCE)
    assert not _take(book, 0, _use("a", 1))


def test_across_a_stop_cgroups_count_on_and_the_rest_is_unattributed() -> None:
    before = UsageBook("run 1", (), None, PATIENCE)
    _take(before, 0, _host(0), _use("b", 0, epoch="run 1"), cgroup=(_use("a", 10, epoch="i", part="cgroup:/a"),))
    _take(before, 5, _host(3), _use("b", 1, epoch="run 1"), cgroup=(_use("a", 11, epoch="i", part="cgroup:/a"),))
    saved = before.saved(Stamp(5 * SECOND, 5 * SECOND))
    after = UsageBook("run 2", saved, Stamp(5 * SECOND, 5 * SECOND), PATIENCE)
    _take(after, 65, _host(33), _use("b", 0, epoch="run 2"), cgroup=(_use("a", 21, epoch="i", part="cgroup:/a"),))
    assert after.host.active == {"a": 10 * SECOND, "b": 0, UNATTRIBUTED: 20 * SECOND}
    assert set(after.host.held) == {UNATTRIBUTED}
    _take(after, 70, _host(35), _use("b", 2, epoch="run 2"), cgroup=(_use("a", 21, epoch="i", part="cgroup:/a"),))
    assert after.host.active == {"a": 10 * SECOND, "b": 2 * SECOND, UNATTRIBUTED: 20 * SECOND, OTHER: 0}


def test_what_ended_during_a_stop_is_not_saved_for_ever() -> None:
    before = UsageBook("run 1", (), None, PATIENCE)
    _take(before, 0, _host(0), cgroup=(_use("a", 10, epoch="i", part="cgroup:/a"),))
    after = UsageBook("run 2", before.saved(Stamp(0, 0)), Stamp(0, 0), PATIENCE)
    _take(after, 5, _host(1), cgroup=())
    assert [(one.consumer, one.part) for one in after.saved(Stamp(5, 5))] == [("", "")]


def test_memory_held_and_free_add_up_to_what_is_installed() -> None:
    book = UsageBook("run", (), None, PATIENCE)
    _take(book, 0, _host(0), _use("a", 0))
    _take(book, 10, _host(0), _use("a", 0))
    assert sum(book.host.held.values()) + book.host.free == TOTAL.bytes * 10 * SECOND
    assert book.host.held["a"] == Memory.from_gibibytes(1).bytes * 10 * SECOND


def test_use_since_a_mark_is_what_came_after() -> None:
    mark = Consumption({"a": 5}, {"a": 1}, 2, 3, 4)
    now = Consumption({"a": 7, "b": 1}, {"a": 1}, 5, 7, 9)
    assert now.since(mark) == Consumption({"a": 2, "b": 1}, {}, 3, 4, 5)


def _gpu(*uses: GpuUse, known: bool = True) -> GpuUsageReading:
    return GpuUsageReading("gpu0", uses, utilisation_known=known)


def test_a_gpus_use_is_the_time_its_multiprocessors_were_busy() -> None:
    book = UsageBook("run", (), None, PATIENCE)
    book.take(Stamp(0, 0), {"nvidia": (_gpu(),)})
    book.take(Stamp(10, 10), {"nvidia": (_gpu(GpuUse("a", 1, 30, Memory(4)), GpuUse("a", 2, 20, Memory(6))),)})
    assert book.gpus["gpu0"] == Consumption({"a": 500}, {"a": 100}, 0, 1000, 10)


def test_where_a_driver_cannot_say_who_computes_the_memory_decides() -> None:
    book = UsageBook("run", (), None, PATIENCE)
    book.take(Stamp(0, 0), {"nvidia": (_gpu(known=False),)})
    book.take(Stamp(10, 10), {"nvidia": (_gpu(GpuUse("a", 1, 0, Memory(4)), known=False),)})
    assert book.gpus["gpu0"].active == {"a": 40}


def test_where_a_driver_tells_how_long_the_engines_worked_that_time_is_the_use() -> None:
    book = UsageBook("run", (), None, PATIENCE)
    book.take(Stamp(0, 0), {"amd": (_gpu(),)})
    worked = GpuUse("a", 1, 0, Memory(4), busy=Duration(3)), GpuUse("b", 2, 0, Memory(4), busy=Duration.ZERO)
    book.take(Stamp(10, 10), {"amd": (_gpu(*worked),)})
    assert book.gpus["gpu0"].active == {"a": 300, "b": 0}


def test_of_a_card_cut_in_parts_what_is_set_aside_decides_and_not_the_memory() -> None:
    book = UsageBook("run", (), None, PATIENCE)
    book.take(Stamp(0, 0), {"nvidia": (_gpu(known=False),)})
    cut = GpuUse("a", 1, 0, Memory(1), reserved=429), GpuUse("b", 2, 0, Memory(9), reserved=143)
    book.take(Stamp(10, 10), {"nvidia": (_gpu(*cut, known=False),)})
    assert book.gpus["gpu0"].active == {"a": 4290, "b": 1430}
    assert book.gpus["gpu0"].held == {"a": 10, "b": 90}
