"""`/proc` of a simulated host: the whole machine's figures, and a directory for each process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.units import NANOSECONDS_PER_SECOND
from monitor.simulation.cgroupfs import groups_of
from monitor.simulation.files import NOTHING
from monitor.simulation.processes import THOUSANDTHS

if TYPE_CHECKING:
    from monitor.simulation.files import Files
    from monitor.simulation.processes import Process
    from monitor.simulation.spec import MachineSpec
    from monitor.simulation.world import World

TICK: Final = 10_000_000
"""Nanoseconds in a clock tick, the unit of times in /proc. Source: proc(5), sysconf(_SC_CLK_TCK) is 100 on Linux."""
PAGE: Final = 4096
KIBIBYTE: Final = 1024
TEN: Final = 10
SYSTEM_TENTHS: Final = 1
"""Tenths of the CPU time that are spent in the kernel: of a process, of a control group, of the host."""
FIRST_SOCKET: Final = 20_000
"""Inode of the socket that pid 0 would listen on."""


class ProcTree:
    """Writes `/proc`."""

    def __init__(self, world: World, files: Files) -> None:
        self._world = world
        self._files = files
        self._shown: dict[int, Process] = {}
        self._boot_id = ""
        files.make("proc/net")
        files.make("proc/sys/kernel/random")
        files.write("proc/cpuinfo", _cpuinfo(world.spec.machine))

    def write(self) -> None:
        """Show the host as it is now."""
        world, files = self._world, self._files
        files.write("proc/sys/kernel/random/boot_id", f"{world.clock.boot_id}\n")
        files.write("proc/stat", self._stat())
        files.write("proc/meminfo", self._meminfo())
        files.write("proc/uptime", f"{world.timeline.boot / NANOSECONDS_PER_SECOND:.2f} 0.00\n")
        self._write_processes()
        files.write("proc/loadavg", f"0.00 0.00 0.00 1/{len(self._shown)} {max(self._shown)}\n")
        files.write("proc/net/tcp", self._tcp())
        files.write("proc/net/tcp6", TCP_HEADER)

    def _write_processes(self) -> None:
        processes = self._world.machine.processes
        for pid, process in list(self._shown.items()):
            if processes.get(pid) is not process:
                self._files.remove(f"proc/{pid}")
                del self._shown[pid]
        for pid, process in processes.items():
            if pid not in self._shown:
                self._shown[pid] = process
                self._introduce(process)
            self._files.write(f"proc/{pid}/stat", _stat(process, self._world.now))
            self._files.write(f"proc/{pid}/status", _status(process))

    def _introduce(self, process: Process) -> None:
        files, program = self._files, process.program
        directory = f"proc/{process.pid}"
        files.make(f"{directory}/fd")
        files.link(f"{directory}/net", "../net")
        files.write(f"{directory}/comm", f"{program.name}\n")
        files.write(f"{directory}/cmdline", "" if process.kernel else "".join(f"{word}\0" for word in program.argv))
        files.write(f"{directory}/cgroup", groups_of(process.cgroup.path, self._world.spec.machine.layout))
        files.write(f"{directory}/statm", _statm(process))
        if program.argv[0].startswith("/"):
            files.link(f"{directory}/exe", program.argv[0])
        if program.port is not None:
            files.link(f"{directory}/fd/3", f"socket:[{FIRST_SOCKET + process.pid}]")

    def _stat(self) -> str:
        world = self._world
        if "usage" in world.unreadable:
            return NOTHING
        machine, cpus = world.machine, world.spec.machine.cpus
        busy = machine.busy(world.now) // THOUSANDTHS
        idle = max(0, (world.now - world.timeline.up_since) * cpus - busy)
        whole = _cpu_line("cpu ", busy, idle)
        each = "".join(_cpu_line(f"cpu{cpu}", busy // cpus, idle // cpus) for cpu in range(cpus))
        booted = (world.timeline.wall - world.timeline.boot) // NANOSECONDS_PER_SECOND
        return (
            f"{whole}{each}intr 1 0\nctxt 1\nbtime {booted}\nprocesses {machine.forks}\n"
            "procs_running 1\nprocs_blocked 0\nsoftirq 1 0\n"
        )

    def _meminfo(self) -> str:
        machine = self._world.machine
        total = self._world.spec.machine.memory.bytes // KIBIBYTE
        available = machine.memory_available // KIBIBYTE
        rows = {"MemTotal": total, "MemFree": available * 9 // TEN, "MemAvailable": available, "Buffers": 0}
        rows |= {"Cached": available // TEN, "SwapTotal": 0, "SwapFree": 0}
        return "".join(f"{name + ':':<16}{amount:>8} kB\n" for name, amount in rows.items())

    def _tcp(self) -> str:
        listening = [process for process in self._shown.values() if process.program.port is not None]
        rows = (
            f"{row:>4}: 00000000:{process.program.port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 "
            f"    0        0 {FIRST_SOCKET + process.pid} 1 0000000000000000 100 0 0 10 0\n"
            for row, process in enumerate(listening)
        )
        return TCP_HEADER + "".join(rows)


TCP_HEADER: Final = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def _cpu_line(name: str, busy: int, idle: int) -> str:
    """Return a line of /proc/stat: user nice system idle iowait irq softirq steal guest guest_nice, in ticks.

    A hundredth of the idle time is shown as waiting for a disk: that is idle time too.
    """
    system = busy * SYSTEM_TENTHS // TEN
    softirq = busy // 50
    waiting = idle // 100
    times = (busy - system - softirq, 0, system, idle - waiting, waiting, 0, softirq, 0, 0, 0)
    return f"{name} {' '.join(str(time // TICK) for time in times)}\n"


def _split(thousandths: int) -> tuple[int, int]:
    """Return CPU time as (user, system), in ticks."""
    nanoseconds = thousandths // THOUSANDTHS
    system = nanoseconds * SYSTEM_TENTHS // TEN
    return (nanoseconds - system) // TICK, system // TICK


def _stat(process: Process, now: int) -> str:
    """Return the content of /proc/PID/stat. Source: proc(5), fields 1 to 52."""
    user, system = _split(process.cpu.at(now))
    reaped_user, reaped_system = _split(process.reaped)
    state = "R" if process.cpu.rate > THOUSANDTHS // 2 else "S"
    pages = process.memory // PAGE
    flags = 2_129_984 if process.kernel else 4_194_560
    return (
        f"{process.pid} ({process.program.name}) {state} {process.ppid} {process.pid} {process.pid} 0 -1 {flags} "
        f"100 0 0 0 {user} {system} {reaped_user} {reaped_system} 20 0 {process.program.threads} 0 "
        f"{process.started // TICK} {process.memory * 2} {pages} 18446744073709551615 "
        "0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
    )


def _statm(process: Process) -> str:
    pages = process.memory // PAGE
    return f"{pages * 2} {pages} {pages // TEN} 100 0 {pages} 0\n"


def _status(process: Process) -> str:
    kibibytes = process.memory // KIBIBYTE
    memory = "" if process.kernel else f"VmSize:\t{kibibytes * 2} kB\nVmRSS:\t{kibibytes} kB\n"
    return (
        f"Name:\t{process.program.name}\nState:\tS (sleeping)\nTgid:\t{process.pid}\nPid:\t{process.pid}\n"
        f"PPid:\t{process.ppid}\nUid:\t0\t0\t0\t0\nNSpid:\t{process.pid}\n{memory}Threads:\t{process.program.threads}\n"
    )


def _cpuinfo(spec: MachineSpec) -> str:
    vendor = "AuthenticAMD" if "AMD" in spec.model_name else "GenuineIntel"
    siblings = spec.cpus // spec.sockets
    return "".join(
        f"processor\t: {cpu}\nvendor_id\t: {vendor}\ncpu family\t: 6\nmodel\t\t: 106\nmodel name\t: {spec.model_name}\n"
        f"physical id\t: {cpu // siblings}\nsiblings\t: {siblings}\ncore id\t\t: {cpu % siblings // 2}\n"
        f"cpu cores\t: {siblings // 2}\nflags\t\t: fpu tsc msr\n\n"
        for cpu in range(spec.cpus)
    )
