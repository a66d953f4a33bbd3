"""What procfs says of the whole host: the time that its CPUs worked, and its memory.

Source: Linux, Documentation/filesystems/proc.rst, 1.7 (stat) and meminfo.
"""

from __future__ import annotations

import os
import re
from typing import Final

from monitor.core.units import NANOSECONDS_PER_SECOND, Duration, Memory

BUSY: Final = (0, 1, 2, 5, 6)
"""user, nice, system, irq, softirq: what the CPUs did for this machine. Guests are inside user; waiting for a disk is
not work; what is stolen another machine used."""
TICK: Final = NANOSECONDS_PER_SECOND // os.sysconf("SC_CLK_TCK")
"""The unit of CPU times in procfs, in ns."""
KIBIBYTE: Final = 1024


def cpu_time(stat: str) -> tuple[Duration, int]:
    """Return for how long the CPUs worked since boot, in sum, and how many there are, from `/proc/stat`.

    Raises ValueError or LookupError where it does not say.
    """
    total, *each = [line for line in stat.splitlines() if line.startswith("cpu")]
    fields = total.split()[1:]
    busy = Duration(sum(int(fields[column]) for column in BUSY) * TICK)
    if not each:
        raise LookupError("no line for each CPU")
    return busy, len(each)


def memory(meminfo: str, field: str) -> Memory:
    """Return what `/proc/meminfo` has under *field*. Raises LookupError where it does not say."""
    match = re.search(rf"^{field}:\s*(\d+) kB", meminfo, re.MULTILINE)
    if match is None:
        raise LookupError(f"no {field}")
    return Memory(int(match[1]) * KIBIBYTE)
