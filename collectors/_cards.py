"""The GPUs that a kernel driver shows in sysfs: which there are, what they are called, and what each draws.

A card is known by its address on the bus, and keeps its name as long as the collector lives, also where it goes and
comes back. Names are given in order of the addresses, per maker, so that they are the same at every start on an
unchanged machine, whatever other drivers are loaded. A graphics unit inside a processor is left out: its energy is in
the processor's.

A card that is asleep is not asked: reading its sensors would wake it, and keep it awake.

Source: Linux, Documentation/ABI/testing/sysfs-class-drm, sysfs-devices-power (runtime_status); lm-sensors, issue 349.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from collectors._sysfs import Gone, NumberFile, entries, name_in, text_of, whole
from monitor.adapters import graphics
from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.core.readings import MAKERS, CounterReading, Method, PowerReading, gpu
from monitor.core.units import Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

HIGHEST: Final = Power.from_watts(3000)
"""The most that a card may draw which states no limit. Our choice: twice the largest of today (MI355X, 1,400 W)."""
ABOVE_LIMIT: Final = 2
"""A card may draw this many times its limit for a moment. Our choice: it tells a measure from nonsense."""
HOLD: Final = Duration.from_seconds(60)
"""How long a power stands. Our choice, as for NVIDIA's: a minute bounds what a card that fell silent is charged."""
LONGEST_WAIT: Final = 64
"""Reads between two looks at a card that could not be read. Our choice: a look opens all anew."""
ASLEEP: Final = "suspended"


@dataclass(frozen=True, slots=True)
class Card:
    """One card that a driver has in hand."""

    address: str
    """On the bus: `0000:03:00.0`."""
    model: str
    """Its maker and model on the bus: `1002:740F`."""
    device: Path
    """The directory of the device."""
    in_a_processor: bool

    @property
    def asleep(self) -> bool:
        """Whether the kernel has put it to sleep."""
        return text_of(self.device / "power/runtime_status") == ASLEEP

    def sensors(self, name: str) -> Path | None:
        """Return the directory of its sensors that is called *name*; None where it has none. Raises PermissionError."""
        root = self.device / "hwmon"
        found = (root / entry for entry in entries(root))
        return next((directory for directory in found if name_in(directory) == name), None)


class Meter(Protocol):
    """What one card draws."""

    @property
    def method(self) -> Method:
        """How its energy is obtained."""
        ...

    @property
    def what(self) -> str:
        """Where it is read, for a person."""
        ...

    @property
    def accuracy(self) -> str:
        """The error to expect, for a person."""
        ...

    def read(self, resource: str, card: Card) -> CounterReading | PowerReading:
        """Return what it shows now. Raises Retry; Gone, where the card is."""
        ...


@dataclass(frozen=True, slots=True)
class CounterMeter:
    """An energy counter of the driver's, in microjoules."""

    file: NumberFile
    label: str
    plausible: Power
    epoch: str
    accuracy: str
    method: Method = Method.COUNTER

    @property
    def what(self) -> str:
        """Where it is read."""
        return f"energy counter{f' of the {self.label}' if self.label else ''}, {self.file.path}"

    def read(self, resource: str, card: Card) -> CounterReading:
        """Return the energy so far. Raises Retry, Gone."""
        value = number(self.file)
        if value < 0:
            raise Retry(f"{self.file.path} shows {value}: the card did not measure")
        return CounterReading(resource, card.address, Energy(value), self.plausible, epoch=self.epoch)


@dataclass(frozen=True, slots=True)
class PowerMeter:
    """A power of the driver's, in microwatts."""

    file: NumberFile
    plausible: Power
    accuracy: str
    method: Method = Method.INTEGRATED

    @property
    def what(self) -> str:
        """Where it is read."""
        return f"power, {self.file.path}"

    def read(self, resource: str, card: Card) -> PowerReading:
        """Return the power now. Raises Retry, also where no card can draw that; Gone."""
        value = number(self.file)
        if not 0 < value <= self.plausible.microwatts:
            raise Retry(f"{self.file.path} shows {value}: the card did not measure")
        return PowerReading(resource, card.address, Power(value), HOLD)


def number(file: NumberFile) -> int:
    """Return what *file* shows. Raises Gone where it went with its card, Retry where the card does not answer."""
    try:
        return file.read()
    except Gone as fact:
        if file.is_in_place():
            raise Retry(f"{file.path} can't be read now: the card does not answer") from fact
        raise


def limit(sensors: Path, *names: str) -> Power:
    """Return the most that the card may draw for a moment: twice the highest limit that it states under *names*."""
    stated = [int(text) for name in names if (text := text_of(sensors / name)).isdecimal()]
    return Power(ABOVE_LIMIT * max(stated)) if any(stated) else HIGHEST


