"""What a chassis of a Redfish service shows of the energy or the power that it takes in, and where.

Source: DMTF, DSP0268 (Redfish Data Model Specification): Chassis, EnvironmentMetrics, Power, PowerSubsystem,
PowerSupply, PowerSupplyMetrics, Sensor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from collectors._meters import NoFigureError, figure, inside
from collectors._redfish import Missing, link, local, members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FINE: Final = -2
"""How many decimals of a kilowatt-hour a counter has to show. Our choice: 0.01 kWh is two minutes at 300 W."""
NOT_THERE: Final = frozenset({"Absent", "Disabled", "StandbyOffline", "UnavailableOffline"})
"""States of a power supply that takes nothing in. Source: DSP0268, Status.State."""
ENERGY: Final = "EnergykWh"
INPUT: Final = "InputPowerWatts"


class Resources(Protocol):
    """What has the resources of a BMC."""

    def get(self, path: str) -> Mapping[str, object]:
        """Return the resource at *path*. Raises Missing, Retry, Unavailable."""
        ...


class Memory:
    """What a BMC answered while it was looked at: it is slow, and its time may run out before all is known."""

    def __init__(self, service: Resources) -> None:
        self._service = service
        self._kept: dict[str, Mapping[str, object] | None] = {}

    def get(self, path: str) -> Mapping[str, object]:
        """Return the resource at *path*, as it was when it was first asked for. Raises Missing, Retry, Unavailable."""
        if path not in self._kept:
            try:
                self._kept[path] = self._service.get(path)
            except Missing:
                self._kept[path] = None
        content = self._kept[path]
        if content is None:
            raise Missing(path)
        return content


class Dark(Exception):  # noqa: N818 - a state of the BMC, which may pass
    """A resource is there, and shows no figure now."""


@dataclass(frozen=True, slots=True)
class Dial:
    """Where one figure stands, in kilowatt-hours where it `counts`, else in watts."""

    path: str
    keys: tuple[str | int, ...]
    counts: bool

    def look(self, service: Resources) -> tuple[object, str, object]:
        """Return the figure as it is sent, when it was measured, if that is told, and the power beside a counter.

        Raises Dark, Missing, Retry.
        """
        content = service.get(self.path)
        sent = inside(content, *self.keys)
        if sent is None:
            raise Dark(f"{self.path} shows no {self.keys[0]}")
        beside = [inside(content, key, "Reading") for key in (INPUT, "PowerWatts")] if self.counts else []
        return sent, str(inside(content, "ReadingTime") or ""), next((one for one in beside if one is not None), None)


@dataclass(frozen=True, slots=True)
class Seen:
    """One point as it was looked at."""

    point: str
    serial: str
    """Of the part that measures; empty: none is told."""
    dial: Dial
    sent: object
    measured: str
    """When, in the BMC's own words; empty: that is not told."""
    power: object
    """What the same part shows of its power, beside a counter; None where it shows none."""

    @property
    def is_fine(self) -> bool:
        """Whether it is a power, or counts in small steps. Raises NoFigureError."""
        exponent = figure(self.sent).as_tuple().exponent
        return not self.dial.counts or (isinstance(exponent, int) and exponent <= FINE)


