from __future__ import annotations

from typing import TYPE_CHECKING

import pynvml
import pytest

from collectors._nvml import Sample
from collectors.nvidia import HOLD, LONGEST_WAIT, NvidiaCollector, mean_percents
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.readings import CounterReading, GpuUsageReading, GpuUse, PowerReading
from monitor.core.units import Energy, Memory, Power
from tests.fixtures.host import host_at
from tests.fixtures.nvml import Card, FakeNvml, context, sample

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.core.readings import Reading

GIB = 1 << 30
SECOND = 1_000_000
OWNERS = {10: "assistant", 11: "assistant", 20: "search"}


@pytest.fixture
def card() -> Card:
    return Card("GPU-a")


@pytest.fixture
def nvml(card: Card) -> FakeNvml:
    return FakeNvml(card)


@pytest.fixture
def collector(nvml: FakeNvml, tmp_path: Path) -> NvidiaCollector:
    return opened(nvml, tmp_path)


def opened(nvml: FakeNvml, root: Path) -> NvidiaCollector:
    return NvidiaCollector.open(host_at(root, OWNERS, nvml=nvml))


def energies(readings: Sequence[Reading]) -> dict[str, int]:
    return {row.resource: row.energy.microjoules for row in readings if isinstance(row, CounterReading)}


def use(readings: Sequence[Reading], resource: str = "gpu0") -> GpuUsageReading:
    return next(row for row in readings if isinstance(row, GpuUsageReading) and row.resource == resource)


def percents(readings: Sequence[Reading]) -> dict[int, int]:
    return {row.pid: row.sm_percent for row in use(readings).uses}


def test_millijoules_are_read_as_energy(collector: NvidiaCollector, card: Card) -> None:
    card.millijoules = 12_345
    reading = collector.collect()[0]
    assert reading == CounterReading("gpu0", "GPU-a", Energy(12_345_000), Power.from_watts(1400))


def test_each_process_is_joined_to_its_consumer(collector: NvidiaCollector, card: Card) -> None:
    card.compute = [context(20, 2 * GIB), context(10, 5 * GIB), context(99, GIB)]
    card.samples = [sample(10, 5 * SECOND, 60), sample(20, 5 * SECOND, 30)]
    assert use(collector.collect()).uses == (
        GpuUse("assistant", 10, 60, Memory(5 * GIB)),
        GpuUse("search", 20, 30, Memory(2 * GIB)),
        GpuUse("_other", 99, 0, Memory(GIB)),
    )


def test_nobody_on_the_card_is_told_as_nobody(collector: NvidiaCollector) -> None:
    assert use(collector.collect()) == GpuUsageReading("gpu0", (), memory_total=Memory(80 * GIB))


def test_no_sample_since_the_last_read_means_that_nobody_computed(collector: NvidiaCollector, card: Card) -> None:
    card.compute = [context(10, GIB)]
    card.samples = [sample(10, 5 * SECOND, 60)]
    collector.collect()
    reading = use(collector.collect())
    assert (percents([reading]), reading.utilisation_known) == ({10: 0}, True)


def test_a_process_of_several_kinds_of_context_holds_its_memory_once(collector: NvidiaCollector, card: Card) -> None:
    card.compute, card.graphics, card.mps = [context(10, GIB)], [context(10, GIB)], [context(11, GIB)]
    held = {row.pid: row.memory.bytes for row in use(collector.collect()).uses}
    assert held == {10: GIB, 11: GIB}


def test_a_process_that_computed_and_ended_is_not_forgotten(collector: NvidiaCollector, card: Card) -> None:
    card.compute = [context(20, GIB)]
    card.samples = [sample(10, 5 * SECOND, 80)]
    assert use(collector.collect()).uses == (
        GpuUse("assistant", 10, 80, Memory(0)),
        GpuUse("search", 20, 0, Memory(GIB)),
    )


def test_a_reused_pid_goes_to_whom_it_belongs_now(nvml: FakeNvml, card: Card, tmp_path: Path) -> None:
    """Defect 3: nothing about a pid is kept from one read to the next."""
    owners = {10: "assistant"}
    host = host_at(tmp_path, owners, nvml=nvml)
    collector = NvidiaCollector.open(host)
    card.compute = [context(10, GIB)]
    assert use(collector.collect()).uses[0].consumer == "assistant"
    host.workloads.forget(10)
    assert use(collector.collect()).uses[0].consumer == "_other"


