"""How much of the hardware each consumer held, as a time for which it would have held the whole of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.attribution import apportion
from monitor.core.entries import IDLE, Holding
from monitor.core.readings import DRAM, PACKAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.usage import Consumption


def processors(used: Consumption) -> dict[Holding, int]:
    """Return by whom the CPUs were held, in ns: by CPU time of the CPU time there was."""
    return _held(PACKAGE, used.active, used.capacity, used.seen)


def memory(used: Consumption) -> dict[Holding, int]:
    """Return by whom the memory was held, in ns: by bytes of the bytes that are installed."""
    return _held(DRAM, used.held, used.room, used.seen)


def accelerator(resource: str, used: Consumption) -> dict[Holding, int]:
    """Return by whom a GPU was held, in ns: by its memory. Nothing where the driver does not say how much it has."""
    return _held(resource, used.held, used.room, used.seen)


def _held(resource: str, amounts: Mapping[str, int], room: int, seen: int) -> dict[Holding, int]:
    if not room:
        return {}
    # counters that are read one after the other may sum to a little more than there is
    weights = {IDLE: max(0, room - sum(amounts.values()))} | {key: amount for key, amount in amounts.items() if amount}
    return {Holding(consumer, resource): part for consumer, part in apportion(seen, weights).items()}
