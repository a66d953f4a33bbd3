import os
import subprocess
import time
from pathlib import Path

from monitor.clock import SystemClock, process_clock


def test_the_system_clock_tells_wall_and_boot_time() -> None:
    clock = SystemClock(Path("/proc"))
    first, second = clock.stamp(), clock.stamp()
    assert abs(first.wall - time.time_ns()) < 60 * 10**9
    assert second.boot >= first.boot
    assert len(clock.boot_id) == len("e0d2f7a4-0000-0000-0000-000000000000")


def test_the_process_clock_reads_the_cpu_time_of_any_process() -> None:
    read = process_clock(Path("/proc"), os.getpid())
    assert read is not None
    with subprocess.Popen(
        ["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo; read x"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        spent = read((~child.pid << 3) | 2)
        child.communicate(b"\n")
    assert spent > 1_000_000


def test_a_procfs_that_is_not_ours_is_not_trusted(tmp_path: Path) -> None:
    assert process_clock(tmp_path, os.getpid()) is None
    (tmp_path / "self").symlink_to(str(os.getpid() + 1))
    assert process_clock(tmp_path, os.getpid()) is None


def test_a_procfs_whose_first_process_is_another_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "self").symlink_to(str(os.getpid()))
    (tmp_path / "1").mkdir()
    fields = " ".join(["S", *["0"] * 10, "900000", "900000", *["0"] * 30])
    (tmp_path / "1/stat").write_text(f"1 (init) {fields}\n")
    assert process_clock(tmp_path, os.getpid()) is None