def test_a_worker_that_ends_takes_no_energy_with_it(collector: NvidiaCollector, card: Card) -> None:
    """Defect 1: energy is the board's, whoever lives or dies."""
    card.compute = [context(10, GIB), context(11, GIB)]
    before = energies(collector.collect())
    card.compute = [context(10, GIB)]
    assert energies(collector.collect()) == before


def test_where_there_is_no_counter_the_power_is_read(nvml: FakeNvml, card: Card, tmp_path: Path) -> None:
    """Defect 5: a card without an energy counter is measured all the same."""
    card.fails["nvmlDeviceGetTotalEnergyConsumption"] = pynvml.NVML_ERROR_NOT_SUPPORTED
    collector = opened(nvml, tmp_path)
    assert collector.collect()[0] == PowerReading("gpu0", "GPU-a", Power.from_watts(300), HOLD)
    assert [source.method for source in collector.sources()] == ["integrated"]


@pytest.mark.parametrize("milliwatts", [0, 300_000 * 10**6, 1_400_001])
def test_a_power_that_no_card_draws_is_not_believed(
    nvml: FakeNvml, card: Card, tmp_path: Path, milliwatts: int
) -> None:
    card.fails["nvmlDeviceGetTotalEnergyConsumption"] = pynvml.NVML_ERROR_NOT_SUPPORTED
    collector = opened(nvml, tmp_path)
    card.milliwatts = milliwatts
    assert [type(row) for row in collector.collect()] == [GpuUsageReading]
    card.milliwatts = 1_400_000
    assert [type(row) for row in collector.collect()] == [PowerReading, GpuUsageReading]


def test_energy_and_use_come_from_one_read_of_one_card(collector: NvidiaCollector, nvml: FakeNvml, card: Card) -> None:
    """Defect 5: a card's processes share what its own counter says; no second figure of their energy is made up."""
    card.compute = [context(10, GIB)]
    nvml.asked.clear()
    readings = collector.collect()
    assert [type(row) for row in readings] == [CounterReading, GpuUsageReading]
    assert "nvmlDeviceGetPowerUsage" not in nvml.asked


def test_a_partitioned_card_has_one_energy_for_all_instances(nvml: FakeNvml, card: Card, tmp_path: Path) -> None:
    """Defect 9: the board's energy is not told again for each instance."""
    card.partitioned = True
    card.compute = [context(10, GIB, 1), context(20, 3 * GIB, 2), context(10, GIB, 3)]
    readings = opened(nvml, tmp_path).collect()
    assert energies(readings) == {"gpu0": 1_000_000_000}
    reading = use(readings)
    assert not reading.utilisation_known
    assert "nvmlDeviceGetProcessUtilization" not in nvml.asked
    assert {row.pid: row.memory.bytes for row in reading.uses} == {10: 2 * GIB, 20: 3 * GIB}


def test_without_privilege_the_instances_are_asked_one_by_one(nvml: FakeNvml, card: Card, tmp_path: Path) -> None:
    card.partitioned = True
    for kind in ("Compute", "Graphics", "MPSCompute"):
        for form in ("_v3", "_v2"):
            card.fails[f"nvmlDeviceGet{kind}RunningProcesses{form}"] = pynvml.NVML_ERROR_NO_PERMISSION
    card.compute = [context(10, GIB, 1), context(20, 3 * GIB, 2)]
    assert [row.pid for row in use(opened(nvml, tmp_path).collect()).uses] == [10, 20]


def test_an_old_driver_without_process_samples_leaves_the_use_unknown(
    nvml: FakeNvml, card: Card, tmp_path: Path
) -> None:
    card.fails["nvmlDeviceGetProcessUtilization"] = pynvml.NVML_ERROR_NOT_SUPPORTED
    card.compute = [context(10, GIB)]
    reading = use(opened(nvml, tmp_path).collect())
    assert (reading.utilisation_known, reading.uses) == (False, (GpuUse("assistant", 10, 0, Memory(GIB)),))


