"""What this machine is made of, as its kernel and firmware tell: processors, memory, disks, cards.

Nothing here fails: what can't be read, or says what it can't mean, is a fact that is missing. What a virtual machine
shows is not hardware of its own: it says that it is one, and nothing else is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.adapters import cpuinfo, graphics, memory_modules
from monitor.adapters.attributes import names_in, number_of, text_of
from monitor.adapters.disks import Disk, disks
from monitor.adapters.virtualisation import hypervisor

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from monitor.adapters.memory_modules import Installed
    from monitor.adapters.nvml import Card

NVIDIA: Final = "0x10de"
VENDORS: Final = {NVIDIA: "NVIDIA", "0x1002": "AMD", "0x8086": "Intel"}
"""Makers of the cards that AI runs on. Source: PCI ID Repository (pci-ids.ucw.cz)."""
DISPLAY: Final = "0x03"
"""How the class of a PCI device begins that shows pictures, or could.

Source: PCI-SIG, PCI Code and ID Assignment Specification."""
COMPUTE: Final = ("0x0380", "0x1200")
"""Display controllers without a screen, and processing accelerators. Source: as above."""


@dataclass(frozen=True, slots=True)
class Sockets:
    """The processors of the machine, and where that was read."""

    model: str
    """As the kernel names it; empty where it doesn't say."""
    number: int
    """How many sockets have one."""
    where: str


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A graphics or AI card on the bus that no driver names."""

    address: str
    """On the bus: `0000:3b:00.0`."""
    vendor: str


@dataclass(frozen=True, slots=True)
class Detected:
    """What the machine is made of. Where `virtual`, nothing but that is known."""

    virtual: bool
    virtual_because: str
    """What says so; empty where it is not."""
    processors: Sockets | None
    memory: Installed | None
    disks: tuple[Disk, ...]
    cards: tuple[Card, ...]
    unnamed: tuple[Accelerator, ...]
    """Cards that are there, and that nothing names."""


def detect(sysfs: Path, procfs: Path, cards: Sequence[Card]) -> Detected:
    """Return what the machine is made of whose files are at *sysfs* and *procfs*; *cards* are those that NVML names.

    In a container these are the host's, where they are mounted.
    """
    because = hypervisor(sysfs, procfs)
    if because:
        return Detected(True, because, None, None, (), (), ())
    others = graphics.cards(sysfs)
    return Detected(
        virtual=False,
        virtual_because="",
        processors=_processors(sysfs, procfs),
        memory=memory_modules.installed(sysfs, procfs),
        disks=disks(sysfs),
        cards=(*cards, *others.values()),
        unnamed=_unnamed(sysfs, len(cards), others.keys()),
    )


def _processors(sysfs: Path, procfs: Path) -> Sockets | None:
    """Return the processors. On x86 cpuinfo counts the sockets; elsewhere the topology does."""
    try:
        seen = cpuinfo.read(procfs)
    except OSError:
        return None
    if not seen.threads:
        return None
    where = procfs / "cpuinfo"
    packages = _packages(sysfs)
    if seen.sockets > 1 or not packages:
        return Sockets(seen.model, seen.sockets, str(where))
    return Sockets(seen.model, len(packages), f"{where}, {sysfs / 'devices/system/cpu'}")


def _packages(sysfs: Path) -> frozenset[int]:
    """Return the ids of the packages that have a CPU, where the firmware says (ACPI).

    A kernel that goes by a device tree takes clusters of cores for packages, or says -1.
    """
    root = sysfs / "devices/system/cpu"
    if not names_in(sysfs / "firmware/acpi"):
        return frozenset()
    cpus = (name for name in names_in(root) if name.removeprefix("cpu").isdecimal())
    ids = (number_of(root / name / "topology/physical_package_id") for name in cpus)
    return frozenset(one for one in ids if one is not None and one >= 0)


def _unnamed(sysfs: Path, named: int, others: Collection[str]) -> tuple[Accelerator, ...]:
    """Return the cards on the bus beyond the *named* ones of NVIDIA, and the *others*, at their addresses."""
    root = sysfs / "bus/pci/devices"
    found: dict[str, list[Accelerator]] = {maker: [] for maker in VENDORS}
    for address in names_in(root):
        maker, kind = text_of(root / address / "vendor"), text_of(root / address / "class")
        # of the others' what shows pictures may be a part of a processor
        wanted = (DISPLAY,) if maker == NVIDIA else COMPUTE
        if maker in VENDORS and kind.startswith(wanted) and address not in others:
            found[maker].append(Accelerator(address, VENDORS[maker]))
    nvidias = found.pop(NVIDIA)
    return (*nvidias[named:], *(one for several in found.values() for one in several))
