"""Energy and power of sensors that the kernel's drivers show in hwmon, of the chips in a table.

Reads `class/hwmon/hwmon*/energyN_input` (microjoules, a counter) and `powerN_input` or `powerN_average` (microwatts).
An ACPI power meter (`power_meter`) keeps its attributes in the directory `device`, and blocks while the firmware
measures, for a second and more. Error: by chip, in the table. Privilege: none, but amd_energy's counters are readable
by root only (0440).

Traps: chips number their sensors as they like, so what one measures is told by its label; a meter that fails shows
4.29 MW; several meters of one machine may contain each other; amd_energy counts memory nodes and calls them sockets.

Source: Linux, Documentation/hwmon/sysfs-interface.rst and the drivers named in the table.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from collectors._rapl import PACKAGE_BOUND
from collectors._sysfs import NumberFile, energy_in, entries, name_in, number_of, read_again, text_of, whole
from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.core.readings import DRAM, PACKAGE, PLATFORM, CounterReading, Method, PowerReading
from monitor.core.units import Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from monitor.collector import Host
    from monitor.core.readings import Reading


@dataclass(frozen=True, slots=True)
class Chip:
    """What the sensors of one chip measure, whose label (all of it) matches `label`."""

    name: str
    kind: str
    """`energy` or `power`."""
    item: str
    label_in: str
    """Which file has the label, the sensor's number left out."""
    label: re.Pattern[str]
    resource: str
    accuracy: str
    alone: bool = False
    """Whether two such sensors can't be summed, as nothing says whether one contains the other."""


ESOCKET: Final = re.compile(r"Esocket(\d+)")
ALTRA_PROCESSOR: Final = re.compile(r"power\d+ (?:CORE VRD|SoC|RCA VRD)")
ALTRA_MEMORY: Final = re.compile(r"power\d+ DIMM VRD\d+")
CHIPS: Final = (
    # amd_energy.c, and zenergy, which is made of it; Ecore: inside its socket
    Chip("amd_energy", "energy", "input", "label", ESOCKET, PACKAGE, "about +-5 %, modelled by the processor"),
    Chip("zenergy", "energy", "input", "label", ESOCKET, PACKAGE, "about +-5 %, modelled by the processor"),
    # xgene-hwmon.c: two parts of one chip
    Chip("apm_xgene", "power", "input", "label", re.compile("CPU power|IO power"), PACKAGE, "not stated"),
    # smpro-hwmon.c (Ampere Altra): each supply of the processor has a regulator of its own, and so has the memory
    Chip("smpro_hwmon", "power", "input", "label", ALTRA_PROCESSOR, PACKAGE, "not stated"),
    Chip("smpro_hwmon", "power", "input", "label", ALTRA_MEMORY, DRAM, "not stated"),
    # NVIDIA Grace, as edk2-platforms and DCGM name them: Grace contains CPU, SysIO and memory, Module contains Grace
    Chip(
        "power_meter",
        "power",
        "average",
        "oem_info",
        re.compile(r"(CPU|SysIO) Power Socket \d+", re.IGNORECASE),
        PACKAGE,
        "not stated",
    ),
    # acpi_power_meter.c: what no maker has given another meaning is the machine
    Chip(
        "power_meter",
        "power",
        "average",
        "oem_info",
        re.compile(r"(?!.*Power Socket).*", re.IGNORECASE | re.DOTALL),
        PLATFORM,
        "not stated",
        alone=True,
    ),
)
"""The sensors that are read. Others are left alone: what a chip measures can't be told from its numbers."""

SENSOR: Final = re.compile(r"(energy|power)(\d+)_(input|average)")
AMD_RANGE: Final = Energy(1 << 48)
"""Where amd_energy's counter wraps: it multiplies steps of 2^-16 J by 10^6 in 64 bits. Source: amd_energy.c."""
HOLD: Final = Duration.from_seconds(300)
"""How long a power stands. Our choice: the longest sampling interval, so that none leaves gaps."""
UNKNOWN: Final = Power(0xFFFFFFFF * 1000)
"""What a power meter shows that failed. Source: ACPI 6.5, 10.4.1 (_PMM); lm-sensors, issues 130 and 460."""
CURE: Final = (
    "let the daemon's group read them: `z /sys/devices/platform/amd_energy.*/hwmon/hwmon*/energy*_input 0440 root "
    "empreinte - -` in a file of /etc/tmpfiles.d; or give the daemon CAP_DAC_READ_SEARCH"
)


