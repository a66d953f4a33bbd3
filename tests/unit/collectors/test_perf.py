from __future__ import annotations

import errno
import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from collectors._perf import CALL, KernelEvents, attributes_of
from collectors._sysfs import Gone
from collectors.perf import PerfCollector, cpus_in
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.counters import Advanced, CounterState, Reset, step
from monitor.core.interval import Stamp
from monitor.core.meters import Meters
from monitor.core.readings import CounterReading
from monitor.core.units import Duration, Energy, Power
from tests.fixtures.host import RECORDED, host_at
from tests.fixtures.perf import PKG, PSYS, RAM, FakePerf
from tests.fixtures.unprivileged import ROOT_ONLY, directory_for_all, run_as_nobody

if TYPE_CHECKING:
    from collections.abc import Sequence

SECOND = Duration.from_seconds(1)


class Host:
    """A copy of a recorded host, and the kernel that counts on it."""

    def __init__(self, root: Path, name: str) -> None:
        self.root = root / "host"
        shutil.copytree(RECORDED / name, self.root)
        self.unit = self.root / "sys/bus/event_source/devices/power"
        self.kernel = FakePerf()

    def open(self) -> PerfCollector:
        return PerfCollector.open(host_at(self.root, perf=self.kernel))

    def say(self, name: str, content: str) -> None:
        (self.unit / name).write_text(f"{content}\n")


@pytest.fixture
def server(tmp_path: Path) -> Host:
    return Host(tmp_path, "xeon-two-sockets")


@pytest.fixture
def client(tmp_path: Path) -> Host:
    return Host(tmp_path, "client-psys")


def rows(collector: PerfCollector) -> Sequence[CounterReading]:
    return [row for row in collector.collect() if isinstance(row, CounterReading)]


def seen(collector: PerfCollector) -> dict[str, tuple[str, int]]:
    return {row.meter: (row.resource, row.energy.microjoules) for row in rows(collector)}


def between(before: CounterReading, after: CounterReading) -> object:
    state = [CounterState(row.energy, row.epoch) for row in (before, after)]
    return step(*state, wraps_after=after.wraps_after, plausible=after.plausible, awake=SECOND)


def test_each_package_is_counted_on_its_cpu_in_whole_microjoules(server: Host) -> None:
    collector = server.open()
    server.kernel.draw(PKG, 0, 12.5)
    server.kernel.draw(PKG, 2, 7)
    server.kernel.draw(RAM, 2, 3)
    server.kernel.drawn[RAM, 0] = 4295  # 1.00001 uJ: what is left of one stays in the counter
    assert seen(collector) == {
        "energy-pkg:0": ("package", 12_500_000),
        "energy-pkg:1": ("package", 7_000_000),
        "energy-ram:0": ("dram", 1),
        "energy-ram:1": ("dram", 3_000_000),
    }


def test_cores_and_gpu_are_in_their_package_and_psys_is_the_platform(client: Host) -> None:
    collector = client.open()
    assert {event.config for event in client.kernel.running} == {PKG, PSYS}
    assert {row.resource for row in rows(collector)} == {"package", "platform"}


def test_of_several_packages_no_psys_is_counted_as_nothing_says_which_sees_the_platform(client: Host) -> None:
    client.say("cpumask", "0,2")
    assert {row.meter for row in rows(client.open())} == {"energy-pkg:0", "energy-pkg:1"}


def test_dies_of_amd_that_show_one_counter_are_counted_once(tmp_path: Path) -> None:
    """Defect 26."""
    host = Host(tmp_path, "threadripper-two-dies")
    collector = host.open()
    host.kernel.draw(PKG, 0, 5)
    host.kernel.draw(PKG, 2, 5)
    assert seen(collector) == {"energy-pkg:0": ("package", 5_000_000)}


def test_dies_of_intel_are_counted_each(tmp_path: Path) -> None:
    assert len([row for row in rows(Host(tmp_path, "cascade-lake-ap").open()) if row.resource == "package"]) == 4


