from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from collectors.hwmon import HOLD, HwmonCollector
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.readings import CounterReading, PowerReading
from monitor.core.units import Energy, Power
from tests.fixtures.host import RECORDED, host_at
from tests.fixtures.unprivileged import ROOT_ONLY, directory_for_all, run_as_nobody

if TYPE_CHECKING:
    from pathlib import Path

UNKNOWN = 4_294_967_295_000


class Host:
    """A copy of a recorded host, whose sensors can be changed in place as a kernel changes them."""

    def __init__(self, root: Path, name: str = "") -> None:
        self.root = root / "host"
        if name:
            shutil.copytree(RECORDED / name, self.root)
        self.chips = self.root / "sys/class/hwmon"
        self.chips.mkdir(parents=True, exist_ok=True)

    def open(self) -> HwmonCollector:
        return HwmonCollector.open(host_at(self.root))

    def show(self, sensor: str, content: object) -> None:
        """Write a sensor in place, so that whoever holds it open reads what is new."""
        with (self.chips / sensor).open("r+b") as file:
            file.write(f"{content}\n".encode())
            file.truncate()

    def chip(self, directory: str, **files: object) -> None:
        place = self.chips / directory
        place.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            (place / file).write_text(f"{content}\n")

    def node(self, number: int, cpus: str, sockets: dict[int, int]) -> None:
        """Make a memory node with *cpus*, of which each of *sockets* has its socket."""
        node = self.root / f"sys/devices/system/node/node{number}"
        node.mkdir(parents=True)
        (node / "cpulist").write_text(f"{cpus}\n")
        for cpu, socket in sockets.items():
            topology = self.root / f"sys/devices/system/cpu/cpu{cpu}/topology"
            topology.mkdir(parents=True)
            (topology / "physical_package_id").write_text(f"{socket}\n")


@pytest.fixture
def amd(tmp_path: Path) -> Host:
    return Host(tmp_path, "rome-amd-energy")


@pytest.fixture
def acpi(tmp_path: Path) -> Host:
    return Host(tmp_path, "acpi-power-meter")


@pytest.fixture
def bare(tmp_path: Path) -> Host:
    return Host(tmp_path)


def seen(collector: HwmonCollector) -> dict[str, tuple[str, int]]:
    shown = {}
    for row in collector.collect():
        if isinstance(row, CounterReading):
            shown[row.meter] = (row.resource, row.energy.microjoules)
        elif isinstance(row, PowerReading):
            shown[row.meter] = (row.resource, row.power.microwatts)
    return shown


def test_a_power_meter_of_the_firmware_is_the_platform(acpi: Host) -> None:
    assert acpi.open().collect() == [
        PowerReading("platform", "hwmon1/power1_average", Power.from_watts(262), HOLD),
    ]


def test_a_power_meter_blocks_and_so_has_a_job_of_its_own() -> None:
    assert HwmonCollector.slow


def test_a_power_meter_of_the_newer_driver_is_read_as_well(bare: Host) -> None:
    bare.chip("hwmon0", name="power_meter", power1_average=120_000_000)
    assert seen(bare.open()) == {"hwmon0/power1_average": ("platform", 120_000_000)}


@pytest.mark.parametrize("shown", [UNKNOWN, 0, "", "-1"])
def test_a_meter_that_failed_is_tried_again_and_never_believed(acpi: Host, shown: object) -> None:
    """4.29 MW, or nothing at all, on a server of 262 W."""
    collector = acpi.open()
    acpi.show("hwmon1/device/power1_average", shown)
    with pytest.raises(Retry):
        collector.collect()
    acpi.show("hwmon1/device/power1_average", 261_000_000)
    assert seen(collector) == {"hwmon1/power1_average": ("platform", 261_000_000)}


def test_the_accuracy_that_the_firmware_states_is_told(acpi: Host) -> None:
    (source,) = acpi.open().sources()
    assert (source.resource, source.method) == ("platform", "integrated")
    assert "98.0%" in source.accuracy
    assert source.description.endswith("device/power1_average")


def test_a_battery_is_no_platform(acpi: Host) -> None:
    acpi.show("hwmon1/device/power1_is_battery", 1)
    with pytest.raises(Unavailable):
        acpi.open()


