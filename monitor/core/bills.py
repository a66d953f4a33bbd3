"""Electricity bills beside what was measured over the same days: what lies between them, and what it may come from.

The measure is never scaled to a bill, which has one number for all that is behind its meter: see docs/commitments.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from monitor.core.impact import Bounds, Indicator
from monitor.core.readings import PLATFORM, REST, Method
from monitor.core.uncertainty import measure_error, with_measure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from monitor.core.entries import Meter
    from monitor.core.interval import Interval
    from monitor.core.units import Duration, Energy

ALL: Final = Fraction(1)


class Covers(StrEnum):
    """What is behind the meter of a bill."""

    MACHINE = "machine"
    ROOM = "room"
    BUILDING = "building"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One bill, or one reading of a meter, over some days."""

    source: str
    """Which one: the number of an invoice."""
    starts: date
    ends: date
    """First and last day, both in it."""
    energy: int
    """In microjoules."""
    covers: Covers
    share: Fraction | None = None
    """Which part of it is this machine's, with its share of the room, as somebody stated it; None: nobody did."""


class Cause(StrEnum):
    """What a difference may come from."""

    NOT_CLOSED = "not_closed"
    """Some of the days are not closed yet."""
    COVERAGE = "coverage"
    """For some of the time the host was not measured."""
    OTHERS = "others"
    """The meter also has what others draw, and it is not stated which share is this machine's."""
    STATED_SHARE = "stated_share"
    """The share of this machine was stated, and not measured."""
    PARTS = "parts"
    """The whole machine has no meter: fans, disks and the losses of its power supply are not in the measure."""
    MODELLED = "modelled"
    """A part of the energy was not measured by a meter but modelled or declared."""
    PUE_DECLARED = "pue_declared"
    """What the room needs is reckoned by a PUE that was declared, and not measured."""
    PUE_UNKNOWN = "pue_unknown"
    """For a part of the energy no PUE is known: cooling and losses of the room are missing."""


@dataclass(frozen=True, slots=True)
class Metered:
    """What the ledger has of the days of a bill."""

    days: Interval
    """All of them, in the organisation's time zone."""
    closed: int
    """Up to when hours are closed, ns since the epoch."""
    meters: Mapping[Meter, Energy]
    """What the machine used, by resource and method."""
    covered: Mapping[str, Duration]
    """For how long each resource was measured."""
    impacts: Mapping[Indicator, Bounds]
    """Those of the whole machine, as far as they are known."""

    @property
    def energy(self) -> int:
        """What the machine used, in microjoules."""
        return sum(energy.microjoules for energy in self.meters.values())

    @property
    def coverage(self) -> Fraction:
        """The share of the days for which the host was measured, 0 to 1."""
        longest = max((time.nanoseconds for time in self.covered.values()), default=0)
        return min(ALL, Fraction(longest, self.days.end - self.days.start))


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A bill beside the measure. Energies are in microjoules; None: unknown."""

    bill: Bill
    machine: Bounds | None
    """What was measured, with the error of the meters; None: nothing was."""
    facility: Bounds | None
    """With what the room needs for it; None: no PUE is known for all of it."""
    coverage: Fraction
    causes: tuple[Cause, ...]

    @property
    def billed(self) -> int:
        """What of the bill is set beside the measure: the stated share; all of it where none is stated."""
        return self.bill.energy if self.bill.share is None else round(self.bill.energy * self.bill.share)

    @property
    def compared(self) -> Bounds | None:
        """What of the measure is set beside the bill: that of the machine, or with the room, as far as it is known."""
        return self.machine if self.bill.covers is Covers.MACHINE or self.facility is None else self.facility

    @property
    def difference(self) -> int | None:
        """How much more is billed than measured; below nothing: less."""
        return None if self.compared is None else self.billed - self.compared.central

    @property
    def within(self) -> bool:
        """Whether the bill lies within the range of the measure."""
        return self.compared is not None and self.compared.low <= self.billed <= self.compared.high


def reconciled(bill: Bill, metered: Metered) -> Reconciled:
    """Return *bill* beside what was *metered* over its days, with all that the difference may come from."""
    error, energy = measure_error(metered.meters), metered.energy
    known = metered.impacts.get(Indicator.ENERGY, Bounds.ZERO).central
    whole = metered.impacts.get(Indicator.FACILITY_ENERGY) if known >= energy else None
    machine = with_measure(Bounds(energy, energy, energy), error) if energy else None
    facility = with_measure(whole, error) if whole is not None and machine is not None else None
    return Reconciled(bill, machine, facility, metered.coverage, _causes(bill, metered, with_room=facility is not None))


def _causes(bill: Bill, metered: Metered, *, with_room: bool) -> tuple[Cause, ...]:
    resources = {meter.resource for meter in metered.meters}
    measured = sum(e.microjoules for m, e in metered.meters.items() if m.method in {Method.COUNTER, Method.INTEGRATED})
    of_room = bill.covers is not Covers.MACHINE
    found = {
        Cause.NOT_CLOSED: metered.closed < metered.days.end,
        Cause.COVERAGE: metered.coverage < ALL,
        Cause.OTHERS: of_room and bill.share is None,
        Cause.STATED_SHARE: bill.share is not None,
        Cause.PARTS: bool(resources) and not resources & {PLATFORM, REST},
        Cause.MODELLED: measured < metered.energy,
        Cause.PUE_DECLARED: of_room and with_room,
        Cause.PUE_UNKNOWN: of_room and bool(metered.energy) and not with_room,
    }
    return tuple(cause for cause, holds in found.items() if holds)
