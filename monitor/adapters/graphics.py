"""Which graphics cards a kernel driver has in hand (DRM), what each is called, and which are a part of a processor.

NVIDIA's are known by their own library: this is about those of AMD and Intel. A card's name is its maker's, with its
place in the order of the addresses on the bus, so that it is the same at every start of an unchanged machine.

Source: Linux, Documentation/gpu/amdgpu/thermal.rst (Northbridge voltage: APUs only); PCI ID Repository (pci-ids.ucw.cz)
for the models that hold processors; Intel, datasheets of its processors (device 2 of bus 0 is their graphics).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.adapters.attributes import names_in, text_of
from monitor.adapters.nvml import Card
from monitor.core.readings import MAKERS, gpu
from monitor.core.units import Memory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

ENTRY: Final = re.compile(r"card\d+")
DRIVERS: Final = {"amd": ("amdgpu",), "intel": ("i915", "xe")}
"""Of each maker's cards."""
NORTHBRIDGE: Final = "vddnb"
"""What a voltage is called that only a card in a processor has."""
WITH_PROCESSORS: Final = frozenset({"1002:74A0"})
"""Cards that hold processors, and do not show it so: MI300A."""
INTELS_OWN: Final = "8086:"
IN_THE_PROCESSOR: Final = ":00:02."


@dataclass(frozen=True, slots=True)
class Device:
    """One card that a driver has in hand."""

    address: str
    """On the bus: `0000:03:00.0`."""
    model: str
    """Its maker and model on the bus: `1002:740F`."""
    directory: Path

    @property
    def in_a_processor(self) -> bool:
        """Whether it is a part of a processor, and its energy in the processor's."""
        if self.model.startswith(INTELS_OWN):
            return IN_THE_PROCESSOR in self.address
        sensors = self.directory / "hwmon"
        labels = {text_of(sensors / entry / "in1_label") for entry in names_in(sensors)}
        return NORTHBRIDGE in labels or self.model in WITH_PROCESSORS


def entries(names: Collection[str]) -> tuple[str, ...]:
    """Return those of *names*, in `class/drm`, that are cards, and not their connectors."""
    return tuple(sorted(name for name in names if ENTRY.fullmatch(name)))


def devices(sysfs: Path, names: Collection[str], drivers: Collection[str]) -> tuple[list[Device], list[str]]:
    """Return the cards of *drivers* among *names*, in order of their addresses, and those that may not be looked at."""
    found: dict[str, Device] = {}
    closed: list[str] = []
    for name in names:
        directory = sysfs / "class/drm" / name / "device"
        try:
            told = dict(_pairs((directory / "uevent").read_text("utf-8", "replace")))
        except PermissionError:
            closed.append(name)
            continue
        except OSError:
            continue  # went as it was found, or is no device of a bus
        address = told.get("PCI_SLOT_NAME", "")
        if told.get("DRIVER") in drivers and address:
            found[address] = Device(address, told.get("PCI_ID", ""), directory)
    return [device for _, device in sorted(found.items())], closed


def cards(sysfs: Path) -> dict[str, Card]:
    """Return the cards of AMD and Intel that are not a part of a processor, by their addresses, named as measured."""
    found: dict[str, Card] = {}
    names = entries(names_in(sysfs / "class/drm"))
    for maker, drivers in DRIVERS.items():
        apart = [device for device in devices(sysfs, names, drivers)[0] if not device.in_a_processor]
        for number, device in enumerate(apart):
            found[device.address] = Card(gpu(number, maker), _model(maker, device), _memory(device), "class/drm")
    return found


def _model(maker: str, device: Device) -> str:
    """Return what the card says that it is, as server cards of AMD do; else its numbers on the bus."""
    return text_of(device.directory / "product_name") or f"{MAKERS[maker]} {device.model}"


def _memory(device: Device) -> Memory | None:
    told = text_of(device.directory / "mem_info_vram_total")
    return Memory(int(told)) if told.isdecimal() and int(told) > 0 else None


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, _, value = line.partition("=")
        yield key, value