def test_several_unnamed_meters_are_not_summed(bare: Host) -> None:
    """One may contain the other: half or twice the truth is no measurement."""
    bare.chip("hwmon0", name="power_meter", power1_average=120_000_000)
    bare.chip("hwmon1", name="power_meter", power1_average=110_000_000)
    with pytest.raises(Unavailable) as caught:
        bare.open()
    assert caught.value.reason is Reason.UNSUPPORTED
    assert "hwmon0/power1_average, hwmon1/power1_average" in caught.value.what


def test_parts_of_a_grace_hopper_that_contain_others_are_left_out(tmp_path: Path) -> None:
    """Defect 24: the module contains Grace, and Grace contains CPU and SysIO."""
    assert seen(Host(tmp_path, "grace-hopper").open()) == {
        "hwmon3/power1_average": ("package", 46_200_000),
        "hwmon4/power1_average": ("package", 9_500_000),
    }


def test_both_parts_of_an_xgene_are_its_package(tmp_path: Path) -> None:
    collector = Host(tmp_path, "xgene").open()
    assert seen(collector) == {
        "hwmon0/power1_input": ("package", 23_400_000),
        "hwmon0/power2_input": ("package", 11_800_000),
    }
    assert [source.description.split(",")[1] for source in collector.sources()] == [" CPU power", " IO power"]


def test_the_regulators_of_an_altra_are_its_processors_and_its_memorys(tmp_path: Path) -> None:
    rows = seen(Host(tmp_path, "altra-smpro").open())
    assert len(rows) == 10
    assert sum(power for resource, power in rows.values() if resource == "package") == 96_400_000 + 95_400_000 + (
        21_300_000 + 20_300_000 + 19_500_000 + 18_500_000
    )
    assert sum(power for resource, power in rows.values() if resource == "dram") == 30_200_000


def test_counters_of_the_cores_of_an_altra_are_left_alone_as_they_are_a_part(bare: Host) -> None:
    """Ampere's own driver: a sum of cores would pass for the processor."""
    bare.chip("hwmon0", name="altra_hwmon", energy1_input=7_000_000, energy1_label="Core Energy 000")
    with pytest.raises(Unavailable):
        bare.open()


def test_sockets_are_counted_and_their_cores_are_not(amd: Host) -> None:
    assert seen(amd.open()) == {
        "hwmon2/energy3_input": ("package", 90112233445),
        "hwmon2/energy4_input": ("package", 87001122334),
    }


def test_the_counter_of_amd_energy_wraps_where_its_arithmetic_does(amd: Host) -> None:
    reading = amd.open().collect()[0]
    assert isinstance(reading, CounterReading)
    assert reading.wraps_after == Energy(2**48)
    assert reading.plausible == Power.from_watts(1000)