class Way(Protocol):
    """A way to what a chassis draws."""

    def look(self, service: Resources) -> Sequence[Seen]:
        """Return its points. Raises Dark where one of them shows nothing, Missing, Retry, Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """One figure for the whole chassis."""

    chassis: str
    serial: str
    dial: Dial

    def look(self, service: Resources) -> Sequence[Seen]:
        """Return the one point. Raises Dark, Missing, Retry, Unavailable."""
        return [Seen(self.chassis, self.serial, self.dial, *self.dial.look(service))]


@dataclass(frozen=True, slots=True)
class Supply:
    """One power supply that is there."""

    name: str
    serial: str
    dial: Dial


class Supplies:
    """A figure for each power supply: of those that are there, all of them."""

    def __init__(self, chassis: str, collection: str, key: str) -> None:
        """Read *key* of the metrics of each power supply in *collection*."""
        self._chassis = chassis
        self._collection = collection
        self._key = key
        self._known: dict[str, Supply] = {}

    def look(self, service: Resources) -> Sequence[Seen]:
        """Return a point for each supply that is there. Raises Dark where one shows nothing, or none is there."""
        found = [self._at(service, path) for path in members(service.get(self._collection))]
        seen = [one for one in found if one is not None]
        if not seen:
            raise Dark(f"{self._collection} has no power supply that measures")
        return seen

    def _at(self, service: Resources, path: str) -> Seen | None:
        """Return the supply at *path*; None where there is none in that bay, or it takes nothing in."""
        known = self._known.pop(path, None)
        if known is not None:
            try:
                return self._seen(service, path, known)
            except (Dark, Missing):
                pass  # it was pulled, or another is in its place
        met = self._met(service, path)
        return None if met is None else self._seen(service, path, met)

    def _seen(self, service: Resources, path: str, supply: Supply) -> Seen:
        seen = Seen(f"{self._chassis}/{supply.name}", supply.serial, supply.dial, *supply.dial.look(service))
        self._known[path] = supply
        return seen

    def _met(self, service: Resources, path: str) -> Supply | None:
        """Return the supply at *path*; None where there is none, or it takes nothing in. Raises Dark."""
        try:
            content = service.get(path)
        except Missing:
            return None
        if inside(content, "Status", "State") in NOT_THERE:
            return None
        metrics = link(content, "Metrics")
        if not metrics:
            raise Dark(f"{path} has no metrics")
        dial = _dial(service, metrics, self._key)
        return Supply(last(path), str(content.get("SerialNumber") or ""), dial)


@dataclass(frozen=True, slots=True)
class Chassis:
    """One chassis, as it was looked at."""

    within: str = ""
    """The path of the chassis that it is in; empty: none is said."""
    way: Way | None = None
    """The best way to what it draws; None where there is none now."""
    fine: bool = True
    """Whether it is a power, or counts in small steps."""
    dark: str = ""
    """What has a place for a figure, and shows none now."""


def look_at(service: Resources, path: str) -> Chassis:
    """Return what the chassis at *path* shows. Raises Retry, Unavailable."""
    try:
        content = service.get(path)
    except Missing:
        return Chassis()
    within, dark = link(content, "Links", "ContainedBy"), ""
    coarse: Way | None = None
    for attempt in _attempts(service, last(path), content):
        try:
            way = attempt()
            seen = way.look(service)
            fine, nothing = all(one.is_fine for one in seen), not any(figure(one.sent) > 0 for one in seen)
        except (Dark, NoFigureError) as fact:
            dark = dark or str(fact) or path
        except Missing:
            continue
        else:
            if nothing:
                dark = dark or f"{path} shows 0"
            elif fine:
                return Chassis(within, way)
            else:
                coarse = coarse or way
    return Chassis(within, coarse, fine=False, dark=dark)


def last(path: str) -> str:
    """Return the name that a resource has in its collection: the last part of its *path*."""
    return path.rstrip("/").rpartition("/")[2]


def _attempts(service: Resources, name: str, chassis: Mapping[str, object]) -> Iterator[Callable[[], Way]]:
    """Yield what gives the ways to what a *chassis* draws, the best first. They raise Dark, Missing."""
    serial = str(chassis.get("SerialNumber") or "")
    environment, subsystem = link(chassis, "EnvironmentMetrics"), link(chassis, "PowerSubsystem")
    if environment:
        yield partial(_whole, service, name, serial, environment, ENERGY)
    if subsystem:
        yield partial(_supplies, service, name, subsystem, ENERGY)
        yield partial(_supplies, service, name, subsystem, INPUT)
    if environment:
        yield partial(_whole, service, name, serial, environment, "PowerWatts")
    if power := link(chassis, "Power"):
        yield partial(_whole, service, name, serial, power, "PowerControl", 0, "PowerConsumedWatts")


def _whole(service: Resources, name: str, serial: str, path: str, *keys: str | int) -> Way:
    return Whole(name, serial, _dial(service, path, *keys))


def _supplies(service: Resources, name: str, subsystem: str, key: str) -> Way:
    collection = link(service.get(subsystem), "PowerSupplies")
    if not collection:
        raise Missing(f"{subsystem} has no PowerSupplies")
    return Supplies(name, collection, key)


def _dial(service: Resources, path: str, *keys: str | int) -> Dial:
    """Return where the figure at *keys* of the resource at *path* stands. Raises Dark where it shows none, Missing.

    A sensor that tells when it measured is asked itself; of a counter its whole life, which nobody can set back.
    """
    counts = keys[-1] == ENERGY
    content = service.get(path)
    if keys[0] not in content:
        raise Missing(f"{path} has no {keys[0]}")
    sent = inside(content, *keys)
    if not isinstance(sent, dict):
        key: tuple[str, ...] = ()
    elif counts:
        key = ("LifetimeReading",) if sent.get("LifetimeReading") is not None else ("Reading",)
    else:
        sensor = local(sent.get("DataSourceUri"))
        if sensor and _tells_time(service, sensor):
            return Dial(sensor, ("Reading",), counts)
        key = ("Reading",)
    if inside(content, *keys, *key) is None:
        raise Dark(f"{path} shows no {keys[-1]}")
    return Dial(path, (*keys, *key), counts)


def _tells_time(service: Resources, path: str) -> bool:
    try:
        content = service.get(path)
    except Missing:
        return False
    return bool(content.get("ReadingTime")) and content.get("Reading") is not None