def test_without_the_topology_dies_of_amd_are_not_counted_twice_but_refused(tmp_path: Path) -> None:
    host = Host(tmp_path, "threadripper-two-dies")
    shutil.rmtree(host.root / "sys/devices/system/cpu/cpu2")
    with pytest.raises(Unavailable) as caught:
        host.open()
    assert caught.value.reason is Reason.UNSUPPORTED
    assert "CPU 2" in caught.value.what


def test_what_was_drawn_before_it_was_opened_is_not_counted(server: Host) -> None:
    server.kernel.draw(PKG, 0, 900)
    assert seen(server.open())["energy-pkg:0"] == ("package", 0)


def test_it_goes_beyond_what_the_register_holds_without_a_wrap(server: Host) -> None:
    collector = server.open()
    server.kernel.draw(PKG, 0, 300_000)
    before = rows(collector)[0]
    server.kernel.draw(PKG, 0, 100)
    after = rows(collector)[0]
    assert after.wraps_after is None
    assert between(before, after) == Advanced(Energy.from_joules(100))


def test_after_a_cpu_went_offline_it_counts_anew_in_another_epoch(server: Host) -> None:
    collector = server.open()
    server.kernel.draw(PKG, 0, 50)
    before = rows(collector)[0]
    server.say("cpumask", "1,2")
    server.kernel.draw(PKG, 1, 60)
    after = rows(collector)[0]
    assert isinstance(between(before, after), Reset)
    assert {event.cpu for event in server.kernel.running} == {1, 2}


def test_an_event_that_dies_is_opened_again(server: Host) -> None:
    collector = server.open()
    before = rows(collector)[0]
    server.kernel.running[0].dead = True
    after = rows(collector)[0]
    assert before.epoch != after.epoch
    assert len(server.kernel.running) == 4


def test_where_it_dies_again_at_once_the_next_read_may_do_better(server: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    collector = server.open()

    def dead(_: object) -> int:
        raise Gone("counts no more")

    with monkeypatch.context() as patch:
        patch.setattr("tests.fixtures.perf.FakeEvent.read", dead)
        with pytest.raises(Retry):
            collector.collect()
    assert len(rows(collector)) == 4


def test_two_runs_of_the_daemon_are_two_epochs(server: Host) -> None:
    first = rows(PerfCollector.open(host_at(server.root, perf=server.kernel, run_id="one")))[0]
    second = rows(PerfCollector.open(host_at(server.root, perf=server.kernel, run_id="two")))[0]
    assert first.epoch != second.epoch


def test_it_stops_counting_when_it_is_closed(server: Host) -> None:
    collector = server.open()
    collector.close()
    assert server.kernel.running == []


@pytest.mark.parametrize("code", [errno.EPERM, errno.EACCES])
def test_without_the_right_it_says_which_one_gives_it(server: Host, code: int) -> None:
    server.kernel.refuses = code
    with pytest.raises(Unavailable) as caught:
        server.open()
    assert caught.value.reason is Reason.FORBIDDEN
    assert "CAP_PERFMON" in caught.value.cure
    assert server.kernel.running == []


def test_a_right_that_is_taken_away_later_is_noticed_when_it_opens_anew(server: Host) -> None:
    collector = server.open()
    server.kernel.refuses = errno.EACCES
    server.say("cpumask", "0")
    with pytest.raises(Unavailable) as caught:
        collector.collect()
    assert caught.value.reason is Reason.FORBIDDEN
    collector.close()
    assert server.kernel.running == []


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOENT, errno.ENODEV, errno.EINVAL])
def test_a_kernel_that_does_not_know_the_event_is_no_question_of_rights(server: Host, code: int) -> None:
    server.kernel.refuses = code
    with pytest.raises(Unavailable) as caught:
        server.open()
    assert caught.value.reason is Reason.UNSUPPORTED


