"""What `/proc/cpuinfo` says of the processors: their name, how many there are, and whether they are real."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CORES_IN_NAME: Final = re.compile(r"\b(\d+)-Cores?\b")
"""How AMD names the cores of a socket: `AMD EPYC 9354 32-Core Processor`."""


@dataclass(frozen=True, slots=True)
class Processor:
    """The processors of a machine, as its kernel sees them: all that the model of a host needs to know of them.

    On a virtual machine `sockets` means nothing: hypervisors often show one socket for each virtual CPU.
    """

    model: str
    """Its name, as the kernel has it; empty where the kernel doesn't say."""
    sockets: int
    """Distinct physical ids; one where the kernel doesn't say."""
    threads: int
    """Logical CPUs."""
    virtual: bool
    """Seen through a hypervisor (x86 says so; elsewhere never known, and False)."""

    @property
    def cores_of_socket(self) -> int | None:
        """Cores of the whole physical socket, where the name tells; None where not."""
        match = CORES_IN_NAME.search(self.model)
        return int(match[1]) if match else None


def read(procfs: Path) -> Processor:
    """Return the processors of the machine whose procfs is at *procfs*. Raises OSError where it can't be read."""
    return parse((procfs / "cpuinfo").read_text(encoding="utf-8", errors="replace"))


def parse(text: str) -> Processor:
    """Return the processors that *text*, the content of `/proc/cpuinfo`, describes."""
    blocks = [_fields(block) for block in re.split(r"\n\s*\n", text)]
    processors = [fields for fields in blocks if "processor" in fields]
    first = processors[0] if processors else {}
    sockets = {fields["physical id"] for fields in processors if "physical id" in fields}
    return Processor(
        model=_name(first),
        sockets=max(len(sockets), 1),
        threads=len(processors),
        virtual="hypervisor" in first.get("flags", "").split(),
    )


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in block.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _name(fields: Mapping[str, str]) -> str:
    """Return the name; ARM kernels give numbers instead, POWER its name under another key."""
    if name := fields.get("model name") or fields.get("cpu"):
        return name
    if part := fields.get("CPU part"):
        return f"ARM {fields.get('CPU implementer', '?')}/{part}"
    return ""
