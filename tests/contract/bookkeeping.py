"""Books as the daemon keeps them, for as many services as a test wants, with figures that are easy to add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor.core.books import Books
from monitor.core.entries import (
    Bucket,
    Gap,
    Grain,
    Meter,
    OpenBooks,
    SavedCounter,
    SavedUsage,
    Series,
    ServiceFacts,
    Share,
)
from monitor.core.interval import HOUR, MINUTE, Interval, Stamp
from monitor.core.readings import Method
from monitor.core.units import Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.ledger.store import Ledger

SECOND: Final = 10**9
PACKAGE: Final = Meter("package", Method.COUNTER)
DRAM: Final = Meter("dram", Method.MODELLED)
PARIS: Final = "Europe/Paris"


def ns(text: str, zone: str = "UTC") -> int:
    """Return a local time in ns since the epoch."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


START: Final = ns("2026-03-04T05:00:00")


@dataclass(slots=True)
class Commit:
    """What one commit is given."""

    books: OpenBooks
    closed: list[Bucket]
    gaps: list[Gap] = field(default_factory=list)
    services: list[ServiceFacts] = field(default_factory=list)

    def to(self, ledger: Ledger) -> int:
        """Commit it; return its number."""
        return ledger.commit(self.books, self.closed, self.gaps, self.services)


class Bookkeeping:
    """A host with some services, whose energy is drawn at random; the same seed draws the same.

    `hours` adds up, apart from the books, what was booked in each hour.
    """

    def __init__(
        self,
        services: Sequence[str] = ("assistant", "search"),
        *,
        start: int = START,
        hour: Duration = HOUR,
        opening: OpenBooks | None = None,
        seed: int = 0,
        joules: int = 100,
    ) -> None:
        self.services = tuple(services)
        self.now = start
        self.start = start
        self.hour = hour
        self.joules = joules
        self.books = Books(opening, hour, start)
        self.hours: dict[int, Counter[Series]] = {}
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret

    def tick(self, seconds: int = 60) -> Commit:
        """Go on for *seconds*, measured without a gap; return what is to be committed then."""
        stretch = Interval(self.now, self.now + seconds * SECOND)
        for piece in stretch.split(self.hour):
            self._post(piece)
        self.now = stretch.end
        closed = self.books.close(self.now)
        return Commit(self.open_books(), closed)

    def skip(self, seconds: int, cause: str = "daemon_down") -> list[Gap]:
        """Go on for *seconds* without measuring; return the gaps."""
        missed = Interval(self.now, self.now + seconds * SECOND)
        self.now = missed.end
        return [Gap(meter.resource, missed, cause) for meter in (PACKAGE, DRAM)]

    def open_books(self) -> OpenBooks:
        """Return the books as they are to be committed."""
        energy, measured, covered = self.books.totals()
        at = Stamp(self.now, self.now - self.start + 77 * SECOND)
        return OpenBooks(
            at=at,
            boot_id="5f6b7a0e",
            closed_through=self.books.closed_through,
            energy=energy,
            measured=measured,
            covered=covered,
            gaps={"daemon_down": Duration(5)},
            open=self.books.open(),
            counters=(SavedCounter("rapl", "package", "intel-rapl:0", 123_456_789_012, "", at),),
            usage=tuple(
                SavedUsage(key, f"cgroup:/system.slice/{key}.service", self.now // 3 + number, "4711", at)
                for number, key in enumerate(self.services)
            ),
            floors={"package": Power.from_watts(33.3)},
        )

    def total(self, interval: Interval) -> Counter[Series]:
        """Return what was booked in the hours that begin in *interval*, added up one by one."""
        total: Counter[Series] = Counter()
        for start, booked in self.hours.items():
            if interval.start <= start < interval.end:
                total.update(booked)
        return total

    def _post(self, piece: Interval) -> None:
        for meter in (PACKAGE, DRAM):
            parts = {
                (consumer, share): self._random.randrange(1, self.joules * 10**6)
                for consumer in (*self.services, "_other", "_idle")
                for share in (Share.ACTIVE, Share.FLOOR)
            }
            self.books.post(piece, meter, Energy(sum(parts.values())), parts, piece.length)
            hour = self.hours.setdefault(piece.start - piece.start % self.hour.nanoseconds, Counter())
            for (consumer, share), part in parts.items():
                hour[Series(consumer, meter.resource, share, meter.method)] += part


def hour_bucket(start: int, energies: dict[Series, int], covered: Duration = HOUR) -> Bucket:
    """Return a closed hour with the *energies* in microjoules."""
    return bucket(Grain.HOUR, start, energies, covered)


def minute_bucket(start: int, energies: dict[Series, int], covered: Duration = MINUTE) -> Bucket:
    """Return a closed minute with the *energies* in microjoules."""
    return bucket(Grain.MINUTE, start, energies, covered)


def bucket(grain: Grain, start: int, energies: dict[Series, int], covered: Duration) -> Bucket:
    """Return a closed bucket whose measured energy is the sum of its entries."""
    measured: Counter[Meter] = Counter()
    for one, amount in energies.items():
        measured[Meter(one.resource, one.method)] += amount
    return Bucket(
        grain,
        start,
        {one: Energy(amount) for one, amount in energies.items()},
        {meter: Energy(amount) for meter, amount in measured.items()},
        {meter.resource: covered for meter in measured},
    )


def series(consumer: str, resource: str = "package", share: Share = Share.ACTIVE) -> Series:
    """Return a series of a hardware counter."""
    return Series(consumer, resource, share, Method.COUNTER)


def books_of(closed: Iterable[Bucket], at: int) -> OpenBooks:
    """Return open books whose totals are those of the *closed* hours, as of *at*."""
    energy: Counter[Series] = Counter()
    measured: Counter[Meter] = Counter()
    covered: Counter[str] = Counter()
    for one in closed:
        if one.grain is Grain.HOUR:
            energy.update({key: amount.microjoules for key, amount in one.entries.items()})
            measured.update({key: amount.microjoules for key, amount in one.measured.items()})
            covered.update({key: time.nanoseconds for key, time in one.covered.items()})
    return OpenBooks(
        at=Stamp(at, at - START + 10**15),
        boot_id="5f6b7a0e",
        closed_through=at - at % MINUTE.nanoseconds,
        energy={key: Energy(amount) for key, amount in energy.items()},
        measured={key: Energy(amount) for key, amount in measured.items()},
        covered={key: Duration(time) for key, time in covered.items()},
    )
