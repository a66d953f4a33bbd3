from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from collectors.rapl import ALIKE, RaplCollector
from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.core.readings import CounterReading
from monitor.core.units import Duration, Energy, Power
from tests.fixtures.host import RECORDED, host_at
from tests.fixtures.unprivileged import ROOT_ONLY, directory_for_all, run_as_nobody

if TYPE_CHECKING:
    from collections.abc import Iterator

JOULE = 1_000_000
RANGE = 262_143_328_850


class Host:
    """A copy of a recorded host, whose zones can be changed in place as a kernel changes them."""

    def __init__(self, root: Path, name: str = "") -> None:
        self.root = root / "host"
        if name:
            shutil.copytree(RECORDED / name, self.root)
        self.zones = self.root / "sys/class/powercap"
        self.zones.mkdir(parents=True, exist_ok=True)

    def open(self) -> RaplCollector:
        return RaplCollector.open(host_at(self.root))

    def show(self, zone: str, content: object) -> None:
        """Write the counter in place, so that whoever holds it open reads what is new."""
        with (self.zones / zone / "energy_uj").open("r+b") as file:
            file.write(f"{content}\n".encode())
            file.truncate()

    def zone(self, directory: str, name: str, energy: int = 0, **files: object) -> None:
        (self.zones / directory).mkdir(exist_ok=True)
        for file, content in {"name": name, "energy_uj": energy, "max_energy_range_uj": RANGE, **files}.items():
            (self.zones / directory / file).write_text(f"{content}\n")

    def remove(self, zone: str) -> None:
        """Remove a zone as the kernel does: whoever holds its files open can't read them any more."""
        for file in (self.zones / zone).iterdir():
            os.truncate(file, 0)
        shutil.rmtree(self.zones / zone)


@pytest.fixture
def server(tmp_path: Path) -> Host:
    return Host(tmp_path, "xeon-two-sockets")


@pytest.fixture
def bare(tmp_path: Path) -> Host:
    return Host(tmp_path)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def seen(collector: RaplCollector) -> dict[str, tuple[str, int]]:
    rows = [row for row in collector.collect() if isinstance(row, CounterReading)]
    return {row.meter: (row.resource, row.energy.microjoules) for row in rows}


def reading(collector: RaplCollector, meter: str) -> CounterReading:
    return next(row for row in collector.collect() if isinstance(row, CounterReading) and row.meter == meter)


def test_each_socket_is_a_meter_of_the_package_and_of_the_memory(server: Host) -> None:
    assert seen(server.open()) == {
        "intel-rapl:0": ("package", 23712361659),
        "intel-rapl:0:0": ("dram", 3310044187),
        "intel-rapl:1": ("package", 22464335801),
        "intel-rapl:1:0": ("dram", 2987716650),
    }


def test_a_counter_is_read_anew_each_time(server: Host) -> None:
    collector = server.open()
    server.show("intel-rapl:0", 23712361659 + 5 * JOULE)
    assert seen(collector)["intel-rapl:0"] == ("package", 23712361659 + 5 * JOULE)


def test_core_and_uncore_are_in_their_package_and_psys_is_the_platform(tmp_path: Path) -> None:
    """Defect 24: no joule is told twice, as a part and within its whole, under one resource."""
    assert seen(Host(tmp_path, "client-psys").open()) == {
        "intel-rapl:0": ("package", 81223004119),
        "intel-rapl:1": ("platform", 119008812255),
    }


def test_the_mmio_interface_is_read_where_there_is_no_other(bare: Host) -> None:
    bare.zone("intel-rapl-mmio:0", "package-0", 7)
    assert seen(bare.open()) == {"intel-rapl-mmio:0": ("package", 7)}


def test_the_mmio_interface_is_read_for_the_package_that_has_no_other(bare: Host) -> None:
    bare.zone("intel-rapl:0", "package-0", 5)
    bare.zone("intel-rapl-mmio:0", "package-0", 5)
    bare.zone("intel-rapl-mmio:1", "package-1", 9)
    assert seen(bare.open()) == {"intel-rapl:0": ("package", 5), "intel-rapl-mmio:1": ("package", 9)}


