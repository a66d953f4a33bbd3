"""A stand-in for the `pynvml` module that shows a simulated world: the same names, structures and errors."""

# ruff: noqa: N802 - the functions have the names of pynvml's

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

import pynvml

from monitor.simulation.processes import SAMPLES_KEPT
from monitor.simulation.supply import THOUSAND

if TYPE_CHECKING:
    from monitor.simulation.processes import Process
    from monitor.simulation.supply import Gpu
    from monitor.simulation.world import World

MICROWATTS_PER_MILLIWATT: Final = 1_000
MICROSECOND: Final = 1_000
NO_INSTANCE: Final = 0xFFFFFFFF
"""What the driver gives for the instance of a process on a GPU that is not cut in instances."""


@dataclass(frozen=True, slots=True, eq=False)
class Handle:
    """A device as one session sees it."""

    device: Gpu
    driver_loads: int


class SimulatedNvml:
    """Answers as the module `pynvml` does on a host with the world's GPUs.

    Each function that a GPU's spec calls unsupported raises NVMLError_NotSupported. The classes and constants of the
    real module are found here under their names.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._session: int | None = None
        self._visible: list[Gpu] = []

    def __getattr__(self, name: str) -> object:
        """Return a class or constant of the real module. Raises AttributeError for a function that isn't simulated."""
        if name.startswith("nvml"):
            message = f"the simulated driver has no {name}"
            raise AttributeError(message)
        return getattr(pynvml, name)

    def nvmlInit(self) -> None:
        """Open a session. Raises NVMLError_DriverNotLoaded where the driver is not loaded."""
        machine = self._world.machine
        if not machine.driver_loaded or not machine.supply.gpus:
            raise pynvml.NVMLError_DriverNotLoaded
        self._session = machine.driver_loads
        self._visible = [device for device in machine.supply.gpus if device.present]

    def nvmlShutdown(self) -> None:
        """Close the session."""
        self._check()
        self._session = None

    def nvmlDeviceGetCount(self) -> int:
        """Return how many devices were there when the session was opened."""
        self._check()
        return len(self._visible)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Handle:
        """Return a device of this session."""
        self._check()
        if not 0 <= index < len(self._visible):
            raise pynvml.NVMLError_InvalidArgument
        device = self._visible[index]
        if not device.present:
            raise pynvml.NVMLError_GpuIsLost
        return Handle(device, self._world.machine.driver_loads)

    def nvmlDeviceGetUUID(self, handle: Handle) -> str:
        """Return the identity of a device."""
        return _uuid(self._device(handle, "nvmlDeviceGetUUID"))

    def nvmlDeviceGetName(self, handle: Handle) -> str:
        """Return the model of a device."""
        return self._device(handle, "nvmlDeviceGetName").spec.name

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: Handle) -> int:
        """Return the energy drawn since the driver was loaded, in millijoules."""
        return self._device(handle, "nvmlDeviceGetTotalEnergyConsumption").millijoules(self._world.now)

    def nvmlDeviceGetPowerUsage(self, handle: Handle) -> int:
        """Return the power now, in milliwatts."""
        return self._device(handle, "nvmlDeviceGetPowerUsage").power // MICROWATTS_PER_MILLIWATT

    def nvmlDeviceGetPowerManagementLimitConstraints(self, handle: Handle) -> list[int]:
        """Return the lowest and the highest power limit that can be set, in milliwatts."""
        limit = self._device(handle, "nvmlDeviceGetPowerManagementLimitConstraints").spec.limit
        return [limit.microwatts // MICROWATTS_PER_MILLIWATT // 2, limit.microwatts // MICROWATTS_PER_MILLIWATT]

    def nvmlDeviceGetMigMode(self, handle: Handle) -> list[int]:
        """Return whether the device is cut in instances, now and after the next reset: 0 or 1 each."""
        device = self._device(handle, "nvmlDeviceGetMigMode")
        if device.spec.mig is None:
            raise pynvml.NVMLError_NotSupported
        return [int(device.spec.mig)] * 2

    def nvmlDeviceGetMemoryInfo(self, handle: Handle) -> SimpleNamespace:
        """Return the memory of a device, in bytes: total, free, used."""
        device = self._device(handle, "nvmlDeviceGetMemoryInfo")
        used = sum(process.gpu_memory for process in self._world.machine.users_of(device.index))
        total = device.spec.memory.bytes
        return SimpleNamespace(total=total, free=total - used, used=used)

    def nvmlDeviceGetUtilizationRates(self, handle: Handle) -> SimpleNamespace:
        """Return the use of a device now, in percent: gpu, memory."""
        device = self._device(handle, "nvmlDeviceGetUtilizationRates")
        if device.spec.mig:
            raise pynvml.NVMLError_NotSupported
        return SimpleNamespace(gpu=device.load * 100 // THOUSAND, memory=device.load * 30 // THOUSAND)

    def nvmlDeviceGetComputeRunningProcesses_v3(self, handle: Handle) -> list[SimpleNamespace]:
        """Return the processes with a context open: pid, usedGpuMemory (bytes), the instance they run on."""
        device = self._device(handle, "nvmlDeviceGetComputeRunningProcesses")
        instance = 1 if device.spec.mig else NO_INSTANCE
        return [
            SimpleNamespace(
                pid=process.pid,
                usedGpuMemory=process.gpu_memory,
                gpuInstanceId=instance,
                computeInstanceId=instance if instance == NO_INSTANCE else 0,
            )
            for process in self._world.machine.users_of(device.index)
        ]

    def nvmlDeviceGetGraphicsRunningProcesses_v3(self, handle: Handle) -> list[SimpleNamespace]:
        """Return nobody: a server draws no pictures."""
        self._device(handle, "nvmlDeviceGetGraphicsRunningProcesses")
        return []

    def nvmlDeviceGetMPSComputeRunningProcesses_v3(self, handle: Handle) -> list[SimpleNamespace]:
        """Return nobody: no process shares its context."""
        self._device(handle, "nvmlDeviceGetMPSComputeRunningProcesses")
        return []

    def nvmlDeviceGetProcessUtilization(self, handle: Handle, last_seen: int) -> list[SimpleNamespace]:
        """Return one sample for each process that computed since *last_seen* (us on the wall clock; 0: all kept).

        A sample is the mean over that time, in percent, stamped with the moment of the last one it is made of. Raises
        NVMLError_NotFound where nobody computed, and NVMLError_NotSupported on a device cut in instances.
        """
        device = self._device(handle, "nvmlDeviceGetProcessUtilization")
        if device.spec.mig:
            raise pynvml.NVMLError_NotSupported
        now = self._world.now
        since = max(now - SAMPLES_KEPT, 0)
        if last_seen:
            since = max(since, now - (self._world.timeline.wall - last_seen * MICROSECOND))
        stamp = self._world.timeline.wall // MICROSECOND
        samples = [
            SimpleNamespace(
                pid=process.pid, timeStamp=stamp, smUtil=percent, memUtil=percent // 3, encUtil=0, decUtil=0
            )
            for process in self._world.machine.users_of(device.index)
            if since < now and (percent := _percent(process, since, now))
        ]
        if not samples:
            raise pynvml.NVMLError_NotFound
        return samples

    def _device(self, handle: Handle, function: str) -> Gpu:
        self._check()
        if handle.driver_loads != self._session or not handle.device.present:
            raise pynvml.NVMLError_GpuIsLost
        if function in handle.device.spec.unsupported:
            raise pynvml.NVMLError_NotSupported
        return handle.device

    def _check(self) -> None:
        if self._session is None:
            raise pynvml.NVMLError_Uninitialized
        machine = self._world.machine
        if not machine.driver_loaded or self._session != machine.driver_loads:
            raise pynvml.NVMLError_DriverNotLoaded


def _percent(process: Process, since: int, now: int) -> int:
    """Return the mean share of the SMs that *process* had, in percent, to the nearest."""
    used = process.gpu_load.at(now) - process.gpu_load.at(since)
    return round(used * 100 / (THOUSAND * (now - since)))


def _uuid(device: Gpu) -> str:
    return f"GPU-5e1f0000-0000-4000-8000-{device.index:012d}"
