from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.adapters.virtualisation import hypervisor
from tests.fixtures.machine import Machine

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.processors()
    return made


def because(machine: Machine) -> str:
    return hypervisor(machine.sysfs, machine.procfs)


def test_the_flag_of_the_processor_tells(machine: Machine) -> None:
    machine.processors(flags="fpu hypervisor lahf_lm")
    assert because(machine) == f"the flag `hypervisor` in {machine.procfs}/cpuinfo"


@pytest.mark.parametrize(
    ("attribute", "said"),
    [
        ("sys_vendor", "QEMU"),
        ("sys_vendor", "VMware, Inc."),
        ("product_name", "Virtual Machine"),
        ("product_name", "Standard PC (Q35 + ICH9, 2009)"),
        ("bios_vendor", "SeaBIOS"),
        ("sys_vendor", "Amazon EC2"),
    ],
)
def test_the_firmware_tells_where_the_processor_has_no_flag(machine: Machine, attribute: str, said: str) -> None:
    machine.say(f"sys/class/dmi/id/{attribute}", f"{said}\n")
    assert because(machine) == f"`{said}` in {machine.sysfs}/class/dmi/id/{attribute}"


@pytest.mark.parametrize(
    ("file", "said"), [("hypervisor/compatible", b"linux,kvm\0"), ("model", b"IBM pSeries (emulated by qemu)\0")]
)
def test_the_device_tree_tells(machine: Machine, file: str, said: bytes) -> None:
    machine.say(f"sys/firmware/devicetree/base/{file}", said)
    assert because(machine)


def test_a_domain_of_xen_is_one(machine: Machine) -> None:
    machine.say("sys/hypervisor/type", "xen\n")
    assert because(machine)


def test_the_first_domain_of_xen_is_the_machine(machine: Machine) -> None:
    machine.processors(flags="fpu hypervisor")
    machine.say("sys/hypervisor/type", "xen\n")
    machine.say("proc/xen/capabilities", "control_d\n")
    assert because(machine) == ""


@pytest.mark.parametrize(
    ("vendor", "product"),
    [
        ("Dell Inc.", "PowerEdge R760"),
        ("Microsoft Corporation", "C2010"),
        ("Amazon EC2", "c7i.metal-24xl"),
        ("Google", "Google"),
        ("", ""),
    ],
)
def test_a_real_machine_is_none(machine: Machine, vendor: str, product: str) -> None:
    machine.say("sys/class/dmi/id/sys_vendor", f"{vendor}\n")
    machine.say("sys/class/dmi/id/product_name", f"{product}\n")
    assert because(machine) == ""


def test_a_machine_that_tells_nothing_is_none(tmp_path: Path) -> None:
    assert because(Machine(tmp_path)) == ""