def epoch(sensors: Path) -> str:
    """Return what tells one binding of the driver to the card from the next: the inode of the sensors' directory.

    It stays the same across runs of the daemon. Empty where it can't be had.
    """
    try:
        return str(sensors.stat().st_ino)
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Board:
    """A card with its name and its meter."""

    card: Card
    resource: str
    meter: Meter


class Cards:
    """The cards of one maker, and what each draws."""

    def __init__(self, sysfs: Path, maker: str, meter_of: Callable[[Card, ExitStack], Meter]) -> None:
        """Find the cards of *maker* (`amd`, `intel`) that a driver has in hand, but for those in a processor.

        *meter_of* opens a card's meter, and puts on the stack what closes it. It raises PermissionError, or Unavailable
        where the meter can't be read for another reason. Raises Unavailable.
        """
        self._sysfs = sysfs
        self._maker = maker
        self._meter_of = meter_of
        self._names: dict[str, str] = {}
        self._answered = False
        self._files = ExitStack()
        self._seen: tuple[str, ...] = ()
        self._left: tuple[str, ...] = ()
        self._reads = 0
        self.boards: tuple[Board, ...] = ()
        self.scan()

    def sources(self, users: str) -> Sequence[Source]:
        """Return the cards, in order of their number. *users* says how it is known who uses them."""
        left = f"; not read: {'; '.join(self._left)}" if self._left else ""
        return [
            Source(
                board.resource,
                board.card.address,
                board.meter.method,
                f"{MAKERS[self._maker]} {board.card.model} at {board.card.address}, {board.meter.what}; {users}{left}",
                board.meter.accuracy,
            )
            for board in self.boards
        ]

    def asleep(self) -> frozenset[str]:
        """Return the addresses of the cards that the kernel has put to sleep."""
        return frozenset(board.card.address for board in self.boards if board.card.asleep)

    def follow(self) -> None:
        """Look for the cards anew where some came or went, and at times where some were left out.

        Raises Unavailable, Retry as `scan`.
        """
        self._reads += 1
        late = bool(self._left) and self._reads >= LONGEST_WAIT
        if late or not self.boards or self._entries() != self._seen:
            self.scan()

    def read(self) -> Sequence[CounterReading | PowerReading]:
        """Return what the cards draw that are awake and answer. Raises Retry where none answers; Gone."""
        awake = [board for board in self.boards if not board.card.asleep]
        return whole((board.resource, _reader(board)) for board in awake)

    def scan(self) -> None:
        """Find the cards. Raises Unavailable where there is none, or none can be read; Retry where there were some."""
        self.close()
        self._seen, self._reads = self._entries(), 0
        devices, closed = graphics.devices(self._sysfs, self._seen, graphics.DRIVERS[self._maker])
        cards = [Card(one.address, one.model, one.directory, one.in_a_processor) for one in devices]
        reasons: list[Unavailable] = []
        boards: list[Board] = []
        for card in cards:
            if card.in_a_processor:
                continue
            name = self._name(card.address)
            try:
                boards.append(Board(card, name, self._meter_of(card, self._files)))
            except PermissionError:
                closed.append(card.address)
            except OSError:
                continue  # went as it was found
            except Unavailable as fact:
                reasons.append(fact)
        self.boards = tuple(boards)
        self._left = (*(f"{one} may not be read" for one in closed), *(fact.what for fact in reasons))
        self._answered |= bool(boards)
        if not boards:
            self.close()
            raise self._nothing(closed, reasons, cards)

    def close(self) -> None:
        """Close the meters."""
        self._files.close()
        self.boards = ()

    def _name(self, address: str) -> str:
        """Return the name of the card at *address*; a name that another card ever had is never given again."""
        return self._names.setdefault(address, gpu(len(self._names), self._maker))

    def _entries(self) -> tuple[str, ...]:
        return graphics.entries(entries(self._sysfs / "class/drm"))

    def _nothing(self, closed: Sequence[str], reasons: Sequence[Unavailable], cards: Sequence[Card]) -> Exception:
        maker = MAKERS[self._maker]
        if closed:
            cure = "let the daemon's user read /sys"
            return Unavailable(Reason.FORBIDDEN, f"what {maker} cards draw may not be read: {', '.join(closed)}", cure)
        if self._answered:
            return Retry(f"no {maker} card answers; some did before")
        if reasons:
            return reasons[0]
        if cards:
            return Unavailable(
                Reason.ABSENT,
                f"the {maker} graphics is a part of the processor, and its energy is in the processor's",
                "nothing is to be done: it is measured with the processor",
            )
        drivers = " or ".join(graphics.DRIVERS[self._maker])
        cure = f"where there is an {maker} card, load its driver: {drivers}"
        return Unavailable(Reason.ABSENT, f"no card is driven by {drivers}", cure)


def _reader(board: Board) -> Callable[[], CounterReading | PowerReading]:
    return lambda: board.meter.read(board.resource, board.card)
