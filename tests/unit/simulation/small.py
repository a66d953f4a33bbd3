"""A small machine whose figures can be worked out by hand."""

from __future__ import annotations

from random import Random

from monitor.core.units import Memory, Power
from monitor.simulation.line import FOREVER
from monitor.simulation.machine import Machine
from monitor.simulation.spec import GpuSpec, Layout, MachineSpec, Platform, Program
from monitor.simulation.timeline import NEW_YEAR_2026, Timeline

SECOND = 10**9
GIB = 1 << 30
PLAIN = Program(("/usr/bin/worker", "--fast"), Memory(GIB))
ON_GPU = Program(("/usr/bin/serve",), Memory(GIB), gpu=0, gpu_memory=Memory(4 * GIB), gpu_busy=(100, 500))
GPU = GpuSpec(
    "Small GPU",
    Memory(16 * GIB),
    floor=Power.from_watts(10),
    residency=Power.from_watts(5),
    active=Power.from_watts(100),
    limit=Power.from_watts(150),
)


def spec(*gpus: GpuSpec, bits: int = 32, layout: Layout = Layout.V2, platform: Platform = Platform.NONE) -> MachineSpec:
    return MachineSpec(
        sockets=2,
        cpus=8,
        memory=Memory(16 * GIB),
        package_floor=Power.from_watts(10),
        cpu=Power.from_watts(4),
        dram_floor=Power.from_watts(2),
        dram_cpu=Power.from_watts(1),
        tdp=Power.from_watts(65),
        rest=Power.from_watts(20),
        model_name="AMD EPYC 7302P 16-Core Processor",
        gpus=gpus,
        counter_bits=bits,
        layout=layout,
        platform=platform,
    )


def machine(*gpus: GpuSpec, bits: int = 32) -> Machine:
    random = Random(0)  # noqa: S311 - a simulation has to be repeatable, not secret
    return Machine(spec(*gpus, bits=bits), Timeline(0, NEW_YEAR_2026), random, remembers=FOREVER)


def clock_id(pid: int) -> int:
    return (~pid << 3) | 2
