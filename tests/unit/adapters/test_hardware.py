from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from monitor.adapters.disks import DiskKind
from monitor.adapters.hardware import Accelerator, Detected, Sockets, detect
from monitor.adapters.memory_modules import rounded_up
from monitor.adapters.nvml import Card, cards
from monitor.core.units import Duration, Memory
from tests.fixtures.host import RECORDED
from tests.fixtures.machine import GIB, XEON, Machine, module, server
from tests.fixtures.nvml import Card as Board
from tests.fixtures.nvml import FakeNvml

if TYPE_CHECKING:
    from pathlib import Path

H100 = Card("gpu0", "NVIDIA H100 80GB HBM3", Memory(80 * GIB))


def found(machine: Machine, *named: Card) -> Detected:
    return detect(machine.sysfs, machine.procfs, named)


def memory(machine: Machine) -> tuple[int, str, bool]:
    """Return what is installed, in GiB, the file that says so, and whether it was rounded."""
    installed = found(machine).memory
    assert installed is not None
    return installed.memory.bytes // GIB, installed.where.removeprefix(str(machine.root)), installed.rounded


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.processors()
    return made


def test_a_server_tells_its_sockets_memory_and_disks(tmp_path: Path) -> None:
    seen = found(server(tmp_path), H100)
    assert not seen.virtual
    assert seen.processors == Sockets(XEON, 2, str(tmp_path / "proc/cpuinfo"))
    assert seen.memory is not None
    assert seen.memory.memory == Memory(512 * GIB)
    assert [(disk.name, disk.kind, disk.size) for disk in seen.disks] == [
        ("nvme0n1", DiskKind.SSD, 1_000_204_886_016),
        ("sda", DiskKind.HDD, 1_000_204_886_016),
    ]
    assert seen.cards == (H100,)
    assert seen.disks[0].where == str(tmp_path / "sys/block/nvme0n1")


@pytest.mark.parametrize("host", sorted(path.name for path in RECORDED.iterdir() if path.is_dir()))
def test_every_recorded_host_is_looked_at(host: str) -> None:
    seen = detect(RECORDED / host / "sys", RECORDED / host / "proc", ())
    assert seen.virtual == (host == "virtual-machine")
    assert (seen.processors is None) == seen.virtual
    assert (seen.memory is None) == seen.virtual


def test_of_a_machine_that_tells_nothing_nothing_is_claimed(tmp_path: Path) -> None:
    assert found(Machine(tmp_path)) == Detected(False, "", None, None, (), (), ())


def test_odd_content_is_a_fact_that_is_missing(machine: Machine) -> None:
    machine.say("proc/meminfo", b"\xff\xfeMemTotal: many kB\n")
    machine.say("sys/firmware/dmi/entries/17-0/raw", b"\x11")
    machine.say("sys/devices/system/edac/mc/mc0/size_mb", "lots")
    machine.disk("sda", "pci0000:00/ata1", size="?")
    machine.say("sys/bus/pci/devices/0000:01:00.0/class", b"\x00")
    seen = found(machine)
    assert (seen.memory, seen.disks, seen.unnamed) == (None, (), ())


def test_what_may_not_be_read_is_a_fact_that_is_missing(tmp_path: Path) -> None:
    machine = server(tmp_path)
    for file in (tmp_path / "sys/firmware").rglob("raw"):
        # a directory can't be read as a file, by whomever
        file.unlink()
        file.mkdir()
    assert memory(machine) == (512, "/proc/meminfo", True)


def test_of_a_virtual_machine_nothing_but_that_is_claimed(tmp_path: Path) -> None:
    machine = server(tmp_path)
    machine.processors(flags="fpu hypervisor lahf_lm")
    seen = found(machine, H100)
    assert seen == Detected(True, seen.virtual_because, None, None, (), (), ())
    assert "hypervisor" in seen.virtual_because


