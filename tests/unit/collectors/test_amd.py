from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from collectors._amdsmi import Session
from collectors._cards import LONGEST_WAIT
from collectors.amd import STANDS_STILL, AmdCollector
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.readings import CounterReading, GpuUsageReading, GpuUse, Method, PowerReading
from monitor.core.units import Duration, Energy, Memory, Power
from tests.fixtures.amdsmi import STEP, AmdSmiLibraryError, FakeAmdSmi
from tests.fixtures.drm import FIRST, SECOND, Drm
from tests.fixtures.host import host_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.collector import Host
    from monitor.core.readings import Reading

GIB = 1 << 30
OWNERS = {10: "assistant", 20: "search"}
WATTS = 10**6


@pytest.fixture
def drm(tmp_path: Path) -> Drm:
    made = Drm(tmp_path)
    made.process(1)
    return made


@pytest.fixture
def card(drm: Drm) -> Path:
    """Return the directory of the device of a card that draws 96 W, and may draw 300 W."""
    device = drm.card(0, "amdgpu", FIRST)
    drm.sensors(device, "amdgpu", power1_average=96 * WATTS, power1_cap_max=300 * WATTS)
    (device / "mem_info_vram_total").write_text(f"{24 * GIB}\n")
    return device


@pytest.fixture
def smi() -> FakeAmdSmi:
    return FakeAmdSmi({FIRST: 1_000_000})


def host(drm: Drm, smi: FakeAmdSmi | None = None) -> Host:
    library = smi or FakeAmdSmi()
    if smi is None:
        library.fails["amdsmi_init"] = AmdSmiLibraryError("AMDSMI_STATUS_INIT_ERROR")
    return host_at(drm.root, OWNERS, amdsmi=library)


def opened(drm: Drm, smi: FakeAmdSmi | None = None) -> AmdCollector:
    return AmdCollector.open(host(drm, smi))


def energies(readings: Sequence[Reading]) -> dict[str, int]:
    return {row.resource: row.energy.microjoules for row in readings if isinstance(row, CounterReading)}


