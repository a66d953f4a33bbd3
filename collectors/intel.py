"""Energy of Intel's graphics cards, and who uses them, as the drivers i915 and xe tell.

Reads, of each card, `hwmon/*/energyN_input` (microjoules): the counter of the whole card where there is one, else that
of its package. Who uses it: engine time (i915) or cycles (xe), and memory, from `/proc/PID/fdinfo`. Error: not stated
by Intel; about +-10 %. Privilege: none for the energy; CAP_SYS_PTRACE to see who uses it.

Traps: the package's counter leaves out the memory and the losses of the board; a graphics unit in a processor shows no
counter, its energy is the processor's; the counter of the card is 32 bits wide, and the driver sees one wrap between
two reads, so that what was drawn while the daemon stood still is not known; to read a sleeping card would wake it.

Source: Linux, Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon and sysfs-driver-intel-xe-hwmon;
drivers/gpu/drm/i915/i915_hwmon.c (hwm_energy, IS_DGFX); docs/collectors.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from collectors._cards import Cards, CounterMeter, epoch, limit
from collectors._drm import UNSEEN, Users
from collectors._sysfs import NumberFile, entries, read_again, text_of
from monitor.adapters import graphics
from monitor.collector import Reason, Unavailable
from monitor.core.readings import GpuUsageReading, GpuUse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from collectors._cards import Board, Card, Meter
    from collectors._drm import Used
    from monitor.collector import Host, Source
    from monitor.core.readings import Reading

COUNTER: Final = re.compile(r"energy(\d+)_input")
LABELS: Final = ("card", "", "pkg")
"""What a counter is of, widest first; i915 has no label, and calls it that of the device."""
NAMES: Final = {"card": "card", "": "", "pkg": "package alone"}
LIMITS: Final = ("power1_rated_max", "power1_max", "power2_rated_max", "power2_max")
ACCURACY: Final = "about +-10 % (Intel states none)"


class IntelCollector:
    """Reads every card that i915 or xe has in hand, and follows cards that come and go."""

    name: ClassVar[str] = "intel"
    slow: ClassVar[bool] = True

    def __init__(self, host: Host) -> None:
        """Read the cards of *host*. Raises Unavailable."""
        self._host = host
        self._cards = Cards(host.sysfs, "intel", self._meter)
        self._users = Users(host.procfs)

    @classmethod
    def open(cls, host: Host) -> IntelCollector:
        """Return a collector of the cards that count their energy.

        Raises Unavailable: ABSENT where there is none outside a processor, FORBIDDEN where none may be read,
        UNSUPPORTED where none counts.
        """
        return cls(host)

    def sources(self) -> Sequence[Source]:
        """Return the cards, in order of their number."""
        return self._cards.sources("use by engine time" if self._users.complete else UNSEEN)

    def collect(self) -> Sequence[Reading]:
        """Return what each card drew and who uses it. One that can't be read now, or is asleep, is left out.

        Raises Retry where no card answers, Unavailable where none may be read any more.
        """
        self._cards.follow()
        drawn = read_again(self._cards.read, self._cards.scan)
        work, known = self._users.read(self._cards.asleep())
        if not self._users.complete:
            return drawn
        return [*drawn, *(self._usage(one, work.get(one.card.address, ()), known=known) for one in self._cards.boards)]

    def close(self) -> None:
        """Close the sensors."""
        self._cards.close()

    def _meter(self, card: Card, files: ExitStack) -> Meter:
        """Return the widest counter of *card*. Raises OSError, Unavailable."""
        # they are called as the driver; those of a part of the card (`i915_gt0`) have another name
        sensors = next((found for name in graphics.DRIVERS["intel"] if (found := card.sensors(name)) is not None), None)
        counters = {} if sensors is None else {text_of(sensors / _label(name)): name for name in _counters(sensors)}
        label = next((one for one in LABELS if one in counters), None)
        if sensors is None or label is None:
            raise Unavailable(
                Reason.UNSUPPORTED,
                f"the driver of the card at {card.address} shows no energy counter",
                "update the kernel: i915 counts since 6.2, xe since 6.8",
            )
        file = NumberFile(sensors / counters[label])
        files.callback(file.close)
        # what was drawn between two runs is not known: the driver may have missed a wrap meanwhile
        began = f"{self._host.run_id}/{epoch(sensors)}"
        return CounterMeter(file, NAMES[label], limit(sensors, *LIMITS), began, ACCURACY)

    def _usage(self, board: Board, work: Sequence[Used], *, known: bool) -> GpuUsageReading:
        uses = tuple(
            GpuUse(self._host.workloads.consumer_of(one.pid), one.pid, one.percent, one.memory, one.busy)
            for one in work
        )
        return GpuUsageReading(board.resource, uses, utilisation_known=known)


def _counters(sensors: Path) -> list[str]:
    return [name for name in entries(sensors) if COUNTER.fullmatch(name)]


def _label(counter: str) -> str:
    return counter.replace("_input", "_label")
