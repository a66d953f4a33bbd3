"""The meters that are configured: a collector of its own for each, so that none delays another.

And what is believed of a meter of the whole machine, where the machine's rating plate is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from monitor.collector import Meter, Reason, Retry, Unavailable
from monitor.core.readings import PLATFORM, CounterReading, Method, PowerReading
from monitor.core.units import Duration, Energy, Power
from monitor.secret_file import secret_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from monitor.collector import Collector, Host, Source
    from monitor.config import MeterTable
    from monitor.core.readings import Reading

WHOLE: Final = 1
LIVE_READINGS: Final = 3
"""For how many readings of what is read least often a power is shown after the booking it comes from. Our choice."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A collector that is to be opened for one configured meter."""

    name: str
    """`shelly:prise`: what reads it, and its name."""
    open: Callable[[], Collector]
    table: MeterTable


def is_for_meters(kind: type[Collector]) -> bool:
    """Return whether the collector *kind* is opened for each `[[meter]]` of its name, and for nothing else."""
    return getattr(kind, "for_meters", False)


def openings(tables: Iterable[MeterTable], kinds: Mapping[str, type[Collector]], host: Host) -> Iterator[Opening]:
    """Yield what opens a collector for each of *tables*, in their order; *kinds* are all collectors, by name.

    One whose kind reads no meters at an address, or could not be loaded, is opened by what raises Unavailable.
    """
    for table in tables:
        kind = kinds.get(table.kind)
        opening = (
            partial(_refuse, table.kind) if kind is None or not is_for_meters(kind) else partial(_open, kind, host)
        )
        yield Opening(f"{table.kind}:{table.name}", partial(opening, table), table)


def meter_of(table: MeterTable) -> Meter:
    """Return the meter that *table* describes, with the secret that its file holds now. Raises Unavailable."""
    return Meter(
        name=table.name,
        address=table.address,
        points=table.points,
        user=table.user,
        secret=secret_of(table.secret_file, "password or token") if table.secret_file is not None else "",
        insecure=table.insecure,
        certificates=table.certificates,
        fingerprint=table.fingerprint,
        hold=table.hold,
        plausible=table.max_power,
    )


def shown_for(every: Duration, tables: Iterable[MeterTable]) -> Duration:
    """Return for how long a power is shown where all is read *every* so often, and the meters of *tables* less often.

    A meter that is read seldom is no less there between two readings.
    """
    return Duration(LIVE_READINGS * max(every.nanoseconds, *(table.every.nanoseconds for table in tables), 0))


class Shared:
    """A collector whose meter several machines hang on: what it reads, times what is declared as this machine's share.

    What it reads is declared then: nobody measured what this machine alone took.
    """

    slow = True

    def __init__(self, whole: Collector, share: Decimal) -> None:
        self._whole = whole
        self._parts, self._of = share.as_integer_ratio()
        self.name = whole.name

    def sources(self) -> Sequence[Source]:
        """Return the meters, each with the share that is declared."""
        part = f"{100 * self._parts / self._of:.4g} % of it, as declared"
        return [
            replace(source, method=Method.DECLARED.value, description=f"{source.description}; {part}")
            for source in self._whole.sources()
        ]

    def collect(self) -> Sequence[Reading]:
        """Return the readings, of the share. Raises Unavailable, Retry."""
        return [self._shared(reading) for reading in self._whole.collect()]

    def close(self) -> None:
        """Close the collector of the whole."""
        self._whole.close()

    def _shared(self, reading: Reading) -> Reading:
        if isinstance(reading, CounterReading):
            return replace(
                reading,
                energy=Energy(self._part(reading.energy.microjoules)),
                plausible=Power(self._part(reading.plausible.microwatts)),
                wraps_after=None
                if reading.wraps_after is None
                else Energy(self._part(reading.wraps_after.microjoules)),
                method=Method.DECLARED,
            )
        if isinstance(reading, PowerReading):
            return replace(reading, power=Power(self._part(reading.power.microwatts)), method=Method.DECLARED)
        return reading

    def _part(self, amount: int) -> int:
        return amount * self._parts // self._of


class Plated:
    """A collector that is not believed where it shows that the whole machine takes more than its rating plate says."""

    def __init__(self, of: Collector, most: Power) -> None:
        self._of = of
        self._most = most
        self.name = of.name
        self.slow = of.slow

    def sources(self) -> Sequence[Source]:
        """Return the meters."""
        return self._of.sources()

    def collect(self) -> Sequence[Reading]:
        """Return the readings; a counter of the whole machine may count no faster than the plate says.

        Raises Unavailable; Retry, also where one shows a power above it.
        """
        return [self._believed(reading) for reading in self._of.collect()]

    def close(self) -> None:
        """Close the collector."""
        self._of.close()

    def _believed(self, reading: Reading) -> Reading:
        if not isinstance(reading, CounterReading | PowerReading) or reading.resource != PLATFORM:
            return reading
        if isinstance(reading, CounterReading):
            return replace(reading, plausible=min(reading.plausible, self._most))
        if reading.power > self._most:
            raise Retry(
                f"{reading.meter} shows {reading.power.watts:.0f} W, more than host.nameplate_power,"
                f" {self._most.watts:.0f} W: mend the meter, or correct that key"
            )
        return reading


def plated(opening: Callable[[], Collector], most: Power | None) -> Callable[[], Collector]:
    """Return what opens a collector that is not believed above *most*, a machine's rating plate; None: it is not known.

    One that reads pages of services reads no meter, and is left as it is.
    """
    return opening if most is None else partial(_open_plated, opening, most)


def _open_plated(opening: Callable[[], Collector], most: Power) -> Collector:
    collector = opening()
    return collector if hasattr(collector, "pages") else cast("Collector", Plated(collector, most))


def _open(kind: type[Collector], host: Host, table: MeterTable) -> Collector:
    collector = kind.open(replace(host, meter=meter_of(table)))
    return collector if table.share == WHOLE else cast("Collector", Shared(collector, table.share))


def _refuse(kind: str, table: MeterTable) -> Collector:
    raise Unavailable(
        Reason.UNSUPPORTED,
        f"the collector {kind} reads no meter at an address, or can't be loaded, and so not {table.name}",
        "set meter.kind to one that docs/meters.md names",
    )
