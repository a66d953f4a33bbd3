"""From two readings of a cumulative counter to what happened between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.entries import Cause
from monitor.core.units import Duration, Energy

if TYPE_CHECKING:
    from monitor.core.units import Power

SETTLING: Final = Duration.from_seconds(1)
"""Counters move in steps: a read just after a step shows energy of up to one step before.

Source: NVML's energy counter steps about every 100 ms (ml.energy, thermally stable profiling); RAPL about every 1 ms.
A second leaves room for both.
"""


@dataclass(frozen=True, slots=True)
class First:
    """There is no reading before this one: a baseline, and no energy."""


@dataclass(frozen=True, slots=True)
class Advanced:
    """The counter went on."""

    energy: Energy


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The counter went past its range once, and on."""

    energy: Energy


@dataclass(frozen=True, slots=True)
class Reset:
    """The counter started anew, or can't be compared: what was drawn in between is unknown. `why` is a gap's cause."""

    why: str


Step = First | Advanced | Wrapped | Reset


@dataclass(frozen=True, slots=True)
class CounterState:
    """A counter's value, and the epoch in which it counts: values of two epochs can't be compared."""

    value: Energy
    epoch: str


def step(
    previous: CounterState | None,
    current: CounterState,
    *,
    wraps_after: Energy | None,
    plausible: Power,
    awake: Duration,
    settling: Duration = SETTLING,
) -> Step:
    """Return what the counter did over a time in which the machine was *awake* for so long.

    For *settling* it may hold back what is drawn, to show it at once.

    A decrease is a wrap only if the energy it would mean is one that the hardware can draw in that time: the counter
    then stood near its maximum. A difference that the hardware can't draw, or a time in which the counter may have
    wrapped unseen, is a `Reset`. The range is taken as `wraps_after` itself: the counter of a RAPL zone has 2^32 steps
    and `max_energy_range_uj` is 2^32 - 1 of them, so one wrap is short by one step (61 uJ on most processors).

    Source: Linux, Documentation/power/powercap/powercap.rst (max_energy_range_uj); drivers/powercap/intel_rapl_common.c
    (ENERGY_STATUS_MASK).
    """
    if previous is None:
        return First()
    if previous.epoch != current.epoch:
        return Reset(Cause.COUNTER_RESET)
    most = plausible.during(awake + settling)
    if wraps_after is not None and most >= wraps_after:
        return Reset(Cause.MAY_HAVE_WRAPPED)
    advance = current.value - previous.value
    if Energy.ZERO <= advance <= most:
        return Advanced(advance)
    if wraps_after is not None and advance < Energy.ZERO and advance + wraps_after <= most:
        return Wrapped(advance + wraps_after)
    return Reset(Cause.COUNTER_RESET)
