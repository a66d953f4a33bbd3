import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.process import PAGE, ProcessCollector
from monitor.clock import process_clock
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.entries import OTHER, ServiceFacts
from monitor.core.readings import HostUsageReading, UsageReading
from monitor.core.services import Match, ServiceRule
from monitor.core.units import Duration, Memory
from monitor.workloads import HostWorkloads
from tests.fixtures.host import host_at
from tests.fixtures.processes import TICK, SmallHost

SECOND = 10**9


class Scene:
    """A small host, seen by the collector."""

    def __init__(self, root: Path, *, clocks: bool = True) -> None:
        self.small = SmallHost(root)
        rules = [ServiceRule(ServiceFacts(key, key), Match(process=f"^{key}( |$)")) for key in ("a", "b")]
        rules.append(ServiceRule(ServiceFacts("a", "a"), Match(systemd="w.service")))
        self.workloads = HostWorkloads(self.small.procfs, rules, (), own_pid=99_999)
        read_clock = self.small.read_clock if clocks else None
        self.collector = ProcessCollector.open(host_at(root, workloads=self.workloads, read_clock=read_clock))

    def read(self) -> dict[str, int]:
        """Return the CPU time that each consumer has used, in ns."""
        self.workloads.refresh()
        return self.read_late()

    def read_late(self) -> dict[str, int]:
        """Read the processes that were there at the last refresh."""
        return {row.consumer: row.cpu.nanoseconds for row in self.rows(self.collector.collect())}

    def rows(self, readings: object) -> list[UsageReading]:
        assert isinstance(readings, list)
        return [row for row in readings if isinstance(row, UsageReading)]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_what_was_used_before_the_first_read_is_nobodys(scene: Scene) -> None:
    scene.small.start(10, "a")
    scene.small.start(11, "x")
    scene.small.clocks.update({10: 5 * SECOND, 11: 7 * SECOND})
    scene.small.write(10, reaped=300)
    assert scene.read() == {"a": 0, OTHER: 0}
    scene.small.clocks.update({10: 6 * SECOND, 11: 9 * SECOND})
    assert scene.read() == {"a": SECOND, OTHER: 2 * SECOND}
    assert scene.read() == {"a": SECOND, OTHER: 2 * SECOND}


def test_a_process_born_later_counts_from_its_birth(scene: Scene) -> None:
    scene.small.start(10, "a")
    scene.read()
    scene.small.start(11, "a")
    scene.small.start(12, "x")
    scene.small.clocks.update({11: 3 * SECOND, 12: SECOND})
    scene.small.write(11, reaped=50)
    assert scene.read() == {"a": 3 * SECOND + 50 * TICK, OTHER: SECOND}


def test_a_child_that_lived_between_two_reads_is_known_from_its_parent(scene: Scene) -> None:
    scene.small.start(10, "a")
    scene.read()
    scene.small.write(10, reaped=40)
    assert scene.read()["a"] == 40 * TICK


def test_a_child_that_was_read_is_not_counted_again_when_its_parent_reaps_it(scene: Scene) -> None:
    scene.small.start(10, "a")
    scene.small.start(11, "worker", parent=10)
    scene.read()
    scene.small.clocks[11] = 100 * TICK
    assert scene.read()["a"] == 100 * TICK
    scene.small.end(11)
    scene.small.write(10, reaped=103)
    assert scene.read()["a"] == 103 * TICK


def test_a_whole_family_that_ends_at_once_is_counted_once(scene: Scene) -> None:
    scene.small.start(10, "a")
    scene.small.start(11, "shell", parent=10)
    scene.small.start(12, "worker", parent=11)
    scene.read()
    scene.small.clocks.update({11: 20 * TICK, 12: 100 * TICK})
    assert scene.read()["a"] == 120 * TICK
    scene.small.end(12)
    scene.small.end(11)
    scene.small.write(10, reaped=120)
    assert scene.read()["a"] == 120 * TICK


def test_a_child_that_ends_after_its_parent_was_read_is_counted_once(scene: Scene) -> None:
    scene.small.start(10, "a")
    scene.small.start(11, "worker", parent=10)
    scene.read()
    scene.small.clocks[11] = 100 * TICK
    assert scene.read()["a"] == 100 * TICK
    scene.small.end(11)
    assert scene.read()["a"] == 100 * TICK
    scene.small.write(10, reaped=104)
    assert scene.read()["a"] == 104 * TICK


def test_what_a_child_was_read_to_use_hides_nothing_for_long(scene: Scene) -> None:
    """A parent that never asks how its children ended does not reap them."""
    scene.small.start(10, "a")
    scene.small.start(11, "worker", parent=10)
    scene.read()
    scene.small.clocks[11] = 100 * TICK
    scene.read()
    scene.small.end(11)
    scene.read()
    scene.read()
    scene.small.write(10, reaped=30)
    assert scene.read()["a"] == 130 * TICK


