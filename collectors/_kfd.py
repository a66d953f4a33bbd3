"""Programs that compute on AMD's cards by way of ROCm: which there are, and what memory each holds on which card.

They go past the render nodes (`/dev/kfd`), so that their engine time is in no fdinfo. The driver shows each with
`class/kfd/kfd/proc/PID/vram_GPU` (bytes), readable by all; GPU is a number that `topology/nodes/*` gives to a card.

Source: Linux, drivers/gpu/drm/amd/amdkfd/kfd_process.c (vram_%u), kfd_topology.c (gpu_id, location_id, domain).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from collectors._sysfs import entries, number_of, text_of
from monitor.core.units import Memory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def addresses(sysfs: Path) -> dict[int, str]:
    """Return the address on the bus (`0000:03:00.0`) of each card that ROCm can compute on, by the driver's number."""
    root = sysfs / "class/kfd/kfd/topology/nodes"
    found: dict[int, str] = {}
    for node in entries(root):
        gpu = number_of(root / node / "gpu_id")
        told = dict(line.split()[:2] for line in text_of(root / node / "properties").splitlines() if " " in line)
        place, domain = told.get("location_id", ""), told.get("domain", "0")
        if gpu and place.isdecimal() and domain.isdecimal():
            where = int(place)
            found[gpu] = f"{int(domain):04x}:{where >> 8:02x}:{where >> 3 & 0x1F:02x}.{where & 7}"
    return found


def holders(sysfs: Path, cards: Mapping[int, str]) -> dict[str, dict[int, Memory]]:
    """Return who holds how much memory on each of *cards*, by address and pid; who holds none there is left out.

    A card that is cut in partitions has a number for each: what is held on one of them is held on the card.
    """
    root = sysfs / "class/kfd/kfd/proc"
    found: dict[str, dict[int, Memory]] = {}
    for pid in entries(root):
        for gpu, address in cards.items():
            held = number_of(root / pid / f"vram_{gpu}") if pid.isdecimal() else None
            if held is not None and held > 0:
                of_card = found.setdefault(address, {})
                of_card[int(pid)] = Memory(held + of_card.get(int(pid), Memory(0)).bytes)
    return found
