from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from collectors._cards import HIGHEST
from collectors.intel import IntelCollector
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.readings import CounterReading, GpuUsageReading, GpuUse
from monitor.core.units import Duration, Energy, Memory, Power
from tests.fixtures.drm import FIRST, SECOND, Drm
from tests.fixtures.host import host_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.core.readings import Reading

IN_THE_PROCESSOR = "0000:00:02.0"
OWNERS = {10: "assistant", 20: "search"}


@pytest.fixture
def drm(tmp_path: Path) -> Drm:
    made = Drm(tmp_path)
    made.process(1)
    return made


def opened(drm: Drm, run_id: str = "run") -> IntelCollector:
    return IntelCollector.open(host_at(drm.root, OWNERS, run_id=run_id))


def energies(readings: Sequence[Reading]) -> dict[str, int]:
    return {row.resource: row.energy.microjoules for row in readings if isinstance(row, CounterReading)}


def xe(drm: Drm, number: int = 0, address: str = FIRST, **attributes: object) -> Path:
    return drm.sensors(drm.card(number, "xe", address, "8086:E20B"), "xe", **attributes)


def test_of_two_counters_that_of_the_whole_card_is_read(drm: Drm) -> None:
    xe(
        drm,
        energy1_input=700,
        energy1_label="card",
        energy2_input=500,
        energy2_label="pkg",
        power1_rated_max=190_000_000,
    )
    collector = opened(drm)
    (energy, use) = collector.collect()
    assert isinstance(energy, CounterReading)
    assert (energy.resource, energy.meter, energy.energy) == ("gpu_intel0", FIRST, Energy(700))
    assert (energy.plausible, energy.wraps_after) == (Power.from_watts(380), None)
    assert use == GpuUsageReading("gpu_intel0", (), utilisation_known=False)
    (source,) = collector.sources()
    assert "energy counter of the card" in source.description


def test_where_there_is_none_of_the_card_its_packages_is_read_and_named(drm: Drm) -> None:
    xe(drm, energy2_input=500, energy2_label="pkg")
    collector = opened(drm)
    assert energies(collector.collect()) == {"gpu_intel0": 500}
    assert "energy counter of the package alone" in collector.sources()[0].description
    (energy, _) = collector.collect()
    assert isinstance(energy, CounterReading)
    assert energy.plausible == HIGHEST


def test_of_i915s_sensors_those_of_the_device_are_read_and_not_those_of_a_part(drm: Drm) -> None:
    device = drm.card(0, "i915", FIRST, "8086:56C0")
    part = drm.sensors(device, "i915_gt0", energy1_input=9)
    os.rename(part, part.with_name("hwmon3"))  # noqa: PTH104 - the one way to have two
    drm.sensors(device, "i915", energy1_input=10)
    collector = opened(drm)
    assert energies(collector.collect()) == {"gpu_intel0": 10}
    assert "energy counter, " in collector.sources()[0].description


def test_the_graphics_of_a_processor_is_left_out_and_its_energy_not_counted_twice(drm: Drm) -> None:
    drm.card(0, "i915", IN_THE_PROCESSOR, "8086:A780")
    with pytest.raises(Unavailable, match="its energy is in the processor's") as refused:
        opened(drm)
    assert refused.value.reason is Reason.ABSENT
    xe(drm, 1, energy1_input=7, energy1_label="card")
    assert energies(opened(drm).collect()) == {"gpu_intel0": 7}


def test_a_card_whose_driver_counts_nothing_says_which_kernel_would(drm: Drm) -> None:
    drm.card(0, "i915", FIRST, "8086:56A0")
    with pytest.raises(Unavailable, match="shows no energy counter") as refused:
        opened(drm)
    assert refused.value.reason is Reason.UNSUPPORTED
    assert "i915 counts since 6.2" in refused.value.cure
    with pytest.raises(Unavailable, match="no card is driven by i915 or xe"):
        opened(Drm(drm.root / "empty"))


def test_what_was_drawn_between_two_runs_is_not_known_as_the_driver_may_have_missed_a_wrap(drm: Drm) -> None:
    xe(drm, energy1_input=7, energy1_label="card")
    epochs = {row.epoch for run in ("a", "b") for row in opened(drm, run).collect() if isinstance(row, CounterReading)}
    assert len(epochs) == 2
    again = {row.epoch for _ in range(2) for row in opened(drm, "a").collect() if isinstance(row, CounterReading)}
    assert len(again) == 1
    assert again < epochs


