import json
from pathlib import Path

import pytest

from collectors.amd import AmdCollector
from monitor.recording import Recording, Roots, listening, program_of, record
from tests.fixtures.amdsmi import FakeAmdSmi
from tests.fixtures.host import host_at

ABOUT = {"version": "0", "date": "2026-11-24", "kernel": "6.1", "host": "ia-01"}
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1
   1: 0100007F:1F90 0A0A0A0A:0050 01 00000000:00000000 00:00000000 00000000     0        0 4343 1
"""


def write(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")


@pytest.fixture
def host(tmp_path: Path) -> Roots:
    root = tmp_path / "host"
    write(
        root / "sys",
        {
            "devices/virtual/powercap/intel-rapl/intel-rapl:0/name": "package-0\n",
            "devices/virtual/powercap/intel-rapl/intel-rapl:0/energy_uj": "123\n",
            "class/hwmon/hwmon0/name": "coretemp\n",
            "class/hwmon/hwmon0/temp1_input": "40000\n",
            "class/hwmon/hwmon0/device/power1_average": "90000000\n",
            "class/hwmon/hwmon0/device/power1_serial_number": "secret\n",
            "class/dmi/id/board_serial": "secret\n",
        },
    )
    (root / "sys/class/powercap").mkdir()
    (root / "sys/class/powercap/intel-rapl:0").symlink_to("../../devices/virtual/powercap/intel-rapl/intel-rapl:0")
    write(
        root / "proc",
        {
            "stat": "cpu 1\n",
            "net/tcp": TCP,
            "12/stat": "12 (llama-server) S 1\n",
            "12/cmdline": "/opt/llama/llama-server\0--api-key\0secret\0",
            "12/environ": "TOKEN=secret\0",
        },
    )
    (root / "proc/12/fd").mkdir()
    for number, target in (("3", "socket:[4242]"), ("4", "socket:[4343]"), ("5", "/home/ada/secret")):
        (root / "proc/12/fd" / number).symlink_to(target)
    write(root / "cgroup", {"system.slice/vllm.service/cpu.stat": "usage_usec 5\n", "system.slice/notes": "secret\n"})
    return Roots(root / "sys", root / "proc", root / "cgroup")


def recorded(host: Roots, target: Path, *, with_arguments: bool = False) -> Recording:
    return record(host, target, ABOUT, with_arguments=with_arguments)


def test_what_the_collectors_read_is_copied_to_where_they_look_for_it(host: Roots, tmp_path: Path) -> None:
    recording = recorded(host, tmp_path / "out")
    assert (tmp_path / "out/sys/class/powercap/intel-rapl:0/energy_uj").read_text() == "123\n"
    assert (tmp_path / "out/sys/class/hwmon/hwmon0/device/power1_average").read_text() == "90000000\n"
    assert (tmp_path / "out/proc/12/stat").read_text() == "12 (llama-server) S 1\n"
    assert (tmp_path / "out/sys/fs/cgroup/system.slice/vllm.service/cpu.stat").read_text() == "usage_usec 5\n"
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["files"] == sorted(recording.files)
    assert manifest["kernel"] == "6.1"
    assert "ia-01" in (tmp_path / "out/README.md").read_text()


def test_no_secret_is_recorded(host: Roots, tmp_path: Path) -> None:
    recorded(host, tmp_path / "out")
    assert (tmp_path / "out/proc/12/cmdline").read_bytes() == b"llama-server\0"
    for path in (tmp_path / "out").rglob("*"):
        assert "secret" not in str(path.readlink() if path.is_symlink() else path.name)
        if path.is_file() and not path.is_symlink():
            assert "secret" not in path.read_text()


def test_graphics_cards_and_who_uses_them_are_recorded_and_read_as_on_the_host(host: Roots, tmp_path: Path) -> None:
    for number in (3, 12):
        device = {"uevent": f"DRIVER=amdgpu\nPCI_ID=1002:740F\nPCI_SLOT_NAME=0000:{number:02x}:00.0\n"}
        device |= {"hwmon/hwmon5/name": "amdgpu\n", "hwmon/hwmon5/power1_average": "40000000\n"}
        device |= {"unique_id": "secret\n"}
        write(host.sysfs / f"class/drm/card{number}/device", device)
    write(host.sysfs / "class/kfd/kfd", {"topology/nodes/1/gpu_id": "7\n", "proc/12/vram_7": "99\n"})
    write(host.sysfs / "class/kfd/kfd", {"topology/nodes/1/properties": "location_id 768\ndomain 0\n"})
    client = "drm-pdev:\t0000:03:00.0\ndrm-client-id:\t5\ndrm-engine-gfx:\t8 ns\n"
    write(host.procfs / "12/fdinfo", {"3": f"pos:\t0\nino:\t685\n{client}", "4": "pos:\t0\n", "5": "inotify wd:1\n"})
    write(host.procfs, {"1/stat": "1 (init) S 0\n"})
    found = recorded(host, tmp_path / "out")
    assert (tmp_path / "out/proc/12/fdinfo/3").read_text() == client
    assert [name for name in found.files if "fdinfo" in name] == ["proc/12/fdinfo/3"]
    told = [AmdCollector.open(host_at(root, amdsmi=FakeAmdSmi())) for root in (host.sysfs.parent, tmp_path / "out")]
    assert told[0].collect() == told[1].collect()
    assert len(told[1].sources()) == 2
    assert not list((tmp_path / "out").rglob("unique_id"))


def test_whole_command_lines_are_recorded_when_asked_for(host: Roots, tmp_path: Path) -> None:
    recorded(host, tmp_path / "out", with_arguments=True)
    assert b"--api-key\0secret" in (tmp_path / "out/proc/12/cmdline").read_bytes()


def test_of_the_sockets_only_those_that_listen_are_kept(host: Roots, tmp_path: Path) -> None:
    recorded(host, tmp_path / "out")
    assert (tmp_path / "out/proc/net/tcp").read_text().count("\n") == 2
    assert [link.name for link in (tmp_path / "out/proc/12/fd").iterdir()] == ["3"]
    assert listening(b"") == b""


def test_nothing_is_overwritten(host: Roots, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    recorded(host, tmp_path / "out")
    with pytest.raises(FileExistsError):
        recorded(host, tmp_path / "out")
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileExistsError):
        recorded(host, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "x"


def test_what_can_not_be_read_is_told(host: Roots, tmp_path: Path) -> None:
    (host.procfs / "meminfo").mkdir()
    assert recorded(host, tmp_path / "out").unreadable == {"proc/meminfo": "Is a directory"}
    assert json.loads((tmp_path / "out/manifest.json").read_text())["unreadable"] == {"proc/meminfo": "Is a directory"}


def test_an_empty_host_is_an_empty_recording(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert recorded(Roots(nowhere, nowhere, nowhere), tmp_path / "out").files == []


def test_nothing_half_done_is_left_behind(host: Roots, tmp_path: Path) -> None:
    (tmp_path / "full").write_text("a file is in the way")
    with pytest.raises(OSError, match="directory"):
        recorded(host, tmp_path / "full" / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "host"]


@pytest.mark.parametrize(
    ("line", "program"),
    [
        (b"/usr/bin/python3\0-m\0vllm\0", b"python3\0"),
        (b"postgres: ada secrets 10.0.0.1(5432) idle\0", b"postgres:\0"),
        (b"", b""),
        (b"\0", b""),
    ],
)
def test_a_command_line_is_cut_down_to_its_program(line: bytes, program: bytes) -> None:
    assert program_of(line) == program