class TestMemory:
    def test_the_firmwares_list_comes_first(self, machine: Machine) -> None:
        machine.total(65_000_000)
        machine.say("sys/devices/system/edac/mc/mc0/size_mb", "65535")
        for number in range(2):
            machine.module(number, module(32 * 1024))
        assert memory(machine) == (64, "/sys/firmware/dmi/entries/17-*", False)

    def test_an_empty_socket_and_flash_are_no_memory(self, machine: Machine) -> None:
        machine.total(32_000_000)
        machine.module(0, module(32 * 1024))
        machine.module(1, module(0))
        machine.module(2, module(16 * 1024, kind=0x09))
        machine.module(3, module(128 * 1024, kind=0x1F))
        assert memory(machine)[0] == 32

    def test_a_large_module_has_its_size_in_another_field(self, machine: Machine) -> None:
        machine.total(125_000_000)
        machine.module(0, module(128 * 1024))
        assert memory(machine)[0] == 128

    def test_a_module_of_unknown_size_makes_the_list_worthless(self, machine: Machine) -> None:
        machine.total(64_000_000)
        entry = bytearray(module(32 * 1024))
        entry[0x0C:0x0E] = b"\xff\xff"
        machine.module(0, module(64 * 1024))
        machine.module(1, bytes(entry))
        assert memory(machine) == (64, "/proc/meminfo", True)

    def test_a_list_that_tells_less_than_the_kernel_has_is_not_believed(self, machine: Machine) -> None:
        machine.total(131_000_000)
        machine.module(0, module(64 * 1024))
        assert memory(machine) == (128, "/proc/meminfo", True)

    def test_the_watch_of_the_controllers_comes_second(self, machine: Machine) -> None:
        machine.total(65_000_000)
        for number in range(2):
            machine.say(f"sys/devices/system/edac/mc/mc{number}/size_mb", "32768\n")
        machine.say("sys/devices/system/edac/mc/power/size_mb", "1\n")
        assert memory(machine) == (64, "/sys/devices/system/edac/mc/mc*/size_mb", False)

    @pytest.mark.parametrize(
        ("shown", "modules"),
        [
            (7.6, 8),
            (11.6, 12),
            (14.9, 16),
            (15.4, 16),
            (23.4, 24),
            (31.2, 32),
            (46.9, 48),
            (62.5, 64),
            (93.5, 96),
            (125.6, 128),
            (188.4, 192),
            (251.5, 256),
            (377.3, 384),
            (503.5, 512),
            (755.4, 768),
            (1007.6, 1024),
            (1511.0, 1536),
            (2015.6, 2048),
        ],
    )
    def test_the_kernels_total_is_rounded_up_to_what_modules_add_up_to(self, shown: float, modules: int) -> None:
        assert rounded_up(round(shown * GIB)) == modules * GIB

    @pytest.mark.parametrize("modules", [1, 8, 64, 96, 384, 1024])
    def test_a_whole_sum_stays(self, modules: int) -> None:
        assert rounded_up(modules * GIB) == modules * GIB


class TestProcessors:
    def test_without_a_physical_id_the_topology_counts_the_sockets(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path)
        machine.say("proc/cpuinfo", "".join(f"processor\t: {n}\nCPU part\t: 0xd4f\n\n" for n in range(4)))
        machine.say("sys/firmware/acpi/tables/PPTT", "")
        for number, package in enumerate((36, 36, 5656, 5656)):
            machine.say(f"sys/devices/system/cpu/cpu{number}/topology/physical_package_id", f"{package}\n")
        machine.say("sys/devices/system/cpu/cpuidle/topology/physical_package_id", "9\n")
        seen = found(machine).processors
        assert seen is not None
        assert seen.number == 2

    def test_clusters_in_a_device_tree_are_no_sockets(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path)
        machine.say("proc/cpuinfo", "".join(f"processor\t: {n}\nCPU part\t: 0xd08\n\n" for n in range(4)))
        for number in range(4):
            machine.say(f"sys/devices/system/cpu/cpu{number}/topology/physical_package_id", f"{number}\n")
        seen = found(machine).processors
        assert seen is not None
        assert seen.number == 1


