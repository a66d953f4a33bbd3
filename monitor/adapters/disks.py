"""The disks that are built into this machine: what they are, and how large.

Left out is what is no disk (loop, dm, md, zram, ram), what can be taken out (USB, cards, optical), and what stands
somewhere else (iSCSI, Fibre Channel, NVMe over a network, network block devices). A volume of a RAID controller is
told as one: the disks behind it are not seen.

Source: Linux, Documentation/ABI/stable/sysfs-block; drivers/nvme/host/multipath.c.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from monitor.adapters.attributes import names_in, number_of, text_of

if TYPE_CHECKING:
    from pathlib import Path

SECTOR: Final = 512
"""Bytes, whatever the disk's own sectors are. Source: as above, `size`."""
BUILT_IN: Final = re.compile(r"sd[a-z]+|nvme\d+n\d+|hd[a-z]+")
"""How the kernel names disks that may be built in."""
ELSEWHERE: Final = re.compile(r"/(usb\d+|session\d+|rport-[\d:-]+|sas_addr_remote|nbd\d+)/")
"""What is in the path of a device that is plugged in (USB), or reached over a network (iSCSI, Fibre Channel)."""
VIRTUAL: Final = "/devices/virtual/"
SHARED: Final = "/nvme-subsystem/"
"""Where an NVMe disk that can be reached by several ways stands, among the virtual ones."""
LOCAL: Final = "pcie"
"""How an NVMe disk of this machine is attached."""
CONTROLLERS: Final = re.compile(
    r"(DELL|LSI|AVAGO|BROADCOM|Lenovo|IBM|FTS|Cisco|Intel|SUPERMICR|Huawei|Inspur)"
    r" +(PERC|MR|SMC|RAID|ServeRAID|RMS|RS|PRAID|UCS).*"
    r"|(HP|HPE) +LOGICAL VOLUME.*|(Adaptec|ASR\w*) .*|ATA +DELLBOSS VD.*|DELL +(BOSS|Virtual Disk).*",
    re.IGNORECASE,
)
"""Vendor and model of a volume that a RAID controller makes. Source: smartmontools, list of supported RAID controllers;
the makers' documentation."""


class DiskKind(StrEnum):
    """What a disk is."""

    SSD = "ssd"
    HDD = "hdd"
    RAID = "raid"
    """A volume of a RAID controller: which disks are behind it is not seen."""
    UNKNOWN = "unknown"
    """The kernel doesn't say whether it turns."""


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk, and where it was read."""

    name: str
    """The kernel's: `sda`, `nvme0n1`. It may be another after the next start."""
    kind: DiskKind
    size: int
    """Bytes."""
    model: str
    where: str


def disks(sysfs: Path) -> tuple[Disk, ...]:
    """Return the disks that are built in, in order of their names; none where they can't be listed."""
    root = sysfs / "block"
    found = (_disk(root / name, name) for name in names_in(root) if BUILT_IN.fullmatch(name))
    return tuple(disk for disk in found if disk is not None)


def _disk(directory: Path, name: str) -> Disk | None:
    sectors = number_of(directory / "size")
    if not sectors or not _is_built_in(directory):
        return None
    vendor, model = text_of(directory / "device/vendor"), text_of(directory / "device/model")
    kind = DiskKind.RAID if CONTROLLERS.fullmatch(f"{vendor} {model}") else _kind(directory)
    return Disk(name, kind, sectors * SECTOR, model, str(directory))


def _is_built_in(directory: Path) -> bool:
    if number_of(directory / "removable") or number_of(directory / "hidden"):
        return False
    try:
        # the kernel's tree of devices tells how it is attached
        path = f"{directory.resolve()}/"
    except (OSError, RuntimeError):
        return False
    if ELSEWHERE.search(path) or (VIRTUAL in path and SHARED not in path):
        return False
    return _transports(directory) <= {LOCAL}


def _transports(directory: Path) -> frozenset[str]:
    """Return how an NVMe disk is attached, by each way; empty for others, and where the kernel doesn't say."""
    device = directory / "device"
    ways = [device, *(device / name for name in names_in(device) if re.fullmatch(r"nvme\d+", name))]
    return frozenset(said for way in ways if (said := text_of(way / "transport")))


def _kind(directory: Path) -> DiskKind:
    turns = number_of(directory / "queue/rotational")
    if turns is None:
        return DiskKind.UNKNOWN
    return DiskKind.HDD if turns else DiskKind.SSD