def test_a_process_that_can_not_be_read_once_is_not_counted_from_its_birth(scene: Scene) -> None:
    """A table of files that is full, say, or procfs mounted anew so that it hides the processes of others."""
    scene.small.start(10, "a")
    scene.small.clocks[10] = 500 * SECOND
    assert scene.read()["a"] == 0
    stat = scene.small.procfs / "10/stat"
    kept = stat.rename(stat.with_name("kept"))
    stat.mkdir()
    assert scene.read()["a"] == 0
    stat.rmdir()
    kept.rename(stat)
    scene.small.clocks[10] += SECOND
    assert scene.read()["a"] == SECOND


def test_parents_are_read_before_their_children_whatever_their_numbers(scene: Scene) -> None:
    scene.small.start(500, "a", started=1)
    scene.small.start(20, "worker", parent=500, started=2)
    scene.read()
    scene.small.asked.clear()
    scene.read()
    assert scene.small.asked == [500, 20]


def test_a_shell_that_becomes_a_service_does_not_bring_what_it_did_before(scene: Scene) -> None:
    scene.small.start(10, "shell start.sh")
    scene.read()
    scene.small.clocks[10] = 30 * TICK
    scene.small.write(10, reaped=500)
    scene.read()
    (scene.small.procfs / "10/cmdline").write_text("a\0")
    scene.small.clocks[10] = 45 * TICK
    assert scene.read()["a"] == 15 * TICK
    scene.small.write(10, reaped=510)
    assert scene.read()["a"] == 25 * TICK


def test_a_consumer_that_comes_back_starts_from_zero(scene: Scene) -> None:
    scene.small.start(10, "a")
    scene.small.start(11, "x")
    scene.read()
    scene.small.clocks[10] = SECOND
    assert scene.read() == {"a": SECOND, OTHER: 0}
    scene.small.end(10)
    assert scene.read() == {OTHER: 0}
    scene.small.start(12, "a")
    scene.small.clocks[12] = 2 * SECOND
    assert scene.read() == {"a": 2 * SECOND, OTHER: 0}


