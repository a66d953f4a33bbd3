"""Share a whole among consumers. The parts sum exactly to the whole, in integers.

Each function takes the energy of one resource over one slot of time and what was used of it then, and returns parts:
(consumer, share) -> microjoules. What is known to be drawn but belongs to nobody goes to `_idle`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from monitor.core.entries import IDLE, UNATTRIBUTED, Share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.units import Energy

Key = TypeVar("Key", str, tuple[str, Share])

Parts = dict[tuple[str, Share], int]
"""Microjoules by (consumer, share)."""


class FloorRule(StrEnum):
    """Who bears what the idle machine draws."""

    BY_USE = "by_use"
    """Those who use it, in proportion to their use."""
    BY_RESIDENCY = "by_residency"
    """Those who hold memory on it, in proportion to what they hold."""
    UNASSIGNED = "unassigned"
    """Nobody: it stands under `_idle`."""


@dataclass(frozen=True, slots=True)
class Use:
    """What was used of one resource over a slot, by consumer.

    `active` is in any unit of work (CPU time, share of the SMs times time), `held` in byte-nanoseconds of memory.
    `free` is the memory that nobody held.
    """

    active: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    free: int = 0


def apportion(whole: int, weights: Mapping[Key, int]) -> dict[Key, int]:
    """Return *whole* shared in proportion to *weights*, by the method of the largest remainder: parts sum to *whole*.

    Equal remainders go to the first key in sorted order, so that the result does not depend on the mapping's order.
    Zero weights get no part. Returns an empty mapping where no weight is positive. Raises ValueError for a negative
    weight: a use that falls is a defect of the caller.

    Source: Hamilton's method; Balinski and Young, Fair Representation (1982), chapter 2.
    """
    if any(weight < 0 for weight in weights.values()):
        message = f"a negative weight: {weights}"
        raise ValueError(message)
    total = sum(weights.values())
    if total == 0:
        return {}
    floors = {key: whole * weight // total for key, weight in weights.items() if weight}
    left = whole - sum(floors.values())
    by_remainder = sorted(floors, key=lambda key: (-(whole * weights[key] % total), key))
    for key in by_remainder[:left]:
        floors[key] += 1
    return {key: part for key, part in floors.items() if part}


def share_processor(energy: Energy, floor: Energy | None, use: Use, rule: FloorRule) -> Parts:
    """Return the parts of a processor's energy: the floor by *rule*, all above it by CPU time.

    Where the floor is unknown (None) all of it counts as active. Where nobody used the processor it is `_idle`'s.
    """
    idle = _bounded(floor, energy)
    parts = _by(energy.microjoules - idle, use.active, Share.ACTIVE)
    return merge(parts, share_floor(idle, use, rule))


def share_memory(energy: Energy, floor: Energy | None, use: Use, rule: FloorRule) -> Parts:
    """Return the parts of the memory's energy.

    Its background power (the floor; all of the energy, where the floor is unknown) belongs to who holds the memory, as
    residency; the free part of it is floor, by *rule*. What is above the background goes by CPU time.
    """
    background = energy.microjoules if floor is None else _bounded(floor, energy)
    held = sum(use.held.values())
    resident = background * held // (held + use.free) if held else 0
    parts = _by(resident, use.held, Share.RESIDENCY)
    parts = merge(parts, share_floor(background - resident, use, rule))
    return merge(parts, _by(energy.microjoules - background, use.active, Share.ACTIVE))


def share_accelerator(
    energy: Energy, floor: Energy | None, residency: Energy | None, use: Use, rule: FloorRule
) -> Parts:
    """Return the parts of a GPU's energy.

    Above the floor, it is residency while nobody computes, by memory held; while somebody computes, residency is what
    was learnt of it (nothing where unknown) and the rest is active, by use of the SMs. With no context open at all,
    what is above the floor is the device's own and counts as floor.
    """
    idle = _bounded(floor, energy)
    above = energy.microjoules - idle
    if not any(use.held.values()) and not any(use.active.values()):
        return share_floor(energy.microjoules, use, rule)
    if not any(use.active.values()):
        return merge(_by(above, use.held, Share.RESIDENCY), share_floor(idle, use, rule))
    resident = min(above, residency.microjoules) if residency is not None and any(use.held.values()) else 0
    parts = merge(_by(resident, use.held, Share.RESIDENCY), _by(above - resident, use.active, Share.ACTIVE))
    return merge(parts, share_floor(idle, use, rule))


def share_like(energy: Energy, pattern: Parts) -> Parts:
    """Return *energy* shared as *pattern* is: what the platform draws beside its components follows them."""
    return apportion(energy.microjoules, pattern) or unattributed(energy)


def share_floor(microjoules: int, use: Use, rule: FloorRule) -> Parts:
    """Return the parts of the floor under *rule*; what nobody used or held is `_idle`'s."""
    weights = {FloorRule.BY_USE: use.active, FloorRule.BY_RESIDENCY: use.held, FloorRule.UNASSIGNED: {}}[rule]
    return _by(microjoules, weights, Share.FLOOR)


def unattributed(energy: Energy) -> Parts:
    """Return *energy* as one part, of an unknown user."""
    return {(UNATTRIBUTED, Share.ACTIVE): energy.microjoules} if energy.microjoules else {}


def merge(left: Parts, right: Parts) -> Parts:
    """Return the sum of both, part by part."""
    merged = dict(left)
    for key, part in right.items():
        merged[key] = merged.get(key, 0) + part
    return merged


def _by(microjoules: int, weights: Mapping[str, int], share: Share) -> Parts:
    if not microjoules:
        return {}
    shared = apportion(microjoules, weights)
    if not shared:
        return {(IDLE, Share.FLOOR): microjoules}
    return {(consumer, share): part for consumer, part in shared.items()}


def _bounded(floor: Energy | None, energy: Energy) -> int:
    return min(floor.microjoules, energy.microjoules) if floor is not None else 0