def test_an_old_driver_without_the_newest_list_of_processes_is_asked_for_the_older(
    nvml: FakeNvml, card: Card, tmp_path: Path
) -> None:
    card.fails["nvmlDeviceGetComputeRunningProcesses_v3"] = pynvml.NVML_ERROR_FUNCTION_NOT_FOUND
    nvml.missing.add("nvmlDeviceGetMPSComputeRunningProcesses_v3")
    card.compute = [context(10, GIB)]
    assert [row.pid for row in use(opened(nvml, tmp_path).collect()).uses] == [10]


def test_where_nobody_says_who_is_on_the_card_there_is_energy_and_no_use(
    nvml: FakeNvml, card: Card, tmp_path: Path
) -> None:
    for kind in ("Compute", "Graphics", "MPSCompute"):
        for form in ("_v3", "_v2"):
            card.fails[f"nvmlDeviceGet{kind}RunningProcesses{form}"] = pynvml.NVML_ERROR_NOT_SUPPORTED
    assert [type(row) for row in opened(nvml, tmp_path).collect()] == [CounterReading]


def test_memory_that_the_driver_does_not_tell_is_split_evenly(collector: NvidiaCollector, card: Card) -> None:
    card.used = 10 * GIB
    card.compute = [context(10, 4 * GIB), context(11, None), context(20, None)]
    held = {row.pid: row.memory.bytes for row in use(collector.collect()).uses}
    assert held == {10: 4 * GIB, 11: 3 * GIB, 20: 3 * GIB}


def test_a_list_that_grew_meanwhile_leaves_the_use_unknown_this_time(collector: NvidiaCollector, card: Card) -> None:
    card.compute = [context(10, GIB)]
    card.fails["nvmlDeviceGetProcessUtilization"] = pynvml.NVML_ERROR_INSUFFICIENT_SIZE
    assert not use(collector.collect()).utilisation_known
    card.fails.clear()
    assert use(collector.collect()).utilisation_known


def test_a_wrapper_that_raises_success_has_nothing_to_tell(collector: NvidiaCollector, card: Card) -> None:
    card.compute = [context(10, GIB)]
    card.fails["nvmlDeviceGetProcessUtilization"] = pynvml.NVML_SUCCESS
    reading = use(collector.collect())
    assert (percents([reading]), reading.utilisation_known) == ({10: 0}, True)


def test_samples_that_no_process_can_have_are_left_out(collector: NvidiaCollector, card: Card) -> None:
    card.compute = [context(10, GIB)]
    card.samples = [sample(10, 5 * SECOND, 40), sample(77, 5 * SECOND, 4_294_967_295), sample(78, 9 * SECOND, 300)]
    assert percents(collector.collect()) == {10: 40}
    card.samples = [sample(10, 6 * SECOND, 50)]
    assert percents(collector.collect()) == {10: 50}


def test_after_the_clock_was_set_back_the_use_is_unknown_once(collector: NvidiaCollector, card: Card) -> None:
    card.compute = [context(10, GIB)]
    card.samples = [sample(10, 3600 * SECOND, 60)]
    collector.collect()
    card.busy = 70
    card.samples = [sample(10, 5 * SECOND, 60)]
    assert not use(collector.collect()).utilisation_known
    card.samples.append(sample(10, 10 * SECOND, 50))
    reading = use(collector.collect())
    assert (percents([reading]), reading.utilisation_known) == ({10: 50}, True)


def test_a_card_that_was_busy_for_nobody_is_no_clock_set_back(collector: NvidiaCollector, card: Card) -> None:
    """What ran may have ended, or be the driver's own."""
    card.samples = [sample(10, 5 * SECOND, 60)]
    collector.collect()
    card.busy = 70
    reading = use(collector.collect())
    assert (reading.uses, reading.utilisation_known) == ((), True)


