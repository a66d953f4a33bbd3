from dataclasses import replace

import pynvml
import pytest

from monitor.core.units import Duration
from monitor.simulation.hosts import service, unit
from monitor.simulation.nvml import Handle, SimulatedNvml
from monitor.simulation.spec import DriverReload, GpuLost, GpuSpec, Incident, Rhythm, WallStep, WorldSpec
from monitor.simulation.world import World
from tests.unit.simulation.small import GIB, GPU, ON_GPU, PLAIN, SECOND, spec

SECOND_US = 10**6


def driver(*incidents: Incident, gpu: GpuSpec = GPU, number: int = 1) -> tuple[World, SimulatedNvml]:
    steady = service("ai", unit("ai"), ON_GPU, rhythm=Rhythm(idle=(0, 0), busy=(60, 60), spell=(20, 20)))
    world = World(WorldSpec(1, spec(*[gpu] * number), (steady,), incidents))
    return world, SimulatedNvml(world)


def opened(*incidents: Incident, gpu: GpuSpec = GPU, number: int = 1) -> tuple[World, SimulatedNvml, Handle]:
    world, nvml = driver(*incidents, gpu=gpu, number=number)
    nvml.nvmlInit()
    return world, nvml, nvml.nvmlDeviceGetHandleByIndex(0)


def seconds(number: float) -> Duration:
    return Duration.from_seconds(number)


def test_it_has_the_errors_and_constants_of_the_real_module() -> None:
    _, nvml = driver()
    assert nvml.NVMLError_NotSupported is pynvml.NVMLError_NotSupported
    assert nvml.NVML_SUCCESS == pynvml.NVML_SUCCESS
    assert not hasattr(nvml, "nvmlDeviceGetFanSpeed")


def test_every_function_is_one_of_the_real_module() -> None:
    assert [name for name in vars(SimulatedNvml) if name.startswith("nvml") and not hasattr(pynvml, name)] == []


def test_nothing_is_answered_outside_a_session() -> None:
    _, nvml = driver()
    with pytest.raises(pynvml.NVMLError_Uninitialized):
        nvml.nvmlDeviceGetCount()
    nvml.nvmlInit()
    nvml.nvmlShutdown()
    with pytest.raises(pynvml.NVMLError_Uninitialized):
        nvml.nvmlDeviceGetCount()


def test_a_host_without_a_gpu_has_no_driver() -> None:
    _, nvml = driver(number=0)
    with pytest.raises(pynvml.NVMLError_DriverNotLoaded):
        nvml.nvmlInit()


def test_energy_is_in_millijoules_and_power_in_milliwatts() -> None:
    world, nvml, handle = opened(number=2)
    unused = nvml.nvmlDeviceGetHandleByIndex(1)
    world.advance(3 * SECOND)
    assert nvml.nvmlDeviceGetTotalEnergyConsumption(unused) == 30_000
    assert nvml.nvmlDeviceGetPowerUsage(unused) == 10_000
    world.advance(30 * SECOND)
    gpu = world.machine.supply.gpus[0]
    assert nvml.nvmlDeviceGetTotalEnergyConsumption(handle) == gpu.femtojoules(world.now) // 10**12


def test_a_process_is_shown_with_the_memory_that_it_holds() -> None:
    world, nvml, handle = opened()
    assert nvml.nvmlDeviceGetComputeRunningProcesses_v3(handle) == []
    world.advance(10 * SECOND)
    (shown,) = nvml.nvmlDeviceGetComputeRunningProcesses_v3(handle)
    assert world.machine.processes[shown.pid].consumer == "ai"
    assert shown.usedGpuMemory == 4 * GIB
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    assert (memory.total, memory.used, memory.free) == (16 * GIB, 4 * GIB, 12 * GIB)


