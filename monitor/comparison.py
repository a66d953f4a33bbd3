"""Our figures and CodeCarbon's over the same minute, and why they differ. It prints nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from monitor.collector import Retry, Unavailable
from monitor.core.meters import Meters
from monitor.core.readings import DRAM, PACKAGE, Method
from monitor.core.units import Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from monitor.adapters.codecarbon import Comparison
    from monitor.clock import Clock
    from monitor.collector import Collector
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


def measure(
    collectors: Sequence[tuple[str, Callable[[], Collector]]],
    clock: Clock,
    every: Duration,
    wait: Callable[[Duration], bool],
) -> Mapping[str, tuple[Method, Power]]:
    """Read the collectors *every* so often until *wait* returns True; return resource -> (method, mean power).

    *wait* waits for the time it is given, and tells whether to stop. The accounting's own rule chooses the sources.
    """
    meters = Meters(Duration(10 * every.nanoseconds))
    opened = list(_opened(collectors))
    try:
        begun = clock.stamp()
        meters.take(begun, dict(_read(opened)))
        stop = False
        bookings: list[Booking] = []
        while not stop:
            stop = wait(every)
            at = clock.stamp()
            meters.take(at, dict(_read(opened)))
            bookings += meters.book(at)
    finally:
        for _, collector in opened:
            collector.close()
    return _mean(bookings)


def beside(ours: Mapping[str, tuple[Method, Power]], theirs: Comparison) -> tuple[Line, ...]:
    """Return both figures of each part, and why they differ."""
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
