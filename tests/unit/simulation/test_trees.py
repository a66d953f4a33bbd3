import os
from pathlib import Path

import pytest

from monitor.core.units import Duration
from monitor.simulation.hosts import service, session, unit
from monitor.simulation.processes import Process
from monitor.simulation.spec import (
    DriverReload,
    Incident,
    Layout,
    Platform,
    Program,
    Reboot,
    Rhythm,
    ServiceSpec,
    Unreadable,
    WorldSpec,
)
from monitor.simulation.trees import HostTree
from monitor.simulation.world import World
from tests.unit.simulation.small import GIB, GPU, PLAIN, SECOND, spec

SERVER = Program(("/opt/ai (v2)/serve", "--port", "8000"), PLAIN.memory, busy=(500, 900), port=8000, threads=4)
BUSY = Rhythm(idle=(0, 0), busy=(50, 50))


def shown(
    root: Path,
    *incidents: Incident,
    layout: Layout = Layout.V2,
    platform: Platform = Platform.NONE,
    disappears: Duration | None = None,
) -> tuple[World, HostTree]:
    services = (
        service("ai", unit("ai"), SERVER, PLAIN, rhythm=BUSY, disappears=disappears),
        ServiceSpec("_other", session(1, 2), PLAIN),
    )
    world = World(WorldSpec(1, spec(layout=layout, platform=platform), services, incidents))
    return world, HostTree(world, root)


def process_of(world: World, consumer: str) -> Process:
    return next(process for process in world.machine.processes.values() if process.consumer == consumer)


def test_a_zone_shows_its_counter_under_the_class_as_in_the_kernel(tmp_path: Path) -> None:
    world, tree = shown(tmp_path)
    world.advance(5 * SECOND)
    tree.write()
    zones = tree.sysfs / "class/powercap"
    package, dram = zones / "intel-rapl:0", zones / "intel-rapl:1:0"
    assert package.is_symlink()
    assert (package / "name").read_text() == "package-0\n"
    assert (dram / "name").read_text() == "dram\n"
    assert (package / "intel-rapl:0:0/name").read_text() == "dram\n"
    counter = world.machine.supply.package_counters[0]
    assert int((package / "energy_uj").read_text()) == counter.microjoules(world.now)
    assert int((package / "max_energy_range_uj").read_text()) == counter.highest
    assert int((package / "constraint_0_max_power_uw").read_text()) == 65_000_000


def test_the_platform_shows_where_its_spec_says(tmp_path: Path) -> None:
    _, tree = shown(tmp_path / "none")
    assert not (tree.sysfs / "class/hwmon").exists()
    _, tree = shown(tmp_path / "psys", platform=Platform.PSYS)
    assert (tree.sysfs / "class/powercap/intel-rapl:4/name").read_text() == "psys\n"
    world, tree = shown(tmp_path / "hwmon", platform=Platform.HWMON)
    world.advance(5 * SECOND)
    tree.write()
    energy = world.machine.supply.platform.at(world.now)
    shown_power = int((tree.sysfs / "class/hwmon/hwmon0/power1_average").read_text())
    assert shown_power == energy // (5 * SECOND)


def test_whoever_holds_a_file_open_reads_what_is_new(tmp_path: Path) -> None:
    world, tree = shown(tmp_path)
    with (tree.sysfs / "class/powercap/intel-rapl:0/energy_uj").open() as file:
        seen = [os.pread(file.fileno(), 100, 0)]
        world.advance(5 * SECOND)
        tree.write()
        seen.append(os.pread(file.fileno(), 100, 0))
    counter = world.machine.supply.package_counters[0]
    assert [int(text) for text in seen] == [counter.microjoules(0), counter.microjoules(world.now)]


def test_what_is_unreadable_holds_no_number_and_comes_back(tmp_path: Path) -> None:
    incident = Unreadable(at=Duration.from_seconds(5), length=Duration.from_seconds(5), what="energy")
    world, tree = shown(tmp_path, incident)
    file = tree.sysfs / "class/powercap/intel-rapl:0/energy_uj"
    inode = file.stat().st_ino
    seen = []
    for moment in (0, 5, 10):
        world.advance(moment * SECOND)
        tree.write()
        seen.append(file.read_text().strip().isdigit())
    assert seen == [True, False, True]
    assert file.stat().st_ino == inode


