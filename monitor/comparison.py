"""Our figures and CodeCarbon's over the same minute, and why they differ. It prints nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from monitor.collector import Retry, Unavailable
from monitor.core.meters import Meters
from monitor.core.readings import DRAM, PACKAGE, PLATFORM, CounterReading, Method, PowerReading, Reach
from monitor.core.units import Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from monitor.adapters.codecarbon import Comparison
    from monitor.clock import Clock
    from monitor.collector import Collector
    from monitor.core.interval import Stamp
    from monitor.core.meters import Booking
    from monitor.core.readings import Reading


class Part(StrEnum):
    """What both know of a machine."""

    CPU = "cpu"
    RAM = "ram"
    GPU = "gpu"


class Why(StrEnum):
    """Why two figures of one part differ."""

    THEY_MODEL = "cpu_model"
    """They have no counter, and their curve falls short at middle load."""
    WE_MODEL = "cpu_ours"
    """We have no counter either."""
    BOTH_COUNT = "cpu_package"
    """Both read the same counter, not at the same moments."""
    THEY_SUPPOSE = "ram"
    """They never measure memory."""
    THEY_SEE_NONE = "gpu"
    """They see no GPU."""


@dataclass(frozen=True, slots=True)
class Ours:
    """What one part drew on average, and how we know; None: unknown."""

    power: Power | None
    method: Method | None


@dataclass(frozen=True, slots=True)
class Line:
    """One part of the machine, as both see it. None: unknown."""

    part: Part
    ours: Ours
    theirs: Power | None
    why: tuple[Why, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured over some time, as mean powers."""

    components: Mapping[str, tuple[Method, Power]]
    """By resource, each by the best that knows it; the platform is among them."""
    machine: Mapping[str, tuple[Reach, Power | None]] = field(default_factory=dict)
    """What each meter of the whole machine said, by the name of its collector; None: nothing in this time."""


def measure(
    collectors: Sequence[tuple[str, Callable[[], Collector]]],
    clock: Clock,
    every: Duration,
    wait: Callable[[Duration], bool],
) -> Measured:
    """Read the collectors *every* so often until *wait* returns True; return the mean powers.

    *wait* waits for the time it is given, and tells whether to stop. The accounting's own rule chooses the sources; of
    the whole machine's meters each is also read by itself.
    """
    patience = Duration(10 * every.nanoseconds)
    books, machine = _Book(patience), dict[str, _Book]()
    opened = list(_opened(collectors))
    try:
        stop, at = False, clock.stamp()
        while True:
            read = dict(_read(opened))
            books.take(at, read)
            for name, rows in _of_machine(read).items():
                machine.setdefault(name, _Book(patience, rows[0].reach)).take(at, {name: rows})
            if stop:
                break
            stop = wait(every)
            at = clock.stamp()
    finally:
        for _, collector in opened:
            collector.close()
    alone = {
        name: (book.reach, found[1] if (found := book.mean().get(PLATFORM)) else None) for name, book in machine.items()
    }
    return Measured(books.mean(), alone)


@dataclass(slots=True)
class _Book:
    """What some meters have counted."""

    patience: Duration
    reach: Reach = Reach.SUPPLY
    bookings: list[Booking] = field(default_factory=list)
    meters: Meters = field(init=False)

    def __post_init__(self) -> None:
        self.meters = Meters(self.patience)

    def take(self, at: Stamp, read: Mapping[str, Sequence[Reading]]) -> None:
        self.meters.take(at, read)
        self.bookings += self.meters.book(at)

    def mean(self) -> dict[str, tuple[Method, Power]]:
        return _mean(self.bookings)


def _of_machine(
    read: Mapping[str, Sequence[Reading]],
) -> dict[str, list[CounterReading | PowerReading]]:
    """Return the readings of the whole machine, by collector; one that has none now is left out."""
    found = {
        name: [one for one in rows if isinstance(one, CounterReading | PowerReading) and one.resource == PLATFORM]
        for name, rows in read.items()
    }
    return {name: rows for name, rows in found.items() if rows}


def beside(measured: Measured, theirs: Comparison) -> tuple[Line, ...]:
    """Return both figures of each part, and why they differ."""
    ours = measured.components
    gpus = [found for resource, found in ours.items() if resource.startswith("gpu")]
    # CPU(Intel Rapl) is its counter, CPU(Cpu Load) its curve. Source: CodeCarbon 3.3.2, external/hardware.py
    counts = any("RAPL" in name.upper() for name in theirs.hardware)
    ours_cpu = _ours(ours.get(PACKAGE))
    sees_gpu = any("GPU" in name and not name.startswith("CPU") for name in theirs.hardware)
    lines = [
        Line(Part.CPU, ours_cpu, theirs.cpu.over(theirs.elapsed), tuple(_why_cpu(ours_cpu.method, they_count=counts))),
        Line(Part.RAM, _ours(ours.get(DRAM)), theirs.ram.over(theirs.elapsed), (Why.THEY_SUPPOSE,)),
    ]
    if gpus or sees_gpu:
        power = Power(sum(found.microwatts for _, found in gpus)) if gpus else None
        method = gpus[0][0] if gpus else None
        their_gpu = theirs.gpu.over(theirs.elapsed) if sees_gpu else None
        lines.append(Line(Part.GPU, Ours(power, method), their_gpu, () if sees_gpu else (Why.THEY_SEE_NONE,)))
    return tuple(lines)


def _why_cpu(method: Method | None, *, they_count: bool) -> Iterator[Why]:
    if they_count and method is Method.COUNTER:
        yield Why.BOTH_COUNT
    if not they_count:
        yield Why.THEY_MODEL
    if method is Method.MODELLED:
        yield Why.WE_MODEL


def _ours(found: tuple[Method, Power] | None) -> Ours:
    return Ours(found[1], found[0]) if found is not None else Ours(None, None)


def _mean(bookings: Sequence[Booking]) -> dict[str, tuple[Method, Power]]:
    """Return the mean power of each resource over the time that was booked of it."""
    means = {}
    for resource in {booking.resource for booking in bookings}:
        whole = [booking for booking in bookings if booking.resource == resource and not booking.missed]
        elapsed = Duration(sum(booking.end.boot - booking.start.boot for booking in whole))
        if elapsed > Duration.ZERO:
            energy = Energy(sum(booking.energy.microjoules for booking in whole))
            means[resource] = (whole[-1].method, energy.over(elapsed))
    return means


def _opened(collectors: Sequence[tuple[str, Callable[[], Collector]]]) -> Iterator[tuple[str, Collector]]:
    for name, open_it in collectors:
        try:
            yield name, open_it()
        except (Unavailable, Retry):
            continue


def _read(opened: Sequence[tuple[str, Collector]]) -> Iterator[tuple[str, Sequence[Reading]]]:
    for name, collector in opened:
        try:
            yield name, collector.collect()
        except (Unavailable, Retry):
            continue