def powers(readings: Sequence[Reading]) -> dict[str, int]:
    return {row.resource: row.power.microwatts // WATTS for row in readings if isinstance(row, PowerReading)}


def use(readings: Sequence[Reading], resource: str = "gpu_amd0") -> GpuUsageReading | None:
    rows = (row for row in readings if isinstance(row, GpuUsageReading) and row.resource == resource)
    return next(rows, None)


@pytest.mark.usefixtures("card")
def test_the_librarys_counter_is_read_in_steps_of_its_resolution(drm: Drm, smi: FakeAmdSmi) -> None:
    collector = opened(drm, smi)
    (energy, _) = collector.collect()
    assert isinstance(energy, CounterReading)
    assert (energy.resource, energy.meter) == ("gpu_amd0", FIRST)
    assert energy.energy == Energy(int(1_000_000 * STEP))
    assert energy.plausible == Power.from_watts(600)
    (source,) = collector.sources()
    assert (source.method, source.meter) == (Method.COUNTER, FIRST)
    assert "AMD 1002:744C at 0000:03:00.0, energy counter, AMD SMI; use by engine time" in source.description
    collector.close()
    assert smi.open == 0


@pytest.mark.usefixtures("card")
def test_no_joule_of_a_long_counter_is_lost_to_floats(drm: Drm, smi: FakeAmdSmi) -> None:
    smi.resolution = 15.25
    collector = opened(drm, smi)
    smi.counters[FIRST] = 2**60 + 4
    first = energies(collector.collect())["gpu_amd0"]
    smi.counters[FIRST] += 4
    assert energies(collector.collect())["gpu_amd0"] - first == 61


@pytest.mark.usefixtures("card")
def test_older_releases_call_the_count_power(drm: Drm, smi: FakeAmdSmi) -> None:
    smi.key = "power"
    assert energies(opened(drm, smi).collect()) == {"gpu_amd0": int(1_000_000 * STEP)}


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("error", [KeyError("libamd_smi.so"), OSError("no such file"), AttributeError("amdsmi_init")])
def test_a_library_that_does_not_start_leaves_the_drivers_power(drm: Drm, smi: FakeAmdSmi, error: Exception) -> None:
    smi.fails["amdsmi_init"] = error
    collector = opened(drm, smi)
    assert powers(collector.collect()) == {"gpu_amd0": 96}
    (source,) = collector.sources()
    assert source.method is Method.INTEGRATED
    assert "energy counter not read, AMD's library refuses to start" in source.description
    assert "install ROCm" in source.description


@pytest.mark.usefixtures("card")
def test_the_real_module_is_imported_when_it_is_needed_and_its_absence_is_a_reason(
    drm: Drm, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "amdsmi" not in sys.modules
    # as the real one does where the shared library is missing
    (drm.root / "amdsmi.py").write_text("print('Unable to find libamd_smi.so')\n{}['libamd_smi.so']\n")
    for path, said in ((drm.root / "nowhere", "is not installed"), (drm.root, "can't be loaded: KeyError")):
        monkeypatch.syspath_prepend(path)
        collector = AmdCollector.open(host_at(drm.root, OWNERS))
        (source,) = collector.sources()
        assert said in source.description
        assert powers(collector.collect()) == {"gpu_amd0": 96}
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["amdsmi_get_energy_count", "amdsmi_get_gpu_device_bdf"])
@pytest.mark.usefixtures("card")
def test_a_card_that_the_library_does_not_count_is_read_by_its_power(drm: Drm, smi: FakeAmdSmi, name: str) -> None:
    smi.fails[name] = AmdSmiLibraryError("AMDSMI_STATUS_NOT_SUPPORTED")
    assert powers(opened(drm, smi).collect()) == {"gpu_amd0": 96}


@pytest.mark.parametrize(("count", "resolution"), [(0, STEP), (-5, STEP), (7, 0.0), (7, float("nan"))])
@pytest.mark.usefixtures("card")
def test_a_count_that_can_not_be_is_none(drm: Drm, smi: FakeAmdSmi, count: int, resolution: float) -> None:
    smi.counters[FIRST], smi.resolution = count, resolution
    session = Session(smi)
    with pytest.raises(Retry, match=r"energy counter at 0000:03:00\.0"):
        session.energy(FIRST)
    assert powers(opened(drm, smi).collect()) == {"gpu_amd0": 96}


@pytest.mark.usefixtures("card")
def test_a_counter_that_stands_still_while_the_card_draws_power_gives_way_to_that_power(
    drm: Drm, smi: FakeAmdSmi
) -> None:
    collector = opened(drm, smi)
    for _ in range(STANDS_STILL):
        smi.counters[FIRST] += 1
        assert energies(collector.collect())
    for _ in range(STANDS_STILL):
        assert energies(collector.collect())
    assert (powers(collector.collect()), energies(collector.collect())) == ({"gpu_amd0": 96}, {})
    (source,) = collector.sources()
    assert source.method is Method.INTEGRATED
    assert "as the energy counter of AMD SMI stands still" in source.description


def test_the_mean_power_is_preferred_to_that_of_the_moment(drm: Drm, card: Path) -> None:
    sensors = card / "hwmon/hwmon4"
    (sensors / "power1_input").write_text(f"{50 * WATTS}\n")
    assert powers(opened(drm).collect()) == {"gpu_amd0": 96}
    (sensors / "power1_average").unlink()
    assert powers(opened(drm).collect()) == {"gpu_amd0": 50}


@pytest.mark.parametrize("shown", ["0", "-96000000", "96000000000000", "601000000", "nonsense"])
def test_a_power_that_can_not_be_is_not_believed(drm: Drm, card: Path, shown: str) -> None:
    collector = opened(drm)
    (card / "hwmon/hwmon4/power1_average").write_text(f"{shown}\n")
    with pytest.raises(Retry, match="power1_average"):
        collector.collect()
    (card / "hwmon/hwmon4/power1_average").write_text("1000000\n")
    assert powers(collector.collect()) == {"gpu_amd0": 1}


def test_one_card_that_does_not_answer_does_not_silence_the_other(drm: Drm, card: Path) -> None:
    drm.sensors(drm.card(1, "amdgpu", SECOND), "amdgpu", power1_average=7 * WATTS)
    collector = opened(drm)
    (card / "hwmon/hwmon4/power1_average").write_text("")
    assert powers(collector.collect()) == {"gpu_amd1": 7}


@pytest.mark.parametrize("mark", ["voltage", "model"])
def test_a_card_in_a_processor_is_left_out_and_its_energy_not_counted_twice(drm: Drm, card: Path, mark: str) -> None:
    inside = drm.card(1, "amdgpu", "0000:0f:00.0", "1002:74A0" if mark == "model" else "1002:164E")
    northbridge = {"in1_label": "vddnb"} if mark == "voltage" else {}
    drm.sensors(inside, "amdgpu", power1_average=60 * WATTS, **northbridge)
    assert powers(opened(drm).collect()) == {"gpu_amd0": 96}
    shutil.rmtree(card.parent)
    with pytest.raises(Unavailable, match="its energy is in the processor's") as refused:
        opened(drm)
    assert refused.value.reason is Reason.ABSENT


def test_names_follow_the_addresses_and_other_makers_cards_change_none(drm: Drm) -> None:
    for number, address, driver in ((0, SECOND, "amdgpu"), (1, "0000:02:00.0", "nvidia"), (2, FIRST, "amdgpu")):
        drm.sensors(drm.card(number, driver, address), "amdgpu", power1_average=(number + 1) * WATTS)
    drm.card(7, "ast", "0000:c2:00.0")
    assert powers(opened(drm).collect()) == {"gpu_amd0": 3, "gpu_amd1": 1}


def test_a_card_that_tells_nothing_keeps_its_number_and_is_named_and_looked_at_again(drm: Drm) -> None:
    silent = drm.card(0, "amdgpu", FIRST)
    drm.sensors(drm.card(1, "amdgpu", SECOND), "amdgpu", power1_average=4 * WATTS)
    collector = opened(drm)
    assert powers(collector.collect()) == {"gpu_amd1": 4}
    (source,) = collector.sources()
    assert "; not read: the card at 0000:03:00.0 tells neither its energy nor its power" in source.description
    drm.sensors(silent, "amdgpu", power1_average=9 * WATTS)
    seen = [powers(collector.collect()) for _ in range(LONGEST_WAIT)]
    assert seen[0] == {"gpu_amd1": 4}
    assert seen[-1] == {"gpu_amd0": 9, "gpu_amd1": 4}
    assert "not read: the card" not in "".join(source.description for source in collector.sources())


def test_a_card_that_goes_and_comes_back_has_its_name_again(drm: Drm) -> None:
    def plug(number: int, address: str, watts: int) -> None:
        drm.sensors(drm.card(number, "amdgpu", address), "amdgpu", power1_average=watts * WATTS)

    plug(0, FIRST, 5)
    plug(1, SECOND, 6)
    collector = opened(drm)
    drm.unplug(0)
    assert powers(collector.collect()) == {"gpu_amd1": 6}
    plug(3, "0000:01:00.0", 9)
    assert powers(collector.collect()) == {"gpu_amd1": 6, "gpu_amd2": 9}
    plug(4, FIRST, 7)
    assert powers(collector.collect()) == {"gpu_amd0": 7, "gpu_amd1": 6, "gpu_amd2": 9}
    for number in (1, 3, 4):
        drm.unplug(number)
    with pytest.raises(Retry, match="some did before"):
        collector.collect()
    plug(0, SECOND, 4)
    assert powers(collector.collect()) == {"gpu_amd1": 4}


def test_a_driver_that_is_loaded_anew_begins_another_epoch_and_another_session(
    drm: Drm, card: Path, smi: FakeAmdSmi
) -> None:
    collector = opened(drm, smi)
    (before, _) = collector.collect()
    # the card stays on the bus; its sensors, and the library's handles, are others
    os.rename(card / "hwmon/hwmon4", drm.root / "old")  # noqa: PTH104 - kept, so that its inode isn't given again
    drm.sensors(card, "amdgpu", power1_average=96 * WATTS, power1_cap_max=300 * WATTS)
    smi.counters[FIRST] = 10
    (after, _) = collector.collect()
    assert isinstance(before, CounterReading)
    assert isinstance(after, CounterReading)
    assert after.energy < before.energy
    assert after.epoch != before.epoch
    assert (smi.sessions, smi.open) == (2, 1)


def test_a_sleeping_card_is_not_woken_and_its_counter_goes_on_when_it_wakes(
    drm: Drm, card: Path, smi: FakeAmdSmi
) -> None:
    collector = opened(drm, smi)
    before = energies(collector.collect())
    (card / "power/runtime_status").write_text("suspended\n")
    smi.fails["amdsmi_get_energy_count"] = AssertionError("it was asked, and woken")
    assert energies(collector.collect()) == {}
    smi.fails.clear()
    (card / "power/runtime_status").write_text("active\n")
    assert energies(collector.collect()) == before


@pytest.mark.usefixtures("card")
def test_engine_time_says_who_uses_the_card(drm: Drm) -> None:
    drm.client(10, 5, 1, engine_compute="1000 ns", memory_vram="2097152 KiB")
    drm.client(20, 5, 2, engine_gfx="9000 ns", memory_vram="1048576 KiB")
    collector = opened(drm)
    assert use(collector.collect()) == GpuUsageReading(
        "gpu_amd0",
        (
            GpuUse("assistant", 10, 0, Memory(2 * GIB), Duration(0)),
            GpuUse("search", 20, 0, Memory(GIB), Duration(0)),
        ),
        utilisation_known=False,
        memory_total=Memory(24 * GIB),
    )
    drm.client(10, 5, 1, engine_compute="4000 ns", memory_vram="2097152 KiB")
    drm.client(20, 5, 2, engine_gfx="10000 ns", memory_vram="1048576 KiB")
    reading = use(collector.collect())
    assert reading is not None
    assert reading.utilisation_known
    assert {one.consumer: one.busy for one in reading.uses} == {"assistant": Duration(3000), "search": Duration(1000)}


def rocm(drm: Drm, device: Path, busy: int | None, **held: int) -> GpuUsageReading | None:
    drm.rocm(51140, 0x300, **held)
    if busy is not None:
        (device / "gpu_busy_percent").write_text(f"{busy}\n")
    collector = opened(drm)
    collector.collect()
    return use(collector.collect())


def test_rocms_programs_are_known_by_the_memory_that_they_hold(drm: Drm, card: Path) -> None:
    reading = rocm(drm, card, 40, p10=6 * GIB, p20=2 * GIB, p30=0)
    assert reading is not None
    assert not reading.utilisation_known
    assert {one.consumer: one.memory.bytes // GIB for one in reading.uses} == {"assistant": 6, "search": 2}
    (source,) = opened(drm).sources()
    assert "of ROCm's programs the memory alone is known" in source.description


def test_where_the_card_does_nothing_none_of_rocms_programs_computes(drm: Drm, card: Path) -> None:
    reading = rocm(drm, card, 0, p10=6 * GIB, p20=2 * GIB)
    assert reading is not None
    assert reading.utilisation_known
    assert [(one.sm_percent, one.busy) for one in reading.uses] == [(0, None), (0, None)]


def test_what_the_card_does_is_the_only_programs(drm: Drm, card: Path) -> None:
    reading = rocm(drm, card, 40, p10=6 * GIB)
    assert reading is not None
    assert reading.utilisation_known
    assert [(one.consumer, one.sm_percent) for one in reading.uses] == [("assistant", 40)]


def test_where_the_card_does_not_tell_how_busy_it_is_the_memory_decides(drm: Drm, card: Path) -> None:
    reading = rocm(drm, card, None, p10=6 * GIB)
    assert reading is not None
    assert not reading.utilisation_known


def test_memory_that_a_program_holds_in_both_ways_counts_once(drm: Drm, card: Path) -> None:
    drm.client(10, 5, 1, engine_compute="1 ns", memory_vram="1048576 KiB")
    reading = rocm(drm, card, 40, p10=6 * GIB, p20=GIB)
    assert reading is not None
    assert {one.pid: one.memory.bytes // GIB for one in reading.uses} == {10: 6, 20: 1}


def test_where_processes_are_hidden_rocms_programs_alone_are_told(drm: Drm, card: Path) -> None:
    shutil.rmtree(drm.root / "proc/1")
    collector = opened(drm)
    assert use(collector.collect()) is None
    assert "give the daemon CAP_SYS_PTRACE" in collector.sources()[0].description
    reading = rocm(drm, card, 40, p10=6 * GIB)
    assert reading is not None
    assert [one.consumer for one in reading.uses] == ["assistant"]


def test_without_a_card_it_says_so(drm: Drm) -> None:
    drm.sensors(drm.card(0, "nvidia", FIRST), "nvidia")
    with pytest.raises(Unavailable, match="no card is driven by amdgpu") as refused:
        opened(drm)
    assert refused.value.reason is Reason.ABSENT
    assert "load its driver" in refused.value.cure


@pytest.mark.parametrize("sensors", ["amdgpu", ""])
def test_a_card_that_tells_nothing_is_no_meter(drm: Drm, sensors: str) -> None:
    device = drm.card(0, "amdgpu", FIRST)
    if sensors:
        drm.sensors(device, sensors)
    with pytest.raises(Unavailable, match="neither its energy nor its power") as refused:
        opened(drm)
    assert refused.value.reason is Reason.UNSUPPORTED
