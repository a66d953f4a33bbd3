"""Whether this machine is a virtual one, and what says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.adapters import cpuinfo
from monitor.adapters.attributes import text_of

if TYPE_CHECKING:
    from pathlib import Path

MAKERS: Final = (
    ("sys_vendor", ("QEMU", "KVM", "OpenStack", "KubeVirt", "Amazon EC2", "VMware", "Xen", "BHYVE", "Parallels")),
    ("sys_vendor", ("innotek GmbH", "Bochs", "Alibaba Cloud", "Apple Virtualization")),
    ("product_name", ("KVM", "VMware", "Virtual Machine", "VirtualBox", "HVM domU", "Google Compute Engine")),
    ("product_name", ("OpenStack", "KubeVirt", "BHYVE", "Standard PC", "Bochs")),
    ("bios_vendor", ("SeaBIOS", "BHYVE", "Xen", "Bochs", "innotek GmbH", "Parallels")),
)
"""How what firmware says of a machine begins where a hypervisor made it up.

Source: systemd, systemd-detect-virt(1) and its table of SMBIOS names; the hypervisors' documentation.
"""
BARE: Final = ".metal"
"""In the product's name of a machine of Amazon EC2 that is rented whole. Source: Amazon EC2, instance types."""


def hypervisor(sysfs: Path, procfs: Path) -> str:
    """Return what says that this is a virtual machine, and where; empty where nothing does.

    The first domain of Xen sees a hypervisor and is the machine's owner: it is not one.
    """
    if "control_d" in text_of(procfs / "xen/capabilities").split():
        return ""
    for said in (_flag(procfs), _firmware(sysfs), _xen(sysfs), _device_tree(sysfs)):
        if said:
            return said
    return ""


def _flag(procfs: Path) -> str:
    try:
        virtual = cpuinfo.read(procfs).virtual
    except OSError:
        return ""
    return f"the flag `hypervisor` in {procfs / 'cpuinfo'}" if virtual else ""


def _firmware(sysfs: Path) -> str:
    directory = sysfs / "class/dmi/id"
    if BARE in text_of(directory / "product_name"):
        return ""
    for name, beginnings in MAKERS:
        said = text_of(directory / name)
        if said.startswith(beginnings):
            return f"`{said}` in {directory / name}"
    return ""


def _xen(sysfs: Path) -> str:
    """Return the kind of a domain; the kernel shows it to all of them, and the first is told apart before."""
    kind = text_of(sysfs / "hypervisor/type")
    return f"`{kind}` in {sysfs / 'hypervisor/type'}" if kind else ""


def _device_tree(sysfs: Path) -> str:
    """Return what the device tree says; Arm and POWER have no flag in cpuinfo."""
    root = sysfs / "firmware/devicetree/base"
    if said := text_of(root / "hypervisor/compatible").replace("\0", " "):
        return f"`{said}` in {root / 'hypervisor/compatible'}"
    # an LPAR, or a guest of KVM; a machine that owns itself says PowerNV
    machine = text_of(root / "model")
    return f"`{machine}` in {root / 'model'}" if "qemu" in machine else ""
