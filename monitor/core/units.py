"""Quantities that carry their unit: the only home of conversion constants.

Additive quantities are integers, so that sums are exact and conservation can be proved.
Operators exist only where physics allows them; a type checker refuses the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

MICROJOULES_PER_JOULE = 1_000_000
MICROJOULES_PER_KILOWATT_HOUR = 3_600_000 * MICROJOULES_PER_JOULE  # Source: SI brochure, 9th edition, table 8 (hour)
NANOSECONDS_PER_SECOND = 1_000_000_000
MICROWATTS_PER_WATT = 1_000_000
BYTES_PER_GIBIBYTE = 1 << 30
GRAMS_PER_KILOGRAM = 1_000
MICROGRAMS_PER_GRAM = 1_000_000
MICROLITERS_PER_LITER = 1_000_000
PICOGRAMS_PER_GRAM = 10**12
MICROS_PER_EURO = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """Elapsed time, in whole nanoseconds."""

    nanoseconds: int

    ZERO: ClassVar[Duration]

    @classmethod
    def from_seconds(cls, seconds: float) -> Duration:
        """Return *seconds* as a duration, rounded to the nanosecond."""
        return cls(round(seconds * NANOSECONDS_PER_SECOND))

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return self.nanoseconds / NANOSECONDS_PER_SECOND

    def __add__(self, other: Duration) -> Duration:
        return Duration(self.nanoseconds + other.nanoseconds)

    def __sub__(self, other: Duration) -> Duration:
        return Duration(self.nanoseconds - other.nanoseconds)


@dataclass(frozen=True, slots=True, order=True)
class Energy:
    """Energy, in whole microjoules."""

    microjoules: int

    ZERO: ClassVar[Energy]

    @classmethod
    def from_joules(cls, joules: float) -> Energy:
        """Return *joules* as energy, rounded to the microjoule."""
        return cls(round(joules * MICROJOULES_PER_JOULE))

    @property
    def joules(self) -> float:
        """The energy in joules (a float holds microjoules exactly only below 2.5 MWh)."""
        return self.microjoules / MICROJOULES_PER_JOULE

    @property
    def kilowatt_hours(self) -> float:
        """The energy in kilowatt-hours."""
        return self.microjoules / MICROJOULES_PER_KILOWATT_HOUR

    def over(self, elapsed: Duration) -> Power:
        """Return the mean power of this energy over *elapsed*. Raises ZeroDivisionError on no time at all."""
        return Power(self.microjoules * NANOSECONDS_PER_SECOND // elapsed.nanoseconds)

    def __add__(self, other: Energy) -> Energy:
        return Energy(self.microjoules + other.microjoules)

    def __sub__(self, other: Energy) -> Energy:
        return Energy(self.microjoules - other.microjoules)


@dataclass(frozen=True, slots=True, order=True)
class Power:
    """Power, in whole microwatts."""

    microwatts: int

    ZERO: ClassVar[Power]

    @classmethod
    def from_watts(cls, watts: float) -> Power:
        """Return *watts* as power, rounded to the microwatt."""
        return cls(round(watts * MICROWATTS_PER_WATT))

    @property
    def watts(self) -> float:
        """The power in watts."""
        return self.microwatts / MICROWATTS_PER_WATT

    def during(self, elapsed: Duration) -> Energy:
        """Return the energy of this power held for *elapsed*, rounded down to the microjoule."""
        return Energy(self.microwatts * elapsed.nanoseconds // NANOSECONDS_PER_SECOND)

    def __add__(self, other: Power) -> Power:
        return Power(self.microwatts + other.microwatts)


@dataclass(frozen=True, slots=True, order=True)
class Memory:
    """An amount of memory, in whole bytes."""

    bytes: int

    @classmethod
    def from_gibibytes(cls, gibibytes: float) -> Memory:
        """Return *gibibytes* (2^30 bytes each) as memory, rounded to the byte."""
        return cls(round(gibibytes * BYTES_PER_GIBIBYTE))

    @property
    def gibibytes(self) -> float:
        """The memory in gibibytes."""
        return self.bytes / BYTES_PER_GIBIBYTE


Duration.ZERO = Duration(0)
Energy.ZERO = Energy(0)
Power.ZERO = Power(0)
