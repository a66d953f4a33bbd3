"""What is true of RAPL's counters whichever way they are read: how much they can count, and how well."""

from __future__ import annotations

from typing import Final

from monitor.core.readings import DRAM, PACKAGE, PLATFORM
from monitor.core.units import Energy, Power

PACKAGE_BOUND: Final = Power.from_watts(1000)
"""The most that a package may draw. Our choice: twice the largest of today (500 W: EPYC 9965, Xeon 6980P)."""
DRAM_BOUND: Final = Power.from_watts(500)
"""The most that a socket's memory may draw. Our choice: 24 modules of 20 W (256 GB, DDR5; docs/modelled-host.md 4)."""
PLATFORM_BOUND: Final = Power.from_watts(20_000)
"""The most that a machine may draw. Our choice: above the largest of today (14.3 kW: eight B200 cards)."""
SMALL_PLATFORM_BOUND: Final = Power.from_watts(4_000)
"""The same, where the counter wraps within a megajoule. Our choice: a client's mains socket gives 3.7 kW, and servers'
counters have steps of 1 J."""
SMALL_RANGE: Final = Energy.from_joules(1_000_000)
BOUNDS: Final = {PACKAGE: PACKAGE_BOUND, DRAM: DRAM_BOUND, PLATFORM: PLATFORM_BOUND}
ACCURACY: Final = {
    PACKAGE: "about +-5 % where the processor measures (Intel since 2014), more where it models (AMD)",
    DRAM: "about +-5 % on servers, more elsewhere and when idle",
    PLATFORM: "about +-5 %; what it includes is the manufacturer's choice",
}