def test_utilisation_is_the_mean_since_it_was_last_seen() -> None:
    world, nvml, handle = opened()
    world.advance(30 * SECOND)
    (process,) = world.machine.users_of(0)
    (sample,) = nvml.nvmlDeviceGetProcessUtilization(handle, (world.timeline.wall - 5 * SECOND) // 1000)
    used = process.gpu_load.at(world.now) - process.gpu_load.at(world.now - 5 * SECOND)
    assert sample.pid == process.pid
    assert sample.smUtil == round(used / (5 * SECOND) / 10)
    assert sample.timeStamp == world.timeline.wall // 1000


def test_nobody_computing_is_an_error_that_says_so() -> None:
    world, nvml, handle = opened()
    with pytest.raises(pynvml.NVMLError_NotFound):
        nvml.nvmlDeviceGetProcessUtilization(handle, 0)
    world.advance(30 * SECOND)
    with pytest.raises(pynvml.NVMLError_NotFound):
        nvml.nvmlDeviceGetProcessUtilization(handle, world.timeline.wall // 1000)


def test_a_clock_set_back_hides_the_samples_from_who_asks_since_later() -> None:
    world, nvml, handle = opened(WallStep(at=seconds(30), by=seconds(-3600)))
    world.advance(29 * SECOND)
    last_seen = nvml.nvmlDeviceGetProcessUtilization(handle, 0)[0].timeStamp
    world.advance(40 * SECOND)
    with pytest.raises(pynvml.NVMLError_NotFound):
        nvml.nvmlDeviceGetProcessUtilization(handle, last_seen)
    assert nvml.nvmlDeviceGetProcessUtilization(handle, 0)[0].timeStamp < last_seen


def test_instances_hide_who_computes() -> None:
    world, nvml, handle = opened(gpu=replace(GPU, mig=True))
    world.advance(30 * SECOND)
    assert nvml.nvmlDeviceGetMigMode(handle) == [1, 1]
    assert nvml.nvmlDeviceGetComputeRunningProcesses_v3(handle)[0].gpuInstanceId == 1
    with pytest.raises(pynvml.NVMLError_NotSupported):
        nvml.nvmlDeviceGetProcessUtilization(handle, 0)


def test_what_a_gpu_cannot_do_is_not_supported() -> None:
    unable = frozenset({"nvmlDeviceGetTotalEnergyConsumption"})
    _, nvml, handle = opened(gpu=replace(GPU, unsupported=unable))
    with pytest.raises(pynvml.NVMLError_NotSupported):
        nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    with pytest.raises(pynvml.NVMLError_NotSupported):
        nvml.nvmlDeviceGetMigMode(handle)
    assert nvml.nvmlDeviceGetPowerUsage(handle) == 10_000


def test_a_lost_gpu_is_lost_to_the_session_and_absent_from_the_next() -> None:
    world, nvml, handle = opened(GpuLost(at=seconds(10), length=seconds(20), index=0), number=2)
    identity = nvml.nvmlDeviceGetUUID(handle)
    world.advance(15 * SECOND)
    with pytest.raises(pynvml.NVMLError_GpuIsLost):
        nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    nvml.nvmlShutdown()
    nvml.nvmlInit()
    assert nvml.nvmlDeviceGetCount() == 1
    assert nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetHandleByIndex(0)) != identity
    world.advance(30 * SECOND)
    nvml.nvmlShutdown()
    nvml.nvmlInit()
    back = nvml.nvmlDeviceGetHandleByIndex(0)
    assert nvml.nvmlDeviceGetUUID(back) == identity
    assert nvml.nvmlDeviceGetTotalEnergyConsumption(back) == 0


def test_a_session_does_not_outlive_its_driver() -> None:
    world, nvml, handle = opened(DriverReload(at=seconds(10), length=seconds(5)))
    world.advance(12 * SECOND)
    for ask in (nvml.nvmlInit, lambda: nvml.nvmlDeviceGetUUID(handle)):
        with pytest.raises(pynvml.NVMLError_DriverNotLoaded):
            ask()
    world.advance(16 * SECOND)
    with pytest.raises(pynvml.NVMLError_DriverNotLoaded):
        nvml.nvmlDeviceGetUUID(handle)
    nvml.nvmlInit()
    with pytest.raises(pynvml.NVMLError_GpuIsLost):
        nvml.nvmlDeviceGetUUID(handle)
    assert nvml.nvmlDeviceGetCount() == 1


def test_a_program_without_a_gpu_is_not_shown() -> None:
    world, nvml, handle = opened()
    world.machine.start(PLAIN, "_other", "/a")
    assert nvml.nvmlDeviceGetComputeRunningProcesses_v3(handle) == []
    assert nvml.nvmlDeviceGetMPSComputeRunningProcesses_v3(handle) == []
    assert nvml.nvmlDeviceGetGraphicsRunningProcesses_v3(handle) == []
