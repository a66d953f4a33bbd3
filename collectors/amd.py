"""Energy of AMD's graphics cards, and who uses them, as the driver amdgpu and AMD's management library tell.

Reads, of each card that is not a part of a processor: the energy counter of its firmware, through the library AMD SMI
(steps of 15.26 uJ); where the library is missing or does not count, `hwmon/*/power1_average` (microwatts), else
`power1_input`. Who uses it: engine time and memory from `/proc/PID/fdinfo`; programs of ROCm compute past that, and are
known from `class/kfd/kfd/proc` with their memory alone. Error: not stated by AMD; about +-10 %. Privilege: none for the
energy and for ROCm's programs; for all others CAP_SYS_PTRACE.

Traps: on an APU the power contains the processor; the counter of some cards stands still; to read a sleeping card
would wake it; a reset of the card sets its counter back.

Source: Linux, Documentation/gpu/amdgpu/thermal.rst, Documentation/gpu/drm-usage-stats.rst; docs/collectors.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from collectors import _kfd
from collectors._amdsmi import Session
from collectors._cards import Cards, PowerMeter, epoch, limit
from collectors._drm import UNSEEN, Users
from collectors._sysfs import Gone, NumberFile, number_of, read_again
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.readings import CounterReading, GpuUsageReading, GpuUse, Method, PowerReading
from monitor.core.units import Memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from collectors._cards import Card, Meter
    from collectors._drm import Used
    from monitor.collector import Host, Source
    from monitor.core.readings import Reading
    from monitor.core.units import Energy, Power

SENSORS: Final = "amdgpu"
LIMITS: Final = ("power1_cap_max", "power1_cap")
POWERS: Final = ("power1_average", "power1_input")
"""Best first: a mean over the time since it was last asked, or over some milliseconds; or the power now."""
ACCURACY: Final = "about +-10 % (AMD states none)"
STANDS_STILL: Final = 5
"""Reads at which an energy counter shows the same before its power is taken instead. Our choice: at 10 W it counts half
a million steps in a second."""


@dataclass(slots=True)
class LibraryMeter:
    """The energy counter that the library tells; where it stands still while the card draws power, that power."""

    session: Session
    sensors: Path
    power: PowerMeter | None
    plausible: Power
    epoch: str
    last: Energy | None = None
    same: int = 0

    @property
    def method(self) -> Method:
        """How its energy is obtained."""
        return Method.INTEGRATED if self._stands_still else Method.COUNTER

    @property
    def what(self) -> str:
        """Where it is read."""
        if self._stands_still and self.power is not None:
            return f"{self.power.what}, as the energy counter of AMD SMI stands still"
        return "energy counter, AMD SMI"

    @property
    def accuracy(self) -> str:
        """The error to expect."""
        return ACCURACY

    def read(self, resource: str, card: Card) -> CounterReading | PowerReading:
        """Return the energy so far. Raises Retry; Gone, where the driver was loaded anew."""
        if epoch(self.sensors) != self.epoch:
            raise Gone(f"the driver of the card at {card.address} was loaded anew")
        if self._stands_still and self.power is not None:
            return self.power.read(resource, card)
        energy = self.session.energy(card.address)
        self.same = self.same + 1 if energy == self.last else 0
        self.last = energy
        return CounterReading(resource, card.address, energy, self.plausible, epoch=self.epoch)

    @property
    def _stands_still(self) -> bool:
        return self.same >= STANDS_STILL and self.power is not None


class AmdCollector:
    """Reads every card that amdgpu has in hand, and follows cards that come and go."""

    name: ClassVar[str] = "amd"
    slow: ClassVar[bool] = True

    def __init__(self, host: Host) -> None:
        """Read the cards of *host*. Raises Unavailable."""
        self._host = host
        self._session: Session | None = None
        self._without = ""
        self._cards = Cards(host.sysfs, "amd", self._meter)
        self._rocm = _kfd.addresses(host.sysfs)
        self._users = Users(host.procfs)

    @classmethod
    def open(cls, host: Host) -> AmdCollector:
        """Return a collector of the cards that tell their energy or power.

        Raises Unavailable: ABSENT where there is none outside a processor, FORBIDDEN where none may be read,
        UNSUPPORTED where none tells.
        """
        return cls(host)

    def sources(self) -> Sequence[Source]:
        """Return the cards, in order of their number."""
        rocm = "; of ROCm's programs the memory alone is known" if self._rocm else ""
        return self._cards.sources(f"{'use by engine time' if self._users.complete else UNSEEN}{rocm}{self._without}")

    def collect(self) -> Sequence[Reading]:
        """Return what each card draws and who uses it. One that can't be read now, or is asleep, is left out.

        Raises Retry where no card answers, Unavailable where none may be read any more.
        """
        self._cards.follow()
        drawn = read_again(self._cards.read, self._cards.scan)
        work, known = self._users.read(self._cards.asleep())
        held = _kfd.holders(self._host.sysfs, self._rocm)
        uses = [
            self._usage(board.resource, board.card, work.get(board.card.address, ()), held, known=known)
            for board in self._cards.boards
        ]
        return [*drawn, *(use for use in uses if use is not None)]

    def close(self) -> None:
        """Close the sensors and the library."""
        self._cards.close()

    def _meter(self, card: Card, files: ExitStack) -> Meter:
        """Return the best meter of *card*. Raises OSError, Unavailable."""
        sensors = card.sensors(SENSORS)
        if sensors is None:
            raise self._mute(card)
        power = _power(sensors, files)
        session = self._library(files)
        if session is not None:
            try:
                session.energy(card.address)
            except Retry as fact:
                self._without = f"; {fact}"
            else:
                return LibraryMeter(session, sensors, power, limit(sensors, *LIMITS), epoch(sensors))
        if power is None:
            raise self._mute(card)
        return power

    def _mute(self, card: Card) -> Unavailable:
        return Unavailable(
            Reason.UNSUPPORTED,
            f"the card at {card.address} tells neither its energy nor its power",
            "in a virtual machine measure it on the host; elsewhere update the kernel",
        )

    def _library(self, files: ExitStack) -> Session | None:
        """Return the session for this look at the cards; None where there is none to be had, which is told."""
        if self._session is None and not self._without:
            try:
                self._session = Session(self._host.amdsmi)
            except Unavailable as fact:
                self._without = f"; energy counter not read, {fact.what}: {fact.cure}"
            files.callback(self._end)
        return self._session

    def _end(self) -> None:
        session, self._session, self._without = self._session, None, ""
        if session is not None:
            session.close()

    def _usage(
        self,
        resource: str,
        card: Card,
        work: Sequence[Used],
        held: Mapping[str, Mapping[int, Memory]],
        *,
        known: bool,
    ) -> GpuUsageReading | None:
        """Return who uses *card*; None where that is not known."""
        rocm = held.get(card.address, {})
        if not rocm and not self._users.complete:
            return None
        memory = {one.pid: one.memory for one in work}
        memory |= {pid: max(amount, memory.get(pid, Memory(0))) for pid, amount in rocm.items()}
        busy = {one.pid: one.busy for one in work}
        percents: dict[int, int] = {}
        if rocm:
            # what ROCm's programs compute is not in the engine time of anybody
            busy = {}
            busy_percent = 0 if card.asleep else number_of(card.device / "gpu_busy_percent")
            percents, known = _share_of_the_only_one(rocm, busy_percent)
        uses = tuple(
            GpuUse(self._host.workloads.consumer_of(pid), pid, percents.get(pid, 0), amount, busy.get(pid))
            for pid, amount in sorted(memory.items())
        )
        total = number_of(card.device / "mem_info_vram_total")
        return GpuUsageReading(
            resource, uses, utilisation_known=known, memory_total=Memory(total) if total and total > 0 else None
        )


def _share_of_the_only_one(rocm: Mapping[int, Memory], busy: int | None) -> tuple[dict[int, int], bool]:
    """Return what each of ROCm's programs computes, and whether that is known.

    It is where the card does nothing, and where there is but one; else the card alone says that somebody computes.
    """
    if busy is None or (busy > 0 and len(rocm) > 1):
        return {}, False
    return {pid: min(busy, 100) for pid in rocm}, True


def _power(sensors: Path, files: ExitStack) -> PowerMeter | None:
    """Return the power that the driver shows; None where it shows none. Raises PermissionError."""
    for name in POWERS:
        try:
            file = NumberFile(sensors / name)
        except FileNotFoundError:
            continue
        files.callback(file.close)
        return PowerMeter(file, limit(sensors, *LIMITS), ACCURACY)
    return None