def test_what_tells_a_wrap_from_a_reset_comes_with_the_reading(server: Host) -> None:
    """Defect 28: a decrease can be judged by the range and the plausible power that come with it."""
    collector = server.open()
    server.show("intel-rapl:0", RANGE - JOULE)
    before = reading(collector, "intel-rapl:0")
    server.show("intel-rapl:0", 2 * JOULE)
    after = reading(collector, "intel-rapl:0")
    assert after.wraps_after == Energy(RANGE)
    assert after.energy + after.wraps_after - before.energy == Energy(3 * JOULE)
    assert Energy(3 * JOULE) < after.plausible.during(Duration.from_seconds(1)) < Energy(RANGE // 100)


def test_a_zone_without_a_range_can_not_be_taken_to_wrap(bare: Host) -> None:
    bare.zone("intel-rapl:0", "package-0", 5, max_energy_range_uj=0)
    assert reading(bare.open(), "intel-rapl:0").wraps_after is None


@pytest.mark.parametrize(
    ("name", "limits", "watts"),
    [
        ("the electrical limit", {"1_name": "short_term", "1_max_power_uw": 170 * JOULE}, 170),
        (
            "a set limit above the electrical one",
            {"1_name": "short_term", "1_max_power_uw": 170 * JOULE, "0_power_limit_uw": 250 * JOULE},
            250,
        ),
        ("only the thermal limit", {"0_name": "long_term", "0_max_power_uw": 85 * JOULE}, 1000),
        (
            "the firmware's blank",
            {"0_max_power_uw": 25 * JOULE, "1_name": "short_term", "1_max_power_uw": 0, "1_power_limit_uw": 64 * JOULE},
            1000,
        ),
        ("no limit in truth", {"1_name": "short_term", "1_max_power_uw": 4_095_875_000}, 1000),
        ("no constraint", {}, 1000),
    ],
)
def test_the_plausible_power_is_the_electrical_limit_if_one_can_be_believed(
    bare: Host, name: str, limits: dict[str, object], watts: int
) -> None:
    bare.zone("intel-rapl:0", "package-0", 5, **{f"constraint_{key}": value for key, value in limits.items()})
    assert reading(bare.open(), "intel-rapl:0").plausible == Power.from_watts(watts), name


def test_memory_is_bounded_by_its_modules_and_not_by_its_thermal_limit(server: Host) -> None:
    assert reading(server.open(), "intel-rapl:0:0").plausible == Power.from_watts(500)


def test_a_platform_counter_of_a_client_has_a_lower_bound_than_a_servers(bare: Host) -> None:
    bare.zone("intel-rapl:0", "psys", 5)
    bare.zone("intel-rapl:1", "psys-1", 5, max_energy_range_uj=4_294_967_295 * JOULE)
    collector = bare.open()
    assert reading(collector, "intel-rapl:0").plausible == Power.from_watts(4_000)
    assert reading(collector, "intel-rapl:1").plausible == Power.from_watts(20_000)


def test_two_dies_that_show_one_counter_are_one_package(tmp_path: Path) -> None:
    """Defect 26."""
    collector = Host(tmp_path, "threadripper-two-dies").open()
    assert seen(collector) == {"intel-rapl:0": ("package", 10360237493)}
    assert [source.meter for source in collector.sources()] == ["intel-rapl:0"]


def test_four_dies_that_show_one_counter_are_one_package(bare: Host) -> None:
    """Defect 26."""
    for die in range(4):
        bare.zone(f"intel-rapl:{die}", f"package-0-die-{die}", 50 * JOULE + die)
    assert list(seen(bare.open())) == ["intel-rapl:0"]


def test_mirrored_dies_that_wrap_between_two_reads_are_still_one_package(bare: Host) -> None:
    """Defect 26."""
    bare.zone("intel-rapl:0", "package-0-die-0", RANGE - 100)
    bare.zone("intel-rapl:1", "package-0-die-1", 200)
    assert list(seen(bare.open())) == ["intel-rapl:0"]


def test_a_mirrored_counter_that_moves_on_stays_a_mirror(bare: Host) -> None:
    """Defect 26."""
    bare.zone("intel-rapl:0", "package-0-die-0", 50 * JOULE)
    bare.zone("intel-rapl:1", "package-0-die-1", 50 * JOULE)
    collector = bare.open()
    for moved in range(60, 300, 60):
        bare.show("intel-rapl:0", moved * JOULE)
        bare.show("intel-rapl:1", moved * JOULE + 30_000)
        assert list(seen(collector)) == ["intel-rapl:0"]


def test_dies_that_count_apart_are_summed_and_sockets_are_never_merged(tmp_path: Path) -> None:
    """Defect 26, the other way round: near counters of two sockets are two counters."""
    packages = [
        meter
        for meter, (resource, _) in seen(Host(tmp_path, "cascade-lake-ap").open()).items()
        if resource == "package"
    ]
    assert packages == ["intel-rapl:0", "intel-rapl:1", "intel-rapl:2", "intel-rapl:3"]


def test_the_memory_of_dies_that_count_apart_is_summed(tmp_path: Path) -> None:
    memory = [row for row in seen(Host(tmp_path, "cascade-lake-ap").open()).values() if row[0] == "dram"]
    assert len(memory) == 4


def test_two_sockets_with_equal_counters_are_two_counters(server: Host) -> None:
    server.show("intel-rapl:1", 23712361659)
    assert {"intel-rapl:0", "intel-rapl:1"} <= seen(server.open()).keys()


def test_dies_near_by_chance_are_told_apart_as_soon_as_they_drift_and_for_good(bare: Host) -> None:
    bare.zone("intel-rapl:0", "package-0-die-0", 50 * JOULE)
    bare.zone("intel-rapl:1", "package-0-die-1", 50 * JOULE)
    collector = bare.open()
    assert list(seen(collector)) == ["intel-rapl:0"]
    bare.show("intel-rapl:1", 50 * JOULE + ALIKE.microjoules + 1)
    assert list(seen(collector)) == ["intel-rapl:0", "intel-rapl:1"]
    bare.show("intel-rapl:1", 50 * JOULE)
    bare.zone("intel-rapl:2", "package-1", 1)
    assert list(seen(collector)) == ["intel-rapl:0", "intel-rapl:1", "intel-rapl:2"]


def test_a_zone_that_can_not_be_read_now_leaves_its_resource_out(server: Host) -> None:
    """A sum without one of its sockets would pass for the whole."""
    collector = server.open()
    server.show("intel-rapl:1", "")
    assert {resource for resource, _ in seen(collector).values()} == {"dram"}
    server.show("intel-rapl:1", 22464335801)
    assert {resource for resource, _ in seen(collector).values()} == {"dram", "package"}


def test_where_nothing_can_be_read_now_it_is_tried_again(server: Host) -> None:
    """Defect 21: what every host may do now and then is no crash."""
    collector = server.open()
    for zone in ("intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1", "intel-rapl:1:0"):
        server.show(zone, "")
    with pytest.raises(Retry):
        collector.collect()


def test_zones_that_vanish_and_come_back_are_followed(server: Host) -> None:
    collector = server.open()
    collector.collect()
    server.remove("intel-rapl:1:0")
    server.remove("intel-rapl:1")
    assert seen(collector).keys() == {"intel-rapl:0", "intel-rapl:0:0"}
    server.zone("intel-rapl:1", "package-1", 4)
    server.zone("intel-rapl:1:0", "dram", 3)
    assert seen(collector)["intel-rapl:1"] == ("package", 4)
    assert seen(collector)["intel-rapl:1:0"] == ("dram", 3)


def test_a_module_loaded_anew_between_two_reads_is_opened_anew(server: Host) -> None:
    collector = server.open()
    server.remove("intel-rapl:0")
    server.zone("intel-rapl:0", "package-0", 4)
    assert seen(collector)["intel-rapl:0"] == ("package", 4)


def test_when_all_zones_have_gone_the_source_is_gone(server: Host) -> None:
    collector = server.open()
    for zone in ("intel-rapl:0:0", "intel-rapl:1:0", "intel-rapl:0", "intel-rapl:1"):
        server.remove(zone)
    with pytest.raises(Unavailable) as caught:
        collector.collect()
    assert caught.value.reason is Reason.ABSENT
    collector.close()


@pytest.mark.parametrize("directory", ["sys", "sys/class/powercap"])
def test_a_host_without_zones_says_what_to_load(tmp_path: Path, directory: str) -> None:
    """Defect 21: the ordinary absence of RAPL is an answer."""
    (tmp_path / directory).mkdir(parents=True)
    with pytest.raises(Unavailable) as caught:
        RaplCollector.open(host_at(tmp_path))
    assert caught.value.reason is Reason.ABSENT
    assert "intel_rapl_msr" in caught.value.cure


def test_zones_hidden_from_a_container_are_not_taken_for_absent(bare: Host) -> None:
    (bare.zones / "intel-rapl:0").symlink_to("../../devices/virtual/powercap/intel-rapl/intel-rapl:0")
    with pytest.raises(Unavailable) as caught:
        bare.open()
    assert caught.value.reason is Reason.FORBIDDEN
    assert "[paths] sysfs" in caught.value.cure


def test_symbolic_links_of_the_class_directory_are_followed(bare: Host) -> None:
    bare.zone("intel-rapl:0", "package-0", 5)
    target = bare.root / "sys/devices/virtual/powercap/intel-rapl"
    target.mkdir(parents=True)
    (bare.zones / "intel-rapl:0").rename(target / "intel-rapl:0")
    (bare.zones / "intel-rapl:0").symlink_to("../../devices/virtual/powercap/intel-rapl/intel-rapl:0")
    assert seen(bare.open()) == {"intel-rapl:0": ("package", 5)}


@pytest.fixture
def closed_server() -> Iterator[Host]:
    """Give a server in a directory that every user may enter."""
    with directory_for_all() as root:
        yield Host(root, "xeon-two-sockets")


def test_counters_that_only_root_may_read_are_forbidden_with_both_cures(closed_server: Host) -> None:
    """Defect 21, and Scaphandre's silent zero: the missing right is said."""
    for counter in closed_server.zones.glob("*/energy_uj"):
        counter.chmod(ROOT_ONLY)
    said = run_as_nobody(
        "rapl",
        closed_server.root,
        "try:\n    kind.open(host)\n"
        "except Unavailable as fact:\n    print(fact.reason.value, fact.what, fact.cure, sep='|')",
    )
    reason, what, cure = said.split("|")
    assert reason == "forbidden"
    assert "intel-rapl:0" in what
    assert "tmpfiles" in cure
    assert "CAP_DAC_READ_SEARCH" in cure


def test_a_resource_of_which_one_zone_may_not_be_read_is_not_told_and_the_sources_say_so(closed_server: Host) -> None:
    (closed_server.zones / "intel-rapl:1:0/energy_uj").chmod(ROOT_ONLY)
    said = run_as_nobody(
        "rapl",
        closed_server.root,
        "collector = kind.open(host)\n"
        "print(*[row.meter for row in collector.collect()], sep=',')\n"
        "print(collector.sources()[0].description)",
    )
    meters, description = said.splitlines()
    assert meters == "intel-rapl:0,intel-rapl:1"
    assert "intel-rapl:1:0" in description


def test_sources_say_where_each_meter_is_read(server: Host) -> None:
    first = server.open().sources()[0]
    assert isinstance(first, Source)
    assert (first.resource, first.meter, first.method) == ("package", "intel-rapl:0", "counter")
    assert "package-0" in first.description
    assert first.description.endswith("intel-rapl:0/energy_uj")


def test_a_scan_leaves_no_file_open_but_the_counters(server: Host) -> None:
    before = open_files()
    collector = server.open()
    assert open_files() == before + 4
    server.zone("intel-rapl:2", "package-2", 1)
    collector.collect()
    assert open_files() == before + 5
    collector.close()
    assert open_files() == before
