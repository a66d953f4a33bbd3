import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.cgroup import CPU_FILES, CgroupCollector
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.readings import UsageReading
from monitor.core.units import Duration, Memory
from tests.fixtures.host import host_at

UNIT = "/system.slice/vllm.service"


class Groups:
    """Workloads that know groups only."""

    def __init__(self, **consumers: str) -> None:
        self.whole = dict(consumers)
        self.used: bool | None = None
        self.disowned: list[str] = []
        self.new: set[str] = set()

    def cgroups(self) -> dict[str, str]:
        return self.whole

    def use_groups(self, *, on: bool) -> None:
        self.used = on

    def newborn(self, path: str) -> bool:
        return path in self.new

    def disown(self, path: str) -> None:
        self.disowned.append(path)


class Tree:
    """Control groups as files: a hierarchy is mounted where its root has `cgroup.procs`."""

    def __init__(self, root: Path, *mounts: str) -> None:
        self.root = root / "sys/fs/cgroup"
        self.root.mkdir(parents=True)
        self._inodes: list[Path] = []
        for mount in mounts:
            (self.root / mount).mkdir(parents=True, exist_ok=True)
            (self.root / mount / "cgroup.procs").write_text("")

    def write(self, name: str, text: str, mount: str = "", path: str = UNIT) -> None:
        directory = self.root / mount / path.lstrip("/")
        directory.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)

    def remove(self, path: str = UNIT) -> None:
        """Remove the group: its open files are empty then. Its inode stays taken, as the kernel keeps it."""
        directory = self.root / path.lstrip("/")
        for file in directory.iterdir():
            os.truncate(file, 0)
        self._inodes.append(directory.rename(self.root / f"gone{len(self._inodes)}"))


def collector_on(root: Path, groups: Groups) -> CgroupCollector:
    return CgroupCollector.open(host_at(root, workloads=groups))


@pytest.fixture
def groups() -> Groups:
    return Groups(**{UNIT: "assistant"})


def told(collector: CgroupCollector) -> list[UsageReading]:
    rows = [row for row in collector.collect() if isinstance(row, UsageReading)]
    assert [row.part for row in rows] == [f"cgroup:{path}" for path in sorted(collector._groups)]
    return rows


def test_version_2_is_read_to_the_microsecond(tmp_path: Path, groups: Groups) -> None:
    tree = Tree(tmp_path, "")
    tree.write("cpu.stat", "usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\n")
    tree.write("memory.current", "4096\n")
    collector = collector_on(tmp_path, groups)
    (row,) = told(collector)
    assert (row.consumer, row.cpu, row.memory) == ("assistant", Duration(1_234_567_000), Memory(4096))
    tree.write("cpu.stat", "usage_usec 1234568\n")
    assert told(collector)[0].cpu == Duration(1_234_568_000)


@pytest.mark.parametrize("mount", ["cpuacct", "cpu,cpuacct"])
def test_version_1_is_read_to_the_nanosecond(tmp_path: Path, groups: Groups, mount: str) -> None:
    tree = Tree(tmp_path, mount, "memory")
    tree.write("cpuacct.usage", "1234567891\n", mount)
    tree.write("memory.usage_in_bytes", "8192\n", "memory")
    (row,) = told(collector_on(tmp_path, groups))
    assert (row.cpu, row.memory) == (Duration(1_234_567_891), Memory(8192))


def test_beside_version_1_the_time_is_version_2s_and_the_memory_version_1s(tmp_path: Path, groups: Groups) -> None:
    tree = Tree(tmp_path, "unified", "cpuacct", "memory")
    tree.write("cpu.stat", "usage_usec 7\n", "unified")
    tree.write("cpuacct.usage", "1\n", "cpuacct")
    tree.write("memory.usage_in_bytes", "8192\n", "memory")
    (row,) = told(collector_on(tmp_path, groups))
    assert (row.cpu, row.memory) == (Duration(7000), Memory(8192))


def test_without_a_memory_controller_no_memory_is_the_services(tmp_path: Path, groups: Groups) -> None:
    Tree(tmp_path, "").write("cpu.stat", "usage_usec 7\n")
    assert told(collector_on(tmp_path, groups))[0].memory == Memory(0)


def test_a_service_started_again_counts_from_its_new_groups_birth(tmp_path: Path, groups: Groups) -> None:
    tree = Tree(tmp_path, "")
    tree.write("cpu.stat", "usage_usec 900\n")
    collector = collector_on(tmp_path, groups)
    (before,) = told(collector)
    assert not before.fresh
    tree.remove()
    tree.write("cpu.stat", "usage_usec 5\n")
    for micros in (5, 6):
        tree.write("cpu.stat", f"usage_usec {micros}\n")
        (after,) = told(collector)
        assert after.epoch != before.epoch
        assert (after.cpu, after.fresh) == (Duration(micros * 1000), True)
    assert groups.disowned == []


def test_a_group_that_came_to_be_under_our_eyes_is_fresh(tmp_path: Path, groups: Groups) -> None:
    Tree(tmp_path, "").write("cpu.stat", "usage_usec 900\n")
    groups.new.add(UNIT)
    assert told(collector_on(tmp_path, groups))[0].fresh


