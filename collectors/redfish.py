"""Energy or power of the whole machine as its BMC tells it over the network, by Redfish.

Of each chassis the best of what it shows is read: a fine counter of energy (EnergykWh of EnvironmentMetrics, or of
all power supplies); else the power that its supplies take in (InputPowerWatts), losses included, and never
OutputPowerWatts; else PowerWatts of EnvironmentMetrics; else, of older BMCs, PowerConsumedWatts of Power; else a
counter in such coarse steps that an hour can't be told from it. Error: stated by few. Privilege: a user of the BMC
who may read.

Traps: a chassis may be inside another, or hold several machines: of several the right one has to be named. The entries
of PowerControl after the first are parts of it. A BMC shows 0 W or null while it starts. Some show the same number for
ever: a sensor that tells when it measured (ReadingTime) is believed for no longer than the hold. PowerInputWatts of
Power is on some what the supply could take.

Source: as of collectors/_chassis.py; DMTF's mockup public-rackmount1; influxdata/telegraf, issue 9575 (that
PowerInputWatts); Breina/idrac_power_monitor, issue 31, and mrlhansen/idrac_exporter, issue 116 (0 W).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Final, Self

from collectors._chassis import Dark, Memory, last, look_at
from collectors._http import Limits
from collectors._meters import (
    NoFigureError,
    Points,
    Shown,
    check_secrecy,
    client_to,
    energy_of,
    meter_of,
    power_of,
)
from collectors._redfish import Missing, Service, link, members
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from collectors._chassis import Chassis, Seen, Way
    from monitor.collector import Host, Meter, Source
    from monitor.core.readings import Reading

LIMITS: Final = Limits(connect=5.0, read=8.0, total=20.0, body=1 << 20, retries=0)
"""Our choice: a BMC takes up to some seconds for a resource, and a reading wants a handful of them."""
MOST: Final = 64
"""How many chassis are looked at. Our choice: a machine of eight GPUs shows some thirty."""
STEPS: Final = {True: Energy(MICROJOULES_PER_KILOWATT_HOUR // 100), False: Energy(MICROJOULES_PER_KILOWATT_HOUR)}
"""How much a counter may count at once, by whether it is fine."""
LATE: Final = Duration.from_seconds(60)
"""How long a counter may stand still. Our choice: BMCs bring it up to date about once a minute."""
ACCURACY: Final = "not stated by the BMC"


class Counting:
    """Whether a counter moves while a power is shown beside it: else it is not the machine that draws nothing."""

    def __init__(self, step: Energy) -> None:
        self._most = 4 * step.microjoules
        self._shown: Energy | None = None
        self._drawn = 0
        self._then = 0.0

    def stands_still(self, energy: Energy, power: Power, now: float) -> bool:
        """Return whether the counter shows *energy* for longer than *power* allows. *now* is a moment, in seconds."""
        if energy != self._shown:
            self._shown, self._drawn = energy, 0
        else:
            self._drawn += power.during(Duration.from_seconds(now - self._then)).microjoules
        self._then = now
        return self._drawn > self._most + power.during(LATE).microjoules


class RedfishCollector:
    """Asks a BMC for the energy or the power of the machine."""

    name: ClassVar[str] = "redfish"
    slow: ClassVar[bool] = True
    for_meters: ClassVar[bool] = True

    def __init__(self, meter: Meter, service: Service, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Ask *service* for what *meter* names; nothing is asked yet."""
        self._meter = meter
        self._service = service
        self._monotonic = monotonic
        self._points = Points(meter, monotonic)
        self._moments: dict[str, Points] = {}
        self._counting: dict[str, Counting] = {}
        self._memory = Memory(service)
        self._ways: tuple[tuple[Way, bool], ...] = ()
        """With whether each is a power, or counts finely: settled when it is found."""

    @classmethod
    def open(cls, host: Host, limits: Limits = LIMITS, monotonic: Callable[[], float] = time.monotonic) -> Self:
        """Return a collector that is ready to ask; nothing is asked yet.

        Raises Unavailable: ABSENT where no such meter is configured, FORBIDDEN where the password would leave this
        machine with no encryption, UNSUPPORTED where the address is none.
        """
        meter = meter_of(host, cls.name)
        check_secrecy(meter)
        return cls(meter, Service(client_to(meter, host, limits=limits), meter), monotonic)

    def sources(self) -> Sequence[Source]:
        """Return the points that are read; none before the first reading."""
        return self._points.sources()

    def collect(self) -> Sequence[Reading]:
        """Return what the BMC shows now. Raises Retry where it shows nothing or what can't be true; Unavailable."""
        try:
            self._service.begin()
            if not self._ways:
                self._ways = self._found()
                self._service.begin()
            shown = [self._shown(seen, fine=fine) for way, fine in self._ways for seen in way.look(self._service)]
            return self._points.readings(shown)
        except NoFigureError as error:
            raise Retry(f"what {self._meter.name} shows is no figure") from error
        except Dark as fact:
            raise Retry(f"{self._meter.name} measures nothing now: {fact}") from fact
        except Missing as fact:
            self._ways = ()
            raise Retry(f"{self._meter.name} has {fact} no more: it is searched anew") from fact
        finally:
            self._service.rest()

    def close(self) -> None:
        """End the session."""
        self._service.leave()

    def _shown(self, seen: Seen, *, fine: bool) -> Shown:
        """Return what was *seen*. Raises Retry where it stands still, NoFigureError."""
        where = f"{self._meter.address}, {seen.dial.path}, {'.'.join(str(key) for key in seen.dial.keys)}"
        if seen.dial.counts:
            return self._counted(seen, where, STEPS[fine])
        if seen.measured:
            moments = self._moments.setdefault(seen.point, Points(self._meter, self._monotonic))
            moments.ticks((seen.measured, seen.sent))
        return Shown(point=seen.point, where=where, accuracy=ACCURACY, power=power_of(seen.sent), epoch=seen.serial)

    def _counted(self, seen: Seen, where: str, step: Energy) -> Shown:
        energy, power = energy_of(seen.sent, "kWh"), power_of(seen.power)
        counting = self._counting.setdefault(seen.point, Counting(step))
        if energy is not None and power is not None and counting.stands_still(energy, power, self._monotonic()):
            raise Retry(f"{self._meter.name} shows {power.watts:g} W at {seen.point}, and a counter that stands still")
        return Shown(
            point=seen.point,
            where=where,
            accuracy=ACCURACY,
            energy=energy,
            power=power,
            epoch=seen.serial,
            step=step,
            late=LATE,
        )

    def _found(self) -> tuple[tuple[Way, bool], ...]:
        """Return the ways to what the machine draws. What was answered is kept where the time does not reach."""
        listed = self._listed()
        wanted = [path for path in listed[:MOST] if not self._meter.points or last(path) in self._meter.points]
        if len(wanted) < len(self._meter.points):
            raise self._choose(listed, "one of meter.points is none of them")
        looked = {}
        for path in wanted:
            self._service.begin()
            looked[path] = look_at(self._memory, path)
        self._memory = Memory(self._service)
        measuring = [path for path in wanted if looked[path].way is not None]
        if len(measuring) < len(wanted) and (self._meter.points or not measuring):
            raise self._unmeasured(wanted, looked)
        taken = measuring if self._meter.points else [self._outermost(measuring, looked)]
        return tuple((way, looked[path].fine) for path in taken if (way := looked[path].way) is not None)

    def _listed(self) -> Sequence[str]:
        """Return the paths of all chassis. Raises Unavailable where there are none, Retry."""
        try:
            collection = link(self._service.root(), "Chassis")
            listed = members(self._service.get(collection)) if collection else ()
        except Missing:
            listed = ()
        if not listed:
            what = f"what answers at the address of {self._meter.name} is no Redfish service, or shows no chassis"
            raise Unavailable(Reason.UNSUPPORTED, what, "check meter.address: it is the BMC's own, https://...")
        return listed

    def _unmeasured(self, wanted: Sequence[str], looked: Mapping[str, Chassis]) -> Retry | Unavailable:
        """Return what it means that one of the *wanted* chassis, or all, shows nothing."""
        dark = next((looked[path].dark for path in wanted if looked[path].dark and looked[path].way is None), "")
        if dark:
            return Retry(f"{self._meter.name} measures nothing now: {dark}")
        names = ", ".join(last(path) for path in wanted if looked[path].way is None)
        what = f"the BMC {self._meter.name} measures no power of the chassis {names}"
        return Unavailable(Reason.UNSUPPORTED, what, "update its firmware, or take a wall meter: docs/meters.md")

    def _outermost(self, measuring: Sequence[str], looked: Mapping[str, Chassis]) -> str:
        """Return the one of *measuring* that is inside none of the others. Raises Unavailable: there are several."""
        outer = [path for path in measuring if not _is_inside(path, looked, measuring)]
        if len(outer) != 1:
            raise self._choose(outer or measuring, "which of them is this machine can't be told")
        return outer[0]

    def _choose(self, paths: Sequence[str], why: str) -> Unavailable:
        return Unavailable(
            Reason.UNSUPPORTED,
            f"the BMC {self._meter.name} shows the chassis {', '.join(last(path) for path in paths)}: {why}",
            "name in meter.points the one that is this machine",
        )


def _is_inside(path: str, looked: Mapping[str, Chassis], others: Sequence[str]) -> bool:
    """Return whether the chassis at *path* is inside one of *others*, directly or not."""
    seen = {path}
    within = looked[path].within
    while within in looked and within not in seen:
        if within in others:
            return True
        seen.add(within)
        within = looked[within].within
    return False
