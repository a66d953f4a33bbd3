"""What simulated hosts are put together from: a server, the programs that run on any server, places for services."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from monitor.core.entries import MONITOR, OTHER
from monitor.core.units import Memory, Power
from monitor.simulation.spec import STEADY, GpuSpec, Layout, MachineSpec, Platform, Program, Rhythm, ServiceSpec

if TYPE_CHECKING:
    from random import Random

    from monitor.core.units import Duration
    from monitor.simulation.spec import Range
    from monitor.simulation.work import WorkSpec

POSTGRES: Final = ("checkpointer", "background writer", "walwriter", *("gestion gestion [local] idle",) * 6)
"""What the processes of a database are called."""
POD: Final = re.compile(r"-pod([0-9a-f_]+)\.slice")
"""The uid of a pod, in the path of its control group."""


def server(bits: int = 32, layout: Layout = Layout.V2, platform: Platform = Platform.NONE) -> MachineSpec:
    """Return a server with two sockets and two GPUs, its powers plausible for its kind."""
    return MachineSpec(
        sockets=2,
        cpus=64,
        memory=Memory.from_gibibytes(256),
        package_floor=Power.from_watts(48),
        cpu=Power.from_watts(3.2),
        dram_floor=Power.from_watts(9),
        dram_cpu=Power.from_watts(0.2),
        tdp=Power.from_watts(185),
        rest=Power.from_watts(92),
        model_name="Intel(R) Xeon(R) Gold 6326 CPU @ 2.90GHz",
        gpus=(
            _gpu("NVIDIA L40S", 45, floor=34, residency=52, active=255, limit=350),
            _gpu("NVIDIA L4", 22.5, floor=16, residency=13, active=42, limit=72),
        ),
        counter_bits=bits,
        platform=platform,
        layout=layout,
    )


def daemons() -> list[ServiceSpec]:
    """Return what runs on any server beside the services, and the monitor itself."""
    kernel = tuple(Program((f"kworker/{cpu}:1",), Memory(0), busy=(0, 12)) for cpu in range(16))
    nginx = Program(("nginx: worker process",), Memory.from_gibibytes(0.02), busy=(5, 60), comm="nginx")
    return [
        ServiceSpec(MONITOR, unit("empreinte"), python("/usr/bin/empreinte", "run", gib=0.06, busy=(1, 4))),
        ServiceSpec(OTHER, "/", kernel[0], kernel[1:], kernel=True),
        ServiceSpec(OTHER, unit("systemd-journald"), _daemon("/usr/lib/systemd/systemd-journald", gib=0.03)),
        ServiceSpec(OTHER, unit("ssh"), _daemon("/usr/sbin/sshd", gib=0.01)),
        ServiceSpec(OTHER, unit("dbus"), _daemon("/usr/bin/dbus-daemon", gib=0.005)),
        ServiceSpec(OTHER, unit("containerd"), _daemon("/usr/bin/containerd", gib=0.06)),
        ServiceSpec(OTHER, unit("docker"), _daemon("/usr/bin/dockerd", gib=0.09)),
        ServiceSpec(OTHER, unit("nginx"), _daemon("nginx: master process", gib=0.01), (nginx,) * 8),
        ServiceSpec(
            OTHER,
            "/system.slice/system-postgresql.slice/postgresql@15-main.service",
            _daemon("/usr/lib/postgresql/15/bin/postgres", gib=0.4),
            tuple(
                Program((f"postgres: 15/main: {role}",), Memory.from_gibibytes(0.1), busy=(60, 320), comm="postgres")
                for role in POSTGRES
            ),
        ),
        ServiceSpec(
            OTHER,
            unit("cron"),
            _daemon("/usr/sbin/cron", gib=0.004),
            rhythm=Rhythm(idle=(20, 50), busy=(4, 12), spawns=(2, 5)),
            child=Program(("/usr/bin/python3", "/usr/local/bin/sync-annuaire"), Memory.from_gibibytes(0.05)),
        ),
    ]


def service(
    key: str,
    cgroup: str,
    main: Program,
    *workers: Program,
    rhythm: Rhythm = STEADY,
    child: Program | None = None,
    appears: Duration | None = None,
    disappears: Duration | None = None,
    stays_down: Duration | None = None,
    name: str = "",
    department: str = "",
    contract: str = "",
    work: WorkSpec | None = None,
) -> ServiceSpec:
    """Return an AI service, with how the configuration recognises it there."""
    return ServiceSpec(
        key,
        cgroup,
        main,
        workers,
        rhythm,
        child,
        appears=appears,
        disappears=disappears,
        stays_down=stays_down,
        name=name or key,
        department=department,
        contract=contract,
        work=work,
        match=_match(cgroup, main),
    )


def unit(name: str) -> str:
    """Return the control group of a systemd unit."""
    return f"/system.slice/{name}.service"


def session(user: int, number: int) -> str:
    """Return the control group of somebody's login, where services of nobody's unit run beside other things."""
    return f"/user.slice/user-{user}.slice/session-{number}.scope"


def container(random: Random) -> str:
    """Return the control group of a container, its identity taken at random."""
    return f"/system.slice/docker-{random.randbytes(32).hex()}.scope"


def pod(random: Random) -> str:
    """Return the control group of a container in a pod of Kubernetes, its identities taken at random."""
    uid = random.randbytes(16).hex()
    name = "_".join((uid[:8], uid[8:12], uid[12:16], uid[16:20], uid[20:]))
    parent = f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{name}.slice"
    return f"{parent}/cri-containerd-{random.randbytes(32).hex()}.scope"


def python(*arguments: str, gib: float, busy: Range, port: int | None = None) -> Program:
    """Return a program written in Python."""
    argv = ("/usr/bin/python3", *arguments)
    return Program(argv, Memory.from_gibibytes(gib), busy=busy, threads=8, port=port)


def gpu_program(
    *argv: str, gpu: int, gpu_gib: float, busy: Range, gpu_busy: Range, gib: float = 3, port: int | None = None
) -> Program:
    """Return a program that holds a model on a GPU."""
    return Program(
        argv,
        Memory.from_gibibytes(gib),
        busy=busy,
        threads=24,
        port=port,
        gpu=gpu,
        gpu_memory=Memory.from_gibibytes(gpu_gib),
        gpu_busy=gpu_busy,
    )


def _daemon(path: str, gib: float) -> Program:
    return Program((path,), Memory.from_gibibytes(gib), busy=(2, 30))


def _gpu(name: str, gib: float, *, floor: float, residency: float, active: float, limit: float) -> GpuSpec:
    return GpuSpec(
        name,
        Memory.from_gibibytes(gib),
        Power.from_watts(floor),
        Power.from_watts(residency),
        Power.from_watts(active),
        Power.from_watts(limit),
    )


def _match(cgroup: str, main: Program) -> tuple[str, str]:
    name = cgroup.rpartition("/")[2]
    if name.endswith(".service"):
        return "systemd", name
    if name.startswith("docker-"):
        return "container", name.removeprefix("docker-").removesuffix(".scope")
    if name.startswith("session-"):
        return "process", re.escape(" ".join(main.argv))
    return "pod", POD.findall(cgroup)[0].replace("_", "-")
