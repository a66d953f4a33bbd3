"""The zones that a host hands over to a virtual machine, read by the collector that reads the kernel's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from collectors._handoff import SILENT
from collectors.empreinte import EmpreinteCollector
from collectors.rapl import RaplCollector
from monitor.collector import Reason, Retry, Unavailable, is_slow
from monitor.core.counters import Advanced, CounterState, Reset, step
from monitor.core.readings import CounterReading
from monitor.core.units import Duration, Energy
from tests.fixtures.host import host_at
from tests.fixtures.unprivileged import ROOT_ONLY, directory_for_all, run_as_nobody

JOULE = 10**6
NAMES = {"intel-rapl:0": "package-0", "intel-rapl:0:0": "dram", "intel-rapl:1": "psys"}
RESOURCES = {"package-0": "package", "dram": "dram", "psys": "platform"}


class Share:
    """A directory that a host shares with a virtual machine."""

    def __init__(self, root: Path) -> None:
        self.root = root / "energy"
        self.said: dict[str, dict[str, Any]] = {}

    def zone(self, name: str, joules: int = 0, method: str = "counter") -> None:
        (self.root / name).mkdir(parents=True)
        (self.root / name / "name").write_text(f"{NAMES[name]}\n")
        (self.root / name / "max_energy_range_uj").write_text(f"{(1 << 63) - 1}\n")
        resource = RESOURCES[NAMES[name]]
        self.say(name, format=1, resource=resource, method=method, epoch=0, through=0, energy_uj=joules * JOULE)

    def say(self, name: str, **what: object) -> None:
        """Replace what is told of zone *name*, as the host does: another file takes its place."""
        self.said[name] = {**self.said.get(name, {}), **what}
        self.replace(name, "energy_uj", f"{self.said[name]['energy_uj']}")
        self.replace(name, "handoff.json", json.dumps(self.said[name]))

    def replace(self, zone: str, name: str, content: str) -> None:
        draft = self.root / zone / f".{name}.new"
        draft.write_text(f"{content}\n")
        draft.replace(self.root / zone / name)

    def draw(self, name: str, joules: int) -> None:
        said = self.said[name]
        self.say(name, energy_uj=said["energy_uj"] + joules * JOULE, through=said["through"] + 5 * 10**9)

    def open(self) -> RaplCollector:
        return RaplCollector.open(host_at(self.root.parent, powercap=self.root))


@pytest.fixture
def share(tmp_path: Path) -> Share:
    made = Share(tmp_path)
    made.zone("intel-rapl:0", 1000)
    made.zone("intel-rapl:0:0", 100)
    return made


def rows(collector: RaplCollector) -> dict[str, CounterReading]:
    return {row.meter: row for row in collector.collect() if isinstance(row, CounterReading)}


def between(before: CounterReading, after: CounterReading) -> object:
    states = [CounterState(row.energy, row.epoch) for row in (before, after)]
    awake = Duration.from_seconds(5)
    return step(*states, wraps_after=after.wraps_after, plausible=after.plausible, awake=awake)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_zones_are_read_with_the_hosts_method_and_say_whose_they_are(share: Share) -> None:
    share.zone("intel-rapl:1", 5000, "integrated")
    collector = share.open()
    assert {(source.resource, source.meter, source.method) for source in collector.sources()} == {
        ("package", "intel-rapl:0", "counter"),
        ("dram", "intel-rapl:0:0", "counter"),
        ("platform", "intel-rapl:1", "integrated"),
    }
    assert all("handed over by the host" in source.description for source in collector.sources())
    assert all("sharing by use" in source.accuracy for source in collector.sources())
    for zone in NAMES:
        share.draw(zone, 1)
    assert {(row.resource, row.method.value, row.energy.joules) for row in rows(collector).values()} == {
        ("package", "counter", 1001),
        ("dram", "counter", 101),
        ("platform", "integrated", 5001),
    }


def test_a_file_that_takes_the_place_of_another_is_read(share: Share) -> None:
    collector = share.open()
    share.draw("intel-rapl:0", 7)
    before = rows(collector)["intel-rapl:0"]
    share.draw("intel-rapl:0", 9)
    assert between(before, rows(collector)["intel-rapl:0"]) == Advanced(Energy.from_joules(9))


def test_what_was_there_before_may_be_old_and_is_not_where_counting_begins(share: Share) -> None:
    """The host's daemon may have been away for a day: what it then tells of that day was not drawn since we came."""
    assert rows(share.open()) == {}


def test_a_resource_of_which_nothing_new_is_told_is_left_out(share: Share) -> None:
    collector = share.open()
    share.draw("intel-rapl:0:0", 1)
    assert rows(collector).keys() == {"intel-rapl:0:0"}


def test_a_host_that_is_silent_is_a_fault_in_time_and_never_zero(share: Share) -> None:
    collector = share.open()
    share.draw("intel-rapl:0", 7)
    before = rows(collector)["intel-rapl:0"]
    for _ in range(SILENT - 1):
        assert rows(collector) == {}
    for _ in range(3):
        with pytest.raises(Retry, match="told nothing since 1970-01-01 00:00:05 UTC"):
            collector.collect()
    share.draw("intel-rapl:0", 8)
    assert between(before, rows(collector)["intel-rapl:0"]) == Advanced(Energy.from_joules(8))