def test_a_group_that_outlived_its_processes_is_not_fresh_again(tmp_path: Path, groups: Groups) -> None:
    Tree(tmp_path, "").write("cpu.stat", "usage_usec 900\n")
    groups.new.add(UNIT)
    collector = collector_on(tmp_path, groups)
    told(collector)
    groups.whole.clear()
    assert told(collector) == []
    groups.whole[UNIT] = "assistant"
    assert not told(collector)[0].fresh


def test_a_group_that_has_gone_is_disowned_and_its_files_are_closed(tmp_path: Path, groups: Groups) -> None:
    tree = Tree(tmp_path, "")
    tree.write("cpu.stat", "usage_usec 900\n")
    collector = collector_on(tmp_path, groups)
    told(collector)
    before = _open_below(tmp_path)
    tree.remove()
    assert told(collector) == []
    assert groups.disowned == [UNIT]
    assert before
    assert _open_below(tmp_path) == []


def test_a_group_without_a_counter_is_disowned(tmp_path: Path, groups: Groups) -> None:
    tree = Tree(tmp_path, "")
    tree.write("cgroup.procs", "")
    assert told(collector_on(tmp_path, groups)) == []
    assert groups.disowned == [UNIT]


@pytest.mark.parametrize("text", ["usage_usec", "usage_usec x\n", "nr_periods 0\n"])
def test_a_group_that_shows_no_number_is_tried_again(tmp_path: Path, groups: Groups, text: str) -> None:
    Tree(tmp_path, "").write("cpu.stat", text)
    collector = collector_on(tmp_path, groups)
    with pytest.raises(Retry, match=UNIT):
        collector.collect()
    assert groups.disowned == []


def test_without_control_groups_services_are_followed_by_process(tmp_path: Path, groups: Groups) -> None:
    with pytest.raises(Unavailable) as caught:
        collector_on(tmp_path, groups)
    assert caught.value.reason is Reason.ABSENT
    assert "by process" in caught.value.cure
    assert groups.used is None


def test_a_closed_collector_holds_nothing_and_names_no_groups(tmp_path: Path, groups: Groups) -> None:
    tree = Tree(tmp_path, "")
    tree.write("cpu.stat", "usage_usec 900\n")
    tree.write("memory.current", "1\n")
    collector = collector_on(tmp_path, groups)
    assert groups.used is True
    told(collector)
    collector.close()
    assert groups.used is False
    assert _open_below(tmp_path) == []


def test_a_group_that_goes_while_it_is_opened_leaves_no_file_open(
    tmp_path: Path, groups: Groups, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = Tree(tmp_path, "")
    tree.write("cpu.stat", "usage_usec 900\n")
    collector = collector_on(tmp_path, groups)
    opened = os.open

    def open_and_remove(path: Path, flags: int) -> int:
        descriptor = opened(path, flags)
        path.unlink()
        path.parent.rmdir()
        return descriptor

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", open_and_remove)
        assert collector.collect() == []
    assert groups.disowned == [UNIT]
    assert _open_below(tmp_path) == []


def _open_below(root: Path) -> list[str]:
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(descriptor.readlink()))
        except FileNotFoundError:
            continue
    return [link for link in links if link.startswith(str(root))]


BURN = """
import os, sys, time
sys.stdin.readline()
while time.process_time() < 0.5: pass
spent = os.times()
print(spent.user + spent.system, flush=True)
sys.stdin.readline()
"""


def _hierarchy() -> str:
    """Return where below the root a hierarchy is mounted in which groups can be made; `-` where none is."""
    root = Path("/sys/fs/cgroup")
    mounted = (mount for mount, name in CPU_FILES if (root / mount / "cgroup.procs").exists() and name)
    return next((mount for mount in mounted if os.access(root / mount, os.W_OK)), "-")


@pytest.fixture
def real_group() -> Iterator[Path]:
    mount = _hierarchy()
    if mount == "-":
        pytest.skip("no control group can be made here: run the tests where /sys/fs/cgroup is writable")
    directory = Path("/sys/fs/cgroup") / mount / f"empreinte-test-{os.getpid()}"
    directory.mkdir()
    yield directory
    directory.rmdir()


@pytest.mark.real("root")
def test_a_real_group_has_used_what_its_processes_have(real_group: Path) -> None:
    path = f"/{real_group.name}"
    groups = Groups(**{path: "assistant"})
    collector = collector_on(Path("/"), groups)
    command = [sys.executable, "-c", BURN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        (real_group / "cgroup.procs").write_text(str(child.pid))
        before = told(collector)[0].cpu.nanoseconds
        child.stdin.write("go\n")
        child.stdin.flush()
        child.stdout.readline()
        used = told(collector)[0].cpu.nanoseconds - before
        child.stdin.close()
    assert used == pytest.approx(500_000_000, rel=0.1)
    real_group.rmdir()
    assert told(collector) == []
    real_group.mkdir()
    assert groups.disowned == [path]
    (after,) = told(collector)
    assert after.cpu.nanoseconds == 0
    collector.close()