def test_a_card_without_a_limit_has_a_bound_of_ours(nvml: FakeNvml, card: Card, tmp_path: Path) -> None:
    card.fails["nvmlDeviceGetPowerManagementLimitConstraints"] = pynvml.NVML_ERROR_NOT_SUPPORTED
    reading = opened(nvml, tmp_path).collect()[0]
    assert isinstance(reading, CounterReading)
    assert reading.plausible == Power.from_watts(3000)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, Reason.ABSENT),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, Reason.ABSENT),
        (pynvml.NVML_ERROR_NO_PERMISSION, Reason.FORBIDDEN),
        (pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH, Reason.UNSUPPORTED),
        (pynvml.NVML_ERROR_UNKNOWN, Reason.UNSUPPORTED),
    ],
)
def test_a_library_that_refuses_to_start_says_why_with_a_cure(
    nvml: FakeNvml, tmp_path: Path, code: int, reason: Reason
) -> None:
    nvml.init_fails = code
    with pytest.raises(Unavailable) as caught:
        opened(nvml, tmp_path)
    assert caught.value.reason is reason
    assert caught.value.cure


def test_a_driver_without_cards_is_an_absence_and_leaves_no_session(tmp_path: Path) -> None:
    nvml = FakeNvml()
    with pytest.raises(Unavailable) as caught:
        opened(nvml, tmp_path)
    assert (caught.value.reason, nvml.open) == (Reason.ABSENT, 0)


def test_a_card_that_tells_nothing_at_all_is_unsupported(nvml: FakeNvml, card: Card, tmp_path: Path) -> None:
    for function in ("nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetPowerUsage"):
        card.fails[function] = pynvml.NVML_ERROR_NOT_SUPPORTED
    for kind in ("Compute", "Graphics", "MPSCompute"):
        for form in ("_v3", "_v2"):
            card.fails[f"nvmlDeviceGet{kind}RunningProcesses{form}"] = pynvml.NVML_ERROR_NOT_SUPPORTED
    with pytest.raises(Unavailable) as caught:
        opened(nvml, tmp_path)
    assert (caught.value.reason, nvml.open) == (Reason.UNSUPPORTED, 0)


def test_a_card_that_is_lost_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    first, second = Card("GPU-a"), Card("GPU-b", millijoules=7)
    nvml = FakeNvml(first, second)
    collector = opened(nvml, tmp_path)
    first.present = False
    for _ in range(3):
        assert energies(collector.collect()) == {"gpu1": 7_000}


def test_a_card_that_comes_back_keeps_its_name_and_its_counter(tmp_path: Path) -> None:
    first, second = Card("GPU-a", millijoules=5), Card("GPU-b", millijoules=7)
    nvml = FakeNvml(first, second)
    collector = opened(nvml, tmp_path)
    before = collector.collect()
    first.present = False
    collector.collect()
    collector.collect()
    first.present = True
    after = [collector.collect() for _ in range(LONGEST_WAIT)][-1]
    assert energies(after) == {"gpu0": 5_000, "gpu1": 7_000}
    assert after == before
    assert nvml.open == 1


def test_a_new_card_takes_no_name_that_another_had(tmp_path: Path) -> None:
    first, second = Card("GPU-a"), Card("GPU-b")
    nvml = FakeNvml(first, second)
    collector = opened(nvml, tmp_path)
    nvml.cards = [Card("GPU-c"), second]
    first.present = False
    collector.collect()
    collector.collect()
    assert {source.meter: source.resource for source in collector.sources()} == {
        "GPU-a": "gpu0",
        "GPU-b": "gpu1",
        "GPU-c": "gpu2",
    }


def test_looking_for_a_lost_card_grows_rare(tmp_path: Path) -> None:
    first, second = Card("GPU-a"), Card("GPU-b")
    nvml = FakeNvml(first, second)
    collector = opened(nvml, tmp_path)
    first.present = False
    for _ in range(4 * LONGEST_WAIT):
        collector.collect()
    assert nvml.asked.count("nvmlInit") < 12


def test_a_driver_that_is_unloaded_is_tried_again_and_never_opened_twice(
    collector: NvidiaCollector, nvml: FakeNvml, card: Card
) -> None:
    nvml.driver_loaded = False
    for _ in range(3):
        with pytest.raises(Retry):
            collector.collect()
    nvml.driver_loaded = True
    nvml.open = 0
    card.millijoules = 3
    assert energies(collector.collect()) == {"gpu0": 3_000}
    assert nvml.open == 1