def test_a_consumer_that_is_started_again_at_once_goes_on(scene: Scene) -> None:
    scene.small.start(10, "a")
    scene.read()
    scene.small.clocks[10] = SECOND
    scene.read()
    scene.small.end(10)
    scene.small.start(11, "a")
    scene.small.clocks[11] = SECOND // 2
    assert scene.read() == {"a": SECOND + SECOND // 2}


def test_a_number_that_another_process_was_given_counts_from_its_birth(scene: Scene) -> None:
    scene.small.start(10, "a")
    scene.small.start(11, "x")
    scene.small.clocks.update({10: 9 * SECOND, 11: 9 * SECOND})
    scene.read()
    scene.small.start(10, "b", started=5000)
    scene.small.start(11, "x", started=5000)
    scene.small.clocks.update({10: SECOND, 11: 2 * SECOND})
    assert scene.read_late() == {OTHER: 2 * SECOND}
    scene.small.clocks.update({10: 3 * SECOND, 11: 3 * SECOND})
    assert scene.read() == {"b": 3 * SECOND, OTHER: 3 * SECOND}


def test_a_process_whose_group_is_read_from_now_on_has_not_ended(scene: Scene) -> None:
    """What its parent reaps is of others."""
    scene.small.start(10, "a")
    scene.small.start(11, "worker", parent=10, cgroup="/system.slice/w.service")
    scene.read()
    scene.small.clocks[11] = 100 * TICK
    scene.read()
    scene.workloads.use_groups(on=True)
    scene.small.write(10, reaped=50)
    assert scene.read()["a"] == 150 * TICK
    assert scene.workloads.cgroups() == {"/system.slice/w.service": "a"}


def test_without_clocks_the_same_is_read_from_stat(tmp_path: Path) -> None:
    scene = Scene(tmp_path, clocks=False)
    scene.small.start(10, "a")
    scene.small.start(11, "x")
    scene.small.write(10, ticks=100)
    scene.read()
    scene.small.write(10, ticks=150, reaped=7)
    scene.small.write(11, ticks=25)
    assert scene.read() == {"a": 57 * TICK, OTHER: 25 * TICK}
    assert scene.small.asked == []


def test_a_clock_below_zero_is_no_work(scene: Scene) -> None:
    """No kernel shows one; a library that fakes clocks does, and a use that falls would stop the accounting."""
    scene.small.start(20, "nobody")
    scene.read()
    scene.small.clocks[20] = SECOND
    before = scene.read()[OTHER]
    scene.small.clocks[20] = -3600 * SECOND
    assert scene.read()[OTHER] == before


def test_nothing_is_read_of_nobodys_processes_but_the_clock(scene: Scene) -> None:
    scene.small.start(10, "x")
    scene.read()
    for name in ("stat", "statm", "cmdline", "cgroup"):
        (scene.small.procfs / "10" / name).unlink()
    scene.small.clocks[10] = SECOND
    assert scene.read_late() == {OTHER: SECOND}


def test_kernel_threads_are_not_read(scene: Scene) -> None:
    scene.small.start(2, "", kernel=True)
    scene.small.start(10, "a")
    scene.read()
    assert set(scene.small.asked) == {10}


def test_the_memory_of_a_service_is_that_of_all_its_processes(scene: Scene) -> None:
    scene.small.start(10, "a")
    scene.small.start(11, "worker", parent=10)
    scene.small.start(12, "x")
    scene.workloads.refresh()
    held = {row.consumer: row.memory for row in scene.rows(scene.collector.collect())}
    assert held == {"a": Memory(6 * PAGE), OTHER: Memory(0)}


def test_a_process_that_ends_while_it_is_read_stops_nothing(scene: Scene) -> None:
    for pid in (10, 11, 12):
        scene.small.start(pid, "a")
    scene.read()
    scene.small.end(10)
    (scene.small.procfs / "11/stat").write_text("11 (cut")
    (scene.small.procfs / "12/statm").unlink()
    scene.small.clocks[12] = SECOND
    assert scene.read_late() == {"a": SECOND}


def test_the_host_is_told_as_the_kernel_counts_it(scene: Scene) -> None:
    (scene.small.procfs / "stat").write_text(
        "cpu  1 2 3 1000 1000 4 5 1000 1000 1000\ncpu0 0\ncpu1 0\nintr " + "0 " * 200_000
    )
    host = next(row for row in scene.collector.collect() if isinstance(row, HostUsageReading))
    assert host == HostUsageReading(Duration(15 * TICK), 2, Memory(1_024_000), Memory(409_600))


@pytest.mark.parametrize(("name", "text"), [("stat", ""), ("stat", "cpu x"), ("meminfo", "MemTotal: 5 kB\n")])
def test_a_host_that_shows_no_numbers_is_tried_again(scene: Scene, name: str, text: str) -> None:
    (scene.small.procfs / name).write_text(text)
    with pytest.raises(Retry, match="can't be read now"):
        scene.collector.collect()


def test_no_procfs_is_told_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        ProcessCollector.open(host_at(tmp_path))
    assert caught.value.reason is Reason.ABSENT
    assert "procfs" in caught.value.cure


def test_each_collector_counts_under_an_epoch_of_its_own(scene: Scene) -> None:
    scene.small.start(10, "a")
    scene.workloads.refresh()
    again = ProcessCollector.open(host_at(scene.small.root, workloads=scene.workloads))
    epochs = {row.epoch for one in (scene.collector, again) for row in scene.rows(one.collect())}
    assert len(epochs) == 2
    assert all(epoch.startswith("run/") for epoch in epochs)


BURN = """
import os, sys, time
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
for line in sys.stdin:
    for _ in range(3):
        child = os.fork()
        if not child:
            burn(0.1); os._exit(0)
        os.waitpid(child, 0)
    burn(0.3)
    spent = os.times()
    print(spent.user + spent.system + spent.children_user + spent.children_system, flush=True)
"""


@pytest.fixture
def burner() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", BURN, "burn-for-a-test"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        yield child
        child.kill()


def test_real_processes_use_what_the_kernel_told_themselves(burner: subprocess.Popen[str]) -> None:
    """Children that live for less than a reading too."""
    procfs = Path("/proc")
    rules = [ServiceRule(ServiceFacts("a", "a"), Match(process="burn-for-a-test$"))]
    workloads = HostWorkloads(procfs, rules, (), own_pid=os.getpid())
    read_clock = process_clock(procfs, os.getpid())
    collector = ProcessCollector.open(host_at(Path("/"), workloads=workloads, read_clock=read_clock))
    told, used = [], []
    for _ in range(2):
        told.append(_work(burner))
        workloads.refresh()
        used.append(_used_by("a", collector.collect()))
    spent = told[1] - told[0]
    assert spent > 0.5
    assert used[1] - used[0] == pytest.approx(spent, rel=0.02, abs=0.02)


def _work(burner: subprocess.Popen[str]) -> float:
    assert burner.stdin is not None
    assert burner.stdout is not None
    burner.stdin.write("go\n")
    burner.stdin.flush()
    return float(burner.stdout.readline())


def _used_by(consumer: str, readings: object) -> float:
    assert isinstance(readings, list)
    rows = [row for row in readings if isinstance(row, UsageReading) and row.consumer == consumer]
    return sum(row.cpu.nanoseconds for row in rows) / SECOND
