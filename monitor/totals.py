"""What CodeCarbon, the components' meters and each of the whole machine say of the same time, and why they differ."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from monitor.core.interval import MINUTE
from monitor.core.readings import PLATFORM, Method, Reach
from monitor.core.reconciliation import LEAST, LESS
from monitor.core.units import Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.adapters.codecarbon import Comparison
    from monitor.comparison import Measured

SHORT: Final = Duration(5 * MINUTE.nanoseconds)
"""Below this what a plug counts in steps, or a BMC averages, weighs. Our choice."""
FAR: Final = 2.0
"""The machine at more than so many times its components has more on it than they. Our choice."""


class Way(StrEnum):
    """How a total was had."""

    CODECARBON = "codecarbon"
    COMPONENTS = "components"
    """The sum of the best meter of each component."""
    MACHINE = "machine"
    """A meter of the whole machine."""


class Reason(StrEnum):
    """Why a total differs from that of the components."""

    CODECARBON = "codecarbon"
    """It supposes the memory, and may model the processors."""
    MODELLED = "modelled"
    """One of our components is modelled or declared."""
    REST = "rest"
    """The machine has fans, disks, and a power supply that loses some: as it should be."""
    BOARD = "board"
    """It sees what comes out of the power supplies, not what they lose."""
    LESS = "less"
    """It shows less than its components."""
    FAR = "far"
    """It shows so much more that something else may hang on it."""
    SHORT = "short"
    """The time was short for a meter that averages, or counts in steps."""
    SILENT = "silent"
    """It told nothing in this time."""


@dataclass(frozen=True, slots=True)
class Total:
    """A power of the machine, by one way. None: unknown."""

    way: Way
    name: str
    """The collector that reads it, where it is a meter of the whole machine; else empty."""
    power: Power | None
    difference: float | None
    """From the sum of the components, in watts."""
    ratio: float | None
    """That difference over the sum of the components."""
    why: tuple[Reason, ...]


def totals(ours: Measured, theirs: Comparison, elapsed: Duration) -> tuple[Total, ...]:
    """Return CodeCarbon's total, the components' and that of each meter of the whole machine, over *elapsed*."""
    components = sum_of(ours)
    parts = [method for resource, (method, _) in ours.components.items() if resource != PLATFORM]
    modelled = any(method in {Method.MODELLED, Method.DECLARED} for method in parts)
    energy = Energy(theirs.cpu.microjoules + theirs.ram.microjoules + theirs.gpu.microjoules)
    said = energy.over(theirs.elapsed)
    about_us = (Reason.MODELLED,) if modelled else ()
    rows = [
        _total(Way.CODECARBON, "", said, components, (Reason.CODECARBON, *about_us)),
        Total(Way.COMPONENTS, "", components, None, None, about_us),
    ]
    for name, (reach, power) in sorted(ours.machine.items()):
        why = tuple(_why(power, components, reach, elapsed))
        rows.append(_total(Way.MACHINE, name, power, components, why))
    return tuple(rows)


def sum_of(ours: Measured) -> Power | None:
    """Return the power of all components together; None where none is known."""
    parts = [power.microwatts for resource, (_, power) in ours.components.items() if resource != PLATFORM]
    return Power(sum(parts)) if parts else None


def _total(way: Way, name: str, power: Power | None, components: Power | None, why: tuple[Reason, ...]) -> Total:
    if power is None or components is None:
        return Total(way, name, power, None, None, why)
    difference = power.watts - components.watts
    ratio = difference / components.watts if components > Power.ZERO else None
    return Total(way, name, power, difference, ratio, why)


def _why(power: Power | None, components: Power | None, reach: Reach, elapsed: Duration) -> Iterator[Reason]:
    if power is None:
        yield Reason.SILENT
        return
    if components is not None:
        yield from _beside(power.watts, components.watts)
    if reach is Reach.BOARD:
        yield Reason.BOARD
    if elapsed < SHORT:
        yield Reason.SHORT


def _beside(machine: float, components: float) -> Iterator[Reason]:
    if components > LESS * machine + LEAST.watts:
        yield Reason.LESS
    elif machine > FAR * components + LEAST.watts:
        yield Reason.FAR
        yield Reason.REST
    elif machine > components:
        yield Reason.REST