def test_each_loading_of_the_driver_has_a_directory_of_its_own(tmp_path: Path) -> None:
    reload = DriverReload(at=Duration.from_seconds(5), length=Duration.from_seconds(5))
    world = World(WorldSpec(1, spec(GPU), (), (reload,)))
    tree = HostTree(world, tmp_path)
    module = tree.sysfs / "module/nvidia"
    first = module.stat().st_ino
    world.advance(5 * SECOND)
    tree.write()
    assert not module.exists()
    world.advance(10 * SECOND)
    tree.write()
    assert module.stat().st_ino != first
    _, without = shown(tmp_path / "without")
    assert not (without.sysfs / "module/nvidia").exists()


def test_a_process_shows_its_facts_and_its_time_in_ticks(tmp_path: Path) -> None:
    world, tree = shown(tmp_path)
    world.advance(5 * SECOND)
    tree.write()
    process = process_of(world, "ai")
    directory = tree.procfs / str(process.pid)
    before, _, after = (directory / "stat").read_text().rpartition(")")
    fields = after.split()
    assert before == f"{process.pid} (serve"
    assert int(fields[1]) == 1
    ticks = int(fields[11]) + int(fields[12])
    assert 0 <= process.nanoseconds(world.now) // 10_000_000 - ticks <= 1
    assert int(fields[19]) == process.started // 10_000_000
    assert len(fields) == 50
    assert (directory / "cmdline").read_bytes() == b"/opt/ai (v2)/serve\0--port\08000\0"
    assert (directory / "cgroup").read_text() == "0::/system.slice/ai.service\n"
    assert int((directory / "statm").read_text().split()[1]) * 4096 == GIB
    assert f"PPid:\t{process.ppid}\n" in (directory / "status").read_text()


def test_a_listening_port_leads_to_the_process(tmp_path: Path) -> None:
    world, tree = shown(tmp_path)
    process = process_of(world, "ai")
    row = (tree.procfs / f"{process.pid}/net/tcp").read_text().splitlines()[1].split()
    assert row[1] == "00000000:1F40"
    assert row[3] == "0A"
    assert (tree.procfs / str(process.pid) / "fd/3").readlink() == Path(f"socket:[{row[9]}]")


def test_a_kernel_thread_has_no_command_line(tmp_path: Path) -> None:
    _, tree = shown(tmp_path)
    assert (tree.procfs / "2/cmdline").read_text() == ""
    assert not (tree.procfs / "2/exe").is_symlink()


def test_the_hosts_time_is_that_of_all_its_processes(tmp_path: Path) -> None:
    world, tree = shown(tmp_path)
    world.advance(60 * SECOND)
    tree.write()
    first = (tree.procfs / "stat").read_text().splitlines()[0].split()
    user, nice, system, idle, iowait, irq, softirq, steal = (int(text) for text in first[1:9])
    busy = sum(process.nanoseconds(world.now) for process in world.machine.processes.values())
    assert 0 <= busy // 10_000_000 - (user + nice + system + irq + softirq + steal) <= 4
    up = (60 + 86_400) * 8 * 100
    assert 0 <= up - (user + system + softirq + idle + iowait) <= 4