def test_a_virtual_machine_has_none(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        Host(tmp_path, "virtual-machine").open()
    assert caught.value.reason is Reason.ABSENT
    assert "virtual machine" in caught.value.cure


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cpumask", ""),
        ("cpumask", "all"),
        ("events/energy-pkg", "config=2"),
        ("events/energy-pkg.unit", "mJ"),
        ("events/energy-pkg.scale", "NaN"),
        ("events/energy-pkg.scale", "Infinity"),
        ("events/energy-pkg.scale", "0"),
        ("events/energy-pkg.scale", "2.3e6"),
    ],
)
def test_what_the_kernel_does_not_say_plainly_is_not_guessed(server: Host, name: str, content: str) -> None:
    (server.unit / "events/energy-ram").unlink()
    server.say(name, content)
    with pytest.raises(Unavailable) as caught:
        server.open()
    assert caught.value.reason is Reason.UNSUPPORTED
    assert server.kernel.running == []


def test_of_a_recorded_host_our_own_kernel_counts_nothing(server: Host) -> None:
    """By the recorded numbers it would count something else, and call it energy."""
    with pytest.raises(Unavailable) as caught:
        PerfCollector.open(host_at(server.root))
    assert caught.value.reason is Reason.UNSUPPORTED
    assert "is a copy" in caught.value.what


def test_the_unit_that_goes_is_absent(server: Host) -> None:
    collector = server.open()
    shutil.rmtree(server.unit)
    with pytest.raises(Unavailable) as caught:
        collector.collect()
    assert caught.value.reason is Reason.ABSENT
    assert server.kernel.running == []


def test_files_that_may_not_be_read_are_forbidden() -> None:
    with directory_for_all() as place:
        shutil.copytree(RECORDED / "xeon-two-sockets", place, dirs_exist_ok=True)
        (place / "sys/bus/event_source/devices/power/type").chmod(ROOT_ONLY)
        said = run_as_nobody(
            "perf",
            place,
            """
try:
    kind.open(host)
except Unavailable as fact:
    print(fact.reason.value)
""",
        )
    assert said == "forbidden"


def test_powercap_is_booked_where_both_answer_and_perf_before_what_is_farther_from_the_register() -> None:
    assert booked("rapl", "perf", "hwmon") == "rapl"
    assert booked("perf", "hwmon") == "perf"


def booked(*collectors: str) -> str:
    meters = Meters(SECOND)
    for second in range(3):
        reading = CounterReading("package", "one", Energy.from_joules(second), Power.from_watts(100))
        meters.take(Stamp(second * 10**9, second * 10**9), {name: [reading] for name in collectors})
    (booking,) = meters.book(Stamp(2 * 10**9, 2 * 10**9))
    return booking.collector


@pytest.mark.parametrize(
    ("listed", "cpus"), [("0", [0]), ("0,18", [0, 18]), ("0-2,7", [0, 1, 2, 7]), ("", []), ("0-", []), ("0-99999", [])]
)
def test_a_list_of_cpus_is_read_as_the_kernel_writes_it(listed: str, cpus: list[int]) -> None:
    assert cpus_in(listed) == cpus


def test_the_kernel_is_told_type_size_and_event_and_nothing_else() -> None:
    told = attributes_of(0x12345678, 0x9ABC)
    assert told[:16] == bytes.fromhex("78563412 40000000 bc9a000000000000")
    assert told[16:] == bytes(48)


@pytest.mark.skipif(platform.machine() not in CALL, reason="RAPL and its call are those of x86")
def test_the_call_counts_or_is_refused_with_a_reason() -> None:
    """A software event of any kernel (the CPU's clock): the call itself is right."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    try:
        event = KernelEvents().open(1, 0, 0)
    except OSError as error:
        assert error.errno in {errno.EACCES, errno.EPERM, errno.ENOSYS, errno.ENOENT}  # noqa: PT017 - both ends are right
    else:
        first = event.read()
        assert event.read() >= first >= 0
        event.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