def test_nodes_of_one_socket_that_show_its_counter_are_one_socket(bare: Host) -> None:
    """Defect 26, in its other guise: four memory nodes a socket, eight counters of two."""
    bare.chip("hwmon0", name="amd_energy")
    for node in range(8):
        bare.chip("hwmon0", **{f"energy{node + 1}_input": 10**9 + node, f"energy{node + 1}_label": f"Esocket{node}"})
        bare.node(node, f"{node * 8}-{node * 8 + 7}", {node * 8: node // 4})
    assert seen(bare.open()).keys() == {"hwmon0/energy1_input", "hwmon0/energy5_input"}


def test_where_the_second_socket_is_never_shown_the_package_is_unknown(bare: Host) -> None:
    """Two counters, both the first socket's: half the machine is not the machine."""
    bare.chip("hwmon0", name="amd_energy")
    for node in range(4):
        bare.node(node, f"{node * 8}-{node * 8 + 7}", {node * 8: node // 2})
    for socket in range(2):
        bare.chip("hwmon0", **{f"energy{socket + 1}_input": 10**9, f"energy{socket + 1}_label": f"Esocket{socket}"})
    with pytest.raises(Unavailable) as caught:
        bare.open()
    assert caught.value.reason is Reason.UNSUPPORTED


def test_where_the_kernel_does_not_tell_the_sockets_all_are_counted(amd: Host) -> None:
    shutil.rmtree(amd.root / "sys/devices/system/node")
    assert len(seen(amd.open())) == 2


def test_a_counter_is_preferred_to_powers_of_the_same_resource(bare: Host) -> None:
    bare.chip("hwmon0", name="amd_energy", energy1_input=5, energy1_label="Esocket0")
    bare.chip("hwmon1", name="apm_xgene", power1_input=7, power1_label="CPU power")
    assert seen(bare.open()) == {"hwmon0/energy1_input": ("package", 5)}


def test_a_sensor_is_known_by_chip_and_label_and_never_by_its_number(bare: Host) -> None:
    bare.chip("hwmon0", name="corsairpsu", power1_input=120_000_000, power1_label="power total")
    bare.chip("hwmon1", name="amdgpu", power1_average=90_000_000, power1_label="PPT")
    bare.chip("hwmon2", name="apm_xgene", power1_input=7_000_000, power1_label="IO power", power3_input=9, in0_input=3)
    assert seen(bare.open()) == {"hwmon2/power1_input": ("package", 7_000_000)}


def test_sensors_are_in_order_of_chip_and_number(bare: Host) -> None:
    for chip in (2, 10):
        for number in (9, 10):
            bare.chip(
                f"hwmon{chip}",
                name="amd_energy",
                **{f"energy{number}_input": 1, f"energy{number}_label": f"Esocket{number}"},
            )
    assert [source.meter for source in bare.open().sources()] == [
        "hwmon2/energy9_input",
        "hwmon2/energy10_input",
        "hwmon10/energy9_input",
        "hwmon10/energy10_input",
    ]


def test_a_sensor_that_can_not_be_read_now_leaves_its_resource_out(amd: Host) -> None:
    amd.chip("hwmon5", name="power_meter", power1_average=300_000_000)
    collector = amd.open()
    amd.show("hwmon2/energy4_input", "")
    assert seen(collector) == {"hwmon5/power1_average": ("platform", 300_000_000)}


def test_a_driver_loaded_later_is_found_and_one_unloaded_is_left(acpi: Host) -> None:
    collector = acpi.open()
    acpi.chip("hwmon7", name="amd_energy", energy1_input=5, energy1_label="Esocket0")
    assert seen(collector).keys() == {"hwmon1/power1_average", "hwmon7/energy1_input"}
    os.truncate(acpi.chips / "hwmon1/device/power1_average", 0)
    shutil.rmtree(acpi.chips / "hwmon1")
    assert seen(collector).keys() == {"hwmon7/energy1_input"}


def test_a_driver_loaded_anew_between_two_reads_is_opened_anew(acpi: Host) -> None:
    collector = acpi.open()
    meter = acpi.chips / "hwmon1/device/power1_average"
    os.truncate(meter, 0)
    meter.unlink()
    meter.write_text("5000000\n")
    assert seen(collector) == {"hwmon1/power1_average": ("platform", 5_000_000)}


def test_a_host_without_a_known_chip_says_which_it_has(bare: Host) -> None:
    bare.chip("hwmon0", name="coretemp", temp1_input=40000)
    with pytest.raises(Unavailable) as caught:
        bare.open()
    assert caught.value.reason is Reason.ABSENT
    assert "coretemp" in caught.value.what
    assert caught.value.cure


def test_a_host_without_hwmon_is_an_absence(tmp_path: Path) -> None:
    """Defect 21."""
    with pytest.raises(Unavailable) as caught:
        HwmonCollector.open(host_at(tmp_path))
    assert caught.value.reason is Reason.ABSENT


def test_counters_that_only_root_may_read_are_forbidden_with_the_cure() -> None:
    with directory_for_all() as root:
        host = Host(root, "rome-amd-energy")
        for counter in host.chips.glob("*/energy*_input"):
            counter.chmod(ROOT_ONLY)
        said = run_as_nobody(
            "hwmon",
            host.root,
            "try:\n    kind.open(host)\n"
            "except Unavailable as fact:\n    print(fact.reason.value, fact.what, fact.cure, sep='|')",
        )
    reason, what, cure = said.split("|")
    assert reason == "forbidden"
    assert "hwmon2/energy3_input" in what
    assert "tmpfiles" in cure


def test_what_may_not_be_read_does_not_take_the_rest_with_it() -> None:
    with directory_for_all() as root:
        host = Host(root, "rome-amd-energy")
        host.chip("hwmon5", name="power_meter", power1_average=300_000_000)
        (host.chips / "hwmon2/energy4_input").chmod(ROOT_ONLY)
        said = run_as_nobody(
            "hwmon",
            host.root,
            "collector = kind.open(host)\n"
            "print(*[row.meter for row in collector.collect()], sep=',')\n"
            "print(collector.sources()[0].description)",
        )
    meters, description = said.splitlines()
    assert meters == "hwmon5/power1_average"
    assert "hwmon2/energy4_input" in description
