from __future__ import annotations

import json
import os
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from collectors.rapl import RaplCollector
from monitor.core.entries import OTHER, Meter, OpenBooks, Series, Share
from monitor.core.interval import Stamp
from monitor.core.readings import DRAM, PACKAGE, REST, CounterReading, Method
from monitor.core.units import Energy
from monitor.handoff import HandOff
from tests.fixtures.host import host_at

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 10**9
GUESTS = ("vm-1", "vm-2")


class Host:
    """A host's books, and the desk that tells its guests."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.directory = root / "run/handoff"
        self.state = root / "state"
        self.state.mkdir()
        self.energy: dict[Series, Energy] = {}
        self.measured: dict[Meter, Energy] = {}
        self.seconds = 0
        self.desk = HandOff(GUESTS, self.directory, self.state, None)

    def again(self) -> None:
        """Begin another run of the daemon, from the books of this one."""
        self.desk = HandOff(GUESTS, self.directory, self.state, self.books())

    def books(self) -> OpenBooks:
        at = Stamp(self.seconds * SECOND, self.seconds * SECOND)
        return OpenBooks(at, "boot", 0, energy=dict(self.energy), measured=dict(self.measured))

    def commit(self, resource: str = PACKAGE, method: Method = Method.COUNTER, **by: int) -> None:
        """Commit what was drawn, in microjoules: *by* `vm1`, `vm2` and others."""
        names = {"vm1": "vm-1", "vm2": "vm-2", "other": OTHER}
        for name, amount in by.items():
            series = Series(names[name], resource, Share.ACTIVE, method)
            self.energy[series] = self.energy.get(series, Energy.ZERO) + Energy(amount)
            meter = Meter(resource, method)
            self.measured[meter] = self.measured.get(meter, Energy.ZERO) + Energy(amount)
        self.seconds += 5
        self.desk.commit(self.books(), [])

    def zone(self, name: str, guest: str = "vm-1") -> Path:
        return self.directory / guest / name

    def shown(self, name: str = "intel-rapl:0", guest: str = "vm-1") -> int:
        return int((self.zone(name, guest) / "energy_uj").read_text())


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def seen(collector: RaplCollector) -> dict[str, tuple[str, int, str, str]]:
    rows = [row for row in collector.collect() if isinstance(row, CounterReading)]
    return {row.meter: (row.resource, row.energy.microjoules, row.method.value, row.epoch) for row in rows}


def test_each_guest_has_a_directory_in_the_shape_of_powercap_with_its_own_figures_alone(host: Host) -> None:
    host.commit(PACKAGE, vm1=100, vm2=200, other=300)
    host.commit(DRAM, vm1=10, vm2=20, other=30)
    assert (host.shown(guest="vm-1"), host.shown(guest="vm-2")) == (100, 200)
    assert (host.zone("intel-rapl:0") / "name").read_text() == "package-0\n"
    assert (host.zone("intel-rapl:0:0") / "name").read_text() == "dram\n"
    assert host.shown("intel-rapl:0/intel-rapl:0:0") == host.shown("intel-rapl:0:0") == 10
    assert int((host.zone("intel-rapl:0") / "max_energy_range_uj").read_text()) > 1 << 62
    files = [file for file in (host.directory / "vm-1").rglob("*") if file.is_file()]
    assert files
    assert not any("vm-2" in file.read_text() or "200" in file.read_text() for file in files)


def test_what_all_draws_together_is_psys_and_no_power_is_taken_for_an_energy(host: Host) -> None:
    host.commit(PACKAGE, vm1=100)
    host.commit(REST, Method.INTEGRATED, vm1=30)
    assert host.shown("intel-rapl:1") == 130
    assert (host.zone("intel-rapl:1") / "name").read_text() == "psys\n"
    host.commit(REST, Method.INTEGRATED, vm1=30)
    assert host.shown("intel-rapl:1") == 160, "once for each commit"


def test_any_user_of_the_guest_reads_it_and_on_the_host_nobody_but_the_daemon(host: Host) -> None:
    old = os.umask(0o077)
    try:
        host.commit(PACKAGE, vm1=100)
    finally:
        os.umask(old)
    assert stat.S_IMODE(host.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((host.directory / "vm-1").stat().st_mode) == 0o755
    assert stat.S_IMODE((host.zone("intel-rapl:0") / "energy_uj").stat().st_mode) == 0o444


def test_the_directories_are_there_before_anything_is_known_so_that_they_can_be_shared(host: Host) -> None:
    assert sorted(path.name for path in host.directory.iterdir()) == ["vm-1", "vm-2"]


def test_only_what_changes_is_written_again(host: Host) -> None:
    host.commit(PACKAGE, vm1=100)
    name, energy = (host.zone("intel-rapl:0") / file for file in ("name", "energy_uj"))
    before = name.stat().st_ino, energy.stat().st_ino
    host.commit(PACKAGE, vm1=100)
    assert name.stat().st_ino == before[0]
    assert energy.stat().st_ino != before[1]


def test_each_file_is_replaced_whole(host: Host) -> None:
    host.commit(PACKAGE, vm1=100)
    held = (host.zone("intel-rapl:0") / "energy_uj").open()
    host.commit(PACKAGE, vm1=100)
    assert held.read() == "100\n", "who has it open reads what it was"
    held.close()
    assert [path.name for path in host.zone("intel-rapl:0").iterdir() if path.name.startswith(".")] == []


def test_no_counter_falls_across_a_restart_even_where_the_ledger_did(host: Host) -> None:
    host.commit(PACKAGE, vm1=1000)
    kept = dict(host.energy), dict(host.measured)
    host.commit(PACKAGE, vm1=500)
    host.again()
    host.commit(PACKAGE, vm1=1)
    assert host.shown() == 1501
    host.energy, host.measured = kept
    host.again()
    host.commit(PACKAGE, vm1=10)
    assert host.shown() == 1501
    host.commit(PACKAGE, vm1=10)
    assert host.shown() == 1511
    host.again()
    host.commit(PACKAGE, vm1=10)
    assert host.shown() == 1521, "what was added is remembered"


def test_the_same_collector_reads_it_and_each_figure_once(host: Host) -> None:
    host.commit(PACKAGE, vm1=100)
    guest = RaplCollector.open(host_at(host.root, powercap=host.directory / "vm-1"))
    assert seen(guest) == {}, "what was there before it came may be old"
    host.commit(PACKAGE, vm1=50)
    assert seen(guest) == {"intel-rapl:0": ("package", 150, "counter", "0")}
    assert seen(guest) == {}
    guest.close()


def test_a_modelled_energy_is_handed_over_to_nobody_and_the_epoch_after_it_is_another(host: Host) -> None:
    host.commit(PACKAGE, vm1=100)
    guest = RaplCollector.open(host_at(host.root, powercap=host.directory / "vm-1"))
    host.commit(PACKAGE, Method.MODELLED, vm1=77)
    assert seen(guest) == {}
    host.again()
    host.commit(PACKAGE, vm1=1)
    assert seen(guest) == {"intel-rapl:0": ("package", 101, "counter", "1")}


def test_links_that_a_guest_put_in_its_directory_lead_nowhere(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    treasure = host.root / "treasure"
    treasure.mkdir()
    (treasure / "energy_uj").write_text("gold")
    host.commit(PACKAGE, vm1=100)
    (host.zone("intel-rapl:0") / "energy_uj").unlink()
    (host.zone("intel-rapl:0") / "energy_uj").symlink_to(treasure / "energy_uj")
    host.commit(PACKAGE, vm1=100)
    assert host.shown() == 200
    for path in host.zone("intel-rapl:0").iterdir():
        path.unlink()
    host.zone("intel-rapl:0").rmdir()
    host.zone("intel-rapl:0").symlink_to(treasure)
    host.commit(PACKAGE, vm1=100)
    host.again()
    assert (treasure / "energy_uj").read_text() == "gold"
    assert sorted(path.name for path in treasure.iterdir()) == ["energy_uj"]
    assert "can't be told" in caplog.text


def test_what_a_guest_writes_in_its_directory_is_not_believed_beyond_what_can_be(host: Host) -> None:
    host.commit(PACKAGE, vm1=100)
    for lie in ("-5", "lie", str(1 << 63), "9" * 30, ""):
        file = host.zone("intel-rapl:0") / "energy_uj"
        file.chmod(0o644)
        file.write_text(lie)
        host.again()
        host.commit(PACKAGE, vm1=1)
        assert host.shown() == host.energy[Series("vm-1", PACKAGE, Share.ACTIVE, Method.COUNTER)].microjoules


def test_a_disk_that_takes_nothing_stops_nothing_and_is_told_once(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    shutil.rmtree(host.directory)
    host.directory.write_text("a file")
    host.commit(PACKAGE, vm1=100)
    host.commit(PACKAGE, vm1=100)
    assert caplog.text.count("can't be told") == 1
    assert [zone["energy_uj"] for zone in host.desk.told("vm-1")["zones"]] == [200], "over HTTP it is told all the same"
    host.directory.unlink()
    host.commit(PACKAGE, vm1=100)
    assert host.shown() == 300


@pytest.mark.parametrize(
    "content", ["", "[]", '{"vm-1": 3}', '{"vm-1": {"package": [1]}}', '{"vm-1": {"package": "ab"}}']
)
def test_a_state_that_is_damaged_stops_nothing(host: Host, content: str) -> None:
    host.commit(PACKAGE, vm1=100)
    (host.state / "handoff.json").write_text(content)
    host.again()
    host.commit(PACKAGE, vm1=1)
    assert host.shown() == 101


def test_over_http_a_guest_is_told_what_its_directory_says_once_it_is_committed(host: Host) -> None:
    assert host.desk.told("vm-1")["zones"] == []
    host.commit(PACKAGE, vm1=100, vm2=5)
    host.commit(REST, Method.INTEGRATED, vm1=7)
    told = host.desk.told("vm-1")
    assert told["service"] == "vm-1"
    shown = [json.loads(file.read_text()) for file in sorted((host.directory / "vm-1").glob("*/handoff.json"))]
    assert told["zones"] == [{key: value for key, value in one.items() if key != "format"} for one in shown]


def test_over_http_nothing_is_told_of_what_this_run_has_not_counted_yet(host: Host) -> None:
    host.commit(PACKAGE, vm1=100)
    host.again()
    host.commit(DRAM, vm1=5)
    assert [zone["resource"] for zone in host.desk.told("vm-1")["zones"]] == ["dram"]


def test_without_a_directory_nothing_is_written(tmp_path: Path) -> None:
    host = Host(tmp_path)
    shutil.rmtree(host.directory)
    host.desk = HandOff(GUESTS, None, host.state, None)
    host.commit(PACKAGE, vm1=100)
    assert not host.directory.exists()
    assert [zone["energy_uj"] for zone in host.desk.told("vm-1")["zones"]] == [100]