def test_another_epoch_is_not_compared(share: Share) -> None:
    collector = share.open()
    share.draw("intel-rapl:0", 7)
    before = rows(collector)["intel-rapl:0"]
    share.say("intel-rapl:0", epoch=1)
    share.draw("intel-rapl:0", 7)
    assert isinstance(between(before, rows(collector)["intel-rapl:0"]), Reset)


@pytest.mark.parametrize("joules", [-900, 500 * 10**6])
def test_what_fell_or_is_a_million_times_too_high_is_no_energy(share: Share, joules: int) -> None:
    collector = share.open()
    share.draw("intel-rapl:0", 1)
    before = rows(collector)["intel-rapl:0"]
    share.draw("intel-rapl:0", joules)
    assert isinstance(between(before, rows(collector)["intel-rapl:0"]), Reset)


@pytest.mark.parametrize(
    "content",
    ["", "nonsense", "[]", "{}", '{"format": 2}', '{"format": 1, "resource": "package", "method": "counter"}'],
)
def test_what_is_not_understood_is_tried_again(share: Share, content: str) -> None:
    collector = share.open()
    share.replace("intel-rapl:0", "handoff.json", content)
    share.replace("intel-rapl:0:0", "handoff.json", content)
    with pytest.raises(Retry):
        collector.collect()
    with pytest.raises(Retry):
        share.open()


def test_one_zone_that_is_not_understood_keeps_the_other_from_nothing(share: Share) -> None:
    collector = share.open()
    share.replace("intel-rapl:0", "handoff.json", "nonsense")
    share.draw("intel-rapl:0:0", 1)
    assert rows(collector).keys() == {"intel-rapl:0:0"}


def test_a_share_that_goes_is_absent_with_its_cure_and_comes_back(share: Share) -> None:
    before = open_files()
    collector = share.open()
    shutil.move(share.root, share.root.with_name("away"))
    with pytest.raises(Unavailable) as caught:
        collector.collect()
    assert caught.value.reason is Reason.ABSENT
    assert "[handoff]" in caught.value.cure
    shutil.move(share.root.with_name("away"), share.root)
    share.open().close()
    assert open_files() == before


def test_a_zone_that_comes_later_is_read(share: Share) -> None:
    collector = share.open()
    share.zone("intel-rapl:1", 5)
    collector.collect()
    share.draw("intel-rapl:1", 1)
    assert rows(collector).keys() == {"intel-rapl:1"}


def test_a_zone_that_comes_and_is_not_understood_hides_the_others_no_longer_than_that(share: Share) -> None:
    collector = share.open()
    share.zone("intel-rapl:1", 5)
    good = json.dumps(share.said["intel-rapl:1"])
    share.replace("intel-rapl:1", "handoff.json", "nonsense")
    for _ in range(2):
        with pytest.raises(Retry):
            collector.collect()
    share.replace("intel-rapl:1", "handoff.json", good)
    assert rows(collector) == {}
    for zone in NAMES:
        share.draw(zone, 1)
    assert rows(collector).keys() == NAMES.keys()


def test_a_share_that_hangs_delays_nobody_as_it_has_a_job_of_its_own(share: Share) -> None:
    assert is_slow(RaplCollector, host_at(share.root.parent, powercap=share.root))
    assert not is_slow(RaplCollector, host_at(share.root.parent))
    assert is_slow(EmpreinteCollector, host_at(share.root.parent))


def test_a_tree_of_another_make_is_read_as_the_kernels(share: Share) -> None:
    """Scaphandre's, say: without what powercap has no file for."""
    for zone in ("intel-rapl:0", "intel-rapl:0:0"):
        (share.root / zone / "handoff.json").unlink()
    assert rows(share.open())["intel-rapl:0"].energy == Energy.from_joules(1000)


def test_the_kernels_own_zones_are_not_taken_for_handed_over(share: Share) -> None:
    """What lies beside them in the kernel's directory is nobody's business."""
    kernel = share.root.parent / "sys/class/powercap"
    shutil.copytree(share.root, kernel)
    assert rows(RaplCollector.open(host_at(share.root.parent)))["intel-rapl:0"].energy == Energy.from_joules(1000)


def test_a_share_that_may_not_be_read_is_forbidden() -> None:
    with directory_for_all() as place:
        share = Share(place)
        share.zone("intel-rapl:0", 1)
        (share.root / "intel-rapl:0/handoff.json").chmod(ROOT_ONLY)
        said = run_as_nobody(
            "rapl",
            place,
            """
import dataclasses
try:
    kind.open(dataclasses.replace(host, powercap=host.sysfs.parent / "energy"))
except Unavailable as fact:
    print(fact.reason.value)
""",
        )
    assert said == "forbidden"
