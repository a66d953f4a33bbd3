"""What of a machine no meter covers, so that it can be named: it is missing in every figure, or is only modelled."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from monitor.core.readings import DRAM, PACKAGE, PLATFORM, Method

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.doctor import MeterFound

BOARD: Final = frozenset({"rapl", "perf"})
"""The collectors whose platform is psys: what comes out of the power supplies, and not what they lose."""
UNMEASURED: Final = frozenset({Method.MODELLED.value, Method.DECLARED.value})


class Uncovered(StrEnum):
    """A part of the machine."""

    PROCESSORS = "processors"
    MEMORY = "memory"
    REST = "rest"
    """Fans, disks, network cards, the main board."""
    SUPPLY = "supply"
    """What the power supplies lose as heat."""


def uncovered(meters: Iterable[MeterFound]) -> tuple[Uncovered, ...]:
    """Return what none of *meters* measures, be it modelled or declared; of a meter of the whole machine nothing is."""
    measured = {(one.collector in BOARD, one.source.resource) for one in meters if one.source.method not in UNMEASURED}
    if (False, PLATFORM) in measured:
        return ()
    if (True, PLATFORM) in measured:
        return (Uncovered.SUPPLY,)
    resources = {resource for _, resource in measured}
    parts = ((PACKAGE, Uncovered.PROCESSORS), (DRAM, Uncovered.MEMORY))
    return (*(part for resource, part in parts if resource not in resources), Uncovered.REST, Uncovered.SUPPLY)