@dataclass(frozen=True, slots=True)
class Found:
    """One sensor of a chip in the table."""

    chip: Chip
    path: Path
    meter: str
    label: str

    @property
    def called(self) -> str:
        """What chip it is on, and its label, if any."""
        return f"{self.chip.name}, {self.label}" if self.label else self.chip.name


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor, open."""

    found: Found
    file: NumberFile
    accuracy: str

    @property
    def method(self) -> Method:
        """How its energy is obtained."""
        return Method.COUNTER if self.found.chip.kind == "energy" else Method.INTEGRATED

    def reading(self) -> CounterReading | PowerReading:
        """Return what it shows now. Raises Retry, also where it shows that it failed; Gone."""
        chip = self.found.chip
        if self.method is Method.COUNTER:
            energy = energy_in(self.file, AMD_RANGE)
            return CounterReading(chip.resource, self.found.meter, energy, PACKAGE_BOUND, AMD_RANGE)
        value = self.file.read()
        if not 0 < value < UNKNOWN.microwatts:
            raise Retry(f"{self.found.path} shows {value}: the meter did not measure")
        return PowerReading(chip.resource, self.found.meter, Power(value), HOLD)


class HwmonCollector:
    """Reads the sensors of known chips, and follows chips that come and go."""

    name: ClassVar[str] = "hwmon"
    slow: ClassVar[bool] = True

    def __init__(self, sysfs: Path) -> None:
        """Read the sensors below *sysfs*. Raises Unavailable."""
        self._sysfs = sysfs
        self._root = sysfs / "class/hwmon"
        self._files = ExitStack()
        self._entries: tuple[str, ...] = ()
        self._sensors: list[Sensor] = []
        self._refused: tuple[str, ...] = ()
        self._scan()

    @classmethod
    def open(cls, host: Host) -> HwmonCollector:
        """Return a collector of the sensors that are known and can be read.

        Raises Unavailable: ABSENT where no chip is known, FORBIDDEN where its sensors may not be read, UNSUPPORTED
        where it can't be told what they measure. Of each resource all sensors are read or none.
        """
        return cls(host.sysfs)

    def sources(self) -> Sequence[Source]:
        """Return the sensors that are read."""
        missing = f"; not read, for want of the right: {', '.join(self._refused)}" if self._refused else ""
        return [
            Source(
                sensor.found.chip.resource,
                sensor.found.meter,
                sensor.method,
                f"{sensor.found.called}, {sensor.found.path}{missing}",
                sensor.accuracy,
            )
            for sensor in self._sensors
        ]

    def collect(self) -> Sequence[Reading]:
        """Return what the sensors show. A resource of which one can't be read now is left out.

        Raises Retry where none is left, Unavailable where the sensors have gone or may not be read any more.
        """
        if entries(self._root) != self._entries:
            self._scan()
        return read_again(self._read, self._scan)

    def close(self) -> None:
        """Close the sensors' files."""
        self._files.close()

    def _read(self) -> Sequence[Reading]:
        return whole((sensor.found.chip.resource, sensor.reading) for sensor in self._sensors)

    def _scan(self) -> None:
        """Find the sensors and open them anew. Raises Unavailable."""
        self._files.close()
        self._entries = entries(self._root)
        chips, closed = _chips(self._root, self._entries)
        found = [sensor for directory, name in chips.items() for sensor in _sensors(directory, name)]
        usable = _of_best_kind(_one_for_each_socket(_only_if_alone(found), self._sysfs))
        refused: dict[str, str] = {}
        sensors: list[Sensor] = []
        for one in usable:
            try:
                sensors.append(self._open(one))
            except PermissionError:
                refused[one.meter] = one.chip.resource
            except OSError:
                continue  # went as it was found
        self._refused = (*refused, *closed)
        self._sensors = [sensor for sensor in sensors if sensor.found.chip.resource not in refused.values()]
        if not self._sensors:
            self._files.close()
            raise self._nothing(found, sorted(set(chips.values())))

    def _open(self, found: Found) -> Sensor:
        file = NumberFile(found.path)
        self._files.callback(file.close)
        stated = text_of(found.path.with_name("power1_accuracy")) if found.chip.name == "power_meter" else ""
        return Sensor(found, file, f"{stated} right (firmware)" if stated else found.chip.accuracy)

    def _nothing(self, found: Sequence[Found], chips: Sequence[str]) -> Unavailable:
        if self._refused:
            return Unavailable(Reason.FORBIDDEN, f"{', '.join(self._refused)} in {self._root} may not be read", CURE)
        if found:
            return Unavailable(
                Reason.UNSUPPORTED,
                f"what {', '.join(sensor.meter for sensor in found)} in {self._root} measure together can't be told",
                "measure the machine with its controller (IPMI, Redfish) or a wall meter",
            )
        known = f": only {', '.join(chips)}" if chips else ""
        return Unavailable(
            Reason.ABSENT,
            f"no chip in {self._root} is known to measure energy or power{known}",
            "on a server with an ACPI power meter load the module acpi_power_meter",
        )


