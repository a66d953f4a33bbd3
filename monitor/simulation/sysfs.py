"""`/sys` of a simulated host: powercap, the board's power meter, the processors, who made the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.simulation.files import NOTHING
from monitor.simulation.perf import EVENTS, KIND, STEPS, cpus
from monitor.simulation.spec import DRIVER_VERSION, Platform, Rapl

if TYPE_CHECKING:
    from monitor.simulation.files import Files
    from monitor.simulation.supply import RaplCounter
    from monitor.simulation.world import World

POWERCAP: Final = "sys/devices/virtual/powercap/intel-rapl"
CLASS: Final = "sys/class/powercap"
EVENT_UNIT: Final = "sys/bus/event_source/devices/power"
METER: Final = "sys/devices/LNXSYSTM:00/device:00/ACPI000D:00/hwmon/hwmon0"
DRIVER: Final = "sys/module/nvidia"
METER_INTERVAL: Final = 1000
"""Milliseconds over which the board's meter averages."""
DRAM_LIMIT: Final = 48_000_000
"""Microwatts that the driver states as the most for the memory of one socket."""


@dataclass(frozen=True, slots=True)
class Zone:
    """One RAPL zone: its directory below the control type, its name and what it counts."""

    path: str
    name: str
    counter: RaplCounter
    limit: int
    """Microwatts."""


class SysTree:
    """Writes `/sys`."""

    def __init__(self, world: World, files: Files) -> None:
        self._world = world
        self._files = files
        self._zones = [] if world.spec.machine.rapl is Rapl.PERF else _zones(world)
        self._metered = (0, 0)
        self._driver_shown = 0
        self._describe_machine()
        files.make(CLASS)
        if self._zones:
            self._describe_powercap()
        if world.spec.machine.rapl is not Rapl.POWERCAP:
            self._describe_events()
        if world.spec.machine.platform is Platform.HWMON:
            self._describe_meter()

    def write(self) -> None:
        """Show the counters as they are now."""
        unreadable = "energy" in self._world.unreadable
        for zone in self._zones:
            value = NOTHING if unreadable else f"{zone.counter.microjoules(self._world.now)}\n"
            self._files.write(f"{POWERCAP}/{zone.path}/energy_uj", value)
        self._write_driver()
        if self._world.spec.machine.platform is Platform.HWMON:
            self._files.write(f"{METER}/power1_average", NOTHING if unreadable else f"{self._average()}\n")

    def _write_driver(self) -> None:
        """Show the GPU driver's module: another directory for each time that it is loaded."""
        machine = self._world.machine
        loads = machine.driver_loads if machine.driver_loaded and machine.supply.gpus else 0
        if loads == self._driver_shown:
            return
        if self._driver_shown:
            self._files.retire(DRIVER)
        if loads:
            self._files.make(DRIVER)
            self._files.write(f"{DRIVER}/version", f"{DRIVER_VERSION}\n")
        self._driver_shown = loads

    def _average(self) -> int:
        """Return the platform's power in microwatts, over the time since it was last shown."""
        before, counted = self._metered
        now = self._world.now
        platform = self._world.machine.supply.platform
        if now == before:
            return platform.rate
        self._metered = (now, platform.at(now))
        return (platform.at(now) - counted) // (now - before)

    def _describe_powercap(self) -> None:
        files = self._files
        files.make(POWERCAP)
        files.write(f"{POWERCAP}/enabled", "1\n")
        files.link(f"{CLASS}/intel-rapl", "../../devices/virtual/powercap/intel-rapl")
        for zone in self._zones:
            directory = f"{POWERCAP}/{zone.path}"
            files.make(directory)
            files.link(
                f"{CLASS}/{zone.path.rpartition('/')[2]}", f"../../devices/virtual/powercap/intel-rapl/{zone.path}"
            )
            for name, content in _zone_files(zone).items():
                files.write(f"{directory}/{name}", f"{content}\n")

    def _describe_events(self) -> None:
        files = self._files
        files.make(f"{EVENT_UNIT}/events")
        files.write(f"{EVENT_UNIT}/type", f"{KIND}\n")
        files.write(f"{EVENT_UNIT}/cpumask", f"{','.join(map(str, cpus(self._world)))}\n")
        for name, number in EVENTS.items():
            if name != "energy-psys" or self._world.spec.machine.platform is Platform.PSYS:
                files.write(f"{EVENT_UNIT}/events/{name}", f"event=0x{number:02x}\n")
                files.write(f"{EVENT_UNIT}/events/{name}.unit", "Joules\n")
                files.write(f"{EVENT_UNIT}/events/{name}.scale", f"{1 / STEPS!r}\n")

    def _describe_meter(self) -> None:
        self._files.make(METER)
        self._files.make("sys/class/hwmon")
        self._files.link("sys/class/hwmon/hwmon0", "../../devices/LNXSYSTM:00/device:00/ACPI000D:00/hwmon/hwmon0")
        self._files.write(f"{METER}/name", "power_meter\n")
        self._files.write(f"{METER}/power1_average_interval", f"{METER_INTERVAL}\n")

    def _describe_machine(self) -> None:
        files = self._files
        files.make("sys/devices/system/cpu")
        files.make("sys/class/dmi/id")
        for name in ("online", "present", "possible"):
            files.write(f"sys/devices/system/cpu/{name}", f"0-{self._world.spec.machine.cpus - 1}\n")
        files.write("sys/class/dmi/id/sys_vendor", "Simulated\n")
        files.write("sys/class/dmi/id/product_name", "Two-socket server\n")


def _zones(world: World) -> list[Zone]:
    spec, supply = world.spec.machine, world.machine.supply
    zones: list[Zone] = []
    for socket, (package, dram) in enumerate(zip(supply.package_counters, supply.dram_counters, strict=True)):
        top = f"intel-rapl:{socket}"
        name = f"package-{socket}"
        if spec.mirrored_dies:
            zones.append(Zone(f"intel-rapl:{socket + spec.sockets}", f"{name}-die-1", package, spec.tdp.microwatts))
            name = f"{name}-die-0"
        zones.append(Zone(top, name, package, spec.tdp.microwatts))
        zones.append(Zone(f"{top}/{top}:0", "dram", dram, DRAM_LIMIT))
    if spec.platform is Platform.PSYS:
        limit = 2 * spec.sockets * spec.tdp.microwatts + spec.rest.microwatts
        limit += sum(gpu.limit.microwatts for gpu in spec.gpus)
        zones.append(Zone(f"intel-rapl:{2 * spec.sockets}", "psys", supply.platform_counter, limit))
    return zones


def _zone_files(zone: Zone) -> dict[str, object]:
    """Return what does not change in a zone's directory."""
    return {
        "name": zone.name,
        "enabled": 1,
        "max_energy_range_uj": zone.counter.highest,
        "constraint_0_name": "long_term",
        "constraint_0_max_power_uw": zone.limit,
        "constraint_0_power_limit_uw": zone.limit,
        "constraint_0_time_window_us": 999_424,
        "constraint_1_name": "short_term",
        "constraint_1_max_power_uw": zone.limit * 2,
        "constraint_1_power_limit_uw": zone.limit * 6 // 5,
        "constraint_1_time_window_us": 7_808,
    }
