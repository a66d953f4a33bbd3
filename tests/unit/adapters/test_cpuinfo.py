from pathlib import Path

import pytest

from monitor.adapters import cpuinfo
from monitor.adapters.cpuinfo import Processor, parse


def x86(model: str, sockets: list[int], flags: str = "fpu vme ht") -> str:
    """Return `/proc/cpuinfo` with one logical CPU for each entry of *sockets*, its physical id."""
    return "\n".join(
        f"processor\t: {number}\nvendor_id\t: AuthenticAMD\nmodel\t\t: 17\nmodel name\t: {model}\n"
        f"physical id\t: {socket}\ncpu cores\t: 32\nflags\t\t: {flags}\nbugs\t\t: spectre_v1\n"
        for number, socket in enumerate(sockets)
    )


ARM = """processor\t: 0
BogoMIPS\t: 50.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: 0xd0c
CPU revision\t: 1

processor\t: 1
BogoMIPS\t: 50.00
CPU implementer\t: 0x41
CPU part\t: 0xd0c
"""

POWER9 = """processor\t: 0
cpu\t\t: POWER9, altivec supported
clock\t\t: 2300.000000MHz
revision\t: 2.2 (pvr 004e 1202)

timebase\t: 512000000
platform\t: PowerNV
model\t\t: 8335-GTH
"""


def test_two_sockets_are_two_physical_ids() -> None:
    text = x86("AMD EPYC 9354 32-Core Processor", [0, 0, 1, 1])
    assert parse(text) == Processor("AMD EPYC 9354 32-Core Processor", sockets=2, threads=4, virtual=False)


def test_a_virtual_machine_says_so_in_its_flags() -> None:
    assert parse(x86("AMD EPYC Processor", [0, 0], flags="fpu rdrand hypervisor lahf_lm")).virtual


def test_a_flag_that_only_contains_the_word_is_not_it() -> None:
    assert not parse(x86("AMD EPYC 7763 64-Core Processor", [0], flags="fpu hypervisor_like")).virtual


def test_an_arm_kernel_gives_numbers_for_a_name() -> None:
    assert parse(ARM) == Processor("ARM 0x41/0xd0c", sockets=1, threads=2, virtual=False)


def test_power_has_its_name_under_another_key() -> None:
    assert parse(POWER9) == Processor("POWER9, altivec supported", sockets=1, threads=1, virtual=False)


def test_nothing_is_no_name_and_no_thread() -> None:
    assert parse("") == Processor("", sockets=1, threads=0, virtual=False)


@pytest.mark.parametrize(
    ("model", "cores"),
    [
        ("AMD EPYC 9354 32-Core Processor", 32),
        ("AMD EPYC 9654 96-Core Processor", 96),
        ("AMD Ryzen Threadripper PRO 7975WX 32-Cores", 32),
        ("Intel(R) Xeon(R) Gold 6430", None),
        ("AMD EPYC 7R13 Processor", None),
        ("", None),
    ],
)
def test_amd_names_the_cores_of_a_socket(model: str, cores: int | None) -> None:
    assert Processor(model, 1, 4, virtual=True).cores_of_socket == cores


def test_the_file_is_read_below_the_given_root(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(x86("Intel(R) Xeon(R) Gold 6430", [0, 1]))
    assert cpuinfo.read(tmp_path).sockets == 2


def test_a_root_without_the_file_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        cpuinfo.read(tmp_path)