def test_free_memory_is_what_nobody_holds(tmp_path: Path) -> None:
    world, tree = shown(tmp_path)
    rows = dict(line.split(":") for line in (tree.procfs / "meminfo").read_text().splitlines())
    assert rows["MemTotal"].split() == [str(16 * GIB // 1024), "kB"]
    assert int(rows["MemAvailable"].split()[0]) == world.machine.memory_available // 1024


def test_a_dead_process_leaves_the_tree_and_its_pid_may_show_another(tmp_path: Path) -> None:
    world, tree = shown(tmp_path)
    first = process_of(world, "ai")
    world.machine.end(first)
    stranger = world.machine.start(PLAIN, "_other", "/", pid=first.pid)
    tree.write()
    assert (tree.procfs / str(first.pid) / "cmdline").read_bytes() == b"/usr/bin/worker\0--fast\0"
    world.machine.end(stranger)
    tree.write()
    assert not (tree.procfs / str(first.pid)).exists()


def test_a_group_shows_its_time_and_memory_in_version_2(tmp_path: Path) -> None:
    world, tree = shown(tmp_path)
    world.advance(5 * SECOND)
    tree.write()
    group, directory = world.machine.cgroups["/system.slice/ai.service"], tree.cgroupfs / "system.slice/ai.service"
    stat = dict(line.split() for line in (directory / "cpu.stat").read_text().splitlines())
    assert int(stat["usage_usec"]) == group.cpu.at(world.now) // 1_000_000
    assert int(stat["usage_usec"]) == int(stat["user_usec"]) + int(stat["system_usec"])
    assert int((directory / "memory.current").read_text()) == 2 * GIB
    assert [int(pid) for pid in (directory / "cgroup.procs").read_text().split()] == sorted(group.processes)
    assert "populated 1" in (directory / "cgroup.events").read_text()
    assert not (tree.cgroupfs / "memory.current").exists()


@pytest.mark.parametrize("layout", [Layout.V1, Layout.HYBRID])
def test_a_group_shows_its_time_and_memory_in_version_1(tmp_path: Path, layout: Layout) -> None:
    world, tree = shown(tmp_path, layout=layout)
    world.advance(5 * SECOND)
    tree.write()
    group = world.machine.cgroups["/system.slice/ai.service"]
    path = "system.slice/ai.service"
    for mount in ("cpuacct", "cpu,cpuacct", "cpu"):
        assert int((tree.cgroupfs / mount / path / "cpuacct.usage").read_text()) == group.cpu.at(world.now) // 1000
    assert int((tree.cgroupfs / "memory" / path / "memory.usage_in_bytes").read_text()) == 2 * GIB
    lines = (tree.procfs / str(min(group.processes)) / "cgroup").read_text().splitlines()
    assert f"5:cpu,cpuacct:/{path}" in lines
    assert (f"0::/{path}" in lines) is (layout is Layout.HYBRID)
    assert (tree.cgroupfs / "unified" / path / "cgroup.events").exists() is (layout is Layout.HYBRID)
    assert not (tree.cgroupfs / "cgroup.controllers").exists()


def test_a_group_that_was_removed_and_made_again_is_another_one(tmp_path: Path) -> None:
    world, tree = shown(tmp_path, disappears=Duration.from_seconds(10))
    directory = tree.cgroupfs / "system.slice/ai.service"
    first = directory.stat().st_ino
    with (directory / "cpu.stat").open() as file:
        world.advance(10 * SECOND)
        tree.write()
        assert not directory.exists()
        assert os.pread(file.fileno(), 100, 0) == b""
    life = next(life for life in world.lives if life.spec.consumer == "ai")
    life.begin()
    tree.write()
    assert directory.stat().st_ino != first
    assert (directory / "cpu.stat").read_text().startswith("usage_usec 0\n")


def test_a_boot_shows_its_identity_and_its_own_processes(tmp_path: Path) -> None:
    world, tree = shown(tmp_path, Reboot(at=Duration.from_seconds(5), length=Duration.from_seconds(60)))
    file = tree.procfs / "sys/kernel/random/boot_id"
    first = file.read_text()
    world.advance(6 * SECOND)
    tree.write()
    assert file.read_text() == f"{world.clock.boot_id}\n" != first
    assert {int(name.name) for name in tree.procfs.iterdir() if name.name.isdigit()} == set(world.machine.processes)


def test_nothing_is_written_where_nothing_has_changed(tmp_path: Path) -> None:
    world, tree = shown(tmp_path)
    world.advance(5 * SECOND)
    tree.write()
    files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    for path in files:
        os.utime(path, ns=(1, 1))
    tree.write()
    assert [path for path in files if path.stat().st_mtime_ns != 1] == []