@pytest.mark.parametrize("shown", ["-5", "nonsense", ""])
def test_a_counter_that_shows_nonsense_is_asked_again(drm: Drm, shown: str) -> None:
    sensors = xe(drm, energy1_input=7, energy1_label="card")
    xe(drm, 1, SECOND, energy1_input=8, energy1_label="card")
    collector = opened(drm)
    (sensors / "energy1_input").write_text(shown)
    assert energies(collector.collect()) == {"gpu_intel1": 8}
    (sensors / "energy1_input").write_text("9\n")
    assert energies(collector.collect()) == {"gpu_intel0": 9, "gpu_intel1": 8}


def test_a_driver_that_is_loaded_anew_begins_another_epoch(drm: Drm) -> None:
    sensors = xe(drm, energy1_input=700, energy1_label="card")
    collector = opened(drm)
    (before, _) = collector.collect()
    (sensors / "energy1_input").write_text("")
    os.rename(sensors, drm.root / "old")  # noqa: PTH104 - kept, so that its inode isn't given again
    drm.sensors(sensors.parents[1], "xe", energy1_input=3, energy1_label="card")
    (after, _) = collector.collect()
    assert isinstance(before, CounterReading)
    assert isinstance(after, CounterReading)
    assert (after.energy, after.epoch != before.epoch) == (Energy(3), True)


def test_a_card_that_is_unplugged_is_left_out_until_it_is_back(drm: Drm) -> None:
    xe(drm, energy1_input=700, energy1_label="card")
    collector = opened(drm)
    drm.unplug(0)
    for _ in range(2):
        with pytest.raises(Retry, match="some did before"):
            collector.collect()
    xe(drm, 5, energy1_input=1, energy1_label="card")
    assert energies(collector.collect()) == {"gpu_intel0": 1}


def test_a_sleeping_card_is_not_asked(drm: Drm) -> None:
    sensors = xe(drm, energy1_input=700, energy1_label="card")
    collector = opened(drm)
    (sensors.parents[1] / "power/runtime_status").write_text("suspended\n")
    assert energies(collector.collect()) == {}
    (sensors.parents[1] / "power/runtime_status").write_text("active\n")
    assert energies(collector.collect()) == {"gpu_intel0": 700}


def test_cycles_of_xe_and_time_of_i915_say_who_uses_each_card(drm: Drm) -> None:
    xe(drm, energy1_input=7, energy1_label="card")
    drm.sensors(drm.card(1, "i915", SECOND, "8086:56C0"), "i915", energy1_input=8)
    drm.client(10, 5, 1, cycles_ccs=0, total_cycles_ccs=1000, resident_vram0="3 MiB")
    drm.client(20, 5, 1, SECOND, engine_compute="50 ns", resident_local0="1 MiB")
    collector = opened(drm)
    collector.collect()
    drm.client(10, 5, 1, cycles_ccs=250, total_cycles_ccs=2000, resident_vram0="3 MiB")
    drm.client(20, 5, 1, SECOND, engine_compute="90 ns", resident_local0="1 MiB")
    uses = [row for row in collector.collect() if isinstance(row, GpuUsageReading)]
    assert uses == [
        GpuUsageReading("gpu_intel0", (GpuUse("assistant", 10, 25, Memory(3 << 20)),)),
        GpuUsageReading("gpu_intel1", (GpuUse("search", 20, 0, Memory(1 << 20), Duration(40)),)),
    ]


def test_where_processes_are_hidden_nobody_is_told_to_use_the_card(drm: Drm) -> None:
    xe(drm, energy1_input=7, energy1_label="card")
    drm.client(10, 5, 1, cycles_ccs=0, total_cycles_ccs=1000, resident_vram0="3 MiB")
    shutil.rmtree(drm.root / "proc/1")
    collector = opened(drm)
    assert [type(row) for row in collector.collect()] == [CounterReading]
    assert "give the daemon CAP_SYS_PTRACE" in collector.sources()[0].description
