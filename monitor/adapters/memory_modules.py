"""How much memory is installed.

Best first: the modules that the firmware lists; what the memory controllers watch (EDAC); the kernel's total,
rounded up to what modules can add up to.

Source: DMTF DSP0134, SMBIOS 3.7, section 7.18 (memory device); Linux, Documentation/driver-api/edac.rst.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.adapters.attributes import bytes_of, names_in, number_of, text_of
from monitor.core.units import Memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30
MEMORY_DEVICE: Final = "17-"
"""How the kernel names the entries of that type."""
SIZE: Final = 0x0C
TYPE: Final = 0x12
EXTENDED_SIZE: Final = 0x1C
"""Offsets of a memory device's fields."""
EMPTY: Final = 0
UNKNOWN: Final = 0xFFFF
IN_EXTENDED: Final = 0x7FFF
IN_KIB: Final = 0x8000
"""What its size says: the socket is empty, nobody knows, see the extended size; the bit that says KiB, not MiB."""
NOT_WORKING_MEMORY: Final = frozenset({0x05, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x1F})
"""Types that are no memory to work in: video, ROM, flash, EEPROM, FEPROM, EPROM, logical non-volatile."""
PARTS: Final = 7
"""A kernel's total is rounded up to a step of a seventh of it at most, and a power of two.

Our choice: modules have 2^n or 3 x 2^n GiB and stand in equal numbers, so their sum is 8 to 16 steps; firmware and
kernel keep about 2 % to themselves, which is less than a step, and more than a finer one on a large machine.
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """The memory that is installed, and where that was read."""

    memory: Memory
    where: str
    rounded: bool = False
    """The kernel's total, rounded up to what modules can add up to."""


def installed(sysfs: Path, procfs: Path) -> Installed | None:
    """Return the memory that is installed, by the best source that can be read; None where there is none.

    A source that tells less than the kernel has, or more than twice that, is not believed.
    """
    total = _total(procfs)
    for found in (_listed(sysfs), _watched(sysfs)):
        if found is not None and (total is None or total <= found.memory.bytes <= 2 * total):
            return found
    if total is None:
        return None
    return Installed(Memory(rounded_up(total)), str(procfs / "meminfo"), rounded=True)


def rounded_up(total: int) -> int:
    """Return the bytes of the modules of which a kernel shows *total* bytes."""
    step = GIB
    while 2 * PARTS * step <= total:
        step *= 2
    return -(-total // step) * step


def _total(procfs: Path) -> int | None:
    match = re.search(r"^MemTotal:\s+(\d+) kB$", text_of(procfs / "meminfo"), re.MULTILINE)
    return int(match[1]) * KIB if match and int(match[1]) else None


def _listed(sysfs: Path) -> Installed | None:
    """Return the sum of the modules in the firmware's list; only root may read it."""
    root = sysfs / "firmware/dmi/entries"
    entries = [name for name in names_in(root) if name.startswith(MEMORY_DEVICE)]
    sizes = [_module(bytes_of(root / name / "raw")) for name in entries]
    known = [size for size in sizes if size is not None]
    if not sum(known) or len(known) < len(sizes):
        return None
    return Installed(Memory(sum(known)), f"{root}/{MEMORY_DEVICE}*")


def _module(entry: bytes) -> int | None:
    """Return the bytes of one module; none for an empty socket and what is no working memory; None where not known."""
    if len(entry) < EXTENDED_SIZE:
        return None
    size = int.from_bytes(entry[SIZE : SIZE + 2], "little")
    if size == EMPTY or entry[TYPE] in NOT_WORKING_MEMORY:
        return 0
    if size == UNKNOWN:
        return None
    if size != IN_EXTENDED:
        return (size & ~IN_KIB) * (KIB if size & IN_KIB else MIB)
    extended = entry[EXTENDED_SIZE : EXTENDED_SIZE + 4]
    return (int.from_bytes(extended, "little") & 0x7FFF_FFFF) * MIB if len(extended) == 4 else None  # noqa: PLR2004 - a double word


def _watched(sysfs: Path) -> Installed | None:
    """Return what the memory controllers watch for errors; everybody may read it, where the driver is loaded."""
    root = sysfs / "devices/system/edac/mc"
    sizes = list(_controllers(root))
    known = [size for size in sizes if size is not None]
    if not sum(known) or len(known) < len(sizes):
        return None
    return Installed(Memory(sum(known) * MIB), f"{root}/mc*/size_mb")


def _controllers(root: Path) -> Iterator[int | None]:
    for name in names_in(root):
        if name.startswith("mc") and name[2:].isdecimal():
            yield number_of(root / name / "size_mb")