def test_a_driver_that_can_not_count_its_cards_is_tried_again(
    nvml: FakeNvml, card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = opened(nvml, tmp_path)
    nvml.driver_loaded = False
    with pytest.raises(Retry):
        collector.collect()
    nvml.driver_loaded = True

    def nobody_knows(_: FakeNvml) -> int:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_UNKNOWN)

    with monkeypatch.context() as patched:
        patched.setattr(FakeNvml, "nvmlDeviceGetCount", nobody_knows)
        with pytest.raises(Retry, match="nvmlDeviceGetCount"):
            collector.collect()
    card.millijoules = 3
    assert energies(collector.collect()) == {"gpu0": 3_000}


def test_a_driver_loaded_anew_while_nobody_looked_is_opened_anew(
    collector: NvidiaCollector, nvml: FakeNvml, card: Card
) -> None:
    nvml.reload_driver()
    nvml.open = 0
    card.millijoules = 3
    with pytest.raises(Retry):
        collector.collect()
    assert energies(collector.collect()) == {"gpu0": 3_000}
    assert nvml.open == 1


def test_a_driver_replaced_under_the_daemon_says_what_to_do(collector: NvidiaCollector, nvml: FakeNvml) -> None:
    nvml.driver_loaded = False
    with pytest.raises(Retry):
        collector.collect()
    nvml.init_fails = pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH
    with pytest.raises(Unavailable) as caught:
        collector.collect()
    assert "restart" in caught.value.cure


def test_each_loading_of_the_driver_is_an_epoch_and_a_run_of_the_daemon_is_none(
    nvml: FakeNvml, card: Card, tmp_path: Path
) -> None:
    module = tmp_path / "sys/module/nvidia"
    module.mkdir(parents=True)

    def epoch(collector: NvidiaCollector) -> str:
        reading = collector.collect()[0]
        assert isinstance(reading, CounterReading)
        return reading.epoch

    first = opened(nvml, tmp_path)
    loaded = epoch(first)
    first.close()
    second = opened(nvml, tmp_path)
    assert loaded
    assert epoch(second) == loaded
    module.rename(tmp_path / "unloaded")
    module.mkdir()
    card.present = False
    with pytest.raises(Retry):
        second.collect()
    card.present = True
    assert epoch(second) != loaded


def test_closing_ends_the_session(collector: NvidiaCollector, nvml: FakeNvml) -> None:
    collector.close()
    assert nvml.open == 0


def test_a_session_that_the_driver_forgot_can_be_closed(collector: NvidiaCollector, nvml: FakeNvml) -> None:
    nvml.open = 0
    collector.close()


def test_sources_name_the_card_and_stay_while_it_is_lost(collector: NvidiaCollector, card: Card) -> None:
    before = collector.sources()
    card.present = False
    with pytest.raises(Retry):
        collector.collect()
    assert collector.sources() == before
    assert (before[0].resource, before[0].meter) == ("gpu0", "GPU-a")
    assert "H100" in before[0].description


def test_the_mean_of_one_process_that_computed_all_the_time_is_its_sample() -> None:
    assert mean_percents([Sample(1, 10, 37)], since=5) == {1: 37}


def test_a_process_that_computed_half_the_time_counts_half() -> None:
    rows = [Sample(1, 10 * SECOND, 60), Sample(2, 20 * SECOND, 60)]
    assert mean_percents(rows, since=5 * SECOND) == {1: 20, 2: 60}


def test_a_sample_for_each_period_counts_for_one_period() -> None:
    steady = [Sample(1, second * SECOND, 50) for second in (1, 2, 3, 4)]
    late = [Sample(2, 4 * SECOND + 1000, 80)]
    shares = mean_percents([*late, *steady], since=1)
    assert shares == {1: 50, 2: 20}


def test_use_is_never_rounded_to_nothing_nor_beyond_all() -> None:
    rows = [Sample(1, 1, 1), Sample(2, 1000, 100), Sample(2, 1000, 100)]
    assert mean_percents(rows, since=0) == {1: 1, 2: 100}


def test_no_samples_are_no_use() -> None:
    assert mean_percents([], since=3) == {}
