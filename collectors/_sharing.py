"""Who has how much of a card that several use at once by other means than taking turns: its parts (MIG), or MPS.

A part has compute units of its own, and the card tells neither what each part draws nor whether it computes: what is
set aside for it stands for that. A server of MPS computes for its clients: what it did is theirs.

Source: NVML API reference, nvmlDeviceGetAttributes_v2; NVIDIA, Multi-Process Service (nvidia-cuda-mps-server).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from collectors._nvml import Context

WHOLE: Final = 1000
"""What is set aside is told in thousandths of the card."""
SERVER: Final = "nvidia-cuda-mps"
"""How the kernel calls a server of MPS: it keeps 15 characters of a name."""


def set_aside(contexts: Iterable[Context], slices: Mapping[int, int], of: int) -> dict[int, int]:
    """Return how much of the card is set aside for each process, in thousandths; nothing where that is not known.

    *slices* says how many of the *of* slices of the card each part has. Several processes on one part share it by the
    memory that they hold there; evenly, where that is not told.
    """
    on_part: dict[int, dict[int, int | None]] = {}
    for context in contexts:
        for part, held in context.held.items():
            on_part.setdefault(part, {})[context.pid] = held
    if of <= 0 or not on_part.keys() <= slices.keys():
        return {}
    found: dict[int, int] = {}
    for part, holders in on_part.items():
        told = {pid: held for pid, held in holders.items() if held}
        weights = told if len(told) == len(holders) else dict.fromkeys(holders, 1)
        for pid, weight in weights.items():
            share = round(WHOLE * slices[part] * weight / of / sum(weights.values()))
            found[pid] = found.get(pid, 0) + max(1, share)
    return found


def of_the_clients(percents: Mapping[int, int], contexts: Sequence[Context], procfs: Path) -> dict[int, int]:
    """Return *percents*, those of each server of MPS given to its clients by the memory that they hold.

    Newer drivers name the clients themselves; then there is nothing to give.
    """
    clients = {context.pid: context.memory.bytes if context.memory else 0 for context in contexts if context.mps}
    servers = {pid for pid in percents if clients and pid not in clients and _is_server(procfs, pid)}
    shared = {pid: percent for pid, percent in percents.items() if pid not in servers}
    given = sum(percents[pid] for pid in servers)
    total = sum(clients.values())
    for pid, held in clients.items() if given else ():
        part = given * held / total if total else given / len(clients)
        shared[pid] = min(100, shared.get(pid, 0) + max(1, round(part)))
    return shared


def _is_server(procfs: Path, pid: int) -> bool:
    try:
        return (procfs / str(pid) / "comm").read_text("utf-8", "replace").startswith(SERVER)
    except OSError:
        return False