class TestDisks:
    @pytest.mark.parametrize(
        ("name", "at"),
        [
            ("loop0", "virtual/block"),
            ("dm-0", "virtual/block"),
            ("md0", "virtual/block"),
            ("zram0", "virtual/block"),
            ("ram0", "virtual/block"),
            ("sr0", "pci0000:00/ata2/host1"),
            ("sdb", "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block"),
            ("sdc", "platform/host9/session1/target9:0:0/9:0:0:1/block"),
            ("sdd", "pci0000:00/0000:00:02.0/host3/rport-3:0-1/target3:0:0/3:0:0:0/block"),
            ("sde", "virtual/block"),
            ("vda", "pci0000:00/virtio1/block"),
            ("rbd0", "virtual/block"),
            ("mmcblk0", "pci0000:00/mmc_host/mmc0"),
        ],
    )
    def test_what_is_no_disk_of_this_machine_is_left_out(self, machine: Machine, name: str, at: str) -> None:
        machine.disk(name, at)
        assert found(machine).disks == ()

    def test_what_can_be_taken_out_and_what_is_empty_is_left_out(self, machine: Machine) -> None:
        machine.disk("sda", "pci0000:00/ata1/host0", removable="1")
        machine.disk("sdb", "pci0000:00/ata2/host1", size="0")
        assert found(machine).disks == ()

    def test_an_nvme_disk_reached_by_several_ways_is_one(self, machine: Machine) -> None:
        machine.disk("nvme0n1", "virtual/nvme-subsystem/nvme-subsys0", device__nvme0__transport="pcie")
        machine.disk("nvme0c0n1", "pci0000:00/0000:00:1d.0/nvme/nvme0", hidden="1")
        assert [disk.name for disk in found(machine).disks] == ["nvme0n1"]

    @pytest.mark.parametrize("transport", ["tcp", "rdma", "fc"])
    def test_an_nvme_disk_over_a_network_is_left_out(self, machine: Machine, transport: str) -> None:
        machine.disk("nvme1n1", "virtual/nvme-fabrics/ctl/nvme1", device__transport=transport)
        machine.disk("nvme2n1", "virtual/nvme-subsystem/nvme-subsys2", device__nvme2__transport=transport)
        assert found(machine).disks == ()

    @pytest.mark.parametrize(
        ("vendor", "model"),
        [
            ("DELL", "PERC H730P Mini"),
            ("AVAGO", "MR9361-8i"),
            ("HP", "LOGICAL VOLUME"),
            ("ATA", "DELLBOSS VD"),
            ("Lenovo", "RAID 530-8i"),
        ],
    )
    def test_a_volume_of_a_raid_controller_is_no_disk(self, machine: Machine, vendor: str, model: str) -> None:
        machine.disk("sda", "pci0000:00/host0", device__vendor=vendor, device__model=model)
        assert [disk.kind for disk in found(machine).disks] == [DiskKind.RAID]

    @pytest.mark.parametrize(
        ("vendor", "model"), [("ATA", "MR9361 not"), ("ATA", "INTEL SSDSC2KB96"), ("SEAGATE", "ST12000NM")]
    )
    def test_a_disk_behind_a_plain_adapter_is_one(self, machine: Machine, vendor: str, model: str) -> None:
        machine.disk("sda", "pci0000:00/host0", device__vendor=vendor, device__model=model)
        assert [disk.kind for disk in found(machine).disks] == [DiskKind.SSD]

    def test_whether_it_turns_may_be_unknown(self, machine: Machine) -> None:
        machine.disk("sda", "pci0000:00/host0", queue__rotational="")
        assert [disk.kind for disk in found(machine).disks] == [DiskKind.UNKNOWN]


class TestCards:
    def device(self, machine: Machine, address: str, vendor: str, kind: str) -> None:
        machine.say(f"sys/bus/pci/devices/{address}/vendor", f"{vendor}\n")
        machine.say(f"sys/bus/pci/devices/{address}/class", f"{kind}\n")

    def test_a_card_that_no_driver_names_is_told(self, machine: Machine) -> None:
        self.device(machine, "0000:3b:00.0", "0x10de", "0x030200")
        self.device(machine, "0000:5e:00.0", "0x10de", "0x030200")
        self.device(machine, "0000:5e:00.1", "0x10de", "0x040300")
        self.device(machine, "0000:86:00.0", "0x1002", "0x120000")
        assert found(machine, H100).unnamed == (
            Accelerator("0000:5e:00.0", "NVIDIA"),
            Accelerator("0000:86:00.0", "AMD"),
        )

    def test_what_only_shows_pictures_is_no_card(self, machine: Machine) -> None:
        self.device(machine, "0000:03:00.0", "0x1a03", "0x030000")
        self.device(machine, "0000:0c:00.0", "0x1002", "0x030000")
        assert found(machine).unnamed == ()

    def test_a_driver_that_hangs_is_not_waited_for_for_ever(self) -> None:
        let_go = threading.Event()

        class Hanging(FakeNvml):
            def nvmlInit(self) -> None:  # noqa: N802 - its name
                let_go.wait(60)

        try:
            assert cards(Hanging(Board("GPU-a")), Duration.from_seconds(0.05)) == ()
        finally:
            let_go.set()

    def test_cards_have_the_numbers_that_the_driver_gives_them(self) -> None:
        lost = Board("GPU-b", present=True, fails={"nvmlDeviceGetHandleByIndex": 15})
        nvml = FakeNvml(Board("GPU-a"), lost, Board("GPU-c", name="NVIDIA L4", total=0))
        assert cards(nvml) == (H100, Card("gpu2", "NVIDIA L4"))
        assert nvml.open == 0

    def test_without_a_driver_there_is_no_card(self) -> None:
        nvml = FakeNvml(Board("GPU-a"))
        nvml.driver_loaded = False
        assert cards(nvml) == ()