def _chips(root: Path, names: Iterable[str]) -> tuple[dict[Path, str], list[str]]:
    """Return the directories of the chips with their names, and the entries that may not be looked into.

    The older drivers, ACPI's among them, have their name and attributes in the directory of the device.
    """
    chips: dict[Path, str] = {}
    closed: list[str] = []
    for entry in sorted(names, key=lambda name: (len(name), name)):
        try:
            name = name_in(root / entry) or name_in(root / entry / "device")
        except PermissionError:
            closed.append(entry)
            continue
        if name:
            chips[root / entry] = name
    return chips, closed


def _sensors(directory: Path, name: str) -> Iterator[Found]:
    """Yield the sensors of the chip in *directory* that the table knows, in order of their number."""
    known = [chip for chip in CHIPS if chip.name == name]
    if not known:
        return
    for place in (directory, directory / "device"):
        numbered = [(int(match[2]), match) for entry in entries(place) if (match := SENSOR.fullmatch(entry))]
        for number, match in sorted(numbered, key=lambda pair: pair[0]):
            found = _known(known, place, f"{match[1]}{number}", match)
            if found is not None:
                yield found
        if numbered:
            return


def _known(chips: Sequence[Chip], place: Path, stem: str, match: re.Match[str]) -> Found | None:
    for chip in chips:
        label = text_of(place / f"{stem}_{chip.label_in}")
        if (chip.kind, chip.item) == (match[1], match[3]) and chip.label.fullmatch(label):
            if number_of(place / f"{stem}_is_battery"):
                return None
            entry = place.parent.name if place.name == "device" else place.name
            return Found(chip, place / match[0], f"{entry}/{match[0]}", label)
    return None


def _only_if_alone(found: Sequence[Found]) -> list[Found]:
    """Return *found* without the sensors that stand for their resource alone, where there are several."""
    counts: dict[str, int] = {}
    for sensor in found:
        if sensor.chip.alone:
            counts[sensor.chip.resource] = counts.get(sensor.chip.resource, 0) + 1
    return [sensor for sensor in found if not sensor.chip.alone or counts[sensor.chip.resource] == 1]


def _of_best_kind(found: Sequence[Found]) -> list[Found]:
    """Return, of each resource, its counters; where it has none, its powers."""
    counted = {sensor.chip.resource for sensor in found if sensor.chip.kind == "energy"}
    return [sensor for sensor in found if sensor.chip.kind == "energy" or sensor.chip.resource not in counted]


def _one_for_each_socket(found: Sequence[Found], sysfs: Path) -> list[Found]:
    """Return *found* with one `Esocket` for each socket; with none where a socket has none.

    The driver counts memory nodes: with several to a socket they all show that socket's counter, and some versions show
    the first socket's for every one. Source: amd_energy, issue 5.
    """
    sockets = _sockets_of_nodes(sysfs)
    numbers = {sensor.meter: int(match[1]) for sensor in found if (match := ESOCKET.fullmatch(sensor.label))}
    if not numbers or not sockets or not set(numbers.values()) <= sockets.keys():
        return list(found)
    first: dict[int, str] = {}
    for meter, number in numbers.items():
        first.setdefault(sockets[number], meter)
    counted = set(first.values()) if first.keys() == set(sockets.values()) else set()
    return [sensor for sensor in found if sensor.meter not in numbers or sensor.meter in counted]


def _sockets_of_nodes(sysfs: Path) -> Mapping[int, int]:
    """Return the socket of each memory node that has processors; none where the kernel doesn't tell."""
    sockets: dict[int, int] = {}
    for entry in entries(sysfs / "devices/system/node"):
        cpus = re.match(r"\d+", text_of(sysfs / "devices/system/node" / entry / "cpulist"))
        if entry.removeprefix("node").isdigit() and cpus:
            socket = number_of(sysfs / f"devices/system/cpu/cpu{cpus[0]}/topology/physical_package_id")
            if socket is None:
                return {}
            sockets[int(entry.removeprefix("node"))] = socket
    return sockets
