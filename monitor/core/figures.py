"""What the periods came to: this day, month, quarter and year so far, and the ones before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from monitor.core.activity import Authority, Unit
    from monitor.core.entries import Meter
    from monitor.core.functional import Said
    from monitor.core.groups import Group
    from monitor.core.impact import Bounds, Indicator
    from monitor.core.units import Energy


@dataclass(frozen=True, slots=True)
class Grouped:
    """What departments and contracts came to in each period, by who was in them in each hour: as `Figures` has it."""

    energy: Mapping[tuple[Group, str], Energy] = field(default_factory=dict)
    impacts: Mapping[tuple[Group, Indicator, str], Bounds] = field(default_factory=dict)
    meters: Mapping[tuple[Group, str], Mapping[Meter, Energy]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of each of `monitor.core.calendar.PERIODS`, exact, up to one moment. What is not there is unknown."""

    energy: Mapping[tuple[str, str], Energy] = field(default_factory=dict)
    """By (consumer, period), under the key that goes on."""
    coverage: Mapping[str, float | None] = field(default_factory=dict)
    """By period, the share of its elapsed time for which the host was measured, 0 to 1; None: no time has elapsed.

    By the resource that was measured for longest: one that this host has no meter for would make it nothing.
    """
    methods: Mapping[tuple[str, str], Energy] = field(default_factory=dict)
    """The energy by (period, method)."""
    impacts: Mapping[tuple[str, Indicator, str], Bounds] = field(default_factory=dict)
    """By (consumer, indicator, period), in the unit of the indicator, with the range of the factors."""
    meters: Mapping[tuple[str, str], Mapping[Meter, Energy]] = field(default_factory=dict)
    """The energy again, by resource and method, by (consumer, period): how sure a figure is depends on them."""
    idle: Mapping[tuple[str, str], Energy] = field(default_factory=dict)
    """What of the energy a service used to be ready (residency, and its part of the floor), by (consumer, period)."""
    activity: Mapping[tuple[str, str, Unit, str], int] = field(default_factory=dict)
    """What services did, by (consumer, model, unit, period): what counts, and not the cross-checks."""
    unmeasured: Mapping[tuple[str, str, Unit, str], int] = field(default_factory=dict)
    """What of it was done while it was not measured what it took, by the same."""
    said: Mapping[tuple[str, Authority, Unit, str], Said] = field(default_factory=dict)
    """Who says so, by (consumer, authority, unit, period)."""
    groups: Grouped = field(default_factory=Grouped)

    def told_of(self, periods: Container[str]) -> frozenset[str]:
        """Return the keys of those of whom anything is known in one of *periods*: what they used, or what they did.

        What a service did may be known by events alone, where its energy is not measured here.
        """
        used = (consumer for consumer, period in self.energy if period in periods)
        did = (consumer for consumer, _, _, period in self.activity if period in periods)
        return frozenset((*used, *did))
